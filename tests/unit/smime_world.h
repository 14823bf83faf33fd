/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A small world of certificates for the S/MIME tests: an authority, people with keys of every kind, and stores. */
#pragma once
#include "crypto/smime/smime.h"
#include "tests/unit/openssl_tool.h"

#define MAIL_USAGE "extendedKeyUsage=emailProtection\nkeyUsage=critical,digitalSignature,keyEncipherment,keyAgreement\n"

/* Authorities ca, other (not an anchor), middle (by ca). NAME.crt, NAME.key for: alice (RSA), bob (P-256), carol (RSA), dora (P-384),
 * erin (by middle), mallory (by other), weak (RSA 1024), web (not for mail), signonly, lone (self-signed). All are
 * NAME@example.test and valid from today for 20 days. */
void smime_world_init (struct openssl_tool *tool);

/* A new store in the folder NAME, with the anchor ca; then for each further name up to NULL: "alice" imports certificate and key,
 * "+bob" the certificate alone, "^other" an anchor. */
struct smime_store *smime_world_store (struct openssl_tool *tool, const char *name, ...) G_GNUC_NULL_TERMINATED;
/* The upper-case SHA-256 of NAME.crt as the openssl program says it. */
char *smime_world_fingerprint (struct openssl_tool *tool, const char *name);
void smime_world_import (struct smime_store *store, struct openssl_tool *tool, const char *file,
                         const char *passphrase);
