/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A server that does what a script says, at the other end of a socket pair, in a thread of its own. Each step is a string:
 *
 *   "S: text"     send the text and CRLF; $TAG is the first word of the last line heard that has two; "\r\n" may stand in it
 *                 $LAST is what $TAG was before that
 *   "S> text"     send the text as it is
 *   "C: text"     hear a line that has the text in it (without looking at case); else the script fails
 *   "DATA"        hear lines up to a single dot
 *   "TLS"         be the server of a TLS handshake
 *   "DEFLATE"     from now on both ends compress (RFC 4978)
 *   "RAW text"    send the text as it is, whatever was agreed
 *   "EMPTY n"     send n empty blocks of a deflate stream, as they are
 *   "FLOOD n"     send n bytes without a line end
 *   "SLOW"        from now on send byte by byte
 *   "HANG"        hear and say nothing until the client goes away
 *   "CLOSE"       hang up (also what happens at the end of the script) */
#pragma once
#include <glib.h>

struct peer;
/* script: NULL-terminated, borrowed until peer_stop. cert, key: PEM files for TLS, NULL where there is none. client_fd_out: the client's end. */
struct peer *peer_start (const char *const *script, const char *cert, const char *key, int *client_fd_out);
/* Waits for the thread; the client's end must be closed. NULL: every step was done. Else the step that could not be, with why. */
char *peer_stop (struct peer *peer, char **heard_out); /* heard: all that the client said, decrypted; may be NULL */
