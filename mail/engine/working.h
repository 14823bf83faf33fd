/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* How far a long mail is on its way out, from the worker that is at it to the one who sends it. Engine only. */
#pragma once
#include "mail/engine/core.h"

/* Events of the workers; owner: the core, the account. */
void working_keys_event (gpointer owner, const char *event, GVariant *fields);
void working_smtp_event (gpointer owner, const char *event, GVariant *fields);
/* A run of the outbox begins, or is over. One that is silent for some seconds is told of: it waits for the server. */
void working_run_begun (struct core_account *account);
void working_run_over (struct core_account *account);
/* From now on the request hears of this item of the account's outbox; NULL: nobody does. */
void working_watch (struct core_account *account, const char *id, struct request *request_or_null);
