/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The one sanitiser: every text from outside passes it before it reaches a screen, a log or a report. Pure.
 * C0 (but newline and tab where asked), DEL, C1 (also as UTF-8), bidi controls, zero-width and tag characters and invalid UTF-8 are made visible
 * (as U+FFFD or ‹U+202E›-like marks), never passed on. Result is valid UTF-8, NFC is not applied. */
#pragma once
#include <glib.h>
enum sanitise_flags { SANITISE_LINE = 0, SANITISE_TEXT = 1 /* newline and tab stay; CRLF becomes LF */ };
char *sanitise (const char *bytes, gssize size, enum sanitise_flags flags); /* size -1: NUL-terminated */
