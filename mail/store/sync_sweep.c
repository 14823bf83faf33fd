/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Files and records put in agreement after a crash. A folder is marked before files come or go in it, and what was under way in it when the process
 * died is looked for at the next start. Where nothing is under way the mark is taken off again, so that most starts look at nothing. Rows and files are
 * looked at one by one: there may be any number of them. */
#include "mail/store/sync_p.h"

#include "mail/store/maildir.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

/* "U<uidvalidity>.<uid>" of this folder, or of a header, for a mail that no row has. */
static guint32
adoptable_uid (struct sync *sync, const struct state_folder *folder, const char *file_base)
{
  const char *base = maildir_whole_base (file_base);
  char *end = NULL;
  if (base[0] != 'U' || strtoull (base + 1, &end, 10) != folder->uidvalidity || *end != '.')
    return 0;
  guint64 uid = strtoull (end + 1, &end, 10);
  if (*end != '\0' || uid == 0 || uid > G_MAXUINT32)
    return 0;
  AUTOFREE (state_mail) known = state_mail_by_uid (sync->state, folder->id, (guint32) uid);
  g_autoptr (GPtrArray) changes = state_changes (sync->state);
  for (guint i = 0; i < changes->len; i++) {
    const struct state_change *change = g_ptr_array_index (changes, i);
    if (change->folder == folder->id && change->uid == uid)
      return 0;
  }
  return known == NULL ? (guint32) uid : 0;
}

static void
adopt (struct sync *sync, const struct state_folder *folder, guint32 uid, const char *path, const char *base,
       const char *flags)
{
  g_autoptr (GMappedFile) file = g_mapped_file_new (path, FALSE, NULL);
  g_autoptr (GBytes) bytes = file == NULL ? g_bytes_new (NULL, 0) : g_mapped_file_get_bytes (file);
  struct state_mail mail = { .folder = folder->id, .uid = uid, .base = (char *) base };
  g_autofree char *msgid = sync_message_id (bytes);
  mail.msgid = msgid;
  mail.header_only = maildir_is_header (base);
  g_strlcpy (mail.flags, flags, sizeof mail.flags);
  g_strlcpy (mail.server_flags, flags, sizeof mail.server_flags);
  state_mail_save (sync->state, &mail);
}

/* A record was made, and the name was not changed any more. */
static void
name_by_record (const char *dir, const char *path, const struct state_mail *mail)
{
  g_autofree char *name = maildir_path (dir, mail->base, mail->flags);
  if (strcmp (path, name) != 0 && g_rename (path, name) != 0)
    g_debug ("%s keeps its name: %s", path, g_strerror (errno));
}

struct sweeping {
  struct sync *sync;
  struct state_folder *folder;
  const char *dir;
};

/* Files without rows are taken in or, where they are second names or half of an unfinished act, removed; names follow their rows. */
static void
sweep_file (const char *path, gpointer data)
{
  const struct sweeping *sweeping = data;
  struct sync *sync = sweeping->sync;
  g_autofree char *folder_dir = NULL, *base = NULL, *flags = NULL;
  if (!maildir_split (path, &folder_dir, &base, &flags))
    return;
  AUTOFREE (state_mail) mail = state_mail_by_base (sync->state, sweeping->folder->id, base);
  guint32 uid = mail == NULL ? adoptable_uid (sync, sweeping->folder, base) : 0;
  if (mail != NULL)
    name_by_record (sweeping->dir, path, mail);
  else if (uid == 0)
    maildir_remove (sweeping->dir, base, flags);
  if (mail == NULL && uid != 0) {
    adopt (sync, sweeping->folder, uid, path, base, flags);
    sweeping->folder->modseq = 0; /* its keywords are asked for */
    state_folder_save (sync->state, sweeping->folder);
    mail = state_mail_by_base (sync->state, sweeping->folder->id, base);
  }
  if (mail != NULL)
    state_seen_add (sync->state, mail->id);
}

void
sync_sweep (struct sync *sync, struct state_folder *folder)
{
  g_autofree char *dir = sync_dir (sync, folder);
  struct sweeping sweeping = { .sync = sync, .folder = folder, .dir = dir };
  maildir_clean (dir);
  state_begin (sync->state);
  state_seen_begin (sync->state);
  maildir_each (dir, sweep_file, &sweeping);
  state_seen_forget_others (sync->state, folder->id); /* so that the mail is fetched again */
  folder->dirty = FALSE;
  state_folder_set_dirty (sync->state, folder->id, FALSE);
  (void) state_commit (sync->state, NULL); /* if it fails it stays dirty, and the next start does it */
}

void
sync_rest (struct sync *sync)
{
  GHashTableIter iter;
  gpointer id;
  if (sync->doubt || state_has_failed (sync->state) || g_hash_table_size (sync->marked) == 0)
    return;
  state_begin (sync->state);
  g_hash_table_iter_init (&iter, sync->marked);
  while (g_hash_table_iter_next (&iter, &id, NULL))
    state_folder_set_dirty (sync->state, *(const gint64 *) id, FALSE);
  if (state_commit (sync->state, NULL))
    g_hash_table_remove_all (sync->marked);
}
