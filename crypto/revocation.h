/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Revocation as plain data: what policy asks for, and what would have to be fetched to know more.
 *
 * crypto/ has no network. It judges by what it has kept, and hands out wants; who has a network may answer them. A want stands only
 * for certificates whose chain ends in an anchor that somebody here configured: an address in any other certificate would be a
 * way to watch who reads what. */
#pragma once
#include <glib.h>

/* What it means that nothing can be learnt about a certificate. */
enum revocation_policy {
  REVOCATION_HARD = 0, /* then it is not trusted */
  REVOCATION_SOFT,     /* then a warning says so */
  REVOCATION_OFF,      /* nobody looks */
};

#define REVOCATION_WANTS_MAX 16                      /* of one message */
#define REVOCATION_URL_SIZE_MAX 2048                 /* http or https, printable ASCII */
#define REVOCATION_LIST_SIZE_MAX (10u * 1024 * 1024) /* of one CRL */
#define REVOCATION_RESPONSE_SIZE_MAX (64u * 1024)    /* of one OCSP response */

/* One document to fetch. */
struct revocation_want {
  char *id; /* opaque: the answer comes with it */
  char *url;
  GBytes *request; /* an OCSP request, to be posted; NULL: a CRL, to be got */
};
void revocation_want_free (struct revocation_want *want);
GPtrArray *revocation_wants_new (void); /* of struct revocation_want */
gboolean revocation_url_fits (const char *url);
