/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* config/accounts: what is written comes back; broken accounts are refused by name. */
#include "tests/unit/config_fixture.h"
#include "config/accounts.h"
#include "config/pins.h"

#define PIN_ONE "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define PIN_TWO "sha256/AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define GOOD "[clinic]\naddress=a@b.test\nimap=imap.b.test:993\nsmtp=smtp.b.test:465\n"

static void
host_and_port (void **state)
{
  static const struct {
    const char *text, *host;
    guint16 port;
  } good[] = {
    { "localhost:1143", "localhost", 1143 },
    { "mail.example.org:993", "mail.example.org", 993 },
    { "127.0.0.1:65535", "127.0.0.1", 65535 },
    { "[::1]:993", "::1", 993 },
  };
  static const char *const bad[] = { "",           ":993",       "host",      "host:",       "host:0", "host:65536",
                                     "host:-1",    "host: 993",  "ho st:993", "::1:993",     "[::1]",  "[]:993",
                                     "[host]:993", "host\n:993", ".host:993", "host..a:993", "-h:993" };
  for (gsize i = 0; i < G_N_ELEMENTS (good); i++) {
    g_autofree char *host = NULL;
    guint16 port = 0;
    assert_true (account_parse_host_port (good[i].text, &host, &port));
    assert_string_equal (host, good[i].host);
    assert_int_equal (port, good[i].port);
  }
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++) {
    char *host = NULL;
    guint16 port = 0;
    if (account_parse_host_port (bad[i], &host, &port))
      fail_msg ("“%s” was taken as %s and %u", bad[i], host, port);
  }
}

static void
written_and_read (void **state)
{
  struct fixture *fixture = *state;
  g_free (fixture_write (fixture, "accounts.conf", "# mine\n[old]\naddress=x@y.test\n"));
  g_autoptr (GPtrArray) accounts = g_ptr_array_new_with_free_func ((GDestroyNotify) account_free);
  struct account *account = account_new ();
  account->name = g_strdup ("clinic");
  account->address = g_strdup ("alice@clinic.test");
  account->imap_host = g_strdup ("::1");
  account->imap_port = 993;
  account->smtp_host = g_strdup ("mail.clinic.test");
  account->smtp_port = 587;
  account->smtp_security = ACCOUNT_STARTTLS;
  account->auth = ACCOUNT_AUTH_EXTERNAL;
  account->user = g_strdup ("alice");
  account->client_cert_file = g_strdup ("/c.pem");
  account->client_key_file = g_strdup ("/k.pem");
  account->authserv_id = g_strdup ("mx.demo.test");
  account->lists_file = g_strdup ("/l/lists.pem");
  account->smtp_pins = pins_parse (PIN_ONE " " PIN_TWO);
  g_ptr_array_add (accounts, account);
  assert_true (accounts_save (accounts, fixture->paths, NULL));
  g_autoptr (GPtrArray) again = accounts_load (fixture->paths, NULL);
  assert_non_null (again);
  assert_int_equal (again->len, 1);
  account = g_ptr_array_index (again, 0);
  assert_string_equal (account->name, "clinic");
  assert_string_equal (account->imap_host, "::1");
  assert_int_equal (account->imap_port, 993);
  assert_int_equal (account->imap_security, ACCOUNT_TLS);
  assert_int_equal (account->smtp_security, ACCOUNT_STARTTLS);
  assert_int_equal (account->auth, ACCOUNT_AUTH_EXTERNAL);
  assert_string_equal (account->client_key_file, "/k.pem");
  assert_string_equal (account->authserv_id, "mx.demo.test");
  assert_null (account->ca_file);
  assert_string_equal (account->lists_file, "/l/lists.pem");
  assert_null (account->imap_pins);
  assert_int_equal (g_strv_length (account->smtp_pins), 2);
  assert_string_equal (account->smtp_pins[1], PIN_TWO);
}

static void
pins (void **state)
{
  static const char bare[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
  static const char *const good[] = { PIN_ONE, "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", bare,
                                      "pin-sha256=\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"" };
  static const char *const bad[] = { "",
                                     "sha256/",
                                     "sha1/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
                                     "sha256/AAAA",
                                     "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                                     "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA*A=",
                                     "\"" };
  for (gsize i = 0; i < G_N_ELEMENTS (good); i++) {
    g_autofree char *pin = pins_parse_one (good[i]);
    assert_string_equal (pin, PIN_ONE);
  }
  /* One key in sixty-four has a digest that begins so. */
  static const char slash[] = "//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
  static const char *const before[] = { "sha256/", "sha256//", "pin-sha256=", "" };
  for (gsize i = 0; i < G_N_ELEMENTS (before); i++) {
    g_autofree char *text = g_strconcat (before[i], slash, NULL), *pin = pins_parse_one (text);
    assert_non_null (pin);
    assert_string_equal (pin + strlen ("sha256/"), slash);
  }
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    assert_null (pins_parse_one (bad[i]));
  g_auto (GStrv) several = pins_parse (PIN_ONE ", " PIN_TWO);
  assert_int_equal (g_strv_length (several), 2);
  assert_null (pins_parse (PIN_ONE " nonsense"));
  assert_null (pins_parse (PIN_ONE " " PIN_ONE " " PIN_ONE " " PIN_ONE " " PIN_ONE));
}

static void
no_file_no_account (void **state)
{
  struct fixture *fixture = *state;
  g_autoptr (GPtrArray) accounts = accounts_load (fixture->paths, NULL);
  assert_non_null (accounts);
  assert_int_equal (accounts->len, 0);
}

static void
broken_files (void **state)
{
  struct fixture *fixture = *state;
  static const struct {
    const char *text, *where;
  } cases[] = {
    { GOOD "rubbish\n", "line 5" },
    { GOOD "password=hunter2\n", "[clinic] password" },
    { GOOD "imap-security=none\n", "[clinic] imap-security" },
    { GOOD "auth=plain\n", "[clinic] auth" },
    { GOOD "auth=external\n", "client certificate" },
    { GOOD "client-cert=/c.pem\n", "together" },
    { GOOD "ca=ca.pem\n", "whole path" },
    { GOOD "crl=lists.pem\n", "whole path" },
    { GOOD "imap-pin=sha256/AAAA\n", "[clinic] imap-pin" },
    { GOOD "smtp-pin=\n", "[clinic] smtp-pin" },
    { "[clinic]\naddress=a@b.test\nsmtp=smtp.b.test:465\n", "[clinic] imap" },
    { "[clinic]\naddress=a@b.test\nimap=imap.b.test\n", "[clinic] imap" },
    { "[clinic]\nimap=imap.b.test:993\nsmtp=smtp.b.test:465\nuser=u\n", "no valid address" },
    { "[local]\naddress=a@b.test\nimap=imap.b.test:993\nsmtp=smtp.b.test:465\n", "taken" },
    { "[../up]\naddress=a@b.test\nimap=imap.b.test:993\nsmtp=smtp.b.test:465\n", "name must be" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    GError *error = NULL;
    g_autofree char *path = fixture_write (fixture, "accounts.conf", cases[i].text);
    assert_null (accounts_load (fixture->paths, &error));
    assert_refused (error, CONFIG_ERROR_BROKEN, path, cases[i].where);
  }
}

static void
user_defaults_to_address (void **state)
{
  struct fixture *fixture = *state;
  g_free (fixture_write (fixture, "accounts.conf", GOOD));
  g_autoptr (GPtrArray) accounts = accounts_load (fixture->paths, NULL);
  assert_non_null (accounts);
  assert_string_equal (((struct account *) g_ptr_array_index (accounts, 0))->user, "a@b.test");
}

int
main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, fixture_setup, fixture_teardown)
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (host_and_port), TEST (written_and_read), TEST (no_file_no_account), TEST (broken_files),
    TEST (user_defaults_to_address),  cmocka_unit_test (pins),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
