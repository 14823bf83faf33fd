/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The files in a TNEF container, which Outlook sends as winmail.dat. For the filter process alone: libytnef reads it. */
#pragma once
#include <glib.h>

#define TNEF_FILES_MAX 100

struct tnef_file {
  char *filename;  /* sanitised; never empty */
  char *save_name; /* the same, safe to save under */
  const char *type;
  GBytes *bytes;
};
/* struct tnef_file *. whole_out: nothing of the container was broken off or left out. NULL: it is none, or holds nothing. */
GPtrArray *tnef_files (const void *bytes, gsize size, gboolean *whole_out);
