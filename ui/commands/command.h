/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What every subcommand shares: its row in the table, its context, its exit codes.
 *
 * A subcommand is one file, command_NAME.c with one function command_NAME, and one row in commands.c; help and the check of the
 * man page come from the row. It reads its arguments, asks the engine, and writes; it holds no mail and no keys of its own. */
#pragma once
#include "config/paths.h"
#include "config/settings.h"
#include "crypto/guard/secret.h"
#include "mail/engine.h"

/* The contract of the command line; see wardmail(1). */
enum command_exit { COMMAND_DONE = 0, COMMAND_FAILED, COMMAND_USAGE, COMMAND_HELD, COMMAND_LOCKED, COMMAND_UNVERIFIED };

struct command_context {
  const char *profile; /* --profile DIR, or NULL */
  struct paths *paths;
  struct settings *settings; /* NULL until command_need_settings */
  struct engine *engine;     /* NULL until the first call */
  struct secret *passphrase; /* from --passphrase-fd, until it is asked for; NULL */
  gboolean fetching;         /* the call under way fetches mail: how far it is belongs on the terminal */
  guint slow;                /* the timer of the call under way; 0: none */
  char *temporary;           /* the folder of a profile that lives for this command alone; NULL */
};

struct command {
  const char *name;
  const char *arguments; /* one or several forms, divided by newlines */
  const char *help;      /* one sentence */
  enum command_exit (*run) (struct command_context *context, int argc, char **argv); /* argv[0] is the name */
};
/* Ends with a NULL name; in the order of help. */
extern const struct command commands[];
const struct command *commands_find (const char *name);
/* argv[0] is the subcommand. Returns the exit code of the process. */
int commands_run (const char *profile, int argc, char **argv);

/* The settings are there, or MISSING and the like. */
gboolean command_need_settings (struct command_context *context, GError **error);
/* The same, but where there is no profile at all a private one is made that lives for this command alone: for judging a message file,
 * which needs no account and no keys. */
gboolean command_need_any_profile (struct command_context *context, GError **error);
/* args: floating a{sv}; fds may be NULL, borrowed. */
/* Says so on standard error where a search cannot have found everything, for the index is being made anew. */
void command_tell_incomplete (struct command_context *context);
GVariant *command_call (struct command_context *context, const char *method, GVariant *args, GUnixFDList *fds,
                        GUnixFDList **fds_out, GError **error);
/* Takes the context's things apart, a temporary profile too. */
void command_context_clear (struct command_context *context);

/* GOption for a subcommand: options may stand anywhere before "--". FALSE with G_OPTION_ERROR. */
gboolean command_options (int *argc, char ***argv, const GOptionEntry *entries, GError **error);
/* All of them UTF-8? NULL entries and a NULL list are fine. */
gboolean command_texts (const char *const *texts, GError **error);
gboolean command_text (const char *text_or_null, GError **error);
/* The end of --passphrase-fd. */
gboolean command_take_passphrase (struct command_context *context, int fd, GError **error);
/* A secret as "ay" for a call, wiped when the call's arguments are freed. Floating. */
GVariant *command_secret (const struct secret *secret);

enum command_exit command_account (struct command_context *context, int argc, char **argv);
enum command_exit command_ca (struct command_context *context, int argc, char **argv);
enum command_exit command_cert_check (struct command_context *context, int argc, char **argv);
enum command_exit command_count (struct command_context *context, int argc, char **argv);
enum command_exit command_delivery (struct command_context *context, int argc, char **argv);
enum command_exit command_explain (struct command_context *context, int argc, char **argv);
enum command_exit command_folder (struct command_context *context, int argc, char **argv);
enum command_exit command_help (struct command_context *context, int argc, char **argv);
enum command_exit command_import (struct command_context *context, int argc, char **argv);
enum command_exit command_key (struct command_context *context, int argc, char **argv);
enum command_exit command_outbox (struct command_context *context, int argc, char **argv);
enum command_exit command_receipt (struct command_context *context, int argc, char **argv);
enum command_exit command_reply (struct command_context *context, int argc, char **argv);
enum command_exit command_search (struct command_context *context, int argc, char **argv);
enum command_exit command_send (struct command_context *context, int argc, char **argv);
enum command_exit command_sendmail (struct command_context *context, int argc, char **argv);
enum command_exit command_setup (struct command_context *context, int argc, char **argv);
enum command_exit command_show (struct command_context *context, int argc, char **argv);
enum command_exit command_sync (struct command_context *context, int argc, char **argv);
enum command_exit command_reindex (struct command_context *context, int argc, char **argv);
enum command_exit command_tag (struct command_context *context, int argc, char **argv);
enum command_exit command_tell (struct command_context *context, int argc, char **argv);
enum command_exit command_verify (struct command_context *context, int argc, char **argv);
enum command_exit command_version (struct command_context *context, int argc, char **argv);
