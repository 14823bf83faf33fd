/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Mail that came in: from the imap workers' events into the index, one after the other, in the order in which it happened.
 *
 * A mail counts as indexed when the index has it durably; only then is the imap worker told, so that whatever dies in between, it is
 * reported again. */
#include "mail/engine/core.h"

#include <string.h>

#define SETTLE_S 300         /* between two times */
#define AGAIN_S 15           /* after the index failed */
#define CHANGED_EVERY_MS 400 /* the screen is not told more often */

struct step {
  struct core_account *account;
  char *event;
  GVariant *fields;
};

static void account_next (struct core_account *account);

static gboolean
on_tell_changed (gpointer data)
{
  struct core *core = data;
  guint arrived = 0;
  for (guint i = 0; i < core->accounts->len; i++) {
    struct core_account *account = g_ptr_array_index (core->accounts, i);
    arrived += account->arrived;
    account->arrived = 0;
  }
  core->tell_timer = 0;
  core->told_changed = g_get_monotonic_time ();
  server_event (core->server, "changed", g_variant_new_parsed ("{'new': <%u>}", arrived));
  return G_SOURCE_REMOVE;
}

void
core_changed (struct core *core)
{
  if (core->tell_timer != 0)
    return;
  gint64 since_ms = core->told_changed > 0 ? (g_get_monotonic_time () - core->told_changed) / 1000 : CHANGED_EVERY_MS;
  core->tell_timer = g_timeout_add ((guint) MAX (CHANGED_EVERY_MS - MAX (since_ms, 0), 0), on_tell_changed, core);
}

void
core_tell_changed (struct core *core)
{
  if (core->tell_timer == 0)
    return;
  g_source_remove (core->tell_timer);
  (void) on_tell_changed (core);
}

static void
tell_state (struct core_account *account, GVariant *fields)
{
  const char *state = "", *text = "";
  (void) g_variant_lookup (fields, "state", "&s", &state);
  (void) g_variant_lookup (fields, "text", "&s", &text);
  g_free (account->state);
  g_free (account->text);
  account->state = g_strdup (state);
  account->text = g_strdup (text);
  server_event (
      account->core->server, "state",
      g_variant_new_parsed ("{'account': <%s>, 'state': <%s>, 'text': <%s>}", account->account->name, state, text));
}

static void
account_drained (struct core_account *account)
{
  g_autoptr (GPtrArray) waiters = g_steal_pointer (&account->drained);
  account->drained = g_ptr_array_new ();
  g_autoptr (GError) error = waiters->len > 0 ? g_steal_pointer (&account->arrive_error) : NULL;
  g_autoptr (GVariant) settled = g_steal_pointer (&account->settled);
  if (settled != NULL) {
    core_tell_changed (account->core);
    tell_state (account, settled);
  }
  for (guint i = 0; i < waiters->len; i++) {
    struct core_waiter *waiter = g_ptr_array_index (waiters, i);
    waiter->done (waiter->data, error);
    g_free (waiter);
  }
}

static void
step_end (struct step *step)
{
  struct core_account *account = step->account;
  core_changed (account->core);
  g_variant_unref (step->fields);
  g_free (step->event);
  g_free (step);
  account->arriving = FALSE;
  account_next (account);
}

static void
on_told (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
}

void
arrive_again_now (struct core_account *account)
{
  if (account->again_timer == 0)
    return;
  g_clear_handle_id (&account->again_timer, g_source_remove);
  supervised_call (account->imap, "report", NULL, NULL, NULL, on_told, NULL);
}

static gboolean
on_again (gpointer data)
{
  arrive_again_now (data);
  return G_SOURCE_REMOVE;
}

void
arrive_again (struct core_account *account)
{
  if (account->again_timer == 0 && g_ptr_array_find (account->core->accounts, account, NULL))
    account->again_timer = g_timeout_add_seconds (AGAIN_S, on_again, account);
}

void
arrive_settle (struct core_account *account)
{
  const gint64 now = g_get_monotonic_time ();
  if (now - account->settled_us < (gint64) SETTLE_S * G_USEC_PER_SEC || account->again_timer != 0 || account->arriving
      || !g_queue_is_empty (&account->arrivals))
    return;
  account->settled_us = now;
  supervised_call (account->imap, "settle", NULL, NULL, NULL, on_told, NULL);
}

/* The index did not take it. The imap worker was not told, so it can report it again. */
static void
step_failed (struct step *step, const GError *error)
{
  arrive_again (step->account);
  g_autofree char *text = g_strdup_printf (
      "New mail could not be put into the index: %s It is safe, and is tried again later.", error->message);
  core_notice (step->account->core, text);
  g_clear_error (&step->account->arrive_error);
  step->account->arrive_error = g_error_new_literal (error->domain, error->code, text);
}

static void
on_acknowledged (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  step_end (data);
}

/* Would a person call it new mail? What was read elsewhere, what he wrote himself and junk are none. */
static gboolean
is_news (GVariant *row)
{
  static const char *const others[] = { "sent", "draft", "spam", "deleted" };
  g_autofree const char **tags = NULL;
  g_autoptr (GVariant) was = g_variant_lookup_value (row, "was", NULL); /* its header was here before */
  gboolean news = was == NULL && g_variant_lookup (row, "add", "^a&s", &tags) && g_strv_contains (tags, "unread");
  for (gsize i = 0; news && i < G_N_ELEMENTS (others); i++)
    news = !g_strv_contains (tags, others[i]);
  return news;
}

static void
on_mails_indexed (gpointer data, const GError *error)
{
  struct step *step = data;
  if (error != NULL) {
    step_failed (step, error);
    step_end (step);
    return;
  }
  GVariantBuilder paths;
  g_variant_builder_init (&paths, G_VARIANT_TYPE ("as"));
  g_autoptr (GVariant) rows = core_rows (step->fields, "mails");
  for (gsize i = 0; i < g_variant_n_children (rows); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
    const char *path = "";
    (void) g_variant_lookup (row, "path", "&s", &path);
    const gboolean report = ledger_has (step->account->core, path);
    if (!ledger_is_taking (step->account->core, path))
      g_variant_builder_add (&paths, "s", path);
    g_clear_error (&step->account->arrive_error);
    step->account->arrived += !report && is_news (row) ? 1 : 0;
  }
  supervised_call (step->account->imap, "indexed",
                   g_variant_new_parsed ("{'paths': <%@as>}", g_variant_builder_end (&paths)), NULL, NULL,
                   on_acknowledged, step);
}

static void
on_removed (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct step *step = data;
  if (error != NULL)
    step_failed (step, error);
  step_end (step);
}

static void
on_retagged (gpointer data, const GError *error)
{
  struct step *step = data;
  if (error != NULL)
    step_failed (step, error);
  step_end (step);
}

/* After a move: the new paths get the tags that follow from their folder and flags. */
static void
on_moved (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct step *step = data;
  if (error != NULL) {
    step_failed (step, error);
    step_end (step);
    return;
  }
  g_autoptr (GVariant) moves = g_variant_lookup_value (step->fields, "moves", G_VARIANT_TYPE ("a(ssasas)"));
  GVariantBuilder rows;
  g_variant_builder_init (&rows, G_VARIANT_TYPE ("aa{sv}"));
  for (gsize i = 0; i < g_variant_n_children (moves); i++) {
    const char *old, *new;
    g_autoptr (GVariant) add = NULL, remove = NULL;
    g_variant_get_child (moves, i, "(&s&s@as@as)", &old, &new, &add, &remove);
    g_variant_builder_add (
        &rows, "@a{sv}",
        g_variant_new_parsed ("{'path': <%s>, 'add': <%@as>, 'remove': <%@as>, 'moved': <%s>}", new, add, remove, old));
  }
  arrive_rows (step->account->core, g_variant_builder_end (&rows), on_retagged, step);
}

static void
start_moved (struct step *step)
{
  g_autoptr (GVariant) moves = g_variant_lookup_value (step->fields, "moves", G_VARIANT_TYPE ("a(ssasas)"));
  GVariantBuilder pairs;
  g_variant_builder_init (&pairs, G_VARIANT_TYPE ("a(ss)"));
  for (gsize i = 0; i < g_variant_n_children (moves); i++) {
    const char *old, *new;
    g_variant_get_child (moves, i, "(&s&sasas)", &old, &new, NULL, NULL);
    if (strcmp (old, new) != 0)
      g_variant_builder_add (&pairs, "(ss)", old, new);
  }
  supervised_call (step->account->core->writer, "moved",
                   g_variant_new_parsed ("{'moves': <%@a(ss)>}", g_variant_builder_end (&pairs)), NULL, NULL, on_moved,
                   step);
}

static void
account_next (struct core_account *account)
{
  if (account->arriving)
    return;
  g_autoptr (GVariant) pair = g_queue_pop_head (&account->arrivals);
  if (pair == NULL) {
    account_drained (account);
    return;
  }
  struct step *step = g_new0 (struct step, 1);
  step->account = account;
  g_variant_get (pair, "(s@a{sv})", &step->event, &step->fields);
  account->arriving = TRUE;
  g_autoptr (GVariant) rows = core_rows (step->fields, "mails");
  if (strcmp (step->event, "mails") == 0)
    arrive_rows (account->core, rows, on_mails_indexed, step);
  else if (strcmp (step->event, "moved") == 0)
    start_moved (step);
  else
    supervised_call (account->core->writer, "removed", step->fields, NULL, NULL, on_removed, step);
}

/* That all is fetched is true for a person when all of it can be seen. */
static void
note_state (struct core_account *account, GVariant *fields)
{
  const char *state = "";
  (void) g_variant_lookup (fields, "state", "&s", &state);
  g_clear_pointer (&account->settled, g_variant_unref);
  if (strcmp (state, "idle") == 0 && account->arriving)
    account->settled = g_variant_ref (fields);
  else
    tell_state (account, fields);
}

void
arrive_event (struct core_account *account, const char *event, GVariant *fields)
{
  if (strcmp (event, "state") == 0) {
    note_state (account, fields);
  } else if (strcmp (event, "progress") == 0) {
    g_auto (GVariantDict) told = G_VARIANT_DICT_INIT (fields);
    g_variant_dict_insert (&told, "account", "s", account->account->name);
    server_event (account->core->server, "progress", g_variant_dict_end (&told));
  } else if (strcmp (event, "notice") == 0) {
    const char *text = "";
    (void) g_variant_lookup (fields, "text", "&s", &text);
    core_notice (account->core, text);
  } else if (strcmp (event, "folders") == 0) {
    server_event (account->core->server, "folders", NULL);
  } else {
    g_queue_push_tail (&account->arrivals, g_variant_ref_sink (g_variant_new ("(s@a{sv})", event, fields)));
    account_next (account);
  }
}

void
arrive_when_done (struct core_account *account, core_done_fn done, gpointer data)
{
  struct core_waiter *waiter = g_new0 (struct core_waiter, 1);
  waiter->done = done;
  waiter->data = data;
  g_ptr_array_add (account->drained, waiter);
  account_next (account);
}

void
arrive_forget (struct core_account *account)
{
  g_clear_handle_id (&account->again_timer, g_source_remove);
  g_queue_clear_full (&account->arrivals, (GDestroyNotify) g_variant_unref);
  g_clear_pointer (&account->settled, g_variant_unref);
  if (!account->arriving)
    account_drained (account);
}
