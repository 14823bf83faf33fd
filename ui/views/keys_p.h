/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The Keys view, for the files that make it up. */
#pragma once
#include "crypto/guard/secret.h"
#include "ui/views/rows.h"
#include "ui/views/views.h"

struct keys_file;
struct keys_view {
  struct view view;
  GVariant *all;    /* aa{sv}, a row for each address of each key; NULL while they are asked for */
  GPtrArray *shown; /* GVariant *: those that match the filter */
  char *filter;     /* NULL: none */
  struct rows rows;
  gboolean asked;
  struct view *page;         /* the one that shows what is being compared; NULL */
  char *wanted;              /* where the cursor shall go: fingerprint and address; NULL */
  struct keys_file *file;    /* that waits for its place; NULL */
  struct secret *passphrase; /* of a back-up, until it was typed again; NULL */
  GVariant *about;           /* the key that the question is about, wherever the cursor goes meanwhile; NULL */
  int importing;             /* the file that is being taken in; -1: none */
};

GVariant *
keys_current (const struct keys_view *keys); /* the one under the cursor; NULL where there is none; caller unrefs */
void keys_ask (struct keys_view *keys);      /* for what is there now */
void keys_go_to (struct keys_view *keys, GVariant *key); /* when it is listed */

/* keys_compare.c */
void keys_page (struct keys_view *keys);    /* all about one */
void keys_compare (struct keys_view *keys); /* its fingerprint, and the question whether it is right */

/* keys_import.c */
void keys_import (struct keys_view *keys);

/* keys_life.c */
void keys_make (struct keys_view *keys);
void keys_export (struct keys_view *keys);
void keys_renew (struct keys_view *keys);

/* keys_backup.c */
void keys_backup (struct keys_view *keys);

/* keys_stop.c */
void keys_stop (struct keys_view *keys); /* asks first */
/* after: what to say when somebody else's is no longer used; must stay. */
void keys_stop_for (struct keys_view *keys, GVariant *key, const char *reason, const char *after);

/* keys_file.c: ask where the file in the "data" of row shall be saved. */
struct keys_file_words {
  const char *label, *name, *after; /* after: what to do with it; it and label must stay */
  void (*done) (struct app *app);   /* when it is written; NULL */
};
void keys_file_ask (struct keys_view *keys, GVariant *row, GUnixFDList *fds, const struct keys_file_words *words);
void keys_file_drop (struct keys_view *keys);
