/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Looking for certificates in directories: a real slapd, and servers that are slow, wrong, hostile or not there. DNS answers from a table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <gio/gio.h>
#include <string.h>
#include <unistd.h>

#include "mail/engine/pace.h"
#include "mail/net/certdir_p.h"
#include "tests/unit/openssl_tool.h"
#include "tests/wire/certdir_peer.h"

#define ANN "ann@clinic.test"
#define VALUE "0 is how a SEQUENCE begins"

/* ---- DNS from a table: every host is this machine; a domain's servers are those of the table ---- */

struct row {
  const char *host;
  guint16 port, priority;
};
static struct row srv[20]; /* of clinic.test; host NULL: the end */
static gboolean srv_hangs;

static gboolean
on_cancel (GCancellable *cancel, gpointer data)
{
  g_task_return_error_if_cancelled (data);
  return G_SOURCE_REMOVE;
}

static void
look_up_service (GResolver *resolver, const char *name, GCancellable *cancel, GAsyncReadyCallback done, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (resolver, cancel, done, data);
  GList *targets = NULL;
  for (guint i = 0; g_str_equal (name, "_ldap._tcp.clinic.test") && srv[i].host != NULL; i++)
    targets = g_list_prepend (targets, g_srv_target_new (srv[i].host, srv[i].port, srv[i].priority, 1));
  if (srv_hangs) {
    g_autoptr (GSource) source = g_cancellable_source_new (cancel);
    g_task_attach_source (task, source, G_SOURCE_FUNC (on_cancel));
  } else if (targets == NULL) {
    g_task_return_new_error (task, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND, "none");
  } else {
    g_task_return_pointer (task, targets, (GDestroyNotify) g_resolver_free_targets);
  }
}

static GList *
look_up_service_finish (GResolver *resolver, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
look_up_name (GResolver *resolver, const char *name, GResolverNameLookupFlags flags, GCancellable *cancel,
              GAsyncReadyCallback done, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (resolver, cancel, done, data);
  if (flags & G_RESOLVER_NAME_LOOKUP_FLAGS_IPV6_ONLY)
    g_task_return_new_error (task, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND, "none");
  else
    g_task_return_pointer (task, g_list_prepend (NULL, g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4)),
                           (GDestroyNotify) g_resolver_free_addresses);
}

static void
init_class (gpointer class, gpointer data)
{
  GResolverClass *resolver = class;
  resolver->lookup_service_async = look_up_service;
  resolver->lookup_service_finish = look_up_service_finish;
  resolver->lookup_by_name_with_flags_async = look_up_name;
  resolver->lookup_by_name_with_flags_finish = look_up_service_finish;
}

static GResolver *
table_resolver (void)
{
  GType type = g_type_register_static_simple (G_TYPE_RESOLVER, "TableResolver", sizeof (GResolverClass), init_class,
                                              sizeof (GResolver), NULL, 0);
  return g_object_new (type, NULL);
}

/* ---- asking ---- */

static GBytes *ann; /* her certificate */

/* What the organisation's servers, or the domain's, say about one address. Returns the values, with a blank between them. */
static char *
find (const struct certdir_server *servers, guint count, const char *address, guint timeout_ms, gboolean *whole_out)
{
  struct certdir_answer answer;
  const struct certdir_query query = { .addresses = &address,
                                       .count = 1,
                                       .servers = servers,
                                       .server_count = count,
                                       .by_domain = count == 0,
                                       .timeout_ms = timeout_ms * pace () };
  const gint64 begin = g_get_monotonic_time ();
  certdir_find (&query, &answer);
  assert_true (g_get_monotonic_time () - begin < (timeout_ms + 200) * 1000 * (gint64) pace ());
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < answer.values->len; i++) {
    gsize size = 0;
    const char *value = g_bytes_get_data (answer.values->pdata[i], &size);
    g_string_append (text, i > 0 ? " " : "");
    if (ann != NULL && g_bytes_equal (ann, answer.values->pdata[i]))
      g_string_append (text, "ANN");
    else
      g_string_append_len (text, value, (gssize) size);
  }
  if (whole_out != NULL)
    *whole_out = answer.whole;
  certdir_answer_clear (&answer);
  return g_string_free (text, FALSE);
}

static void
set_srv (guint place, const char *host, guint16 port, guint16 priority)
{
  srv[place] = (struct row){ host, port, priority };
  srv[place + 1].host = NULL;
}

/* ---- a real directory ---- */

static struct openssl_tool folder;
static guint16 ldap_port, ldaps_port;
static char *ldap_ca;

static gboolean
script (const char *command, const char *suffix, const char *input)
{
  g_autoptr (GSubprocess) process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_PIPE, NULL, TESTS_DIR "/live/directory",
                                                      command, folder.dir, suffix, NULL);
  g_autoptr (GBytes) bytes = g_bytes_new (input, strlen (input));
  return process != NULL && g_subprocess_communicate (process, bytes, NULL, NULL, NULL, NULL)
         && g_subprocess_get_successful (process);
}

static char *
env_value (const char *text, const char *name)
{
  const char *at = strstr (text, name);
  assert_non_null (at);
  at += strlen (name);
  return g_strndup (at, strcspn (at, "\n"));
}

static void
add_person (GString *ldif, const char *name, const char *address, const char *attribute, const char *value)
{
  g_autofree char *coded = g_base64_encode ((const guchar *) value, strlen (value));
  g_string_append_printf (ldif,
                          "dn: cn=%s,dc=clinic,dc=test\nobjectClass: inetOrgPerson\ncn: %s\nsn: %s\nmail: %s\n%s:: "
                          "%s\n\n",
                          name, name, name, address, attribute, coded);
}

/* slapd checks that userCertificate is a certificate, and leaves userSMIMECertificate alone. */
static char *
make_ldif (void)
{
  GString *ldif = g_string_new ("dn: dc=clinic,dc=test\nobjectClass: dcObject\nobjectClass: organization\no: c\ndc: "
                                "clinic\n\n");
  openssl_tool_root (&folder, "ann", "ec", "-addext subjectAltName=email:" ANN);
  openssl_tool_run (&folder, "x509 -in ann.crt -outform DER -out ann.der");
  ann = openssl_tool_read (&folder, "ann.der");
  g_autofree char *path = openssl_tool_path (&folder, "ann.der");
  g_string_append_printf (ldif,
                          "dn: cn=ann,dc=clinic,dc=test\nobjectClass: inetOrgPerson\ncn: ann\nsn: ann\nmail: " ANN
                          "\nuserCertificate;binary:< file://%s\nuserSMIMECertificate: 0anns\n\n",
                          path);
  add_person (ldif, "ben", "ben*@clinic.test", "userSMIMECertificate", "0star");
  add_person (ldif, "bert", "benny@clinic.test", "userSMIMECertificate", "0benny");
  add_person (ldif, "cat", "cat@clinic.test", "userSMIMECertificate", "not a SEQUENCE");
  for (guint i = 0; i < 30; i++) {
    g_autofree char *name = g_strdup_printf ("dan%u", i), *value = g_strdup_printf ("0dan%02u", i);
    add_person (ldif, name, "dan@clinic.test", "userSMIMECertificate", value);
  }
  return g_string_free (ldif, FALSE);
}

static int
set_up (void **state)
{
  g_autoptr (GResolver) resolver = table_resolver ();
  g_resolver_set_default (resolver);
  certdir_init ();
  openssl_tool_init (&folder);
  g_autofree char *ldif = make_ldif ();
  assert_true (script ("start", "dc=clinic,dc=test", ldif));
  g_autoptr (GBytes) env = openssl_tool_read (&folder, "directory.env");
  g_autofree char *text = g_strndup (g_bytes_get_data (env, NULL), g_bytes_get_size (env));
  g_autofree char *plain = env_value (text, "LDAP_PORT="), *tls = env_value (text, "LDAPS_PORT=");
  ldap_port = (guint16) g_ascii_strtoull (plain, NULL, 10);
  ldaps_port = (guint16) g_ascii_strtoull (tls, NULL, 10);
  ldap_ca = env_value (text, "LDAP_CA=");
  return 0;
}

static int
tear_down (void **state)
{
  assert_true (script ("stop", NULL, ""));
  openssl_tool_clear (&folder);
  g_clear_pointer (&ann, g_bytes_unref);
  g_clear_pointer (&ldap_ca, g_free);
  return 0;
}

static void
test_slapd (void **state)
{
  gboolean whole = FALSE;
  struct certdir_server server = { "127.0.0.1", ldap_port, CERTDIR_PLAIN, "dc=clinic,dc=test", NULL };
  g_autofree char *found = find (&server, 1, ANN, 2000, &whole),
                  *spelt = find (&server, 1, "Ann@Clinic.TEST", 2000, NULL);
  assert_string_equal (found, "ANN 0anns");
  assert_string_equal (spelt, "ANN 0anns");
  assert_true (whole);
  g_autofree char *nobody = find (&server, 1, "nobody@clinic.test", 2000, &whole);
  assert_string_equal (nobody, "");
  assert_true (whole);
  server.base = NULL; /* its root says it */
  g_autofree char *again = find (&server, 1, ANN, 2000, NULL);
  assert_string_equal (again, "ANN 0anns");
  server.base = "dc=other,dc=test";
  g_autofree char *other = find (&server, 1, ANN, 2000, &whole);
  assert_string_equal (other, "");
  assert_true (whole);
}

static void
test_slapd_values (void **state)
{
  struct certdir_server server = { "127.0.0.1", ldap_port, CERTDIR_PLAIN, NULL, NULL };
  g_autofree char *star = find (&server, 1, "ben*@clinic.test", 2000, NULL);
  assert_string_equal (star, "0star"); /* a star is no pattern */
  g_autofree char *trick = find (&server, 1, "x)(mail=*", 2000, NULL);
  assert_string_equal (trick, "");
  g_autofree char *cat = find (&server, 1, "cat@clinic.test", 2000, NULL);
  assert_string_equal (cat, "");
  gboolean whole = FALSE;
  g_autofree char *dan = find (&server, 1, "dan@clinic.test", 2000, &whole);
  g_auto (GStrv) dans = g_strsplit (dan, " ", -1);
  assert_int_equal (g_strv_length (dans), CERTDIR_VALUES_MAX);
  assert_true (whole);
}

/* Several addresses at one go: each gets its own. */
static void
test_slapd_many (void **state)
{
  const char *addresses[CERTDIR_ADDRESSES_MAX + 1];
  struct certdir_answer answers[G_N_ELEMENTS (addresses)];
  struct certdir_server server = { "127.0.0.1", ldap_port, CERTDIR_PLAIN, NULL, NULL };
  const struct certdir_query query = { .addresses = addresses,
                                       .count = G_N_ELEMENTS (addresses),
                                       .servers = &server,
                                       .server_count = 1,
                                       .timeout_ms = 2000 * pace () };
  for (guint i = 0; i < query.count; i++)
    addresses[i] = i % 2 == 0 ? "benny@clinic.test" : "nobody@clinic.test";
  certdir_find (&query, answers);
  for (guint i = 0; i < query.count; i++) {
    assert_int_equal (answers[i].values->len, i < CERTDIR_ADDRESSES_MAX && i % 2 == 0);
    assert_int_equal (answers[i].whole, i < CERTDIR_ADDRESSES_MAX);
    certdir_answer_clear (&answers[i]);
  }
}

static void
test_slapd_tls (void **state)
{
  static const struct {
    const char *host;
    enum certdir_tls tls;
    gboolean ca, finds;
  } rows[] = {
    { "127.0.0.1", CERTDIR_TLS, TRUE, TRUE },
    { "ldap.clinic.test", CERTDIR_TLS, TRUE, TRUE },
    { "ldap.clinic.test", CERTDIR_STARTTLS, TRUE, TRUE },
    { "other.clinic.test", CERTDIR_TLS, TRUE, FALSE },
    { "other.clinic.test", CERTDIR_STARTTLS, TRUE, FALSE },
    { "ldap.clinic.test", CERTDIR_TLS, FALSE, FALSE },
    { "ldap.clinic.test", CERTDIR_STARTTLS, FALSE, FALSE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    gboolean whole = FALSE;
    struct certdir_server server = { rows[i].host, rows[i].tls == CERTDIR_TLS ? ldaps_port : ldap_port, rows[i].tls,
                                     NULL, rows[i].ca ? ldap_ca : NULL };
    g_autofree char *found = find (&server, 1, "benny@clinic.test", 2000, &whole);
    assert_string_equal (found, rows[i].finds ? "0benny" : "");
    assert_int_equal (whole, rows[i].finds);
  }
  /* TLS is demanded, and the port speaks none; and the other way round */
  struct certdir_server server = { "ldap.clinic.test", ldap_port, CERTDIR_TLS, NULL, ldap_ca };
  g_autofree char *mute = find (&server, 1, "benny@clinic.test", 300, NULL);
  assert_string_equal (mute, "");
  server = (struct certdir_server){ "ldap.clinic.test", ldaps_port, CERTDIR_PLAIN, NULL, NULL };
  g_autofree char *clear = find (&server, 1, "benny@clinic.test", 300, NULL);
  assert_string_equal (clear, "");
}

/* ---- bad ones ---- */

static void
test_moods (void **state)
{
  static const struct {
    const char *found; /* NULL: the value many times over */
    gboolean whole;
    guint timeout_ms;
    enum certdir_tls tls;
  } rows[CERTDIR_PEER_MOODS] = {
    [CERTDIR_PEER_GOOD] = { VALUE, TRUE, 1000, CERTDIR_PLAIN },
    [CERTDIR_PEER_EMPTY] = { "", TRUE, 1000, CERTDIR_PLAIN },
    [CERTDIR_PEER_SILENT] = { "", FALSE, 60, CERTDIR_PLAIN },
    [CERTDIR_PEER_DRIP] = { "", FALSE, 100, CERTDIR_PLAIN },
    [CERTDIR_PEER_GARBAGE] = { "", FALSE, 60, CERTDIR_PLAIN },
    [CERTDIR_PEER_NESTED] = { "", FALSE, 60, CERTDIR_PLAIN },
    [CERTDIR_PEER_ENDLESS] = { VALUE, FALSE, 1000, CERTDIR_PLAIN },
    [CERTDIR_PEER_HUGE] = { "", FALSE, 1000, CERTDIR_PLAIN },
    [CERTDIR_PEER_BIG] = { "", FALSE, 1000, CERTDIR_PLAIN },
    [CERTDIR_PEER_MANY] = { NULL, TRUE, 1000, CERTDIR_PLAIN },
    [CERTDIR_PEER_STRAY] = { "", FALSE, 100, CERTDIR_PLAIN },
    [CERTDIR_PEER_REFERRAL] = { "", FALSE, 1000, CERTDIR_PLAIN },
    [CERTDIR_PEER_NOTICE] = { "", FALSE, 1000, CERTDIR_PLAIN },
    [CERTDIR_PEER_HANG_UP] = { "", FALSE, 1000, CERTDIR_PLAIN },
    [CERTDIR_PEER_BUSY] = { "", FALSE, 1000, CERTDIR_PLAIN },
    [CERTDIR_PEER_MUTE_TLS] = { "", FALSE, 60, CERTDIR_TLS },
    [CERTDIR_PEER_DRIP_TLS] = { "", FALSE, 100, CERTDIR_TLS },
    [CERTDIR_PEER_MUTE_STARTTLS] = { "", FALSE, 60, CERTDIR_STARTTLS },
  };
  struct certdir_peer *other = certdir_peer_start (CERTDIR_PEER_GOOD, NULL, VALUE);
  g_autofree char *elsewhere = g_strdup_printf ("ldap://127.0.0.1:%u/dc=x", certdir_peer_port (other));
  for (enum certdir_mood mood = CERTDIR_PEER_GOOD; mood < CERTDIR_PEER_MOODS; mood++) {
    struct certdir_peer *peer = certdir_peer_start (mood, elsewhere, VALUE);
    struct certdir_server server = { "127.0.0.1", certdir_peer_port (peer), rows[mood].tls, "dc=x", ldap_ca };
    gboolean whole = TRUE;
    const gint64 begin = g_get_monotonic_time ();
    g_autofree char *found = find (&server, 1, ANN, rows[mood].timeout_ms, &whole);
    if (rows[mood].timeout_ms == 1000) /* what is plainly wrong is seen at once */
      assert_true (g_get_monotonic_time () - begin < 900 * 1000 * (gint64) pace ());
    if (rows[mood].found != NULL)
      assert_string_equal (found, rows[mood].found);
    else
      assert_true (g_str_has_prefix (found, "0") && strlen (found) < (strlen (VALUE) + 1) * CERTDIR_VALUES_MAX);
    assert_int_equal (whole, rows[mood].whole);
    assert_int_equal (certdir_peer_stop (peer), 1); /* libldap does not come back by itself */
  }
  assert_int_equal (certdir_peer_stop (other), 0); /* nobody was led there */
}

/* ---- the domain's own ---- */

static void
test_srv_order (void **state)
{
  struct certdir_peer *first = certdir_peer_start (CERTDIR_PEER_GOOD, NULL, "0first"),
                      *second = certdir_peer_start (CERTDIR_PEER_GOOD, NULL, "0second"),
                      *bad = certdir_peer_start (CERTDIR_PEER_HANG_UP, NULL, VALUE);
  set_srv (0, "b.clinic.test", certdir_peer_port (second), 20);
  set_srv (1, "a.clinic.test", certdir_peer_port (first), 10);
  set_srv (2, "c.clinic.test", certdir_peer_port (bad), 5);
  gboolean whole = FALSE;
  g_autofree char *found = find (NULL, 0, ANN, 1000, &whole);
  assert_string_equal (found, ""); /* it has no root that says what it holds */
  assert_true (whole);
  assert_int_equal (certdir_peer_stop (bad), 1);
  assert_int_equal (certdir_peer_stop (first), 1);
  assert_int_equal (certdir_peer_stop (second), 0);
}

/* Dead ones of all kinds before the one that lives, which is a real directory. */
static void
test_srv_dead (void **state)
{
  struct certdir_peer *silent = certdir_peer_start (CERTDIR_PEER_SILENT, NULL, VALUE),
                      *gone = certdir_peer_start (CERTDIR_PEER_GOOD, NULL, VALUE);
  int hole[4];
  const guint16 gone_port = certdir_peer_port (gone), hole_port = certdir_peer_black_hole (hole);
  (void) certdir_peer_stop (gone);
  guint place = 0;
  for (; place < 8; place++)
    set_srv (place, "gone.clinic.test", gone_port, (guint16) place);
  set_srv (place++, "hole.clinic.test", hole_port, 50);
  set_srv (place++, "not a host", ldap_port, 51);
  set_srv (place++, "silent.clinic.test", certdir_peer_port (silent), 52);
  set_srv (place++, "ldap.clinic.test", ldap_port, 53);
  gboolean whole = FALSE;
  g_autofree char *found = find (NULL, 0, "benny@clinic.test", 500, &whole);
  assert_string_equal (found, "0benny");
  assert_true (whole);
  assert_int_equal (certdir_peer_stop (silent), 1);
  for (guint i = 0; i < G_N_ELEMENTS (hole); i++)
    close (hole[i]);
}

static void
test_srv_none (void **state)
{
  gboolean whole = FALSE;
  srv[0].host = NULL;
  g_autofree char *none = find (NULL, 0, ANN, 1000, &whole), *odd = find (NULL, 0, "ann@[127.0.0.1]", 1000, NULL);
  assert_string_equal (none, "");
  assert_string_equal (odd, "");
  assert_true (whole);
  srv_hangs = TRUE;
  g_autofree char *late = find (NULL, 0, ANN, 60, &whole);
  srv_hangs = FALSE;
  assert_string_equal (late, "");
  assert_false (whole);
}

/* The organisation's and the domain's are asked both, and what is the same counts once. */
static void
test_both (void **state)
{
  const char *addresses[] = { "benny@clinic.test", "benny@clinic.test" };
  struct certdir_answer answers[2];
  struct certdir_server server = { "127.0.0.1", ldap_port, CERTDIR_PLAIN, NULL, NULL };
  set_srv (0, "ldap.clinic.test", ldap_port, 1);
  const struct certdir_query query = { .addresses = addresses,
                                       .count = 2,
                                       .servers = &server,
                                       .server_count = 1,
                                       .by_domain = TRUE,
                                       .timeout_ms = 2000 * pace () };
  certdir_find (&query, answers);
  for (guint i = 0; i < 2; i++) {
    assert_int_equal (answers[i].values->len, 1);
    assert_true (answers[i].whole);
    certdir_answer_clear (&answers[i]);
  }
}

static void
test_filter (void **state)
{
  static const char *const rows[][2] = {
    { ANN, "(mail=" ANN ")" },
    { "a*b(c)d\\e@x.y", "(mail=a\\2ab\\28c\\29d\\5ce@x.y)" },
    { "j\xc3\xbcrg@x.y", "(mail=j\\c3\\bcrg@x.y)" },
    { "", "(mail=)" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *filter = certdir_server_filter (rows[i][0]);
    assert_string_equal (filter, rows[i][1]);
  }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_filter),     cmocka_unit_test (test_slapd),     cmocka_unit_test (test_slapd_values),
    cmocka_unit_test (test_slapd_many), cmocka_unit_test (test_slapd_tls), cmocka_unit_test (test_moods),
    cmocka_unit_test (test_srv_order),  cmocka_unit_test (test_srv_dead),  cmocka_unit_test (test_srv_none),
    cmocka_unit_test (test_both),
  };
  return cmocka_run_group_tests (tests, set_up, tear_down);
}
