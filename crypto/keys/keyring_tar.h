/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A small tar in memory. Pure; what is read may be hostile. */
#pragma once
#include <glib.h>

/* name: less than 100 bytes; size: below 2 GB. */
void keyring_tar_add (GByteArray *tar, const char *name, gconstpointer bytes, gsize size, gint64 time);
void keyring_tar_end (GByteArray *tar);
/* Called for each file; content is part of tar, with no copy. FALSE with FORMAT, or with what file said. */
typedef gboolean (*keyring_tar_fn) (const char *name, GBytes *content, gpointer data, GError **error);
gboolean keyring_tar_read (GBytes *tar, keyring_tar_fn file, gpointer data, GError **error);
