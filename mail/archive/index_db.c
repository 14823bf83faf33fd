/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The index on disk: opened for each batch of writing, opened again before each query.
 *
 * The configuration path is always "" (the user's own notmuch is never read); the mail's folder is kept in the database. What libnotmuch
 * commits is durable only when the handle is closed, so a batch is: open, atomic section, close. Another writer makes libnotmuch
 * wait for ever: we look at Xapian's lock first, and give up after a while. What keeps readers and writer apart is index_lock.h. */
#include "mail/archive/index_db_p.h"

#include <errno.h>
#include <fcntl.h>
#include <notmuch.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mail/engine.h"

#define LOCK_WAIT_MS 10000
#define LOCK_POLL_MS 20
#define READ_TRIES 3
#define NEWEST_KEY "wardmail.newest"

/* ---- reading ---- */

static void
close_reader (struct index_db *db)
{
  if (db->reader != NULL)
    (void) notmuch_database_destroy (db->reader);
  db->reader = NULL;
}

/* Another index may have taken the place of the one that is open. */
static void
follow_place (struct index_db *db)
{
  struct stat info;
  g_autofree char *current = g_build_filename (db->index_dir, "current", NULL);
  if (db->is_next || stat (current, &info) != 0
      || (info.st_ino == db->current.st_ino && info.st_ctime == db->current.st_ctime))
    return;
  db->current = info;
  index_db_place (db);
}

static guint
open_reader (struct index_db *db)
{
  notmuch_status_t status = NOTMUCH_STATUS_SUCCESS;
  follow_place (db);
  if (db->reader != NULL)
    status = notmuch_database_reopen (db->reader, NOTMUCH_DATABASE_MODE_READ_ONLY);
  if (db->reader != NULL && status == NOTMUCH_STATUS_SUCCESS)
    return status;
  close_reader (db);
  char *message = NULL;
  status = notmuch_database_open_with_config (db->data_dir, NOTMUCH_DATABASE_MODE_READ_ONLY, "", NULL, &db->reader,
                                              &message);
  if (status != NOTMUCH_STATUS_SUCCESS)
    index_db_judge (db, status, message);
  free (message);
  return status;
}

static guint
read_once (struct index_db *db, index_read_fn run, gpointer data)
{
  index_lock_read (db->lock);
  guint status = open_reader (db);
  if (status == NOTMUCH_STATUS_SUCCESS)
    status = run (db->reader, data);
  index_lock_read_end (db->lock);
  return status;
}

gboolean
index_db_read (struct index_db *db, index_read_fn run, gpointer data, GError **error)
{
  guint status = NOTMUCH_STATUS_SUCCESS;
  for (guint i = 0; i < READ_TRIES; i++) {
    if (!index_db_exists (db)) {
      index_db_look (db);
      return TRUE;
    }
    db->health = INDEX_FINE;
    status = read_once (db, run, data);
    if (status == NOTMUCH_STATUS_SUCCESS)
      return TRUE;
    if (status != NOTMUCH_STATUS_XAPIAN_EXCEPTION && status != NOTMUCH_STATUS_FILE_ERROR
        && status != NOTMUCH_STATUS_NO_DATABASE)
      break;
    if (db->reader != NULL)
      index_db_judge (db, status, notmuch_database_status_string (db->reader));
    if (i + 1 < READ_TRIES) /* a fresh handle: its message about the failure is then about this query */
      close_reader (db);
  }
  if (db->health == INDEX_DAMAGED)
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_FAILED,
                 "The search index is damaged. wardmail makes it anew from your mail, which is not affected; ask again "
                 "in a moment.");
  else
    index_db_status_error (db->reader, status, "look something up", error);
  return FALSE;
}

/* ---- writing ---- */

/* Xapian locks this file for as long as a writer has the database open. */
static gboolean
wait_for_lock (struct index_db *db, GError **error)
{
  int fd = open (db->lock_path, O_RDWR | O_CLOEXEC);
  if (fd < 0)
    return TRUE; /* libnotmuch says what is wrong */
  gboolean locked = TRUE;
  for (guint waited = 0; locked && waited < LOCK_WAIT_MS; waited += LOCK_POLL_MS) {
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1 };
    locked = fcntl (fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
    if (locked)
      g_usleep (LOCK_POLL_MS * 1000);
  }
  close (fd);
  if (locked)
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_FAILED,
                 "Another program is writing to the search index of this profile and does not finish. Close it, then "
                 "try again; no mail is lost.");
  return !locked;
}

notmuch_database_t *
index_db_begin (struct index_db *db, GError **error)
{
  if (!db->writer) {
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_USAGE, "This process may only read the index.");
    return NULL;
  }
  index_db_drop (db);
  db->health = INDEX_FINE;
  if (!wait_for_lock (db, error))
    return NULL;
  index_lock_write (db->lock);
  char *message = NULL;
  notmuch_status_t status = notmuch_database_open_with_config (db->data_dir, NOTMUCH_DATABASE_MODE_READ_WRITE, "", NULL,
                                                               &db->batch, &message);
  if (status == NOTMUCH_STATUS_SUCCESS)
    status = notmuch_database_begin_atomic (db->batch);
  if (status != NOTMUCH_STATUS_SUCCESS) {
    index_db_judge (db, status, message);
    index_db_open_error (db, status, message, error);
    index_db_drop (db);
  }
  free (message);
  db->newest = 0;
  return db->batch;
}

static notmuch_status_t
finish (struct index_db *db)
{
  notmuch_status_t status = NOTMUCH_STATUS_SUCCESS;
  if (db->newest > index_db_newest (db->batch)) {
    g_autofree char *text = g_strdup_printf ("%" G_GINT64_FORMAT, db->newest);
    status = notmuch_database_set_config (db->batch, NEWEST_KEY, text);
  }
  if (status == NOTMUCH_STATUS_SUCCESS)
    status = notmuch_database_end_atomic (db->batch);
  if (status == NOTMUCH_STATUS_SUCCESS)
    status = notmuch_database_close (db->batch);
  if (status == NOTMUCH_STATUS_SUCCESS)
    index_lock_written (db->lock);
  return status;
}

gboolean
index_db_commit (struct index_db *db, GError **error)
{
  notmuch_status_t status = finish (db);
  if (status != NOTMUCH_STATUS_SUCCESS)
    index_db_fail (db, status, "store what it learnt", error);
  index_db_drop (db);
  return status == NOTMUCH_STATUS_SUCCESS;
}

gboolean
index_db_end (struct index_db *db, guint status, const char *what, GError **error)
{
  if (status == NOTMUCH_STATUS_SUCCESS)
    return index_db_commit (db, error);
  index_db_fail (db, status, what, error);
  index_db_drop (db);
  return FALSE;
}

void
index_db_drop (struct index_db *db)
{
  if (db->batch != NULL)
    (void) notmuch_database_destroy (db->batch);
  db->batch = NULL;
}

/* Dates in the future are somebody's mistake, or a trick to stay on top. */
void
index_db_note_date (struct index_db *db, gint64 date)
{
  db->newest = MAX (db->newest, MIN (date, g_get_real_time () / G_USEC_PER_SEC));
}

gint64
index_db_newest (notmuch_database_t *notmuch)
{
  char *text = NULL;
  gint64 newest = 0;
  if (notmuch_database_get_config (notmuch, NEWEST_KEY, &text) == NOTMUCH_STATUS_SUCCESS && text != NULL)
    newest = g_ascii_strtoll (text, NULL, 10);
  free (text);
  return newest;
}
