/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Where a draft lies, asked of those who keep it: what a person discards or replaces must be found while the index is empty, too. Engine only. */
#pragma once
#include "mail/engine/core.h"

/* account and paths (borrowed, NULL-terminated) are NULL where there is no such draft; error says why that is not sure. */
typedef void (*drafts_done_fn) (gpointer data, struct core_account *account, const char *const *paths,
                                const GError *error);
/* id: its Message-ID. The caller keeps the engine from leaving. done may be called before this returns. */
void drafts_find (struct core *core, const char *id, drafts_done_fn done, gpointer data);
