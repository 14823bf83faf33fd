/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The MIME around what was signed and encrypted: outer header fields, S/MIME and PGP/MIME framing. */
#include "crypto/protect_frame.h"
#include "crypto/protect.h"
#include <string.h>

#define FOLD_COLUMN 76
#define BASE64_COLUMN 76
#define HEADER_SIZE_MAX (256u * 1024)

static const char *const outer_names[] = { "Date", "From", "To", "Cc", "Message-ID", "In-Reply-To", "References" };

GBytes *
protect_frame_crlf (GBytes *bytes)
{
  gsize size = 0, bare = 0;
  const char *data = g_bytes_get_data (bytes, &size);
  for (gsize i = 0; i < size; i++)
    bare += data[i] == '\n' && (i == 0 || data[i - 1] != '\r');
  if (bare == 0)
    return g_bytes_ref (bytes);
  char *copy = g_malloc (size + bare);
  gsize used = 0;
  for (gsize i = 0; i < size; i++) {
    if (data[i] == '\n' && (i == 0 || data[i - 1] != '\r'))
      copy[used++] = '\r';
    copy[used++] = data[i];
  }
  return g_bytes_new_take (copy, used);
}

static gboolean
refuse (GError **error, const char *line)
{
  g_autofree char *name = g_strndup (line, strcspn (line, ":\r\n"));
  g_autofree char *shown = g_utf8_make_valid (name, (gssize) MIN (strlen (name), 40));
  g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FORMAT,
               "The header field \"%s\" must not be seen outside of an encrypted message, so the message was not sent.",
               shown);
  return FALSE;
}

/* A line end only before a blank: anything else would begin a field of its own. */
static gboolean
folded_well (const char *line)
{
  for (const char *c = line; *c != '\0'; c++) {
    if (*c == '\r' && c[1] != '\n')
      return FALSE;
    if (*c == '\n' && c[1] != ' ' && c[1] != '\t')
      return FALSE;
    if ((guchar) *c < 0x20 && strchr ("\r\n\t", *c) == NULL)
      return FALSE;
    if ((guchar) *c >= 0x7f)
      return FALSE;
  }
  return TRUE;
}

static void
append_folded (GString *header, const char *line)
{
  gsize column = 0;
  for (const char *c = line; *c != '\0'; c++) {
    if (*c == '\r')
      continue;
    if (*c == '\n') {
      g_string_append (header, "\r\n");
      column = 0;
      continue;
    }
    const gsize word = 1 + strcspn (c + 1, " \t\r\n");
    if ((*c == ' ' || *c == '\t') && column > 0 && column + word > FOLD_COLUMN && g_ascii_isgraph (c[1])
        && header->str[header->len - 1] != ':') {
      g_string_append (header, "\r\n");
      column = 0;
    }
    g_string_append_c (header, *c);
    column++;
  }
  g_string_append (header, "\r\n");
}

char *
protect_frame_header (GPtrArray *outer_headers, GError **error)
{
  g_autoptr (GString) header = g_string_new (NULL);
  guint seen = 0;
  for (guint i = 0; i < outer_headers->len; i++) {
    const char *line = g_ptr_array_index (outer_headers, i);
    const gsize name = strcspn (line, ":");
    guint row = 0;
    while (row < G_N_ELEMENTS (outer_names)
           && !(strlen (outer_names[row]) == name && g_ascii_strncasecmp (outer_names[row], line, name) == 0))
      row++;
    if (row == G_N_ELEMENTS (outer_names) || line[name] != ':' || (seen & 1u << row) != 0 || !folded_well (line)
        || header->len + strlen (line) > HEADER_SIZE_MAX) {
      refuse (error, line);
      return NULL;
    }
    seen |= 1u << row;
    append_folded (header, line);
  }
  g_string_append (header, "Subject: " PROTECT_SUBJECT "\r\nMIME-Version: 1.0\r\n");
  return g_string_free (g_steal_pointer (&header), FALSE);
}

/* A line of text that does not occur in the content. */
static char *
make_boundary (GBytes *content)
{
  gsize size = 0;
  const char *data = g_bytes_get_data (content, &size);
  for (;;) {
    g_autofree char *uuid = g_uuid_string_random ();
    g_autofree char *boundary = g_strconcat ("=_", uuid, NULL);
    if (size == 0 || memmem (data, size, boundary, strlen (boundary)) == NULL)
      return g_steal_pointer (&boundary);
  }
}

static void
append_bytes (GString *text, GBytes *bytes)
{
  gsize size = 0;
  const char *data = g_bytes_get_data (bytes, &size);
  g_string_append_len (text, data, (gssize) size);
}

static void
append_base64 (GString *text, GBytes *bytes)
{
  gsize size = 0;
  const guchar *data = g_bytes_get_data (bytes, &size);
  const gsize octets = BASE64_COLUMN / 4 * 3;
  for (gsize i = 0; i < size; i += octets) {
    g_autofree char *line = g_base64_encode (data + i, MIN (octets, size - i));
    g_string_append (text, line);
    g_string_append (text, "\r\n");
  }
}

static GBytes *
finish (GString *text)
{
  return g_string_free_to_bytes (text);
}

GBytes *
protect_frame_signed (GBytes *payload, GBytes *signature)
{
  g_autofree char *boundary = make_boundary (payload);
  GString *text = g_string_sized_new (g_bytes_get_size (payload) + 2 * g_bytes_get_size (signature) + 1024);
  g_string_append_printf (
      text,
      "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; micalg=sha-256;\r\n"
      " boundary=\"%s\"\r\n\r\n--%s\r\n",
      boundary, boundary);
  append_bytes (text, payload);
  g_string_append_printf (
      text,
      "\r\n--%s\r\nContent-Type: application/pkcs7-signature; name=\"smime.p7s\"\r\n"
      "Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=\"smime.p7s\"\r\n\r\n",
      boundary);
  append_base64 (text, signature);
  g_string_append_printf (text, "--%s--\r\n", boundary);
  return finish (text);
}

GBytes *
protect_frame_smime (const char *header, GBytes *enveloped)
{
  GString *text = g_string_sized_new (strlen (header) + g_bytes_get_size (enveloped) / 3 * 4 + 4096);
  g_string_append (text, header);
  g_string_append (text, "Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=\"smime.p7m\"\r\n"
                         "Content-Transfer-Encoding: base64\r\n"
                         "Content-Disposition: attachment; filename=\"smime.p7m\"\r\n\r\n");
  append_base64 (text, enveloped);
  return finish (text);
}

GBytes *
protect_frame_pgp (const char *header, GBytes *armor)
{
  g_autoptr (GBytes) lines = protect_frame_crlf (armor);
  g_autofree char *boundary = make_boundary (lines);
  GString *text = g_string_sized_new (strlen (header) + g_bytes_get_size (lines) + 1024);
  g_string_append (text, header);
  g_string_append_printf (
      text,
      "Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\";\r\n"
      " boundary=\"%s\"\r\n\r\n--%s\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n"
      "\r\n--%s\r\nContent-Type: application/octet-stream; name=\"encrypted.asc\"\r\n"
      "Content-Disposition: inline; filename=\"encrypted.asc\"\r\n\r\n",
      boundary, boundary, boundary);
  append_bytes (text, lines);
  g_string_append_printf (text, "\r\n--%s--\r\n", boundary);
  return finish (text);
}
