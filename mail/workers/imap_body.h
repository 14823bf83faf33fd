/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Somebody opens a mail of which only the header is here: its body is fetched ahead of everything else. imap worker only.
 *
 * While the account's own session is in the middle of a long answer a second one is opened for it, and kept for a minute. */
#pragma once
#include "mail/net/imap.h"
#include "mail/store/sync.h"

struct imap_body {
  struct imap *side; /* NULL: none is open */
  gint64 used_us;
};
/* idle: the account's session, if nobody is using it; else NULL. guest: let in meanwhile. path: of the header's file. The reply to "fetch", or NULL. */
GVariant *imap_body_fetch (struct imap_body *body, struct sync *sync, struct imap *idle, const struct remote *remote,
                           const struct secret *secret, const struct stream_guest *guest, const char *path,
                           GError **error);
void imap_body_rest (struct imap_body *body); /* from time to time: hangs up what nobody needs any more */
void imap_body_clear (struct imap_body *body);
