/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The server's list of folders in the state, and what happens when a folder is not the one it was (UIDVALIDITY). */
#include "mail/store/sync_p.h"

#include "mail/message/sanitise.h"
#include "mail/net/imap_name.h"
#include "mail/store/keywords.h"
#include "mail/store/maildir.h"
#include "mail/store/tags.h"

#include <glib/gstdio.h>
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

/* ---- where folders are ---- */

#define SPACES_S (24 * 60 * 60) /* how long an answer to NAMESPACE is good */

/* The server is not asked each time: these do not move. */
static GStrv
spaces_of (struct sync *sync, struct imap *imap, GError **error)
{
  g_autofree char *known = state_fact (sync->state, "spaces");
  g_auto (GStrv) lines = g_strsplit (known != NULL ? known : "0", "\n", -1);
  gint64 now = g_get_real_time () / G_USEC_PER_SEC, asked = g_ascii_strtoll (lines[0], NULL, 10);
  if (asked <= now && now - asked < SPACES_S)
    return g_strdupv (lines + 1);
  GStrv spaces = imap_spaces (imap, error);
  if (spaces == NULL)
    return NULL;
  g_autofree char *text = g_strjoinv ("\n", spaces);
  g_autofree char *fact = g_strdup_printf ("%" G_GINT64_FORMAT "%s%s", now, *text != '\0' ? "\n" : "", text);
  state_begin (sync->state);
  state_fact_save (sync->state, "spaces", fact);
  if (state_commit (sync->state, error))
    return spaces;
  g_strfreev (spaces);
  return NULL;
}

gboolean
sync_wants (const struct sync *sync, const struct state_folder *folder)
{
  gboolean own = *folder->space == '\0' && !sync->only_subscribed;
  return folder->present && !folder->removing && (own || folder->subscribed || *folder->role != '\0');
}

/* ---- one folder of the list ---- */

struct taking {
  struct sync *sync;
  GPtrArray *retagged; /* rows of "moved": mail whose folder has another role now */
  GPtrArray *gone;     /* char * */
  gboolean changed;
};

static void
retag (struct taking *taking, const struct state_folder *folder, const char *role)
{
  g_autofree char *dir = sync_dir (taking->sync, folder);
  g_autoptr (GPtrArray) mails = state_mails (taking->sync->state, folder->id, STATE_ALL);
  for (guint i = 0; i < mails->len; i++) {
    const struct state_mail *mail = g_ptr_array_index (mails, i);
    g_autofree char *path = maildir_locate (dir, mail->base, mail->flags);
    if (path != NULL)
      g_ptr_array_add (taking->retagged, sync_move_row (path, path, folder->role, mail->flags, mail->keywords, role,
                                                        mail->flags, mail->keywords));
  }
}

/* The name that was given to it here is somebody else's there by now. */
static void
give_back (struct sync *sync, struct state_folder *folder)
{
  g_autofree char *text = imap_name_decode (folder->path), *safe = sanitise (text, -1, SANITISE_LINE);
  sync_emit_notice (
      sync,
      "A folder could not be renamed to “%s”: another program has made a folder of that name meanwhile. It "
      "has its old name again; choose another one.",
      safe);
  g_free (folder->path);
  folder->path = g_strdup (folder->server_path);
  state_folder_want (sync->state, folder);
}

static struct state_folder *
row_for (struct taking *taking, const struct imap_folder *listed)
{
  struct state *state = taking->sync->state;
  struct state_folder *folder = state_folder_find (state, "server_path", listed->path);
  if (folder != NULL)
    return folder;
  taking->changed = TRUE;
  folder = state_folder_find (state, "path", listed->path);
  if (folder != NULL && !folder->present) { /* it was made here, or was there before */
    g_free (folder->server_path);
    folder->server_path = g_strdup (listed->path);
    folder->server_subscribed = listed->subscribed;
    folder->wanted = folder->removing = FALSE;
    return folder;
  }
  if (folder != NULL)
    give_back (taking->sync, folder);
  g_clear_pointer (&folder, state_folder_free);
  g_autofree char *dir = imap_name_to_dir (listed->path, listed->delimiter);
  return dir == NULL ? NULL : state_folder_add (state, listed->path, listed->delimiter, dir);
}

static void
set_text (char **text, const char *value)
{
  g_free (*text);
  *text = g_strdup (value);
}

static void
take_folder (struct taking *taking, const struct imap_folder *listed)
{
  AUTOFREE (state_folder) folder = row_for (taking, listed);
  if (folder == NULL)
    return;
  gboolean other_role = strcmp (folder->role, listed->role) != 0;
  /* Where it was not changed here, what the server says holds. */
  gboolean subscribed = folder->subscribed != folder->server_subscribed ? folder->subscribed : listed->subscribed;
  taking->changed = taking->changed || !folder->present || other_role || subscribed != folder->subscribed;
  if (other_role)
    retag (taking, folder, listed->role);
  set_text (&folder->role, listed->role);
  set_text (&folder->space, listed->space);
  folder->delimiter = listed->delimiter;
  folder->leaf = listed->leaf;
  folder->present = TRUE;
  folder->subscribed = subscribed;
  folder->server_subscribed = listed->subscribed;
  state_folder_save (taking->sync->state, folder);
  state_folder_want (taking->sync->state, folder);
}

/* ---- folders that go ---- */

void
sync_folder_orphan (struct sync *sync, gint64 id)
{
  g_autoptr (GPtrArray) changes = state_changes (sync->state);
  for (guint i = 0; i < changes->len; i++) {
    struct state_change *change = g_ptr_array_index (changes, i);
    if (change->folder != id || change->kind == STATE_APPEND)
      continue;
    if (change->kind == STATE_MOVE) {
      change->kind = STATE_APPEND;
      change->step = 0;
      change->uid = 0;
      state_change_save (sync->state, change);
    } else {
      state_change_delete (sync->state, change->id);
    }
  }
}

static void
drop_mails (struct taking *taking, struct state_folder *folder)
{
  g_autoptr (GPtrArray) mails = state_mails (taking->sync->state, folder->id, STATE_ON_SERVER);
  for (guint i = 0; i < mails->len; i++) {
    const struct state_mail *mail = g_ptr_array_index (mails, i);
    (void) sync_gone_note (taking->sync, folder, mail, taking->gone);
    state_mail_delete (taking->sync->state, mail->id);
  }
  folder->uidvalidity = folder->uidnext = 0;
  folder->modseq = 0;
}

/* A folder that is gone keeps what waits to be put there, and is made again for it; all else goes. */
static void
lose_folder (struct taking *taking, struct state_folder *folder)
{
  sync_folder_orphan (taking->sync, folder->id);
  drop_mails (taking, folder);
  folder->present = folder->removing = FALSE;
  folder->subscribed = folder->server_subscribed = FALSE;
  state_folder_save (taking->sync->state, folder);
  state_folder_want (taking->sync->state, folder);
  taking->changed = TRUE;
}

/* Nobody wants its mail here any more. What was done to it here goes to the server first. */
static void
empty_folder (struct taking *taking, struct state_folder *folder)
{
  struct state *state = taking->sync->state;
  g_autoptr (GPtrArray) changed = state_mails (state, folder->id, STATE_FLAGS_CHANGED);
  g_autoptr (GPtrArray) changes = state_changes (state);
  gboolean waits = changed->len > 0;
  for (guint i = 0; i < changes->len && !waits; i++)
    waits = ((const struct state_change *) g_ptr_array_index (changes, i))->folder == folder->id;
  if (waits || folder->uidvalidity == 0)
    return;
  drop_mails (taking, folder);
  state_folder_save (state, folder);
}

static gboolean
is_idle (struct sync *sync, const struct state_folder *folder, GPtrArray *changes)
{
  g_autoptr (GPtrArray) mails = state_mails (sync->state, folder->id, STATE_ALL);
  gboolean idle = mails->len == 0;
  for (guint i = 0; i < changes->len && idle; i++)
    idle = ((const struct state_change *) g_ptr_array_index (changes, i))->folder != folder->id;
  return idle;
}

/* The directory goes where nothing is in it; what a crash left there is swept up at the next start. */
static gboolean
remove_dir (const char *dir)
{
  static const char *const parts[] = { "cur", "new", "tmp", "." };
  g_autoptr (GPtrArray) files = maildir_list (dir);
  if (files->len > 0)
    return FALSE;
  maildir_clean (dir);
  for (gsize i = 0; i < G_N_ELEMENTS (parts); i++) {
    g_autofree char *path = i + 1 < G_N_ELEMENTS (parts) ? g_build_filename (dir, parts[i], NULL) : g_strdup (dir);
    (void) g_rmdir (path); /* folders below it may still be there */
  }
  return TRUE;
}

void
sync_folders_tidy (struct sync *sync)
{
  g_autoptr (GPtrArray) folders = state_folders (sync->state);
  g_autoptr (GPtrArray) changes = state_changes (sync->state);
  state_begin (sync->state);
  for (guint i = 0; i < folders->len; i++) {
    struct state_folder *folder = g_ptr_array_index (folders, i);
    if (folder->present || folder->wanted || folder->removing || strcmp (folder->role, "inbox") == 0)
      continue;
    AUTOFREE (state_folder)
    named = *folder->role == '\0' ? NULL : state_folder_find (sync->state, "role", folder->role);
    g_autofree char *dir = sync_dir (sync, folder);
    /* wardmail makes a folder again whose part it needs, unless another one has it now. */
    if ((*folder->role == '\0' || named->present) && is_idle (sync, folder, changes) && remove_dir (dir))
      state_folder_delete (sync->state, folder->id);
  }
  (void) state_commit (sync->state, NULL); /* or the next time */
}

/* ---- the list ---- */

static gboolean
take_list (struct taking *taking, GPtrArray *listed, GHashTable *names, GError **error)
{
  struct sync *sync = taking->sync;
  state_begin (sync->state);
  for (guint i = 0; i < listed->len; i++)
    if (((const struct imap_folder *) g_ptr_array_index (listed, i))->selectable)
      take_folder (taking, g_ptr_array_index (listed, i));
  g_autoptr (GPtrArray) known = state_folders (sync->state);
  /* A list that is empty or was cut short does not say what is gone. */
  gboolean whole = g_hash_table_size (names) > 0 && listed->len < IMAP_FOLDERS_MAX;
  for (guint i = 0; i < known->len; i++) {
    struct state_folder *folder = g_ptr_array_index (known, i);
    if (whole && folder->present && !g_hash_table_contains (names, folder->server_path))
      lose_folder (taking, folder);
    else if (folder->present && !folder->removing && !sync_wants (sync, folder))
      empty_folder (taking, folder);
  }
  return state_commit (sync->state, error);
}

gboolean
sync_list (struct sync *sync, struct imap *imap, GError **error)
{
  imap_set_guest (imap, &sync->guest);
  g_auto (GStrv) spaces = spaces_of (sync, imap, error);
  g_autoptr (GPtrArray) listed = spaces == NULL ? NULL : imap_list (imap, (const char *const *) spaces, error);
  imap_set_guest (imap, NULL);
  if (listed == NULL)
    return FALSE;
  g_autoptr (GHashTable) names = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GPtrArray) gone = g_ptr_array_new_with_free_func (g_free);
  struct taking taking = { .sync = sync, .gone = gone, .retagged = g_ptr_array_new () };
  apply_overrides (sync, listed);
  for (guint i = 0; i < listed->len; i++) {
    const struct imap_folder *folder = g_ptr_array_index (listed, i);
    if (folder->selectable)
      g_hash_table_add (names, folder->path);
  }
  sync->pulling = 0;
  gboolean done = sync_renamed (sync, imap, listed, names, error) && take_list (&taking, listed, names, error);
  if (done)
    sync_gone_settle (sync, gone);
  sync_emit_moved (sync, taking.retagged);
  if (!done)
    return FALSE;
  sync_heads_told (sync, listed);
  if (taking.changed) {
    sync_folders_tidy (sync);
    sync_emit_folders (sync);
  }
  return TRUE;
}

/* What was done to a mail here and is not there yet: letters, then keywords. */
static void
keep_flags (struct sync *sync, const struct state_folder *folder, const struct state_mail *mail)
{
  char letters_in[STATE_FLAGS_SIZE], letters_out[STATE_FLAGS_SIZE];
  g_autofree char *in = keywords_without (mail->keywords, mail->server_keywords),
                  *out = keywords_without (mail->server_keywords, mail->keywords);
  tags_flags_change (mail->flags, "", mail->server_flags, letters_in);
  tags_flags_change (mail->server_flags, "", mail->flags, letters_out);
  if (*mail->msgid == '\0' || (*letters_in == '\0' && *letters_out == '\0' && *in == '\0' && *out == '\0'))
    return;
  g_autofree char *add = g_strdup_printf ("%s %s", letters_in, in),
                  *remove = g_strdup_printf ("%s %s", letters_out, out);
  struct state_change kept
      = { .kind = STATE_FLAGS, .folder = folder->id, .msgid = mail->msgid, .add = add, .remove = remove };
  state_change_save (sync->state, &kept);
}

/* RFC 3501 2.3.1.1: all UIDs have lost their meaning. What was meant for them is kept by Message-ID, and everything is fetched again. */
static gboolean
start_over (struct sync *sync, struct state_folder *folder, guint32 uidvalidity, GError **error)
{
  g_autoptr (GPtrArray) gone = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) mails = state_mails (sync->state, folder->id, STATE_ON_SERVER);
  g_autoptr (GPtrArray) changes = state_changes (sync->state);
  AUTOFREE (state_folder) now = state_folder_get (sync->state, folder->id);
  folder->dirty = folder->dirty || (now != NULL && now->dirty); /* others may have been let in while it was opened */
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
    keep_flags (sync, folder, mail);
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
  (void) g_hash_table_remove (sync->told, &folder->id); /* this is newer, and so will be what is done in it */
  if (!imap_select (imap, folder->server_path, fresh, out, error))
    return FALSE;
  if (out->uidvalidity == folder->uidvalidity)
    return TRUE;
  if (sync->pulling == folder->id)
    sync->pulling = 0;
  return start_over (sync, folder, out->uidvalidity, error);
}
