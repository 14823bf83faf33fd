/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What a certificate says, as text for people. Every string comes from outside: here it is made valid UTF-8 without control
 * or invisible characters, and cut to a length that fits a sentence. For crypto/guard/ and crypto/smime/ only. */
#pragma once
#include <glib.h>
#include <openssl/x509.h>

/* The common name, else the first address or host name, else organisation, else "(no name)". Never NULL; caller frees. */
char *x509_text_subject (const X509 *certificate);
char *x509_text_issuer (const X509 *certificate);
/* The host names and IP addresses of the subject's alternative names, "a, b and 3 more"; "no host name at all". */
char *x509_text_hosts (const X509 *certificate);
/* "2024-03-31" (UTC), or "an unreadable date". */
char *x509_text_date (const ASN1_TIME *time);
/* Seconds since the epoch; FALSE (and 0) for a time that cannot be read. */
gboolean x509_text_epoch (const ASN1_TIME *time, gint64 *epoch_out);
/* Any outside bytes as harmless text of at most this many characters. */
char *x509_text_clean (const char *bytes, gssize size, glong characters_max);
