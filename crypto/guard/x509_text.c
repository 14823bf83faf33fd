/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What a certificate says, as text that can stand in a sentence: names, hosts, dates. */
#include "crypto/guard/x509_text.h"
#include <string.h>
#include <arpa/inet.h>
#include <openssl/x509v3.h>

#define NAME_CHARACTERS_MAX 80
#define HOSTS_SHOWN_MAX 4

char *
x509_text_clean (const char *bytes, gssize size, glong characters_max)
{
  g_autofree char *valid = g_utf8_make_valid (bytes, size);
  GString *clean = g_string_new (NULL);
  glong characters = 0;
  for (const char *at = valid; *at != '\0'; at = g_utf8_next_char (at)) {
    if (characters++ == characters_max) {
      g_string_append (clean, "…");
      break;
    }
    gunichar c = g_utf8_get_char (at);
    /* Format characters (bidi controls, zero-width ones) count as printable for GLib. */
    gboolean plain = g_unichar_isprint (c) && !g_unichar_iszerowidth (c) && g_unichar_type (c) != G_UNICODE_FORMAT;
    g_string_append_unichar (clean, plain ? c : '?');
  }
  return g_string_free (clean, FALSE);
}

static char *
string_text (const ASN1_STRING *string)
{
  unsigned char *utf8 = NULL;
  int size = string == NULL ? -1 : ASN1_STRING_to_UTF8 (&utf8, string);
  if (size <= 0) {
    OPENSSL_free (utf8);
    return NULL;
  }
  char *text = x509_text_clean ((const char *) utf8, size, NAME_CHARACTERS_MAX);
  OPENSSL_free (utf8);
  return text;
}

static char *
name_text (const X509_NAME *name)
{
  static const int preference[]
      = { NID_commonName, NID_pkcs9_emailAddress, NID_organizationName, NID_organizationalUnitName };
  for (guint i = 0; i < G_N_ELEMENTS (preference); i++) {
    int at = X509_NAME_get_index_by_NID (name, preference[i], -1);
    if (at < 0)
      continue;
    char *text = string_text (X509_NAME_ENTRY_get_data (X509_NAME_get_entry (name, at)));
    if (text != NULL)
      return text;
  }
  return NULL;
}

/* One alternative name as text; NULL for the kinds that are neither a host, an IP address nor a mailbox. */
static char *
general_name_text (const GENERAL_NAME *name)
{
  if (name->type == GEN_DNS)
    return string_text (name->d.dNSName);
  if (name->type == GEN_EMAIL)
    return string_text (name->d.rfc822Name);
  if (name->type == GEN_IPADD) {
    char text[INET6_ADDRSTRLEN];
    int size = ASN1_STRING_length (name->d.iPAddress);
    int family = size == 4 ? AF_INET : size == 16 ? AF_INET6 : AF_UNSPEC;
    if (family != AF_UNSPEC && inet_ntop (family, ASN1_STRING_get0_data (name->d.iPAddress), text, sizeof text) != NULL)
      return g_strdup (text);
  }
  return NULL;
}

static char *
first_alternative_name (const X509 *certificate)
{
  GENERAL_NAMES *names = X509_get_ext_d2i (certificate, NID_subject_alt_name, NULL, NULL);
  char *text = NULL;
  for (int i = 0; text == NULL && i < sk_GENERAL_NAME_num (names); i++)
    text = general_name_text (sk_GENERAL_NAME_value (names, i));
  GENERAL_NAMES_free (names);
  return text;
}

char *
x509_text_subject (const X509 *certificate)
{
  char *text = name_text (X509_get_subject_name (certificate));
  if (text == NULL)
    text = first_alternative_name (certificate);
  return text != NULL ? text : g_strdup ("(no name)");
}

char *
x509_text_issuer (const X509 *certificate)
{
  char *text = name_text (X509_get_issuer_name (certificate));
  return text != NULL ? text : g_strdup ("(no name)");
}

char *
x509_text_hosts (const X509 *certificate)
{
  GENERAL_NAMES *names = X509_get_ext_d2i (certificate, NID_subject_alt_name, NULL, NULL);
  GString *hosts = g_string_new (NULL);
  int shown = 0, more = 0;
  for (int i = 0; i < sk_GENERAL_NAME_num (names); i++) {
    const GENERAL_NAME *name = sk_GENERAL_NAME_value (names, i);
    g_autofree char *text = name->type == GEN_EMAIL ? NULL : general_name_text (name);
    if (text == NULL)
      continue;
    if (shown == HOSTS_SHOWN_MAX) {
      more++;
      continue;
    }
    g_string_append_printf (hosts, "%s%s", shown++ > 0 ? ", " : "", text);
  }
  GENERAL_NAMES_free (names);
  if (more > 0)
    g_string_append_printf (hosts, " and %d more", more);
  if (shown == 0)
    g_string_assign (hosts, "no host name at all");
  return g_string_free (hosts, FALSE);
}

gboolean
x509_text_epoch (const ASN1_TIME *time, gint64 *epoch_out)
{
  struct tm parts;
  *epoch_out = 0;
  if (time == NULL || ASN1_TIME_to_tm (time, &parts) != 1)
    return FALSE;
  g_autoptr (GDateTime) date = g_date_time_new_utc (parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                                                    parts.tm_hour, parts.tm_min, MIN (parts.tm_sec, 59));
  if (date == NULL)
    return FALSE;
  *epoch_out = g_date_time_to_unix (date);
  return TRUE;
}

char *
x509_text_date (const ASN1_TIME *time)
{
  gint64 epoch;
  g_autoptr (GDateTime) date = x509_text_epoch (time, &epoch) ? g_date_time_new_from_unix_utc (epoch) : NULL;
  return date != NULL ? g_date_time_format (date, "%Y-%m-%d") : g_strdup ("an unreadable date");
}
