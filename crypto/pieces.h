/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A long text in pieces that lie where they lie: what is put around a message, or into it, does not copy it. Read from front to end. */
#pragma once
#include "crypto/error.h"

typedef void (*pieces_read_fn) (gsize size, gpointer data);
struct pieces {
  GPtrArray *list; /* GBytes * */
  gsize size;
  pieces_read_fn read; /* NULL, or told of so many bytes more that somebody has read */
  gpointer data;
};
struct pieces *pieces_new (void);
void pieces_free (struct pieces *pieces);
DEFINE_AUTOFREE (pieces, pieces_free)
void pieces_add (struct pieces *pieces, GBytes *bytes);
void pieces_add_text (struct pieces *pieces, const char *text);

struct pieces_reader {
  const struct pieces *pieces; /* must outlive it */
  guint piece;
  gsize at;
};
/* The next bytes, at most size_max and of one piece; NULL at the end. Borrowed from the pieces. */
const void *pieces_next (struct pieces_reader *reader, gsize size_max, gsize *size_out);
