/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What comes into the index, moves and leaves it.
 *
 * An encrypted mail is indexed through its shadow, the same message in clear: the shadow first, so that subject and terms are the protected
 * ones, then the real file; then the shadow's name is taken off the message and the file removed. Its terms stay. */
#include "mail/archive/index_p.h"

#include <notmuch.h>
#include <string.h>
#include <unistd.h>

#include "mail/archive/contacts.h"
#include "mail/archive/index_guard.h"
#include "mail/archive/index_shadow.h"
#include "mail/archive/index_standin.h"
#include "mail/archive/index_tag.h"
#include "mail/engine.h"
#include "mail/message/message_attachment.h"
#include "mail/message/message_field.h"
#include "mail/store/maildir.h"

#define SHADOWED "wardmail.shadow"   /* a property of messages whose terms came from a shadow */
#define ATTACHED "wardmail.attached" /* and of those with something attached that is no signature */

/* libnotmuch marks each mail with an attached signature, and each encrypted one, as one that has attachments. The mark stays where this file, or
 * one that was indexed before it for the same message (a shadow), has something attached for a person. */
static guint
settle_attachment (notmuch_message_t *message, const char *path)
{
  const char *value = NULL;
  guint status = NOTMUCH_STATUS_SUCCESS;
  gboolean marked = FALSE;
  for (notmuch_tags_t *tags = notmuch_message_get_tags (message); notmuch_tags_valid (tags);
       notmuch_tags_move_to_next (tags))
    marked = marked || g_strcmp0 (notmuch_tags_get (tags), "attachment") == 0;
  if (!marked || (notmuch_message_get_property (message, ATTACHED, &value) == NOTMUCH_STATUS_SUCCESS && value != NULL))
    return status;
  if (message_has_attachment (path))
    status = notmuch_message_add_property (message, ATTACHED, "1");
  else
    status = notmuch_message_remove_tag (message, "attachment");
  return status;
}

/* guard_path: who is to blame if libnotmuch does not come back. */
static guint
index_file (struct index_db *db, notmuch_database_t *notmuch, const char *path, const char *guard_path,
            notmuch_message_t **message_out)
{
  notmuch_indexopts_t *options = notmuch_database_get_default_indexopts (notmuch);
  guint status = NOTMUCH_STATUS_OUT_OF_MEMORY;
  *message_out = NULL;
  if (options != NULL)
    status = notmuch_indexopts_set_decrypt_policy (options, NOTMUCH_DECRYPT_FALSE);
  index_guard_enter (index_db_guard (db), guard_path);
  if (status == NOTMUCH_STATUS_SUCCESS)
    status = notmuch_database_index_file (notmuch, path, options, message_out);
  if (status == NOTMUCH_STATUS_FILE_NOT_EMAIL && strstr (path, "/" INDEX_SHADOW_DIR "/") == NULL)
    status = index_standin_index (db, notmuch, path, options, message_out);
  guint settled = *message_out != NULL ? settle_attachment (*message_out, path) : NOTMUCH_STATUS_SUCCESS;
  index_guard_leave (index_db_guard (db));
  if (options != NULL)
    notmuch_indexopts_destroy (options);
  return settled != NOTMUCH_STATUS_SUCCESS ? settled : status;
}

static gboolean
is_in (guint status)
{
  return status == NOTMUCH_STATUS_SUCCESS || status == NOTMUCH_STATUS_DUPLICATE_MESSAGE_ID;
}

static guint
remove_path (notmuch_database_t *notmuch, const char *path)
{
  guint status = notmuch_database_remove_message (notmuch, path);
  return is_in (status) ? NOTMUCH_STATUS_SUCCESS : status;
}

/* Names of files that have gone in the meantime: a rename that we were told of too late. */
static guint
drop_stale (notmuch_database_t *notmuch, notmuch_message_t *message)
{
  g_autoptr (GVariant) paths = g_variant_ref_sink (index_row_paths (message));
  guint status = NOTMUCH_STATUS_SUCCESS;
  for (gsize i = 0; i < g_variant_n_children (paths) && status == NOTMUCH_STATUS_SUCCESS; i++) {
    const char *path;
    g_variant_get_child (paths, i, "&s", &path);
    if (access (path, F_OK) != 0)
      status = remove_path (notmuch, path);
  }
  return status;
}

static gboolean
is_shadowed (notmuch_message_t *message)
{
  const char *value = NULL;
  return notmuch_message_get_property (message, SHADOWED, &value) == NOTMUCH_STATUS_SUCCESS && value != NULL;
}

static char **
strings (GVariant *array)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (array);
  return g_variant_dup_strv (owned, NULL);
}

static guint
set_id (notmuch_message_t *message, char **id_out)
{
  g_free (*id_out);
  *id_out = g_strdup (notmuch_message_get_message_id (message));
  return *id_out != NULL ? NOTMUCH_STATUS_SUCCESS : NOTMUCH_STATUS_XAPIAN_EXCEPTION;
}

/* The shadow carries the Message-ID that libnotmuch gave to the file itself, so that both are one message. An ID so odd that it does not
 * come through makes a message of its own, which goes again at once: that mail is found by its outside only. */
static guint
index_shadow (struct index_db *db, notmuch_database_t *notmuch, const struct index_mail *mail, const char *shadow,
              const char *id, gboolean *in_out)
{
  notmuch_message_t *message = NULL;
  guint status = index_file (db, notmuch, shadow, mail->path, &message);
  *in_out = is_in (status) && g_strcmp0 (notmuch_message_get_message_id (message), id) == 0;
  if (message != NULL)
    notmuch_message_destroy (message);
  if (is_in (status) && !*in_out)
    return remove_path (notmuch, shadow);
  return is_in (status) || status == NOTMUCH_STATUS_FILE_NOT_EMAIL ? NOTMUCH_STATUS_SUCCESS : status;
}

static guint
index_files (struct index_db *db, notmuch_database_t *notmuch, const struct index_mail *mail, char **paths)
{
  guint status = NOTMUCH_STATUS_SUCCESS;
  for (gsize i = 0; paths[i] != NULL && status == NOTMUCH_STATUS_SUCCESS; i++) {
    notmuch_message_t *message = NULL;
    status = index_file (db, notmuch, paths[i], mail->path, &message);
    if (message != NULL)
      notmuch_message_destroy (message);
    gboolean gone = status == NOTMUCH_STATUS_FILE_ERROR && strcmp (paths[i], mail->path) != 0;
    status = is_in (status) || gone ? NOTMUCH_STATUS_SUCCESS : status;
  }
  return status;
}

/* The file was indexed by its outside, which told its Message-ID. Take the message out, and in again: shadow first, then its files. */
static guint
reindex_shadowed (struct index_db *db, notmuch_database_t *notmuch, const struct index_mail *mail, char **paths,
                  const char *id)
{
  g_autofree char *shadow = index_shadow_write (index_db_mail_dir (db), mail->shadow, id, NULL);
  gboolean shadow_in = FALSE;
  guint status = shadow != NULL ? NOTMUCH_STATUS_SUCCESS : NOTMUCH_STATUS_FILE_ERROR;
  for (gsize i = 0; paths[i] != NULL && status == NOTMUCH_STATUS_SUCCESS; i++)
    status = remove_path (notmuch, paths[i]);
  if (status == NOTMUCH_STATUS_SUCCESS)
    status = index_shadow (db, notmuch, mail, shadow, id, &shadow_in);
  if (status == NOTMUCH_STATUS_SUCCESS)
    status = index_files (db, notmuch, mail, paths);
  if (status == NOTMUCH_STATUS_SUCCESS && shadow_in)
    status = remove_path (notmuch, shadow);
  if (shadow != NULL)
    index_shadow_remove (shadow);
  return status;
}

static guint
add_tags (notmuch_database_t *notmuch, const char *id, char **tags)
{
  notmuch_message_t *message = NULL;
  guint status = notmuch_database_find_message (notmuch, id, &message);
  if (status == NOTMUCH_STATUS_SUCCESS && message != NULL)
    status = index_tag_apply (message, (const char *const *) tags, NULL, NULL);
  if (message != NULL)
    notmuch_message_destroy (message);
  return status;
}

static guint
finish_mail (struct index_db *db, notmuch_database_t *notmuch, const struct index_mail *mail, const char *id)
{
  notmuch_message_t *message = NULL;
  guint status = notmuch_database_find_message (notmuch, id, &message);
  if (status != NOTMUCH_STATUS_SUCCESS || message == NULL)
    return status;
  status = index_tag_apply (message, mail->add, mail->remove, NULL);
  if (status == NOTMUCH_STATUS_SUCCESS && mail->shadow != NULL && !is_shadowed (message))
    status = notmuch_message_add_property (message, SHADOWED, "1");
  if (status == NOTMUCH_STATUS_SUCCESS)
    status = drop_stale (notmuch, message);
  index_db_note_date (db, notmuch_message_get_date (message));
  notmuch_message_destroy (message);
  return status;
}

static guint
add_with_shadow (struct index_db *db, notmuch_database_t *notmuch, const struct index_mail *mail, char **id_out)
{
  notmuch_message_t *message = NULL;
  guint status = index_file (db, notmuch, mail->path, mail->path, &message);
  if (is_in (status))
    status = set_id (message, id_out);
  if (status != NOTMUCH_STATUS_SUCCESS || is_shadowed (message)) {
    if (message != NULL)
      notmuch_message_destroy (message);
    return status;
  }
  g_auto (GStrv) paths = strings (index_row_paths (message));
  g_auto (GStrv) tags = strings (index_row_tags (message));
  notmuch_message_destroy (message);
  status = reindex_shadowed (db, notmuch, mail, paths, *id_out);
  return status == NOTMUCH_STATUS_SUCCESS ? add_tags (notmuch, *id_out, tags) : status;
}

/* Drafts, and what was taken for spam or thrown away, tell of nobody. */
static void
learn_people (struct index_db *db, const struct index_mail *mail)
{
  static const char *const nobody[] = { "draft", "spam", "deleted" };
  g_autofree char *head = NULL;
  gsize size = 0;
  for (gsize i = 0; mail->add != NULL && i < G_N_ELEMENTS (nobody); i++)
    if (g_strv_contains (mail->add, nobody[i]))
      return;
  const char *bytes = mail->shadow != NULL ? g_bytes_get_data (mail->shadow, &size) : NULL;
  if (bytes == NULL)
    bytes = head = message_field_head (mail->path, &size);
  contacts_learn (index_db_contacts (db), bytes, MIN (size, MESSAGE_FIELD_HEAD_MAX),
                  mail->add != NULL && g_strv_contains (mail->add, "sent"));
}

/* Returns NULL, or why this mail is not in the index. fatal_out: the batch cannot go on. */
static const char *
add_mail (struct index_db *db, notmuch_database_t *notmuch, const struct index_mail *told, guint *fatal_out)
{
  if (!index_db_owns_path (db, told->path))
    return "This file is not in the mail's folder.";
  /* It may have got other flags before its turn came: the next news is of that, and only of that. */
  g_autofree char *path = maildir_find (told->path);
  struct index_mail here = *told, *mail = &here;
  if (path != NULL)
    here.path = path;
  const char *reason = index_guard_reason (index_db_guard (db), mail->path);
  if (reason != NULL)
    return reason;
  g_autofree char *id = NULL;
  guint status;
  if (mail->shadow != NULL)
    status = add_with_shadow (db, notmuch, mail, &id);
  else {
    notmuch_message_t *message = NULL;
    status = index_file (db, notmuch, mail->path, mail->path, &message);
    if (is_in (status))
      status = set_id (message, &id);
    if (message != NULL)
      notmuch_message_destroy (message);
  }
  if (status == NOTMUCH_STATUS_SUCCESS)
    status = finish_mail (db, notmuch, mail, id);
  if (status == NOTMUCH_STATUS_SUCCESS)
    learn_people (db, mail);
  if (status == NOTMUCH_STATUS_FILE_ERROR)
    return "This file is not there any more, or cannot be read.";
  if (status == NOTMUCH_STATUS_FILE_NOT_EMAIL)
    return "This file is not a mail.";
  *fatal_out = status;
  return NULL;
}

static gboolean
add_batch (struct index_db *db, const struct index_mail *mails, gsize n_mails, guint *added, GVariantBuilder *skipped,
           GError **error)
{
  notmuch_database_t *notmuch = index_db_begin (db, error);
  guint status = NOTMUCH_STATUS_SUCCESS;
  if (notmuch == NULL)
    return FALSE;
  for (gsize i = 0; i < n_mails && status == NOTMUCH_STATUS_SUCCESS; i++) {
    const char *reason = add_mail (db, notmuch, &mails[i], &status);
    if (reason != NULL)
      g_variant_builder_add (skipped, "(ss)", mails[i].path, reason);
    else
      (*added)++;
  }
  if (status == NOTMUCH_STATUS_SUCCESS && contacts_save (index_db_contacts (db), error))
    return index_db_commit (db, error);
  if (status != NOTMUCH_STATUS_SUCCESS)
    index_db_status_error (notmuch, status, "add mail", error);
  index_db_drop (db);
  return FALSE;
}

gboolean
index_write_add (struct index_db *db, const struct index_mail *mails, gsize n_mails, guint *added_out,
                 GVariantBuilder *skipped, GError **error)
{
  *added_out = 0;
  for (gsize i = 0; i < n_mails; i++)
    if (!index_tag_check (mails[i].add, error) || !index_tag_check (mails[i].remove, error))
      return FALSE;
  for (gsize at = 0; at < n_mails; at += INDEX_BATCH_MAX)
    if (!add_batch (db, mails + at, MIN (n_mails - at, INDEX_BATCH_MAX), added_out, skipped, error))
      return FALSE;
  return TRUE;
}

/* The new name first, so that the message never loses its last file (and with it tags and terms). A new name that is not there is an
 * old story: the next move will tell, and drop_stale clears up. */
static guint
move_mail (struct index_db *db, notmuch_database_t *notmuch, const char *old_path, const char *new_path)
{
  notmuch_message_t *message = NULL;
  if (!index_db_owns_path (db, old_path) || !index_db_owns_path (db, new_path)
      || index_guard_reason (index_db_guard (db), new_path) != NULL)
    return NOTMUCH_STATUS_SUCCESS;
  guint status = index_file (db, notmuch, new_path, new_path, &message);
  if (is_in (status))
    status = strcmp (old_path, new_path) != 0 ? remove_path (notmuch, old_path) : NOTMUCH_STATUS_SUCCESS;
  else if (status == NOTMUCH_STATUS_FILE_ERROR || status == NOTMUCH_STATUS_FILE_NOT_EMAIL)
    status = NOTMUCH_STATUS_SUCCESS;
  if (message != NULL && status == NOTMUCH_STATUS_SUCCESS)
    status = drop_stale (notmuch, message);
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
  if (status == NOTMUCH_STATUS_SUCCESS)
    return index_db_commit (db, error);
  index_db_status_error (notmuch, status, "follow moved mail", error);
  index_db_drop (db);
  return FALSE;
}

gboolean
index_write_moved (struct index_db *db, GVariant *moves, GError **error)
{
  gsize count = g_variant_n_children (moves);
  for (gsize at = 0; at < count; at += INDEX_BATCH_MAX)
    if (!move_batch (db, moves, at, MIN (at + INDEX_BATCH_MAX, count), error))
      return FALSE;
  return TRUE;
}

gboolean
index_write_removed (struct index_db *db, const char *const *paths, GError **error)
{
  notmuch_database_t *notmuch = index_db_begin (db, error);
  guint status = NOTMUCH_STATUS_SUCCESS;
  if (notmuch == NULL)
    return FALSE;
  for (gsize i = 0; paths[i] != NULL && status == NOTMUCH_STATUS_SUCCESS; i++)
    if (index_db_owns_path (db, paths[i]))
      status = remove_path (notmuch, paths[i]);
  if (status == NOTMUCH_STATUS_SUCCESS)
    return index_db_commit (db, error);
  index_db_status_error (notmuch, status, "forget removed mail", error);
  index_db_drop (db);
  return FALSE;
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
