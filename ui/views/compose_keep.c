/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Keeping what is being written without being asked: some seconds after a change, and when wardmail is told to go. It goes to Drafts,
 * encrypted like every draft, and replaces what was kept before; typing goes on meanwhile.
 *
 * What is kept so is not what the person has saved: whoever discards it has again what was saved last, or nothing. */
#include "ui/views/compose_p.h"
#include "ui/views/fields.h"
#include "ui/views/recipients.h"

#include <string.h>

static void
tick (struct view *view)
{
  struct compose *compose = (struct compose *) view;
  compose->ticking = FALSE;
  if (compose->working)
    compose_touched_later (compose);
  else if (compose->dirty)
    compose_keep (compose);
}

void
compose_touched_later (struct compose *compose)
{
  const struct settings *settings = app_settings (compose->view.app);
  if (compose->ticking)
    return;
  compose->ticking = TRUE;
  app_timer (&compose->view, 1000 * (settings != NULL ? settings->autosave_s : 30), tick);
}

void
compose_touched (struct compose *compose)
{
  compose->changed = compose->dirty = TRUE;
  if (compose->tried) { /* under its old name the outbox would take it for what it may have */
    compose->tried = FALSE;
    compose->another = TRUE;
    g_clear_pointer (&compose->message_id, g_free);
  }
  compose_touched_later (compose);
}

/* Half an address cannot stand in a message yet; it is left out until it is whole. */
static void
only_complete (GVariantDict *draft, const char *name)
{
  g_autofree const char **all = NULL;
  g_autoptr (GStrvBuilder) complete = g_strv_builder_new ();
  if (!g_variant_dict_lookup (draft, name, "^a&s", &all))
    return;
  for (const char **one = all; *one != NULL; one++)
    if (recipients_complete (*one))
      g_strv_builder_add (complete, *one);
  g_auto (GStrv) texts = g_strv_builder_end (complete);
  g_variant_dict_insert_value (draft, name, g_variant_new_strv ((const char *const *) texts, -1));
}

static void
call_save (struct compose *compose, GVariant *draft, GUnixFDList *fds, app_done_fn done)
{
  GVariantBuilder args;
  g_variant_builder_init (&args, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&args, "{sv}", "draft", draft);
  g_variant_builder_add (&args, "{sv}", "quiet", g_variant_new_boolean (TRUE));
  if (compose->draft_id != NULL)
    g_variant_builder_add (&args, "{sv}", "replaces", g_variant_new_string (compose->draft_id));
  compose->keeping = TRUE;
  app_call (&compose->view, "draft_save", g_variant_builder_end (&args), fds, done, NULL);
}

/* Said once for each reason: it is tried again with the next change. */
static void
tell_trouble (struct compose *compose, const char *sentence)
{
  if (g_strcmp0 (compose->trouble, sentence) == 0)
    return;
  g_free (compose->trouble);
  compose->trouble = g_strdup (sentence);
  app_notice (compose->view.app, NOTICE_WARN, "The message could not be kept as a draft: %s It is only in this window.",
              sentence);
}

static void
kept (struct view *view, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct compose *compose = (struct compose *) view;
  compose->keeping = FALSE;
  if (reply != NULL) {
    g_free (compose->draft_id);
    compose->draft_id = g_strdup (fields_text (reply, "id"));
    compose->kept = TRUE;
    g_clear_pointer (&compose->trouble, g_free);
  } else {
    compose->dirty = TRUE;
    tell_trouble (compose, error->message);
  }
  void (*then) (struct compose *) = compose->then;
  compose->then = NULL;
  if (then != NULL)
    then (compose);
  else if (compose->dirty)
    compose_touched_later (compose);
}

gboolean
compose_keep (struct compose *compose)
{
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  g_autoptr (GVariant) draft = compose->keeping ? NULL : compose_to_draft (compose, fds, NULL);
  if (draft == NULL)
    return compose->keeping;
  g_variant_ref_sink (draft);
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (draft);
  only_complete (&dict, "to");
  only_complete (&dict, "cc");
  only_complete (&dict, "bcc");
  /* Each one is a message of its own, so that no server takes one for another. */
  g_variant_dict_remove (&dict, "message_id");
  compose->dirty = FALSE;
  call_save (compose, g_variant_dict_end (&dict), fds, kept);
  return TRUE;
}

gboolean
compose_after_keeping (struct compose *compose, void (*then) (struct compose *compose))
{
  if (!compose->keeping)
    return FALSE;
  compose->then = then;
  return TRUE;
}

void
compose_kept_as (struct compose *compose, GVariant *reply)
{
  const char *id = fields_text (reply, "draft_id");
  if (*id == '\0')
    return;
  g_free (compose->draft_id);
  compose->draft_id = g_strdup (id);
  compose->kept = TRUE;
  compose->dirty = FALSE;
}

void
compose_saved_as (struct compose *compose, GVariant *draft, GUnixFDList *fds)
{
  g_clear_pointer (&compose->saved, g_variant_unref);
  g_clear_object (&compose->saved_fds);
  compose->saved = g_variant_ref (draft);
  compose->saved_fds = fds != NULL ? g_object_ref (fds) : NULL;
  compose->kept = FALSE;
  compose->dirty = FALSE;
}

/* ---- Discarding ---- */

static void
restored (struct view *view, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct compose *compose = (struct compose *) view;
  compose->working = compose->keeping = FALSE;
  if (reply == NULL) {
    app_notice (view->app, NOTICE_WARN, "%s The changes are still in Drafts.", error->message);
    return;
  }
  app_notice (view->app, NOTICE_INFO, "The changes are discarded; the draft is as it was, in Drafts.");
  app_close (view);
}

static void
dropped (struct view *view, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  ((struct compose *) view)->working = FALSE;
  if (reply == NULL) {
    app_notice (view->app, NOTICE_WARN, "%s The message is still in Drafts.", error->message);
    return;
  }
  app_notice (view->app, NOTICE_INFO, "The message is discarded.");
  app_close (view);
}

void
compose_discard (struct compose *compose)
{
  if (compose_after_keeping (compose, compose_discard))
    return;
  if (!compose->kept) {
    app_notice (compose->view.app, NOTICE_INFO,
                compose->draft_id == NULL ? "The message is discarded."
                                          : "The changes are discarded; the draft is as it was, in Drafts.");
    app_close (&compose->view);
    return;
  }
  compose->working = TRUE;
  if (compose->saved != NULL) {
    call_save (compose, compose->saved, compose->saved_fds, restored);
    return;
  }
  GVariantBuilder args;
  g_variant_builder_init (&args, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&args, "{sv}", "id", g_variant_new_string (compose->draft_id));
  app_call (&compose->view, "draft_drop", g_variant_builder_end (&args), NULL, dropped, NULL);
}
