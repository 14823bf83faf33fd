/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* config/policy: every level can tighten and none can loosen. */
#include "tests/unit/config_fixture.h"
#include "config/policy_p.h"

static struct policy *
load (struct fixture *fixture, const char *organisation, const char *user, gboolean test_profile, GError **error)
{
  g_autofree char *above = fixture_write (fixture, "organisation.conf", organisation);
  g_autofree char *below = fixture_write (fixture, "policy.conf", user);
  return policy_load_files (above, below, test_profile, error);
}

static void
built_in (void **state)
{
  AUTOFREE (policy) policy = policy_load_files ("/nonexistent/a", "/nonexistent/b", FALSE, NULL);
  assert_non_null (policy);
  assert_int_equal (policy->least_smime_trust, 3);
  assert_int_equal (policy->least_pgp_trust, 1);
  assert_int_equal (policy->prefer, 1);
  assert_int_equal (policy->least_reply_trust, 1);
  assert_true (policy->allow_smime && policy->allow_pgp && policy->allow_autocrypt && policy->allow_note);
  assert_false (policy->allow_password);
  assert_int_equal (policy->revocation, 1);
}

static void
revocation (void **state)
{
  AUTOFREE (policy) by_user = load (*state, "", "[signatures]\nrevocation=hard\n", FALSE, NULL);
  assert_int_equal (by_user->revocation, 0);
  AUTOFREE (policy) off = load (*state, "[signatures]\nrevocation=off\n", "", FALSE, NULL);
  assert_int_equal (off->revocation, 2);
  AUTOFREE (policy)
  back = load (*state, "[signatures]\nrevocation=off\n", "[signatures]\nrevocation=soft\n", FALSE, NULL);
  assert_int_equal (back->revocation, 1);
}

static void
tightened_twice (void **state)
{
  AUTOFREE (policy)
  policy = load (*state, "[routes]\nleast-pgp-trust=wkd\nprefer=pgp\n[accounts]\nallow-password=true\n",
                 "[routes]\nleast-pgp-trust=verified\nallow-smime=false\nprefer=pgp\n", FALSE, NULL);
  assert_non_null (policy);
  assert_int_equal (policy->least_pgp_trust, 4);
  assert_int_equal (policy->prefer, 2);
  assert_false (policy->allow_smime);
  assert_true (policy->allow_password);
  assert_true (policy->allow_wkd);
  AUTOFREE (policy) quiet = load (*state, "[lookup]\nwkd=false\n", "", FALSE, NULL);
  assert_false (quiet->allow_wkd);
  assert_null (load (*state, "[lookup]\nwkd=false\n", "[lookup]\nwkd=true\n", FALSE, NULL));
}

static void
passwords (void **state)
{
  AUTOFREE (policy) test = load (*state, "", "", TRUE, NULL);
  assert_true (test->allow_password);
  AUTOFREE (policy) forbidden = load (*state, "[accounts]\nallow-password=false\n", "", TRUE, NULL);
  assert_false (forbidden->allow_password);
  AUTOFREE (policy)
  by_user = load (*state, "[accounts]\nallow-password=true\n", "[accounts]\nallow-password=false\n", FALSE, NULL);
  assert_false (by_user->allow_password);
}

static void
pins (void **state)
{
#define FINGERPRINT "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d"
  struct fixture *fixture = *state;
  AUTOFREE (policy)
  policy = load (fixture, "[pins]\nbob@demo.test=" FINGERPRINT "; 1A2B 3C4D 5E6F 7081 92A3 B4C5 D6E7 F809 1A2B 3C4D\n",
                 "", FALSE, NULL);
  assert_non_null (policy);
  assert_int_equal (policy->pins->len, 1);
  const struct policy_pin *pin = policy->pins->pdata[0];
  assert_string_equal (pin->address, "bob@demo.test");
  assert_int_equal (g_strv_length (pin->fingerprints), 2);
  static const struct {
    const char *organisation, *user;
    int code;
  } cases[] = {
    { "", "[pins]\nbob@demo.test=" FINGERPRINT "\n", CONFIG_ERROR_FORBIDDEN },
    { "[pins]\nbob@demo.test=" FINGERPRINT "0\n", "", CONFIG_ERROR_BROKEN },
    { "[pins]\nbob@demo.test=\n", "", CONFIG_ERROR_BROKEN },
    { "[pins]\nbob=" FINGERPRINT "\n", "", CONFIG_ERROR_BROKEN },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;
    assert_null (load (fixture, cases[i].organisation, cases[i].user, FALSE, &error));
    assert_true (g_error_matches (error, CONFIG_ERROR, cases[i].code));
  }
}

static void
card_modules (void **state)
{
  struct fixture *fixture = *state;
  AUTOFREE (policy) none = load (fixture, "", "", FALSE, NULL);
  assert_null (none->card_modules);
  AUTOFREE (policy) all = load (fixture, "[cards]\nmodules=\n", "", FALSE, NULL);
  assert_non_null (all->card_modules);
  assert_null (all->card_modules[0]);
  AUTOFREE (policy) two = load (fixture, "[cards]\nmodules=/usr/lib/a.so; /usr/lib/b.so\n", "", FALSE, NULL);
  assert_int_equal (g_strv_length (two->card_modules), 2);
  assert_string_equal (two->card_modules[1], "/usr/lib/b.so");
  g_autoptr (GError) by_user = NULL, relative = NULL;
  assert_null (load (fixture, "", "[cards]\nmodules=/usr/lib/a.so\n", FALSE, &by_user));
  assert_true (g_error_matches (by_user, CONFIG_ERROR, CONFIG_ERROR_FORBIDDEN));
  assert_null (load (fixture, "[cards]\nmodules=a.so\n", "", FALSE, &relative));
  assert_true (g_error_matches (relative, CONFIG_ERROR, CONFIG_ERROR_BROKEN));
}

static void
own_domains (void **state)
{
  struct fixture *fixture = *state;
  AUTOFREE (policy) none = load (fixture, "", "", FALSE, NULL);
  assert_null (none->own_domains[0]);
  AUTOFREE (policy)
  policy = load (fixture, "[reading]\nown-domains=hospital.example; clinic.example\n", "", FALSE, NULL);
  assert_string_equal (policy->own_domains[0], "hospital.example");
  assert_string_equal (policy->own_domains[1], "clinic.example");
  assert_null (policy->own_domains[2]);
  static const struct {
    const char *organisation, *user;
    int code;
  } cases[] = {
    { "", "[reading]\nown-domains=evil.example\n", CONFIG_ERROR_FORBIDDEN },
    { "[reading]\nown-domains=two words\n", "", CONFIG_ERROR_BROKEN },
    { "[reading]\nown-domains=a@hospital.example\n", "", CONFIG_ERROR_BROKEN },
    { "[reading]\nowndomains=hospital.example\n", "", CONFIG_ERROR_BROKEN },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;
    assert_null (load (fixture, cases[i].organisation, cases[i].user, FALSE, &error));
    assert_true (g_error_matches (error, CONFIG_ERROR, cases[i].code));
  }
}

static void
ldap (void **state)
{
  struct fixture *fixture = *state;
  AUTOFREE (policy) none = load (fixture, "", "", FALSE, NULL);
  assert_true (none->allow_ldap && none->allow_ldap_domains);
  assert_int_equal (none->ldap_servers->len, 0);
  assert_null (none->ldap_ca);
  AUTOFREE (policy)
  policy = load (fixture, "[lookup]\nldap-servers=ldaps://a.example/dc=a;ldap://b.example\nldap-ca=/etc/a.pem\n",
                 "[lookup]\nldap-domains=false\n", FALSE, NULL);
  assert_int_equal (policy->ldap_servers->len, 2);
  assert_string_equal (((struct ldapserver *) policy->ldap_servers->pdata[0])->base, "dc=a");
  assert_string_equal (policy->ldap_ca, "/etc/a.pem");
  assert_true (policy->allow_ldap && !policy->allow_ldap_domains);
}

static void
refusals (void **state)
{
  struct fixture *fixture = *state;
  static const struct {
    const char *organisation, *user, *file, *where;
    int code;
  } cases[] = {
    { "[routes]\nleast-smime-trust=first-seen\n", "", "organisation.conf", "least-smime-trust",
      CONFIG_ERROR_FORBIDDEN },
    { "[routes]\nleast-pgp-trust=none\n", "", "organisation.conf", "least-pgp-trust", CONFIG_ERROR_FORBIDDEN },
    { "[routes]\nleast-pgp-trust=verified\n", "[routes]\nleast-pgp-trust=wkd\n", "policy.conf", "least-pgp-trust",
      CONFIG_ERROR_FORBIDDEN },
    { "[routes]\nallow-pgp=false\n", "[routes]\nallow-pgp=true\n", "policy.conf", "allow-pgp", CONFIG_ERROR_FORBIDDEN },
    { "[routes]\nprefer=pgp\n", "[routes]\nprefer=smime\n", "policy.conf", "prefer", CONFIG_ERROR_FORBIDDEN },
    { "[routes]\nleast-reply-trust=chain\n", "[routes]\nleast-reply-trust=first-seen\n", "policy.conf",
      "least-reply-trust", CONFIG_ERROR_FORBIDDEN },
    { "[routes]\nallow-note=false\n", "[routes]\nallow-note=true\n", "policy.conf", "allow-note",
      CONFIG_ERROR_FORBIDDEN },
    { "[routes]\nallow-autocrypt=false\n", "[routes]\nallow-autocrypt=true\n", "policy.conf", "allow-autocrypt",
      CONFIG_ERROR_FORBIDDEN },
    { "", "[accounts]\nallow-password=true\n", "policy.conf", "allow-password", CONFIG_ERROR_FORBIDDEN },
    { "[accounts]\nallow-password=false\n", "[accounts]\nallow-password=true\n", "policy.conf", "allow-password",
      CONFIG_ERROR_FORBIDDEN },
    { "", "[signatures]\nrevocation=off\n", "policy.conf", "revocation", CONFIG_ERROR_FORBIDDEN },
    { "", "[reading]\nreceipts=signed\n", "policy.conf", "receipts", CONFIG_ERROR_FORBIDDEN },
    { "[reading]\nreceipts=never\n", "[reading]\nreceipts=ask\n", "policy.conf", "receipts", CONFIG_ERROR_FORBIDDEN },
    { "[signatures]\nrevocation=hard\n", "[signatures]\nrevocation=soft\n", "policy.conf", "revocation",
      CONFIG_ERROR_FORBIDDEN },
    { "[routes]\nleast-pgp-trust=some\n", "", "organisation.conf", "[routes] least-pgp-trust", CONFIG_ERROR_BROKEN },
    { "[routes]\nallow-pgp=yes\n", "", "organisation.conf", "[routes] allow-pgp", CONFIG_ERROR_BROKEN },
    { "[routes]\nleast-pgp-trst=wkd\n", "", "organisation.conf", "[routes] least-pgp-trst", CONFIG_ERROR_BROKEN },
    { "[routes]\n\nnonsense\n", "", "organisation.conf", "line 3", CONFIG_ERROR_BROKEN },
    { "", "nonsense\n", "policy.conf", "line 1", CONFIG_ERROR_BROKEN },
    { "", "[lookup]\nldap-servers=ldaps://evil.example\n", "policy.conf", "ldap-servers", CONFIG_ERROR_FORBIDDEN },
    { "", "[lookup]\nldap-ca=/tmp/evil.pem\n", "policy.conf", "ldap-ca", CONFIG_ERROR_FORBIDDEN },
    { "[lookup]\nldap-servers=http://a.example\n", "", "organisation.conf", "ldap-servers", CONFIG_ERROR_BROKEN },
    { "[lookup]\nldap-ca=a.pem\n", "", "organisation.conf", "ldap-ca", CONFIG_ERROR_BROKEN },
    { "[lookup]\nldap=false\n", "[lookup]\nldap=true\n", "policy.conf", "ldap", CONFIG_ERROR_FORBIDDEN },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    GError *error = NULL;
    AUTOFREE (policy) policy = load (fixture, cases[i].organisation, cases[i].user, FALSE, &error);
    assert_null (policy);
    assert_refused (error, cases[i].code, cases[i].file, cases[i].where);
  }
}

int
main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, fixture_setup, fixture_teardown)
  const struct CMUnitTest tests[]
      = { TEST (built_in),    TEST (tightened_twice), TEST (passwords), TEST (revocation), TEST (pins),
          TEST (own_domains), TEST (card_modules),    TEST (ldap),      TEST (refusals) };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
