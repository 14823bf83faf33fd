/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Autoconfig documents, hostile ones too, and HTTPS against a real server (openssl s_server) with good and bad certificates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

#include "mail/engine/pace.h"
#include "mail/engine.h"
#include "mail/net/discover.h"
#include "mail/net/https.h"

static const char document[]
    = "<?xml version=\"1.0\"?>\n<!-- comment --><clientConfig version=\"1.1\"><emailProvider "
      "id=\"example.org\"><domain>example.org</domain>"
      "<incomingServer "
      "type=\"pop3\"><hostname>pop.example.org</hostname><port>995</port><socketType>SSL</socketType></incomingServer>"
      "<incomingServer "
      "type=\"imap\"><hostname>plain.example.org</hostname><port>143</port><socketType>plain</socketType></"
      "incomingServer>"
      "<incomingServer "
      "type=\"imap\"><hostname>start.example.org</hostname><port>143</port><socketType>STARTTLS</socketType></"
      "incomingServer>"
      "<incomingServer type=\"imap\"><hostname> Imap.%EMAILDOMAIN% "
      "</hostname><port>993</port><socketType>SSL</socketType></incomingServer>"
      "<outgoingServer "
      "type=\"smtp\"><hostname>smtp.example.org</hostname><port>587</port><socketType>STARTTLS</socketType></"
      "outgoingServer>"
      "</emailProvider></clientConfig>";

static void
test_parse (void **state)
{
  struct discover found = { { NULL, 0, FALSE }, { NULL, 0, FALSE } };
  discover_parse (document, sizeof document - 1, "example.org", &found);
  assert_string_equal (found.imap.host, "imap.example.org");
  assert_int_equal (found.imap.port, 993);
  assert_false (found.imap.starttls);
  assert_string_equal (found.smtp.host, "smtp.example.org");
  assert_int_equal (found.smtp.port, 587);
  assert_true (found.smtp.starttls);
  discover_clear (&found);
}

/* Cut at every length: nothing, or a server that stands whole in what was read. */
static void
test_parse_cut (void **state)
{
  for (gsize size = 0; size < sizeof document - 1; size++) {
    struct discover found = { { NULL, 0, FALSE }, { NULL, 0, FALSE } };
    g_autofree char *cut = g_strndup (document, size);
    discover_parse (cut, size, "example.org", &found);
    if (found.imap.host != NULL)
      assert_true (strcmp (found.imap.host, "imap.example.org") == 0
                   || strcmp (found.imap.host, "start.example.org") == 0);
    if (found.smtp.host != NULL)
      assert_string_equal (found.smtp.host, "smtp.example.org");
    discover_clear (&found);
  }
}

static void
assert_nothing (const char *host, const char *port, const char *security)
{
  struct discover found = { { NULL, 0, FALSE }, { NULL, 0, FALSE } };
  g_autofree char *xml = g_strdup_printf (
      "<c><incomingServer type='imap'><hostname>%s</hostname><port>%s</port><socketType>%s</socketType>"
      "</incomingServer></c>",
      host, port, security);
  discover_parse (xml, strlen (xml), "example.org", &found);
  assert_null (found.imap.host);
  discover_clear (&found);
}

static void
test_parse_hostile (void **state)
{
  g_autofree char *long_name = g_strnfill (5000, 'a');
  assert_nothing ("imap.example.org", "993", "plain");
  assert_nothing ("imap.example.org", "0", "SSL");
  assert_nothing ("imap.example.org", "65536", "SSL");
  assert_nothing ("imap.example.org", "99999999999999999999999", "SSL");
  assert_nothing ("imap.example.org", "", "SSL");
  assert_nothing ("imap.example.org&#10;evil", "993", "SSL");
  assert_nothing ("imap.example.org:1/x", "993", "SSL");
  assert_nothing ("-a.example.org", "993", "SSL");
  assert_nothing ("localhost", "993", "SSL");
  assert_nothing (long_name, "993", "SSL");
}

static void
test_hosts (void **state)
{
  assert_true (discover_is_host ("mail.example.org"));
  assert_true (discover_is_host ("a-b.c3.example"));
  static const char *const bad[]
      = { "", ".", "a..b", ".a.b", "a.b.", "a b.c", "a_b.c", "a-.b", "-a.b", "a/b.c", "ä.example", "a.b\n" };
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    assert_false (discover_is_host (bad[i]));
  struct discover found = { { NULL, 0, FALSE }, { NULL, 0, FALSE } };
  g_autoptr (GError) error = NULL;
  assert_false (discover_domain ("not a domain", 100, &found, &error));
  assert_true (g_error_matches (error, ENGINE_ERROR, ENGINE_ERROR_USAGE));
}

/* A name that cannot exist: nothing is found, in the time that was given, whether or not anything answers. */
static void
test_in_time (void **state)
{
  struct discover found = { { NULL, 0, FALSE }, { NULL, 0, FALSE } };
  gint64 begin = g_get_monotonic_time ();
  assert_true (discover_domain ("nothing.invalid", 4000, &found, NULL));
  assert_null (found.imap.host);
  assert_null (found.smtp.host);
  assert_true (g_get_monotonic_time () - begin < 10 * G_USEC_PER_SEC * pace ());
}

/* ---- a server ---- */

struct site {
  char *dir, *ca;
  guint port;
  GSubprocess *server;
};

static void
run (const char *dir, const char *command)
{
  g_autoptr (GSubprocessLauncher) launcher
      = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_SILENCE);
  g_subprocess_launcher_set_cwd (launcher, dir);
  g_autoptr (GSubprocess) process = g_subprocess_launcher_spawn (launcher, NULL, "/bin/sh", "-c", command, NULL);
  assert_non_null (process);
  assert_true (g_subprocess_wait_check (process, NULL, NULL));
}

/* Serves the files of its folder as they are, status line and all. */
static void
start_server (struct site *site)
{
  g_autoptr (GSubprocessLauncher) launcher
      = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE);
  g_subprocess_launcher_set_cwd (launcher, site->dir);
  site->server = g_subprocess_launcher_spawn (launcher, NULL, "openssl", "s_server", "-HTTP", "-accept", "127.0.0.1:0",
                                              "-cert", "cert.pem", "-key", "key.pem", NULL);
  assert_non_null (site->server);
  g_autoptr (GDataInputStream) lines = g_data_input_stream_new (g_subprocess_get_stdout_pipe (site->server));
  g_filter_input_stream_set_close_base_stream (G_FILTER_INPUT_STREAM (lines), FALSE);
  while (site->port == 0) {
    g_autofree char *line = g_data_input_stream_read_line (lines, NULL, NULL, NULL);
    assert_non_null (line);
    if (g_str_has_prefix (line, "ACCEPT 127.0.0.1:"))
      site->port = (guint) g_ascii_strtoull (strrchr (line, ':') + 1, NULL, 10);
  }
}

static void
publish (struct site *site, const char *name, const char *head, const char *body, gsize size)
{
  g_autofree char *path = g_build_filename (site->dir, name, NULL);
  g_autoptr (GString) text = g_string_new (head);
  g_string_append_printf (text, "Content-Length: %" G_GSIZE_FORMAT "\r\nConnection: close\r\n\r\n", size);
  g_string_append_len (text, body, (gssize) size);
  assert_true (g_file_set_contents (path, text->str, (gssize) text->len, NULL));
}

#define OK "HTTP/1.0 200 OK\r\nContent-Type: text/xml\r\n"

static int
set_up (void **state)
{
  struct site *site = g_new0 (struct site, 1);
  site->dir = g_dir_make_tmp ("wm-discover-XXXXXX", NULL);
  site->ca = g_build_filename (site->dir, "cert.pem", NULL);
  run (site->dir,
       "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem -days 2 "
       "-subj /CN=localhost -addext subjectAltName=DNS:localhost");
  g_autofree char *big = g_strnfill (300 * 1024, ' ');
  publish (site, "good.xml", OK, document, sizeof document - 1);
  publish (site, "big.xml", OK, big, 300 * 1024);
  publish (site, "missing.xml", "HTTP/1.0 404 Not Found\r\n", "", 0);
  start_server (site);
  g_autofree char *plain
      = g_strdup_printf ("HTTP/1.0 302 Found\r\nLocation: http://localhost:%u/good.xml\r\n", site->port);
  g_autofree char *loop
      = g_strdup_printf ("HTTP/1.0 302 Found\r\nLocation: https://localhost:%u/loop.xml\r\n", site->port);
  publish (site, "plain.xml", plain, "", 0);
  publish (site, "loop.xml", loop, "", 0);
  *state = site;
  return 0;
}

static int
tear_down (void **state)
{
  struct site *site = *state;
  g_subprocess_force_exit (site->server);
  (void) g_subprocess_wait (site->server, NULL, NULL);
  g_object_unref (site->server);
  g_autoptr (GDir) dir = g_dir_open (site->dir, 0, NULL);
  const char *name;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (site->dir, name, NULL);
    (void) g_unlink (path);
  }
  (void) g_rmdir (site->dir);
  g_free (site->dir);
  g_free (site->ca);
  g_free (site);
  return 0;
}

static void
assert_get (struct site *site, const char *origin, const char *name, const char *ca, gint code)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *url = g_strdup_printf ("%s:%u/%s", origin, site->port, name);
  g_autoptr (GBytes) bytes = https_get (url, ca, 5000 * pace (), 256 * 1024, &error);
  if (code < 0) {
    assert_non_null (bytes);
    return;
  }
  assert_null (bytes);
  if (!g_error_matches (error, ENGINE_ERROR, code))
    print_error ("%s: %d %s\n", url, error->code, error->message);
  assert_true (g_error_matches (error, ENGINE_ERROR, code));
}

static void
test_https (void **state)
{
  struct site *site = *state;
  assert_get (site, "https://localhost", "good.xml", site->ca, -1);
  assert_get (site, "https://localhost", "good.xml", NULL, ENGINE_ERROR_TLS);     /* nobody vouches for it */
  assert_get (site, "https://127.0.0.1", "good.xml", site->ca, ENGINE_ERROR_TLS); /* another name */
  assert_get (site, "https://localhost", "big.xml", site->ca, ENGINE_ERROR_FAILED);
  assert_get (site, "https://localhost", "missing.xml", site->ca, ENGINE_ERROR_NOT_FOUND);
  assert_get (site, "https://localhost", "plain.xml", site->ca, ENGINE_ERROR_NETWORK);
  assert_get (site, "https://localhost", "loop.xml", site->ca, ENGINE_ERROR_NETWORK);
  assert_get (site, "http://localhost", "good.xml", site->ca, ENGINE_ERROR_NETWORK);
  assert_get (site, "file://localhost", "good.xml", site->ca, ENGINE_ERROR_NETWORK);
  struct discover found = { { NULL, 0, FALSE }, { NULL, 0, FALSE } };
  g_autofree char *url = g_strdup_printf ("https://localhost:%u/good.xml", site->port);
  assert_true (discover_fetch (url, site->ca, 5000 * pace (), "example.org", &found, NULL));
  assert_string_equal (found.imap.host, "imap.example.org");
  discover_clear (&found);
}

/* A server that takes the connection and says nothing. */
static void
test_silent (void **state)
{
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();
  guint16 port = g_socket_listener_add_any_inet_port (listener, NULL, NULL);
  g_autofree char *url = g_strdup_printf ("https://localhost:%u/good.xml", port);
  g_autoptr (GError) error = NULL;
  gint64 begin = g_get_monotonic_time ();
  assert_null (https_get (url, NULL, 300, 1000, &error));
  assert_true (g_error_matches (error, ENGINE_ERROR, ENGINE_ERROR_NETWORK));
  assert_true (g_get_monotonic_time () - begin < 5 * G_USEC_PER_SEC * pace ());
}

int
main (void)
{
  (void) signal (SIGPIPE, SIG_IGN);
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_parse),
    cmocka_unit_test (test_parse_cut),
    cmocka_unit_test (test_parse_hostile),
    cmocka_unit_test (test_hosts),
    cmocka_unit_test (test_in_time),
    cmocka_unit_test (test_silent),
    cmocka_unit_test_setup_teardown (test_https, set_up, tear_down),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
