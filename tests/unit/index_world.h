/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A folder of mail and an index over it, for the tests of the index. */
#pragma once
#include "mail/archive/index.h"

#define INDEX_WORLD_T0 1700000000 /* the newest mail of a test */

struct index_world {
  char *dir, *index_dir, *mail_dir;
  struct index_db *db;
};

void index_world_reopen (struct index_world *world);
int index_world_set_up (void **state);
int index_world_tear_down (void **state);
char *index_world_path (struct index_world *world, const char *name);
char *index_world_text (const char *id, const char *parent, const char *subject, gint64 date, const char *body);
void index_world_put (const char *path, const char *text);
guint index_world_add_full (struct index_world *world, const char *path, const char *const *add,
                            const char *const *remove, const char *shadow, char **skipped_out);
char *index_world_add_mail (struct index_world *world, const char *name, const char *id, const char *parent,
                            const char *subject, gint64 date, const char *body);
guint index_world_count (struct index_world *world, const char *query);
GVariant *index_world_threads (struct index_world *world, const char *query, guint limit, guint offset,
                               gboolean *more_out);
char *index_world_field (GVariant *rows, gsize row, const char *name);
void index_world_assert_field (GVariant *rows, gsize row, const char *name, const char *expected);
guint index_world_files_in (const char *dir_path);
int index_world_in_child (struct index_world *world, void (*run) (struct index_world *));

#define INDEX_WORLD_TEST(function) cmocka_unit_test_setup_teardown (function, index_world_set_up, index_world_tear_down)
