/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of this folder share. */
#pragma once
#include "mail/message/message.h"
#include "mail/message/sanitise.h"

void message_init (void); /* GMime, once a process */

/* Writing (message_header.c). text: valid UTF-8 without control characters. */
char *message_header_encode (const char *text);
char *message_header_encode_name (const char *name);
void message_header_append (GString *out, const char *line);
/* A random Message-ID in the domain of an addr-spec, without angle brackets. */
char *message_id_new (const char *address);
gboolean message_id_is_valid (const char *id);
/* A file name that is safe to save under: no folder, no control or invisible characters, no leading dot, never empty, at most 200 bytes. */
char *message_clean_filename (const char *name);
