/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The index worker: one writer, and a reader that may die and be started again. No network, no keys; the mail's folder is read-only to it,
 * but for what is imported. */
#include "mail/workers/worker.h"

#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "mail/archive/import.h"
#include "mail/workers/index_p.h"
#include "mail/workers/sandbox.h"

#define QUERIES_MAX 200
#define SHADOW_MAX (64u * 1024 * 1024)

static struct index_db *
database (struct worker *worker)
{
  struct state *state = worker_state (worker);
  return state->db;
}

static GVariant *
threads (struct worker *worker, GVariant *args, GError **error)
{
  const char *query = "";
  guint32 limit = 0, offset = 0;
  gboolean more = FALSE, recipients = FALSE;
  g_variant_lookup (args, "query", "&s", &query);
  g_variant_lookup (args, "limit", "u", &limit);
  g_variant_lookup (args, "offset", "u", &offset);
  g_variant_lookup (args, "recipients", "b", &recipients);
  GVariant *rows = index_query_threads (database (worker), query, limit, offset, recipients, &more, error);
  if (rows == NULL)
    return NULL;
  GVariantBuilder reply;
  g_variant_builder_init (&reply, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&reply, "{sv}", "rows", rows);
  g_variant_builder_add (&reply, "{sv}", "more", g_variant_new_boolean (more));
  return g_variant_builder_end (&reply);
}

static GVariant *
thread (struct worker *worker, GVariant *args, GError **error)
{
  const char *id = "", *query = NULL;
  g_variant_lookup (args, "thread", "&s", &id);
  g_variant_lookup (args, "query", "&s", &query);
  GVariant *rows = index_thread_rows (database (worker), id, query, error);
  return rows != NULL ? worker_reply_one ("rows", rows) : NULL;
}

static GVariant *
count (struct worker *worker, GVariant *args, GError **error)
{
  const char *query = "";
  guint result = 0;
  g_variant_lookup (args, "query", "&s", &query);
  return index_query_count (database (worker), query, &result, error)
             ? worker_reply_one ("count", g_variant_new_uint32 (result))
             : NULL;
}

static GVariant *
counts (struct worker *worker, GVariant *args, GError **error)
{
  g_autoptr (GVariant) queries = g_variant_lookup_value (args, "queries", G_VARIANT_TYPE_STRING_ARRAY);
  gsize length = 0;
  g_autofree const char **texts = g_variant_get_strv (queries, &length);
  if (length > QUERIES_MAX) {
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_USAGE, "At most %d searches can be counted at once.", QUERIES_MAX);
    return NULL;
  }
  g_autofree guint32 *results = g_new0 (guint32, length + 1);
  for (gsize i = 0; i < length; i++) {
    guint result = 0;
    if (!index_query_count (database (worker), texts[i], &result, error))
      return NULL;
    results[i] = result;
  }
  return worker_reply_one ("counts",
                           g_variant_new_fixed_array (G_VARIANT_TYPE_UINT32, results, length, sizeof *results));
}

/* Field name of args as strings; NULL if it is not there. The array is the caller's, the strings are not. */
static const char **
strings (GVariant *args, const char *name)
{
  g_autoptr (GVariant) value = g_variant_lookup_value (args, name, G_VARIANT_TYPE_STRING_ARRAY);
  return value != NULL ? g_variant_get_strv (value, NULL) : NULL;
}

static GVariant *
find (struct worker *worker, GVariant *args, GError **error)
{
  const char *query = NULL;
  g_autofree const char **ids = strings (args, "ids");
  g_variant_lookup (args, "query", "&s", &query);
  GVariant *rows = index_find_rows (database (worker), ids, query, error);
  return rows != NULL ? worker_reply_one ("rows", rows) : NULL;
}

static GVariant *
known (struct worker *worker, GVariant *args, GError **error)
{
  g_autofree const char **hosts = strings (args, "hosts"), **own = strings (args, "own"),
                        **domains = strings (args, "domains");
  struct index_known ask = { .address = "", .name = "", .id = "", .hosts = hosts, .own = own, .domains = domains };
  g_variant_lookup (args, "from", "&s", &ask.address);
  g_variant_lookup (args, "name", "&s", &ask.name);
  g_variant_lookup (args, "id", "&s", &ask.id);
  return index_known_facts (database (worker), &ask, error);
}

static void
clear_mail (gpointer data)
{
  struct index_mail *mail = data;
  g_free ((gpointer) mail->add);
  g_free ((gpointer) mail->remove);
  g_clear_pointer (&mail->shadow, g_bytes_unref);
}

static gboolean
read_mail (struct worker *worker, GVariant *row, struct index_mail *mail, GError **error)
{
  gint32 handle = -1;
  memset (mail, 0, sizeof *mail);
  if (!g_variant_lookup (row, "path", "&s", &mail->path)) {
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_USAGE, "A mail for the index has no path.");
    return FALSE;
  }
  if (g_variant_lookup (row, "shadow", "h", &handle)) {
    mail->shadow = worker_read_fd (worker_fd_at (worker, handle), SHADOW_MAX, error);
    if (mail->shadow == NULL)
      return FALSE;
  }
  g_variant_lookup (row, "was", "&s", &mail->was);
  g_variant_lookup (row, "moved", "&s", &mail->moved);
  mail->add = strings (row, "add");
  mail->remove = strings (row, "remove");
  return TRUE;
}

static GVariant *
add (struct worker *worker, GVariant *args, GError **error)
{
  g_autoptr (GVariant) rows = g_variant_lookup_value (args, "mails", G_VARIANT_TYPE ("aa{sv}"));
  g_autoptr (GArray) mails = g_array_new (FALSE, TRUE, sizeof (struct index_mail));
  gboolean whole = FALSE, beside = FALSE;
  g_array_set_clear_func (mails, clear_mail);
  g_variant_lookup (args, "whole", "b", &whole);
  g_variant_lookup (args, "beside", "b", &beside);
  for (gsize i = 0; i < g_variant_n_children (rows); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
    struct index_mail mail;
    if (!read_mail (worker, row, &mail, error))
      return NULL;
    mail.whole = whole;
    g_array_append_val (mails, mail);
  }
  GVariantBuilder skipped, reply;
  guint added = 0;
  g_variant_builder_init (&skipped, G_VARIANT_TYPE ("a(ss)"));
  struct index_db *db = index_anew_target (worker, beside, error);
  if (db == NULL
      || !index_write_add (db, (const struct index_mail *) (void *) mails->data, mails->len, &added, &skipped, error)) {
    g_variant_builder_clear (&skipped);
    return NULL;
  }
  g_variant_builder_init (&reply, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&reply, "{sv}", "added", g_variant_new_uint32 (added));
  g_variant_builder_add (&reply, "{sv}", "skipped", g_variant_builder_end (&skipped));
  g_variant_builder_add (&reply, "{sv}", "damaged", g_variant_new_uint32 (index_db_take_damaged (db)));
  return g_variant_builder_end (&reply);
}

static GVariant *
moved (struct worker *worker, GVariant *args, GError **error)
{
  g_autoptr (GVariant) moves = g_variant_lookup_value (args, "moves", G_VARIANT_TYPE ("a(ss)"));
  return index_write_moved (database (worker), moves, error) ? worker_reply_nothing () : NULL;
}

static GVariant *
removed (struct worker *worker, GVariant *args, GError **error)
{
  g_autofree const char **paths = strings (args, "paths");
  g_autofree const char **tags = strings (args, "tags");
  if (tags != NULL && g_strv_length ((char **) tags) != g_strv_length ((char **) paths)) {
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_USAGE, "There have to be as many tags as files.");
    return NULL;
  }
  return index_write_removed (database (worker), paths, tags, error) ? worker_reply_nothing () : NULL;
}

static GVariant *
tag (struct worker *worker, GVariant *args, GError **error)
{
  const char *query = NULL;
  gboolean named = FALSE;
  g_autofree const char **ids = strings (args, "ids");
  g_autofree const char **add_tags = strings (args, "add");
  g_autofree const char **remove_tags = strings (args, "remove");
  g_variant_lookup (args, "query", "&s", &query);
  g_variant_lookup (args, "named", "b", &named);
  GVariant *rows = index_tag_rows (database (worker), ids, query, add_tags, remove_tags, named, error);
  return rows != NULL ? worker_reply_one ("rows", rows) : NULL;
}

static void
tell_progress (guint done, gpointer data)
{
  GVariantBuilder fields;
  g_variant_builder_init (&fields, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&fields, "{sv}", "done", g_variant_new_uint32 (done));
  g_variant_builder_add (&fields, "{sv}", "total", g_variant_new_uint32 (0)); /* a stream: nobody knows */
  (void) worker_emit (data, "progress", g_variant_builder_end (&fields));
}

static GVariant *
import (struct worker *worker, GVariant *args, GError **error)
{
  struct state *state = worker_state (worker);
  const char *folder = "";
  g_variant_lookup (args, "folder", "&s", &folder);
  struct import result;
  import_init (&result);
  GVariant *reply = NULL;
  if (import_stream (state->db, state->mail_dir, worker_arg_fd (worker, args, "stream"), folder, tell_progress, worker,
                     &result, error)) {
    GVariantBuilder builder;
    g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add (&builder, "{sv}", "imported", g_variant_new_uint32 (result.imported));
    g_variant_builder_add (&builder, "{sv}", "skipped", g_variant_new_uint32 (result.skipped));
    g_variant_builder_add (&builder, "{sv}", "protected",
                           g_variant_new_strv ((const char *const *) result.protected->pdata, result.protected->len));
    reply = g_variant_builder_end (&builder);
  }
  import_clear (&result);
  return reply;
}

/* The folders must be there before the sandbox closes. */
static void
allow (GVariant *config, struct sandbox *sandbox)
{
  const char *index_dir = "", *mail_dir = "", *keep_dir = NULL;
  gboolean writer = FALSE;
  g_variant_lookup (config, "index_dir", "&s", &index_dir);
  g_variant_lookup (config, "mail_dir", "&s", &mail_dir);
  g_variant_lookup (config, "keep_dir", "&s", &keep_dir);
  g_variant_lookup (config, "writer", "b", &writer);
  g_ptr_array_add (sandbox->read, g_strdup (mail_dir));
  (void) g_mkdir_with_parents (index_dir, 0700);
  if (!writer) { /* reading takes no lock that needs more */
    g_ptr_array_add (sandbox->read, g_strdup (index_dir));
    return;
  }
  char *folders[] = { g_strdup (index_dir), g_strdup (keep_dir != NULL ? keep_dir : index_dir),
                      g_build_filename (mail_dir, "local", NULL), g_build_filename (mail_dir, ".shadow", NULL) };
  for (guint i = 0; i < G_N_ELEMENTS (folders); i++) {
    (void) g_mkdir_with_parents (folders[i], 0700);
    g_ptr_array_add (sandbox->write, folders[i]);
  }
}

static GVariant *
start (struct worker *worker, GVariant *config, GError **error)
{
  const char *index_dir = "", *mail_dir = "", *keep_dir = NULL;
  gboolean writer = FALSE;
  g_variant_lookup (config, "index_dir", "&s", &index_dir);
  g_variant_lookup (config, "mail_dir", "&s", &mail_dir);
  g_variant_lookup (config, "keep_dir", "&s", &keep_dir);
  g_variant_lookup (config, "writer", "b", &writer);
  (void) umask (077);
  if (writer && keep_dir == NULL)
    keep_dir = index_dir;
  struct index_db *db = index_db_new_kept (index_dir, mail_dir, writer ? keep_dir : NULL, error);
  if (db == NULL)
    return NULL;
  struct state *state = g_new0 (struct state, 1);
  state->db = db;
  state->mail_dir = g_strdup (mail_dir);
  worker_set_state (worker, state);
  if (writer)
    index_anew_start (worker, config);
  return worker_reply_nothing ();
}

static void
stop (struct worker *worker)
{
  struct state *state = worker_state (worker);
  index_db_free (state->db);
  index_walk_free (state->walk);
  g_free (state->mail_dir);
  g_free (state);
}

static const struct worker_method methods[] = {
  { "threads", threads },
  { "thread", thread },
  { "count", count },
  { "counts", counts },
  { "find", find },
  { "known", known },
  { "add", add },
  { "moved", moved },
  { "removed", removed },
  { "tag", tag },
  { "import", import },
  { "anew", index_anew_begin },
  { "rest", index_anew_rest },
  { "anew_end", index_anew_end },
  { "anew_drop", index_anew_drop },
  { "verify", index_anew_verify },
  { NULL, NULL },
};

const struct worker_role worker_role_index = {
  .peer = PEER_INDEX, .methods = methods, .sandbox = allow, .start = start, .after = index_anew_look, .stop = stop
};
