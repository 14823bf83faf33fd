/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The MIME around what was signed and encrypted: outer header fields, S/MIME and PGP/MIME framing. */
#pragma once
#include "crypto/error.h"

/* Bare LF becomes CRLF. Returns bytes itself (a new reference) where there is none. */
GBytes *protect_frame_crlf (GBytes *bytes);
/* The outer fields, checked and folded, with Subject and MIME-Version. NULL with FORMAT where a field does not belong outside. */
char *protect_frame_header (GPtrArray *outer_headers, GError **error);
/* multipart/signed around the payload and the DER of its detached signature. RFC 8551, 3.5.3. */
GBytes *protect_frame_signed (GBytes *payload, GBytes *signature);
/* Whole messages. RFC 8551, 3.3; RFC 3156, 4. */
GBytes *protect_frame_smime (const char *header, GBytes *enveloped);
GBytes *protect_frame_pgp (const char *header, GBytes *armor);
