/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The index worker's part in making the index anew: it makes the empty one, says which mail on the disk no account knows of, and puts the
 * finished one into its place. And both workers tell the engine when the index is missing, damaged or gone. */
#include "mail/workers/index_p.h"

#define ROWS_MAX 1000

static void
tell (struct worker *worker, const char *what)
{
  GVariantBuilder fields;
  g_variant_builder_init (&fields, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&fields, "{sv}", "state", g_variant_new_string (what));
  (void) worker_emit (worker, "health", g_variant_builder_end (&fields));
}

void
index_anew_start (struct worker *worker, GVariant *config)
{
  struct state *state = worker_state (worker);
  gboolean go_on = FALSE;
  g_variant_lookup (config, "go_on", "b", &go_on);
  if (go_on)
    (void) index_next_begin (state->db, TRUE, NULL);
  else if (index_next_forget (state->db))
    tell (worker, "unfinished");
  if (index_db_was_made (state->db))
    tell (worker, "made");
}

void
index_anew_look (struct worker *worker)
{
  struct state *state = worker_state (worker);
  enum index_health health = index_db_health (state->db);
  if (health != INDEX_FINE && health != state->told)
    tell (worker, health == INDEX_GONE ? "gone" : "damaged");
  state->told = health;
}

struct index_db *
index_anew_target (struct worker *worker, gboolean beside, GError **error)
{
  struct state *state = worker_state (worker);
  struct index_db *db = beside ? index_next (state->db) : state->db;
  if (db == NULL)
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_FAILED,
                 "The new index could not be written to. Look whether the disk is full.");
  return db;
}

GVariant *
index_anew_begin (struct worker *worker, GVariant *args, GError **error)
{
  struct state *state = worker_state (worker);
  g_autofree const char **accounts = NULL;
  gboolean beside = FALSE, keep = FALSE;
  g_variant_lookup (args, "accounts", "^a&s", &accounts);
  g_variant_lookup (args, "beside", "b", &beside);
  g_variant_lookup (args, "keep", "b", &keep);
  g_clear_pointer (&state->walk, index_walk_free);
  if (beside ? !index_next_begin (state->db, FALSE, error) : !keep && !index_db_make_anew (state->db, error))
    return NULL;
  state->told = INDEX_FINE;
  state->walk = index_walk_new (state->mail_dir, accounts);
  return worker_reply_one ("total", g_variant_new_uint32 (index_walk_total (state->walk)));
}

GVariant *
index_anew_rest (struct worker *worker, GVariant *args, GError **error)
{
  struct state *state = worker_state (worker);
  g_autofree const char **accounts = NULL;
  g_autofree char *next = NULL;
  const char *after = "";
  guint32 limit = 0;
  g_variant_lookup (args, "accounts", "^a&s", &accounts);
  g_variant_lookup (args, "after", "&s", &after);
  g_variant_lookup (args, "limit", "u", &limit);
  if (state->walk == NULL) /* the process that began it is no more */
    state->walk = index_walk_new (state->mail_dir, accounts);
  GVariant *rows = index_walk_rows (state->walk, after, CLAMP (limit, 1, ROWS_MAX), &next);
  GVariantBuilder reply;
  g_variant_builder_init (&reply, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&reply, "{sv}", "rows", rows);
  g_variant_builder_add (&reply, "{sv}", "next", g_variant_new_string (next));
  return g_variant_builder_end (&reply);
}

GVariant *
index_anew_end (struct worker *worker, GVariant *args, GError **error)
{
  struct state *state = worker_state (worker);
  g_clear_pointer (&state->walk, index_walk_free);
  return index_next_finish (state->db, error) ? worker_reply_nothing () : NULL;
}

GVariant *
index_anew_drop (struct worker *worker, GVariant *args, GError **error)
{
  struct state *state = worker_state (worker);
  g_clear_pointer (&state->walk, index_walk_free);
  index_next_drop (state->db);
  return worker_reply_nothing ();
}

GVariant *
index_anew_verify (struct worker *worker, GVariant *args, GError **error)
{
  struct state *state = worker_state (worker);
  return index_verify (state->db, error) ? worker_reply_nothing () : NULL;
}
