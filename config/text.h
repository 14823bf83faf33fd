/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What a value in a settings file may look like, whoever wrote it. Pure; no locale. */
#pragma once
#include <glib.h>

/* Valid UTF-8 in one line, without control characters, not empty, at most size_max bytes. */
gboolean text_is_line (const char *text, gsize size_max);
/* One addr-spec: dot-atom @ host name, UTF-8 allowed in both (RFC 6532); no quoted local part, no address literal. */
gboolean text_is_address (const char *text);
/* A host name or an IP address, as in "imap.example.org", "127.0.0.1", "::1". */
gboolean text_is_host (const char *text);
/* 1..64 of [A-Za-z0-9._-], beginning with a letter or digit. */
gboolean text_is_name (const char *text);
