/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What a person does to folders: done here at once, offline too. The record keeps what the server knows beside it; where the two differ,
 * sync_folder_push.c carries it there. */
#include "mail/store/sync_p.h"

#include "mail/engine.h"
#include "mail/message/sanitise.h"
#include "mail/net/imap_name.h"

#include <string.h>

/* Its name, fit for a sentence. */
static char *
shown (const char *name)
{
  return sanitise (name, (gssize) strnlen (name, 300), SANITISE_LINE);
}

static gboolean
refuse (GError **error, enum engine_error code, const char *format, const char *name)
{
  g_autofree char *safe = shown (name);
  /* The formats are those below, each with one name. */
  g_auto (GStrv) pieces = g_strsplit (format, "NAME", 2);
  g_set_error (error, ENGINE_ERROR, (int) code, "%s%s%s", pieces[0], safe, pieces[1] != NULL ? pieces[1] : "");
  return FALSE;
}

static gboolean
is_below (const char *path, const char *top, char delimiter)
{
  gsize size = strlen (top);
  return delimiter != '\0' && strncmp (path, top, size) == 0 && path[size] == delimiter;
}

/* By its path, or by the text that is shown for it. */
static struct state_folder *
find_named (struct sync *sync, const char *name)
{
  g_autoptr (GPtrArray) folders = state_folders (sync->state);
  struct state_folder *found = NULL;
  gint64 id = 0;
  for (guint i = 0; i < folders->len; i++) {
    const struct state_folder *folder = g_ptr_array_index (folders, i);
    g_autofree char *text = imap_name_decode (folder->path), *levels = g_strdup (text);
    if (folder->delimiter != '\0')
      g_strdelimit (levels, (char[]){ folder->delimiter, '\0' }, '/');
    if (folder->removing)
      continue;
    if (strcmp (folder->path, name) == 0
        || (strcmp (name, "INBOX") != 0 && g_ascii_strcasecmp (name, "INBOX") == 0
            && strcmp (folder->path, "INBOX") == 0))
      return state_folder_get (sync->state, folder->id);
    if (id == 0 && (strcmp (text, name) == 0 || strcmp (levels, name) == 0))
      id = folder->id;
  }
  if (id != 0)
    found = state_folder_get (sync->state, id);
  return found;
}

/* The path of a folder that is to be, and that no other folder has, here or there. moving: those below this path move along. */
static char *
new_path (struct sync *sync, const char *name, const struct state_folder *moving, GError **error)
{
  char delimiter = '/';
  const char *why = NULL;
  g_autofree char *plain = sync_top_path (sync, "", &delimiter); /* for the delimiter */
  g_autofree char *wire = imap_name_encode (name, delimiter, &why);
  if (wire == NULL) {
    g_autofree char *format = g_strdup_printf ("A folder cannot be called “NAME”: %s. Choose another name.", why);
    refuse (error, ENGINE_ERROR_USAGE, format, name);
    return NULL;
  }
  g_autofree char *path = sync_top_path (sync, wire, &delimiter);
  if (g_ascii_strcasecmp (path, "INBOX") == 0) { /* whether the server has listed it yet or not */
    refuse (error, ENGINE_ERROR_FAILED, "There is a folder “NAME” already. Choose another name.", name);
    return NULL;
  }
  g_autoptr (GPtrArray) folders = state_folders (sync->state);
  for (guint i = 0; i < folders->len; i++) {
    const struct state_folder *folder = g_ptr_array_index (folders, i);
    gboolean moves
        = moving != NULL && (folder->id == moving->id || is_below (folder->path, moving->path, moving->delimiter));
    gboolean same = strcmp (folder->path, path) == 0 || (moving != NULL && is_below (folder->path, path, delimiter));
    if (!moves && same && !folder->removing && (folder->present || folder->wanted || moving != NULL)) {
      refuse (error, ENGINE_ERROR_FAILED, "There is a folder “NAME” already. Choose another name.", name);
      return NULL;
    }
    if (!moves && folder->present && (strcmp (folder->server_path, path) == 0 || strcmp (folder->path, path) == 0)) {
      refuse (error, ENGINE_ERROR_FAILED,
              "The server still has a folder “NAME” that was renamed or removed here. Fetch mail, then try again.",
              name);
      return NULL;
    }
    if (folder->leaf && folder->present && is_below (path, folder->path, delimiter)) {
      refuse (error, ENGINE_ERROR_FAILED,
              "The folder “NAME” cannot be made: the server takes no folders below the one it would lie in.", name);
      return NULL;
    }
  }
  return g_steal_pointer (&path);
}

static gboolean
create (struct sync *sync, const char *name, GError **error)
{
  char delimiter = '/';
  g_autofree char *path = new_path (sync, name, NULL, error), *top = sync_top_path (sync, "", &delimiter);
  g_autofree char *dir = path == NULL ? NULL : imap_name_to_dir (path, delimiter);
  if (path == NULL || dir == NULL)
    return path == NULL ? FALSE : refuse (error, ENGINE_ERROR_USAGE, "The name “NAME” is too long for a folder.", name);
  state_begin (sync->state);
  AUTOFREE (state_folder) known = state_folder_find (sync->state, "path", path); /* one that was lost */
  AUTOFREE (state_folder)
  folder = known != NULL ? g_steal_pointer (&known) : state_folder_add (sync->state, path, delimiter, dir);
  if (folder != NULL) {
    folder->wanted = folder->subscribed = TRUE;
    state_folder_want (sync->state, folder);
  }
  return state_commit (sync->state, error);
}

/* Those that wardmail itself puts mail into, or the server, stay. */
static gboolean
is_free (const struct state_folder *folder, const char *name, GError **error)
{
  if (*folder->role == '\0')
    return TRUE;
  return refuse (
      error, ENGINE_ERROR_FAILED,
      "The folder “NAME” has a part of its own in this account (it is where new, sent, drafted, archived, deleted or "
      "unwanted mail goes), so it stays as it is.",
      name);
}

static gboolean
rename_to (struct sync *sync, struct state_folder *folder, const char *name, const char *to, GError **error)
{
  g_autofree char *path = is_free (folder, name, error) ? new_path (sync, to, folder, error) : NULL;
  if (path == NULL)
    return FALSE;
  if (is_below (path, folder->path, folder->delimiter))
    return refuse (error, ENGINE_ERROR_USAGE, "The folder “NAME” cannot be moved into itself.", name);
  g_autoptr (GPtrArray) folders = state_folders (sync->state);
  state_begin (sync->state);
  for (guint i = 0; i < folders->len; i++) {
    struct state_folder *one = g_ptr_array_index (folders, i);
    if (one->id != folder->id && !is_below (one->path, folder->path, folder->delimiter))
      continue;
    char *now = g_strconcat (path, one->path + strlen (folder->path), NULL);
    g_free (one->path);
    one->path = now;
    if (!one->present) {
      g_free (one->server_path);
      one->server_path = g_strdup (now);
    }
    state_folder_want (sync->state, one);
  }
  return state_commit (sync->state, error);
}

static gboolean
has_below (struct sync *sync, const struct state_folder *folder)
{
  g_autoptr (GPtrArray) folders = state_folders (sync->state);
  for (guint i = 0; i < folders->len; i++) {
    const struct state_folder *one = g_ptr_array_index (folders, i);
    if (!one->removing && is_below (one->path, folder->path, folder->delimiter))
      return TRUE;
  }
  return FALSE;
}

/* All that is in it goes with it, here now. uidnext tells later what has come into it since. */
static void
drop_all (struct sync *sync, struct state_folder *folder, GPtrArray *gone, guint *mails_out)
{
  g_autoptr (GPtrArray) mails = state_mails (sync->state, folder->id, STATE_ALL);
  g_autoptr (GPtrArray) changes = state_changes (sync->state);
  for (guint i = 0; i < mails->len; i++) {
    const struct state_mail *mail = g_ptr_array_index (mails, i);
    if (folder->uidvalidity != 0 && mail->uid >= folder->uidnext)
      folder->uidnext = mail->uid + 1;
    (void) sync_gone_note (sync, folder, mail, gone);
    sync_gone_journal (sync, mail, TRUE);
    state_mail_delete (sync->state, mail->id);
  }
  for (guint i = 0; i < changes->len; i++) {
    const struct state_change *change = g_ptr_array_index (changes, i);
    if (change->folder == folder->id && (change->kind == STATE_REMOVE || change->kind == STATE_FLAGS))
      state_change_delete (sync->state, change->id);
  }
  *mails_out = mails->len;
}

static gboolean
remove_folder (struct sync *sync, struct state_folder *folder, const char *name, guint *mails_out, GError **error)
{
  g_autoptr (GPtrArray) gone = g_ptr_array_new_with_free_func (g_free);
  if (!is_free (folder, name, error))
    return FALSE;
  if (has_below (sync, folder))
    return refuse (error, ENGINE_ERROR_FAILED,
                   "There are folders below “NAME”, so it was not removed. Remove or rename those first.", name);
  if (!sync_mark_dirty (sync, folder, error))
    return FALSE;
  if (sync->pulling == folder->id)
    sync->pulling = 0;
  state_begin (sync->state);
  drop_all (sync, folder, gone, mails_out);
  folder->removing = folder->present;
  folder->wanted = FALSE;
  state_folder_save (sync->state, folder);
  state_folder_want (sync->state, folder);
  if (!state_commit (sync->state, error))
    return FALSE;
  sync_gone_settle (sync, gone);
  sync_folders_tidy (sync);
  return TRUE;
}

static gboolean
subscribe (struct sync *sync, struct state_folder *folder, gboolean subscribed, GError **error)
{
  folder->subscribed = subscribed;
  state_begin (sync->state);
  state_folder_want (sync->state, folder);
  return state_commit (sync->state, error);
}

gboolean
sync_folder (struct sync *sync, const char *action, const char *name, const char *to, guint *mails_out, GError **error)
{
  gboolean creating = strcmp (action, "create") == 0, done;
  AUTOFREE (state_folder) folder = creating ? NULL : find_named (sync, name);
  *mails_out = 0;
  if (folder == NULL && !creating)
    return refuse (error, ENGINE_ERROR_NOT_FOUND,
                   "There is no folder “NAME” in this account; `wardmail folder list` names those there are.", name);
  if (creating)
    done = create (sync, name, error);
  else if (strcmp (action, "rename") == 0)
    done = rename_to (sync, folder, name, to, error);
  else if (strcmp (action, "remove") == 0)
    done = remove_folder (sync, folder, name, mails_out, error);
  else if (strcmp (action, "subscribe") == 0 || strcmp (action, "unsubscribe") == 0)
    done = subscribe (sync, folder, strcmp (action, "subscribe") == 0, error);
  else
    return refuse (error, ENGINE_ERROR_USAGE, "“NAME” is nothing that can be done to a folder.", action);
  if (done)
    sync_emit_folders (sync);
  return done;
}
