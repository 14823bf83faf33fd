/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files ledger*.c share. */
#pragma once
#include "mail/store/ledger.h"
#include "mail/store/state_p.h"

struct ledger {
  struct state *state;
};

char *ledger_fold (const char *address); /* one name for all that are the same address */
enum ledger_state ledger_state_of (int column);
