/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Where is the mail of this domain? Proposals for a person to confirm, from what the domain itself says: its autoconfig document (HTTPS,
 * so the domain vouches for it) or its SRV records (RFC 6186, 8314; not vouched for). No third party is asked.
 *
 * Only protected ways are proposed: TLS from the first byte, or STARTTLS. Lookup worker. */
#pragma once
#include <glib.h>

struct discover_server {
  char *host; /* NULL: nothing found */
  guint16 port;
  gboolean starttls;
};
struct discover {
  struct discover_server imap, smtp;
};
void discover_clear (struct discover *discover);

/* Asks for at most timeout_ms. FALSE: domain is no domain name (ENGINE_ERROR_USAGE). Finding nothing is no error. */
gboolean discover_domain (const char *domain, guint timeout_ms, struct discover *discover, GError **error);

/* For tests. */
gboolean discover_is_host (const char *host);
/* Fill what is still missing from the document. Hostile input. Pure. */
void discover_parse (const char *xml, gsize size, const char *domain, struct discover *discover);
/* One autoconfig document. */
gboolean discover_fetch (const char *url, const char *ca_file, guint timeout_ms, const char *domain,
                         struct discover *discover, GError **error);
