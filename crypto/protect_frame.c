/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The MIME around what was signed and encrypted: outer header fields, S/MIME and PGP/MIME framing. */
#include "crypto/protect_frame.h"
#include "crypto/protect.h"
#include <string.h>

#define FOLD_COLUMN 76
#define BASE64_COLUMN 76
#define HEADER_SIZE_MAX (256u * 1024)

static const char *const outer_names[]
    = { "Date", "From", "To", "Cc", "Message-ID", "In-Reply-To", "References", "Autocrypt" };

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

static char *
make_boundary (void)
{
  g_autofree char *uuid = g_uuid_string_random ();
  return g_strconcat ("=_", uuid, NULL);
}

static gboolean
holds (const struct pieces *pieces, const char *text)
{
  for (guint i = 0; i < pieces->list->len; i++) {
    gsize size = 0;
    const char *data = g_bytes_get_data (g_ptr_array_index (pieces->list, i), &size);
    if (size > 0 && memmem (data, size, text, strlen (text)) != NULL)
      return TRUE;
  }
  return FALSE;
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

struct pieces *
protect_frame_signed (const struct pieces *payload, GBytes *signature, const char *micalg)
{
  g_autofree char *boundary = make_boundary ();
  while (holds (payload, boundary)) {
    g_free (boundary);
    boundary = make_boundary ();
  }
  g_autofree char *before
      = g_strdup_printf ("Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; micalg=%s;\r\n"
                         " boundary=\"%s\"\r\n\r\n--%s\r\n",
                         micalg, boundary, boundary);
  g_autoptr (GString) after = g_string_new (NULL);
  g_string_append_printf (
      after,
      "\r\n--%s\r\nContent-Type: application/pkcs7-signature; name=\"smime.p7s\"\r\n"
      "Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=\"smime.p7s\"\r\n\r\n",
      boundary);
  append_base64 (after, signature);
  g_string_append_printf (after, "--%s--\r\n", boundary);
  struct pieces *whole = pieces_new ();
  pieces_add_text (whole, before);
  for (guint i = 0; i < payload->list->len; i++)
    pieces_add (whole, g_ptr_array_index (payload->list, i));
  pieces_add_text (whole, after->str);
  return whole;
}

void
protect_frame_smime_begin (struct spool *spool, const char *header, gboolean authenticated)
{
  spool_text (spool, header);
  spool_text (spool, "Content-Type: application/pkcs7-mime; smime-type=");
  spool_text (spool, authenticated ? "authEnveloped-data" : "enveloped-data");
  spool_text (spool, "; name=\"smime.p7m\"\r\n"
                     "Content-Transfer-Encoding: base64\r\n"
                     "Content-Disposition: attachment; filename=\"smime.p7m\"\r\n\r\n");
}

void
protect_frame_smime_end (struct spool *spool)
{
  spool_base64_end (spool);
}

/* Armor is base64: an underscore, as the boundary has, occurs in none of its lines. */
char *
protect_frame_pgp_begin (struct spool *spool, const char *header)
{
  char *boundary = make_boundary ();
  g_autofree char *begin
      = g_strdup_printf ("Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\";\r\n"
                         " boundary=\"%s\"\r\n\r\n--%s\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n"
                         "\r\n--%s\r\nContent-Type: application/octet-stream; name=\"encrypted.asc\"\r\n"
                         "Content-Disposition: inline; filename=\"encrypted.asc\"\r\n\r\n",
                         boundary, boundary, boundary);
  spool_text (spool, header);
  spool_text (spool, begin);
  return boundary;
}

void
protect_frame_pgp_end (struct spool *spool, const char *boundary)
{
  g_autofree char *end = g_strdup_printf ("\r\n--%s--\r\n", boundary);
  spool_text (spool, end);
}
