/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What the forms of `key` share. */
#pragma once
#include <gio/gunixfdlist.h>
#include "ui/commands/command.h"
#include "ui/commands/command_json.h"

extern const struct command_json_field command_key_fields[]; /* of a row of "key_list" */
void command_key_print (GVariant *keys);
/* A reply's file to path, or to standard output where that is NULL or "-". field: its name in the reply. */
gboolean command_key_write (GVariant *reply, GUnixFDList *fds, const char *field, const char *path_or_null,
                            GError **error);
/* What came of "key_new" or "key_renew" with a request: to out_or_null, or standard output, and on standard error what to do with it. */
enum command_exit command_key_requested (GVariant *requests, GUnixFDList *fds, const char *out_or_null, gboolean json);
void command_key_print_made (GVariant *reply); /* as JSON */
/* A new passphrase: from fd, or twice on the terminal. NULL with error. */
struct secret *command_key_passphrase (int fd, const char *question, GError **error);

enum command_exit command_key_new (struct command_context *context, int argc, char **argv);
enum command_exit command_key_request (struct command_context *context, int argc, char **argv);
enum command_exit command_key_backup (struct command_context *context, int argc, char **argv);
enum command_exit command_key_restore (struct command_context *context, int argc, char **argv);
enum command_exit command_key_renew (struct command_context *context, int argc, char **argv);
enum command_exit command_key_revoke (struct command_context *context, int argc, char **argv);
enum command_exit command_key_export (struct command_context *context, int argc, char **argv);
enum command_exit command_key_card (struct command_context *context, int argc, char **argv);
