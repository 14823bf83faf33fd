/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Certificates of every kind, good and bad, for tests of S/MIME. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "tests/unit/smime_world.h"

static void
person (struct openssl_tool *tool, const char *name, const char *issuer, const char *key, const char *usage)
{
  g_autofree char *subject = g_strdup_printf ("/CN=Test %s", name);
  g_autofree char *extensions = g_strdup_printf ("%ssubjectAltName=email:%s@example.test\n", usage, name);
  openssl_tool_issue (tool, name, issuer, key, 20, subject, extensions, NULL);
}

void
smime_world_init (struct openssl_tool *tool)
{
  openssl_tool_init (tool);
  openssl_tool_root (tool, "ca", "ec", NULL);
  openssl_tool_root (tool, "other", "ec", NULL);
  openssl_tool_root (tool, "lone", "ec", "-addext subjectAltName=email:lone@example.test");
  openssl_tool_issue (tool, "middle", "ca", "ec", 20, "/CN=Test middle",
                      "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n", NULL);
  person (tool, "alice", "ca", "rsa", MAIL_USAGE);
  person (tool, "bob", "ca", "ec", MAIL_USAGE);
  person (tool, "carol", "ca", "rsa", MAIL_USAGE);
  person (tool, "dora", "ca", "p384", MAIL_USAGE);
  person (tool, "erin", "middle", "ec", MAIL_USAGE);
  person (tool, "mallory", "other", "ec", MAIL_USAGE);
  person (tool, "weak", "ca", "rsa1024", MAIL_USAGE);
  person (tool, "web", "ca", "rsa", "extendedKeyUsage=serverAuth\n");
  person (tool, "signonly", "ca", "rsa", "keyUsage=critical,digitalSignature\n");
}

void
smime_world_import (struct smime_store *store, struct openssl_tool *tool, const char *file, const char *passphrase)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) blob = openssl_tool_read (tool, file);
  g_autoptr (GPtrArray) candidates = g_ptr_array_new_with_free_func ((GDestroyNotify) key_candidate_free);
  AUTOFREE (secret) secret = passphrase != NULL ? secret_new (passphrase, strlen (passphrase)) : NULL;
  gboolean recognised = FALSE;
  if (!smime_store_import (store, blob, secret, candidates, &recognised, &error))
    fail_msg ("%s: %s", file, error->message);
  assert_true (recognised);
}

static void
add_anchor (struct smime_store *store, struct openssl_tool *tool, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *file = g_strconcat (name, ".crt", NULL);
  g_autoptr (GBytes) blob = openssl_tool_read (tool, file);
  guint added = 0;
  if (!smime_store_add_anchor (store, blob, &added, &error))
    fail_msg ("%s: %s", file, error->message);
  assert_int_equal (added, 1);
}

struct smime_store *
smime_world_store (struct openssl_tool *tool, const char *name, ...)
{
  g_autofree char *dir = openssl_tool_path (tool, name);
  g_autoptr (GError) error = NULL;
  struct smime_store *store = smime_store_open (dir, &error);
  if (store == NULL)
    fail_msg ("%s", error->message);
  add_anchor (store, tool, "ca");
  va_list names;
  va_start (names, name);
  const char *who;
  while ((who = va_arg (names, const char *)) != NULL) {
    if (who[0] == '^') {
      add_anchor (store, tool, who + 1);
      continue;
    }
    g_autofree char *certificate = g_strconcat (who[0] == '+' ? who + 1 : who, ".crt", NULL);
    g_autofree char *key = g_strconcat (who, ".key", NULL);
    smime_world_import (store, tool, certificate, NULL);
    if (who[0] != '+')
      smime_world_import (store, tool, key, NULL);
  }
  va_end (names);
  return store;
}

char *
smime_world_fingerprint (struct openssl_tool *tool, const char *name)
{
  openssl_tool_run (tool, "x509 -in %s.crt -outform DER -out %s.der", name, name);
  g_autofree char *file = g_strconcat (name, ".der", NULL);
  g_autoptr (GBytes) der = openssl_tool_read (tool, file);
  g_autofree char *hex = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, der);
  return g_ascii_strup (hex, -1);
}
