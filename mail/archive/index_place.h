/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Where in the index's folder the index lies: a folder of its own for each one that is made, and the file "current", which names the one in
 * use and is replaced as a whole. So another one takes its place in one step, on every file system, while readers go on with what they
 * have open. Indexes of earlier versions lie in the folder itself. The names of folders are never taken from anywhere but here. */
#pragma once
#include <glib.h>

char *index_place_current (const char *index_dir);                       /* absolute; caller frees */
char *index_place_next (const char *index_dir);                          /* of the one that comes after it */
gboolean index_place_switch (const char *index_dir, const char *folder); /* durable; FALSE with errno */
/* Everything that belongs to neither the current one nor keep (NULL: nothing). */
void index_place_sweep (const char *index_dir, const char *keep_or_null);
