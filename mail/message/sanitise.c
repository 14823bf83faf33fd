/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The one sanitiser: what a stranger wrote, made safe to show. Nothing that a terminal obeys, and nothing that a reader cannot see, passes.
 *
 * Controls and broken UTF-8 become U+FFFD. Characters that are invisible, change the order of others, or look like whatever a font makes of
 * them become a mark with their name, such as ‹U+202E›; a run of the same one is a single mark with its count, and so is a long run of several, as
 * senders hide a preview with. Line and paragraph separators become a newline where newlines may stay. What joins emoji, or letters
 * of a script that is written so, stays: there, and once. Of marks on one letter the first few stay. */
#include "mail/message/sanitise.h"

#include <string.h>

#include "mail/message/sanitise_p.h"

#define REPLACEMENT "\xEF\xBF\xBD"
#define MARKS_MAX 8   /* on one letter; no orthography needs more */
#define MIXED_MAX 8   /* invisible characters in a row that are named one by one */
#define GAP_MAX 4     /* spaces between two of them */
#define HIDDEN_MAX 60 /* of a text in tag characters that is told */
/* Set in the character before once a selector has followed it: a second one would only be hidden data. */
#define SELECTED (1u << 30)

struct sanitising {
  GString *out;
  const char *end;
  enum sanitise_flags flags;
  gunichar last; /* the visible character before */
  guint marks;   /* that stand on it */
};

/* The character at p, or (gunichar) -1 where none begins. */
static gunichar
character_at (const char *p, const char *end)
{
  if (p >= end)
    return (gunichar) -1;
  gunichar c = g_utf8_get_char_validated (p, end - p);
  return c == (gunichar) -2 ? (gunichar) -1 : c;
}

static gboolean
is_hidden (gunichar c)
{
  enum sanitise_kind kind = c != (gunichar) -1 ? sanitise_kind (c) : SANITISE_KIND_PLAIN;
  return kind == SANITISE_KIND_INVISIBLE || kind == SANITISE_KIND_JOINER || kind == SANITISE_KIND_SELECTOR;
}

static gboolean
is_tag (gunichar c)
{
  return c >= 0xE0000 && c <= 0xE007F;
}

/* The end of a run of invisible characters with at most a few spaces between them. */
static const char *
hidden_end (const char *p, const char *end, guint *count_out)
{
  const char *after = p;
  guint gap = 0;
  for (*count_out = 0; p < end && gap <= GAP_MAX;) {
    gunichar c = character_at (p, end);
    if (is_hidden (c)) {
      (*count_out)++;
      after = g_utf8_next_char (p);
      gap = 0;
    } else if (c == ' ' || c == 0xA0)
      gap++;
    else
      break;
    p = g_utf8_next_char (p);
  }
  return after;
}

/* A run of the same character. */
static const char *
same_end (const char *p, const char *end, gunichar c, guint *count_out)
{
  for (*count_out = 0; character_at (p, end) == c; (*count_out)++)
    p = g_utf8_next_char (p);
  return p;
}

/* Tag characters spell a text that no one sees; it is told. */
static const char *
mark_tags (GString *out, const char *p, const char *end)
{
  const gunichar first = character_at (p, end);
  g_autoptr (GString) told = g_string_new (NULL);
  guint count = 0;
  for (gunichar c; is_tag (c = character_at (p, end)); p = g_utf8_next_char (p), count++)
    if (c >= 0xE0020 && c < 0xE007F && told->len < HIDDEN_MAX)
      g_string_append_c (told, (char) (c - 0xE0000));
  if (count == 1 || told->len == 0)
    g_string_append_printf (out, "\xE2\x80\xB9U+%04X\xE2\x80\xBA", first);
  else
    g_string_append_printf (out, "\xE2\x80\xB9U+%04X \xC3\x97%u: %s\xE2\x80\xBA", first, count, told->str);
  return p;
}

/* Mark the invisible character at p and those that belong to it; returns the place after them. */
static const char *
mark_run (GString *out, const char *p, const char *end, gunichar c)
{
  if (is_tag (c))
    return mark_tags (out, p, end);
  guint same, all;
  const char *after_same = same_end (p, end, c, &same), *after_all = hidden_end (after_same, end, &all);
  if (all > MIXED_MAX) {
    g_string_append_printf (out, "\xE2\x80\xB9U+%04X \xE2\x80\xA6 \xC3\x97%u\xE2\x80\xBA", c, same + all);
    return after_all;
  }
  if (same == 1)
    g_string_append_printf (out, "\xE2\x80\xB9U+%04X\xE2\x80\xBA", c);
  else
    g_string_append_printf (out, "\xE2\x80\xB9U+%04X \xC3\x97%u\xE2\x80\xBA", c, same);
  return after_same;
}

/* A joiner stays between two emoji or letters that are written with it (RFC 5892, A.1 and A.2, generously); a selector right after an emoji, or in a
 * keycap such as 1 U+FE0F U+20E3. */
static gboolean
is_glue (const struct sanitising *state, gunichar c, gunichar next)
{
  gunichar before = state->last & ~SELECTED;
  if (c == 0xFE0E || c == 0xFE0F)
    return sanitise_kind_is_emoji (state->last) || (next == 0x20E3 && state->last < 0x80);
  if (next != (gunichar) -1 && c == 0x200D && sanitise_kind_is_emoji (before) && sanitise_kind_is_emoji (next))
    return TRUE;
  if (!sanitise_kind_is_joining (before))
    return FALSE;
  return (c == 0x200D && g_unichar_combining_class (before) == 9)
         || (next != (gunichar) -1 && sanitise_kind_is_joining (next));
}

/* One control character that is not newline or tab in text: CRLF counts as one newline. */
static const char *
replace_control (struct sanitising *state, const char *p)
{
  if (state->flags == SANITISE_TEXT && *p == '\r') {
    g_string_append_c (state->out, '\n');
    return p + 1 < state->end && p[1] == '\n' ? p + 2 : p + 1;
  }
  g_string_append (state->out, REPLACEMENT);
  return g_utf8_next_char (p);
}

/* The first few marks on a letter pass; the rest of the pile is counted. */
static const char *
take_mark (struct sanitising *state, const char *p, const char *next)
{
  if (state->marks++ < MARKS_MAX) {
    g_string_append_len (state->out, p, next - p);
    state->last = character_at (p, state->end);
    return next;
  }
  guint more = 0;
  for (gunichar c; (c = character_at (p, state->end)) != (gunichar) -1 && sanitise_kind (c) == SANITISE_KIND_MARK;
       more++)
    p = g_utf8_next_char (p);
  g_string_append_printf (state->out, "\xE2\x80\xB9%u more marks\xE2\x80\xBA", more);
  state->marks = 0;
  state->last = 0;
  return p;
}

static gboolean
passes (guchar byte, enum sanitise_flags flags)
{
  return (byte >= 0x20 && byte < 0x7F) || (flags == SANITISE_TEXT && (byte == '\n' || byte == '\t'));
}

/* Everything but plain ASCII, one character (or one run of marks) at a time. */
static const char *
take_special (struct sanitising *state, const char *p)
{
  gunichar c = character_at (p, state->end);
  if (c == (gunichar) -1) {
    g_string_append (state->out, REPLACEMENT);
    state->marks = 0;
    return p + 1;
  }
  const char *next = g_utf8_next_char (p);
  enum sanitise_kind kind = sanitise_kind (c);
  if (kind == SANITISE_KIND_MARK)
    return take_mark (state, p, next);
  state->marks = 0;
  switch (kind) {
  case SANITISE_KIND_PLAIN: /* a skin tone is an emoji of its own here, and may be joined on */
    g_string_append_len (state->out, p, next - p);
    state->last = c;
    return next;
  case SANITISE_KIND_CONTROL:
    return replace_control (state, p);
  case SANITISE_KIND_SEPARATOR:
    g_string_append (state->out, state->flags == SANITISE_TEXT ? "\n" : REPLACEMENT);
    return next;
  case SANITISE_KIND_BLANK:
    g_string_append_c (state->out, ' ');
    return next;
  case SANITISE_KIND_JOINER:
  case SANITISE_KIND_SELECTOR:
    if (!is_glue (state, c, character_at (next, state->end)))
      break;
    g_string_append_len (state->out, p, next - p);
    state->last = kind == SANITISE_KIND_JOINER ? 0 : state->last | SELECTED;
    return next;
  case SANITISE_KIND_MARK:
  case SANITISE_KIND_INVISIBLE:
    break;
  }
  return mark_run (state->out, p, state->end, c);
}

char *
sanitise (const char *bytes, gssize size, enum sanitise_flags flags)
{
  if (bytes == NULL)
    return g_strdup ("");
  const char *p = bytes, *end = bytes + (size < 0 ? strlen (bytes) : (gsize) size);
  struct sanitising state = { .out = g_string_sized_new ((gsize) (end - p) + 1), .end = end, .flags = flags };
  while (p < end) {
    const char *start = p;
    while (p < end && passes ((guchar) *p, flags))
      p++;
    if (p > start) {
      g_string_append_len (state.out, start, p - start);
      state.last = (guchar) p[-1];
      state.marks = 0;
    }
    if (p < end)
      p = take_special (&state, p);
  }
  return g_string_free (state.out, FALSE);
}
