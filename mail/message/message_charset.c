/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes to UTF-8: the charset that is claimed, corrected where everybody claims it wrongly, guessed where it is unknown or cannot be.
 *
 * A wrong claim never loses text: what cannot be converted becomes U+FFFD, one for each byte, and the rest goes on. What was guessed is told,
 * so that it can be said. UTF-7 is never guessed: it can hide what a text says. Pure but for iconv. */
#include "mail/message/message_p.h"

#include <errno.h>
#include <gmime/gmime.h>
#include <iconv.h>
#include <string.h>

#define NAME_MAX_BYTES 40
#define SAMPLE_BYTES 4096
#define REPLACEMENT "\xEF\xBF\xBD"

/* What is meant by a name, where that is more than it says. */
static const struct {
  const char *claimed, *meant;
} meanings[] = {
  { "iso-8859-1", "windows-1252" },
  { "latin1", "windows-1252" },
  { "iso8859-1", "windows-1252" },
  { "iso_8859-1", "windows-1252" },
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

/* A NUL would end the string: it goes on as U+FFFD, which is what the sanitiser would make of it. */
static void
append_converted (GString *out, const char *bytes, gsize size)
{
  for (const char *nul; (nul = memchr (bytes, '\0', size)) != NULL;) {
    g_string_append_len (out, bytes, nul - bytes);
    g_string_append (out, REPLACEMENT);
    size -= (gsize) (nul + 1 - bytes);
    bytes = nul + 1;
  }
  g_string_append_len (out, bytes, (gssize) size);
}

/* NULL: iconv does not know the charset. */
static char *
convert (const char *bytes, gsize size, const char *charset, gboolean *broken_out)
{
  iconv_t cd = iconv_open ("UTF-8", charset);
  if (cd == (iconv_t) -1) {
    message_init ();
    cd = iconv_open ("UTF-8", g_mime_charset_iconv_name (charset));
  }
  if (cd == (iconv_t) -1)
    return NULL;
  GString *out = g_string_sized_new (size + 1);
  char *in = (char *) bytes, buffer[4096];
  gsize left = size;
  while (left > 0) {
    char *to = buffer;
    gsize room = sizeof buffer;
    gsize result = iconv (cd, &in, &left, &to, &room);
    int why = errno;
    append_converted (out, buffer, (gsize) (to - buffer));
    if (result != (gsize) -1 || (why == E2BIG && to > buffer))
      continue;
    g_string_append (out, REPLACEMENT);
    *broken_out = TRUE;
    if (why == EINVAL || left == 0)
      break; /* cut in the middle of a character */
    in++;
    left--;
  }
  iconv_close (cd);
  return g_string_free (out, FALSE);
}

struct count {
  gsize good, bad; /* sequences of UTF-8 beyond ASCII, bytes that are none */
};

static struct count
count_utf8 (const char *bytes, gsize size)
{
  struct count count = { 0, 0 };
  for (const char *p = bytes, *end = bytes + size; p < end;) {
    gunichar c = (guchar) *p < 0x80 ? 1 : g_utf8_get_char_validated (p, end - p);
    if (c == (gunichar) -1 || c == (gunichar) -2) {
      count.bad++;
      p++;
      continue;
    }
    count.good += c > 1;
    p = g_utf8_next_char (p);
  }
  return count;
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
is_one_of (const char *name, const char *const *names)
{
  for (; *names != NULL; names++)
    if (g_ascii_strcasecmp (name, *names) == 0)
      return TRUE;
  return FALSE;
}

/* A name as it may be handed to iconv; "" where it says nothing. Caller frees. */
static char *
clean_name (const char *charset)
{
  static const char *const nothing[]
      = { "unknown", "unknown-8bit", "x-unknown", "default", "none", "x-user-defined", "binary", "8bit", NULL };
  char *name = g_strstrip (g_strdelimit (g_strdup (charset != NULL ? charset : ""), "\"'", ' '));
  gsize length = strspn (name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:+()");
  if (name[length] != '\0' || length > NAME_MAX_BYTES || is_one_of (name, nothing))
    *name = '\0';
  return name;
}

static const char *
marked_order (const char *bytes, gsize size)
{
  if (size >= 2 && memcmp (bytes, "\xFF\xFE", 2) == 0)
    return "utf-16le";
  return size >= 2 && memcmp (bytes, "\xFE\xFF", 2) == 0 ? "utf-16be" : NULL;
}

/* The order of UTF-16 by which half of its units is empty in at least one of so many; NULL: it does not look like any. */
static const char *
likely_order (const char *bytes, gsize size, gsize one_of)
{
  gsize even = 0, odd = 0;
  size = MIN (size, SAMPLE_BYTES);
  for (gsize i = 0; i + 1 < size; i += 2) {
    even += bytes[i] == '\0';
    odd += bytes[i + 1] == '\0';
  }
  if (even == odd || MAX (even, odd) * one_of < size / 2)
    return NULL;
  return odd > even ? "utf-16le" : "utf-16be";
}

static gboolean
looks_like_iso_2022_jp (const char *bytes, gsize size)
{
  return g_strstr_len (bytes, (gssize) size, "\x1b$B") != NULL || g_strstr_len (bytes, (gssize) size, "\x1b$@") != NULL;
}

/* No claim, or one that says no more than ASCII or UTF-8 would. */
static char *
guess (const char *bytes, gsize size, gboolean says_utf8, struct message_charset *told)
{
  const struct count count = count_utf8 (bytes, size);
  const char *order = marked_order (bytes, size);
  if (order == NULL)
    order = likely_order (bytes, size, 4);
  if (order == NULL && is_ascii (bytes, size)) {
    if (!looks_like_iso_2022_jp (bytes, size))
      return g_utf8_make_valid (bytes, (gssize) size);
    told->guess = "iso-2022-jp";
  } else if (order != NULL)
    told->guess = order;
  else if (count.good > count.bad) {
    told->guess = says_utf8 ? NULL : "utf-8";
    told->broken = count.bad > 0;
    return g_utf8_make_valid (bytes, (gssize) size);
  } else
    told->guess = "windows-1252";
  char *text = convert (bytes, size, told->guess, &told->broken);
  return text != NULL ? text : g_utf8_make_valid (bytes, (gssize) size); /* where no table of charsets can be read */
}

/* What the claim stands for in these bytes, which may say otherwise. */
static const char *
believe (const char *name, const char *bytes, gsize size, struct message_charset *told)
{
  static const char *const western[] = { "windows-1252", "iso-8859-15", NULL };
  static const char *const wide[] = { "utf-16", "ucs-2", "iso-10646-ucs-2", "unicode", NULL };
  const char *meant = meaning_of (name);
  if (is_one_of (meant, western)) {
    const struct count count = count_utf8 (bytes, size);
    if (count.bad == 0 && count.good >= 2)
      return told->guess = "utf-8"; /* chance does not make such sequences */
  }
  if (is_one_of (meant, wide)) {
    const char *order = marked_order (bytes, size);
    if (order != NULL)
      return order;
    order = likely_order (bytes, size, SAMPLE_BYTES);
    if (order == NULL && is_ascii (bytes, size) && memchr (bytes, '\0', size) == NULL)
      order = "us-ascii";
    told->guess = order != NULL ? order : "utf-16be"; /* RFC 2781, 4.3 */
    return told->guess;
  }
  return meant;
}

char *
message_charset_to_utf8 (const char *bytes, gsize size, const char *charset, struct message_charset *told)
{
  struct message_charset own = { 0 };
  if (told == NULL)
    told = &own;
  *told = own;
  if (size == 0)
    return g_strdup ("");
  static const char *const plain[] = { "", "us-ascii", "ascii", "ansi_x3.4-1968", "utf-8", NULL };
  g_autofree char *name = clean_name (charset);
  const char *meant = meaning_of (name);
  char *text = NULL;
  if (!is_one_of (meant, plain))
    text = convert (bytes, size, believe (name, bytes, size, told), &told->broken);
  told->hiding = text != NULL && g_ascii_strcasecmp (meant, "utf-7") == 0 && memchr (bytes, '+', size) != NULL;
  if (text == NULL)
    text = guess (bytes, size, g_ascii_strcasecmp (meant, "utf-8") == 0, told);
  if (g_str_has_prefix (text, "\xEF\xBB\xBF")) /* a byte order mark has done its work */
    memmove (text, text + 3, strlen (text + 3) + 1);
  return text;
}

void
message_charset_note (GPtrArray *notes, const struct message_charset *told)
{
  if (told->guess != NULL)
    message_notes_add (
        notes, "charset_guessed",
        "The mail does not say in which character set a text of it is written, or says a wrong one; it is "
        "read as %s. If letters look wrong, ask the sender what was meant.",
        told->guess);
  if (told->broken)
    message_notes_add (
        notes, "charset_broken",
        "Some characters of the text could not be read and stand as \xEF\xBF\xBD. If something seems to be "
        "missing, ask the sender to send it again.");
  if (told->hiding)
    message_notes_add (
        notes, "charset_hiding",
        "The text is written in UTF-7, an old form that can hide from filters what a mail says. Be careful "
        "with what it asks of you.");
}
