/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Which servers a domain names for a service: SRV records (RFC 2782), for as long as there is time. Lookup worker.
 *
 * What they say is not vouched for: whoever uses it finds another way to know whom he talks to. */
#pragma once
#include <gio/gio.h>

struct srv_question {
  const char *service; /* "imaps", without the underscore; borrowed */
  GList *targets; /* out: GSrvTarget *, in the order in which they are to be tried; free with g_resolver_free_targets */
  gboolean answered; /* out: there are targets, or DNS says that there are none; else it did not answer */
};
/* All questions at once; those that have no answer after timeout_ms are dropped. */
void srv_ask (const char *domain, struct srv_question *questions, guint count, guint timeout_ms);
/* The host of a target as one connects to it: in lower case, without the last dot. NULL: it is no host name. */
char *srv_host (GSrvTarget *target);
