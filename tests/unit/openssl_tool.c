/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Certificates and messages made and read by the openssl program, for tests of what we make ourselves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <glib/gstdio.h>
#include "tests/unit/openssl_tool.h"

void
openssl_tool_init (struct openssl_tool *tool)
{
  tool->dir = g_dir_make_tmp ("wardmail-test-XXXXXX", NULL);
  assert_non_null (tool->dir);
}

static void
remove_tree (const char *path)
{
  GDir *dir = g_file_test (path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open (path, 0, NULL);
  const char *name;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *inner = g_build_filename (path, name, NULL);
    remove_tree (inner);
  }
  if (dir != NULL)
    g_dir_close (dir);
  g_remove (path);
}

void
openssl_tool_clear (struct openssl_tool *tool)
{
  remove_tree (tool->dir);
  g_clear_pointer (&tool->dir, g_free);
}

static gboolean
run (struct openssl_tool *tool, const char *arguments, char **output_out)
{
  g_autofree char *line = g_strdup_printf ("openssl %s", arguments);
  g_auto (GStrv) argv = NULL;
  int status = -1;
  assert_true (g_shell_parse_argv (line, NULL, &argv, NULL));
  if (!g_spawn_sync (tool->dir, argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL,
                     output_out, &status, NULL))
    return FALSE;
  return g_spawn_check_wait_status (status, NULL);
}

gboolean
openssl_tool_try (struct openssl_tool *tool, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *arguments = g_strdup_vprintf (format, args);
  va_end (args);
  g_autofree char *output = NULL;
  return run (tool, arguments, &output);
}

void
openssl_tool_run (struct openssl_tool *tool, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *arguments = g_strdup_vprintf (format, args);
  va_end (args);
  g_autofree char *output = NULL;
  if (!run (tool, arguments, &output))
    fail_msg ("openssl %s\n%s", arguments, output != NULL ? output : "");
}

char *
openssl_tool_path (struct openssl_tool *tool, const char *name)
{
  return g_build_filename (tool->dir, name, NULL);
}

GBytes *
openssl_tool_read (struct openssl_tool *tool, const char *name)
{
  g_autofree char *path = openssl_tool_path (tool, name);
  char *bytes = NULL;
  gsize size = 0;
  if (!g_file_get_contents (path, &bytes, &size, NULL))
    fail_msg ("cannot read %s", path);
  return g_bytes_new_take (bytes, size);
}

void
openssl_tool_write (struct openssl_tool *tool, const char *name, GBytes *bytes)
{
  g_autofree char *path = openssl_tool_path (tool, name);
  gsize size;
  const char *data = g_bytes_get_data (bytes, &size);
  assert_true (g_file_set_contents (path, data != NULL ? data : "", (gssize) size, NULL));
}

static void
make_key (struct openssl_tool *tool, const char *name, const char *key)
{
  static const struct {
    const char *key, *arguments;
  } kinds[] = {
    { "ec", "EC -pkeyopt ec_paramgen_curve:P-256" },
    { "p384", "EC -pkeyopt ec_paramgen_curve:P-384" },
    { "p521", "EC -pkeyopt ec_paramgen_curve:P-521" },
    { "rsa", "RSA -pkeyopt rsa_keygen_bits:2048" },
    { "rsa1024", "RSA -pkeyopt rsa_keygen_bits:1024" },
    { "pss", "RSA-PSS -pkeyopt rsa_keygen_bits:2048" },
    { "pss-sha1", "RSA-PSS -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_pss_keygen_md:sha1" },
    { "ed25519", "ED25519" },
    { "ed448", "ED448" },
    { "x25519", "X25519" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_str_equal (kinds[i].key, key)) {
      openssl_tool_run (tool, "genpkey -algorithm %s -out %s.key", kinds[i].arguments, name);
      return;
    }
  fail_msg ("no such kind of key: %s", key);
}

void
openssl_tool_root (struct openssl_tool *tool, const char *name, const char *key, const char *extensions)
{
  make_key (tool, name, key);
  openssl_tool_run (tool, "req -x509 -new -key %s.key -subj '/CN=Test %s' -days 30 -out %s.crt %s", name, name, name,
                    extensions != NULL ? extensions
                                       : "-addext basicConstraints=critical,CA:TRUE "
                                         "-addext keyUsage=critical,keyCertSign,cRLSign");
}

void
openssl_tool_issue (struct openssl_tool *tool, const char *name, const char *issuer, const char *key, int days,
                    const char *subject, const char *extensions, const char *more)
{
  g_autofree char *file = g_strdup_printf ("%s.ext", name);
  g_autoptr (GBytes) lines = g_bytes_new (extensions, strlen (extensions));
  openssl_tool_write (tool, file, lines);
  make_key (tool, name, key);
  openssl_tool_run (tool, "req -new -key %s.key -subj '%s' -out %s.csr", name, subject, name);
  openssl_tool_run (tool, "x509 -req -in %s.csr -CA %s.crt -CAkey %s.key -days %d -extfile %s.ext -out %s.crt %s", name,
                    issuer, issuer, days, name, name, more != NULL ? more : "");
}
