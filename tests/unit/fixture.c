/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Folders, keys and certificates that tests of crypto/ share. */
#include "tests/unit/fixture.h"
#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define GPG "gpg -q --batch --no-tty --pinentry-mode loopback --passphrase '' "

static gboolean
run (struct fixture *fixture, const char *line, char **out, char **err)
{
  g_autofree char *whole = g_strdup_printf ("cd '%s' && GNUPGHOME='%s/g' && export GNUPGHOME && { %s\n}", fixture->dir,
                                            fixture->dir, line);
  const char *argv[] = { "sh", "-c", whole, NULL };
  int status = -1;
  return g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, out, err, &status, NULL)
         && g_spawn_check_wait_status (status, NULL);
}

char *
fixture_run (struct fixture *fixture, const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  g_autofree char *line = g_strdup_vprintf (format, arguments), *err = NULL;
  char *out = NULL;
  va_end (arguments);
  if (!run (fixture, line, &out, &err))
    fail_msg ("%s\n%s", line, err != NULL ? err : "");
  return out;
}

gboolean
fixture_try (struct fixture *fixture, const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  g_autofree char *line = g_strdup_vprintf (format, arguments), *out = NULL, *err = NULL;
  va_end (arguments);
  return run (fixture, line, &out, &err);
}

void
fixture_init (struct fixture *fixture)
{
  fixture->dir = g_dir_make_tmp ("wm-test-XXXXXX", NULL);
  assert_non_null (fixture->dir);
  g_free (fixture_run (fixture, "mkdir -m 700 g && echo 's2k-count 65536' > g/gpg-agent.conf"));
}

void
fixture_clear (struct fixture *fixture)
{
  g_free (fixture_run (fixture, "gpgconf --kill all; cd /; rm -rf '%s'", fixture->dir));
  g_clear_pointer (&fixture->dir, g_free);
}

GBytes *
fixture_read (struct fixture *fixture, const char *name)
{
  g_autofree char *path = g_build_filename (fixture->dir, name, NULL);
  char *data = NULL;
  gsize size = 0;
  if (!g_file_get_contents (path, &data, &size, NULL))
    fail_msg ("%s cannot be read", path);
  return g_bytes_new_take (data, size);
}

void
fixture_write (struct fixture *fixture, const char *name, GBytes *bytes)
{
  g_autofree char *path = g_build_filename (fixture->dir, name, NULL);
  gsize size = 0;
  const char *data = g_bytes_get_data (bytes, &size);
  assert_true (g_file_set_contents (path, data != NULL ? data : "", (gssize) size, NULL));
}

void
fixture_pgp (struct fixture *fixture, const char *name, enum fixture_key kind)
{
  const char *algorithm = kind == FIXTURE_RSA ? "rsa2048" : kind == FIXTURE_WEAK ? "rsa1024" : "ed25519";
  const char *second = kind == FIXTURE_RSA ? "rsa2048" : kind == FIXTURE_WEAK ? "rsa1024" : "cv25519";
  const char *time = kind == FIXTURE_EXPIRED  ? "--faked-system-time 20200101T000000!"
                     : kind == FIXTURE_FUTURE ? "--faked-system-time 20990101T000000!"
                                              : "";
  const char *life = kind == FIXTURE_EXPIRED ? "1y" : "never";
  g_free (fixture_run (fixture, GPG "%s --quick-gen-key '%s <%s@demo.test>' %s sign %s", time, name, name, algorithm,
                       life));
  g_autofree char *fingerprint = fixture_pgp_fingerprint (fixture, name);
  if (kind != FIXTURE_SIGN_ONLY)
    g_free (fixture_run (fixture, GPG "%s --quick-add-key %s %s encr %s", time, fingerprint, second, life));
  if (kind == FIXTURE_REVOKED)
    g_free (fixture_run (fixture, "sed 's/^:---/---/' g/openpgp-revocs.d/%s.rev | " GPG "--import", fingerprint));
  g_free (fixture_run (fixture, GPG "--armor --export %s > %s.pub && " GPG "--armor --export-secret-keys %s > %s.sec",
                       fingerprint, name, fingerprint, name));
}

char *
fixture_pgp_fingerprint (struct fixture *fixture, const char *name)
{
  char *text = fixture_run (
      fixture, "gpg -q --with-colons --list-keys '<%s@demo.test>' | sed -n 's/^fpr:*\\([0-9A-F]*\\):/\\1/p' | head -1",
      name);
  g_strchomp (text);
  assert_int_equal (strlen (text), 40);
  return text;
}

void
fixture_authority (struct fixture *fixture, const char *name)
{
  g_free (fixture_run (
      fixture,
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout %s.key -out %s.crt -days 3650 "
      "-subj '/CN=%s' -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign "
      "2>/dev/null",
      name, name, name));
}

void
fixture_certificate (struct fixture *fixture, const char *name, enum fixture_key kind, const char *authority)
{
  const char *usage = kind == FIXTURE_SIGN_ONLY ? "digitalSignature" : "digitalSignature,keyEncipherment,keyAgreement";
  const char *key = kind == FIXTURE_RSA    ? "rsa:2048"
                    : kind == FIXTURE_WEAK ? "rsa:1024"
                                           : "ec -pkeyopt ec_paramgen_curve:P-256";
  const char *from = kind == FIXTURE_EXPIRED  ? "20200101000000Z"
                     : kind == FIXTURE_FUTURE ? "20980101000000Z"
                                              : "20240101000000Z";
  const char *until = kind == FIXTURE_EXPIRED ? "20210101000000Z" : "20990101000000Z";
  /* "openssl ca", as x509 of this version cannot set dates. */
  g_free (fixture_run (fixture,
                       "mkdir -p db && : > db/index && { [ -f db/serial ] || echo 1000 > db/serial; } && printf "
                       "'%%s\\n' '[ca]' 'default_ca=d' '[d]' "
                       "'database=db/index' 'serial=db/serial' 'new_certs_dir=db' 'default_md=sha256' 'policy=p' "
                       "'unique_subject=no' '[p]' "
                       "'commonName=supplied' '[e]' 'basicConstraints=CA:FALSE' 'keyUsage=critical,%s' "
                       "'extendedKeyUsage=emailProtection' "
                       "'subjectAltName=email:%s@demo.test' > db/conf && "
                       "openssl req -new -newkey %s -nodes -keyout %s.key -out db/req -subj '/CN=%s' 2>/dev/null && "
                       "openssl ca -batch -notext -config db/conf -extensions e -cert %s.crt -keyfile %s.key "
                       "-startdate %s -enddate %s -in db/req "
                       "-out %s.crt 2>&1",
                       usage, name, key, name, name, authority, authority, from, until, name));
}

struct keyring *
fixture_keyring (struct fixture *fixture, const char *name)
{
  g_autofree char *dir = g_build_filename (fixture->dir, name, NULL);
  g_autoptr (GError) error = NULL;
  struct keyring *keyring = keyring_open (dir, &error);
  if (keyring == NULL)
    fail_msg ("%s", error->message);
  return keyring;
}

void
fixture_import (struct fixture *fixture, struct keyring *keyring, ...)
{
  g_autoptr (GPtrArray) blobs = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_autoptr (GError) error = NULL;
  va_list names;
  va_start (names, keyring);
  for (const char *name = va_arg (names, const char *); name != NULL; name = va_arg (names, const char *))
    g_ptr_array_add (blobs, fixture_read (fixture, name));
  va_end (names);
  g_autoptr (GPtrArray) taken = keyring_import (keyring, blobs, NULL, &error);
  if (taken == NULL)
    fail_msg ("%s", error->message);
}

void
fixture_anchor (struct fixture *fixture, struct keyring *keyring, const char *name)
{
  g_autoptr (GBytes) bytes = fixture_read (fixture, name);
  g_autoptr (GError) error = NULL;
  guint added = 0;
  if (!keyring_add_anchor (keyring, bytes, &added, &error))
    fail_msg ("%s", error->message);
}

gboolean
fixture_holds (GBytes *bytes, const char *text)
{
  gsize size = 0;
  const void *data = g_bytes_get_data (bytes, &size);
  return size > 0 && memmem (data, size, text, strlen (text)) != NULL;
}
