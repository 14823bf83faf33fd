/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading the engine's dictionaries without trusting them: a field that is not there, or of another type, is empty. */
#pragma once
#include <gio/gunixfdlist.h>

const char *fields_text (GVariant *fields, const char *name); /* "s" or "ms"; borrowed, never NULL */
guint fields_number (GVariant *fields, const char *name);     /* "u" */
gint64 fields_time (GVariant *fields, const char *name);      /* "x" */
gboolean fields_flag (GVariant *fields, const char *name);    /* "b" */
char **fields_texts (GVariant *fields, const char *name);     /* "as"; caller g_strfreev, never NULL */
char *fields_joined (GVariant *fields, const char *name);     /* the same, with commas between */
GVariant *fields_rows (GVariant *fields, const char *name);   /* "aa{sv}"; caller unrefs, never NULL */
GVariant *fields_inner (GVariant *fields, const char *name);  /* "a{sv}"; caller unrefs, never NULL */
/* A new descriptor of the file in the "h"; -1: there is none. */
int fields_fd (GVariant *fields, const char *name, GUnixFDList *fds_or_null);
gboolean fields_has (char **texts, const char *text);
/* A typed secret as "ay" for a call, wiped when the call's arguments are freed. Floating. */
GVariant *fields_secret (const char *secret, gsize size);
/* At most 9 columns: "14:05", "Mon 14:05", "21 Nov", "21 Nov 24". */
char *fields_short_date (gint64 time, gint64 now);
char *fields_long_date (gint64 time);
