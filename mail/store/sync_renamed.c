/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Folders that were renamed on the server: a new one with the UIDVALIDITY and the mails of one that is gone is that folder, and its mail stays
 * where it is. Where that is not certain, all is fetched anew. */
#include "mail/store/sync_p.h"

#define SAMPLES 5
#define RENAMES_MAX 100 /* folders that are asked about in one list */

/* A refusal tells nothing; a line that broke ends all. */
static gboolean
told_nothing (const struct imap *imap, GError **problem, GError **error)
{
  if (!imap_is_lost (imap))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (problem));
  return FALSE;
}

/* The same UIDVALIDITY is not proof: some servers give one to many. Do some of our mails have their UIDs there? */
static gboolean
has_our_mails (struct sync *sync, struct imap *imap, const struct state_folder *folder, const char *path,
               gboolean *same, GError **error)
{
  struct imap_selected info;
  g_autoptr (GPtrArray) mails = state_mails (sync->state, folder->id, STATE_ON_SERVER);
  g_autoptr (GError) problem = NULL;
  guint step = MAX (mails->len / SAMPLES, 1), seen = 0;
  *same = FALSE;
  if (!imap_select (imap, path, TRUE, &info, &problem))
    return told_nothing (imap, &problem, error);
  for (guint i = 0; i < mails->len; i += step) {
    const struct state_mail *mail = g_ptr_array_index (mails, i);
    guint32 uid = 0;
    if (*mail->msgid == '\0')
      continue;
    if (!imap_find (imap, mail->msgid, mail->uid, &uid, &problem))
      return told_nothing (imap, &problem, error);
    if (uid != mail->uid)
      return TRUE; /* it may have been deleted meanwhile; then everything is fetched anew */
    seen++;
  }
  *same = seen > 0;
  return TRUE;
}

static void
take_name (char **name, const char *value)
{
  g_free (*name);
  *name = g_strdup (value);
}

static gboolean
follow_rename (struct sync *sync, struct state_folder *folder, const char *path, GError **error)
{
  if (strcmp (folder->path, folder->server_path) == 0)
    take_name (&folder->path, path); /* else the person has named it, too, and that comes next */
  take_name (&folder->server_path, path);
  state_begin (sync->state);
  state_folder_want (sync->state, folder);
  return state_commit (sync->state, error);
}

/* Folders that the list does not have. */
static GPtrArray *
vanished_from (struct sync *sync, GHashTable *names)
{
  g_autoptr (GPtrArray) known = state_folders (sync->state);
  GPtrArray *vanished = g_ptr_array_new_with_free_func ((GDestroyNotify) state_folder_free);
  for (guint i = 0; i < known->len; i++) {
    struct state_folder *folder = g_ptr_array_index (known, i);
    if (folder->present && !folder->removing && folder->uidvalidity != 0
        && !g_hash_table_contains (names, folder->server_path))
      g_ptr_array_add (vanished, state_folder_get (sync->state, folder->id));
  }
  return vanished;
}

/* Which of the vanished ones has become this folder, if any: it is taken from them. */
static gboolean
match_one (struct sync *sync, struct imap *imap, const char *path, GPtrArray *vanished, GError **error)
{
  struct imap_selected info;
  g_autoptr (GError) problem = NULL;
  if (!imap_status (imap, path, &info, &problem) && imap_is_lost (imap)) {
    g_propagate_error (error, g_steal_pointer (&problem));
    return FALSE;
  }
  for (guint v = 0; v < vanished->len && info.uidvalidity != 0; v++) {
    struct state_folder *old = g_ptr_array_index (vanished, v);
    gboolean same = FALSE;
    if (old->uidvalidity != info.uidvalidity || info.uidnext < old->uidnext)
      continue;
    if (!has_our_mails (sync, imap, old, path, &same, error) || (same && !follow_rename (sync, old, path, error)))
      return FALSE;
    if (same) {
      g_ptr_array_remove_index (vanished, v);
      break;
    }
  }
  return TRUE;
}

gboolean
sync_renamed (struct sync *sync, struct imap *imap, GPtrArray *listed, GHashTable *names, GError **error)
{
  g_autoptr (GPtrArray) vanished = vanished_from (sync, names);
  guint asked = 0;
  for (guint i = 0; i < listed->len && vanished->len > 0 && asked < RENAMES_MAX; i++) {
    const struct imap_folder *folder = g_ptr_array_index (listed, i);
    AUTOFREE (state_folder) row = state_folder_find (sync->state, "server_path", folder->path);
    AUTOFREE (state_folder) named = state_folder_find (sync->state, "path", folder->path);
    if (!folder->selectable || row != NULL || named != NULL)
      continue;
    asked++;
    if (!match_one (sync, imap, folder->path, vanished, error))
      return FALSE;
  }
  return TRUE;
}
