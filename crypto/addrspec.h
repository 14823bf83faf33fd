/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Addr-specs as keys are found under them: what is one, and when two are the same.
 *
 * The local part is compared byte by byte, the domain without regard to ASCII case (RFC 5321, 2.4; RFC 8550). Quoted local
 * parts and address literals are not supported: such an address is never valid here, and what is not valid is held. */
#pragma once
#include <glib.h>

#define ADDRSPEC_SIZE_MAX 254
gboolean addrspec_valid (const char *address);
/* FALSE unless both are valid. */
gboolean addrspec_equal (const char *a, const char *b);
/* A new string: surrounding blanks removed, domain in lower case; NULL when it is no addr-spec. */
char *addrspec_normalise (const char *text);
