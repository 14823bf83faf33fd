/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Fetch small documents over HTTPS: the only place where libcurl is used. Lookup worker.
 *
 * HTTPS only, at the first address and after each redirection (at most 3); certificate and host name are always verified; nothing is stored, no
 * cookies, no credentials are sent. Bounded in time and size. */
#pragma once
#include <glib.h>

/* ca_file: NULL for the system's authorities. Errors: ENGINE_ERROR_NETWORK, ENGINE_ERROR_TLS, ENGINE_ERROR_NOT_FOUND (the server has no
 * such document), ENGINE_ERROR_FAILED (too big). */
GBytes *https_get (const char *url, const char *ca_file, guint timeout_ms, gsize size_max, GError **error);

/* One document of one host: a server may send us on to another place of its own, and to no other host, port or protocol. */
enum https_outcome {
  HTTPS_FAILED = 0, /* no answer, no proof who answers, another error, too big */
  HTTPS_NO_HOST,    /* the host's name leads nowhere */
  HTTPS_NOT_THERE,  /* the server says that it does not have it */
  HTTPS_FOUND,
};
/* ca_file: authorities that will do beside the system's; NULL: none. */
enum https_outcome https_find (const char *url, const char *ca_file_or_null, guint limit_ms, gsize size_max,
                               GBytes **document_out);

/* Documents that carry their own proof, as revocation lists and OCSP responses do, which is why the world serves them by plain HTTP: for
 * these alone "http:" will do too. All at once; what is not here after its limit_ms does not come. Whoever wants them verifies them. */
struct https_document {
  const char *url; /* borrowed */
  GBytes *request; /* posted as an OCSP request; NULL: the document is got. Borrowed */
  gsize size_max;
  guint limit_ms;
  GBytes *answer; /* out; NULL: nothing came */
};
void https_fetch_signed (struct https_document *documents, guint count);
