/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What went wrong: a search that makes no sense, a full disk, a folder that was taken away, or an index that is damaged.
 *
 * Xapian's files carry no sums, and libnotmuch hands on a message without its kind. So everything that Xapian throws and that is not known to
 * be something else counts as damage; for the writer only where the disk still takes data. */
#include "mail/archive/index_db_p.h"

#include <errno.h>
#include <fcntl.h>
#include <notmuch.h>
#include <string.h>
#include <unistd.h>

#include "mail/engine.h"
#include "mail/store/disk.h"

#define PROBE_BYTES 65536

static const char *
detail (notmuch_database_t *notmuch, guint status)
{
  const char *text = notmuch != NULL ? notmuch_database_status_string (notmuch) : NULL;
  return text != NULL ? text : notmuch_status_to_string ((notmuch_status_t) status);
}

/* In brackets after a sentence, where it says more than that sentence; caller frees. */
static char *
reason (guint status)
{
  return status == NOTMUCH_STATUS_XAPIAN_EXCEPTION
             ? g_strdup ("")
             : g_strdup_printf (" (%s)", notmuch_status_to_string ((notmuch_status_t) status));
}

void
index_db_status_error (notmuch_database_t *notmuch, guint status, const char *what, GError **error)
{
  const char *text = detail (notmuch, status);
  g_autofree char *why = reason (status);
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
                 "The search index failed while it tried to %s%s. The mail itself is not affected; try again. If it "
                 "stays so, run `wardmail reindex`: it makes the index anew from your mail.",
                 what, why);
}

/* Not the file system's word for it: quotas and limits count, too. */
static gboolean
disk_takes_data (const char *folder)
{
  g_autofree char *path = g_build_filename (folder, "probe", NULL), *bytes = g_malloc0 (PROBE_BYTES);
  int fd = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  gboolean done = fd >= 0 && disk_write (fd, bytes, PROBE_BYTES) && fdatasync (fd) == 0;
  if (fd >= 0)
    close (fd);
  (void) unlink (path);
  return done;
}

/* FALSE, and says so, where that is why something could not be written. */
static gboolean
has_room (struct index_db *db, const char *what, GError **error)
{
  if (disk_takes_data (db->index_dir))
    return TRUE;
  g_set_error (
      error, ENGINE_ERROR, ENGINE_ERROR_FAILED,
      "The search index could not %s: the disk takes no more. The mail itself is not affected. Make room on the "
      "disk and try again.",
      what);
  return FALSE;
}

void
index_db_open_error (struct index_db *db, guint status, const char *message, GError **error)
{
  g_autofree char *why = reason (status);
  g_debug ("index: open: %s", message != NULL ? message : "");
  if (has_room (db, "be opened", error))
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_FAILED,
                 "The search index could not be opened%s. The mail itself is not affected; start wardmail again. If it "
                 "stays so, run `wardmail reindex`: it makes the index anew from your mail.",
                 why);
}

static gboolean
is_other_trouble (const char *message)
{
  static const char *const others[] = { "parsing query", "Wildcard", "egex",     "discarded",  "reopen",
                                        "memory",        "too many", "No space", "Permission", "already locked" };
  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    if (strstr (message, others[i]) != NULL)
      return TRUE;
  return FALSE;
}

void
index_db_look (struct index_db *db)
{
  struct stat held, there;
  if (db->folder < 0 || fstat (db->folder, &held) != 0)
    return;
  if (held.st_nlink == 0 || stat (db->index_dir, &there) != 0 || there.st_ino != held.st_ino
      || there.st_dev != held.st_dev)
    db->health = INDEX_GONE;
  else if (db->reader != NULL || db->writer)
    db->health = INDEX_DAMAGED; /* it was there */
}

void
index_db_judge (struct index_db *db, guint status, const char *message)
{
  if (message == NULL)
    message = "";
  if (status != NOTMUCH_STATUS_XAPIAN_EXCEPTION && status != NOTMUCH_STATUS_FILE_ERROR
      && status != NOTMUCH_STATUS_NO_DATABASE && status != NOTMUCH_STATUS_PATH_ERROR)
    return;
  if (is_other_trouble (message) || (db->writer && !disk_takes_data (db->index_dir)))
    return;
  g_debug ("index: damaged: %s", message);
  db->health = INDEX_DAMAGED;
  if (!index_db_exists (db))
    index_db_look (db);
}

void
index_db_fail (struct index_db *db, guint status, const char *what, GError **error)
{
  index_db_judge (db, status, notmuch_database_status_string (db->batch));
  if (has_room (db, what, error))
    index_db_status_error (db->batch, status, what, error);
}

enum index_health
index_db_health (struct index_db *db)
{
  if (db->health == INDEX_FINE && db->folder >= 0) {
    struct stat held;
    if (fstat (db->folder, &held) != 0 || held.st_nlink == 0)
      db->health = INDEX_GONE;
  }
  return db->health;
}
