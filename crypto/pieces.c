/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* See pieces.h. */
#include "crypto/pieces.h"
#include <string.h>

struct pieces *
pieces_new (void)
{
  struct pieces *pieces = g_new0 (struct pieces, 1);
  pieces->list = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  return pieces;
}

void
pieces_free (struct pieces *pieces)
{
  g_ptr_array_unref (pieces->list);
  g_free (pieces);
}

void
pieces_add (struct pieces *pieces, GBytes *bytes)
{
  g_ptr_array_add (pieces->list, g_bytes_ref (bytes));
  pieces->size += g_bytes_get_size (bytes);
}

void
pieces_add_text (struct pieces *pieces, const char *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  pieces_add (pieces, bytes);
}

const void *
pieces_next (struct pieces_reader *reader, gsize size_max, gsize *size_out)
{
  while (reader->piece < reader->pieces->list->len) {
    gsize size = 0;
    const guint8 *data = g_bytes_get_data (g_ptr_array_index (reader->pieces->list, reader->piece), &size);
    if (reader->at < size) {
      const guint8 *next = data + reader->at;
      *size_out = MIN (size - reader->at, size_max);
      reader->at += *size_out;
      if (reader->pieces->read != NULL)
        reader->pieces->read (*size_out, reader->pieces->data);
      return next;
    }
    reader->piece++;
    reader->at = 0;
  }
  *size_out = 0;
  return NULL;
}
