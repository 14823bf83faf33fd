/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What the index is told about a mail: tags made from where it lies and which flags it has. Pure.
 *
 *   folder's role   inbox  sent  drafts  archive  trash    junk          other folders
 *   tag             inbox  sent  draft   archive  deleted  spam          none
 *   flag            not \Seen  \Flagged  \Answered  $Forwarded
 *   tag             unread     flagged   replied    passed                                  */
#pragma once
#include <glib.h>

/* NULL: none. */
const char *tags_of_role (const char *role);
/* Tags to add and to remove (char *, static strings) for a mail that is new (old_flags, old_role NULL), or has changed. */
void tags_between (const char *old_role, const char *old_flags, const char *new_role, const char *new_flags,
                   GPtrArray *add, GPtrArray *remove);
/* The same for whoever knows nothing of the tags that a mail has: those that stand for flags are to be these, and no others. */
void tags_of_flags (const char *flags, GPtrArray *add, GPtrArray *remove);
/* "seen","flagged","answered","draft","forwarded" as a Maildir letter; '\0': none of them. */
char tags_flag_letter (const char *name);
/* Flags with letters put in and taken out, in order. out: 8 bytes. */
void tags_flags_change (const char *flags, const char *add, const char *remove, char *out);
/* Three-way: what the server did to base, and what was done here to it. */
void tags_flags_merge (const char *base, const char *here, const char *server, char *out);
