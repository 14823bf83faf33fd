/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* IMAP keywords (RFC 9051, 2.3.2) as tags, and back. Pure.
 *
 *   keyword   $MDNSent   $Junk, Junk   $NotJunk, NonJunk   $Phishing   $Important   $label1 to $label5 (Thunderbird's)
 *   tag       mdn-sent   junk          notjunk             phishing    important    label1 to label5
 *
 * $Forwarded is the flag P, as in tags.h. Any other keyword is a tag of the same name in small letters, and any other tag a keyword; what a
 * keyword cannot hold (capitals, since keywords know no case, and what is no ASCII) is written =XX in it. Keywords that could mean one of
 * wardmail's own tags (inbox, unread, encrypted...) are left alone, and those tags stay here.
 *
 * A set of keywords is a text: small letters, in order, with a space between them; NULL is the empty set, too. */
#pragma once
#include <glib.h>

#define KEYWORDS_MAX 32    /* of a mail; one that has more keeps them, and none of them is a tag */
#define KEYWORD_LENGTH 100 /* bytes */

/* NULL: the tag is not for the server, or too long for it. */
char *keywords_of_tag (const char *tag);
/* NULL: the keyword is no tag. */
char *keywords_tag (const char *keyword);
/* As it is written to a server: "$MDNSent" for "$mdnsent". keyword: borrowed for the result's life. */
const char *keywords_wire (const char *keyword);
gboolean keywords_has (const char *set, const char *keyword);
gboolean keywords_equal (const char *a, const char *b);
/* The set with the keywords of these tags put in and taken out; never more than KEYWORDS_MAX. NULL-terminated lists or NULL. */
char *keywords_change (const char *set, const char *const *add_tags, const char *const *remove_tags);
/* What stands in one and not in the other. */
char *keywords_without (const char *set, const char *other);
char *keywords_with (const char *set, const char *other);
/* Three-way: what the server did to base, and what was done here to it. */
char *keywords_merge (const char *base, const char *here, const char *server);
/* Tags to add and to remove (char *, kept in texts) for a mail that had the old and has the new set. */
void keywords_tags_between (const char *old_set, const char *new_set, GStringChunk *texts, GPtrArray *add,
                            GPtrArray *remove);
