/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The index on disk: created, opened for each batch of writing, opened again before each query.
 *
 * The configuration path is always "" (the user's own notmuch is never read); the mail's folder is kept in the database. What libnotmuch
 * commits is durable only when the handle is closed, so a batch is: open, atomic section, close. Another writer makes libnotmuch
 * wait for ever: we look at Xapian's lock first, and give up after a while.
 *
 * A reader survives one commit under its query, not two: libnotmuch aborts its process. So readers hold index_dir/commits shared while they
 * read, and a writer takes it alone while it commits; it does not wait for long, because a reader can be started again. */
#include "mail/archive/index_p.h"

#include <errno.h>
#include <fcntl.h>
#include <notmuch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "mail/archive/contacts.h"
#include "mail/archive/index_guard.h"
#include "mail/archive/index_shadow.h"
#include "mail/engine.h"

#define LOCK_WAIT_MS 10000
#define LOCK_POLL_MS 20
#define COMMIT_WAIT_MS 3000
#define READ_TRIES 3
#define NEWEST_KEY "wardmail.newest"

struct index_db {
  char *index_dir, *mail_dir, *lock_path, *commits_path;
  gboolean writer;
  struct index_guard *guard;
  struct contacts *contacts;
  notmuch_database_t *reader; /* opened at the first query */
  notmuch_database_t *batch;  /* only between begin and commit */
  gint64 newest;
  int commits; /* the lock between readers and commits; -1: not yet there */
};

static const char *
detail (notmuch_database_t *notmuch, guint status)
{
  const char *text = notmuch != NULL ? notmuch_database_status_string (notmuch) : NULL;
  return text != NULL ? text : notmuch_status_to_string ((notmuch_status_t) status);
}

void
index_db_status_error (notmuch_database_t *notmuch, guint status, const char *what, GError **error)
{
  const char *text = detail (notmuch, status);
  g_debug ("index: %s: %s", what, text);
  if (status == NOTMUCH_STATUS_BAD_QUERY_SYNTAX || status == NOTMUCH_STATUS_ILLEGAL_ARGUMENT
      || (status == NOTMUCH_STATUS_XAPIAN_EXCEPTION && strstr (text, "parsing query") != NULL))
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_USAGE,
                 "The search could not be understood. Check dates (“date:2024-01..2024-03”) and words with a colon; "
                 "“?” shows examples.");
  else if (status == NOTMUCH_STATUS_OUT_OF_MEMORY)
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_FAILED, "There is not enough memory to %s; ask for less at a time.",
                 what);
  else
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_FAILED,
                 "The search index failed while it tried to %s (%s). The mail itself is not affected; try again, and "
                 "look whether the disk is full. "
                 "If it stays so, remove the profile's folder “index”: what comes from servers is put into a new one "
                 "by itself, what was imported by importing it again.",
                 what, notmuch_status_to_string ((notmuch_status_t) status));
}

static gboolean
open_failed (guint status, char *message, GError **error)
{
  g_debug ("index: open: %s", message != NULL ? message : "");
  g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_FAILED,
               "The search index could not be opened (%s). The mail itself is not affected; start wardmail again, and "
               "look whether the disk is full. "
               "If it stays so, remove the profile's folder “index”: what comes from servers is put into a new one by "
               "itself, what was imported by importing it again.",
               notmuch_status_to_string ((notmuch_status_t) status));
  free (message);
  return FALSE;
}

/* libnotmuch makes its files one after the other. A reader waits for the writer's own, which it makes when all of them are there. */
static gboolean
exists (struct index_db *db)
{
  return access (db->writer ? db->lock_path : db->commits_path, F_OK) == 0;
}

/* A folder left by a creation that was killed half way holds nothing yet: libnotmuch takes it over. */
static gboolean
create (struct index_db *db, GError **error)
{
  notmuch_database_t *notmuch = NULL;
  char *message = NULL;
  notmuch_status_t status = notmuch_database_create_with_config (db->index_dir, "", NULL, &notmuch, &message);
  if (status == NOTMUCH_STATUS_DATABASE_EXISTS) {
    free (message);
    message = NULL;
    status = notmuch_database_open_with_config (db->index_dir, NOTMUCH_DATABASE_MODE_READ_WRITE, "", NULL, &notmuch,
                                                &message);
  }
  if (status == NOTMUCH_STATUS_SUCCESS)
    status = notmuch_database_set_config (notmuch, "database.mail_root", db->mail_dir);
  if (status == NOTMUCH_STATUS_SUCCESS)
    status = notmuch_database_close (notmuch);
  if (notmuch != NULL)
    (void) notmuch_database_destroy (notmuch);
  if (status != NOTMUCH_STATUS_SUCCESS)
    return open_failed (status, message, error);
  free (message);
  return TRUE;
}

/* The folder of the mail may have moved with its profile since the index was made. */
static gboolean
settle (struct index_db *db, GError **error)
{
  notmuch_database_t *notmuch = index_db_begin (db, error);
  if (notmuch == NULL)
    return FALSE;
  const char *root = notmuch_config_get (notmuch, NOTMUCH_CONFIG_MAIL_ROOT);
  if (root != NULL && strcmp (root, db->mail_dir) == 0) {
    index_db_drop (db);
    return TRUE;
  }
  notmuch_status_t status = notmuch_database_set_config (notmuch, "database.mail_root", db->mail_dir);
  if (status == NOTMUCH_STATUS_SUCCESS)
    return index_db_commit (db, error);
  index_db_status_error (notmuch, status, "note where the mail is", error);
  index_db_drop (db);
  return FALSE;
}

static char *
folder (const char *path)
{
  char *copy = g_strdup (path);
  gsize length = strlen (copy);
  while (length > 1 && copy[length - 1] == '/')
    copy[--length] = 0;
  return copy;
}

static void
open_commits (struct index_db *db)
{
  if (db->commits < 0)
    db->commits = open (db->commits_path, O_CLOEXEC | O_NOFOLLOW | (db->writer ? O_RDWR | O_CREAT : O_RDONLY), 0600);
}

struct index_db *
index_db_new (const char *index_dir, const char *mail_dir, gboolean writer, GError **error)
{
  if (!g_path_is_absolute (index_dir) || !g_path_is_absolute (mail_dir)) {
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_USAGE, "The folders of mail and index must be absolute paths.");
    return NULL;
  }
  struct index_db *db = g_new0 (struct index_db, 1);
  db->index_dir = folder (index_dir);
  db->mail_dir = folder (mail_dir);
  db->writer = writer;
  db->commits = -1;
  db->lock_path = g_build_filename (db->index_dir, ".notmuch", "xapian", "flintlock", NULL);
  db->commits_path = g_build_filename (db->index_dir, "commits", NULL);
  db->contacts = contacts_new (db->index_dir, writer);
  if (!writer)
    return db;
  index_shadow_sweep (db->mail_dir);
  db->guard = index_guard_new (db->index_dir, db->mail_dir, error);
  if (db->guard == NULL || (!exists (db) && !create (db, error)) || !settle (db, error)) {
    index_db_free (db);
    return NULL;
  }
  open_commits (db);
  return db;
}

void
index_db_free (struct index_db *db)
{
  if (db == NULL)
    return;
  index_db_drop (db);
  if (db->reader != NULL)
    (void) notmuch_database_destroy (db->reader);
  index_guard_free (db->guard);
  contacts_free (db->contacts);
  if (db->commits >= 0)
    close (db->commits);
  g_free (db->index_dir);
  g_free (db->mail_dir);
  g_free (db->lock_path);
  g_free (db->commits_path);
  g_free (db);
}

const char *
index_db_mail_dir (struct index_db *db)
{
  return db->mail_dir;
}

struct index_guard *
index_db_guard (struct index_db *db)
{
  return db->guard;
}

struct contacts *
index_db_contacts (struct index_db *db)
{
  return db->contacts;
}

gboolean
index_db_owns_path (struct index_db *db, const char *path)
{
  gsize length = strlen (db->mail_dir);
  return strlen (path) < 4096 && strncmp (path, db->mail_dir, length) == 0 && path[length] == '/'
         && strstr (path, "/../") == NULL && strstr (path, "//") == NULL && !g_str_has_suffix (path, "/..");
}

static void
lock_reading (struct index_db *db)
{
  open_commits (db);
  while (db->commits >= 0 && flock (db->commits, LOCK_SH) != 0 && errno == EINTR)
    ;
}

static void
lock_commit (struct index_db *db)
{
  open_commits (db);
  for (guint waited = 0; db->commits >= 0 && waited < COMMIT_WAIT_MS; waited++) {
    if (flock (db->commits, LOCK_EX | LOCK_NB) == 0 || (errno != EWOULDBLOCK && errno != EINTR))
      return;
    g_usleep (1000);
  }
}

static void
unlock (struct index_db *db)
{
  if (db->commits >= 0)
    (void) flock (db->commits, LOCK_UN);
}

static guint
open_reader (struct index_db *db)
{
  notmuch_status_t status = NOTMUCH_STATUS_SUCCESS;
  if (db->reader != NULL)
    status = notmuch_database_reopen (db->reader, NOTMUCH_DATABASE_MODE_READ_ONLY);
  if (db->reader != NULL && status == NOTMUCH_STATUS_SUCCESS)
    return status;
  if (db->reader != NULL)
    (void) notmuch_database_destroy (db->reader);
  db->reader = NULL;
  char *message = NULL;
  status = notmuch_database_open_with_config (db->index_dir, NOTMUCH_DATABASE_MODE_READ_ONLY, "", NULL, &db->reader,
                                              &message);
  free (message);
  return status;
}

gboolean
index_db_read (struct index_db *db, index_read_fn run, gpointer data, GError **error)
{
  guint status = NOTMUCH_STATUS_SUCCESS;
  for (guint i = 0; i < READ_TRIES; i++) {
    if (!exists (db))
      return TRUE;
    lock_reading (db);
    status = open_reader (db);
    if (status == NOTMUCH_STATUS_SUCCESS)
      status = run (db->reader, data);
    unlock (db);
    if (status == NOTMUCH_STATUS_SUCCESS)
      return TRUE;
    if (status != NOTMUCH_STATUS_XAPIAN_EXCEPTION && status != NOTMUCH_STATUS_FILE_ERROR
        && status != NOTMUCH_STATUS_NO_DATABASE)
      break;
    if (i + 1 < READ_TRIES) { /* a fresh handle: its message about the failure is then about this query */
      if (db->reader != NULL)
        (void) notmuch_database_destroy (db->reader);
      db->reader = NULL;
    }
  }
  index_db_status_error (db->reader, status, "look something up", error);
  return FALSE;
}

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
  if (!wait_for_lock (db, error))
    return NULL;
  char *message = NULL;
  notmuch_status_t status = notmuch_database_open_with_config (db->index_dir, NOTMUCH_DATABASE_MODE_READ_WRITE, "",
                                                               NULL, &db->batch, &message);
  if (status == NOTMUCH_STATUS_SUCCESS)
    status = notmuch_database_begin_atomic (db->batch);
  if (status != NOTMUCH_STATUS_SUCCESS) {
    (void) open_failed (status, message, error);
    index_db_drop (db);
    return NULL;
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
  if (status != NOTMUCH_STATUS_SUCCESS)
    return status;
  lock_commit (db);
  status = notmuch_database_close (db->batch);
  unlock (db);
  return status;
}

gboolean
index_db_commit (struct index_db *db, GError **error)
{
  notmuch_status_t status = finish (db);
  if (status != NOTMUCH_STATUS_SUCCESS)
    index_db_status_error (db->batch, status, "store what it learnt", error);
  index_db_drop (db);
  return status == NOTMUCH_STATUS_SUCCESS;
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
