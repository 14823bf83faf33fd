/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What a person did to folders, done on the server: made, renamed and subscribed before anything else, so that mail can go there; removed
 * after all else, when nothing has to be taken out of them any more. What the server refuses is told in a sentence, and undone here. */
#include "mail/store/sync_p.h"

#include "mail/message/sanitise.h"
#include "mail/net/imap_name.h"

#include <string.h>

static char *
shown (const char *path)
{
  g_autofree char *text = imap_name_decode (path);
  return sanitise (text, -1, SANITISE_LINE);
}

static void
set_text (char **text, const char *value)
{
  g_free (*text);
  *text = g_strdup (value);
}

static gboolean
keep (struct sync *sync, const struct state_folder *folder, GError **error)
{
  state_begin (sync->state);
  state_folder_save (sync->state, folder);
  state_folder_want (sync->state, folder);
  return state_commit (sync->state, error);
}

/* A line that broke is an error. What the server refused is told by the caller. */
static gboolean
is_refusal (const struct imap *imap, GError **problem, GError **error)
{
  if (!imap_is_lost (imap))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (problem));
  return FALSE;
}

gboolean
sync_folder_make (struct sync *sync, struct imap *imap, struct state_folder *folder, GError **error)
{
  struct imap_selected info;
  if (!imap_create (imap, folder->path, folder->role, error)) {
    /* Somebody else may have made it just now. */
    if (imap_is_lost (imap) || !imap_status (imap, folder->path, &info, NULL))
      return FALSE;
    g_clear_error (error);
  }
  folder->present = TRUE;
  folder->wanted = FALSE;
  folder->subscribed = TRUE; /* other programs show those alone */
  set_text (&folder->server_path, folder->path);
  return keep (sync, folder, error);
}

static gboolean
make_wanted (struct sync *sync, struct imap *imap, struct state_folder *folder, GError **error)
{
  g_autoptr (GError) problem = NULL;
  if (sync_folder_make (sync, imap, folder, &problem))
    return TRUE;
  if (!is_refusal (imap, &problem, error))
    return FALSE;
  sync_emit_notice (sync, "%s The folder is not there any more; choose another name or place for it.",
                    problem->message);
  folder->wanted = FALSE;
  if (!keep (sync, folder, error))
    return FALSE;
  sync_folders_tidy (sync); /* it stays while mail waits to be put there */
  sync_emit_folders (sync);
  return TRUE;
}

/* ---- renames ---- */

static gboolean
is_at_or_below (const char *path, const char *top, char delimiter)
{
  gsize size = strlen (top);
  return strncmp (path, top, size) == 0 && (path[size] == '\0' || (delimiter != '\0' && path[size] == delimiter));
}

/* Would this RENAME, which takes along all that lies below, do to every folder what the person did? */
static gboolean
fits_all (GPtrArray *folders, const char *from, const char *to, char delimiter)
{
  for (guint i = 0; i < folders->len; i++) {
    const struct state_folder *folder = g_ptr_array_index (folders, i);
    if (!folder->present || !is_at_or_below (folder->server_path, from, delimiter))
      continue;
    const char *rest = folder->server_path + strlen (from);
    if (!g_str_has_prefix (folder->path, to) || strcmp (folder->path + strlen (to), rest) != 0)
      return FALSE;
  }
  return TRUE;
}

/* From the folder itself upwards, as long as all below moves along: its parent may be one that the server does not list as a folder. */
static void
widen (GPtrArray *folders, const struct state_folder *folder, char **from, char **to)
{
  *from = g_strdup (folder->server_path);
  *to = g_strdup (folder->path);
  for (;;) {
    char *left = folder->delimiter == '\0' ? NULL : strrchr (*from, folder->delimiter);
    char *right = left == NULL ? NULL : strrchr (*to, folder->delimiter);
    if (right == NULL || strcmp (left, right) != 0)
      return;
    g_autofree char *up_from = g_strndup (*from, (gsize) (left - *from)),
                    *up_to = g_strndup (*to, (gsize) (right - *to));
    if (strcmp (up_from, up_to) == 0 || !fits_all (folders, up_from, up_to, folder->delimiter))
      return;
    g_free (*from);
    g_free (*to);
    *from = g_steal_pointer (&up_from);
    *to = g_steal_pointer (&up_to);
  }
}

/* All that the RENAME took along has its new name there, or its old one here. Subscriptions do not follow a name. */
static gboolean
settle_rename (struct sync *sync, const char *from, const char *to, char delimiter, gboolean renamed, GError **error)
{
  g_autoptr (GPtrArray) folders = state_folders (sync->state);
  state_begin (sync->state);
  for (guint i = 0; i < folders->len; i++) {
    struct state_folder *folder = g_ptr_array_index (folders, i);
    if (!folder->present || !is_at_or_below (folder->server_path, from, delimiter))
      continue;
    if (renamed) {
      g_autofree char *now = g_strconcat (to, folder->server_path + strlen (from), NULL);
      set_text (&folder->server_path, now);
      folder->server_subscribed = FALSE;
    } else {
      set_text (&folder->path, folder->server_path);
    }
    state_folder_want (sync->state, folder);
  }
  return state_commit (sync->state, error);
}

/* Servers need not let go of a folder that is open. */
static gboolean
step_aside (struct sync *sync, struct imap *imap, GError **error)
{
  AUTOFREE (state_folder) inbox = state_folder_find (sync->state, "role", "inbox");
  struct imap_selected info;
  return inbox == NULL || !inbox->present || sync_select (sync, imap, inbox, FALSE, &info, error);
}

static gboolean
push_rename (struct sync *sync, struct imap *imap, GPtrArray *folders, const struct state_folder *folder,
             GError **error)
{
  g_autofree char *from = NULL, *to = NULL;
  g_autoptr (GError) problem = NULL;
  widen (folders, folder, &from, &to);
  gboolean renamed = step_aside (sync, imap, &problem) && imap_rename (imap, from, to, &problem);
  if (!renamed && !is_refusal (imap, &problem, error))
    return FALSE;
  if (!renamed) {
    sync_emit_notice (sync, "%s It has its old name again; choose another one.", problem->message);
    sync_emit_folders (sync);
  }
  for (guint i = 0; renamed && i < folders->len; i++) {
    const struct state_folder *one = g_ptr_array_index (folders, i);
    if (one->present && one->server_subscribed && is_at_or_below (one->server_path, from, folder->delimiter)
        && !imap_subscribe (imap, one->server_path, FALSE, &problem) && !is_refusal (imap, &problem, error))
      return FALSE;
    g_clear_error (&problem);
  }
  return settle_rename (sync, from, to, folder->delimiter, renamed, error);
}

/* One after the other, since each may change the names of others. */
static gboolean
push_renames (struct sync *sync, struct imap *imap, GError **error)
{
  for (gboolean again = TRUE; again;) {
    g_autoptr (GPtrArray) folders = state_folders (sync->state);
    again = FALSE;
    for (guint i = 0; i < folders->len && !again; i++) {
      const struct state_folder *folder = g_ptr_array_index (folders, i);
      again = folder->present && !folder->removing && strcmp (folder->path, folder->server_path) != 0;
      if (again && !push_rename (sync, imap, folders, folder, error))
        return FALSE;
    }
  }
  return TRUE;
}

static gboolean
push_subscription (struct sync *sync, struct imap *imap, struct state_folder *folder, GError **error)
{
  g_autoptr (GError) problem = NULL;
  gboolean done = imap_subscribe (imap, folder->server_path, folder->subscribed, &problem);
  if (!done && !is_refusal (imap, &problem, error))
    return FALSE;
  if (done)
    folder->server_subscribed = folder->subscribed;
  else
    folder->subscribed = folder->server_subscribed;
  if (!done)
    sync_emit_notice (sync, "%s Other programs show the folder as before.", problem->message);
  return keep (sync, folder, error);
}

gboolean
sync_folder_push (struct sync *sync, struct imap *imap, GError **error)
{
  if (!push_renames (sync, imap, error))
    return FALSE;
  g_autoptr (GPtrArray) folders = state_folders (sync->state);
  for (guint i = 0; i < folders->len; i++) {
    struct state_folder *folder = g_ptr_array_index (folders, i);
    if (folder->wanted && !folder->present && !make_wanted (sync, imap, folder, error))
      return FALSE;
    if (folder->present && !folder->removing && folder->subscribed != folder->server_subscribed
        && !push_subscription (sync, imap, folder, error))
      return FALSE;
  }
  return TRUE;
}

/* ---- removals ---- */

/* Mail that was moved out of it here is taken out first. */
static gboolean
is_needed (struct sync *sync, const struct state_folder *folder)
{
  g_autoptr (GPtrArray) changes = state_changes (sync->state);
  for (guint i = 0; i < changes->len; i++)
    if (((const struct state_change *) g_ptr_array_index (changes, i))->folder == folder->id)
      return TRUE;
  return FALSE;
}

static gboolean
has_news (const struct state_folder *folder, const struct imap_selected *info)
{
  if (info->exists == 0)
    return FALSE;
  return folder->uidvalidity == 0 || info->uidvalidity != folder->uidvalidity
         || (info->uidnext != 0 && info->uidnext > folder->uidnext);
}

static gboolean
give_back (struct sync *sync, struct state_folder *folder, const char *why, GError **error)
{
  g_autofree char *name = shown (folder->path);
  sync_emit_notice (sync, "The folder “%s” was not removed: %s. It is shown again with all that is in it.", name, why);
  folder->removing = FALSE;
  folder->uidvalidity = folder->uidnext = 0; /* its mail is fetched again */
  folder->modseq = 0;
  sync_emit_folders (sync);
  return keep (sync, folder, error);
}

static gboolean
push_removal (struct sync *sync, struct imap *imap, struct state_folder *folder, GError **error)
{
  struct imap_selected info;
  g_autoptr (GError) problem = NULL;
  gboolean known = imap_status (imap, folder->server_path, &info, &problem);
  if (!known && !is_refusal (imap, &problem, error))
    return FALSE;
  if (known && has_news (folder, &info))
    return give_back (sync, folder, "mail has come into it that you have not seen", error);
  g_clear_error (&problem);
  gboolean done = step_aside (sync, imap, &problem) && imap_delete (imap, folder->server_path, &problem);
  if (!done && !is_refusal (imap, &problem, error))
    return FALSE;
  if (!done && known) {
    g_autofree char *why = g_strdup_printf ("the server refused it (%s)", problem->message);
    return give_back (sync, folder, why, error);
  }
  g_clear_error (&problem);
  if (folder->server_subscribed && !imap_subscribe (imap, folder->server_path, FALSE, &problem)
      && !is_refusal (imap, &problem, error))
    return FALSE;
  folder->present = folder->removing = folder->subscribed = folder->server_subscribed = FALSE;
  folder->uidvalidity = folder->uidnext = 0;
  folder->modseq = 0;
  return keep (sync, folder, error);
}

gboolean
sync_folder_push_removals (struct sync *sync, struct imap *imap, GError **error)
{
  g_autoptr (GPtrArray) folders = state_folders (sync->state);
  gboolean any = FALSE;
  for (guint i = 0; i < folders->len; i++) {
    struct state_folder *folder = g_ptr_array_index (folders, i);
    if (!folder->removing || is_needed (sync, folder))
      continue;
    any = TRUE;
    if (!push_removal (sync, imap, folder, error))
      return FALSE;
  }
  if (any)
    sync_folders_tidy (sync);
  return TRUE;
}
