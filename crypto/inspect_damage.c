/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Was this plaintext changed while it was encrypted? A judgement for content that comes out of CBC with neither a signature nor a tag.
 *
 * Who changes CBC ciphertext without the key turns each block that he touches, or joins to another one, into 16 random bytes (and can
 * then choose bits of the next one). So damage is found by holding every byte to what its place in the message allows: header lines are
 * fields, in ASCII or UTF-8; base64 has its alphabet; text in 7bit and quoted-printable is ASCII or UTF-8 without control characters;
 * 8bit text decodes in its charset; a multipart has a beginning and an end, and text around its parts. 16 random bytes pass as base64
 * with a probability of 10^-9, as ASCII with 10^-6, as UTF-8 with 10^-5. Padding is checked before; cutting at a block leaves none.
 *
 * What it cannot find: a first block that was changed to the attacker's liking (its IV is enough, nothing random comes of it) or a
 * beginning cut off, where what follows still makes a whole entity or bare text; that is 16 bytes of his choice, before text that
 * was there. Bare text is therefore framed, and neither quoted nor searched. 8bit text in a charset of single bytes, where one random block in a hundred (ISO 8859-1) or in ten (windows-1252) is legal.
 * Parts in 8bit or binary that are no text, whose bytes may be anything; such a part is never shown, only saved. So content that
 * passes is "intact, as far as can be seen", and is shown with a warning.
 *
 * What is legal passes, and what common programs write beyond it: bare text without a header, lone LF, UTF-8 where only ASCII may be,
 * messages forwarded in any state. */
#include "crypto/inspect_p.h"
#include "crypto/smime/smime.h"
#include <string.h>

#define BLOCK 16u /* bytes, of AES */

struct scan {
  guint parts_left, depth;
};

/* Text as mail may carry it unencoded: no control characters but tabs, line and page ends, backspaces and the ESC of
 * ISO-2022-JP. */
static gboolean
has_controls (const guchar *data, gsize size)
{
  for (gsize i = 0; i < size; i++)
    if ((data[i] < 0x20 && (data[i] < 0x08 || data[i] > 0x0D) && data[i] != 0x1B) || data[i] == 0x7F)
      return TRUE;
  return FALSE;
}

static gboolean
is_text (const guchar *data, gsize size)
{
  return size == 0 || (!has_controls (data, size) && g_utf8_validate ((const char *) data, (gssize) size, NULL));
}

static gboolean
is_base64 (const guchar *data, gsize size)
{
  for (gsize i = 0; i < size; i++)
    if (!g_ascii_isalnum (data[i]) && (data[i] == '\0' || strchr ("+/=\r\n \t", data[i]) == NULL))
      return FALSE;
  return TRUE;
}

/* Does it decode, to text without C1 controls? A charset that nobody knows decodes. */
static gboolean
decodes (const guchar *data, gsize size, const char *charset)
{
  g_autofree char *name = g_strcanon (g_strndup (charset, 40), G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "-_.:", '_');
  g_autoptr (GError) error = NULL;
  gsize length = 0;
  g_autofree char *text = g_convert ((const char *) data, (gssize) size, "UTF-8", name, NULL, &length, &error);
  if (text == NULL)
    return !g_error_matches (error, G_CONVERT_ERROR, G_CONVERT_ERROR_ILLEGAL_SEQUENCE)
           && !g_error_matches (error, G_CONVERT_ERROR, G_CONVERT_ERROR_PARTIAL_INPUT);
  for (const char *c = text; (c = memchr (c, 0xC2, length - (gsize) (c - text))) != NULL; c++)
    if ((guchar) c[1] < 0xA0)
      return FALSE;
  return TRUE;
}

/* Text in 8bit or binary: UTF-8, or what its charset allows. */
static gboolean
is_eight_bit_text (const guchar *data, gsize size, const char *charset)
{
  if (is_text (data, size))
    return TRUE;
  if (charset == NULL || g_ascii_strcasecmp (charset, "utf-8") == 0 || g_ascii_strcasecmp (charset, "us-ascii") == 0)
    return FALSE;
  const gboolean wide
      = g_ascii_strncasecmp (charset, "utf-16", 6) == 0 || g_ascii_strncasecmp (charset, "utf-32", 6) == 0;
  return (wide || !has_controls (data, size)) && decodes (data, size, charset);
}

static gboolean
is_cms (const char *type)
{
  return strcmp (type, "application/pkcs7-mime") == 0 || strcmp (type, "application/x-pkcs7-mime") == 0;
}

static gboolean
leaf_is_sound (GBytes *entity, const struct inspect_type *type)
{
  g_autofree char *encoding = inspect_split_field (entity, "content-transfer-encoding", 0);
  g_autoptr (GBytes) body = inspect_split_slice (entity, inspect_split_body (entity), G_MAXSIZE);
  gsize size = 0;
  const guchar *data = g_bytes_get_data (body, &size);
  if (encoding != NULL)
    encoding[strcspn (encoding, " \t;(")] = '\0';
  if (encoding != NULL && g_ascii_strcasecmp (encoding, "base64") == 0)
    return is_base64 (data, size);
  if (is_cms (type->type)) /* what is inside is looked at as a layer of its own */
    return smime_kind (body) != SMIME_UNKNOWN;
  const gboolean binary = encoding != NULL && g_ascii_strcasecmp (encoding, "binary") == 0;
  if (!binary && (encoding == NULL || g_ascii_strcasecmp (encoding, "8bit") != 0))
    return is_text (data, size);
  if (g_str_has_prefix (type->type, "text/") || g_str_has_prefix (type->type, "message/"))
    return is_eight_bit_text (data, size, inspect_type_get (type, "charset"));
  return binary || size == 0 || memchr (data, '\0', size) == NULL;
}

/* A field that was put before its like would be the one that counts. RFC 5322, 3.6; RFC 2045. */
static gboolean
fields_stand_once (GBytes *entity)
{
  static const char *const once[] = { "content-type", "content-transfer-encoding",
                                      "from",         "sender",
                                      "reply-to",     "to",
                                      "cc",           "bcc",
                                      "subject",      "date",
                                      "message-id",   "in-reply-to",
                                      "references" };
  for (gsize i = 0; i < G_N_ELEMENTS (once); i++) {
    g_autofree char *second = inspect_split_field (entity, once[i], 1);
    if (second != NULL)
      return FALSE;
  }
  return TRUE;
}

/* Every line a field or the continuation of one. loose: of a message that somebody forwards; its header may be broken. */
static gboolean
header_is_sound (GBytes *entity, gboolean loose)
{
  const gsize end = inspect_split_body (entity);
  const char *data = g_bytes_get_data (entity, NULL);
  if (!is_text ((const guchar *) data, end))
    return FALSE;
  for (gsize at = 0; at < end && !loose;) {
    const char *newline = memchr (data + at, '\n', end - at);
    const gsize next = newline != NULL ? (gsize) (newline - data) + 1 : end;
    gsize i = at;
    while (i < next && data[i] > ' ' && data[i] != ':')
      i++;
    const gsize name = i - at;
    while (i < next && (data[i] == ' ' || data[i] == '\t'))
      i++;
    const gboolean field = name > 0 && i < next && data[i] == ':', folded = name == 0 && i > at && at > 0,
                   empty = name == 0 && i == at && next == end;
    if (!field && !folded && !empty)
      return FALSE;
    at = next;
  }
  return loose || fields_stand_once (entity);
}

static gboolean is_sound (struct scan *scan, GBytes *entity, const char *fallback, gboolean loose);

/* What stands before the first part and behind the last one; between them there is room for nothing but delimiters. */
static gboolean
around_is_sound (GBytes *entity, const GPtrArray *parts, const char *boundary, gboolean loose)
{
  gsize size = 0, last_size = 0;
  const char *data = g_bytes_get_data (entity, &size), *end = data + size, *body = data + inspect_split_body (entity),
             *last = g_bytes_get_data (parts->pdata[parts->len - 1], &last_size);
  g_autofree char *close = g_strconcat ("--", boundary, "--", NULL);
  const char *first = memmem (body, (gsize) (end - body), close, strlen (close) - 2);
  const char *rest = last != NULL ? last + last_size : body;
  rest = memmem (rest, (gsize) (end - rest), close, strlen (close));
  return first != NULL && is_text ((const guchar *) body, (gsize) (first - body))
         && (rest != NULL ? is_text ((const guchar *) rest, (gsize) (end - rest)) : loose);
}

static gboolean
multipart_is_sound (struct scan *scan, GBytes *entity, const struct inspect_type *type, gboolean loose)
{
  const char *boundary = inspect_type_get (type, "boundary");
  gboolean cut = FALSE;
  g_autoptr (GPtrArray) parts = inspect_split_parts (entity, boundary, scan->parts_left, &cut);
  if (parts->len == 0)
    return loose && leaf_is_sound (entity, type);
  if (cut || !around_is_sound (entity, parts, boundary, loose))
    return FALSE;
  const char *fallback = strcmp (type->type, "multipart/digest") == 0 ? "message/rfc822" : "text/plain";
  for (guint i = 0; i < parts->len; i++)
    if (!is_sound (scan, parts->pdata[i], fallback, loose))
      return FALSE;
  return TRUE;
}

static gboolean
message_is_sound (struct scan *scan, GBytes *entity, const struct inspect_type *type)
{
  g_autofree char *encoding = inspect_split_field (entity, "content-transfer-encoding", 0);
  if (encoding != NULL && g_ascii_strncasecmp (encoding, "base64", 6) == 0)
    return leaf_is_sound (entity, type);
  g_autoptr (GBytes) inner = inspect_split_slice (entity, inspect_split_body (entity), G_MAXSIZE);
  return is_sound (scan, inner, "text/plain", TRUE);
}

static gboolean
is_sound (struct scan *scan, GBytes *entity, const char *fallback, gboolean loose)
{
  if (scan->parts_left == 0 || scan->depth == 0 || !header_is_sound (entity, loose))
    return FALSE;
  scan->parts_left--;
  scan->depth--;
  struct inspect_type type;
  inspect_type_init (&type, entity, fallback);
  gboolean sound;
  if (g_str_has_prefix (type.type, "multipart/"))
    sound = multipart_is_sound (scan, entity, &type, loose);
  else if (strcmp (type.type, "message/rfc822") == 0 || strcmp (type.type, "message/global") == 0)
    sound = message_is_sound (scan, entity, &type);
  else
    sound = leaf_is_sound (entity, &type);
  inspect_type_clear (&type);
  scan->depth++;
  return sound;
}

gboolean
inspect_damage_has_header (GBytes *content)
{
  return inspect_split_is_entity (content) && inspect_split_body (content) > strlen ("\r\n");
}

/* Bare text in which the rest of a header stands: its first block was changed, so that it is no header any more. */
static gboolean
is_beheaded (const guchar *data, gsize size)
{
  static const char *const rests[] = { "charset=", "boundary=",    "content-", "mime-version", "/plain", "/html",
                                       "/mixed",   "/alternative", "/related", "/signed",      "pkcs7-", "smime-type" };
  if (size <= BLOCK)
    return FALSE;
  g_autofree char *head = g_ascii_strdown ((const char *) data + BLOCK, (gssize) MIN (size - BLOCK, 512));
  for (gsize i = 0; i < G_N_ELEMENTS (rests); i++)
    if (strstr (head, rests[i]) != NULL)
      return TRUE;
  return FALSE;
}

gboolean
inspect_damage_found (GBytes *content)
{
  struct scan scan = { INSPECT_PARTS_MAX, INSPECT_DEPTH_MAX };
  gsize size = 0;
  const guchar *data = g_bytes_get_data (content, &size);
  /* Who encrypts an entity with a header says in it what it is; where that is missing, the field was overwritten. */
  const gboolean has_header = inspect_damage_has_header (content);
  g_autofree char *type = inspect_split_field (content, "content-type", 0);
  if (has_header)
    return type == NULL || !is_sound (&scan, content, "text/plain", FALSE);
  return !is_text (data, size) || is_beheaded (data, size);
}
