/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Writing many mails: all are on the disk before one of them can be seen, and the disk is waited for once. */
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

#define LOOK_MAX (512u * 1024)
#define BUFFER_MAX (64u * 1024)

struct entry {
  int fd;
  char *tmp, *final;
};

struct maildir_batch {
  char *dir;
  GPtrArray *ended;   /* struct entry * */
  struct entry *open; /* the file begun */
  GByteArray *buffer; /* of it, not yet written */
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

struct maildir_batch *
maildir_batch_new (const char *dir)
{
  struct maildir_batch *batch = g_new0 (struct maildir_batch, 1);
  batch->dir = g_strdup (dir);
  batch->ended = g_ptr_array_new_with_free_func ((GDestroyNotify) entry_free);
  batch->buffer = g_byte_array_new ();
  return batch;
}

void
maildir_batch_free (struct maildir_batch *batch)
{
  maildir_batch_drop (batch);
  g_ptr_array_unref (batch->ended);
  g_byte_array_unref (batch->buffer);
  g_free (batch->dir);
  g_free (batch);
}

void
maildir_batch_drop (struct maildir_batch *batch)
{
  g_clear_pointer (&batch->open, entry_free);
  g_byte_array_set_size (batch->buffer, 0);
}

guint
maildir_batch_count (const struct maildir_batch *batch)
{
  return batch->ended->len;
}

static gboolean
write_out (struct maildir_batch *batch, GError **error)
{
  gsize done = 0;
  while (done < batch->buffer->len) {
    ssize_t wrote = write (batch->open->fd, batch->buffer->data + done, batch->buffer->len - done);
    if (wrote < 0 && errno == EINTR)
      continue;
    if (wrote <= 0)
      return disk_error (error);
    done += (gsize) wrote;
  }
  g_byte_array_set_size (batch->buffer, 0);
  return TRUE;
}

static gboolean
begin (struct maildir_batch *batch, GError **error)
{
  g_autofree char *unique = maildir_unique ();
  struct entry *entry = g_new0 (struct entry, 1);
  char *tmp = g_build_filename (batch->dir, "tmp", unique, NULL);
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

static GBytes *
read_start (int fd)
{
  guint8 *bytes = g_malloc (LOOK_MAX);
  ssize_t got = pread (fd, bytes, LOOK_MAX, 0);
  return g_bytes_new_take (bytes, got > 0 ? (gsize) got : 0);
}

gboolean
maildir_batch_end (struct maildir_batch *batch, const char *base, const char *flags, gint64 date, GBytes **look_out,
                   GError **error)
{
  if ((batch->open == NULL && !begin (batch, error)) || !write_out (batch, error))
    return FALSE;
  struct entry *entry = g_steal_pointer (&batch->open);
  entry->final = maildir_path (batch->dir, base, flags);
  if (date > 0) {
    struct timespec times[2] = { { .tv_sec = date }, { .tv_sec = date } };
    (void) futimens (entry->fd, times);
  }
  if (look_out != NULL)
    *look_out = read_start (entry->fd);
  /* Begin writing now, so that the wait at the commit is short. */
  (void) sync_file_range (entry->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
  g_ptr_array_add (batch->ended, entry);
  return TRUE;
}

gboolean
maildir_batch_commit (struct maildir_batch *batch, GError **error)
{
  g_autofree char *cur = g_build_filename (batch->dir, "cur", NULL);
  gboolean done = TRUE;
  for (guint i = 0; i < batch->ended->len && done; i++)
    done = fdatasync (((struct entry *) g_ptr_array_index (batch->ended, i))->fd) == 0;
  for (guint i = 0; i < batch->ended->len && done; i++) {
    struct entry *entry = g_ptr_array_index (batch->ended, i);
    done = g_rename (entry->tmp, entry->final) == 0;
    if (done)
      g_clear_pointer (&entry->tmp, g_free);
  }
  done = done && (batch->ended->len == 0 || disk_sync_folder (cur));
  if (!done)
    disk_error (error);
  g_ptr_array_set_size (batch->ended, 0);
  return done;
}
