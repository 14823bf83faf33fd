/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* How a mail comes into an index.
 *
 * An encrypted mail is indexed through its shadow, the same message in clear: the shadow first, so that subject and terms are the protected
 * ones, then the real file; then the shadow's name is taken off the message and the file removed. Its terms stay. */
#include "mail/archive/index_add.h"

#include <notmuch.h>
#include <string.h>
#include <unistd.h>

#include "mail/archive/contacts.h"
#include "mail/archive/index_flags.h"
#include "mail/archive/index_keep.h"
#include "mail/archive/index_shadow.h"
#include "mail/archive/index_standin.h"
#include "mail/archive/index_tag.h"
#include "mail/engine.h"
#include "mail/message/message_attachment.h"
#include "mail/message/message_field.h"
#include "mail/store/maildir.h"
#include "mail/store/tags.h"

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

guint
index_add_file (struct index_db *db, notmuch_database_t *notmuch, const char *path, const char *guard_path,
                enum index_guard_verdict verdict, notmuch_message_t **message_out)
{
  notmuch_indexopts_t *options = notmuch_database_get_default_indexopts (notmuch);
  guint status = NOTMUCH_STATUS_OUT_OF_MEMORY;
  gboolean plain = verdict == INDEX_GUARD_FINE;
  *message_out = NULL;
  if (options != NULL)
    status = notmuch_indexopts_set_decrypt_policy (options, NOTMUCH_DECRYPT_FALSE);
  index_guard_enter (index_db_guard (db), guard_path);
  if (status == NOTMUCH_STATUS_SUCCESS && plain)
    status = notmuch_database_index_file (notmuch, path, options, message_out);
  if (!plain || (status == NOTMUCH_STATUS_FILE_NOT_EMAIL && strstr (path, "/" INDEX_SHADOW_DIR "/") == NULL))
    status = index_standin_index (db, notmuch, path, options, verdict, message_out);
  guint settled = *message_out != NULL && plain ? settle_attachment (*message_out, path) : NOTMUCH_STATUS_SUCCESS;
  index_guard_leave (index_db_guard (db));
  if (options != NULL)
    notmuch_indexopts_destroy (options);
  return settled != NOTMUCH_STATUS_SUCCESS ? settled : status;
}

notmuch_message_t *
index_add_message_of (notmuch_database_t *notmuch, const char *path)
{
  notmuch_message_t *message = NULL;
  (void) notmuch_database_find_message_by_filename (notmuch, path, &message);
  return message;
}

gboolean
index_add_has_file (notmuch_database_t *notmuch, const char *path)
{
  notmuch_message_t *message = index_add_message_of (notmuch, path);
  if (message == NULL)
    return FALSE;
  notmuch_message_destroy (message);
  return TRUE;
}

gboolean
index_add_is_in (guint status)
{
  return status == NOTMUCH_STATUS_SUCCESS || status == NOTMUCH_STATUS_DUPLICATE_MESSAGE_ID;
}

guint
index_add_remove_path (notmuch_database_t *notmuch, const char *path)
{
  guint status = notmuch_database_remove_message (notmuch, path);
  return index_add_is_in (status) ? NOTMUCH_STATUS_SUCCESS : status;
}

static gboolean
is_there (const char *path)
{
  return access (path, F_OK) == 0;
}

/* Another file of the message, that is there, in the folder of this one. */
static gboolean
has_successor (const char *const *paths, const char *path)
{
  const gsize folder = (gsize) (strrchr (path, '/') - path) + 1;
  for (gsize i = 0; paths[i] != NULL; i++)
    if (strncmp (paths[i], path, folder) == 0 && strchr (paths[i] + folder, '/') == NULL && is_there (paths[i]))
      return TRUE;
  return FALSE;
}

/* Names of files that have gone in the meantime: a rename that we were told of too late. What went out of a folder for good, or to another one, is told by
 * itself; and the last name of a message is all that is known of it. */
guint
index_add_drop_stale (notmuch_database_t *notmuch, notmuch_message_t *message)
{
  g_autoptr (GVariant) list = g_variant_ref_sink (index_row_paths (message));
  g_autofree const char **paths = g_variant_get_strv (list, NULL);
  guint status = NOTMUCH_STATUS_SUCCESS;
  for (gsize i = 0; paths[i] != NULL && status == NOTMUCH_STATUS_SUCCESS; i++)
    if (!is_there (paths[i]) && has_successor (paths, paths[i]))
      status = index_add_remove_path (notmuch, paths[i]);
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
  guint status = index_add_file (db, notmuch, shadow, mail->path, INDEX_GUARD_FINE, &message);
  *in_out = index_add_is_in (status) && g_strcmp0 (notmuch_message_get_message_id (message), id) == 0;
  if (message != NULL)
    notmuch_message_destroy (message);
  if (index_add_is_in (status) && !*in_out)
    return index_add_remove_path (notmuch, shadow);
  return index_add_is_in (status) || status == NOTMUCH_STATUS_FILE_NOT_EMAIL ? NOTMUCH_STATUS_SUCCESS : status;
}

static guint
index_files (struct index_db *db, notmuch_database_t *notmuch, const struct index_mail *mail, char **paths)
{
  guint status = NOTMUCH_STATUS_SUCCESS;
  for (gsize i = 0; paths[i] != NULL && status == NOTMUCH_STATUS_SUCCESS; i++) {
    notmuch_message_t *message = NULL;
    status = index_add_file (db, notmuch, paths[i], mail->path, INDEX_GUARD_FINE, &message);
    if (message != NULL)
      notmuch_message_destroy (message);
    gboolean gone = status == NOTMUCH_STATUS_FILE_ERROR && strcmp (paths[i], mail->path) != 0;
    status = index_add_is_in (status) || gone ? NOTMUCH_STATUS_SUCCESS : status;
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
    status = index_add_remove_path (notmuch, paths[i]);
  if (status == NOTMUCH_STATUS_SUCCESS)
    status = index_shadow (db, notmuch, mail, shadow, id, &shadow_in);
  if (status == NOTMUCH_STATUS_SUCCESS)
    status = index_files (db, notmuch, mail, paths);
  if (status == NOTMUCH_STATUS_SUCCESS && shadow_in)
    status = index_add_remove_path (notmuch, shadow);
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

guint
index_add_take_place (notmuch_database_t *notmuch, const char *was, const char *id)
{
  notmuch_message_t *before = NULL;
  guint status = notmuch_database_find_message_by_filename (notmuch, was, &before);
  if (status != NOTMUCH_STATUS_SUCCESS || before == NULL)
    return status;
  if (strcmp (notmuch_message_get_message_id (before), id) != 0) {
    g_auto (GStrv) tags = strings (index_row_tags (before));
    status = add_tags (notmuch, id, tags);
  }
  notmuch_message_destroy (before);
  return status == NOTMUCH_STATUS_SUCCESS ? index_add_remove_path (notmuch, was) : status;
}

static guint
finish_mail (struct index_db *db, notmuch_database_t *notmuch, const struct index_mail *mail, const char *id,
             gboolean is_new)
{
  notmuch_message_t *message = NULL;
  guint status = notmuch_database_find_message (notmuch, id, &message);
  if (status != NOTMUCH_STATUS_SUCCESS || message == NULL)
    return status;
  status = index_tag_apply (message, mail->add, mail->remove, NULL);
  if (status == NOTMUCH_STATUS_SUCCESS && is_new)
    status = index_keep_apply (db, message);
  else if (!mail->whole)
    index_keep_overrule (db, message, mail->add, mail->remove);
  if (status == NOTMUCH_STATUS_SUCCESS && mail->shadow != NULL && !is_shadowed (message))
    status = notmuch_message_add_property (message, SHADOWED, "1");
  const gboolean several = index_flags_files (message) > 1;
  if (status == NOTMUCH_STATUS_SUCCESS)
    status = index_add_drop_stale (notmuch, message);
  if (status == NOTMUCH_STATUS_SUCCESS && several)
    status = index_flags_settle (db, notmuch, id);
  index_db_note_date (db, notmuch_message_get_date (message));
  notmuch_message_destroy (message);
  return status;
}

static guint
add_with_shadow (struct index_db *db, notmuch_database_t *notmuch, const struct index_mail *mail, char **id_out,
                 gboolean *is_new_out)
{
  notmuch_message_t *message = NULL;
  guint status = index_add_file (db, notmuch, mail->path, mail->path, INDEX_GUARD_FINE, &message);
  *is_new_out = status == NOTMUCH_STATUS_SUCCESS;
  if (index_add_is_in (status))
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

static guint
add_as_it_is (struct index_db *db, notmuch_database_t *notmuch, const struct index_mail *mail,
              enum index_guard_verdict verdict, char **id_out, gboolean *is_new_out)
{
  notmuch_message_t *message = NULL;
  guint status = index_add_file (db, notmuch, mail->path, mail->path, verdict, &message);
  *is_new_out = status == NOTMUCH_STATUS_SUCCESS;
  if (index_add_is_in (status))
    status = set_id (message, id_out);
  if (message != NULL)
    notmuch_message_destroy (message);
  return status;
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

static void
keep_others (const char *const *tags, GPtrArray *kept)
{
  static const char *const flags[] = { "unread", "flagged", "replied", "passed", NULL };
  for (gsize i = 0; tags != NULL && tags[i] != NULL; i++)
    if (!g_strv_contains (flags, tags[i]))
      g_ptr_array_add (kept, (gpointer) tags[i]);
}

/* What a row says of tags, where flags may have changed since it was written: those that stand for flags are as the file's name has them. What people do
 * is in the index at once, and rows wait for their turn, so that each may be older than what is there. */
static void
flags_of_name (const char *path, const struct index_mail *told, GPtrArray *add, GPtrArray *remove)
{
  const char *info = strstr (path, ":2,");
  keep_others (told->add, add);
  keep_others (told->remove, remove);
  tags_of_flags (info != NULL ? info + strlen (":2,") : "", add, remove);
  g_ptr_array_add (add, NULL);
  g_ptr_array_add (remove, NULL);
}

static guint
add_here (struct index_db *db, notmuch_database_t *notmuch, const struct index_mail *mail)
{
  enum index_guard_verdict verdict = index_guard_judge (index_db_guard (db), mail->path);
  g_autofree char *id = NULL;
  gboolean is_new = FALSE;
  guint status = verdict == INDEX_GUARD_FINE && mail->shadow != NULL
                     ? add_with_shadow (db, notmuch, mail, &id, &is_new)
                     : add_as_it_is (db, notmuch, mail, verdict, &id, &is_new);
  if (status == NOTMUCH_STATUS_SUCCESS && mail->was != NULL && index_db_owns_path (db, mail->was)
      && strcmp (mail->was, mail->path) != 0)
    status = index_add_take_place (notmuch, mail->was, id);
  if (status == NOTMUCH_STATUS_SUCCESS)
    status = finish_mail (db, notmuch, mail, id, is_new);
  if (status == NOTMUCH_STATUS_SUCCESS && verdict != INDEX_GUARD_FINE)
    index_db_note_damaged (db);
  else if (status == NOTMUCH_STATUS_SUCCESS)
    learn_people (db, mail);
  return status;
}

static guint
add_now (struct index_db *db, notmuch_database_t *notmuch, const struct index_mail *told, const char *path)
{
  g_autoptr (GPtrArray) add = g_ptr_array_new (), remove = g_ptr_array_new ();
  struct index_mail mail = *told;
  flags_of_name (path, told, add, remove);
  mail.path = path;
  mail.add = (const char *const *) add->pdata;
  mail.remove = (const char *const *) remove->pdata;
  return add_here (db, notmuch, &mail);
}

/* It went on to another folder already: that it is in the first one no longer is all that is still true of the row. */
static guint
went_on (notmuch_database_t *notmuch, const struct index_mail *told)
{
  g_autoptr (GPtrArray) remove = g_ptr_array_new ();
  notmuch_message_t *message = index_add_message_of (notmuch, told->moved);
  if (message == NULL)
    message = index_add_message_of (notmuch, told->path);
  if (message == NULL)
    return NOTMUCH_STATUS_SUCCESS;
  keep_others (told->remove, remove);
  g_ptr_array_add (remove, NULL);
  guint status = index_tag_apply (message, NULL, (const char *const *) remove->pdata, NULL);
  notmuch_message_destroy (message);
  return status;
}

/* What became of a mail, if it is known: by the name it had, the one we were told, or the one it has now. now: NULL, it is not in that folder. */
static guint
change_here (struct index_db *db, notmuch_database_t *notmuch, const struct index_mail *told, const char *now)
{
  if (now == NULL)
    return went_on (notmuch, told);
  if (!index_add_has_file (notmuch, told->moved) && !index_add_has_file (notmuch, told->path)
      && !index_add_has_file (notmuch, now))
    return NOTMUCH_STATUS_SUCCESS;
  return add_now (db, notmuch, told, now);
}

/* Returns NULL, or why this mail is not in the index. fatal_out: the batch cannot go on. */
static const char *
add_mail (struct index_db *db, notmuch_database_t *notmuch, const struct index_mail *told, guint *fatal_out)
{
  if (!index_db_owns_path (db, told->path))
    return "This file is not in the mail's folder.";
  /* It may have got other flags before its turn came: the next news is of that, and only of that. */
  g_autofree char *path = maildir_find (told->path);
  struct index_mail mail = *told;
  if (path != NULL)
    mail.path = path;
  /* Where all mail is gone through, what came in by itself meanwhile, or before that was broken off, is there. */
  if (mail.whole && index_add_has_file (notmuch, mail.path))
    return NULL;
  guint status = mail.moved != NULL ? change_here (db, notmuch, told, path)
                 : mail.whole       ? add_now (db, notmuch, told, mail.path)
                                    : add_here (db, notmuch, &mail);
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
  if (status != NOTMUCH_STATUS_SUCCESS || contacts_save (index_db_contacts (db), error))
    return index_db_end (db, status, "add mail", error);
  index_db_drop (db);
  return FALSE;
}

gboolean
index_add_all (struct index_db *db, const struct index_mail *mails, gsize n_mails, guint *added_out,
               GVariantBuilder *skipped, GError **error)
{
  *added_out = 0;
  for (gsize at = 0; at < n_mails; at += INDEX_BATCH_MAX)
    if (!add_batch (db, mails + at, MIN (n_mails - at, INDEX_BATCH_MAX), added_out, skipped, error))
      return FALSE;
  return TRUE;
}
