/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The outbox's clock; the second look at keys that were good long ago; and what follows once a server took a message: its record goes to
 * Sent, its draft goes. */
#include "mail/engine/working.h"

#include <string.h>

#define SOON_S 75    /* so long the engine stays for a message that may still be taken back */
#define AGAIN_S 30   /* what is due already, and was not taken by the run before */
#define FAILED_S 300 /* after a run that came to nothing */
#define LATEST_S 3600

struct filing {
  struct core_account *account;
  const char *haste;
  GPtrArray *checked;  /* ids whose keys were looked at; NULL: none yet */
  GPtrArray *to_check; /* GVariant *: rows */
  guint check_next;
  GVariant *rows;
  GUnixFDList *fds;
  gsize next;
  char *wanted;  /* id whose row is reported; NULL: none */
  GVariant *row; /* it */
  outbox_done_fn done;
  gpointer data;
};

static void filing_next (struct filing *filing);
static void filing_start (struct filing *filing);

static void
filing_end (struct filing *filing, const GError *error)
{
  struct core_account *account = filing->account;
  account->filing = FALSE;
  server_event (account->core->server, "outbox", NULL);
  if (filing->done != NULL)
    filing->done (filing->data, filing->row, error);
  g_clear_pointer (&filing->rows, g_variant_unref);
  g_clear_pointer (&filing->row, g_variant_unref);
  g_clear_object (&filing->fds);
  g_clear_pointer (&filing->checked, g_ptr_array_unref);
  g_ptr_array_unref (filing->to_check);
  g_free (filing->wanted);
  g_free (filing);
  struct filing *waiting = account->filing ? NULL : g_queue_pop_head (&account->runs);
  if (waiting != NULL)
    filing_start (waiting);
}

static void
on_forgotten (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
}

/* The record is in Sent and in the index: the outbox may forget, and the draft it was made from may go. */
static void
on_filed_indexed (gpointer data, const GError *error)
{
  struct filing *filing = data;
  struct core_account *account = filing->account;
  g_autoptr (GVariant) row = g_variant_get_child_value (filing->rows, filing->next);
  const char *id = "", *draft = "", *message_id = "";
  (void) g_variant_lookup (row, "id", "&s", &id);
  (void) g_variant_lookup (row, "message_id", "&s", &message_id);
  (void) g_variant_lookup (row, "draft_path", "&s", &draft);
  supervised_call (account->smtp, "filed", g_variant_new_parsed ("{'id': <%s>}", id), NULL, NULL, on_forgotten, NULL);
  if (*draft != '\0') { /* the index forgets it when the imap worker says that it is gone */
    const char *paths[] = { draft, NULL }, *ids[] = { message_id, NULL };
    supervised_call (account->imap, "remove", g_variant_new_parsed ("{'paths': <%^as>}", paths), NULL, NULL,
                     on_forgotten, NULL);
    /* Record and draft are one message to the index where they have one Message-ID: it is a draft no more. */
    supervised_call (account->core->writer, "tag",
                     g_variant_new_parsed ("{'ids': <%^as>, 'add': <@as []>, 'remove': <['draft']>}", ids), NULL, NULL,
                     on_forgotten, NULL);
  }
  core_changed (account->core);
  filing->next++;
  filing_next (filing);
}

static void
on_appended (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct filing *filing = data;
  const char *path = "";
  if (error != NULL) {
    /* The outbox keeps the record, and it is filed with the next run. That is said once for each reason. */
    g_autofree char *text
        = g_strdup_printf ("The message was sent, but its copy could not be put into Sent yet: %s", error->message);
    if (g_strcmp0 (text, filing->account->unfiled) != 0)
      core_notice (filing->account->core, text);
    g_free (filing->account->unfiled);
    filing->account->unfiled = g_steal_pointer (&text);
    filing->next++;
    filing_next (filing);
    return;
  }
  g_clear_pointer (&filing->account->unfiled, g_free);
  (void) g_variant_lookup (reply, "path", "&s", &path);
  if (*path == '\0') { /* it was there before, and somebody has taken it away since */
    on_filed_indexed (filing, NULL);
    return;
  }
  arrive_own (filing->account->core, path, (const char *const[]){ "sent", NULL }, on_filed_indexed, filing);
}

static void
filing_next (struct filing *filing)
{
  for (; filing->next < g_variant_n_children (filing->rows); filing->next++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (filing->rows, filing->next);
    const char *id = "", *state = "";
    gint32 handle = -1;
    (void) g_variant_lookup (row, "id", "&s", &id);
    (void) g_variant_lookup (row, "state", "&s", &state);
    if (filing->wanted != NULL && strcmp (id, filing->wanted) == 0 && filing->row == NULL)
      filing->row = g_variant_ref (row);
    gint count = filing->fds != NULL ? g_unix_fd_list_get_length (filing->fds) : 0;
    if (strcmp (state, "accepted") != 0 || !g_variant_lookup (row, "sent", "h", &handle) || handle < 0
        || handle >= count)
      continue;
    const int *list = g_unix_fd_list_peek_fds (filing->fds, NULL);
    g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
    (void) g_unix_fd_list_append (fds, list[handle], NULL);
    /* A crash after it was stored and before the outbox heard of it must not store it twice. */
    supervised_call (
        filing->account->imap, "append",
        g_variant_new_parsed ("{'role': <'sent'>, 'data': <handle 0>, 'flags': <['seen']>, 'key': <%s>}", id), fds,
        NULL, on_appended, filing);
    return;
  }
  filing_end (filing, NULL);
}

/* ---- the clock ---- */

static gboolean
on_due (gpointer data)
{
  struct core_account *account = data;
  account->due_timer = 0;
  outbox_run (account, NULL, "", NULL, NULL); /* after the one that is at it, which has set its clock already */
  return G_SOURCE_REMOVE;
}

/* When the next one is due, and whether the engine must not leave before. */
static void
set_clock (struct core_account *account, GVariant *rows)
{
  const gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  gint64 first = G_MAXINT64;
  account->due_soon = 0;
  for (gsize i = 0; i < g_variant_n_children (rows); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
    gint64 next = 0, not_before = 0;
    (void) g_variant_lookup (row, "next", "x", &next);
    (void) g_variant_lookup (row, "not_before", "x", &not_before);
    if (next == 0)
      continue;
    first = MIN (first, next);
    if (not_before >= now && not_before - now < SOON_S)
      account->due_soon = MAX (account->due_soon, not_before + 5);
  }
  g_clear_handle_id (&account->due_timer, g_source_remove);
  if (first != G_MAXINT64)
    account->due_timer
        = g_timeout_add_seconds (first <= now ? AGAIN_S : (guint) MIN (first - now, LATEST_S), on_due, account);
}

/* A run that came to nothing tells no times: what waits must not wait for ever. */
static void
set_clock_blind (struct core_account *account)
{
  if (account->due_timer == 0)
    account->due_timer = g_timeout_add_seconds (FAILED_S, on_due, account);
}

/* ---- what people hear of it ---- */

static char *
people_in (GVariant *row, const char *wanted)
{
  g_autoptr (GVariant) people = core_rows (row, "people");
  GString *text = g_string_new (NULL);
  for (gsize i = 0; i < g_variant_n_children (people); i++) {
    g_autoptr (GVariant) person = g_variant_get_child_value (people, i);
    const char *address = "", *state = "";
    (void) g_variant_lookup (person, "address", "&s", &address);
    (void) g_variant_lookup (person, "state", "&s", &state);
    if (wanted == NULL || strcmp (state, wanted) == 0)
      g_string_append_printf (text, "%s%s", text->len > 0 ? ", " : "", address);
  }
  return g_string_free (text, FALSE);
}

static void
tell_row (struct core *core, GVariant *row, gboolean late)
{
  const char *state = "", *text = "", *wait = "";
  guint32 tries = 0;
  (void) g_variant_lookup (row, "state", "&s", &state);
  (void) g_variant_lookup (row, "text", "&s", &text);
  (void) g_variant_lookup (row, "wait", "&s", &wait);
  (void) g_variant_lookup (row, "tries", "u", &tries);
  g_autofree char *all = people_in (row, NULL), *has = people_in (row, "accepted"), *out = people_in (row, "dropped"),
                  *sentence = NULL;
  if (strcmp (state, "accepted") == 0 && *out == '\0') {
    sentence = g_strdup_printf ("Sent to %s.", all);
    core_good_news (core, sentence);
    return;
  }
  if (strcmp (state, "accepted") == 0)
    sentence = g_strdup_printf ("Sent to %s. It was taken out of the Outbox for %s, and not sent there.", has, out);
  else if (strcmp (state, "failed") == 0)
    sentence = g_strdup_printf ("Not sent to everybody: %s What to do stands in the Outbox.", text);
  else if (strcmp (state, "unknown") == 0)
    sentence = g_strdup_printf ("Not sure whether this was sent to %s: %s Decide in the Outbox.", all, text);
  else if (late)
    sentence = g_strdup_printf ("A message to %s could not be sent for a long time: %s It is still tried; look in the "
                                "Outbox, or call.",
                                all, text);
  else if (strcmp (wait, "line") == 0 && tries == 1)
    sentence
        = g_strdup_printf ("A message to %s could not be sent yet: %s It waits in the Outbox, and goes by itself as "
                           "soon as it can.",
                           all, text);
  else if (strcmp (wait, "sign-in") == 0)
    sentence = g_strdup_printf ("A message to %s waits in the Outbox: %s", all, text);
  if (sentence != NULL)
    core_notice (core, sentence);
}

/* Of what nobody waits for. */
static void
tell_news (struct filing *filing, GVariant *reply, GVariant *rows)
{
  g_autofree const char **late = NULL;
  (void) g_variant_lookup (reply, "late", "^a&s", &late);
  for (gsize i = 0; i < g_variant_n_children (rows); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
    const char *id = "";
    gboolean tried = FALSE;
    (void) g_variant_lookup (row, "id", "&s", &id);
    (void) g_variant_lookup (row, "tried", "b", &tried);
    const gboolean is_late = late != NULL && g_strv_contains (late, id);
    if ((tried || is_late) && !(filing->done != NULL && g_strcmp0 (filing->wanted, id) == 0))
      tell_row (filing->account->core, row, is_late);
  }
}

/* ---- a second look at keys ---- */

static void check_next (struct filing *filing);

static void
on_held (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct filing *filing = data;
  g_autoptr (GVariant) row = g_variant_ref (g_ptr_array_index (filing->to_check, filing->check_next));
  const char *id = "";
  (void) g_variant_lookup (row, "id", "&s", &id);
  if (error == NULL)
    g_ptr_array_add (filing->checked, g_strdup (id));
  filing->check_next++;
  check_next (filing);
}

/* Why this person must not get what was encrypted then; NULL: nothing is wrong. */
static char *
why_not (GVariant *person, GVariant *routes)
{
  const char *address = "", *key = "", *state = "";
  (void) g_variant_lookup (person, "address", "&s", &address);
  (void) g_variant_lookup (person, "state", "&s", &state);
  (void) g_variant_lookup (person, "key", "&s", &key);
  if (strcmp (state, "ready") != 0)
    return NULL;
  for (gsize i = 0; i < g_variant_n_children (routes); i++) {
    g_autoptr (GVariant) route = g_variant_get_child_value (routes, i);
    g_autoptr (GVariant) now = g_variant_lookup_value (route, "key", G_VARIANT_TYPE_VARDICT);
    const char *of = "", *method = "", *sentence = "", *fingerprint = "";
    (void) g_variant_lookup (route, "address", "&s", &of);
    (void) g_variant_lookup (route, "route", "&s", &method);
    (void) g_variant_lookup (route, "sentence", "&s", &sentence);
    if (g_ascii_strcasecmp (of, address) != 0)
      continue;
    if (now != NULL)
      (void) g_variant_lookup (now, "fingerprint", "&s", &fingerprint);
    if (strcmp (method, "hold") == 0)
      return g_strdup_printf ("%s It was encrypted before that, and was not sent. Go on writing it, so that it is "
                              "encrypted anew, or remove it.",
                              sentence);
    if (*key != '\0' && strcmp (key, fingerprint) != 0)
      return g_strdup_printf ("%s has another key than when this was encrypted, so it was not sent. Go on writing it, "
                              "and it is encrypted anew.",
                              address);
    return NULL;
  }
  return g_strdup_printf ("The key of %s could not be looked at again, so this was not sent. Try again.", address);
}

static void
on_routes (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct filing *filing = data;
  GVariant *row = g_ptr_array_index (filing->to_check, filing->check_next);
  const char *id = "";
  (void) g_variant_lookup (row, "id", "&s", &id);
  if (error != NULL) { /* it stays as it is until its keys can be looked at */
    filing->check_next++;
    check_next (filing);
    return;
  }
  g_autoptr (GVariant) people = core_rows (row, "people"), routes = core_rows (reply, "routes");
  GVariantBuilder held;
  g_variant_builder_init (&held, G_VARIANT_TYPE ("a(ss)"));
  for (gsize i = 0; i < g_variant_n_children (people); i++) {
    g_autoptr (GVariant) person = g_variant_get_child_value (people, i);
    const char *address = "";
    (void) g_variant_lookup (person, "address", "&s", &address);
    g_autofree char *why = why_not (person, routes);
    if (why != NULL)
      g_variant_builder_add (&held, "(ss)", address, why);
  }
  supervised_call (
      filing->account->smtp, "decide",
      g_variant_new_parsed ("{'id': <%s>, 'what': <'hold'>, 'held': <%@a(ss)>}", id, g_variant_builder_end (&held)),
      NULL, NULL, on_held, filing);
}

static void run (struct filing *filing);

static void
check_next (struct filing *filing)
{
  if (filing->check_next >= filing->to_check->len) {
    run (filing);
    return;
  }
  GVariant *row = g_ptr_array_index (filing->to_check, filing->check_next);
  g_autofree const char **to = NULL;
  (void) g_variant_lookup (row, "recipients", "^a&s", &to);
  supervised_call (filing->account->core->keys, "routes",
                   g_variant_new_parsed ("{'from': <%s>, 'to': <%^as>}", filing->account->account->address, to), NULL,
                   NULL, on_routes, filing);
}

/* Those that were encrypted long ago, unless they were looked at in this run. */
static gboolean
collect_unchecked (struct filing *filing, GVariant *rows)
{
  if (filing->checked != NULL)
    return FALSE;
  for (gsize i = 0; i < g_variant_n_children (rows); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
    gboolean unchecked = FALSE;
    if (g_variant_lookup (row, "unchecked", "b", &unchecked) && unchecked)
      g_ptr_array_add (filing->to_check, g_variant_ref (row));
  }
  if (filing->to_check->len == 0)
    return FALSE;
  filing->checked = g_ptr_array_new_with_free_func (g_free);
  return TRUE;
}

static void
on_run (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct filing *filing = data;
  working_run_over (filing->account);
  if (error != NULL) {
    if (!g_error_matches (error, ENGINE_ERROR, ENGINE_ERROR_CANCELLED)) /* else the account is no more */
      set_clock_blind (filing->account);
    filing_end (filing, error);
    return;
  }
  g_autoptr (GVariant) rows = core_rows (reply, "rows");
  outbox_draft_sweep (filing->account, rows);
  tell_news (filing, reply, rows);
  if (collect_unchecked (filing, rows)) {
    check_next (filing);
    return;
  }
  set_clock (filing->account, rows);
  filing->rows = g_steal_pointer (&rows);
  filing->fds = fds != NULL ? g_object_ref (fds) : NULL;
  filing_next (filing);
}

static void
run (struct filing *filing)
{
  g_auto (GVariantDict) fields = G_VARIANT_DICT_INIT (NULL);
  if (filing->wanted != NULL)
    g_variant_dict_insert (&fields, "id", "s", filing->wanted);
  g_variant_dict_insert (&fields, "haste", "s", filing->haste);
  if (filing->checked != NULL)
    g_variant_dict_insert_value (
        &fields, "checked",
        g_variant_new_strv ((const char *const *) filing->checked->pdata, (gssize) filing->checked->len));
  working_run_begun (filing->account);
  supervised_call (filing->account->smtp, "run", g_variant_dict_end (&fields), NULL, NULL, on_run, filing);
}

static void
filing_start (struct filing *filing)
{
  filing->account->filing = TRUE;
  run (filing);
}

void
outbox_run (struct core_account *account, const char *id_or_null, const char *haste, outbox_done_fn done, gpointer data)
{
  struct filing *filing = g_new0 (struct filing, 1);
  filing->account = account;
  filing->wanted = g_strdup (id_or_null);
  filing->haste = haste;
  filing->to_check = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  filing->done = done;
  filing->data = data;
  if (account->filing)
    g_queue_push_tail (&account->runs, filing);
  else
    filing_start (filing);
}
