/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Our TLS client against "openssl s_server" with every kind of certificate and every way to break off. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <gio/gio.h>
#include "crypto/guard/tls.h"
#include "tests/unit/openssl_tool.h"

#define SERVER_USAGE "keyUsage=digitalSignature,keyEncipherment\nextendedKeyUsage=serverAuth\n"
#define PATIENCE_MS 20000 /* for what must not time out, on a slow machine under valgrind */

static struct openssl_tool tool;

struct server {
  GPid pid;
  int port;
  int output;
};

static void
server_start (struct server *server, const char *arguments)
{
  g_autofree char *line = g_strdup_printf ("openssl s_server -accept 127.0.0.1:0 -rev %s", arguments);
  g_auto (GStrv) argv = NULL;
  assert_true (g_shell_parse_argv (line, NULL, &argv, NULL));
  assert_true (g_spawn_async_with_pipes (tool.dir, argv, NULL,
                                         G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDERR_TO_DEV_NULL,
                                         NULL, NULL, &server->pid, NULL, &server->output, NULL, NULL));
  char text[1024] = "";
  gsize size = 0;
  const char *at;
  while ((at = strstr (text, "ACCEPT ")) == NULL || strchr (at, '\n') == NULL) {
    ssize_t got = read (server->output, text + size, sizeof text - 1 - size);
    if (got <= 0)
      fail_msg ("openssl s_server %s did not start: %s", arguments, text);
    size += (gsize) got;
    text[size] = '\0';
  }
  server->port = atoi (strrchr (text, ':') + 1);
}

static void
server_stop (struct server *server)
{
  kill (server->pid, SIGKILL);
  waitpid (server->pid, NULL, 0);
  close (server->output);
  g_spawn_close_pid (server->pid);
}

static int
connect_to (int port)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons ((uint16_t) port) };
  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_equal (connect (fd, (struct sockaddr *) &address, sizeof address), 0);
  assert_int_equal (fcntl (fd, F_SETFL, O_NONBLOCK), 0);
  return fd;
}

/* One handshake with a fresh server. Returns the session, or NULL with error; fd_out is to be closed in both cases. */
static struct tls_session *
meet (struct server *server, const char *arguments, const char *host, const char *anchors, const char *client,
      int *fd_out, GError **error)
{
  g_autofree char *anchors_file = openssl_tool_path (&tool, anchors);
  g_autofree char *cert_name = g_strdup_printf ("%s.crt", client != NULL ? client : "");
  g_autofree char *key_name = g_strdup_printf ("%s.key", client != NULL ? client : "");
  g_autofree char *cert_file = openssl_tool_path (&tool, cert_name);
  g_autofree char *key_file = openssl_tool_path (&tool, key_name);
  struct tls_settings settings = { .host = host, .anchors_file = anchors_file, .timeout_ms = PATIENCE_MS };
  if (client != NULL) {
    settings.client_cert_file = cert_file;
    settings.client_key_file = key_file;
  }
  server_start (server, arguments);
  *fd_out = connect_to (server->port);
  return tls_connect (*fd_out, &settings, -1, error);
}

static void
say (struct tls_session *tls, const char *text)
{
  g_autoptr (GError) error = NULL;
  gsize size = strlen (text), done = 0;
  while (done < size) {
    ssize_t sent = tls_write (tls, text + done, size - done, PATIENCE_MS, -1, &error);
    if (sent <= 0)
      fail_msg ("%s", error->message);
    done += (gsize) sent;
  }
}

static void
expect_line (struct tls_session *tls, const char *want)
{
  g_autoptr (GError) error = NULL;
  char text[64] = "";
  gsize size = 0;
  while (strchr (text, '\n') == NULL) {
    ssize_t got = tls_read (tls, text + size, sizeof text - 1 - size, PATIENCE_MS, -1, &error);
    if (got <= 0)
      fail_msg ("%s", error != NULL ? error->message : "closed");
    size += (gsize) got;
    text[size] = '\0';
  }
  assert_string_equal (text, want);
}

static void
check_good (const char *arguments, const char *host, const char *anchors, const char *client)
{
  struct server server;
  int fd;
  g_autoptr (GError) error = NULL;
  struct tls_session *tls = meet (&server, arguments, host, anchors, client, &fd, &error);
  if (tls == NULL)
    fail_msg ("%s as %s: %s", arguments, host, error->message);
  say (tls, "hello\n");
  expect_line (tls, "olleh\n");
  tls_free (tls);
  close (fd);
  server_stop (&server);
}

/* Something that must fail, with this code, with a sentence that holds this. */
static void
check_refused (const char *arguments, const char *host, const char *anchors, int code, const char *part)
{
  struct server server;
  int fd;
  g_autoptr (GError) error = NULL;
  AUTOFREE (tls_session) tls = meet (&server, arguments, host, anchors, NULL, &fd, &error);
  close (fd);
  server_stop (&server);
  assert_null (tls);
  if (!g_error_matches (error, CRYPTO_ERROR, code) || strstr (error->message, part) == NULL)
    fail_msg ("%s as %s: %s %d: %s", arguments, host, g_quark_to_string (error->domain), error->code, error->message);
}

#define USE(name) "-cert " name ".crt -key " name ".key"

static void
test_good (void **state)
{
  check_good (USE ("good"), "localhost", "ca.crt", NULL);
  check_good (USE ("good"), "LocalHost.", "ca.crt", NULL);
  check_good (USE ("good"), "127.0.0.1", "ca.crt", NULL);
  check_good (USE ("good") " -tls1_2", "localhost", "ca.crt", NULL);
  check_good (USE ("deep") " -cert_chain middle.crt", "localhost", "ca.crt", NULL);
  check_good (USE ("wild"), "imap.example.test", "ca.crt", NULL);
  check_good (USE ("self"), "localhost", "self.crt", NULL); /* its own anchor */
  check_good (USE ("good"), "localhost", "good.crt", NULL); /* an end certificate as anchor */
}

static void
test_describe (void **state)
{
  struct server server;
  int fd;
  struct tls_session *tls = meet (&server, USE ("good") " -tls1_2 -cipher AES256-SHA:ECDHE-ECDSA-AES256-GCM-SHA384",
                                  "localhost", "ca.crt", NULL, &fd, NULL);
  assert_non_null (tls);
  assert_string_equal (tls_describe (tls), "TLSv1.2 ECDHE-ECDSA-AES256-GCM-SHA384");
  tls_free (tls);
  close (fd);
  server_stop (&server);
}

static void
test_other_name (void **state)
{
  check_refused (USE ("good"), "mail.example.test", "ca.crt", TLS_ERROR_HOSTNAME, "localhost, 127.0.0.1");
  check_refused (USE ("good"), "127.0.0.2", "ca.crt", TLS_ERROR_HOSTNAME, "127.0.0.2");
  check_refused (USE ("good"), "ocalhost", "ca.crt", TLS_ERROR_HOSTNAME, "ocalhost");
  check_refused (USE ("wild"), "a.b.example.test", "ca.crt", TLS_ERROR_HOSTNAME, "*.example.test");
  check_refused (USE ("wild"), "foo.partial.test", "ca.crt", TLS_ERROR_HOSTNAME, "f*.partial.test");
  check_refused (USE ("cnonly"), "localhost", "ca.crt", TLS_ERROR_HOSTNAME, "no host name at all");
  check_refused (USE ("good"), "", "ca.crt", TLS_ERROR_HOSTNAME, "is not a host name");
  check_refused (USE ("good"), ".", "ca.crt", TLS_ERROR_HOSTNAME, "is not a host name");
}

static void
test_untrusted (void **state)
{
  check_refused (USE ("expired"), "localhost", "ca.crt", TLS_ERROR_EXPIRED, "Old Server");
  check_refused (USE ("self"), "localhost", "ca.crt", TLS_ERROR_UNTRUSTED, "signed by itself");
  check_refused (USE ("good"), "localhost", "other.crt", TLS_ERROR_UNTRUSTED, "issued by “Test ca”");
  check_refused (USE ("deep"), "localhost", "ca.crt", TLS_ERROR_UNTRUSTED, "issued by “Test middle”");
  check_refused (USE ("client"), "localhost", "ca.crt", TLS_ERROR_UNTRUSTED, "not meant for a server");
  check_refused (USE ("weak") " -cipher DEFAULT@SECLEVEL=0", "localhost", "ca.crt", TLS_ERROR_UNTRUSTED, "too weak");
  check_refused (USE ("byend") " -cert_chain good.crt", "localhost", "ca.crt", TLS_ERROR_UNTRUSTED,
                 "does not belong to an authority");
}

static void
test_bad_anchors (void **state)
{
  check_refused (USE ("good"), "localhost", "missing.crt", TLS_ERROR_UNTRUSTED, "missing.crt");
  check_refused (USE ("good"), "localhost", "good.key", TLS_ERROR_UNTRUSTED, "good.key");
}

/* The system's own authorities do not know the test CA. */
static void
test_system_anchors (void **state)
{
  struct server server;
  g_autoptr (GError) error = NULL;
  struct tls_settings settings = { .host = "localhost", .timeout_ms = PATIENCE_MS };
  server_start (&server, USE ("good"));
  int fd = connect_to (server.port);
  assert_null (tls_connect (fd, &settings, -1, &error));
  assert_true (g_error_matches (error, CRYPTO_ERROR, TLS_ERROR_UNTRUSTED));
  close (fd);
  server_stop (&server);
}

static void
test_old_protocol (void **state)
{
  check_refused (USE ("good") " -tls1_1 -cipher ALL:@SECLEVEL=0", "localhost", "ca.crt", TLS_ERROR_HANDSHAKE,
                 "older than 1.2");
  check_refused (USE ("rsa") " -tls1_2 -cipher AES256-SHA", "localhost", "ca.crt", TLS_ERROR_HANDSHAKE, "no cipher");
}

static void
test_client_certificate (void **state)
{
  static const char *const versions[] = { "-tls1_2", "-tls1_3" };
  for (guint i = 0; i < G_N_ELEMENTS (versions); i++) {
    g_autofree char *arguments
        = g_strdup_printf (USE ("good") " -Verify 2 -verify_return_error -CAfile ca.crt %s", versions[i]);
    check_good (arguments, "localhost", "ca.crt", "client");
    /* Without one, TLS 1.2 fails at once and 1.3 at the first read. */
    struct server server;
    int fd;
    char byte;
    g_autoptr (GError) error = NULL;
    AUTOFREE (tls_session) tls = meet (&server, arguments, "localhost", "ca.crt", NULL, &fd, &error);
    if (tls != NULL)
      assert_int_equal (tls_read (tls, &byte, 1, PATIENCE_MS, -1, &error), -1);
    assert_true (g_error_matches (error, CRYPTO_ERROR, TLS_ERROR_HANDSHAKE));
    assert_non_null (strstr (error->message, "client certificate"));
    g_clear_pointer (&tls, tls_free);
    close (fd);
    server_stop (&server);
  }
}

static void
test_bad_client_files (void **state)
{
  static const char *const names[] = { "missing", "locked", "mixed" };
  openssl_tool_run (&tool, "pkey -in client.key -aes256 -passout pass:x -out locked.key");
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    struct server server;
    int fd;
    g_autoptr (GError) error = NULL;
    g_autoptr (GBytes) certificate = openssl_tool_read (&tool, "client.crt");
    g_autoptr (GBytes) key = openssl_tool_read (&tool, "good.key");
    openssl_tool_write (&tool, "locked.crt", certificate);
    openssl_tool_write (&tool, "mixed.crt", certificate);
    openssl_tool_write (&tool, "mixed.key", key);
    assert_null (meet (&server, USE ("good"), "localhost", "ca.crt", names[i], &fd, &error));
    assert_true (g_error_matches (error, CRYPTO_ERROR, CRYPTO_ERROR_FORMAT));
    assert_int_equal (strstr (error->message, "is locked with a passphrase") != NULL, i == 1);
    close (fd);
    server_stop (&server);
  }
}

static void
test_clean_close (void **state)
{
  struct server server;
  int fd;
  char byte;
  AUTOFREE (tls_session) tls = meet (&server, USE ("good"), "localhost", "ca.crt", NULL, &fd, NULL);
  assert_non_null (tls);
  say (tls, "CLOSE\n");
  assert_int_equal (tls_read (tls, &byte, 1, PATIENCE_MS, -1, NULL), 0);
  server_stop (&server);
  close (fd);
}

/* A line that is cut is not an end: an attacker can cut, but not forge the close. And the write must not kill us. */
static void
test_cut (void **state)
{
  struct server server;
  int fd;
  char byte;
  g_autoptr (GError) error = NULL;
  AUTOFREE (tls_session) tls = meet (&server, USE ("good"), "localhost", "ca.crt", NULL, &fd, NULL);
  assert_non_null (tls);
  say (tls, "hello\n");
  expect_line (tls, "olleh\n");
  server_stop (&server);
  assert_int_equal (tls_read (tls, &byte, 1, PATIENCE_MS, -1, &error), -1);
  assert_true (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED));
  g_clear_error (&error);
  assert_int_equal (tls_read (tls, &byte, 1, PATIENCE_MS, -1, &error), -1);
  close (fd);
}

static void
test_write_to_dead (void **state)
{
  struct server server;
  int fd;
  g_autoptr (GError) error = NULL;
  static const char block[16384] = "x";
  AUTOFREE (tls_session) tls = meet (&server, USE ("good"), "localhost", "ca.crt", NULL, &fd, NULL);
  assert_non_null (tls);
  signal (SIGPIPE, SIG_DFL);
  server_stop (&server);
  gsize sent = 0;
  while (tls_write (tls, block, sizeof block, PATIENCE_MS, -1, &error) > 0)
    assert_true ((sent += sizeof block) < 100u * 1024 * 1024);
  assert_true (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED));
  close (fd);
}

static void
test_pending (void **state)
{
  struct server server;
  int fd;
  char byte;
  AUTOFREE (tls_session) tls = meet (&server, USE ("good"), "localhost", "ca.crt", NULL, &fd, NULL);
  assert_non_null (tls);
  say (tls, "hello\n");
  assert_int_equal (tls_read (tls, &byte, 1, PATIENCE_MS, -1, NULL), 1);
  assert_int_equal (byte, 'o');
  assert_true (tls_pending (tls));
  expect_line (tls, "lleh\n");
  assert_false (tls_pending (tls));
  server_stop (&server);
  close (fd);
}

static void
test_read_timeout (void **state)
{
  struct server server;
  int fd;
  char byte;
  g_autoptr (GError) error = NULL;
  AUTOFREE (tls_session) tls = meet (&server, USE ("good"), "localhost", "ca.crt", NULL, &fd, NULL);
  assert_non_null (tls);
  assert_int_equal (tls_read (tls, &byte, 1, 50, -1, &error), -1);
  assert_true (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT));
  say (tls, "hello\n"); /* still usable */
  expect_line (tls, "olleh\n");
  server_stop (&server);
  close (fd);
}

/* A listener of our own that does not speak TLS. */
static int
listen_plain (int *port_out)
{
  struct sockaddr_in address = { .sin_family = AF_INET };
  socklen_t size = sizeof address;
  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_equal (bind (fd, (struct sockaddr *) &address, sizeof address), 0);
  assert_int_equal (listen (fd, 1), 0);
  assert_int_equal (getsockname (fd, (struct sockaddr *) &address, &size), 0);
  *port_out = ntohs (address.sin_port);
  return fd;
}

static void
test_hang (void **state)
{
  int port, listener = listen_plain (&port), fd = connect_to (port);
  g_autoptr (GError) error = NULL;
  struct tls_settings settings = { .host = "localhost", .timeout_ms = 100 };
  gint64 start = g_get_monotonic_time ();
  assert_null (tls_connect (fd, &settings, -1, &error));
  assert_true (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT));
  assert_true (g_get_monotonic_time () - start >= 100 * 1000);
  close (fd);
  close (listener);
}

/* Cancels once the ClientHello has arrived, so that the client surely waits for the answer. */
static gpointer
cancel_after_hello (gpointer data)
{
  int *ends = data; /* listener, cancel pipe */
  char hello[16];
  int peer = accept (ends[0], NULL, NULL);
  ssize_t got = read (peer, hello, sizeof hello);
  if (got > 0)
    got = write (ends[1], "x", 1);
  return GINT_TO_POINTER (peer);
}

static void
test_cancel (void **state)
{
  int port, listener = listen_plain (&port), cancel[2];
  assert_int_equal (pipe (cancel), 0);
  int ends[2] = { listener, cancel[1] };
  int fd = connect_to (port);
  g_autoptr (GError) error = NULL;
  struct tls_settings settings = { .host = "localhost", .timeout_ms = PATIENCE_MS };
  GThread *thread = g_thread_new ("peer", cancel_after_hello, ends);
  assert_null (tls_connect (fd, &settings, cancel[0], &error));
  assert_true (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED));
  close (GPOINTER_TO_INT (g_thread_join (thread)));
  g_clear_error (&error);
  assert_null (tls_connect (fd, &settings, cancel[0], &error)); /* cancelled before it begins */
  assert_true (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED));
  close (fd);
  close (cancel[0]);
  close (cancel[1]);
  close (listener);
}

static void
test_plaintext_server (void **state)
{
  static const char *const greetings[] = { "* OK IMAP4rev1 ready\r\n", "" };
  for (guint i = 0; i < G_N_ELEMENTS (greetings); i++) {
    int port, listener = listen_plain (&port), fd = connect_to (port), peer = accept (listener, NULL, NULL);
    g_autoptr (GError) error = NULL;
    struct tls_settings settings = { .host = "localhost", .timeout_ms = PATIENCE_MS };
    assert_int_equal (write (peer, greetings[i], strlen (greetings[i])), (ssize_t) strlen (greetings[i]));
    shutdown (peer, SHUT_WR);
    assert_null (tls_connect (fd, &settings, -1, &error));
    if (greetings[i][0] != '\0') {
      assert_true (g_error_matches (error, CRYPTO_ERROR, TLS_ERROR_HANDSHAKE));
      assert_non_null (strstr (error->message, "does not speak TLS"));
    } else {
      assert_true (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED));
    }
    close (peer);
    close (fd);
    close (listener);
  }
}

static int
make_certificates (void **state)
{
  openssl_tool_init (&tool);
  openssl_tool_root (&tool, "ca", "ec", NULL);
  openssl_tool_root (&tool, "other", "ec", NULL);
  openssl_tool_root (&tool, "self", "ec", "-addext subjectAltName=DNS:localhost");
  openssl_tool_issue (&tool, "middle", "ca", "ec", 10, "/CN=Test middle",
                      "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n", NULL);
  const char *local = SERVER_USAGE "subjectAltName=DNS:localhost,IP:127.0.0.1\n";
  openssl_tool_issue (&tool, "good", "ca", "ec", 10, "/CN=Good Server", local, NULL);
  openssl_tool_issue (&tool, "rsa", "ca", "rsa", 10, "/CN=RSA Server", local, NULL);
  openssl_tool_issue (&tool, "deep", "middle", "ec", 10, "/CN=Deep Server", local, NULL);
  openssl_tool_issue (&tool, "byend", "good", "ec", 10, "/CN=By End", local, NULL);
  openssl_tool_issue (&tool, "expired", "ca", "ec", -1, "/CN=Old Server", local, NULL);
  openssl_tool_issue (&tool, "weak", "ca", "rsa1024", 10, "/CN=Weak Server", local, NULL);
  openssl_tool_issue (&tool, "cnonly", "ca", "ec", 10, "/CN=localhost", SERVER_USAGE, NULL);
  openssl_tool_issue (&tool, "wild", "ca", "ec", 10, "/CN=Wild Server",
                      SERVER_USAGE "subjectAltName=DNS:*.example.test,DNS:f*.partial.test\n", NULL);
  openssl_tool_issue (&tool, "client", "ca", "ec", 10, "/CN=A Client",
                      "extendedKeyUsage=clientAuth\nsubjectAltName=DNS:localhost\n", NULL);
  return 0;
}

static int
remove_certificates (void **state)
{
  openssl_tool_clear (&tool);
  return 0;
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_good),
    cmocka_unit_test (test_describe),
    cmocka_unit_test (test_other_name),
    cmocka_unit_test (test_untrusted),
    cmocka_unit_test (test_bad_anchors),
    cmocka_unit_test (test_system_anchors),
    cmocka_unit_test (test_old_protocol),
    cmocka_unit_test (test_client_certificate),
    cmocka_unit_test (test_bad_client_files),
    cmocka_unit_test (test_clean_close),
    cmocka_unit_test (test_cut),
    cmocka_unit_test (test_write_to_dead),
    cmocka_unit_test (test_pending),
    cmocka_unit_test (test_read_timeout),
    cmocka_unit_test (test_hang),
    cmocka_unit_test (test_cancel),
    cmocka_unit_test (test_plaintext_server),
  };
  return cmocka_run_group_tests_name ("tls", tests, make_certificates, remove_certificates);
}
