/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Which tags go into the book, and out of it again. See index_keep.h. */
#include "mail/archive/index_keep.h"

#include <notmuch.h>
#include <string.h>

#include "mail/archive/import.h"
#include "mail/archive/index_db_p.h"
#include "mail/archive/index_tag.h"
#include "mail/store/tags.h"

/* Of folders and flags, and what is found in the mail itself. */
static const char *const derived[]
    = { "inbox", "sent", "draft", "archive", "deleted", "spam", "unread", "flagged", "replied", "passed", NULL };
static const char *const found[] = { "attachment", "signed", "encrypted", IMPORT_TAG, NULL };

static gboolean
is_local_path (struct index_db *db, const char *path)
{
  gsize root = strlen (db->mail_dir);
  return strncmp (path, db->mail_dir, root) == 0 && g_str_has_prefix (path + root, "/local/");
}

static gboolean
is_local (struct index_db *db, notmuch_message_t *message)
{
  g_autoptr (GVariant) paths = g_variant_ref_sink (index_row_paths (message));
  for (gsize i = 0; i < g_variant_n_children (paths); i++) {
    const char *path;
    g_variant_get_child (paths, i, "&s", &path);
    if (!is_local_path (db, path))
      return FALSE;
  }
  return TRUE;
}

static void
note (struct index_db *db, const char *id, const char *tag, gboolean on, gboolean local)
{
  gboolean follows = g_strv_contains (derived, tag);
  if (follows && !local)
    return;
  if (on || follows || g_strv_contains (found, tag))
    tagbook_note (db->book, id, tag, on);
  else
    tagbook_forget (db->book, id, tag);
}

void
index_keep_note (struct index_db *db, notmuch_message_t *message, const char *const *add, const char *const *remove)
{
  g_autofree char *id = index_row_id (message);
  gboolean local = is_local (db, message);
  for (gsize i = 0; add != NULL && add[i] != NULL; i++)
    note (db, id, add[i], TRUE, local);
  for (gsize i = 0; remove != NULL && remove[i] != NULL; i++)
    note (db, id, remove[i], FALSE, local);
}

static gboolean
is_among (const char *const *tags, const char *tag)
{
  return tags != NULL && g_strv_contains (tags, tag);
}

static void
read_book (struct index_db *db, const char *id, GPtrArray **on, GPtrArray **off)
{
  *on = g_ptr_array_new_with_free_func (g_free);
  *off = g_ptr_array_new_with_free_func (g_free);
  tagbook_read (db->book, id, *on, *off);
}

void
index_keep_overrule (struct index_db *db, notmuch_message_t *message, const char *const *add, const char *const *remove)
{
  g_autofree char *id = index_row_id (message);
  g_autoptr (GPtrArray) on = NULL, off = NULL;
  read_book (db, id, &on, &off);
  for (guint i = 0; i < on->len; i++)
    if (is_among (remove, on->pdata[i]))
      tagbook_forget (db->book, id, on->pdata[i]);
  for (guint i = 0; i < off->len; i++)
    if (is_among (add, off->pdata[i]))
      tagbook_forget (db->book, id, off->pdata[i]);
}

guint
index_keep_apply (struct index_db *db, notmuch_message_t *message)
{
  g_autofree char *id = index_row_id (message);
  g_autoptr (GPtrArray) on = NULL, off = NULL;
  read_book (db, id, &on, &off);
  if (on->len + off->len == 0)
    return NOTMUCH_STATUS_SUCCESS;
  g_ptr_array_add (on, NULL);
  g_ptr_array_add (off, NULL);
  return index_tag_apply (message, (const char *const *) on->pdata, (const char *const *) off->pdata, NULL);
}

/* ---- the first time ---- */

static guint
note_tag (struct index_db *db, notmuch_database_t *notmuch, const char *tag)
{
  g_autofree char *text = g_strdup_printf ("tag:\"%s\"", tag);
  notmuch_query_t *query = NULL;
  notmuch_messages_t *messages = NULL;
  guint status = index_query_open (notmuch, text, FALSE, &query);
  if (status == NOTMUCH_STATUS_SUCCESS)
    status = notmuch_query_search_messages (query, &messages);
  for (; status == NOTMUCH_STATUS_SUCCESS && notmuch_messages_valid (messages);
       notmuch_messages_move_to_next (messages)) {
    notmuch_message_t *message = notmuch_messages_get (messages);
    g_autofree char *id = message != NULL ? index_row_id (message) : NULL;
    if (message != NULL) {
      tagbook_note (db->book, id, tag, TRUE);
      notmuch_message_destroy (message);
    }
  }
  if (query != NULL)
    notmuch_query_destroy (query);
  return status;
}

/* What a file's name says, and what else there is. */
static void
note_local (struct index_db *db, notmuch_message_t *message)
{
  g_autofree char *id = index_row_id (message), *path = index_row_path (message);
  g_autoptr (GVariant) list = g_variant_ref_sink (index_row_tags (message));
  g_autofree const char **tags = g_variant_get_strv (list, NULL);
  g_autoptr (GPtrArray) add = g_ptr_array_new (), remove = g_ptr_array_new ();
  const char *info = strstr (path, ":2,");
  if (!is_local (db, message) || info == NULL)
    return;
  tags_between (NULL, NULL, NULL, info + strlen (":2,"), add, remove);
  for (gsize i = 0; derived[i] != NULL; i++) {
    gboolean expected = g_ptr_array_find_with_equal_func (add, derived[i], g_str_equal, NULL);
    if (is_among (tags, derived[i]) != expected)
      tagbook_note (db->book, id, derived[i], !expected);
  }
}

static guint
note_imported (struct index_db *db, notmuch_database_t *notmuch)
{
  notmuch_query_t *query = NULL;
  notmuch_messages_t *messages = NULL;
  guint status = index_query_open (notmuch, "path:local/**", FALSE, &query);
  if (status == NOTMUCH_STATUS_SUCCESS)
    status = notmuch_query_search_messages (query, &messages);
  for (; status == NOTMUCH_STATUS_SUCCESS && notmuch_messages_valid (messages);
       notmuch_messages_move_to_next (messages)) {
    notmuch_message_t *message = notmuch_messages_get (messages);
    if (message == NULL)
      continue;
    note_local (db, message);
    notmuch_message_destroy (message);
  }
  if (query != NULL)
    notmuch_query_destroy (query);
  return status;
}

static guint
seed (notmuch_database_t *notmuch, gpointer data)
{
  struct index_db *db = data;
  guint status = NOTMUCH_STATUS_SUCCESS;
  notmuch_tags_t *tags = notmuch_database_get_all_tags (notmuch);
  for (; status == NOTMUCH_STATUS_SUCCESS && tags != NULL && notmuch_tags_valid (tags);
       notmuch_tags_move_to_next (tags)) {
    const char *tag = notmuch_tags_get (tags);
    if (strchr (tag, '"') == NULL && !g_strv_contains (derived, tag) && !g_strv_contains (found, tag))
      status = note_tag (db, notmuch, tag);
  }
  if (tags != NULL)
    notmuch_tags_destroy (tags);
  return status == NOTMUCH_STATUS_SUCCESS ? note_imported (db, notmuch) : status;
}

gboolean
index_keep_open (struct index_db *db, const char *keep_dir, GError **error)
{
  g_autofree char *file = g_build_filename (keep_dir, "tags.db", NULL);
  gboolean fresh = FALSE;
  db->book = tagbook_open (file, &fresh, error);
  if (db->book == NULL || !fresh)
    return db->book != NULL;
  tagbook_begin (db->book);
  if (!db->made)
    (void) index_db_read (db, seed, db, NULL); /* what can be read of it */
  return tagbook_commit (db->book, error);
}
