/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The plan of one send: every recipient's route, and which copies follow from them.
 *
 * One copy for all To and Cc recipients of one method, one copy for each Bcc recipient, whatever its method. If one
 * recipient is on hold there are no copies at all. Pure, like route. */
#pragma once
#include "crypto/route.h"

enum recipient_kind { RECIPIENT_TO = 0, RECIPIENT_CC, RECIPIENT_BCC };

struct plan_copy {
  enum route_method method; /* never ROUTE_HOLD */
  gboolean bcc;             /* its one recipient is blind */
  GPtrArray *routes;        /* struct route *, borrowed from the plan */
};

struct plan {
  GPtrArray *routes; /* struct route *, owned; in the order To, Cc, Bcc; no address twice */
  GArray *kinds;     /* enum recipient_kind, one for each route */
  GPtrArray *copies; /* struct plan_copy *; empty while anybody is held */
  guint held;        /* how many routes are ROUTE_HOLD */
};
/* Takes the routes. A recipient named twice counts once: To before Cc before Bcc. No recipients: no copies. */
struct plan *plan_new (void);
void plan_add (struct plan *plan, struct route *route_take, enum recipient_kind kind);
void plan_finish (struct plan *plan); /* makes the copies */
void plan_free (struct plan *plan);
DEFINE_AUTOFREE (plan, plan_free)
