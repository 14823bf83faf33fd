/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What a client says to sign in, ready for the wire. It holds the credential: the caller frees it as the secret that it is. */
#pragma once
#include "crypto/guard/secret.h"

/* RFC 4616 PLAIN in base64. NULL: user or password has a NUL in it, or there is no password. */
struct secret *sasl_plain (const char *user, const struct secret *password);
/* RFC 4422 EXTERNAL in base64: the certificate says who it is; user may be NULL. */
struct secret *sasl_external (const char *user);
