/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The names in a ZIP archive, from its directory alone: nothing is unpacked. See attachment_zip.h. Pure, bounded. */
#include "mail/message/attachment_zip.h"

#include <string.h>

#define NAME_MAX_BYTES 500
#define END_SIZE 22
#define ENTRY_SIZE 46
#define COMMENT_MAX 65535u

static guint
number16 (const guint8 *p)
{
  return (guint) (p[0] | p[1] << 8);
}

static guint32
number32 (const guint8 *p)
{
  return (guint32) p[0] | (guint32) p[1] << 8 | (guint32) p[2] << 16 | (guint32) p[3] << 24;
}

/* The end record stands at the very end, but for a comment. */
static const guint8 *
find_end (const guint8 *bytes, gsize size)
{
  if (size < END_SIZE)
    return NULL;
  const guint8 *last = bytes + size - END_SIZE, *first = size > END_SIZE + COMMENT_MAX ? last - COMMENT_MAX : bytes;
  for (const guint8 *p = last; p >= first; p--)
    if (memcmp (p, "PK\5\6", 4) == 0)
      return p;
  return NULL;
}

GPtrArray *
attachment_zip_names (const guint8 *bytes, gsize size)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  const guint8 *end = find_end (bytes, size);
  gsize at = end != NULL ? number32 (end + 16) : size;
  while (at < size && size - at >= ENTRY_SIZE && names->len < ATTACHMENT_ZIP_NAMES_MAX
         && memcmp (bytes + at, "PK\1\2", 4) == 0) {
    gsize name = number16 (bytes + at + 28), more = (gsize) number16 (bytes + at + 30) + number16 (bytes + at + 32);
    if (size - at - ENTRY_SIZE < name)
      break;
    g_ptr_array_add (names,
                     g_utf8_make_valid ((const char *) bytes + at + ENTRY_SIZE, (gssize) MIN (name, NAME_MAX_BYTES)));
    at += ENTRY_SIZE + name + more;
  }
  return names;
}
