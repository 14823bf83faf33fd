/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* People with keys of every kind, made by gpg and openssl in a folder of their own; the other side of what crypto/ does. */
#pragma once
#include "crypto/keys/keyring.h"

struct fixture {
  char *dir; /* g/ in it is the other side's GNUPGHOME */
};
void fixture_init (struct fixture *fixture);
void fixture_clear (struct fixture *fixture); /* kills the agents of g/ and removes the folder */
/* Run a line in the folder by sh; its output. Fails the test unless it exits with 0. */
char *fixture_run (struct fixture *fixture, const char *format, ...) G_GNUC_PRINTF (2, 3);
gboolean fixture_try (struct fixture *fixture, const char *format, ...) G_GNUC_PRINTF (2, 3);
GBytes *fixture_read (struct fixture *fixture, const char *name);
void fixture_write (struct fixture *fixture, const char *name, GBytes *bytes);

/* NAME@demo.test gets an OpenPGP key: NAME.pub and NAME.sec. */
enum fixture_key {
  FIXTURE_GOOD,
  FIXTURE_RSA,
  FIXTURE_EXPIRED,
  FIXTURE_REVOKED,
  FIXTURE_SIGN_ONLY,
  FIXTURE_WEAK,
  FIXTURE_FUTURE
};
void fixture_pgp (struct fixture *fixture, const char *name, enum fixture_key kind);
char *fixture_pgp_fingerprint (struct fixture *fixture, const char *name);
/* NAME@demo.test gets a certificate by the authority ca.crt: NAME.crt and NAME.key. REVOKED: not here. FIXTURE_UNTRUSTED by another. */
void fixture_certificate (struct fixture *fixture, const char *name, enum fixture_key kind, const char *authority);
void fixture_authority (struct fixture *fixture, const char *name);

struct keyring *fixture_keyring (struct fixture *fixture, const char *name);
/* Files of the folder, until NULL. */
void fixture_import (struct fixture *fixture, struct keyring *keyring, ...) G_GNUC_NULL_TERMINATED;
void fixture_anchor (struct fixture *fixture, struct keyring *keyring, const char *name);
/* Does it occur anywhere in there? */
gboolean fixture_holds (GBytes *bytes, const char *text);
