/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Mailbox names: as the server writes them (RFC 3501 5.1.3, modified UTF-7), as people read them, and as folders on our disk.
 * A name from the server is untrusted: it goes back into commands and becomes a path. Pure. */
#pragma once
#include <glib.h>

#define IMAP_NAME_MAX 1000
/* No control characters, no CR, LF, NUL, nothing beyond ASCII, not empty, not too long: safe to send. */
gboolean imap_name_is_safe (const char *path);
/* UTF-8; text that is no modified UTF-7 comes back as it is. Not yet sanitised. */
char *imap_name_decode (const char *path);
/* What a person typed as the name of a folder to be made: as it goes to the server, "/" or the server's own delimiter between levels. NULL:
 * with a reason for a sentence, "it is empty". Refused are control characters, wildcards, and whatever could mean a place and no name. */
char *imap_name_encode (const char *text, char delimiter, const char **why_out);
/* A relative path with one level a hierarchy level. Two names never give the same path; no level is ".", "..", hidden, "cur", "new" or
 * "tmp". NULL: too deep or too long. */
char *imap_name_to_dir (const char *path, char delimiter);
/* "inbox","drafts","sent","archive","trash","junk" by a usual name of the last level, or "". */
const char *imap_name_role (const char *path, char delimiter);
