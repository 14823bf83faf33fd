/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* OpenPGP blocks inside HTML, as programs that know nothing of OpenPGP send them. A block is taken out of the HTML and opened as a
 * part of its own, never the whole; what was in it never meets the HTML around it. */
#include "crypto/inspect_p.h"
#include <string.h>

#define BLOCKS_MAX 8
#define TAG_SIZE_MAX 4096

static const char *
find (const char *from, const char *end, const char *mark)
{
  return from < end ? memmem (from, (gsize) (end - from), mark, strlen (mark)) : NULL;
}

/* Nothing but tags and blanks stands before it on its line: what is quoted does not count. */
static gboolean
begins_line (const char *start, const char *at)
{
  while (at > start && (at[-1] == ' ' || at[-1] == '\t'))
    at--;
  return at == start || at[-1] == '\n' || at[-1] == '>';
}

/* The next block from *at on; *at then is where it begins, *end_out behind its end. ended: for each kind, whether it is known that no
 * more end comes: it is looked for once, not from each begin. */
static gboolean
next_block (const char *start, const char *end, const char **at, const char **end_out, gboolean ended[])
{
  for (const char *mark = *at; (mark = find (mark, end, "-----BEGIN PGP ")) != NULL; mark++)
    for (gsize kind = 0; kind < INSPECT_INLINE_KINDS; kind++) {
      const char *begin = inspect_inline_kinds[kind].begin;
      if (ended[kind] || (gsize) (end - mark) < strlen (begin) || memcmp (mark, begin, strlen (begin)) != 0
          || !begins_line (start, mark))
        continue;
      const char *close = find (mark, end, inspect_inline_kinds[kind].end);
      ended[kind] = close == NULL;
      if (close != NULL) {
        *at = mark;
        *end_out = close + strlen (inspect_inline_kinds[kind].end);
        return TRUE;
      }
    }
  return FALSE;
}

static gboolean
ends_line (const char *tag, gsize size)
{
  static const char *const names[] = { "br", "/p", "/div", "/pre", "/li", "/tr" };
  gsize length = size > 0 && *tag == '/' ? 1 : 0;
  while (length < size && strchr (" \t\r\n/>", tag[length]) == NULL)
    length++;
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    if (strlen (names[i]) == length && g_ascii_strncasecmp (tag, names[i], length) == 0)
      return TRUE;
  return FALSE;
}

static const char *
skip_tag (const char *at, const char *end, GString *out)
{
  const char *close = memchr (at, '>', MIN ((gsize) (end - at), TAG_SIZE_MAX));
  if (close == NULL)
    return at + 1;
  const gboolean is_break = g_ascii_strncasecmp (at + 1, "br", 2) == 0;
  if (ends_line (at + 1, (gsize) (close - at - 1)) && (is_break || (out->len > 0 && out->str[out->len - 1] != '\n')))
    g_string_append_c (out, '\n');
  at = close + 1;
  if (is_break) /* the line end in the source says the same again */
    at += end - at >= 2 && at[0] == '\r' && at[1] == '\n' ? 2 : end > at && at[0] == '\n' ? 1 : 0;
  return at;
}

static const char *
take_entity (const char *at, const char *end, GString *out)
{
  static const struct {
    const char *name, *text;
  } named[] = { { "&lt;", "<" }, { "&gt;", ">" }, { "&amp;", "&" }, { "&quot;", "\"" }, { "&nbsp;", " " } };
  for (gsize i = 0; i < G_N_ELEMENTS (named); i++)
    if ((gsize) (end - at) >= strlen (named[i].name)
        && g_ascii_strncasecmp (at, named[i].name, strlen (named[i].name)) == 0) {
      g_string_append (out, named[i].text);
      return at + strlen (named[i].name);
    }
  g_autofree char *number = g_strndup (at, MIN ((gsize) (end - at), 10));
  char *stop = NULL;
  guint64 code = 0;
  if (g_ascii_strncasecmp (number, "&#x", 3) == 0 && g_ascii_isxdigit (number[3]))
    code = g_ascii_strtoull (number + 3, &stop, 16);
  else if (strncmp (number, "&#", 2) == 0 && g_ascii_isdigit (number[2]))
    code = g_ascii_strtoull (number + 2, &stop, 10);
  if (stop != NULL && *stop == ';' && code >= ' ' && g_unichar_validate ((gunichar) code) && code <= 0x10ffff) {
    g_string_append_unichar (out, (gunichar) code);
    return at + (stop + 1 - number);
  }
  g_string_append_c (out, '&');
  return at + 1;
}

/* The block as text. */
static GBytes *
as_text (const char *at, const char *end)
{
  GString *out = g_string_sized_new ((gsize) (end - at));
  while (at < end)
    if (*at == '<')
      at = skip_tag (at, end, out);
    else if (*at == '&')
      at = take_entity (at, end, out);
    else if (*at == '\r')
      at++;
    else
      g_string_append_c (out, *at++);
  g_string_append_c (out, '\n');
  return g_string_free_to_bytes (out);
}

static GBytes *
as_html (GString *rest_take, const char *charset)
{
  g_autofree char *name = g_strcanon (g_strndup (charset != NULL ? charset : "utf-8", 40),
                                      G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "-_.:", '_');
  g_autofree char *header
      = g_strdup_printf ("Content-Type: text/html; charset=\"%s\"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n", name);
  g_string_prepend (rest_take, header);
  return g_string_free_to_bytes (rest_take);
}

gboolean
inspect_html_blocks (struct inspect *inspect, struct inspect_node *node, const struct inspect_type *type)
{
  if (inspect_split_is_attachment (node->entity))
    return FALSE;
  g_autoptr (GBytes) html = inspect_split_decode (node->entity);
  gsize size = 0;
  const char *start = g_bytes_get_data (html, &size), *end = start + size, *at = start, *done = start, *close = NULL;
  gboolean ended[INSPECT_INLINE_KINDS] = { FALSE };
  if (size == 0 || !next_block (start, end, &at, &close, ended))
    return FALSE;
  const char *charset = inspect_type_get (type, "charset");
  GString *rest = g_string_sized_new (size);
  g_autoptr (GPtrArray) blocks = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  do {
    g_string_append_len (rest, done, at - done);
    g_ptr_array_add (blocks, as_text (at, close));
    done = at = close;
  } while (blocks->len < BLOCKS_MAX && next_block (start, end, &at, &close, ended));
  g_string_append_len (rest, done, end - done);
  g_autoptr (GBytes) around = as_html (rest, charset);
  inspect_add_child (inspect, node, around, "text/html");
  for (guint i = 0; i < blocks->len; i++) {
    GBytes *armor = g_ptr_array_index (blocks, i);
    g_autoptr (GBytes) entity = inspect_text_entity (armor, charset);
    struct inspect_node *child = inspect_add_child (inspect, node, entity, "text/plain");
    if (child != NULL)
      inspect_pgp_block (inspect, child, armor, charset, FALSE);
  }
  return TRUE;
}
