/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The body for a header that is here: the whole file beside the header's on the disk, then the record, then the header's file goes and the
 * index is told. Whatever dies in between, one of the two is on record, and the next start removes the other. */
#include "mail/store/sync_p.h"

#include "mail/engine.h"
#include "mail/message/message.h"
#include "mail/store/maildir.h"

#include <glib/gstdio.h>
#include <string.h>

GVariant *
sync_body_take (struct sync *sync, const struct state_folder *folder, struct state_mail *mail, const char *file_flags,
                gboolean is_protected, char **old_out)
{
  g_autofree char *dir = sync_dir (sync, folder), *base = g_strdup (maildir_whole_base (mail->base));
  g_autofree char *came = maildir_locate (dir, base, file_flags), *path = maildir_path (dir, base, mail->flags);
  /* It may have been read or flagged while its header alone was here. No record names the file yet. */
  if (came == NULL || (strcmp (came, path) != 0 && g_rename (came, path) != 0))
    return NULL;
  char *old = maildir_locate (dir, mail->base, mail->flags);
  if (old == NULL)
    old = maildir_path (dir, mail->base, mail->flags);
  const gboolean indexed = mail->indexed == STATE_INDEXED;
  g_free (mail->base);
  mail->base = g_steal_pointer (&base);
  mail->header_only = FALSE;
  mail->indexed = STATE_NEW;
  state_mail_save (sync->state, mail);
  state_news_add (sync->state, old, mail->id);
  sync->counts.bodies++;
  *old_out = old;
  return sync_change_row (path, indexed ? NULL : folder->role, mail, is_protected, old);
}

/* ---- when somebody opens it ---- */

/* Where the server has it. A mail that was moved here, and not there yet, has its old place in the journal. FALSE: nowhere that is known. */
static gboolean
place_of (struct sync *sync, const struct state_mail *mail, gint64 *folder_out, guint32 *uid_out)
{
  *folder_out = mail->folder;
  *uid_out = mail->uid;
  if (mail->uid != 0)
    return TRUE;
  AUTOFREE (state_change) change = state_change_of_mail (sync->state, mail->id);
  if (change == NULL || change->kind == STATE_APPEND)
    return FALSE;
  *folder_out = change->folder;
  *uid_out = change->uid;
  return change->uid != 0;
}

struct taking {
  struct maildir_batch *batch;
  const char *base, *flags;
  gint64 date;
  GBytes *look;
  gboolean empty; /* the server had nothing to hand out */
  GError *error;
};

static gboolean
on_body (const void *bytes, gsize size, gpointer data)
{
  struct taking *taking = data;
  return taking->error == NULL && maildir_batch_write (taking->batch, bytes, size, &taking->error);
}

static void
on_done (const struct imap_head *head, gpointer data)
{
  struct taking *taking = data;
  if (head == NULL || taking->error != NULL || taking->look != NULL)
    maildir_batch_drop (taking->batch);
  else
    (void) maildir_batch_end (taking->batch, taking->base, taking->flags, taking->date, &taking->look, &taking->error);
}

static void
on_empty (const struct imap_head *head, gpointer data)
{
  struct taking *taking = data;
  taking->empty = TRUE;
}

/* The file is on the disk. Others were let in while it came: the mail may be whole by now, elsewhere, or gone. */
static enum sync_body
settle (struct sync *sync, gint64 id, gint64 folder_id, const struct taking *taking, char **path_out, GError **error)
{
  AUTOFREE (state_mail) mail = state_mail_get (sync->state, id);
  AUTOFREE (state_folder) folder = state_folder_get (sync->state, folder_id);
  g_autofree char *dir = folder == NULL ? NULL : sync_dir (sync, folder), *old = NULL;
  if (folder == NULL || mail == NULL || mail->folder != folder_id || !mail->header_only
      || strcmp (maildir_whole_base (mail->base), taking->base) != 0) {
    if (folder != NULL && (mail == NULL || mail->header_only || strcmp (mail->base, taking->base) != 0))
      (void) maildir_remove (dir, taking->base, taking->flags);
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_NOT_FOUND,
                 "The message was moved or deleted while it was being fetched. Open it again where it is now.");
    return SYNC_BODY_FAILED;
  }
  mail->opened = g_get_real_time () / G_USEC_PER_SEC;
  state_begin (sync->state);
  GVariant *row = sync_body_take (sync, folder, mail, taking->flags, message_is_encrypted (taking->look), &old);
  GPtrArray *rows = g_ptr_array_new ();
  if (row != NULL)
    g_ptr_array_add (rows, row);
  if (!state_commit (sync->state, error)) {
    sync->doubt = TRUE;
    sync_drop_rows (rows);
    return SYNC_BODY_FAILED;
  }
  if (old != NULL && g_unlink (old) != 0)
    sync->doubt = TRUE;
  sync_emit_mails (sync, rows);
  *path_out = maildir_locate (dir, mail->base, mail->flags);
  return *path_out != NULL ? SYNC_BODY_HERE : SYNC_BODY_GONE;
}

static enum sync_body
fetch (struct sync *sync, struct imap *imap, const struct state_mail *mail, struct state_folder *folder,
       const struct imap_head *head, char **path_out, GError **error)
{
  g_autofree char *dir = sync_dir (sync, folder);
  AUTOFREE (maildir_batch) batch = maildir_batch_new (dir);
  struct taking taking
      = { .batch = batch, .base = maildir_whole_base (mail->base), .flags = mail->flags, .date = mail->date };
  const struct imap_body_sink sink = { .body = on_body, .done = on_done, .empty = on_empty, .data = &taking };
  enum sync_body result = SYNC_BODY_FAILED;
  if (!sync_mark_dirty (sync, folder, error))
    return result;
  imap_set_guest (imap, &sync->guest);
  gboolean fetched = imap_fetch_bodies (imap, head, 1, &sink, error);
  imap_set_guest (imap, NULL);
  if (taking.error != NULL) {
    g_clear_error (error);
    g_propagate_error (error, g_steal_pointer (&taking.error));
  } else if (fetched && taking.look == NULL && taking.empty) {
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_FAILED,
                 "The server says that it has this message, and handed out nothing of it. Open it again in a while; "
                 "wardmail asks for it again, too.");
  } else if (fetched && taking.look == NULL) {
    result = SYNC_BODY_GONE;
  } else if (fetched && maildir_batch_commit (batch, error)) {
    result = settle (sync, mail->id, folder->id, &taking, path_out, error);
  }
  g_clear_pointer (&taking.look, g_bytes_unref);
  return result;
}

enum sync_body
sync_look_body (struct sync *sync, const char *path, char **path_out, guint64 *size_out, GError **error)
{
  struct state_folder *found = NULL;
  AUTOFREE (state_mail) mail = sync_find (sync, path, &found, error);
  AUTOFREE (state_folder) folder = found;
  *path_out = NULL;
  *size_out = 0;
  if (mail == NULL)
    return SYNC_BODY_FAILED;
  *size_out = mail->size_bytes;
  if (mail->header_only)
    return mail->size_bytes > IMAP_MESSAGE_MAX ? SYNC_BODY_LARGE : SYNC_BODY_FAILED;
  g_autofree char *dir = sync_dir (sync, folder);
  *path_out = maildir_locate (dir, mail->base, mail->flags);
  return *path_out != NULL ? SYNC_BODY_HERE : SYNC_BODY_GONE;
}

enum sync_body
sync_fetch_body (struct sync *sync, struct imap *imap, const char *path, char **path_out, GError **error)
{
  struct state_folder *found = NULL;
  guint64 size = 0;
  enum sync_body known = sync_look_body (sync, path, path_out, &size, error);
  if (known != SYNC_BODY_FAILED || (error != NULL && *error != NULL))
    return known;
  AUTOFREE (state_mail) mail = sync_find (sync, path, &found, error);
  AUTOFREE (state_folder) folder = found;
  gint64 where = 0;
  struct imap_selected info;
  struct imap_head head = { .date = mail->date, .size_bytes = (guint32) MIN (mail->size_bytes, G_MAXUINT32) };
  if (!place_of (sync, mail, &where, &head.uid))
    return SYNC_BODY_GONE;
  AUTOFREE (state_folder) there = state_folder_get (sync->state, where);
  if (there == NULL || !there->present)
    return SYNC_BODY_GONE;
  /* Not sync_select: that another UIDVALIDITY makes all mail come anew is for the pull to see to. */
  if (!imap_select (imap, there->server_path, FALSE, &info, error))
    return SYNC_BODY_FAILED;
  if (info.uidvalidity != there->uidvalidity)
    return SYNC_BODY_GONE;
  return fetch (sync, imap, mail, folder, &head, path_out, error);
}
