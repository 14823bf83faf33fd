/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What a command takes in: files and standard input, copied once into sealed memory, so that what the engine judges cannot change under
 * it and no worker needs to see the caller's files. */
#pragma once
#include <gio/gio.h>
#include <gio/gunixfdlist.h>

#define COMMAND_INPUT_MAX (64u * 1024 * 1024)
/* path: a file, or "-" for standard input. Returns a sealed fd at offset 0, which the caller closes, or -1.
 * A named pipe from which nothing comes for some seconds is an error, as is what never ends. */
int command_input_open (const char *path, gsize size_max, GError **error);
/* The same, into the list; *handle_out is its place there. */
gboolean command_input_append (GUnixFDList *fds, const char *path, gint32 *handle_out, GError **error);
/* Standard input up to a line that is one dot, as sendmail reads it without -i. */
gboolean command_input_append_dotted (GUnixFDList *fds, gint32 *handle_out, GError **error);
/* All of standard input as UTF-8 text; "\r\n" becomes "\n". */
char *command_input_text (gsize size_max, GError **error);
