/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Authentication-Results (RFC 8601): what the user's own server found when it checked where a message came from. Pure; keys worker.
 *
 * The field is believed where its authserv-id is that of the own server, and only the topmost run of such fields, which ends at the next Received: a
 * server takes away what others wrote in its name, and if one does not, what a sender wrote lies below. Failures are told and nothing else:
 * a pass is not good news, and so there is nothing to gain by writing one. Bounded: fields of 16 kB, 20 of them, 100 results each. */
#pragma once
#include <glib.h>

/* Whose results count: either is enough. */
struct auth_servers {
  const char *const *ids;   /* authserv-ids, as configured; NULL: none */
  const char *const *hosts; /* IMAP servers of accounts without one: any authserv-id of the same organisation */
};

enum auth_result { AUTH_UNKNOWN = 0, AUTH_PASSED, AUTH_FAILED };
struct auth_results {
  gboolean found; /* our server said something */
  enum auth_result spf, dkim, dmarc;
};

/* Take in one field's value (unfolded, any bytes before NUL). FALSE: it is not of one of the servers, or cannot be read; nothing is taken. */
gboolean auth_results_read (struct auth_results *results, const char *value, const struct auth_servers *servers);

/* The verdict: "DMARC", or where that said nothing "SPF", "DKIM" or "SPF and DKIM", if the message failed; NULL: nothing to tell. A
 * forwarder breaks one of the two, so one that passed is enough. */
const char *auth_results_failed (const struct auth_results *results);
