/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Certificates of people from LDAP directories (RFC 4510, 4523): those that the organisation names, and those that the domain of an
 * address names in DNS (SRV of _ldap._tcp, RFC 2782, its servers tried in order). Lookup worker.
 *
 * A directory is asked for entries with this very mail address, without signing in, and what it says is not believed: whoever uses a value
 * judges it as a certificate that a stranger sent, by its own chain. So a directory that a domain names in DNS may be asked without TLS; one that
 * the organisation names is asked as its line says. A referral is never followed: else any directory could send us anywhere. Certificates of
 * whole domains (mail=DOMAIN) are not asked for: what a message is encrypted to has to name the recipient's address.
 *
 * Hostile input, bounded in time, entries, values and bytes. */
#pragma once
#include <glib.h>

#define CERTDIR_ADDRESSES_MAX 100
#define CERTDIR_SERVERS_MAX 16        /* of one kind: named by the organisation, or by one domain */
#define CERTDIR_VALUES_MAX 16         /* for one address; a few hundred bytes to a few KB each */
#define CERTDIR_VALUE_SIZE_MAX 65536u /* of one certificate, or of one SignedData with its chain */

enum certdir_tls { CERTDIR_TLS = 0 /* from the first byte */, CERTDIR_STARTTLS, CERTDIR_PLAIN };
struct certdir_server {
  const char *host; /* all borrowed */
  guint16 port;
  enum certdir_tls tls;
  const char *base;    /* where to search; NULL: wherever its root says (namingContexts) */
  const char *ca_file; /* NULL: the system's authorities */
};

struct certdir_query {
  const char *const *addresses; /* normalised; what is beyond the limit is left out */
  guint count;
  const struct certdir_server *servers; /* the organisation's; all of them are asked */
  guint server_count;
  gboolean by_domain; /* ask the directories of the addresses' own domains, too */
  guint timeout_ms;   /* for everything together */
};
struct certdir_answer {
  GPtrArray *
      values; /* GBytes *: what userCertificate (DER) and userSMIMECertificate (SignedData) hold; not looked into, without doubles */
  gboolean
      whole; /* everybody who was to be asked has answered, or does not exist: asking again at once will tell no more */
};
/* Once, before any thread is started: libldap then reads no settings file. */
void certdir_init (void);
/* answers: one for each address, in the same order; cleared by the caller. */
void certdir_find (const struct certdir_query *query, struct certdir_answer *answers);
void certdir_answer_clear (struct certdir_answer *answer);
