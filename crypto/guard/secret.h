/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A secret in memory: locked against swapping, left out of core dumps, wiped when freed, printable by nobody. */
#pragma once
#include <glib.h>

struct secret;
struct secret *secret_new (const void *bytes, gsize size); /* copies; wipe your own afterwards */
struct secret *secret_new_take (void *bytes, gsize size);  /* copies, wipes and g_frees bytes */
/* Read up to size_max bytes from fd until EOF; one trailing newline is dropped. NULL with error. */
struct secret *secret_read_fd (int fd, gsize size_max, GError **error);
const char *secret_peek (const struct secret *secret); /* NUL-terminated; borrowed */
gsize secret_size (const struct secret *secret);
void secret_free (struct secret *secret);
void secret_wipe (void *bytes, gsize size); /* never optimised away */
DEFINE_AUTOFREE (secret, secret_free)
