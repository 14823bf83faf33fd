/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Writing many mails: all are on the disk before one of them can be seen, and the disk is waited for once, by another thread if need be. */
#include "mail/store/maildir.h"

#include "mail/engine.h"
#include "mail/store/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

static gboolean
disk_error (GError **error)
{
  g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_FAILED,
               "Mail could not be written to the disk: %s. It is still on the server; wardmail tries again later.",
               g_strerror (errno));
  return FALSE;
}

#define BUFFER_MAX (512u * 1024) /* also how much of a mail its writer may look at */
#define OPEN_MAX 200             /* files that are open at a time where each is synced by itself */
#define FEW 16                   /* files; for so few the rest of what is on the disk need not wait */

struct entry {
  int fd; /* -1: one of many on a disk that is made durable at once */
  char *tmp, *final;
};

struct maildir_batch {
  char *dir;
  /* Used in turn: out of one files are renamed while in the other they are made, so that nobody waits for a folder. */
  char *tmp[2];
  guint turn;
  gboolean has_second; /* it has been made */
  int dir_fd;          /* -1: it cannot be opened, which the first file tells */
  gboolean at_once;    /* what is on this disk is made durable with one call */
  GPtrArray *ended;    /* struct entry * */
  struct entry *open;  /* the file begun */
  GByteArray *buffer;  /* of it, not yet written */
  gboolean written;    /* some of it is */
};

struct maildir_sheaf {
  char *cur;
  int dir_fd; /* borrowed; -1: all its files are open */
  GPtrArray *entries;
};

static void
entry_free (struct entry *entry)
{
  if (entry->fd >= 0)
    close (entry->fd);
  if (entry->tmp != NULL)
    g_unlink (entry->tmp);
  g_free (entry->tmp);
  g_free (entry->final);
  g_free (entry);
}

static GPtrArray *
entries_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) entry_free);
}

struct maildir_batch *
maildir_batch_new (const char *dir)
{
  struct maildir_batch *batch = g_new0 (struct maildir_batch, 1);
  batch->dir = g_strdup (dir);
  batch->tmp[0] = g_build_filename (dir, "tmp", NULL);
  batch->tmp[1] = g_build_filename (dir, "tmp", "second", NULL);
  batch->dir_fd = open (dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  batch->at_once = disk_syncs_at_once (batch->dir_fd);
  batch->ended = entries_new ();
  batch->buffer = g_byte_array_new ();
  return batch;
}

void
maildir_batch_free (struct maildir_batch *batch)
{
  maildir_batch_drop (batch);
  g_ptr_array_unref (batch->ended);
  g_byte_array_unref (batch->buffer);
  if (batch->dir_fd >= 0)
    close (batch->dir_fd);
  if (batch->has_second)
    (void) g_rmdir (batch->tmp[1]); /* a sheaf that is still under way keeps it until the next start */
  g_free (batch->tmp[0]);
  g_free (batch->tmp[1]);
  g_free (batch->dir);
  g_free (batch);
}

void
maildir_batch_drop (struct maildir_batch *batch)
{
  g_clear_pointer (&batch->open, entry_free);
  g_byte_array_set_size (batch->buffer, 0);
  batch->written = FALSE;
}

guint
maildir_batch_count (const struct maildir_batch *batch)
{
  return batch->ended->len;
}

gboolean
maildir_batch_is_full (const struct maildir_batch *batch)
{
  return !batch->at_once && batch->ended->len >= OPEN_MAX;
}

static gboolean
write_out (struct maildir_batch *batch, GError **error)
{
  if (!disk_write (batch->open->fd, batch->buffer->data, batch->buffer->len))
    return disk_error (error);
  g_byte_array_set_size (batch->buffer, 0);
  batch->written = TRUE;
  return TRUE;
}

static gboolean
begin (struct maildir_batch *batch, GError **error)
{
  g_autofree char *unique = maildir_unique ();
  struct entry *entry = g_new0 (struct entry, 1);
  char *tmp = g_build_filename (batch->tmp[batch->turn], unique, NULL);
  entry->fd = open (tmp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (entry->fd < 0) {
    g_free (tmp);
    entry_free (entry);
    return disk_error (error);
  }
  entry->tmp = tmp;
  batch->open = entry;
  return TRUE;
}

gboolean
maildir_batch_write (struct maildir_batch *batch, const void *bytes, gsize size, GError **error)
{
  if (batch->open == NULL && !begin (batch, error))
    return FALSE;
  g_byte_array_append (batch->buffer, bytes, (guint) size);
  return batch->buffer->len < BUFFER_MAX || write_out (batch, error);
}

/* The start of the mail that is whole now: still in memory if the mail is not long. */
static GBytes *
start_of (struct maildir_batch *batch)
{
  if (!batch->written)
    return g_bytes_new (batch->buffer->data, batch->buffer->len);
  guint8 *bytes = g_malloc (BUFFER_MAX);
  ssize_t got = pread (batch->open->fd, bytes, BUFFER_MAX, 0);
  return g_bytes_new_take (bytes, got > 0 ? (gsize) got : 0);
}

gboolean
maildir_batch_end (struct maildir_batch *batch, const char *base, const char *flags, gint64 date, GBytes **look_out,
                   GError **error)
{
  g_autoptr (GBytes) start = NULL;
  if (batch->open == NULL && !begin (batch, error))
    return FALSE;
  if (look_out != NULL)
    start = start_of (batch);
  if (!write_out (batch, error))
    return FALSE;
  batch->written = FALSE;
  struct entry *entry = g_steal_pointer (&batch->open);
  entry->final = maildir_path (batch->dir, base, flags);
  if (date > 0) {
    struct timespec times[2] = { { .tv_sec = date }, { .tv_sec = date } };
    (void) futimens (entry->fd, times);
  }
  if (batch->at_once && batch->ended->len >= FEW) {
    close (entry->fd);
    entry->fd = -1;
  } else {
    /* Begin writing now, so that the wait later is short. */
    (void) sync_file_range (entry->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
  }
  if (look_out != NULL)
    *look_out = g_steal_pointer (&start);
  g_ptr_array_add (batch->ended, entry);
  return TRUE;
}

struct maildir_sheaf *
maildir_batch_take (struct maildir_batch *batch)
{
  struct maildir_sheaf *sheaf = g_new0 (struct maildir_sheaf, 1);
  sheaf->cur = g_build_filename (batch->dir, "cur", NULL);
  sheaf->dir_fd = batch->at_once ? batch->dir_fd : -1;
  sheaf->entries = g_steal_pointer (&batch->ended);
  batch->ended = entries_new ();
  if (sheaf->entries->len > FEW) {
    batch->has_second = batch->has_second || g_mkdir (batch->tmp[1], 0700) == 0 || errno == EEXIST;
    batch->turn = batch->has_second ? 1 - batch->turn : 0;
  }
  return sheaf;
}

void
maildir_sheaf_free (struct maildir_sheaf *sheaf)
{
  g_ptr_array_unref (sheaf->entries);
  g_free (sheaf->cur);
  g_free (sheaf);
}

gboolean
maildir_sheaf_commit (struct maildir_sheaf *sheaf, GError **error)
{
  gboolean at_once = sheaf->dir_fd >= 0 && sheaf->entries->len > FEW;
  gboolean done = !at_once || syncfs (sheaf->dir_fd) == 0;
  for (guint i = 0; i < sheaf->entries->len && done && !at_once; i++)
    done = fdatasync (((struct entry *) g_ptr_array_index (sheaf->entries, i))->fd) == 0;
  for (guint i = 0; i < sheaf->entries->len && done; i++) {
    struct entry *entry = g_ptr_array_index (sheaf->entries, i);
    done = g_rename (entry->tmp, entry->final) == 0;
    if (done)
      g_clear_pointer (&entry->tmp, g_free);
  }
  done = done && (sheaf->entries->len == 0 || disk_sync_folder (sheaf->cur));
  if (!done)
    disk_error (error);
  return done;
}

gboolean
maildir_batch_commit (struct maildir_batch *batch, GError **error)
{
  AUTOFREE (maildir_sheaf) sheaf = maildir_batch_take (batch);
  return maildir_sheaf_commit (sheaf, error);
}
