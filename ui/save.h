/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Writing an attachment to a file: a new one, for its owner alone; nothing is overwritten and no link is followed. */
#pragma once
#include <gio/gio.h>

/* What a person typed as the name of a file: "~" is the home folder, and what begins at no root is in the folder from (NULL: where wardmail was
 * started). */
char *save_path (const char *typed, const char *from_or_null);
/* The new file's descriptor; -1 with a sentence that names it. */
int save_create (const char *path, GError **error);
gboolean save_write (int to, const char *bytes, gsize size); /* all of them; FALSE with errno */
/* All of from, from its start, into to, which is closed. On error the file at path is removed, with a sentence. */
gboolean save_copy (int from, int to_take, const char *path, GError **error);
/* A new file in folder (made if needed, private), under name or a name with a number. path_out: where; -1 with a sentence. */
int save_create_in (const char *folder, const char *name, char **path_out, GError **error);
/* All of from as a new file at path, there whole or not at all, also when the machine stops; compared with what was meant. save_whole.c */
gboolean save_whole (int from, const char *path, GError **error);
