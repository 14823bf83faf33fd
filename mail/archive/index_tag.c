/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Tags of many messages in one durable step. */
#include "mail/archive/index_p.h"

#include <notmuch.h>
#include <string.h>

#include "mail/archive/index_add.h"
#include "mail/archive/index_flags.h"
#include "mail/archive/index_keep.h"
#include "mail/archive/index_tag.h"
#include "mail/engine.h"
#include "mail/store/tagbook.h"

#define TAG_LENGTH_MAX 200
#define TAGS_MAX 100

gboolean
index_tag_check (const char *const *tags, GError **error)
{
  for (gsize i = 0; tags != NULL && tags[i] != NULL; i++) {
    gboolean good = *tags[i] != 0 && *tags[i] != '-' && strlen (tags[i]) <= TAG_LENGTH_MAX && i < TAGS_MAX;
    for (const char *at = tags[i]; good && *at != 0; at++)
      good = !g_ascii_iscntrl (*at) && *at != '"' && *at != ' ';
    if (!good) {
      g_set_error (
          error, ENGINE_ERROR, ENGINE_ERROR_USAGE,
          "A tag cannot be empty, begin with “-”, hold spaces or quotation marks, or be longer than %d characters.",
          TAG_LENGTH_MAX);
      return FALSE;
    }
  }
  return TRUE;
}

static gboolean
has_tag (notmuch_message_t *message, const char *tag)
{
  gboolean found = FALSE;
  notmuch_tags_t *tags = notmuch_message_get_tags (message);
  for (; !found && notmuch_tags_valid (tags); notmuch_tags_move_to_next (tags))
    found = strcmp (notmuch_tags_get (tags), tag) == 0;
  if (tags != NULL)
    notmuch_tags_destroy (tags);
  return found;
}

guint
index_tag_apply (notmuch_message_t *message, const char *const *add, const char *const *remove, gboolean *changed_out)
{
  guint status = notmuch_message_freeze (message);
  gboolean changed = FALSE;
  for (gsize i = 0; status == NOTMUCH_STATUS_SUCCESS && remove != NULL && remove[i] != NULL; i++)
    if (has_tag (message, remove[i])) {
      status = notmuch_message_remove_tag (message, remove[i]);
      changed = TRUE;
    }
  for (gsize i = 0; status == NOTMUCH_STATUS_SUCCESS && add != NULL && add[i] != NULL; i++)
    if (!has_tag (message, add[i])) {
      status = notmuch_message_add_tag (message, add[i]);
      changed = TRUE;
    }
  guint thawed = notmuch_message_thaw (message);
  if (changed_out != NULL)
    *changed_out = changed;
  return status == NOTMUCH_STATUS_SUCCESS ? thawed : status;
}

struct tagging {
  const char *const *add, *const *remove;
  gboolean named;  /* see index.h */
  GPtrArray *rows; /* NULL: what is being made, where a person did nothing */
};

static guint
tag_message (struct index_db *db, notmuch_database_t *notmuch, struct tagging *tagging, notmuch_message_t *message)
{
  gboolean changed = FALSE;
  guint status = index_tag_apply (message, tagging->add, tagging->remove, &changed);
  if (status == NOTMUCH_STATUS_SUCCESS && tagging->rows != NULL)
    index_keep_note (db, message, tagging->add, tagging->remove);
  if (status == NOTMUCH_STATUS_SUCCESS && tagging->named)
    status = index_add_drop_stale (notmuch, message);
  if (status == NOTMUCH_STATUS_SUCCESS && tagging->named)
    status = index_flags_settle (db, notmuch, notmuch_message_get_message_id (message));
  if (status == NOTMUCH_STATUS_SUCCESS && changed && tagging->rows != NULL)
    g_ptr_array_add (tagging->rows, g_variant_ref_sink (index_row_message (message)));
  return status;
}

/* The ids that the query finds, first: a match set must not change while it is walked. */
static GPtrArray *
matching_ids (struct index_db *db, const char *query, GError **error)
{
  g_autoptr (GVariant) found = index_find_rows (db, NULL, query, error);
  if (found == NULL)
    return NULL;
  g_variant_ref_sink (found);
  GPtrArray *ids = g_ptr_array_new_with_free_func (g_free);
  for (gsize i = 0; i < g_variant_n_children (found); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (found, i);
    char *id = NULL;
    if (g_variant_lookup (row, "id", "s", &id))
      g_ptr_array_add (ids, id);
  }
  if (ids->len < INDEX_ROWS_MAX) {
    g_ptr_array_add (ids, NULL);
    return ids;
  }
  g_ptr_array_unref (ids);
  g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_USAGE,
               "The search matches more than %d messages, which is the most that is changed at once. Narrow it, for "
               "example by a year.",
               INDEX_ROWS_MAX - 1);
  return NULL;
}

static gboolean
tag_all (struct index_db *db, const char *const *ids, struct tagging *tagging, GError **error)
{
  notmuch_database_t *notmuch = index_db_begin (db, error);
  if (notmuch == NULL)
    return FALSE;
  guint status = NOTMUCH_STATUS_SUCCESS;
  for (gsize i = 0; ids[i] != NULL && status == NOTMUCH_STATUS_SUCCESS; i++) {
    notmuch_message_t *message = NULL;
    g_autofree char *id = index_row_id_back (ids[i]);
    status = notmuch_database_find_message (notmuch, id, &message);
    if (status == NOTMUCH_STATUS_SUCCESS && message != NULL)
      status = tag_message (db, notmuch, tagging, message);
    if (message != NULL)
      notmuch_message_destroy (message);
  }
  return index_db_end (db, status, "change tags", error);
}

/* Into the one that is being made first, and into the book last: where a crash comes in between, asking again does the same. */
static gboolean
tag_here (struct index_db *db, const char *const *ids, struct tagging *tagging, GError **error)
{
  struct tagging alike = { .add = tagging->add, .remove = tagging->remove, .named = tagging->named };
  if (index_next (db) != NULL && !tag_all (index_next (db), ids, &alike, NULL))
    index_next_drop (db);
  tagbook_begin (index_db_book (db));
  if (tag_all (db, ids, tagging, error))
    return tagbook_commit (index_db_book (db), error);
  tagbook_drop (index_db_book (db));
  return FALSE;
}

GVariant *
index_tag_rows (struct index_db *db, const char *const *ids, const char *query, const char *const *add,
                const char *const *remove, gboolean named, GError **error)
{
  g_autoptr (GPtrArray) matching = NULL;
  if ((ids == NULL) == (query == NULL)) {
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_USAGE, "Messages are named either one by one or by a search.");
    return NULL;
  }
  if (!index_tag_check (add, error) || !index_tag_check (remove, error)
      || (query != NULL && (matching = matching_ids (db, query, error)) == NULL))
    return NULL;
  struct tagging tagging = { .add = add, .remove = remove, .named = named };
  tagging.rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  GVariant *rows = NULL;
  if (tag_here (db, matching != NULL ? (const char *const *) matching->pdata : ids, &tagging, error))
    rows = g_variant_new_array (G_VARIANT_TYPE_VARDICT, (GVariant *const *) tagging.rows->pdata, tagging.rows->len);
  g_ptr_array_unref (tagging.rows);
  return rows;
}
