/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The Keys view, for the files that make it up. */
#pragma once
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
  struct view *page;      /* the one that shows what is being compared; NULL */
  struct keys_file *file; /* see keys_life.c: the file that waits for its place; NULL */
  int importing;          /* the file that is being taken in; -1: none */
};

GVariant *
keys_current (const struct keys_view *keys); /* the one under the cursor; NULL where there is none; caller unrefs */
void keys_ask (struct keys_view *keys);      /* for what is there now */
char *keys_path (const char *typed);         /* absolute; "~/" is the home folder */

/* keys_compare.c */
void keys_page (struct keys_view *keys);    /* all about one */
void keys_compare (struct keys_view *keys); /* its fingerprint, and the question whether it is right */

/* keys_import.c */
void keys_import (struct keys_view *keys);

/* keys_life.c */
void keys_make (struct keys_view *keys);
void keys_export (struct keys_view *keys);
void keys_file_drop (struct keys_view *keys);
