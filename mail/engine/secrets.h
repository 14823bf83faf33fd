/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The accounts' credentials on disk: secrets_dir/<account>, 0600. Engine only; a worker gets its own account's, nothing else. */
#pragma once
#include "config/paths.h"
#include "crypto/guard/secret.h"

struct secret *secrets_load (const struct paths *paths, const char *account); /* NULL: there is none */
gboolean secrets_store (const struct paths *paths, const char *account, const void *bytes, gsize size, GError **error);
void secrets_remove (const struct paths *paths, const char *account);
