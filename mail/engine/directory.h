/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* From the keys that are missing to the network and back: a lookup process for each question, whose answer the keys worker judges and keeps.
 * Engine only.
 *
 * Which directory is asked for whom, and not too often, is decided by the keys worker (keys_directory.c); how, by the lookup worker
 * (lookup_keys.c). Both know a directory by its name; all that is known of one here is what LDAP has to be told
 * (directory_ldap.c). */
#pragma once
#include "mail/engine/core.h"

#define DIRECTORY_WAIT_MS 2000 /* nobody waits longer for directories, all in all */

/* Begin what is not under way already. looks: rows of the keys worker; unfinished: addresses that are not looked up, NULL: none. done (may be
 * NULL) is called exactly once, perhaps at once: when nothing that was wanted is under way any more, or after wait_ms. Whatever comes later is
 * kept, and told to clients by the event "keys". */
typedef void (*directory_done_fn) (gpointer data);
void directory_look (struct core *core, GVariant *looks, const char *const *unfinished_or_null, guint wait_ms,
                     directory_done_fn done, gpointer data);
/* What is left of DIRECTORY_WAIT_MS since this moment (monotonic), with room for the way back. */
guint directory_left_ms (gint64 since_us);
gboolean directory_is_looking (struct core *core, const char *address);
void directory_init (struct core *core);
void directory_stop (struct core *core); /* all end; those who wait are told */
void directory_clear (struct core *core);

/* directory_ldap.c: fields of lookup.find_keys, and the files (borrowed) that it has to read. */
void directory_ldap_ask (struct core *core, GVariantDict *args);
void directory_ldap_files (struct core *core, GPtrArray *files);
