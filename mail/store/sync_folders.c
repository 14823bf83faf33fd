/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The server's list of folders in the state, and what happens when a folder is not the one it was (UIDVALIDITY). */
#include "mail/store/sync_p.h"

#include "mail/net/imap_name.h"
#include "mail/store/maildir.h"
#include "mail/store/tags.h"

#include <string.h>

/* The folder that the person named for this role, if the server has it. */
static const char *
override_for (struct sync *sync, const char *role, GPtrArray *listed)
{
  static const struct {
    const char *role, *setting;
  } overrides[] = {
    { "archive", "archive" },
    { "drafts", "drafts" },
    { "sent", "sent" },
    { "trash", "trash" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (overrides); i++) {
    const char *wanted = NULL;
    if (strcmp (overrides[i].role, role) != 0 || !g_variant_lookup (sync->settings, overrides[i].setting, "&s", &wanted)
        || *wanted == '\0')
      continue;
    for (guint f = 0; f < listed->len; f++) {
      const struct imap_folder *folder = g_ptr_array_index (listed, f);
      g_autofree char *text = imap_name_decode (folder->path);
      if (folder->selectable && (strcmp (folder->path, wanted) == 0 || strcmp (text, wanted) == 0))
        return folder->path;
    }
  }
  return NULL;
}

static void
apply_overrides (struct sync *sync, GPtrArray *listed)
{
  static const char *const roles[] = { "archive", "drafts", "sent", "trash" };
  for (gsize r = 0; r < G_N_ELEMENTS (roles); r++) {
    const char *path = override_for (sync, roles[r], listed);
    for (guint f = 0; path != NULL && f < listed->len; f++) {
      struct imap_folder *folder = g_ptr_array_index (listed, f);
      gboolean is_it = strcmp (folder->path, path) == 0;
      if (!is_it && strcmp (folder->role, roles[r]) != 0)
        continue;
      g_free (folder->role);
      folder->role = g_strdup (is_it ? roles[r] : "");
    }
  }
}

static gboolean
take_folder (struct sync *sync, const struct imap_folder *listed)
{
  AUTOFREE (state_folder) folder = state_folder_find (sync->state, "path", listed->path);
  gboolean changed = folder == NULL;
  if (folder == NULL) {
    g_autofree char *dir = imap_name_to_dir (listed->path, listed->delimiter);
    folder = dir == NULL ? NULL : state_folder_add (sync->state, listed->path, listed->delimiter, dir);
  }
  if (folder == NULL)
    return FALSE;
  changed = changed || !folder->present || strcmp (folder->role, listed->role) != 0;
  g_free (folder->role);
  folder->role = g_strdup (listed->role);
  folder->delimiter = listed->delimiter;
  folder->present = TRUE;
  state_folder_save (sync->state, folder);
  return changed;
}

/* A folder that is gone keeps its mail while something waits to be put there; else its mail goes too. */
static void
lose_folder (struct sync *sync, struct state_folder *folder, GPtrArray *gone)
{
  g_autoptr (GPtrArray) mails = state_mails (sync->state, folder->id, STATE_ON_SERVER);
  for (guint i = 0; i < mails->len; i++) {
    const struct state_mail *mail = g_ptr_array_index (mails, i);
    (void) sync_gone_note (sync, folder, mail, gone);
    state_mail_delete (sync->state, mail->id);
  }
  folder->present = FALSE;
  folder->uidvalidity = folder->uidnext = 0;
  folder->modseq = 0;
  state_folder_save (sync->state, folder);
}

gboolean
sync_list (struct sync *sync, struct imap *imap, GError **error)
{
  g_autoptr (GPtrArray) listed = imap_list (imap, error);
  if (listed == NULL)
    return FALSE;
  g_autoptr (GHashTable) names = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GPtrArray) gone = g_ptr_array_new_with_free_func (g_free);
  gboolean changed = FALSE;
  apply_overrides (sync, listed);
  sync->pulling = 0;
  state_begin (sync->state);
  for (guint i = 0; i < listed->len; i++) {
    const struct imap_folder *folder = g_ptr_array_index (listed, i);
    if (folder->selectable) {
      g_hash_table_add (names, folder->path);
      changed = take_folder (sync, folder) || changed;
    }
  }
  g_autoptr (GPtrArray) known = state_folders (sync->state);
  for (guint i = 0; i < known->len; i++) {
    struct state_folder *folder = g_ptr_array_index (known, i);
    if (folder->present && !g_hash_table_contains (names, folder->path)) {
      lose_folder (sync, folder, gone);
      changed = TRUE;
    }
  }
  if (!state_commit (sync->state, error))
    return FALSE;
  sync_gone_settle (sync, gone);
  if (changed)
    sync->emit ("folders", g_variant_new ("a{sv}", NULL), sync->data);
  return TRUE;
}

/* RFC 3501 2.3.1.1: all UIDs have lost their meaning. What was meant for them is kept by Message-ID, and everything is fetched again. */
static gboolean
start_over (struct sync *sync, struct state_folder *folder, guint32 uidvalidity, GError **error)
{
  g_autoptr (GPtrArray) gone = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) mails = state_mails (sync->state, folder->id, STATE_ON_SERVER);
  g_autoptr (GPtrArray) changes = state_changes (sync->state);
  state_begin (sync->state);
  for (guint i = 0; i < changes->len; i++) {
    struct state_change *change = g_ptr_array_index (changes, i);
    if (change->folder != folder->id)
      continue;
    change->uid = 0;
    change->uid_before = 0;
    state_change_save (sync->state, change);
  }
  for (guint i = 0; i < mails->len; i++) {
    const struct state_mail *mail = g_ptr_array_index (mails, i);
    if (strcmp (mail->flags, mail->server_flags) != 0 && *mail->msgid != '\0') {
      char add[STATE_FLAGS_SIZE], remove[STATE_FLAGS_SIZE];
      tags_flags_change (mail->flags, "", mail->server_flags, add);
      tags_flags_change (mail->server_flags, "", mail->flags, remove);
      struct state_change kept
          = { .kind = STATE_FLAGS, .folder = folder->id, .msgid = mail->msgid, .add = add, .remove = remove };
      state_change_save (sync->state, &kept);
    }
    (void) sync_gone_note (sync, folder, mail, gone);
    state_mail_delete (sync->state, mail->id);
  }
  folder->uidvalidity = uidvalidity;
  folder->uidnext = 0;
  folder->modseq = 0;
  state_folder_save (sync->state, folder);
  if (!state_commit (sync->state, error))
    return FALSE;
  sync_gone_settle (sync, gone);
  return TRUE;
}

gboolean
sync_select (struct sync *sync, struct imap *imap, struct state_folder *folder, gboolean fresh,
             struct imap_selected *out, GError **error)
{
  if (!imap_select (imap, folder->path, fresh, out, error))
    return FALSE;
  if (out->uidvalidity == folder->uidvalidity)
    return TRUE;
  if (sync->pulling == folder->id)
    sync->pulling = 0;
  return start_over (sync, folder, out->uidvalidity, error);
}
