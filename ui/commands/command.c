/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A command and its engine: the profile it works on, its calls, and the questions that come back. */
#include "ui/commands/command.h"
#include "ui/views/fields.h"
#include "ui/commands/command_ask.h"
#include "ui/commands/command_out.h"
#include "ui/working.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SLOW_S 4
#define LINE_COLUMNS 78
#define LEAVE_MS 3000

gboolean
command_need_settings (struct command_context *context, GError **error)
{
  if (context->settings == NULL)
    context->settings = settings_load (context->paths, error);
  return context->settings != NULL;
}

gboolean
command_need_any_profile (struct command_context *context, GError **error)
{
  g_autoptr (GError) cause = NULL;
  if (command_need_settings (context, &cause))
    return TRUE;
  if (!g_error_matches (cause, CONFIG_ERROR, CONFIG_ERROR_MISSING)) {
    g_propagate_error (error, g_steal_pointer (&cause));
    return FALSE;
  }
  const char *runtime = g_getenv ("XDG_RUNTIME_DIR");
  g_autofree char *template
      = g_build_filename (runtime != NULL && g_path_is_absolute (runtime) ? runtime : "/tmp", "wardmail-XXXXXX", NULL);
  if (g_mkdtemp_full (template, 0700) == NULL) {
    g_set_error (error, CONFIG_ERROR, CONFIG_ERROR_FAILED, "A private folder for this command could not be made (%s).",
                 g_strerror (errno));
    return FALSE;
  }
  context->temporary = g_steal_pointer (&template);
  paths_free (context->paths);
  context->paths = paths_new (context->temporary);
  return paths_make (context->paths, error);
}

static void
asked (guint ask, const char *kind, const char *text, gpointer data)
{
  struct command_context *context = data;
  g_autofree char *question = command_out_sentence (text);
  g_autofree char *prompt = g_strdup_printf ("%s: ", question);
  AUTOFREE (secret) secret = g_steal_pointer (&context->passphrase);
  if (secret == NULL && command_ask_possible ())
    secret = command_ask (-1, prompt, NULL);
  engine_answer (context->engine, ask, secret != NULL ? secret_peek (secret) : NULL);
}

/* Nobody waits in silence: after a few seconds, one sentence. */
static gboolean
on_slow (gpointer data)
{
  struct command_context *context = data;
  context->slow = 0;
  command_out_aside ("Still at work, or waiting for a server. Ctrl-C leaves it; nothing is lost.");
  return G_SOURCE_REMOVE;
}

static void
show_line (struct command_context *context, char *line_take)
{
  g_clear_handle_id (&context->slow, g_source_remove); /* it is not silent */
  command_out_working (line_take);
  g_free (line_take);
}

static void
heard (const char *event, GVariant *fields, gpointer data)
{
  const char *text = NULL;
  if (g_str_equal (event, "notice") && g_variant_lookup (fields, "text", "&s", &text))
    command_out_aside ("%s", text);
  else if (g_str_equal (event, "working") && !working_is_short (fields))
    show_line (data, working_line (fields, LINE_COLUMNS));
  else if (g_str_equal (event, "progress") && ((struct command_context *) data)->fetching)
    show_line (data, working_fetching_fields (fields, LINE_COLUMNS));
}

GVariant *
command_call (struct command_context *context, const char *method, GVariant *args, GUnixFDList *fds,
              GUnixFDList **fds_out, GError **error)
{
  if (context->engine == NULL) {
    context->engine = engine_new (context->paths);
    engine_set_ask (context->engine, asked, context);
    engine_set_event (context->engine, heard, context);
  }
  context->slow = g_timeout_add_seconds (SLOW_S, on_slow, context);
  GVariant *reply = engine_call_wait (context->engine, method, args, fds, fds_out, error);
  g_clear_handle_id (&context->slow, g_source_remove);
  command_out_working (NULL);
  return reply;
}

void
command_tell_incomplete (struct command_context *context)
{
  g_autoptr (GVariant) reply = command_call (context, "status", NULL, NULL, NULL, NULL);
  gboolean indexing = FALSE;
  if (reply != NULL && g_variant_lookup (reply, "indexing", "b", &indexing) && indexing)
    (void) command_out_refuse (COMMAND_DONE,
                               "The search index was lost or damaged and is not whole again, so that not all mail is "
                               "found yet. No mail is lost; `wardmail reindex` makes it anew and waits for the end.");
}

/* Folders and links alike, without following any. */
static void
remove_tree (const char *path)
{
  GStatBuf status;
  if (g_lstat (path, &status) == 0 && S_ISDIR (status.st_mode)) {
    GDir *dir = g_dir_open (path, 0, NULL);
    const char *name;
    while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
      g_autofree char *child = g_build_filename (path, name, NULL);
      remove_tree (child);
    }
    if (dir != NULL)
      g_dir_close (dir);
  }
  g_remove (path);
}

/* The engine of a temporary profile must have gone before its folder is taken away. */
static void
leave_temporary (struct command_context *context)
{
  guint32 pid = 0;
  int handle = -1;
  if (context->engine != NULL) {
    g_autoptr (GVariant) reply = engine_call_wait (
        context->engine, "hello", g_variant_new_parsed ("{'version': <%s>}", PACKAGE_VERSION), NULL, NULL, NULL);
    if (reply != NULL && g_variant_lookup (reply, "pid", "u", &pid) && pid > 1)
      handle = (int) syscall (SYS_pidfd_open, (pid_t) pid, 0);
  }
  if (context->engine != NULL)
    engine_free (g_steal_pointer (&context->engine));
  if (handle >= 0) {
    struct pollfd gone = { .fd = handle, .events = POLLIN };
    if (syscall (SYS_pidfd_send_signal, handle, SIGTERM, NULL, 0) != 0 || poll (&gone, 1, LEAVE_MS) != 1)
      g_debug ("the engine of a temporary profile has not left");
    close (handle);
  }
  remove_tree (context->temporary);
}

void
command_context_clear (struct command_context *context)
{
  if (context->temporary != NULL)
    leave_temporary (context);
  if (context->engine != NULL)
    engine_free (context->engine);
  settings_free (context->settings);
  paths_free (context->paths);
  secret_free (context->passphrase);
  g_free (context->temporary);
}

gboolean
command_options (int *argc, char ***argv, const GOptionEntry *entries, GError **error)
{
  g_autoptr (GOptionContext) options = g_option_context_new (NULL);
  g_option_context_set_help_enabled (options, FALSE);
  g_option_context_add_main_entries (options, entries, NULL);
  return g_option_context_parse (options, argc, argv, error);
}

gboolean
command_text (const char *text_or_null, GError **error)
{
  const char *const texts[] = { text_or_null, NULL };
  return command_texts (texts, error);
}

gboolean
command_texts (const char *const *texts, GError **error)
{
  for (gsize i = 0; texts != NULL && texts[i] != NULL; i++)
    if (!g_utf8_validate (texts[i], -1, NULL)) {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   "An argument is not UTF-8 text, which is all that can be taken here.");
      return FALSE;
    }
  return TRUE;
}

gboolean
command_take_passphrase (struct command_context *context, int fd, GError **error)
{
  if (fd < 0)
    return TRUE;
  secret_free (context->passphrase);
  context->passphrase = command_ask (fd, "", error);
  return context->passphrase != NULL;
}

GVariant *
command_secret (const struct secret *secret)
{
  return fields_secret (secret_peek (secret), secret_size (secret));
}
