/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* New, rename, remove: the questions and what is said afterwards. */
#include "ui/views/sidebar_folder.h"

#include "ui/screen/prompt.h"
#include "ui/views/fields.h"

#include <string.h>

/* What is being asked about. The left side is there as long as the screen. */
struct question {
  struct view *sidebar;
  const char *action;
  char *account, *folder; /* folder: its path; NULL for a new one */
};

static void
question_free (struct question *question)
{
  g_free (question->account);
  g_free (question->folder);
  g_free (question);
}

/* NULL, and said: there is nothing that could be done to it. */
static struct question *
question_new (struct view *sidebar, const char *action, const struct folder *folder, gboolean whole)
{
  gboolean mine = folder != NULL && *folder->account != '\0' && strcmp (folder->account, "local") != 0;
  if (!mine || (whole && *folder->path == '\0')) {
    app_notice (sidebar->app, NOTICE_INFO, "Go to a folder of a mail account first; this one stays as it is.");
    return NULL;
  }
  struct question *question = g_new0 (struct question, 1);
  question->sidebar = sidebar;
  question->action = action;
  question->account = g_strdup (folder->account);
  question->folder = whole ? g_strdup (folder->path) : NULL;
  return question;
}

static void
done (struct view *view, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  if (reply == NULL)
    app_notice (view->app, NOTICE_WARN, "%s", error->message);
  else
    app_notice (view->app, NOTICE_INFO, "%s%s", (const char *) data,
                fields_flag (reply, "online") ? "" : " The server is told as soon as there is a connection.");
}

static void
ask_engine (const struct question *question, const char *name, const char *to, const char *said)
{
  g_autofree char *folder = g_strconcat (question->account, "/", name, NULL);
  GVariantBuilder args;
  g_variant_builder_init (&args, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&args, "{sv}", "action", g_variant_new_string (question->action));
  g_variant_builder_add (&args, "{sv}", "folder", g_variant_new_string (folder));
  if (to != NULL)
    g_variant_builder_add (&args, "{sv}", "to", g_variant_new_string (to));
  app_call (question->sidebar, "folder", g_variant_builder_end (&args), NULL, done, (gpointer) said);
}

static void
named (struct app *app, const char *text, gpointer data)
{
  struct question *question = data;
  gboolean renames = question->folder != NULL;
  if (text != NULL && *text != '\0')
    ask_engine (question, renames ? question->folder : text, renames ? text : NULL,
                renames ? "The folder has its new name." : "The folder is made.");
  question_free (question);
}

static void
sure (struct app *app, char choice, gpointer data)
{
  struct question *question = data;
  if (choice == 'r')
    ask_engine (question, question->folder, NULL, "The folder is removed.");
  question_free (question);
}

void
sidebar_folder_create (struct view *sidebar, const struct folder *folder)
{
  struct question *question = question_new (sidebar, "create", folder, FALSE);
  if (question == NULL)
    return;
  g_autofree char *label = g_strdup_printf ("New folder in %s (a / begins a folder in a folder):", question->account);
  prompt_line (sidebar->app, label, NULL, PROMPT_PLAIN, NULL, named, question);
}

void
sidebar_folder_rename (struct view *sidebar, const struct folder *folder)
{
  struct question *question = question_new (sidebar, "rename", folder, TRUE);
  if (question != NULL)
    prompt_line (sidebar->app, "New name:", folder->name, PROMPT_PLAIN, NULL, named, question);
}

void
sidebar_folder_remove (struct view *sidebar, const struct folder *folder)
{
  static const char *const choices[] = { "r", "remove it", "k", "keep it", NULL };
  struct question *question = question_new (sidebar, "remove", folder, TRUE);
  if (question == NULL)
    return;
  g_autofree char *text
      = folder->total == 0
            ? g_strdup_printf ("Remove the empty folder %s, here and on the server?", folder->name)
            : g_strdup_printf ("Remove %s with the %u mail%s in it, here and on the server? Nobody can undo that.",
                               folder->name, folder->total, folder->total == 1 ? "" : "s");
  prompt_choice (sidebar->app, text, choices, sure, question);
}
