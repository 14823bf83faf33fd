/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What tags may look like, and how they are put on one message. Index files only. */
#pragma once
#include "mail/archive/index_p.h"

gboolean index_tag_check (const char *const *tags, GError **error);
/* add wins over remove. changed_out may be NULL. Returns a notmuch_status_t. */
guint index_tag_apply (struct _notmuch_message *message, const char *const *add, const char *const *remove,
                       gboolean *changed_out);
