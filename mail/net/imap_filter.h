/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What a server sends, without what libetpan cannot read. A client must bear every reply at every time (RFC 3501, 7), and libetpan
 * 1.9.4 gives up at the first one that it does not know: a session would end, and the next one with it, for a reply that nobody asked for.
 *
 * Left out are untagged replies of other kinds than those of imap_filter.c, items of FETCH and STATUS that nobody asks for, and what
 * follows the numbers of a SEARCH. What is not IMAP at all passes as it is, for libetpan to judge. Pure; holds back a few KB at most. */
#pragma once
#include <glib.h>

struct imap_filter;
struct imap_filter *imap_filter_new (void);
void imap_filter_free (struct imap_filter *filter); /* wiped */
/* As they come, in pieces of any size. */
void imap_filter_feed (struct imap_filter *filter, const void *bytes, gsize size);
/* At most size bytes of what is left of them; 0: nothing is there (yet). */
gsize imap_filter_take (struct imap_filter *filter, void *buffer, gsize size);
/* Something is there to take; and: or is held back, since a reply has begun and not ended. */
gboolean imap_filter_has_more (const struct imap_filter *filter);
gboolean imap_filter_is_amid (const struct imap_filter *filter);
/* The last tagged reply: did it say BAD to the command with this tag? libetpan tells that from a server out of step by nothing. */
gboolean imap_filter_said_bad (const struct imap_filter *filter, const char *tag);
/* Every tagged reply in its turn, the oldest first, as "TAG OK" or "TAG" and something else; those of more than IMAP_FILTER_TAGGED back are forgotten. The
 * caller frees it; NULL: none (any more). */
#define IMAP_FILTER_TAGGED 8
char *imap_filter_next_tagged (struct imap_filter *filter);
