/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* OpenPGP blocks inside plain text. The text around a block is not part of what it protects and becomes parts of its own. */
#include "crypto/inspect_p.h"
#include <string.h>

#define BLOCKS_MAX 8

struct block {
  gsize start, end;
};

const struct inspect_inline_kind inspect_inline_kinds[INSPECT_INLINE_KINDS] = {
  { "-----BEGIN PGP MESSAGE-----", "-----END PGP MESSAGE-----" },
  { "-----BEGIN PGP SIGNED MESSAGE-----", "-----END PGP SIGNATURE-----" },
};

static gsize
line_end (const char *data, gsize size, gsize at)
{
  const char *end = at < size ? memchr (data + at, '\n', size - at) : NULL;
  return end != NULL ? (gsize) (end - data) + 1 : size;
}

/* The mark, and nothing but blanks behind it, from the first column on. */
static gboolean
is_line (const char *data, gsize at, gsize end, const char *mark)
{
  const gsize size = strlen (mark);
  if (end - at < size || memcmp (data + at, mark, size) != 0)
    return FALSE;
  for (at += size; at < end; at++)
    if (!g_ascii_isspace (data[at]))
      return FALSE;
  return TRUE;
}

/* ended: for each kind, whether it is already known that no more end comes: a block is looked for once, not from each begin. */
static gboolean
find_block (const char *data, gsize size, gsize from, gboolean ended[], struct block *block)
{
  for (gsize at = from; at < size; at = line_end (data, size, at)) {
    if (data[at] != '-')
      continue;
    for (gsize kind = 0; kind < INSPECT_INLINE_KINDS; kind++) {
      gsize next = line_end (data, size, at);
      if (ended[kind] || !is_line (data, at, next, inspect_inline_kinds[kind].begin))
        continue;
      for (block->start = at; next < size;) {
        const gsize line = next;
        next = line_end (data, size, line);
        if (data[line] == '-' && is_line (data, line, next, inspect_inline_kinds[kind].end)) {
          block->end = next;
          return TRUE;
        }
      }
      ended[kind] = TRUE;
    }
  }
  return FALSE;
}

static gboolean
is_blank (const char *data, gsize from, gsize to)
{
  while (from < to && g_ascii_isspace (data[from]))
    from++;
  return from == to;
}

static void
add_text (struct inspect *inspect, struct inspect_node *node, GBytes *text, gsize from, gsize to, const char *charset)
{
  if (is_blank (g_bytes_get_data (text, NULL), from, to))
    return;
  g_autoptr (GBytes) slice = inspect_split_slice (text, from, to - from);
  g_autoptr (GBytes) entity = inspect_text_entity (slice, charset != NULL ? charset : "iso-8859-1");
  inspect_add_child (inspect, node, entity, "text/plain");
}

gboolean
inspect_inline_text (struct inspect *inspect, struct inspect_node *node, const struct inspect_type *type,
                     gboolean whole)
{
  if (inspect_split_is_attachment (node->entity))
    return FALSE;
  g_autoptr (GBytes) text = inspect_split_decode (node->entity);
  const char *charset = inspect_type_get (type, "charset");
  gsize size = 0, done = 0;
  const char *data = g_bytes_get_data (text, &size);
  struct block block;
  gboolean ended[INSPECT_INLINE_KINDS] = { FALSE };
  static const char mark[] = "-----BEGIN PGP ";
  if (size == 0 || memmem (data, size, mark, sizeof mark - 1) == NULL || !find_block (data, size, 0, ended, &block))
    return FALSE;
  if (is_blank (data, 0, block.start) && is_blank (data, block.end, size)) {
    g_autoptr (GBytes) armor = inspect_split_slice (text, block.start, block.end - block.start);
    return inspect_pgp_block (inspect, node, armor, charset, whole);
  }
  guint count = 0;
  do {
    g_autoptr (GBytes) armor = inspect_split_slice (text, block.start, block.end - block.start);
    g_autoptr (GBytes) entity = inspect_text_entity (armor, charset);
    add_text (inspect, node, text, done, block.start, charset);
    struct inspect_node *child = inspect_add_child (inspect, node, entity, "text/plain");
    if (child != NULL)
      inspect_pgp_block (inspect, child, armor, charset, FALSE);
    done = block.end;
  } while (++count < BLOCKS_MAX && find_block (data, size, done, ended, &block));
  add_text (inspect, node, text, done, size, charset);
  return TRUE;
}
