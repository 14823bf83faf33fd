/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A settings file on disk: read with care, judged by line, written whole or not at all. For config/ alone. */
#pragma once
#include "config/settings.h"

#define KEYFILE_SIZE_MAX (1024 * 1024)

/* MISSING: no such file. BROKEN: it is no key file (the sentence names file and line). FAILED: others can write it,
 * or it cannot be read. Comments are kept for writing it again. */
GKeyFile *keyfile_load (const char *path, GError **error);
/* As keyfile_load, from text; path is for the sentences alone. */
GKeyFile *keyfile_parse (const char *path, const char *text, gsize size, GError **error);
/* Atomic, durable, 0600; the folder is made 0700 if it is not there. */
gboolean keyfile_save (GKeyFile *file, const char *path, GError **error);
/* One line of text; *value_out stays NULL where the key is absent. BROKEN: it holds a control character or bad escapes. */
gboolean keyfile_text (GKeyFile *file, const char *path, const char *group, const char *key, char **value_out,
                       GError **error);
/* "true" or "false"; *value_out is left alone where the key is absent. */
gboolean keyfile_flag (GKeyFile *file, const char *path, const char *group, const char *key, gboolean *value_out,
                       GError **error);
gboolean keyfile_number (GKeyFile *file, const char *path, const char *group, const char *key, guint least, guint most,
                         guint *value_out, GError **error);
/* names: NULL-terminated; the position of the value is put into *value_out. */
gboolean keyfile_choice (GKeyFile *file, const char *path, const char *group, const char *key, const char *const *names,
                         int *value_out, GError **error);
/* The sentence for a value that cannot be accepted: "PATH, [GROUP] KEY: " and what is wrong. Always returns FALSE. */
gboolean keyfile_refuse (const char *path, const char *group, const char *key, const char *why, GError **error);
