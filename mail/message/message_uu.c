/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Files that stand uuencoded in the middle of a text, as was the way before MIME and still is of some programs: taken out and listed.
 *
 * A "begin" line alone makes no file, since people write such lines: the line after it must be exact. A file that breaks off is given as far
 * as it goes, and the text goes on where it breaks. Both forms of POSIX uuencode. Linear in the size of the text; pure. */
#include "mail/message/message_p.h"

#include <string.h>

#define FILES_MAX 100
#define NAME_MAX_BYTES 255

struct line {
  const char *text;
  gsize length; /* without its end */
  const char *next;
};

struct split {
  struct message_uu *uu;
  const char *end;
};

static struct line
line_at (const char *p, const char *end)
{
  const char *newline = memchr (p, '\n', (gsize) (end - p));
  struct line line = { p, (gsize) ((newline != NULL ? newline : end) - p), newline != NULL ? newline + 1 : end };
  if (line.length > 0 && p[line.length - 1] == '\r')
    line.length--;
  return line;
}

static void
file_free (gpointer data)
{
  struct message_uu_file *file = data;
  g_free (file->filename);
  g_bytes_unref (file->bytes);
  g_free (file);
}

void
message_uu_free (struct message_uu *uu)
{
  g_ptr_array_unref (uu->files);
  g_clear_pointer (&uu->rest, g_bytes_unref);
  g_free (uu);
}

/* "begin 644 name" or "begin-base64 644 name": where the name begins; NULL: it is no such line. */
static const char *
read_begin (const struct line *line, gboolean *base64_out)
{
  const char *p = line->text, *end = p + line->length;
  gsize word = line->length > 13 && memcmp (p, "begin-base64 ", 13) == 0 ? 13
               : line->length > 6 && memcmp (p, "begin ", 6) == 0        ? 6
                                                                         : 0;
  *base64_out = word == 13;
  if (word == 0)
    return NULL;
  guint digits = 0;
  for (p += word; p < end && *p >= '0' && *p <= '7'; p++)
    digits++;
  if (digits < 3 || digits > 4 || p >= end || *p != ' ')
    return NULL;
  while (p < end && *p == ' ')
    p++;
  return p < end && memchr (p, '\0', (gsize) (end - p)) == NULL ? p : NULL;
}

static char *
clean_name (const char *name, gsize size)
{
  g_autofree char *text = message_charset_to_utf8 (name, MIN (size, NAME_MAX_BYTES), NULL, NULL);
  return message_fields_clean (text);
}

static gboolean
is_uu_alphabet (const struct line *line)
{
  for (gsize i = 0; i < line->length; i++)
    if ((guchar) line->text[i] < 0x20 || (guchar) line->text[i] > 0x60)
      return FALSE;
  return TRUE;
}

/* How many bytes the line stands for; -1: it is no line of a file. strict: of exactly the right length, which blanks lost on the way, or a
 * checksum, spoil. */
static int
uu_count (const struct line *line, gboolean strict)
{
  if (line->length == 0 || !is_uu_alphabet (line))
    return -1;
  const gsize count = ((gsize) line->text[0] - 0x20) & 0x3F, coded = (count + 2) / 3 * 4, least = (count * 4 + 2) / 3,
              length = line->length - 1;
  if (length > coded + 2 || (strict && (length < least || count == 0)))
    return -1;
  return (int) count;
}

static void
uu_decode (GByteArray *out, const struct line *line, gsize count)
{
  for (gsize at = 1; count > 0; at += 4) {
    guint32 group = 0;
    for (gsize i = at; i < at + 4; i++)
      group = group << 6 | (((i < line->length ? (guint32) (guchar) line->text[i] : 0x20) - 0x20) & 0x3F);
    const guint8 bytes[] = { (guint8) (group >> 16), (guint8) (group >> 8), (guint8) group };
    const gsize take = MIN (count, sizeof bytes);
    g_byte_array_append (out, bytes, (guint) take);
    count -= take;
  }
}

static gboolean
line_is (const struct line *line, const char *text)
{
  gsize length = line->length;
  while (length > 0 && line->text[length - 1] == ' ')
    length--;
  return length == strlen (text) && memcmp (line->text, text, length) == 0;
}

/* From behind the "begin" line. Returns where the text goes on; NULL: this is no file. */
static const char *
read_uu (const char *p, const char *end, GByteArray *out, gboolean *whole_out)
{
  for (gboolean first = TRUE; p < end; first = FALSE) {
    const struct line line = line_at (p, end);
    if (!first && line_is (&line, "end")) {
      *whole_out = TRUE;
      return line.next;
    }
    const int count = uu_count (&line, first);
    if (count < 0 && !(line.length == 0 && !first))
      return first ? NULL : p;
    if (count <= 0) { /* the empty line before "end" */
      const struct line last = line_at (line.next, end);
      *whole_out = line.next < end && line_is (&last, "end");
      return *whole_out ? last.next : p;
    }
    uu_decode (out, &line, (gsize) count);
    p = line.next;
  }
  return out->len > 0 ? end : NULL;
}

static gboolean
is_base64 (const struct line *line)
{
  for (gsize i = 0; i < line->length; i++)
    if (!g_ascii_isalnum (line->text[i]) && strchr ("+/=", line->text[i]) == NULL)
      return FALSE;
  return line->length > 0 && line->length % 4 == 0 && memchr (line->text, '\0', line->length) == NULL;
}

static const char *
read_base64 (const char *p, const char *end, GByteArray *out, gboolean *whole_out)
{
  for (gboolean first = TRUE; p < end; first = FALSE) {
    const struct line line = line_at (p, end);
    if (!first && line_is (&line, "====")) {
      *whole_out = TRUE;
      return line.next;
    }
    if (!is_base64 (&line))
      return first ? NULL : p;
    g_autofree char *copy = g_strndup (line.text, line.length);
    gsize size = 0;
    g_autofree guchar *bytes = g_base64_decode (copy, &size);
    g_byte_array_append (out, bytes, (guint) size);
    p = line.next;
  }
  return out->len > 0 ? end : NULL;
}

/* Returns where the text goes on when a file begins at p. */
static const char *
take_file (struct split *split, const char *p)
{
  const struct line line = line_at (p, split->end);
  gboolean base64 = FALSE, whole = FALSE;
  const char *name = read_begin (&line, &base64);
  if (name == NULL)
    return NULL;
  g_autoptr (GByteArray) out = g_byte_array_new ();
  const char *after
      = base64 ? read_base64 (line.next, split->end, out, &whole) : read_uu (line.next, split->end, out, &whole);
  if (after == NULL)
    return NULL;
  struct message_uu_file *file = g_new0 (struct message_uu_file, 1);
  file->filename = clean_name (name, line.length - (gsize) (name - line.text));
  file->bytes = g_byte_array_free_to_bytes (g_steal_pointer (&out));
  file->whole = whole;
  g_ptr_array_add (split->uu->files, file);
  return after;
}

struct message_uu *
message_uu_split (GBytes *text)
{
  gsize size;
  const char *bytes = g_bytes_get_data (text, &size), *p = bytes, *from = bytes;
  if (size < 8 || memmem (bytes, size, "begin", 5) == NULL)
    return NULL;
  struct split split = { g_new0 (struct message_uu, 1), bytes + size };
  split.uu->files = g_ptr_array_new_with_free_func (file_free);
  g_autoptr (GByteArray) rest = g_byte_array_new ();
  while (p < split.end && split.uu->files->len < FILES_MAX) {
    const char *after = *p == 'b' ? take_file (&split, p) : NULL;
    if (after == NULL) {
      p = line_at (p, split.end).next;
      continue;
    }
    g_byte_array_append (rest, (const guint8 *) from, (guint) (p - from));
    p = from = after;
  }
  if (split.uu->files->len == 0) {
    message_uu_free (split.uu);
    return NULL;
  }
  g_byte_array_append (rest, (const guint8 *) from, (guint) (split.end - from));
  split.uu->rest = g_byte_array_free_to_bytes (g_steal_pointer (&rest));
  return split.uu;
}
