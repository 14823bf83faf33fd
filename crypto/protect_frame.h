/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The MIME around what was signed and encrypted: outer header fields, S/MIME and PGP/MIME framing. */
#pragma once
#include "crypto/pieces.h"
#include "crypto/spool.h"

/* Bare LF becomes CRLF. Returns bytes itself (a new reference) where there is none. */
GBytes *protect_frame_crlf (GBytes *bytes);
/* The outer fields, checked and folded, with Subject and MIME-Version. NULL with FORMAT where a field does not belong outside. */
char *protect_frame_header (GPtrArray *outer_headers, GError **error);
/* multipart/signed around the payload and the DER of its detached signature. The payload is not copied. RFC 8551, 3.5.3. */
struct pieces *protect_frame_signed (const struct pieces *payload, GBytes *signature, const char *micalg);
/* authenticated: AuthEnvelopedData. Whole messages, up to where the base64 of the DER begins, or the armor; and what follows it. RFC 8551, 3.3; RFC 3156, 4. */
void protect_frame_smime_begin (struct spool *spool, const char *header, gboolean authenticated);
void protect_frame_smime_end (struct spool *spool);
char *protect_frame_pgp_begin (struct spool *spool, const char *header); /* returns the boundary */
void protect_frame_pgp_end (struct spool *spool, const char *boundary);
