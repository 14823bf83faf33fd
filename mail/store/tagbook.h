/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What a person said about the tags of a message, where nothing else would know it again: not the server, nor the name of the file. An index
 * can be made anew from the mail; this cannot, so it is kept apart from it, in SQLite. The index writer only.
 *
 * By the message's id in its form for travelling; each tag is either put on or taken off. */
#pragma once
#include <glib.h>

struct tagbook;

/* What cannot be read is moved aside and begun anew. fresh_out: there was none, or none that could be read. */
struct tagbook *tagbook_open (const char *file, gboolean *fresh_out, GError **error);
void tagbook_free (struct tagbook *book);
/* Between begin and commit; commit is durable, or FALSE and nothing was noted. */
void tagbook_begin (struct tagbook *book);
void tagbook_note (struct tagbook *book, const char *id, const char *tag, gboolean on);
void tagbook_forget (struct tagbook *book, const char *id, const char *tag);
gboolean tagbook_commit (struct tagbook *book, GError **error);
void tagbook_drop (struct tagbook *book); /* instead of commit: nothing was noted */
void tagbook_read (struct tagbook *book, const char *id, GPtrArray *on, GPtrArray *off); /* char *, appended */
