/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* One message as the engine shows it, for the commands that read one: show, verify, reply. */
#pragma once
#include "ui/commands/command.h"
#include "ui/commands/command_json.h"

extern const struct command_json_field command_view_fields[]; /* of `show --json` */
extern const struct command_json_field command_view_signature[];
extern const struct command_json_field command_view_encryption[];

/* target: a file, "-", or "id:MESSAGE-ID". Puts "file" or "id" into args and, for a file, its fd into fds. */
gboolean command_view_name (GVariantDict *args, GUnixFDList *fds, const char *target, GError **error);
/* Any method that takes a message and perhaps a part of it. Its reply; NULL with error. */
GVariant *command_view_call (struct command_context *context, const char *method, const char *target, const char *at,
                             const char *part_or_null, GUnixFDList **fds_out, GError **error);
/* The view, a{sv}; at: NULL or RFC 3339. A missing profile is no obstacle for a file. */
GVariant *command_view_fetch (struct command_context *context, const char *target, const char *at, GError **error);
/* A profile, a real one where target is in the store. */
gboolean command_view_need_profile (struct command_context *context, const char *target, GError **error);
/* Why only the header of it is here, as a sentence; NULL: all of it is. Caller frees. */
char *command_view_missing (GVariant *view);
/* The verdict in one line for people. */
char *command_view_verdict (GVariant *view);
