/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What happens to a written message: sent, kept as a draft, or handed to the person's own editor for a while. */
#include "ui/later.h"
#include "ui/screen/here.h"
#include "ui/screen/prompt.h"
#include "ui/views/compose_p.h"
#include "ui/views/fields.h"
#include "ui/views/recipients.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define RETURN_MS 1000
#define EDITED_MAX (8u * 1024 * 1024)

/* ---- Sending ---- */

static void
come_back (struct view *view)
{
  /* Never under the fingers of somebody who is typing. */
  if (app_typing (view->app))
    app_timer (view, RETURN_MS, come_back);
  else
    app_foreground (view);
}

static void
done_with (struct compose *compose)
{
  compose->changed = FALSE;
  if (app_in_background (&compose->view))
    app_end (&compose->view);
  else
    app_close (&compose->view);
}

static void
not_done (struct compose *compose)
{
  if (app_in_background (&compose->view))
    come_back (&compose->view);
}

/* The sentence says which address it is about, in most cases. */
static char *
held_line (GVariant *route)
{
  const char *sentence = fields_text (route, "sentence"), *address = fields_text (route, "address");
  if (g_str_has_prefix (sentence, "HELD: "))
    sentence += strlen ("HELD: ");
  if (strstr (sentence, address) != NULL)
    return g_strdup_printf ("HELD: %s", sentence);
  return g_strdup_printf ("HELD: %s: %s", address, sentence);
}

static void
tell_held (struct compose *compose, GVariant *reply)
{
  struct app *app = compose->view.app;
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GVariant) held = fields_rows (reply, "held");
  const gboolean kept = fields_flag (reply, "kept");
  const char *first = "";
  g_ptr_array_add (
      lines, g_strdup (kept ? "Nothing was sent to anybody. The message is in Drafts, encrypted to you."
                            : "Nothing was sent to anybody. The message is in this window alone: no key of your own "
                              "could be used to keep it in Drafts."));
  for (gsize i = 0; i < g_variant_n_children (held); i++) {
    g_autoptr (GVariant) route = g_variant_get_child_value (held, i);
    g_ptr_array_add (lines, g_strdup (""));
    g_ptr_array_add (lines, held_line (route));
    g_autofree char *next = here_words (fields_text (route, "next"), "^Y");
    if (*next != '\0')
      g_ptr_array_add (lines, g_strdup_printf ("What to do: %s", next));
    if (i == 0)
      first = fields_text (route, "sentence");
  }
  g_ptr_array_add (lines, g_strdup (""));
  g_ptr_array_add (lines,
                   g_strdup ("You can take them out of the recipients and send again, or leave and go on later."));
  if (g_str_has_prefix (first, "HELD: "))
    first += strlen ("HELD: ");
  app_notice (app, NOTICE_WARN, "HELD: nothing was sent: %s The message is %s.", first,
              kept ? "in Drafts" : "still here, and nowhere else");
  compose->changed = !kept;
  if (kept && *fields_text (reply, "message_id") != '\0') {
    g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
    GVariant *draft = compose_to_draft (compose, fds, NULL);
    g_autoptr (GVariant) now = draft != NULL ? g_variant_ref_sink (draft) : NULL;
    if (now != NULL)
      compose_saved_as (compose, now, fds);
    g_free (compose->draft_id);
    compose->draft_id = g_strdup (fields_text (reply, "message_id"));
  }
  not_done (compose);
  if (app_is_top (&compose->view))
    app_push (app, text_view_lines (app, "HELD: nothing was sent", lines, ""));
}

static void call_send (struct compose *compose);

static void
removed (struct view *view, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct compose *compose = (struct compose *) view;
  compose->working = FALSE;
  if (reply != NULL)
    compose_kept_as (compose, reply);
}

/* It was refused for everybody and is here again, to be mended: in the outbox it would only be in the way. */
static void
out_of_outbox (struct compose *compose, const char *id)
{
  GVariantBuilder args;
  compose->changed = compose->dirty = TRUE;
  compose_touched_later (compose);
  if (*id == '\0')
    return;
  g_variant_builder_init (&args, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&args, "{sv}", "id", g_variant_new_string (id));
  g_variant_builder_add (&args, "{sv}", "what", g_variant_new_string ("take-back"));
  compose->working = TRUE; /* it is put into Drafts, and only once */
  app_call (&compose->view, "outbox_decide", g_variant_builder_end (&args), NULL, removed, NULL);
}

static void
sent (struct view *view, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct compose *compose = (struct compose *) view;
  compose->working = FALSE;
  app_work_done (view->app);
  if (reply == NULL && g_error_matches (error, ENGINE_ERROR, ENGINE_ERROR_LOST)
      && compose->lost++ < COMPOSE_LOST_TRIES) {
    call_send (compose); /* by its Message-ID the engine knows what the one before has sent */
    return;
  }
  if (reply == NULL) {
    app_notice (view->app, NOTICE_WARN, "%s The message is still here.", error->message);
    not_done (compose);
    return;
  }
  compose->lost = 0;
  const char *state = fields_text (reply, "state"), *text = fields_text (reply, "text");
  if (strcmp (state, "scheduled") == 0 && compose->later == 0) {
    compose_undo_wait (compose, reply);
    return;
  }
  g_autoptr (GVariant) copy_rows = fields_rows (reply, "copies");
  g_autofree char *copies = recipients_copies (copy_rows);
  if (strcmp (state, "sent") == 0) {
    if (*copies != '\0')
      app_notice (view->app, NOTICE_INFO, "Sent: %s.", copies);
    else
      app_notice (view->app, NOTICE_INFO, "%s", *text != '\0' ? text : "Sent.");
    done_with (compose);
  } else if (strcmp (state, "scheduled") == 0) {
    g_autofree char *when = fields_long_date (fields_time (reply, "not_before"));
    app_notice (view->app, NOTICE_INFO,
                "The message waits in the Outbox. It goes on %s if wardmail is open then, and else when it is opened.",
                when);
    done_with (compose);
  } else if (strcmp (state, "queued") == 0 || strcmp (state, "unknown") == 0 || strcmp (state, "partly") == 0) {
    app_notice (view->app, NOTICE_WARN, "%s",
                *text != '\0' ? text
                              : "The message waits in the Outbox and is sent as soon as the server can be reached.");
    done_with (compose);
  } else if (strcmp (state, "held") == 0) {
    tell_held (compose, reply);
  } else {
    out_of_outbox (compose, fields_text (reply, "outbox"));
    app_notice (view->app, NOTICE_WARN, "%s The message is still here.",
                *text != '\0' ? text : "The message was not sent.");
    not_done (compose);
  }
}

/* A draft that has a Message-ID keeps it, unless it was sent and changed since; the others get theirs here, before the engine could die with them. */
static GVariant *
named (struct compose *compose, GVariant *draft)
{
  const struct settings *settings = app_settings (compose->view.app);
  const char *at = settings != NULL ? strrchr (settings->address, '@') : NULL;
  g_autoptr (GVariant) whole = g_variant_ref_sink (draft); /* the dictionary reads it when it is first used */
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (whole);
  if (compose->another)
    g_variant_dict_remove (&dict, "message_id");
  if (compose->message_id == NULL && at != NULL && g_str_is_ascii (at)) {
    g_autofree char *uuid = g_uuid_string_random ();
    compose->message_id = g_strconcat (uuid, at, NULL);
  }
  if (compose->message_id != NULL && !g_variant_dict_contains (&dict, "message_id"))
    g_variant_dict_insert (&dict, "message_id", "s", compose->message_id);
  return g_variant_dict_end (&dict);
}

static void
call_send (struct compose *compose)
{
  if (compose_after_keeping (compose, call_send))
    return;
  g_autoptr (GError) error = NULL;
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  GVariant *draft = compose_to_draft (compose, fds, &error);
  if (draft == NULL) {
    app_notice (compose->view.app, NOTICE_WARN, "%s", error->message);
    return;
  }
  GVariantBuilder args;
  g_variant_builder_init (&args, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&args, "{sv}", "draft", named (compose, draft));
  g_variant_builder_add (&args, "{sv}", "wait", g_variant_new_boolean (TRUE));
  g_variant_builder_add (&args, "{sv}", "again", g_variant_new_boolean (compose->lost > 0));
  const struct settings *settings = app_settings (compose->view.app);
  if (compose->later != 0)
    g_variant_builder_add (&args, "{sv}", "not_before", g_variant_new_int64 (compose->later));
  else if (settings != NULL && settings->undo_s > 0)
    g_variant_builder_add (&args, "{sv}", "delay_s", g_variant_new_uint32 (settings->undo_s));
  if (compose->draft_id != NULL)
    g_variant_builder_add (&args, "{sv}", "draft_id", g_variant_new_string (compose->draft_id));
  compose->working = compose->tried = TRUE;
  app_notice (compose->view.app, NOTICE_INFO, "Encrypting and sending… (Esc: go on with something else meanwhile)");
  app_call (&compose->view, "send", g_variant_builder_end (&args), fds, sent, NULL);
}

static void
without_subject (struct app *app, char choice, gpointer data)
{
  if (choice == 's')
    call_send (data);
}

static char *
first_wrong (struct compose *compose)
{
  for (int f = FIELD_TO; f <= FIELD_BCC; f++) {
    g_auto (GStrv) pieces = recipients_split (compose->fields[f].text->str);
    for (char **piece = pieces; *piece != NULL; piece++)
      if (!recipients_complete (*piece))
        return g_strdup (*piece);
  }
  return NULL;
}

static void
begin (struct compose *compose)
{
  static const char *const choices[] = { "s", "Send", "b", "Back to the message", NULL };
  struct app *app = compose->view.app;
  g_autofree char *wrong = first_wrong (compose);
  gboolean nobody = TRUE;
  for (int f = FIELD_TO; f <= FIELD_BCC; f++)
    nobody = nobody && strspn (compose->fields[f].text->str, " ,;") == compose->fields[f].text->len;
  if (wrong != NULL) {
    app_notice (app, NOTICE_WARN,
                "“%s” is no mail address. Nothing was sent; correct it, for example name@hospital.example.", wrong);
    return;
  }
  if (nobody) {
    compose->focus = FIELD_TO;
    app_notice (app, NOTICE_WARN, "Nobody to send to yet. Type an address after To:");
    return;
  }
  if (strspn (compose->fields[FIELD_SUBJECT].text->str, " ") == compose->fields[FIELD_SUBJECT].text->len)
    prompt_choice (app, "The message has no subject. Send it all the same?", choices, without_subject, compose);
  else
    call_send (compose);
}

void
compose_send (struct compose *compose)
{
  compose->later = 0;
  begin (compose);
}

static void
when_answered (struct app *app, const char *text, gpointer data)
{
  struct compose *compose = data;
  gint64 at = 0;
  if (text == NULL)
    return;
  if (!later_parse (text, app_now (), &at)) {
    app_notice (app, NOTICE_WARN,
                "“%s” is no time to come. Nothing was sent; write for example 14:30, tomorrow 08:00, mon 08:00 or "
                "2026-12-24 08:00.",
                text);
    return;
  }
  compose->later = at;
  begin (compose);
}

void
compose_send_later (struct compose *compose)
{
  prompt_line (compose->view.app, "Send when (14:30, tomorrow 08:00, mon 08:00, 2026-12-24 08:00):", "", PROMPT_PLAIN,
               NULL, when_answered, compose);
}

/* ---- Keeping ---- */

static void
saved (struct view *view, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct compose *compose = (struct compose *) view;
  compose->working = FALSE;
  app_work_done (view->app);
  if (reply == NULL) {
    app_notice (view->app, NOTICE_WARN, "%s The message is not saved, but still here.", error->message);
    return;
  }
  compose->changed = compose->dirty = FALSE;
  app_notice (view->app, NOTICE_INFO, "The message is in Drafts, encrypted to you.");
  app_close (view);
}

void
compose_save (struct compose *compose)
{
  if (compose_after_keeping (compose, compose_save))
    return;
  g_autoptr (GError) error = NULL;
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  GVariant *draft = compose_to_draft (compose, fds, &error);
  if (draft == NULL) {
    app_notice (compose->view.app, NOTICE_WARN, "%s", error->message);
    return;
  }
  GVariantBuilder args;
  g_variant_builder_init (&args, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&args, "{sv}", "draft", draft);
  if (compose->draft_id != NULL)
    g_variant_builder_add (&args, "{sv}", "replaces", g_variant_new_string (compose->draft_id));
  compose->working = TRUE;
  app_call (&compose->view, "draft_save", g_variant_builder_end (&args), fds, saved, NULL);
}

/* ---- The person's own editor ---- */

static void
remove_folder (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);
  GDir *dir = g_dir_open (folder, 0, NULL);
  const char *name;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) { /* an editor may leave copies beside the file */
    g_autofree char *left = g_build_filename (folder, name, NULL);
    g_unlink (left);
  }
  if (dir != NULL)
    g_dir_close (dir);
  g_rmdir (folder);
}

static void
edited (struct view *view, gboolean done_well)
{
  struct compose *compose = (struct compose *) view;
  g_autofree char *path = g_steal_pointer (&compose->edit_path);
  g_autofree char *text = NULL;
  gsize size = 0;
  if (!done_well)
    app_notice (view->app, NOTICE_WARN, "The editor ended with an error; the text is as it was before.");
  else if (!g_file_get_contents (path, &text, &size, NULL) || size > EDITED_MAX)
    app_notice (view->app, NOTICE_WARN, "What the editor wrote could not be read; the text is as it was before.");
  else {
    if (size > 0 && text[size - 1] == '\n')
      text[size - 1] = '\0';
    editor_set_text (compose->body, text);
    compose_touched (compose);
  }
  remove_folder (path);
}

static char *
write_out (struct compose *compose, GError **error)
{
  g_autofree char *folder = g_build_filename (app_paths (compose->view.app)->data_dir, "tmp", "edit-XXXXXX", NULL);
  g_autofree char *above = g_path_get_dirname (folder);
  if (g_mkdir_with_parents (above, 0700) != 0 || g_mkdtemp_full (folder, 0700) == NULL) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "The text could not be handed to the editor: %s.",
                 g_strerror (errno));
    return NULL;
  }
  g_autofree char *path = g_build_filename (folder, "message.txt", NULL);
  g_autofree char *body = editor_text (compose->body), *text = g_strconcat (body, "\n", NULL);
  if (g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_NONE, 0600, error))
    return g_steal_pointer (&path);
  remove_folder (path);
  return NULL;
}

static const char *
editor_command (const struct settings *settings)
{
  if (settings != NULL && settings->editor != NULL && *settings->editor != '\0')
    return settings->editor;
  const char *visual = g_getenv ("VISUAL"), *editor = g_getenv ("EDITOR");
  return visual != NULL && *visual != '\0' ? visual : editor != NULL && *editor != '\0' ? editor : "nano";
}

static void
start_editor (struct app *app, char choice, gpointer data)
{
  struct compose *compose = data;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) words = NULL;
  if (choice != 'e')
    return;
  if (g_shell_parse_argv (editor_command (app_settings (app)), NULL, &words, &error)
      && (compose->edit_path = write_out (compose, &error)) != NULL) {
    g_autoptr (GStrvBuilder) argv = g_strv_builder_new ();
    g_strv_builder_addv (argv, (const char **) words);
    g_strv_builder_add (argv, compose->edit_path);
    g_auto (GStrv) command = g_strv_builder_end (argv);
    if (app_run (&compose->view, command, edited, &error))
      return;
    remove_folder (compose->edit_path);
    g_clear_pointer (&compose->edit_path, g_free);
  }
  app_notice (app, NOTICE_WARN, "The editor could not be started: %s", error->message);
}

void
compose_external (struct compose *compose)
{
  static const char *const choices[] = { "e", "Edit there", "s", "Stay here", NULL };
  prompt_choice (compose->view.app, "The text leaves wardmail for your editor, unencrypted in a private folder. Go on?",
                 choices, start_editor, compose);
}
