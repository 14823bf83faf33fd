/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Asking a recipient who is held for a key: the note is shown as it would be sent, and goes only when the person says so. */
#include "ui/screen/prompt.h"
#include "ui/views/compose_p.h"
#include "ui/views/fields.h"

#include <string.h>

struct note {
  char *address;
  gint64 date;       /* as shown */
  struct view *page; /* it stands on */
  gboolean again;    /* the person knows that one was sent today */
};

static void
note_free (gpointer data)
{
  struct note *note = data;
  prompt_withdraw (note->page->app, note);
  g_free (note->address);
  g_free (note);
}

static void send_note (struct note *note);

static void
again_answered (struct app *app, char choice, gpointer data)
{
  struct note *note = data;
  if (choice != 'y')
    return;
  note->again = TRUE;
  send_note (note);
}

static void
sent (struct view *page, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  static const char *const choices[] = { "y", "Send it again", "n", "Do not send", NULL };
  struct note *note = data;
  if (reply != NULL && strcmp (fields_text (reply, "state"), "told") == 0) {
    prompt_choice (page->app, fields_text (reply, "text"), choices, again_answered, note);
  } else if (reply != NULL) {
    app_notice (page->app, strcmp (fields_text (reply, "state"), "sent") == 0 ? NOTICE_INFO : NOTICE_WARN, "%s",
                fields_text (reply, "text"));
    app_close (page);
  } else {
    app_notice (page->app, NOTICE_WARN, "%s", error->message);
  }
}

static void
send_note (struct note *note)
{
  GVariantBuilder args;
  g_variant_builder_init (&args, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&args, "{sv}", "address", g_variant_new_string (note->address));
  g_variant_builder_add (&args, "{sv}", "date", g_variant_new_int64 (note->date));
  g_variant_builder_add (&args, "{sv}", "again", g_variant_new_boolean (note->again));
  app_notice (note->page->app, NOTICE_INFO, "Sending the note…");
  app_call (note->page, "tell", g_variant_builder_end (&args), NULL, sent, note);
}

static void
sure_answered (struct app *app, char choice, gpointer data)
{
  if (choice == 'y')
    send_note (data);
}

static void
ask (struct view *page, gpointer data)
{
  static const char *const choices[] = { "y", "Send it", "n", "Do not send", NULL };
  struct note *note = data;
  g_autofree char *question
      = g_strdup_printf ("Send this note to %s, without protection? Anybody on the way can read it.", note->address);
  prompt_choice (page->app, question, choices, sure_answered, note);
}

static void
shown (struct view *view, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  const char *address = data;
  if (reply != NULL && !app_is_top (view))
    return;
  if (reply == NULL) {
    app_notice (view->app, NOTICE_WARN, "%s", error->message);
    return;
  }
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);
  g_auto (GStrv) text = g_strsplit (fields_text (reply, "message"), "\r\n", -1);
  g_ptr_array_add (lines, g_strdup (fields_text (reply, "text")));
  g_ptr_array_add (lines, g_strdup (""));
  for (char **line = text; *line != NULL; line++)
    g_ptr_array_add (lines, g_strdup (*line));
  struct note *note = g_new0 (struct note, 1);
  note->address = g_strdup (address);
  note->date = fields_time (reply, "date");
  note->page = text_view_note (view->app, "A note that asks for a key", lines, ask, note, note_free);
  app_push (view->app, note->page);
}

/* The first who would be helped by it; who was shown the note before comes last. */
static char *
next_address (struct compose *compose)
{
  g_autofree char *first = NULL;
  for (gsize i = 0; compose->routes != NULL && i < g_variant_n_children (compose->routes); i++) {
    g_autoptr (GVariant) route = g_variant_get_child_value (compose->routes, i);
    const char *address = fields_text (route, "address");
    if (!fields_flag (route, "tell"))
      continue;
    if (!g_hash_table_contains (compose->told, address))
      return g_strdup (address);
    if (first == NULL)
      first = g_strdup (address);
  }
  return g_steal_pointer (&first);
}

void
compose_tell (struct compose *compose)
{
  if (compose->told == NULL)
    compose->told = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autofree char *address = next_address (compose);
  if (address == NULL) {
    app_notice (compose->view.app, NOTICE_INFO, "There is no recipient here who should be asked for a key.");
    return;
  }
  g_hash_table_add (compose->told, g_strdup (address));
  GVariantBuilder args;
  g_variant_builder_init (&args, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&args, "{sv}", "address", g_variant_new_string (address));
  app_call_take (&compose->view, "tell", g_variant_builder_end (&args), shown, g_strdup (address), g_free);
}
