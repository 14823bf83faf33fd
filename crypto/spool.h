/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A finished message on its way out: written from front to end into a file without a name, which is gone with the last one who holds it.
 *
 * It lies on the disk of the profile and takes no memory, however many copies there are: so only what may leave goes in, an outer header
 * and ciphertext. Without a folder it lies in memory. */
#pragma once
#include "crypto/error.h"

struct spool;
/* dir: where the file is made; NULL: in memory. Returns NULL with FAILED. */
struct spool *spool_new (const char *dir_or_null, GError **error);
void spool_free (struct spool *spool);
DEFINE_AUTOFREE (spool, spool_free)

/* What goes wrong while writing is told by spool_finish; until then the calls may go on. */
void spool_write (struct spool *spool, const void *bytes, gsize size);
void spool_text (struct spool *spool, const char *text);
/* Lines of base64, in any number of calls, then the end of the last one. */
void spool_base64 (struct spool *spool, const void *bytes, gsize size);
void spool_base64_end (struct spool *spool);
/* Text in any number of calls; a bare LF becomes CRLF. */
void spool_lines (struct spool *spool, const void *bytes, gsize size);
gboolean spool_fine (const struct spool *spool);
gsize spool_size (const struct spool *spool);

/* All is written. Returns the file, read from its start, for the caller to close; -1 with FAILED. The spool writes no more. */
int spool_finish (struct spool *spool, GError **error);
