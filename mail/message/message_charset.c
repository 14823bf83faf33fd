/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes to UTF-8: the charset that is claimed, corrected where everybody claims it wrongly, guessed where it is unknown.
 *
 * A wrong claim never loses text: what cannot be converted becomes U+FFFD, one for each byte, and the rest goes on. Pure but for iconv. */
#include "mail/message/message_p.h"

#include <errno.h>
#include <gmime/gmime.h>
#include <iconv.h>
#include <string.h>

/* What is meant by a name, where that is more than it says. */
static const struct {
  const char *claimed, *meant;
} meanings[] = {
  { "iso-8859-1", "windows-1252" },
  { "latin1", "windows-1252" },
  { "iso8859-1", "windows-1252" },
  { "ansi", "windows-1252" },
  { "gb2312", "gb18030" },
  { "gbk", "gb18030" },
  { "gb_2312-80", "gb18030" },
  { "x-gbk", "gb18030" },
  { "ks_c_5601-1987", "cp949" },
  { "ks_c_5601", "cp949" },
  { "euc-kr", "cp949" },
  { "euc_kr", "cp949" },
  { "ks_c_5601-1989", "cp949" },
  { "shift_jis", "cp932" },
  { "shift-jis", "cp932" },
  { "x-sjis", "cp932" },
  { "sjis", "cp932" },
  { "windows-31j", "cp932" },
  { "iso-8859-9", "windows-1254" },
  { "tis-620", "cp874" },
  { "iso-8859-11", "cp874" },
  { "big5", "big5-hkscs" },
  { "iso-8859-8-i", "iso-8859-8" },
  { "x-mac-roman", "macintosh" },
  { "unicode-1-1-utf-7", "utf-7" },
  { "utf8", "utf-8" },
};

static const char *
meaning_of (const char *charset)
{
  for (gsize i = 0; i < G_N_ELEMENTS (meanings); i++)
    if (g_ascii_strcasecmp (charset, meanings[i].claimed) == 0)
      return meanings[i].meant;
  return charset;
}

static char *
convert (const char *bytes, gsize size, const char *charset)
{
  iconv_t cd = iconv_open ("UTF-8", charset);
  if (cd == (iconv_t) -1) {
    message_init ();
    cd = iconv_open ("UTF-8", g_mime_charset_iconv_name (charset));
  }
  if (cd == (iconv_t) -1)
    return NULL;
  g_autoptr (GByteArray) out = g_byte_array_new ();
  char *in = (char *) bytes, buffer[4096];
  gsize left = size;
  while (left > 0) {
    char *to = buffer;
    gsize room = sizeof buffer;
    gsize result = iconv (cd, &in, &left, &to, &room);
    int why = errno;
    g_byte_array_append (out, (const guint8 *) buffer, (guint) (to - buffer));
    if (result != (gsize) -1 || (why == E2BIG && to > buffer))
      continue;
    g_byte_array_append (out, (const guint8 *) "\xEF\xBF\xBD", 3);
    if (why == EINVAL || left == 0)
      break; /* cut in the middle of a character */
    in++;
    left--;
  }
  iconv_close (cd);
  g_byte_array_append (out, (const guint8 *) "", 1);
  return (char *) g_byte_array_free (g_steal_pointer (&out), FALSE);
}

/* Does it hold sequences that only UTF-8 has, and more of them than faults? */
static gboolean
looks_like_utf8 (const char *bytes, gsize size)
{
  gsize good = 0, bad = 0;
  for (const char *p = bytes, *end = bytes + size; p < end;) {
    gunichar c = (guchar) *p < 0x80 ? 1 : g_utf8_get_char_validated (p, end - p);
    if (c == (gunichar) -1 || c == (gunichar) -2) {
      bad++;
      p++;
      continue;
    }
    good += c > 1;
    p = g_utf8_next_char (p);
  }
  return good > bad;
}

static gboolean
is_ascii (const char *bytes, gsize size)
{
  for (gsize i = 0; i < size; i++)
    if ((guchar) bytes[i] >= 0x80)
      return FALSE;
  return TRUE;
}

static gboolean
says_nothing (const char *charset)
{
  static const char *const empty[]
      = { "",          "us-ascii", "ascii", "utf-8",          "utf8",  "unknown", "unknown-8bit",
          "x-unknown", "default",  "none",  "x-user-defined", "binary" };
  for (gsize i = 0; i < G_N_ELEMENTS (empty); i++)
    if (g_ascii_strcasecmp (charset, empty[i]) == 0)
      return TRUE;
  return FALSE;
}

char *
message_charset_to_utf8 (const char *bytes, gsize size, const char *charset)
{
  if (size == 0)
    return g_strdup ("");
  g_autofree char *name = g_strstrip (g_strdelimit (g_strdup (charset != NULL ? charset : ""), "\"'", ' '));
  char *text = NULL;
  if (!says_nothing (name))
    text = convert (bytes, size, meaning_of (name));
  /* A NUL would end the string: it goes on as U+FFFD, which is what the sanitiser would make of it. */
  if (text == NULL && (is_ascii (bytes, size) || looks_like_utf8 (bytes, size)))
    text = g_utf8_make_valid (bytes, (gssize) size);
  return text != NULL ? text : convert (bytes, size, "windows-1252");
}
