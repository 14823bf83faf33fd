/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The words for a route: what was decided for an address, why, and what the sender can do next; and for each key that was
 * considered, why it was taken or not. */
#pragma once
#include "crypto/route.h"

/* Fills in sentence and next from address, method, reason and candidates, and the candidates' sentences. policy: borrowed. */
void route_text_fill (struct route *route, const struct route_policy *policy);
/* "2026-03-01", in digits of its own, as the locale must not matter; NULL when unknown. */
char *route_text_date (gint64 time);
