/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Who is known: whom the user wrote to, and which names belong to which addresses. Index workers only.
 *
 * A file of lines in the index folder, "S" or "R", address, name, with tabs between them: S for all that sent mail (the server's folder for it)
 * names in From, To, Cc and Bcc, R for the From of what was received. Lines are only ever added, each once, before the index commits the mail
 * that told them; so the table is as old as the index and is made again with it. What was received proves nothing, so R alone makes
 * nobody a contact: it gives names to those who are. */
#pragma once
#include <glib.h>

struct contacts;
struct lookalike_known;

#define CONTACTS_LINES_MAX 50000 /* of each kind; what comes later is left out */

/* writer: adds to the table; anybody else reads it and follows what the writer adds. */
struct contacts *contacts_new (const char *index_dir, gboolean writer);
void contacts_free (struct contacts *contacts);

/* The writer: learn from the head of a message. save: durable; nothing to do is TRUE. ENGINE_ERROR_FAILED: may be asked again. */
void contacts_learn (struct contacts *contacts, const char *head, gsize size, gboolean sent);
gboolean contacts_save (struct contacts *contacts, GError **error);

/* The reader. refresh: what was added since, and nothing else; the others answer from memory. */
void contacts_refresh (struct contacts *contacts);
gboolean contacts_wrote_to (struct contacts *contacts, const char *address);
/* The address of a contact (or of somebody in one of the domains own) who goes by that name, if address is none of theirs. NULL: none. */
const char *contacts_name_of (struct contacts *contacts, const char *name, const char *address, const char *const *own);
/* The domains of the contacts; borrowed. More may be added to it. */
struct lookalike_known *contacts_domains (struct contacts *contacts);

/* A name as names are compared: accents, case, titles, order and letters that look alike make no difference. NULL: too little of a
 * name (one word, or none) to tell two people apart. Pure. */
char *contacts_fold (const char *name);
