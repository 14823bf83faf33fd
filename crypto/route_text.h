/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The words for a route: what was decided for an address, why, and what the sender can do next. */
#pragma once
#include "crypto/route.h"

/* Fills in sentence and next from address, method, reason and key. policy: borrowed. */
void route_text_fill (struct route *route, const struct route_policy *policy);
