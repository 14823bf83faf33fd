/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What OpenSSL knows for a while must not stay behind in memory: its private numbers are locked, and all that it frees is wiped. */
#pragma once
#include <glib.h>

/* For a process that holds private keys, before OpenSSL is used for anything else there: later it cannot be done any more, which is
 * only noted. Calling it again does nothing. */
void secret_heap_init (void);
