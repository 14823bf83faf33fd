/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Pins of servers' keys as they stand in accounts.conf: "sha256/BASE64", of the SHA-256 of a public key (RFC 7469), one or several. */
#pragma once
#include <glib.h>

#define PINS_MAX 4
/* One pin, also as "pin-sha256="…"", "sha256//…" or bare base64 -> "sha256/BASE64"; NULL if it is none. */
char *pins_parse_one (const char *text);
/* Several, divided by blanks or commas; NULL if one of them is none, or there are none or too many. */
char **pins_parse (const char *text);
