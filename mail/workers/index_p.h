/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the index worker share. */
#pragma once
#include "mail/archive/index.h"
#include "mail/archive/index_walk.h"
#include "mail/workers/worker.h"

struct state {
  struct index_db *db;
  char *mail_dir;
  struct index_walk *walk; /* the writer's, while an index is made anew */
  enum index_health told;  /* to the engine */
};

/* index_anew.c: making the index anew, and noticing that it must be. */
void index_anew_start (struct worker *worker, GVariant *config);
void index_anew_look (struct worker *worker); /* tells the engine what the last call found out */
/* Where mail is added: the index, or the one beside it. Borrowed. */
struct index_db *index_anew_target (struct worker *worker, gboolean beside, GError **error);
GVariant *index_anew_begin (struct worker *worker, GVariant *args, GError **error);
GVariant *index_anew_rest (struct worker *worker, GVariant *args, GError **error);
GVariant *index_anew_end (struct worker *worker, GVariant *args, GError **error);
GVariant *index_anew_drop (struct worker *worker, GVariant *args, GError **error);
GVariant *index_anew_verify (struct worker *worker, GVariant *args, GError **error);
