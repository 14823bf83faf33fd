/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Addr-specs as keys are found under them: what is one, and when two are the same.
 *
 * Both halves are compared without regard to ASCII case. RFC 5321, 2.4 leaves the case of a local part to its server and in the
 * same breath discourages any use of it; no mail service tells Bob@ from bob@, and gpg, WKD, Autocrypt, Thunderbird and Outlook
 * look keys up so. Letters beyond ASCII are compared as they are, since foldings of those differ between programs. Who has a key
 * under the very spelling gets that one and no other (keyring_find), so where a server does tell the two, so do we.
 * A domain in its xn-- form is the same as the one that it stands for (RFC 5890), and no other: no mapping of IDNA2003 is done.
 * Quoted local parts and address literals are not supported, nor is what looks like the start of an RFC 2047 word, which programs turn into
 * another address: such an address is never valid here, and what is not valid is held. */
#pragma once
#include <glib.h>

#define ADDRSPEC_SIZE_MAX 254
gboolean addrspec_valid (const char *address);
/* FALSE unless both are valid. */
gboolean addrspec_equal (const char *a, const char *b);
/* Equal, and the local parts spelt alike to the letter. */
gboolean addrspec_identical (const char *a, const char *b);
/* A new string: surrounding blanks removed, domain in lower case; NULL when it is no addr-spec. */
char *addrspec_normalise (const char *text);
/* One name for all that are equal, to look it up in a table; NULL when it is no addr-spec. */
char *addrspec_fold (const char *text);
