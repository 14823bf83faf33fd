/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Outcomes that are not yet on the disk. */
#pragma once
#include "mail/store/outbox.h"

GPtrArray *outbox_owed_new (void);
/* Nobody could write down what became of this copy. */
void outbox_owed_note (GPtrArray *owed, const struct outbox_item *item, const struct outbox_copy *copy);
/* Puts it into the copy as it was read. TRUE: there was something. */
gboolean outbox_owed_to (GPtrArray *owed, const struct outbox_item *item, const struct outbox_copy *copy);
/* It is written down now. */
void outbox_owed_forget (GPtrArray *owed, const struct outbox_item *item, const struct outbox_copy *copy);
