/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* config/ldapserver: what a list of LDAP servers may look like. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "config/ldapserver.h"

static void
good (void **state)
{
  static const struct {
    const char *url, *host;
    guint port;
    const char *tls, *base;
  } rows[] = {
    { "ldaps://ldap.hospital.example/dc=hospital,dc=example", "ldap.hospital.example", 636, "tls",
      "dc=hospital,dc=example" },
    { "ldaps://ldap.hospital.example", "ldap.hospital.example", 636, "tls", "" },
    { "LDAP://192.0.2.1:1389/", "192.0.2.1", 1389, "plain", "" },
    { "ldap://[2001:db8::1]/o=A%20B", "2001:db8::1", 389, "plain", "o=A B" },
    { "ldap://h.example/dc=x???"
      "?!StartTLS",
      "h.example", 389, "starttls", "dc=x" },
    { "ldap://h.example????starttls", "h.example", 389, "starttls", "" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    const char *why = NULL;
    g_autoptr (GPtrArray) servers = ldapserver_list (rows[i].url, &why);
    assert_non_null (servers);
    assert_int_equal (servers->len, 1);
    const struct ldapserver *server = servers->pdata[0];
    assert_string_equal (server->host, rows[i].host);
    assert_int_equal (server->port, rows[i].port);
    assert_string_equal (server->tls, rows[i].tls);
    assert_string_equal (server->base, rows[i].base);
  }
}

static void
lists (void **state)
{
  const char *why = NULL;
  g_autoptr (GPtrArray) none = ldapserver_list (NULL, &why);
  g_autoptr (GPtrArray) blank = ldapserver_list (" ; ", &why);
  g_autoptr (GPtrArray) two = ldapserver_list ("ldaps://a.example; ldap://b.example/dc=b;", &why);
  assert_int_equal (none->len, 0);
  assert_int_equal (blank->len, 0);
  assert_int_equal (two->len, 2);
  GString *many = g_string_new (NULL);
  for (guint i = 0; i <= LDAPSERVER_MAX; i++)
    g_string_append (many, "ldaps://a.example;");
  assert_null (ldapserver_list (many->str, &why));
  assert_non_null (why);
  g_string_free (many, TRUE);
}

static void
bad (void **state)
{
  static const char *const rows[] = { "ldap.hospital.example",
                                      "http://ldap.hospital.example",
                                      "ldapi:///",
                                      "ldap://",
                                      "ldap:///dc=x",
                                      "ldaps://user@h.example",
                                      "ldaps://user:secret@h.example",
                                      "ldaps://h.example:0",
                                      "ldaps://h.example:99999",
                                      "ldaps://h example",
                                      "ldaps://h.example/dc=x???"
                                      "?!StartTLS",
                                      "ldap://h.example/dc=x?mail",
                                      "ldap://h.example/dc=x??base?(cn=*)",
                                      "ldap://h.example/dc=x%0Ay",
                                      "ldap://h.example/dc=x#y",
                                      "ldaps://a.example;nonsense" };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    const char *why = NULL;
    assert_null (ldapserver_list (rows[i], &why));
    assert_non_null (why);
  }
}

int
main (void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test (good), cmocka_unit_test (lists), cmocka_unit_test (bad) };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
