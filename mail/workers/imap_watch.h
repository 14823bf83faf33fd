/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A second connection that does nothing but IDLE on INBOX: new mail is noticed while the first one fetches, and the first need not leave
 * IDLE to carry what a person did. Where the server does not let us in twice, there is none for an hour, and the first does both. */
#pragma once
#include "mail/net/imap.h"

struct imap_watch;
/* wake_fd: the engine's. server and secret: borrowed. Not connected yet. */
struct imap_watch *imap_watch_new (int wake_fd, const struct remote *server, const struct secret *secret);
void imap_watch_free (struct imap_watch *watch);
/* Readable when wake_fd is, or when the server has said something. Always there. */
int imap_watch_fd (const struct imap_watch *watch);
gboolean imap_watch_is_on (const struct imap_watch *watch);
/* Is it time to try? For a server that offers IDLE. */
gboolean imap_watch_is_due (const struct imap_watch *watch);
/* Waits for the server, and lets the guest in meanwhile; that it did not work out is nobody's business. */
void imap_watch_open (struct imap_watch *watch, const struct stream_guest *guest);
void imap_watch_close (struct imap_watch *watch);
/* Waits for nothing. After TRUE the fd keeps silent about it until imap_watch_take. */
gboolean imap_watch_has_news (struct imap_watch *watch);
/* Asks the server what there is, and goes on waiting. TRUE: INBOX has changed, or might have. */
gboolean imap_watch_take (struct imap_watch *watch);
