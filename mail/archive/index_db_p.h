/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The index's own struct: of the files that open it, make it, judge it and replace it, and of no others. */
#pragma once
#include <sys/stat.h>

#include "mail/archive/contacts.h"
#include "mail/archive/index_guard.h"
#include "mail/archive/index_lock.h"
#include "mail/archive/index_p.h"
#include "mail/store/tagbook.h"

struct index_db {
  char *index_dir, *mail_dir;
  char *data_dir, *lock_path; /* of the one in use, see index_place.h */
  struct stat current;        /* of the file that names it */
  int folder;                 /* index_dir, as it was at the start */
  gboolean writer, is_next;
  gboolean made; /* it was empty, or so damaged that it was made anew, when it was opened */
  enum index_health health;
  struct index_guard *guard; /* the writer's, as the book; is_next: borrowed */
  struct tagbook *book;
  struct contacts *contacts;
  struct index_lock *lock;
  struct index_db *next;            /* is being made; NULL */
  struct _notmuch_database *reader; /* opened at the first query */
  struct _notmuch_database *batch;  /* only between begin and commit */
  gint64 newest;
  guint damaged;
};

void index_db_place (struct index_db *db);      /* the one in use is another one, or the first */
gboolean index_db_exists (struct index_db *db); /* all of its files are there */
gboolean index_db_make (struct index_db *db,
                        GError **error); /* an empty one in a folder of its own, which is the one in use from now on */
gboolean index_db_create (struct index_db *db, GError **error); /* in data_dir */
/* Notes in health what a failure means. message: libnotmuch's; NULL: none. */
void index_db_judge (struct index_db *db, guint status, const char *message);
void index_db_look (struct index_db *db); /* is the folder still the one that it was? */
/* Of one that is written to: they say so where the disk takes no more. */
void index_db_open_error (struct index_db *db, guint status, const char *message, GError **error);
void index_db_fail (struct index_db *db, guint status, const char *what, GError **error);
