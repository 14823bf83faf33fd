/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of revocation share: one statement about one certificate, and the folder where statements are kept. */
#pragma once
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>
#include "crypto/smime/smime_revocation.h"

#define REVOCATION_FILES_MAX 4000
#define REVOCATION_LISTS_MAX 200
#define REVOCATION_BYTES_MAX (128u * 1024 * 1024) /* of the folder */
#define REVOCATION_LOADED_MAX (48u * 1024 * 1024) /* of CRLs held in memory, as they stand on the disk */
#define REVOCATION_TRY_AGAIN_S 600                /* an address that gave nothing useful is left alone for so long */
#define REVOCATION_SKEW_S 300                     /* clocks differ */

/* smime_revocation_time.c */
/* Does a statement for [from, until] (until 0: not said) tell how it stood with the certificate at that time? */
gboolean smime_revocation_time_covers (X509 *certificate, gint64 from, gint64 until, gint64 at);
/* A revocation at that moment, for that reason, in a statement that is fresh or not, as of at. */
enum smime_revocation_state smime_revocation_time_judge (gint64 since, int reason, gboolean fresh, gint64 at);
gint64 smime_revocation_time_now (void);
/* FALSE for an algorithm that can be forged today (SHA-1, MD5) or is not known. */
gboolean smime_revocation_time_strong (const X509_ALGOR *algorithm);

/* smime_revocation_list.c: CRLs */
/* Verified by this issuer, complete, understood. */
gboolean smime_revocation_list_holds (X509_CRL *crl, X509 *issuer);
/* What a CRL that holds says; UNKNOWN also where it is not responsible for this certificate. */
struct smime_revocation_finding smime_revocation_list_says (X509_CRL *crl, X509 *certificate, gint64 at);
/* The addresses of its CRLs (char *, at most 2), those that can be used here; offered_out: there are any at all. */
GPtrArray *smime_revocation_list_urls (X509 *certificate, gboolean *offered_out);
/* Names in the folder: all CRLs of an issuer's key share a prefix. */
char *smime_revocation_list_prefix (X509 *issuer);
char *smime_revocation_list_name (X509_CRL *crl, X509 *issuer);
X509_CRL *smime_revocation_list_parse (GBytes *bytes); /* DER, or PEM; NULL */

/* smime_revocation_ocsp.c */
GPtrArray *smime_revocation_ocsp_urls (X509 *certificate, gboolean *offered_out);
GBytes *smime_revocation_ocsp_request (X509 *certificate, X509 *issuer);

/* smime_revocation_folder.c: small files in keys_dir/revocation, whole or not at all. */
GBytes *smime_revocation_folder_read (const char *dir, const char *name, gsize size_max); /* NULL */
gboolean smime_revocation_folder_write (const char *dir, const char *name, GBytes *bytes);
GPtrArray *smime_revocation_folder_list (const char *dir, const char *suffix); /* char *: names */
void smime_revocation_folder_bound (const char *dir);                          /* the oldest files go */
/* Remember that an address was tried just now; was it, lately? */
void smime_revocation_folder_note (const char *dir, const char *id);
gboolean smime_revocation_folder_noted (const char *dir, const char *id);
