/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Web Key Directory: ask the domain of an address for its OpenPGP key, as draft-koch-openpgp-webkey-service says. Lookup worker.
 *
 * The domain learns that somebody looks for the key of this address, and from where. It is asked at openpgpkey.DOMAIN, and only where there is no such
 * host at DOMAIN itself; by HTTPS to exactly this host. What it gives is hostile: the keys worker judges it. */
#pragma once
#include "mail/net/https.h"

/* The two places, advanced method and direct method; FALSE: no domain that can be asked. IDN domains are asked in their ASCII form. */
gboolean wkd_urls (const char *address, char **advanced_out, char **direct_out);
/* z-base-32 of these bytes (RFC 6189, 5.1.6). */
char *wkd_zbase32 (const guint8 *bytes, gsize size);
/* ca_file: authorities of the organisation, which will do beside the system's; NULL: none. */
enum https_outcome wkd_find (const char *address, const char *ca_file_or_null, guint limit_ms, GBytes **keys_out);
