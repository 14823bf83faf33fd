/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What of the mail is kept here: the whole of what is new enough and not too large, the header of everything else.
 *
 * A header is a file like any mail, under a name of its own (maildir_is_header): listed, searched, moved and flagged as others are. */
#include "mail/store/sync_p.h"

#include "mail/store/maildir.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#define DAY_S (24 * 60 * 60)
#define OPENED_S DAY_S /* what a person opened stays for so long at least */
#define STEP 100       /* bodies that go together */
#define FILL_MAX 10000 /* headers that get their bodies in one go */

static gboolean
is_drafts (const struct state_folder *folder)
{
  return strcmp (folder->role, "drafts") == 0;
}

/* What is older than that has its header here alone; 0: nothing is. */
static gint64
oldest_kept (const struct sync *sync)
{
  return sync->keep_days == 0 ? 0 : g_get_real_time () / G_USEC_PER_SEC - (gint64) sync->keep_days * DAY_S;
}

void
sync_window_init (struct sync *sync)
{
  guint32 days = 0, megabytes = 0;
  g_variant_lookup (sync->settings, "keep_days", "u", &days);
  g_variant_lookup (sync->settings, "fetch_limit_mb", "u", &megabytes);
  sync->keep_days = MIN (days, 36500);
  sync->fetch_limit = megabytes == 0 ? IMAP_MESSAGE_MAX : MIN ((guint64) megabytes << 20, IMAP_MESSAGE_MAX);
}

gboolean
sync_window_wants (const struct sync *sync, const struct state_folder *folder, gint64 date, guint64 size_bytes)
{
  if (is_drafts (folder))
    return size_bytes <= IMAP_MESSAGE_MAX;
  return size_bytes <= sync->fetch_limit && (date == 0 || date >= oldest_kept (sync));
}

/* May the body of this mail go from here? The one place that decides so; a legal hold will be one more reason to say no. */
gboolean
sync_window_may_go (struct sync *sync, const struct state_folder *folder, const struct state_mail *mail)
{
  if (mail->header_only || mail->uid == 0 || is_drafts (folder) || strcmp (mail->flags, mail->server_flags) != 0
      || strchr (mail->flags, 'D') != NULL)
    return FALSE;
  AUTOFREE (state_change) change = state_change_of_mail (sync->state, mail->id);
  return change == NULL;
}

/* ---- bodies that go ---- */

/* Rows of earlier versions know neither size nor date: their files do. */
static gboolean
learn (struct sync *sync, const char *dir, GPtrArray *mails, GError **error)
{
  state_begin (sync->state);
  for (guint i = 0; i < mails->len; i++) {
    struct state_mail *mail = g_ptr_array_index (mails, i);
    g_autofree char *path = mail->size_bytes == 0 ? maildir_locate (dir, mail->base, mail->flags) : NULL;
    struct stat info;
    if (path == NULL || stat (path, &info) != 0)
      continue;
    mail->size_bytes = (guint64) MAX (info.st_size, 1);
    mail->date = mail->date != 0 ? mail->date : (gint64) info.st_mtime;
    state_mail_save (sync->state, mail);
  }
  return state_commit (sync->state, error);
}

/* The header of a whole file as a file of its own. */
static gboolean
copy_header (struct maildir_batch *batch, const char *path, const struct state_mail *mail, GError **error)
{
  g_autoptr (GMappedFile) file = g_mapped_file_new (path, FALSE, NULL);
  const char *bytes = file == NULL ? NULL : g_mapped_file_get_contents (file);
  gsize size = bytes == NULL ? 0 : MIN (g_mapped_file_get_length (file), IMAP_HEADER_MAX), end = 0;
  while (end < size) {
    const char *newline = memchr (bytes + end, '\n', size - end);
    gsize next = newline == NULL ? size : (gsize) (newline - bytes) + 1;
    gboolean empty = bytes[end] == '\n' || (bytes[end] == '\r' && next == end + 2);
    end = next;
    if (empty)
      break;
  }
  g_autofree char *base = maildir_header_base (mail->base);
  return (end == 0 || maildir_batch_write (batch, bytes, end, error))
         && maildir_batch_end (batch, base, mail->flags, mail->date, NULL, error);
}

struct leaving {
  GPtrArray *mails, *paths; /* struct state_mail *, borrowed; char *: of their whole files */
};

static gboolean
settle_leaving (struct sync *sync, const struct state_folder *folder, const char *dir, struct leaving *leaving,
                GError **error)
{
  GPtrArray *rows = g_ptr_array_new ();
  state_begin (sync->state);
  for (guint i = 0; i < leaving->mails->len; i++) {
    struct state_mail *mail = g_ptr_array_index (leaving->mails, i);
    const char *path = g_ptr_array_index (leaving->paths, i);
    char *base = maildir_header_base (mail->base);
    g_free (mail->base);
    mail->base = base;
    mail->header_only = TRUE;
    gboolean indexed = mail->indexed == STATE_INDEXED;
    mail->indexed = STATE_NEW;
    state_mail_save (sync->state, mail);
    state_news_add (sync->state, path, mail->id);
    g_autofree char *header = maildir_path (dir, mail->base, mail->flags);
    g_ptr_array_add (rows, sync_change_row (header, indexed ? NULL : folder->role, mail, FALSE, path));
  }
  gboolean done = state_commit (sync->state, error);
  sync->doubt = sync->doubt || !done;
  for (guint i = 0; done && i < leaving->paths->len; i++)
    if (g_unlink (g_ptr_array_index (leaving->paths, i)) != 0)
      sync->doubt = TRUE;
  if (done)
    sync_emit_mails (sync, rows);
  else
    sync_drop_rows (rows);
  return done;
}

/* Those of mails whose bodies are to go: header on the disk, then record, then the body. */
static gboolean
let_go (struct sync *sync, struct state_folder *folder, GPtrArray *mails, GError **error)
{
  g_autofree char *dir = sync_dir (sync, folder);
  g_autoptr (GPtrArray) going = g_ptr_array_new (), paths = g_ptr_array_new_with_free_func (g_free);
  struct leaving leaving = { going, paths };
  const gint64 opened_since = g_get_real_time () / G_USEC_PER_SEC - OPENED_S;
  AUTOFREE (maildir_batch) batch = maildir_batch_new (dir);
  if (!learn (sync, dir, mails, error))
    return FALSE;
  for (guint i = 0; i < mails->len; i++) {
    struct state_mail *mail = g_ptr_array_index (mails, i);
    if (sync_window_wants (sync, folder, mail->date, mail->size_bytes) || mail->opened > opened_since
        || !sync_window_may_go (sync, folder, mail))
      continue;
    g_autofree char *path = maildir_locate (dir, mail->base, mail->flags);
    if (path == NULL)
      continue;
    if (going->len == 0 && !sync_mark_dirty (sync, folder, error))
      return FALSE;
    if (!copy_header (batch, path, mail, error))
      return FALSE;
    g_ptr_array_add (going, mail);
    g_ptr_array_add (paths, g_steal_pointer (&path));
  }
  return going->len == 0
         || (maildir_batch_commit (batch, error) && settle_leaving (sync, folder, dir, &leaving, error));
}

gboolean
sync_window_close (struct sync *sync, struct state_folder *folder, GError **error)
{
  if ((sync->keep_days == 0 && sync->fetch_limit == IMAP_MESSAGE_MAX) || is_drafts (folder))
    return TRUE;
  for (guint32 above = 0;;) {
    g_autoptr (GPtrArray) mails
        = state_mails_old (sync->state, folder->id, oldest_kept (sync), sync->fetch_limit, above, STEP);
    if (mails->len == 0)
      return state_fine (sync->state, error);
    above = ((struct state_mail *) g_ptr_array_index (mails, mails->len - 1))->uid;
    if (!let_go (sync, folder, mails, error) || !sync_serve_now (sync, error))
      return FALSE;
  }
}

/* ---- what is to be fetched ---- */

/* The order in which mail came to the folder, which is that of its numbers: commands are short then. */
static int
by_uid (gconstpointer a, gconstpointer b)
{
  const guint32 left = ((const struct imap_head *) a)->uid, right = ((const struct imap_head *) b)->uid;
  return left < right ? -1 : left > right;
}

/* Of heads those whose bodies are not wanted. */
static void
part_with_outside (struct sync *sync, const struct state_folder *folder)
{
  guint kept = 0;
  for (guint i = 0; i < sync->heads->len; i++) {
    const struct imap_head *head = &g_array_index (sync->heads, struct imap_head, i);
    if (sync_window_wants (sync, folder, head->date, head->size_bytes))
      g_array_index (sync->heads, struct imap_head, kept++) = *head;
    else
      g_array_append_vals (sync->outside, head, 1);
  }
  g_array_set_size (sync->heads, kept);
}

static GPtrArray *
wanted (struct sync *sync, const struct state_folder *folder, guint limit)
{
  const gboolean all = is_drafts (folder);
  return state_mails_wanted (sync->state, folder->id, all ? 0 : oldest_kept (sync),
                             all ? IMAP_MESSAGE_MAX : sync->fetch_limit, limit);
}

gboolean
sync_window_is_open (struct sync *sync, const struct state_folder *folder)
{
  g_autoptr (GPtrArray) mails = wanted (sync, folder, 1);
  return mails->len > 0;
}

gboolean
sync_window_fill (struct sync *sync, const struct state_folder *folder)
{
  gboolean all = is_drafts (folder);
  g_autoptr (GPtrArray) mails = state_mails_wanted (sync->state, folder->id, all ? 0 : oldest_kept (sync),
                                                    all ? IMAP_MESSAGE_MAX : sync->fetch_limit, FILL_MAX);
  for (guint i = 0; i < mails->len; i++) {
    const struct state_mail *mail = g_ptr_array_index (mails, i);
    struct imap_head head
        = { .uid = mail->uid, .size_bytes = (guint32) MIN (mail->size_bytes, G_MAXUINT32), .date = mail->date };
    memcpy (head.flags, mail->server_flags, sizeof head.flags);
    g_array_append_val (sync->heads, head);
  }
  g_array_sort (sync->heads, by_uid);
  return mails->len == FILL_MAX;
}

gboolean
sync_window_plan (struct sync *sync, const struct state_folder *folder)
{
  g_array_set_size (sync->outside, 0);
  part_with_outside (sync, folder);
  return sync_window_fill (sync, folder);
}
