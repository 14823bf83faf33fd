/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What comes into the index, moves and leaves it. While another one is being made beside it, the same is done to that one, and first: where a
 * crash comes in between, it is all done again, and then it is the same as now. */
#include "mail/archive/index_add.h"

#include <notmuch.h>
#include <string.h>

#include "mail/archive/index_flags.h"
#include "mail/archive/index_keep.h"
#include "mail/archive/index_tag.h"
#include "mail/engine.h"

static void
add_to_next (struct index_db *db, const struct index_mail *mails, gsize n_mails)
{
  GVariantBuilder skipped;
  guint added;
  if (index_next (db) == NULL)
    return;
  g_variant_builder_init (&skipped, G_VARIANT_TYPE ("a(ss)"));
  if (!index_add_all (index_next (db), mails, n_mails, &added, &skipped, NULL))
    index_next_drop (db);
  g_variant_builder_clear (&skipped);
}

gboolean
index_write_add (struct index_db *db, const struct index_mail *mails, gsize n_mails, guint *added_out,
                 GVariantBuilder *skipped, GError **error)
{
  for (gsize i = 0; i < n_mails; i++)
    if (!index_tag_check (mails[i].add, error) || !index_tag_check (mails[i].remove, error))
      return FALSE;
  add_to_next (db, mails, n_mails);
  return index_add_all (db, mails, n_mails, added_out, skipped, error);
}

/* The new name first, so that the message never loses its last file (and with it tags and terms). A new name that is not there is an
 * old story: the next move will tell, and drop_stale clears up. */
static guint
move_mail (struct index_db *db, notmuch_database_t *notmuch, const char *old_path, const char *new_path)
{
  notmuch_message_t *message = NULL;
  if (!index_db_owns_path (db, old_path) || !index_db_owns_path (db, new_path))
    return NOTMUCH_STATUS_SUCCESS;
  enum index_guard_verdict verdict = index_guard_judge (index_db_guard (db), new_path);
  const gboolean was_known = index_add_has_file (notmuch, old_path);
  guint status = index_add_file (db, notmuch, new_path, new_path, verdict, &message);
  gboolean is_new = status == NOTMUCH_STATUS_SUCCESS;
  if (is_new && !was_known) {
    /* Nothing is known of this mail, so that this is not all there is to say of it: its own row, with its tags and its text, is still to come. */
    notmuch_message_destroy (message);
    return index_add_remove_path (notmuch, new_path);
  }
  if (is_new)
    status = index_keep_apply (db, message);
  if (index_add_is_in (status))
    status = strcmp (old_path, new_path) != 0
                 ? index_add_take_place (notmuch, old_path, notmuch_message_get_message_id (message))
                 : NOTMUCH_STATUS_SUCCESS;
  else if (status == NOTMUCH_STATUS_FILE_ERROR || status == NOTMUCH_STATUS_FILE_NOT_EMAIL)
    status = NOTMUCH_STATUS_SUCCESS;
  if (message != NULL && status == NOTMUCH_STATUS_SUCCESS)
    status = index_add_drop_stale (notmuch, message);
  if (message != NULL && status == NOTMUCH_STATUS_SUCCESS)
    status = index_flags_settle (db, notmuch, notmuch_message_get_message_id (message));
  if (message != NULL)
    notmuch_message_destroy (message);
  return status;
}

static gboolean
move_batch (struct index_db *db, GVariant *moves, gsize first, gsize last, GError **error)
{
  notmuch_database_t *notmuch = index_db_begin (db, error);
  guint status = NOTMUCH_STATUS_SUCCESS;
  if (notmuch == NULL)
    return FALSE;
  for (gsize i = first; i < last && status == NOTMUCH_STATUS_SUCCESS; i++) {
    const char *old_path, *new_path;
    g_variant_get_child (moves, i, "(&s&s)", &old_path, &new_path);
    status = move_mail (db, notmuch, old_path, new_path);
  }
  return index_db_end (db, status, "follow moved mail", error);
}

static gboolean
move_all (struct index_db *db, GVariant *moves, GError **error)
{
  gsize count = g_variant_n_children (moves);
  for (gsize at = 0; at < count; at += INDEX_BATCH_MAX)
    if (!move_batch (db, moves, at, MIN (at + INDEX_BATCH_MAX, count), error))
      return FALSE;
  return TRUE;
}

gboolean
index_write_moved (struct index_db *db, GVariant *moves, GError **error)
{
  if (index_next (db) != NULL && !move_all (index_next (db), moves, NULL))
    index_next_drop (db);
  return move_all (db, moves, error);
}

/* Another file of the message may be left, with its flags, in another folder. */
static guint
remove_file (struct index_db *db, notmuch_database_t *notmuch, const char *path, const char *tag)
{
  notmuch_message_t *message = index_add_message_of (notmuch, path);
  g_autofree char *id = message != NULL ? g_strdup (notmuch_message_get_message_id (message)) : NULL;
  if (message != NULL)
    notmuch_message_destroy (message);
  guint status = index_add_remove_path (notmuch, path);
  if (status == NOTMUCH_STATUS_SUCCESS && id != NULL && *tag != '\0')
    status = index_flags_leave (db, notmuch, id, path, tag);
  return status == NOTMUCH_STATUS_SUCCESS && id != NULL ? index_flags_settle (db, notmuch, id) : status;
}

static gboolean
remove_all (struct index_db *db, const char *const *paths, const char *const *tags_or_null, GError **error)
{
  notmuch_database_t *notmuch = index_db_begin (db, error);
  guint status = NOTMUCH_STATUS_SUCCESS;
  if (notmuch == NULL)
    return FALSE;
  for (gsize i = 0; paths[i] != NULL && status == NOTMUCH_STATUS_SUCCESS; i++)
    if (index_db_owns_path (db, paths[i]))
      status = remove_file (db, notmuch, paths[i], tags_or_null != NULL ? tags_or_null[i] : "");
  return index_db_end (db, status, "forget removed mail", error);
}

gboolean
index_write_removed (struct index_db *db, const char *const *paths, const char *const *tags_or_null, GError **error)
{
  if (index_next (db) != NULL && !remove_all (index_next (db), paths, tags_or_null, NULL))
    index_next_drop (db);
  return remove_all (db, paths, tags_or_null, error);
}

struct knowing {
  const char *path;
  gboolean known;
};

static guint
find_file (notmuch_database_t *notmuch, gpointer data)
{
  struct knowing *knowing = data;
  notmuch_message_t *message = NULL;
  guint status = notmuch_database_find_message_by_filename (notmuch, knowing->path, &message);
  knowing->known = message != NULL;
  if (message != NULL)
    notmuch_message_destroy (message);
  return status;
}

gboolean
index_write_knows (struct index_db *db, const char *path)
{
  struct knowing knowing = { .path = path };
  return index_db_owns_path (db, path) && index_db_read (db, find_file, &knowing, NULL) && knowing.known;
}
