/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Our end of a TLS line against servers of every mood, each in a thread at the other end of a socket pair: sessions that are taken up again, proofs of
 * not being revoked, old versions and ciphers, and somebody in between who asks for less than both can do. */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>
#include <glib/gstdio.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include "crypto/guard/tls.h"
#include "tests/unit/cert_maker.h"
#include "tests/unit/openssl_tool.h"

#define IDS "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
#define CA "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n" IDS
#define SERVER                                                                                                         \
  "keyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\n"                                                  \
  "subjectAltName=DNS:mail.test,DNS:other.test\n" IDS
#define CLIENT "keyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth\n" IDS
#define PATIENCE_MS 20000

static struct openssl_tool tool;
static struct maker_cert *root, *stranger, *server, *promising, *client, *client_two;
static char *root_file;

struct line {
  SSL_CTX *context;
  int fd;
  gboolean tamper;      /* somebody in between takes TLS 1.3 out of what we offer */
  gboolean renegotiate; /* the server wants to begin anew */
  gboolean met, reused, renegotiated;
  char *version, *cipher;
};

static gpointer
serve (gpointer data)
{
  struct line *line = data;
  SSL *ssl = SSL_new (line->context);
  char byte;
  SSL_set_fd (ssl, line->fd);
  line->met = SSL_accept (ssl) == 1;
  if (line->met) {
    line->reused = SSL_session_reused (ssl) == 1;
    line->version = g_strdup (SSL_get_version (ssl));
    line->cipher = g_strdup (SSL_get_cipher_name (ssl));
    if (line->renegotiate)
      line->renegotiated = SSL_renegotiate (ssl) == 1 && SSL_do_handshake (ssl) == 1 && SSL_do_handshake (ssl) == 1
                           && SSL_read (ssl, &byte, 1) == 1;
    (void) SSL_write (ssl, "x", 1);
    while (SSL_read (ssl, &byte, 1) > 0)
      ;
    (void) SSL_shutdown (ssl);
  }
  SSL_free (ssl);
  close (line->fd);
  return NULL;
}

/* Between the two: what we offer, changed. */
struct between {
  int ours, theirs;
};

static gpointer
stand_between (gpointer data)
{
  static const guint8 both[] = { 0x00, 0x2b, 0x00, 0x05, 0x04, 0x03, 0x04, 0x03, 0x03 };
  struct between *between = data;
  guint8 bytes[16384];
  gsize size = 0;
  ssize_t got = read (between->ours, bytes, sizeof bytes);
  if (got > 0)
    size = (gsize) got;
  guint8 *at = memmem (bytes, size, both, sizeof both);
  assert_non_null (at);
  at[5] = at[6] = 0x0a; /* a version that nobody knows */
  assert_int_equal (write (between->theirs, bytes, size), (ssize_t) size);
  struct pollfd ends[2] = { { .fd = between->ours, .events = POLLIN }, { .fd = between->theirs, .events = POLLIN } };
  for (gboolean open = TRUE; open && poll (ends, 2, PATIENCE_MS) > 0;) {
    const guint from = ends[0].revents != 0 ? 0 : 1;
    got = read (ends[from].fd, bytes, sizeof bytes);
    open = got > 0 && write (ends[1 - from].fd, bytes, (size_t) got) == got;
  }
  close (between->ours);
  close (between->theirs);
  return NULL;
}

static struct tls_session *
connect_line (struct line *line, const struct tls_settings *settings, GThread **threads, int *fd_out, GError **error)
{
  int pair[2], second[2];
  static struct between between;
  assert_int_equal (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  line->fd = pair[1];
  if (line->tamper) {
    assert_int_equal (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, second), 0);
    between = (struct between){ .ours = pair[1], .theirs = second[0] };
    line->fd = second[1];
    threads[1] = g_thread_new ("between", stand_between, &between);
  }
  assert_int_equal (fcntl (pair[0], F_SETFL, O_NONBLOCK), 0);
  *fd_out = pair[0];
  threads[0] = g_thread_new ("server", serve, line);
  return tls_connect (pair[0], settings, -1, error);
}

/* One connection, from hello to goodbye. FALSE with error. */
static gboolean
meet (struct line *line, const struct tls_settings *settings, gboolean *resumed_out, GError **error)
{
  GThread *threads[2] = { NULL, NULL };
  int fd;
  char byte = 0;
  struct tls_session *tls = connect_line (line, settings, threads, &fd, error);
  if (resumed_out != NULL)
    *resumed_out = tls != NULL && tls_is_resumed (tls);
  gboolean heard = tls != NULL && tls_read (tls, &byte, 1, PATIENCE_MS, -1, error) == 1; /* tickets come before it */
  tls_free (tls);
  close (fd);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    if (threads[i] != NULL)
      g_thread_join (threads[i]);
  return heard;
}

static void
line_clear (struct line *line)
{
  SSL_CTX_free (line->context);
  g_free (line->version);
  g_free (line->cipher);
  *line = (struct line){ .context = NULL };
}

static SSL_CTX *
context_of (const struct maker_cert *cert, int version)
{
  SSL_CTX *context = SSL_CTX_new (TLS_server_method ());
  assert_int_equal (SSL_CTX_use_certificate (context, cert->x), 1);
  assert_int_equal (SSL_CTX_use_PrivateKey (context, cert->key), 1);
  SSL_CTX_set_session_id_context (context, (const guchar *) "test", 4);
  if (version != 0) {
    SSL_CTX_set_min_proto_version (context, version);
    SSL_CTX_set_max_proto_version (context, version);
  }
  return context;
}

/* Connects again on the same line. reused: is it a session taken up again, for both? */
static void
meets (struct line *line, const struct tls_settings *settings, gboolean reused)
{
  g_autoptr (GError) error = NULL;
  gboolean ours = FALSE;
  g_clear_pointer (&line->version, g_free);
  g_clear_pointer (&line->cipher, g_free);
  if (!meet (line, settings, &ours, &error))
    fail_msg ("%s", error != NULL ? error->message : "nothing was heard");
  assert_int_equal (ours, reused);
  assert_int_equal (line->reused, reused);
}

static void
refused (struct line *line, const struct tls_settings *settings, int code, const char *part)
{
  g_autoptr (GError) error = NULL;
  assert_false (meet (line, settings, NULL, &error));
  if (!g_error_matches (error, CRYPTO_ERROR, code) || strstr (error->message, part) == NULL)
    fail_msg ("%d: %s", error->code, error->message);
}

static void
write_pem (const char *path, const struct maker_cert *cert, gboolean key)
{
  FILE *file = fopen (path, "w");
  assert_non_null (file);
  assert_int_equal (PEM_write_X509 (file, cert->x), 1);
  if (key)
    assert_int_equal (PEM_write_PKCS8PrivateKey (file, cert->key, NULL, NULL, 0, NULL, NULL), 1);
  fclose (file);
}

static const struct tls_settings usual = { .host = "mail.test", .timeout_ms = PATIENCE_MS, .scope = "alice\n993" };

static struct tls_settings
settings_of (const char *scope)
{
  struct tls_settings settings = usual;
  settings.anchors_file = root_file;
  settings.scope = scope;
  return settings;
}

static void
test_resume (void **state)
{
  static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };
  for (guint i = 0; i < G_N_ELEMENTS (versions); i++) {
    struct line line = { .context = context_of (server, versions[i]) };
    struct tls_settings settings = settings_of (i == 0 ? "resume 2" : "resume 3");
    meets (&line, &settings, FALSE);
    for (guint n = 0; n < 4; n++)
      meets (&line, &settings, TRUE);
    line_clear (&line);
    /* The server has forgotten: a whole handshake, and no harm. */
    line.context = context_of (server, versions[i]);
    meets (&line, &settings, FALSE);
    meets (&line, &settings, TRUE);
    line_clear (&line);
  }
}

static void
test_resume_nobody (void **state)
{
  struct line line = { .context = context_of (server, 0) };
  struct tls_settings settings = settings_of (NULL);
  meets (&line, &settings, FALSE);
  meets (&line, &settings, FALSE);
  line_clear (&line);
}

/* Another user, host, anchor, pin or client certificate is somebody else. */
static void
test_resume_other (void **state)
{
  struct line line = { .context = context_of (server, 0) };
  g_autofree char *other_file = openssl_tool_path (&tool, "again.pem"), *mine = openssl_tool_path (&tool, "client.pem");
  struct tls_settings first = settings_of ("other"), second;
  write_pem (other_file, root, FALSE);
  write_pem (mine, client, TRUE);
  meets (&line, &first, FALSE);
  second = first;
  second.scope = "bob";
  meets (&line, &second, FALSE);
  second = first;
  second.host = "other.test";
  meets (&line, &second, FALSE);
  second = first;
  second.anchors_file = other_file;
  meets (&line, &second, FALSE);
  second = first;
  second.client_cert_file = second.client_key_file = mine;
  meets (&line, &second, FALSE);
  write_pem (mine, client_two, TRUE); /* under the same name */
  meets (&line, &second, FALSE);
  meets (&line, &second, TRUE);
  meets (&line, &first, TRUE); /* it is still there */
  line_clear (&line);
}

/* The server's certificate is judged anew before a session of it is taken up. */
static void
test_resume_judged (void **state)
{
  g_autofree char *anchors = openssl_tool_path (&tool, "moving.pem"), *lists = openssl_tool_path (&tool, "moving.crl");
  const struct maker_revoked revoked[] = { { .cert = server, .when = -MAKER_HOUR, .reason = -1 }, { .cert = NULL } };
  g_autoptr (GBytes) clean = maker_crl (&(struct maker_list){ .issuer = root, .from = -MAKER_HOUR });
  g_autoptr (GBytes) bad = maker_crl (&(struct maker_list){ .issuer = root, .from = -MAKER_HOUR, .revoked = revoked });
  struct line line = { .context = context_of (server, 0) };
  struct tls_settings settings = settings_of ("judged");
  settings.anchors_file = anchors;
  write_pem (anchors, root, FALSE);
  meets (&line, &settings, FALSE);
  meets (&line, &settings, TRUE);
  write_pem (anchors, stranger, FALSE);
  refused (&line, &settings, TLS_ERROR_UNTRUSTED, "leads to no trusted authority");
  write_pem (anchors, root, FALSE);
  meets (&line, &settings, FALSE); /* a refusal forgets */
  settings.lists_file = lists;
  openssl_tool_write (&tool, "moving.crl", clean);
  meets (&line, &settings, FALSE);
  meets (&line, &settings, TRUE);
  openssl_tool_write (&tool, "moving.crl", bad);
  refused (&line, &settings, TLS_ERROR_REVOKED, "was revoked");
  g_remove (lists);
  refused (&line, &settings, TLS_ERROR_REVOKED, "moving.crl could not be read");
  line_clear (&line);
}

/* Without the extended master secret a session of TLS 1.2 is bound to nothing. */
static void
test_resume_unbound (void **state)
{
  struct line line = { .context = context_of (server, TLS1_2_VERSION) };
  struct tls_settings settings = settings_of ("unbound");
  SSL_CTX_set_options (line.context, SSL_OP_NO_EXTENDED_MASTER_SECRET);
  meets (&line, &settings, FALSE);
  meets (&line, &settings, FALSE);
  line_clear (&line);
}

/* ---- proofs ---- */

static GBytes *staple; /* what the server shows */

static int
show_staple (SSL *ssl, void *data)
{
  gsize size = 0;
  const void *bytes = staple != NULL ? g_bytes_get_data (staple, &size) : NULL;
  if (bytes == NULL)
    return SSL_TLSEXT_ERR_NOACK;
  SSL_set_tlsext_status_ocsp_resp (ssl, OPENSSL_memdup (bytes, size), (int) size);
  return SSL_TLSEXT_ERR_OK;
}

static void
set_staple (const struct maker_cert *cert, int status, const struct maker_cert *signer, gint64 from, gint64 until)
{
  g_clear_pointer (&staple, g_bytes_unref);
  staple = maker_response (&(struct maker_status){ .cert = cert,
                                                   .issuer = root,
                                                   .signer = signer,
                                                   .from = from,
                                                   .until = until,
                                                   .status = status,
                                                   .when = -MAKER_HOUR,
                                                   .reason = OCSP_REVOKED_STATUS_KEYCOMPROMISE });
}

static void
test_staple (void **state)
{
  static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };
  for (guint i = 0; i < G_N_ELEMENTS (versions); i++) {
    struct line line = { .context = context_of (server, versions[i]) };
    struct tls_settings settings = settings_of (NULL);
    SSL_CTX_set_tlsext_status_cb (line.context, show_staple);
    set_staple (server, V_OCSP_CERTSTATUS_GOOD, root, -MAKER_HOUR, MAKER_DAY);
    meets (&line, &settings, FALSE);
    set_staple (server, V_OCSP_CERTSTATUS_REVOKED, root, -MAKER_HOUR, MAKER_DAY);
    refused (&line, &settings, TLS_ERROR_REVOKED, "was revoked");
    set_staple (server, V_OCSP_CERTSTATUS_REVOKED, root, -3 * MAKER_DAY, -MAKER_DAY); /* old news, but for good */
    refused (&line, &settings, TLS_ERROR_REVOKED, "was revoked");
    /* What counts for nothing is as if it were not there: whoever could put it there could leave it out. */
    set_staple (server, V_OCSP_CERTSTATUS_REVOKED, stranger, -MAKER_HOUR, MAKER_DAY);
    meets (&line, &settings, FALSE);
    g_clear_pointer (&staple, g_bytes_unref);
    staple = g_bytes_new ("nonsense", 8);
    meets (&line, &settings, FALSE);
    line_clear (&line);
  }
}

static void
test_promised (void **state)
{
  struct line line = { .context = context_of (promising, 0) };
  struct tls_settings settings = settings_of ("promised");
  SSL_CTX_set_tlsext_status_cb (line.context, show_staple);
  g_clear_pointer (&staple, g_bytes_unref);
  refused (&line, &settings, TLS_ERROR_REVOKED, "promises a fresh proof");
  set_staple (promising, V_OCSP_CERTSTATUS_GOOD, root, -3 * MAKER_DAY, -MAKER_DAY);
  refused (&line, &settings, TLS_ERROR_REVOKED, "promises a fresh proof");
  set_staple (server, V_OCSP_CERTSTATUS_GOOD, root, -MAKER_HOUR, MAKER_DAY); /* somebody else's */
  refused (&line, &settings, TLS_ERROR_REVOKED, "promises a fresh proof");
  set_staple (promising, V_OCSP_CERTSTATUS_UNKNOWN, root, -MAKER_HOUR, MAKER_DAY);
  refused (&line, &settings, TLS_ERROR_REVOKED, "promises a fresh proof");
  set_staple (promising, V_OCSP_CERTSTATUS_GOOD, root, -MAKER_HOUR, MAKER_DAY);
  meets (&line, &settings, FALSE);
  g_clear_pointer (&staple, g_bytes_unref);
  meets (&line, &settings, TRUE); /* it came with the first handshake */
  line_clear (&line);
}

/* ---- pins ---- */

static void
test_pin (void **state)
{
  struct line line = { .context = context_of (server, 0) };
  struct tls_settings settings = settings_of ("pin");
  g_autoptr (GError) error = NULL;
  GThread *threads[2] = { NULL, NULL };
  int fd;
  struct tls_session *tls = connect_line (&line, &settings, threads, &fd, &error);
  assert_non_null (tls);
  g_autofree char *pin = g_strdup (tls_pin (tls));
  tls_free (tls);
  close (fd);
  g_thread_join (threads[0]);
  const char *right[] = { "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", pin, NULL };
  const char *wrong[] = { right[0], NULL };
  settings.pins = right;
  meets (&line, &settings, FALSE);
  meets (&line, &settings, TRUE);
  settings.pins = wrong;
  refused (&line, &settings, TLS_ERROR_PIN, "another key than the one that this account expects");
  line_clear (&line);
}

/* ---- what we accept ---- */

static void
test_versions (void **state)
{
  struct line line = { .context = context_of (server, 0) };
  struct tls_settings settings = settings_of (NULL);
  meets (&line, &settings, FALSE);
  assert_string_equal (line.version, "TLSv1.3");
  line_clear (&line);
  line.context = context_of (server, TLS1_1_VERSION);
  SSL_CTX_set_security_level (line.context, 0);
  SSL_CTX_set_cipher_list (line.context, "ALL:@SECLEVEL=0");
  refused (&line, &settings, TLS_ERROR_HANDSHAKE, "older than 1.2");
  line_clear (&line);
}

static void
test_ciphers (void **state)
{
  static const char *const none[]
      = { "ECDHE-ECDSA-AES256-SHA384",      "ECDHE-ECDSA-AES128-SHA",  "ECDHE-ECDSA-AES128-SHA256",
          "ECDHE-ECDSA-CAMELLIA128-SHA256", "ECDHE-ECDSA-AES256-CCM8", "AES256-GCM-SHA384",
          "ECDHE-ECDSA-NULL-SHA",           "AECDH-AES128-SHA" };
  static const char *const some[] = { "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305" };
  struct tls_settings settings = settings_of (NULL);
  for (guint i = 0; i < G_N_ELEMENTS (none); i++) {
    struct line line = { .context = context_of (server, TLS1_2_VERSION) };
    SSL_CTX_set_security_level (line.context, 0);
    if (SSL_CTX_set_cipher_list (line.context, none[i]) == 1)
      refused (&line, &settings, TLS_ERROR_HANDSHAKE, "no cipher");
    line_clear (&line);
  }
  for (guint i = 0; i < G_N_ELEMENTS (some); i++) {
    struct line line = { .context = context_of (server, TLS1_2_VERSION) };
    assert_int_equal (SSL_CTX_set_cipher_list (line.context, some[i]), 1);
    meets (&line, &settings, FALSE);
    assert_string_equal (line.cipher, some[i]);
    line_clear (&line);
  }
}

/* A server that can only sign with SHA-1, or only agree on a group that we do not. */
static void
test_groups_and_signatures (void **state)
{
  struct tls_settings settings = settings_of (NULL);
  struct line line = { .context = context_of (server, TLS1_2_VERSION) };
  SSL_CTX_set_security_level (line.context, 0);
  assert_int_equal (SSL_CTX_set1_sigalgs_list (line.context, "ECDSA+SHA1"), 1);
  refused (&line, &settings, TLS_ERROR_HANDSHAKE, "No protected connection");
  line_clear (&line);
  line.context = context_of (server, TLS1_3_VERSION);
  assert_int_equal (SSL_CTX_set1_groups_list (line.context, "ffdhe2048"), 1);
  refused (&line, &settings, TLS_ERROR_HANDSHAKE, "No protected connection");
  line_clear (&line);
}

/* Who stands between and takes the newer version out of our offer is found out. */
static void
test_downgrade (void **state)
{
  struct line line = { .context = context_of (server, 0), .tamper = TRUE };
  struct tls_settings settings = settings_of ("downgrade");
  refused (&line, &settings, TLS_ERROR_HANDSHAKE, "mail.test");
  assert_false (line.met);
  line_clear (&line);
}

static void
test_renegotiation (void **state)
{
  struct line line = { .context = context_of (server, TLS1_2_VERSION), .renegotiate = TRUE };
  struct tls_settings settings = settings_of (NULL);
  (void) meet (&line, &settings, NULL, NULL);
  assert_true (line.met);
  assert_false (line.renegotiated);
  line_clear (&line);
}

static int
make_world (void **state)
{
  signal (SIGPIPE, SIG_IGN); /* the servers write without looking */
  openssl_tool_init (&tool);
  root = maker_issue (&(struct maker_spec){ .name = "Root", .text = CA });
  stranger = maker_issue (&(struct maker_spec){ .name = "Root", .text = CA });
  server = maker_issue (&(struct maker_spec){ .name = "Mail", .issuer = root, .text = SERVER });
  promising = maker_issue (
      &(struct maker_spec){ .name = "Promising", .issuer = root, .text = SERVER "tlsfeature=status_request\n" });
  client = maker_issue (&(struct maker_spec){ .name = "Alice", .issuer = root, .text = CLIENT });
  client_two = maker_issue (&(struct maker_spec){ .name = "Alice", .issuer = root, .text = CLIENT });
  root_file = openssl_tool_path (&tool, "root.pem");
  write_pem (root_file, root, FALSE);
  return 0;
}

static int
free_world (void **state)
{
  struct maker_cert *all[] = { root, stranger, server, promising, client, client_two };
  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    maker_cert_free (all[i]);
  g_clear_pointer (&staple, g_bytes_unref);
  g_free (root_file);
  openssl_tool_clear (&tool);
  return 0;
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_resume),
    cmocka_unit_test (test_resume_nobody),
    cmocka_unit_test (test_resume_other),
    cmocka_unit_test (test_resume_judged),
    cmocka_unit_test (test_resume_unbound),
    cmocka_unit_test (test_staple),
    cmocka_unit_test (test_promised),
    cmocka_unit_test (test_pin),
    cmocka_unit_test (test_versions),
    cmocka_unit_test (test_ciphers),
    cmocka_unit_test (test_groups_and_signatures),
    cmocka_unit_test (test_downgrade),
    cmocka_unit_test (test_renegotiation),
  };
  return cmocka_run_group_tests_name ("tls_line", tests, make_world, free_world);
}
