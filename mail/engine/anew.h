/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The index is made anew from the mail: because somebody asks for it, or because it is missing or damaged. Engine only.
 *
 * Asked for, the new one is made beside the old one, which serves until then and stays if it fails. Missing or damaged, an empty one takes its
 * place at once: new mail comes in, the newest of each inbox first, and searching is incomplete for a while. The index's folder holds
 * the file "name" when all mail is in it; who finds none begins. By itself it is done ANEW_A_DAY times a day at most. */
#pragma once
#include "mail/engine/core.h"

#define ANEW_A_DAY 3

void anew_request (struct core *core, struct request *request); /* "reindex" of the door */
void anew_if_missing (struct core *core);                       /* from the loop */
/* Before mail comes in: will the index that is made be the first one? */
void anew_if_new (struct core *core);
gboolean anew_is_beside (struct core *core);
gboolean anew_is_under_way (struct core *core);
void anew_health (struct core *core, const char *state); /* of the index workers' event */
void anew_reader_died (gpointer core, guint deaths);     /* in a row: is it the index that they die of? */
void anew_writer_died (gpointer core, guint deaths);
void anew_clear (struct core *core);
