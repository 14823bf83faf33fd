/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A draft on its way from the command line to the engine, and what the engine says of it: shared by send and sendmail. */
#pragma once
#include "ui/commands/command.h"

struct command_draft {
  GVariantDict fields;         /* of the draft, but for the attachments */
  GVariantBuilder attachments; /* a(ssh) */
  GUnixFDList *fds;
};
void command_draft_init (struct command_draft *draft);
void command_draft_clear (struct command_draft *draft);
/* The user's own From where text is NULL. */
gboolean command_draft_from (struct command_draft *draft, struct command_context *context, const char *text_or_null,
                             GError **error);
/* The public halves of the sender's own keys, one file each kind. from_or_null: as it was given. FALSE with error: there is none. */
gboolean command_draft_attach_keys (struct command_draft *draft, struct command_context *context,
                                    const char *from_or_null, GError **error);
gboolean command_draft_attach (struct command_draft *draft, const char *path, GError **error);

struct command_draft_how {
  gboolean json, dry_run;
  gint64 later;        /* not before then; 0: at once */
  const char *out_dir; /* write the copies there and send nothing; NULL */
};
/* Sends (or not) and reports. The draft is used up. */
enum command_exit command_draft_send (struct command_draft *draft, struct command_context *context,
                                      const struct command_draft_how *how);
