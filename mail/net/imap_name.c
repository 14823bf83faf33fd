/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Mailbox names of the server, as text for people and as safe folders on disk. */
#include "mail/net/imap_name.h"

#include <string.h>

#define DEPTH_MAX 20
#define LEVEL_MAX 200 /* bytes of one folder name on disk; 255 is what file systems take */

gboolean
imap_name_is_safe (const char *path)
{
  gsize size = path == NULL ? 0 : strlen (path);
  if (size == 0 || size > IMAP_NAME_MAX)
    return FALSE;
  for (gsize i = 0; i < size; i++)
    if ((guchar) path[i] < 0x20 || (guchar) path[i] >= 0x7f)
      return FALSE;
  return TRUE;
}

static int
sextet (char c)
{
  static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";
  const char *at = c == '\0' ? NULL : strchr (alphabet, c);
  return at == NULL ? -1 : (int) (at - alphabet);
}

/* The base64 between & and -, UTF-16BE, onto out. Returns what follows the '-', or NULL. */
static const char *
decode_shift (const char *at, GString *out)
{
  guint32 bits = 0, high = 0;
  guint have = 0;
  for (; *at != '-'; at++) {
    int value = sextet (*at);
    if (value < 0)
      return NULL;
    bits = bits << 6 | (guint32) value;
    have += 6;
    if (have < 16)
      continue;
    guint32 unit = bits >> (have - 16) & 0xffff;
    have -= 16;
    bits &= (1u << have) - 1;
    if (unit >= 0xdc00 && unit < 0xe000 && high != 0) {
      g_string_append_unichar (out, 0x10000 + ((high - 0xd800) << 10) + (unit - 0xdc00));
      high = 0;
    } else if (high != 0 || (unit >= 0xdc00 && unit < 0xe000) || unit == 0) {
      return NULL;
    } else if (unit >= 0xd800 && unit < 0xdc00) {
      high = unit;
    } else {
      g_string_append_unichar (out, unit);
    }
  }
  return high == 0 && have < 6 && bits == 0 ? at + 1 : NULL;
}

char *
imap_name_decode (const char *path)
{
  g_autoptr (GString) out = g_string_new (NULL);
  const char *at = path;
  while (*at != '\0') {
    if (*at != '&') {
      g_string_append_c (out, *at++);
    } else if (at[1] == '-') {
      g_string_append_c (out, '&');
      at += 2;
    } else {
      at = decode_shift (at + 1, out);
      if (at == NULL)
        return g_strdup (path);
    }
  }
  return g_string_free (g_steal_pointer (&out), FALSE);
}

/* UTF-16BE of the text in base64, without padding. */
static void
append_shift (GString *out, const char *text, gsize size)
{
  glong units = 0;
  g_autofree gunichar2 *wide = g_utf8_to_utf16 (text, (glong) size, NULL, &units, NULL);
  for (glong i = 0; wide != NULL && i < units; i++)
    wide[i] = GUINT16_TO_BE (wide[i]);
  g_autofree char *base64 = g_base64_encode ((guchar *) wide, wide != NULL ? (gsize) units * sizeof *wide : 0);
  base64[strcspn (base64, "=")] = '\0';
  g_string_append_printf (out, "&%s-", g_strdelimit (base64, "/", ','));
}

/* The one wire form that RFC 3501 allows for the text. */
static char *
encode (const char *text)
{
  GString *out = g_string_new (NULL);
  while (*text != '\0') {
    const char *end = text;
    while (*end != '\0' && ((guchar) *end < 0x20 || (guchar) *end > 0x7e))
      end++;
    if (end > text)
      append_shift (out, text, (gsize) (end - text));
    else
      g_string_append (out, *end == '&' ? "&-" : (char[]){ *end, '\0' });
    text = end > text ? end : end + 1;
  }
  return g_string_free (out, FALSE);
}

/* The text of a level, or NULL where it is not written as it has to be: then another level could have the same text. */
static char *
decode_exactly (const char *level)
{
  g_autofree char *text = imap_name_decode (level);
  g_autofree char *wire = g_utf8_validate (text, -1, NULL) ? encode (text) : NULL;
  return g_strcmp0 (wire, level) == 0 ? g_steal_pointer (&text) : NULL;
}

/* What no level of a new name may be; NULL: it may. */
static const char *
level_fault (const char *level)
{
  if (*level == '\0')
    return "a part of it is empty";
  if (strcmp (level, ".") == 0 || strcmp (level, "..") == 0 || *level == '~' || *level == '#')
    return "a part of it would mean a place on the server";
  if (strlen (level) > LEVEL_MAX)
    return "a part of it is too long";
  return g_ascii_isspace (*level) || g_ascii_isspace (level[strlen (level) - 1])
             ? "a part of it begins or ends with a space"
             : NULL;
}

static const char *
name_fault (const char *text)
{
  if (!g_utf8_validate (text, -1, NULL))
    return "it is not UTF-8";
  for (const char *at = text; *at != '\0'; at = g_utf8_next_char (at)) {
    GUnicodeType type = g_unichar_type (g_utf8_get_char (at));
    if (type == G_UNICODE_CONTROL || type == G_UNICODE_FORMAT || type == G_UNICODE_LINE_SEPARATOR
        || type == G_UNICODE_PARAGRAPH_SEPARATOR || type == G_UNICODE_SURROGATE || type == G_UNICODE_UNASSIGNED)
      return "it has characters that cannot be seen";
    if (strchr ("*%\"\\", *at) != NULL)
      return "it has one of the characters * % \" \\";
  }
  return NULL;
}

char *
imap_name_encode (const char *text, char delimiter, const char **why_out)
{
  char separator[2] = { delimiter != '\0' ? delimiter : '/', '\0' };
  *why_out = name_fault (text);
  if (*why_out != NULL)
    return NULL;
  g_autofree char *one = g_strdelimit (g_strdup (text), "/", *separator);
  g_auto (GStrv) levels = g_strsplit (one, separator, DEPTH_MAX + 1);
  guint depth = g_strv_length (levels);
  if (depth == 0 || depth > DEPTH_MAX || (delimiter == '\0' && depth > 1))
    *why_out = depth == 0 ? "it is empty" : "it has too many parts";
  for (guint i = 0; i < depth && *why_out == NULL; i++)
    *why_out = level_fault (levels[i]);
  g_autofree char *wire = *why_out == NULL ? encode (one) : NULL;
  g_autofree char *dir = wire != NULL ? imap_name_to_dir (wire, delimiter) : NULL;
  if (wire != NULL && (dir == NULL || !imap_name_is_safe (wire)))
    *why_out = "it is too long";
  return *why_out == NULL ? g_steal_pointer (&wire) : NULL;
}

/* One level: what could mean something to the file system or to a search query is written as %XX. raw: as on the wire; its & too, so that
 * it meets no text. */
static void
append_level (GString *dir, const char *level, gboolean raw)
{
  gsize start = dir->len;
  gboolean reserved = strcmp (level, "cur") == 0 || strcmp (level, "new") == 0 || strcmp (level, "tmp") == 0;
  for (const char *at = level; *at != '\0'; at++) {
    guchar c = (guchar) *at;
    gboolean odd = c < 0x20 || c == 0x7f || strchr ("/%\"\\*?:", c) != NULL || (raw && c == '&')
                   || (at == level && (c == '.' || reserved));
    if (odd)
      g_string_append_printf (dir, "%%%02x", c);
    else
      g_string_append_c (dir, (char) c);
  }
  if (dir->len == start)
    g_string_append_c (dir, '%'); /* an empty level */
  if (dir->len - start <= LEVEL_MAX)
    return;
  g_autofree char *hash = g_compute_checksum_for_string (G_CHECKSUM_SHA256, dir->str + start, -1);
  g_string_truncate (dir, start);
  g_string_append_printf (dir, "%%long-%s", hash);
}

char *
imap_name_to_dir (const char *path, char delimiter)
{
  const char separator[2] = { delimiter, '\0' };
  g_auto (GStrv) levels = delimiter == '\0' ? g_strsplit (path, "\n", 1) : g_strsplit (path, separator, DEPTH_MAX + 1);
  guint depth = g_strv_length (levels);
  if (depth == 0 || depth > DEPTH_MAX)
    return NULL;
  g_autoptr (GString) dir = g_string_new (NULL);
  for (guint i = 0; i < depth; i++) {
    /* The wire form is decoded only where encoding it again would give the same: else two names could meet. */
    g_autofree char *text = decode_exactly (levels[i]);
    if (i == 0 && g_ascii_strcasecmp (levels[0], "INBOX") == 0)
      g_string_append (dir, "INBOX");
    else
      append_level (dir, text != NULL ? text : levels[i], text == NULL);
    if (i + 1 < depth)
      g_string_append_c (dir, '/');
  }
  return dir->len <= IMAP_NAME_MAX ? g_string_free (g_steal_pointer (&dir), FALSE) : NULL;
}

const char *
imap_name_role (const char *path, char delimiter)
{
  static const struct {
    const char *name, *role;
  } usual[] = {
    { "drafts", "drafts" },
    { "draft", "drafts" },
    { "entw\xc3\xbcrfe", "drafts" },
    { "sent", "sent" },
    { "sent items", "sent" },
    { "sent mail", "sent" },
    { "sent messages", "sent" },
    { "gesendet", "sent" },
    { "archive", "archive" },
    { "archives", "archive" },
    { "archiv", "archive" },
    { "all mail", "archive" },
    { "trash", "trash" },
    { "deleted", "trash" },
    { "deleted items", "trash" },
    { "deleted messages", "trash" },
    { "papierkorb", "trash" },
    { "bin", "trash" },
    { "junk", "junk" },
    { "spam", "junk" },
    { "junk e-mail", "junk" },
    { "junk mail", "junk" },
  };
  if (g_ascii_strcasecmp (path, "INBOX") == 0)
    return "inbox";
  g_autofree char *text = imap_name_decode (path);
  const char *last = delimiter == '\0' ? NULL : strrchr (text, delimiter);
  g_autofree char *lower
      = g_utf8_validate (text, -1, NULL) ? g_utf8_strdown (last == NULL ? text : last + 1, -1) : NULL;
  for (gsize i = 0; lower != NULL && i < G_N_ELEMENTS (usual); i++)
    if (strcmp (lower, usual[i].name) == 0)
      return usual[i].role;
  return "";
}
