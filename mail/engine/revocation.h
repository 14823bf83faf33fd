/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* From the keys worker's wants to the network and back: the lookup worker fetches, the keys worker verifies and keeps. Engine only. */
#pragma once
#include "mail/engine/core.h"

#define REVOCATION_WAIT_MS                                                                                             \
  2000 /* no message waits longer for what is fetched about its signers; all in all it has 5 s */

/* more: the keys worker knows what came of it, so that inspecting again will say more, or want something else. Called exactly once, after left_ms at the latest and at once where
 * everything is under way for another message; what comes later, as long lists do, is kept for the next time. wants: rows of keys.inspect. */
typedef void (*revocation_done_fn) (gpointer data, gboolean more);
void revocation_fetch (struct core *core, GVariant *wants, guint left_ms, revocation_done_fn done, gpointer data);
