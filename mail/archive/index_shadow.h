/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Shadows: the clear text of an encrypted mail, on disk for as long as libnotmuch reads it. Index files only.
 *
 * They live in mail_dir/.shadow (libnotmuch reads nothing outside the mail's folder), inside the vault, mode 0600; what a crash leaves behind
 * is removed at the next start. */
#pragma once
#include <glib.h>

#define INDEX_SHADOW_DIR ".shadow"

void index_shadow_sweep (const char *mail_dir); /* remove what is left */
/* id: the Message-ID that the shadow must carry, NULL: the one it has. Returns the path, or NULL. */
char *index_shadow_write (const char *mail_dir, GBytes *shadow, const char *id, GError **error);
void index_shadow_remove (const char *path);
