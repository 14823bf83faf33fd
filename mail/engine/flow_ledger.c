/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What became of what was sent: reports that come in go to the ledgers of the smtp workers, and what those know is told.
 *
 * A report may wait until a worker has sent what it is sending. The mail that brought it is indexed meanwhile, but its imap worker is told so only when the
 * ledgers have it: what dies in between is reported again. Taking it in twice changes nothing. */
#include "mail/engine/core.h"

#include <string.h>

#define LOOK_EVERY_US (600 * G_USEC_PER_SEC) /* for what is overdue */
#define IDS_MAX 500

/* ---- reports ---- */

struct taking {
  struct core *core;
  char *path;
  GVariant *report;
  guint next;
  gboolean failed, indexed, settled, ended;
};

static void
taking_free (gpointer data)
{
  struct taking *taking = data;
  g_variant_unref (taking->report);
  g_free (taking->path);
  g_free (taking);
}

void
ledger_init (struct core *core)
{
  core->reports = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, taking_free);
}

static char *
day_of (GVariant *row)
{
  gint64 date = 0;
  (void) g_variant_lookup (row, "date", "x", &date);
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_local (date);
  return time != NULL ? g_date_time_format (time, "%d %b %H:%M") : g_strdup ("?");
}

/* One notice for all rows that failed, or are overdue: the first is named. */
static void
tell_rows (struct core *core, GVariant *rows, gboolean failed)
{
  const char *wanted = failed ? "failed" : "overdue";
  g_autofree char *first = NULL;
  guint others = 0;
  for (gsize i = 0; i < g_variant_n_children (rows); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
    const char *state = "", *address = "";
    (void) g_variant_lookup (row, "state", "&s", &state);
    (void) g_variant_lookup (row, "address", "&s", &address);
    if (strcmp (state, wanted) != 0)
      continue;
    g_autofree char *day = day_of (row);
    if (first == NULL)
      first = g_strdup_printf ("of %s to %s", day, address);
    else
      others++;
  }
  if (first == NULL)
    return;
  g_autofree char *more = others > 0 ? g_strdup_printf (" (and %u more)", others) : g_strdup ("");
  g_autofree char *text
      = failed
            ? g_strdup_printf ("Your message %s%s was not delivered. Open it in Sent to read why; if it matters, call.",
                               first, more)
            : g_strdup_printf ("No report came that your message %s%s was delivered. It may have arrived all the same; "
                               "if it matters, ask the recipient.",
                               first, more);
  core_notice (core, text);
}

static void take_next (struct taking *taking);

static void
on_acknowledged (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
}

/* What nobody need read lies where it is, and does not stand in the way. */
static void
settle (const struct taking *taking)
{
  const char *id = "";
  if (taking->settled && g_variant_lookup (taking->report, "id", "&s", &id) && *id != '\0')
    change_marks (taking->core, id, LEDGER_SETTLED, "unread");
}

static void
take_end (struct taking *taking)
{
  struct core *core = taking->core;
  struct core_account *account = core_account_for_path (core, taking->path);
  core->busy--;
  taking->ended = TRUE;
  if (account != NULL && !taking->indexed)
    return; /* the index is still at it, and then ledger_is_taking is asked */
  if (!taking->failed && account != NULL) {
    const char *paths[] = { taking->path, NULL };
    supervised_call (account->imap, "indexed", g_variant_new_parsed ("{'paths': <%^as>}", paths), NULL, NULL,
                     on_acknowledged, NULL);
    settle (taking);
  }
  g_hash_table_remove (core->reports, taking->path);
}

static void
on_taken (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct taking *taking = data;
  gboolean settled = FALSE;
  taking->failed = taking->failed || error != NULL;
  if (reply != NULL)
    (void) g_variant_lookup (reply, "settled", "b", &settled);
  taking->settled = taking->settled || settled;
  g_autoptr (GVariant) rows = reply != NULL ? core_rows (reply, "rows") : NULL;
  if (rows != NULL && g_variant_n_children (rows) > 0) {
    server_event (taking->core->server, "delivery", NULL);
    tell_rows (taking->core, rows, TRUE);
  }
  take_next (taking);
}

static void
take_next (struct taking *taking)
{
  if (taking->next >= taking->core->accounts->len) {
    take_end (taking);
    return;
  }
  struct core_account *account = g_ptr_array_index (taking->core->accounts, taking->next++);
  supervised_call (account->smtp, "report", g_variant_new_parsed ("{'report': <%@a{sv}>}", taking->report), NULL, NULL,
                   on_taken, taking);
}

void
ledger_take (struct core *core, const char *path, GVariant *report)
{
  if (g_hash_table_contains (core->reports, path))
    return;
  struct taking *taking = g_new0 (struct taking, 1);
  taking->core = core;
  taking->path = g_strdup (path);
  taking->report = g_variant_ref (report);
  core->busy++;
  g_hash_table_insert (core->reports, taking->path, taking);
  take_next (taking);
}

gboolean
ledger_has (struct core *core, const char *path)
{
  return g_hash_table_contains (core->reports, path);
}

gboolean
ledger_is_taking (struct core *core, const char *path)
{
  struct taking *taking = g_hash_table_lookup (core->reports, path);
  if (taking == NULL)
    return FALSE;
  taking->indexed = TRUE;
  if (!taking->ended)
    return TRUE;
  const gboolean failed = taking->failed; /* then the mail comes again with the next start */
  if (!failed)
    settle (taking);
  g_hash_table_remove (core->reports, path);
  return failed;
}

/* ---- what is overdue ---- */

static void
on_looked (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct core_account *account = data;
  g_autoptr (GVariant) rows = reply != NULL ? core_rows (reply, "rows") : NULL;
  if (rows == NULL || g_variant_n_children (rows) == 0)
    return;
  server_event (account->core->server, "delivery", NULL);
  tell_rows (account->core, rows, FALSE);
}

void
ledger_look (struct core_account *account)
{
  const gint64 now = g_get_monotonic_time ();
  if (account->looked_us != 0 && now - account->looked_us < LOOK_EVERY_US)
    return;
  account->looked_us = now;
  supervised_call (account->smtp, "overdue", NULL, NULL, NULL, on_looked, account);
}

/* ---- telling ---- */

struct telling {
  struct core *core;
  struct request *request;
  GVariant *ids; /* as; NULL: the newest */
  guint next;
  GPtrArray *rows; /* GVariant * */
};

static void
telling_free (struct telling *telling)
{
  request_unref (telling->request);
  g_clear_pointer (&telling->ids, g_variant_unref);
  g_ptr_array_unref (telling->rows);
  g_free (telling);
}

static gint64
date_of (GVariant *row)
{
  gint64 date = 0;
  (void) g_variant_lookup (row, "date", "x", &date);
  return date;
}

static gint
newer_first (gconstpointer a, gconstpointer b)
{
  const gint64 one = date_of (*(GVariant *const *) a), other = date_of (*(GVariant *const *) b);
  return one > other ? -1 : one < other;
}

static void
telling_reply (struct telling *telling)
{
  request_reply (
      telling->request,
      g_variant_new_parsed (
          "{'rows': <%@aa{sv}>}",
          g_variant_new_array (G_VARIANT_TYPE_VARDICT, (GVariant *const *) telling->rows->pdata, telling->rows->len)),
      NULL);
  telling_free (telling);
}

static const char *
id_of (GVariant *row)
{
  const char *id = "";
  (void) g_variant_lookup (row, "message_id", "&s", &id);
  return id;
}

/* Without them nothing else that is known is held back. */
static void
on_subjects (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct telling *telling = data;
  g_autoptr (GVariant) found = error == NULL ? core_rows (reply, "rows") : NULL;
  g_autoptr (GHashTable) subjects = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  for (gsize i = 0; found != NULL && i < g_variant_n_children (found); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (found, i);
    char *id, *subject;
    if (g_variant_lookup (row, "id", "s", &id))
      g_hash_table_insert (subjects, id, g_variant_lookup (row, "subject", "s", &subject) ? subject : g_strdup (""));
  }
  for (guint i = 0; i < telling->rows->len; i++) {
    GVariant *row = g_ptr_array_index (telling->rows, i);
    const char *subject = g_hash_table_lookup (subjects, id_of (row));
    g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (row);
    if (subject != NULL)
      g_variant_dict_insert (&dict, "subject", "s", subject);
    telling->rows->pdata[i] = g_variant_ref_sink (g_variant_dict_end (&dict));
    g_variant_unref (row);
  }
  telling_reply (telling);
}

/* From the index, where they lie already: the ledger has none. */
static void
ask_subjects (struct telling *telling)
{
  g_autoptr (GPtrArray) ids = g_ptr_array_new ();
  for (guint i = 0; i < telling->rows->len; i++) { /* rows of one message stand together */
    const char *id = id_of (g_ptr_array_index (telling->rows, i));
    if (i == 0 || strcmp (id, g_ptr_array_index (ids, ids->len - 1)) != 0)
      g_ptr_array_add (ids, (gpointer) id);
  }
  if (ids->len == 0)
    telling_reply (telling);
  else
    supervised_call (telling->core->reader, "find",
                     g_variant_new_parsed ("{'ids': <%@as>}",
                                           g_variant_new_strv ((const char *const *) ids->pdata, (gssize) ids->len)),
                     NULL, telling->request, on_subjects, telling);
}

static void
on_told (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct telling *telling = data;
  if (error != NULL) {
    request_fail (telling->request, error);
    telling_free (telling);
    return;
  }
  g_autoptr (GVariant) rows = reply != NULL ? core_rows (reply, "rows") : NULL;
  for (gsize i = 0; rows != NULL && i < g_variant_n_children (rows); i++)
    g_ptr_array_add (telling->rows, g_variant_get_child_value (rows, i));
  if (telling->next < telling->core->accounts->len) {
    struct core_account *account = g_ptr_array_index (telling->core->accounts, telling->next++);
    guint32 limit = 0;
    g_auto (GVariantDict) args = G_VARIANT_DICT_INIT (NULL);
    if (telling->ids != NULL)
      g_variant_dict_insert_value (&args, "ids", telling->ids);
    else if (g_variant_lookup (telling->request->fields, "limit", "u", &limit))
      g_variant_dict_insert (&args, "limit", "u", limit);
    supervised_call (account->smtp, "delivery", g_variant_dict_end (&args), NULL, telling->request, on_told, telling);
    return;
  }
  g_ptr_array_sort (telling->rows, newer_first); /* it is stable: rows of one message stay in their order */
  ask_subjects (telling);
}

static void
on_query (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct telling *telling = data;
  g_autoptr (GVariant) rows = reply != NULL ? core_rows (reply, "rows") : NULL;
  GVariantBuilder ids;
  g_variant_builder_init (&ids, G_VARIANT_TYPE_STRING_ARRAY);
  for (gsize i = 0; rows != NULL && i < g_variant_n_children (rows) && i < IDS_MAX; i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
    const char *id = "";
    (void) g_variant_lookup (row, "id", "&s", &id);
    g_variant_builder_add (&ids, "s", id);
  }
  telling->ids = g_variant_ref_sink (g_variant_builder_end (&ids));
  on_told (NULL, NULL, error, telling);
}

void
flow_delivery (struct core *core, struct request *request)
{
  struct telling *telling = g_new0 (struct telling, 1);
  const char *query = NULL;
  telling->core = core;
  telling->request = request_ref (request);
  telling->rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  telling->ids = g_variant_lookup_value (request->fields, "ids", G_VARIANT_TYPE_STRING_ARRAY);
  if (telling->ids != NULL || !g_variant_lookup (request->fields, "query", "&s", &query)) {
    on_told (NULL, NULL, NULL, telling);
    return;
  }
  g_autofree char *sent = g_strdup_printf ("tag:sent and (%s)", query);
  supervised_call (core->reader, "find", g_variant_new_parsed ("{'query': <%s>}", sent), NULL, NULL, on_query, telling);
}
