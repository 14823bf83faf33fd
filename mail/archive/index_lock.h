/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Readers and a writer that never wait for each other's work.
 *
 * What a reader opened stays readable during the next commit, and until the one after it is prepared: then its blocks are used again, and
 * libnotmuch aborts. So readers hold a lock that belongs to the commit which they began with, and a writer waits, before it prepares
 * a batch, for those who began before the last one. They were there for a whole commit already; after COMMIT_WAIT_MS it goes on, since a
 * reader can be started again. A reader waits for nobody.
 *
 * The file: a count of commits, whose lowest bit says which of two bytes a reader locks. */
#pragma once
#include <glib.h>

struct index_lock;

struct index_lock *index_lock_new (const char *index_dir, gboolean writer);
void index_lock_free (struct index_lock *lock);
gboolean index_lock_exists (struct index_lock *lock); /* a writer has been here */
void index_lock_read (struct index_lock *lock);
void index_lock_read_end (struct index_lock *lock);
void index_lock_write (struct index_lock *lock);   /* before a batch is prepared */
void index_lock_written (struct index_lock *lock); /* after its commit */
