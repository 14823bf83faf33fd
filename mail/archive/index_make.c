/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* An index comes into being: the first one, another one instead of a damaged one, and another one beside one that works.
 *
 * A writer that finds none, or one that cannot be opened, makes an empty one at once, so that new mail has its place; what is missing in it is
 * put there by who asks index_db_was_made. */
#include "mail/archive/index_db_p.h"

#include <errno.h>
#include <fcntl.h>
#include <notmuch.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mail/archive/index_keep.h"
#include "mail/archive/index_place.h"
#include "mail/archive/index_shadow.h"
#include "mail/engine.h"
#include "mail/store/disk.h"

/* libnotmuch makes its files one after the other. A reader waits for the writer's own, which it makes when all of them are there. */
gboolean
index_db_exists (struct index_db *db)
{
  return db->writer ? access (db->lock_path, F_OK) == 0 : index_lock_exists (db->lock);
}

void
index_db_place (struct index_db *db)
{
  if (db->reader != NULL)
    (void) notmuch_database_destroy (db->reader);
  db->reader = NULL;
  g_free (db->data_dir);
  g_free (db->lock_path);
  db->data_dir = index_place_current (db->index_dir);
  db->lock_path = g_build_filename (db->data_dir, ".notmuch", "xapian", "flintlock", NULL);
  if (db->contacts != NULL)
    contacts_free (db->contacts);
  db->contacts = contacts_new (db->data_dir, db->writer);
}

/* A folder left by a creation that was killed half way holds nothing yet: libnotmuch takes it over. */
gboolean
index_db_create (struct index_db *db, GError **error)
{
  notmuch_database_t *notmuch = NULL;
  char *message = NULL;
  notmuch_status_t status = notmuch_database_create_with_config (db->data_dir, "", NULL, &notmuch, &message);
  if (status == NOTMUCH_STATUS_DATABASE_EXISTS) {
    free (message);
    message = NULL;
    status = notmuch_database_open_with_config (db->data_dir, NOTMUCH_DATABASE_MODE_READ_WRITE, "", NULL, &notmuch,
                                                &message);
  }
  if (status == NOTMUCH_STATUS_SUCCESS)
    status = notmuch_database_set_config (notmuch, "database.mail_root", db->mail_dir);
  if (status == NOTMUCH_STATUS_SUCCESS)
    status = notmuch_database_close (notmuch);
  if (notmuch != NULL)
    (void) notmuch_database_destroy (notmuch);
  if (status != NOTMUCH_STATUS_SUCCESS)
    index_db_open_error (db, status, message, error);
  free (message);
  return status == NOTMUCH_STATUS_SUCCESS;
}

static gboolean
no_room (GError **error)
{
  g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_FAILED,
               "The search index could not be made: %s. Look whether the disk is full and the profile's folder is "
               "yours; the mail itself is not affected.",
               g_strerror (errno));
  return FALSE;
}

gboolean
index_db_make (struct index_db *db, GError **error)
{
  g_autofree char *folder = index_place_next (db->index_dir);
  index_db_drop (db);
  disk_remove (folder);
  if (mkdir (folder, 0700) != 0)
    return no_room (error);
  g_free (db->data_dir);
  db->data_dir = g_strdup (folder);
  if (!index_db_create (db, error)) {
    index_db_place (db);
    return FALSE;
  }
  if (!index_place_switch (db->index_dir, folder)) {
    (void) no_room (error);
    index_db_place (db);
    return FALSE;
  }
  index_db_place (db);
  index_place_sweep (db->index_dir, NULL);
  index_lock_write (db->lock); /* its file is there */
  db->health = INDEX_FINE;
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
  return index_db_end (db, status, "note where the mail is", error);
}

/* What lies in the folder already, or an empty one instead of it. */
static gboolean
take_over (struct index_db *db, GError **error)
{
  g_autoptr (GError) problem = NULL;
  gboolean there = index_db_exists (db);
  if (there && settle (db, &problem))
    return TRUE;
  if (there && db->health != INDEX_DAMAGED) {
    g_propagate_error (error, g_steal_pointer (&problem));
    return FALSE;
  }
  db->made = TRUE;
  if (!there && strcmp (db->data_dir, db->index_dir) == 0 && index_db_create (db, NULL) && settle (db, NULL))
    return TRUE; /* the first of all */
  return index_db_make (db, error);
}

static char *
folder_path (const char *path)
{
  char *copy = g_strdup (path);
  gsize length = strlen (copy);
  while (length > 1 && copy[length - 1] == '/')
    copy[--length] = 0;
  return copy;
}

static struct index_db *
db_new (const char *index_dir, const char *mail_dir, gboolean writer)
{
  struct index_db *db = g_new0 (struct index_db, 1);
  db->index_dir = folder_path (index_dir);
  db->mail_dir = folder_path (mail_dir);
  db->writer = writer;
  db->folder = open (db->index_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  db->lock = index_lock_new (db->index_dir, writer);
  return db;
}

struct index_db *
index_db_new_kept (const char *index_dir, const char *mail_dir, const char *keep_dir_or_null, GError **error)
{
  if (!g_path_is_absolute (index_dir) || !g_path_is_absolute (mail_dir)) {
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_USAGE, "The folders of mail and index must be absolute paths.");
    return NULL;
  }
  struct index_db *db = db_new (index_dir, mail_dir, keep_dir_or_null != NULL);
  index_db_place (db);
  if (!db->writer)
    return db;
  index_shadow_sweep (db->mail_dir);
  db->guard = index_guard_new (keep_dir_or_null, db->index_dir, db->mail_dir, error);
  if (db->guard == NULL || !take_over (db, error) || !index_keep_open (db, keep_dir_or_null, error)) {
    index_db_free (db);
    return NULL;
  }
  index_lock_write (db->lock); /* the file is there from now on */
  return db;
}

struct index_db *
index_db_new (const char *index_dir, const char *mail_dir, gboolean writer, GError **error)
{
  return index_db_new_kept (index_dir, mail_dir, writer ? index_dir : NULL, error);
}

void
index_db_free (struct index_db *db)
{
  if (db == NULL)
    return;
  index_db_free (db->next);
  index_db_drop (db);
  if (db->reader != NULL)
    (void) notmuch_database_destroy (db->reader);
  if (!db->is_next) {
    index_guard_free (db->guard);
    g_clear_pointer (&db->book, tagbook_free);
  }
  contacts_free (db->contacts);
  index_lock_free (db->lock);
  if (db->folder >= 0)
    close (db->folder);
  g_free (db->index_dir);
  g_free (db->mail_dir);
  g_free (db->data_dir);
  g_free (db->lock_path);
  g_free (db);
}

/* ---- another one, beside ---- */

gboolean
index_next_begin (struct index_db *db, gboolean go_on, GError **error)
{
  g_autofree char *folder = index_place_next (db->index_dir);
  index_next_drop (db);
  index_place_sweep (db->index_dir, go_on ? folder : NULL);
  if (mkdir (folder, 0700) != 0 && (errno != EEXIST || !go_on))
    return no_room (error);
  struct index_db *next = db_new (folder, db->mail_dir, TRUE);
  next->is_next = TRUE;
  next->guard = db->guard;
  next->book = db->book;
  index_db_place (next);
  if ((!index_db_exists (next) && !index_db_create (next, error)) || !settle (next, error)) {
    index_db_free (next);
    disk_remove (folder);
    return FALSE;
  }
  db->next = next;
  return TRUE;
}

struct index_db *
index_next (struct index_db *db)
{
  return db->next;
}

void
index_next_drop (struct index_db *db)
{
  if (db->next == NULL)
    return;
  g_autofree char *folder = g_strdup (db->next->index_dir);
  g_clear_pointer (&db->next, index_db_free);
  disk_remove (folder);
}

gboolean
index_next_forget (struct index_db *db)
{
  g_autofree char *folder = index_place_next (db->index_dir);
  gboolean left = g_file_test (folder, G_FILE_TEST_IS_DIR);
  index_place_sweep (db->index_dir, NULL);
  return left;
}

gboolean
index_next_finish (struct index_db *db, GError **error)
{
  if (db->next == NULL) {
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_FAILED, "No other index is being made.");
    return FALSE;
  }
  g_autofree char *folder = g_strdup (db->next->index_dir);
  g_clear_pointer (&db->next, index_db_free);
  if (!index_place_switch (db->index_dir, folder)) {
    disk_remove (folder);
    return no_room (error);
  }
  index_db_drop (db);
  index_db_place (db);
  index_place_sweep (db->index_dir, NULL);
  return TRUE;
}

/* ---- what the others may know ---- */

gboolean
index_db_was_made (struct index_db *db)
{
  return db->made;
}

gboolean
index_db_make_anew (struct index_db *db, GError **error)
{
  index_next_drop (db);
  return index_db_make (db, error);
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

struct tagbook *
index_db_book (struct index_db *db)
{
  return db->book;
}

guint
index_db_take_damaged (struct index_db *db)
{
  guint damaged = db->damaged;
  db->damaged = 0;
  return damaged;
}

void
index_db_note_damaged (struct index_db *db)
{
  db->damaged++;
}

gboolean
index_db_owns_path (struct index_db *db, const char *path)
{
  gsize length = strlen (db->mail_dir);
  return strlen (path) < 4096 && strncmp (path, db->mail_dir, length) == 0 && path[length] == '/'
         && strstr (path, "/../") == NULL && strstr (path, "//") == NULL && !g_str_has_suffix (path, "/..");
}
