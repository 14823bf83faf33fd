/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The judge of servers' certificates: what holds, and each way in which a chain, a name, a list or a pin does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <openssl/pem.h>
#include "crypto/guard/tls.h"
#include "tests/unit/cert_maker.h"
#include "tests/unit/openssl_tool.h"

#define IDS "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
#define CA_USAGE "keyUsage=critical,keyCertSign,cRLSign\n"
#define CA "basicConstraints=critical,CA:TRUE\n" CA_USAGE IDS
#define USAGE "keyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\n"
#define SERVER(names) USAGE IDS "subjectAltName=" names "\n"
#define HERE SERVER ("DNS:mail.example.test")

static struct maker_cert *root, *middle, *end;

/* What lies in a file, in this order; ends with NULL. */
static GBytes *
pem (const struct maker_cert *const *certs)
{
  BIO *bio = BIO_new (BIO_s_mem ());
  char *data = NULL;
  for (; *certs != NULL; certs++)
    assert_int_equal (PEM_write_bio_X509 (bio, (*certs)->x), 1);
  long size = BIO_get_mem_data (bio, &data);
  GBytes *bytes = g_bytes_new (data, (gsize) size);
  BIO_free (bio);
  return bytes;
}
#define PEM(...) pem ((const struct maker_cert *const[]){ __VA_ARGS__, NULL })

struct question {
  GBytes *chain, *anchors, *lists[3]; /* taken */
  const char *host;
  gint64 at;
  const char *const *pins;
};

static void
judge (const struct question *question, struct tls_verdict *verdict)
{
  g_autoptr (GPtrArray) anchors = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_autoptr (GPtrArray) lists = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_autoptr (GError) error = NULL;
  struct tls_check check
      = { .chain = question->chain, .host = question->host, .at = question->at, .pins = question->pins };
  g_ptr_array_add (anchors, question->anchors);
  check.anchors = anchors;
  for (guint i = 0; i < G_N_ELEMENTS (question->lists) && question->lists[i] != NULL; i++)
    g_ptr_array_add (lists, question->lists[i]);
  if (lists->len > 0)
    check.lists = lists;
  if (!tls_check_chain (&check, verdict, &error))
    fail_msg ("%s", error->message);
  g_bytes_unref (question->chain);
}

static void
check (struct question question, const char *reason, const char *part)
{
  struct tls_verdict verdict;
  judge (&question, &verdict);
  if (!g_str_equal (verdict.reason, reason) || strstr (verdict.sentence, part) == NULL)
    fail_msg ("%s expected, with “%s”: %s: %s", reason, part, verdict.reason, verdict.sentence);
  assert_int_equal (verdict.holds, g_str_equal (reason, "ok"));
  tls_verdict_clear (&verdict);
}

/* One certificate by the usual root, or another one, for this host. */
static void
check_end (struct maker_spec spec, const char *host, const char *reason)
{
  if (spec.issuer == NULL)
    spec.issuer = root;
  if (spec.name == NULL)
    spec.name = "Mail";
  struct maker_cert *cert = maker_issue (&spec);
  check ((struct question){ PEM (cert), PEM (root), .host = host }, reason, "");
  maker_cert_free (cert);
}

static void
check_names (const char *names, const char *host, const char *reason)
{
  g_autofree char *text = g_strdup_printf (USAGE IDS "subjectAltName=%s\n", names);
  check_end ((struct maker_spec){ .text = text }, host, reason);
}

/* Under an authority of this kind. */
static void
check_under (struct maker_spec authority, const char *names, const char *host, const char *reason, const char *part)
{
  authority.name = "Between";
  authority.issuer = root;
  struct maker_cert *between = maker_issue (&authority);
  g_autofree char *text = g_strdup_printf (USAGE IDS "subjectAltName=%s\n", names);
  struct maker_cert *cert = maker_issue (&(struct maker_spec){ .name = "Mail", .issuer = between, .text = text });
  check ((struct question){ PEM (cert, between), PEM (root), .host = host }, reason, part);
  maker_cert_free (cert);
  maker_cert_free (between);
}

static void
test_good (void **state)
{
  static const char *const hosts[] = { "mail.example.test", "MAIL.Example.TEST", "mail.example.test.", NULL };
  for (guint i = 0; hosts[i] != NULL; i++)
    check ((struct question){ PEM (end, middle), PEM (root), .host = hosts[i] }, "ok", "holds for");
  check ((struct question){ PEM (end, middle), PEM (root), .host = NULL }, "ok", "no host name was compared");
  /* In any order, with others that have nothing to do with it, and with the root along. */
  struct maker_cert *other = maker_issue (&(struct maker_spec){ .name = "Other", .text = CA });
  check ((struct question){ PEM (end, other, root, middle), PEM (other, root), .host = hosts[0] }, "ok", "");
  check ((struct question){ PEM (end, middle), PEM (other), .host = hosts[0] }, "untrusted", "issued by");
  check ((struct question){ PEM (end), PEM (root), .host = hosts[0] }, "untrusted", "issued by “Middle”");
  maker_cert_free (other);
}

static void
test_names (void **state)
{
  check_names ("DNS:other.test,DNS:mail.example.test", "mail.example.test", "ok");
  check_names ("DNS:mail.example.test", "example.test", "host");
  check_names ("DNS:mail.example.test", "mail.example.test.evil.test", "host");
  check_names ("DNS:mail.example.test", "ail.example.test", "host");
  check_names ("DNS:*.example.test", "mail.example.test", "ok");
  check_names ("DNS:*.example.test", "example.test", "host");
  check_names ("DNS:*.example.test", "a.mail.example.test", "host");
  check_names ("DNS:m*.example.test", "mail.example.test", "host");
  check_names ("DNS:mail.*.test", "mail.example.test", "host");
  check_names ("DNS:*.test", "mail.test", "host");
  check_names ("DNS:*", "localhost", "host");
  check_names ("DNS:xn--bcher-kva.example", "bücher.example", "ok");
  check_names ("DNS:xn--bcher-kva.example", "bucher.example", "host");
  check_names ("email:mail.example.test", "mail.example.test", "host");
  check_names ("URI:https://mail.example.test", "mail.example.test", "host");
  check_end ((struct maker_spec){ .name = "mail.example.test", .text = USAGE IDS }, "mail.example.test", "host");
}

static void
test_addresses (void **state)
{
  check_names ("IP:192.0.2.1", "192.0.2.1", "ok");
  check_names ("IP:192.0.2.1", "192.0.2.2", "host");
  check_names ("IP:2001:db8::1", "2001:db8:0::1", "ok");
  check_names ("IP:2001:db8::1", "2001:db8::2", "host");
  check_names ("DNS:192.0.2.1", "192.0.2.1", "host");
  check_names ("DNS:*.0.2.1", "192.0.2.1", "host");
}

static void
test_no_host (void **state)
{
  static const char *const hosts[] = { "", ".", ".example.test" };
  g_autoptr (GBytes) chain = PEM (end, middle);
  for (guint i = 0; i < G_N_ELEMENTS (hosts); i++) {
    const struct tls_check check = { .chain = chain, .host = hosts[i] };
    struct tls_verdict verdict;
    g_autoptr (GError) error = NULL;
    assert_false (tls_check_chain (&check, &verdict, &error));
    assert_true (g_error_matches (error, CRYPTO_ERROR, TLS_ERROR_HOSTNAME));
  }
}

static void
test_purpose (void **state)
{
  const char *host = "mail.example.test";
  check_end ((struct maker_spec){ .text = "extendedKeyUsage=clientAuth\nsubjectAltName=DNS:mail.example.test\n" IDS },
             host, "purpose");
  check_end (
      (struct maker_spec){ .text = "extendedKeyUsage=emailProtection\nsubjectAltName=DNS:mail.example.test\n" IDS },
      host, "purpose");
  check_end ((struct maker_spec){ .text = "keyUsage=keyEncipherment\nsubjectAltName=DNS:mail.example.test\n" IDS },
             host, "purpose");
  check_end ((struct maker_spec){ .text = "subjectAltName=DNS:mail.example.test\n" IDS }, host, "ok");
  check_under ((struct maker_spec){ .text = CA "extendedKeyUsage=clientAuth\n" }, "DNS:mail.example.test", host,
               "purpose", "authority “Between”");
  check_under ((struct maker_spec){ .text = CA "extendedKeyUsage=serverAuth\n" }, "DNS:mail.example.test", host, "ok",
               "");
}

static void
test_authority (void **state)
{
  const char *name = "DNS:mail.example.test", *host = "mail.example.test";
  check_under ((struct maker_spec){ .text = HERE }, name, host, "no_authority", "does not belong to an authority");
  check_under ((struct maker_spec){ .text = CA_USAGE IDS }, name, host, "no_authority", "");
  check_under ((struct maker_spec){ .text = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,cRLSign\n" IDS },
               name, host, "no_authority", "");
  check_under ((struct maker_spec){ .text = "basicConstraints=CA:TRUE\n" CA_USAGE IDS }, name, host, "malformed",
               "not made by the rules");
  check_under ((struct maker_spec){ .text = CA, .from = -3 * MAKER_DAY, .until = -MAKER_DAY }, name, host, "expired",
               "authority “Between”");
  check_under ((struct maker_spec){ .text = CA, .md = EVP_sha1 () }, name, host, "weak", "authority “Between”");
}

/* Without the marks by which certificates find each other. */
static void
test_no_marks (void **state)
{
  struct maker_cert *bare = maker_issue (
      &(struct maker_spec){ .name = "Bare",
                            .issuer = root,
                            .text = "basicConstraints=critical,CA:TRUE\n" CA_USAGE "authorityKeyIdentifier=keyid\n" });
  struct maker_cert *cert = maker_issue (
      &(struct maker_spec){ .name = "Mail", .issuer = bare, .text = USAGE "subjectAltName=DNS:mail.example.test\n" });
  check ((struct question){ PEM (cert, bare), PEM (root), .host = "mail.example.test" }, "malformed",
         "not made by the rules");
  maker_cert_free (cert);
  maker_cert_free (bare);
  /* A root as openssl makes it by itself may do, an authority below it not. */
  bare = maker_issue (&(struct maker_spec){ .name = "Bare", .text = "basicConstraints=critical,CA:TRUE\n" IDS });
  cert = maker_issue (&(struct maker_spec){ .name = "Mail", .issuer = bare, .text = HERE });
  check ((struct question){ PEM (cert), PEM (bare), .host = "mail.example.test" }, "ok", "");
  check ((struct question){ PEM (cert, bare), PEM (root), .host = "mail.example.test" }, "untrusted", "");
  maker_cert_free (cert);
  maker_cert_free (bare);
  check_under ((struct maker_spec){ .text = "basicConstraints=critical,CA:TRUE\n" IDS }, "DNS:mail.example.test",
               "mail.example.test", "malformed", "key usage");
}

static void
test_path_length (void **state)
{
  struct maker_cert *short_root = maker_issue (
      &(struct maker_spec){ .name = "Short", .text = "basicConstraints=critical,CA:TRUE,pathlen:0\n" CA_USAGE IDS });
  struct maker_cert *below = maker_issue (&(struct maker_spec){ .name = "Below", .issuer = short_root, .text = CA });
  struct maker_cert *one = maker_issue (&(struct maker_spec){ .name = "Mail", .issuer = below, .text = HERE });
  struct maker_cert *two = maker_issue (&(struct maker_spec){ .name = "Mail", .issuer = short_root, .text = HERE });
  check ((struct question){ PEM (one, below), PEM (short_root), .host = "mail.example.test" }, "path_length", "");
  check ((struct question){ PEM (two), PEM (short_root), .host = "mail.example.test" }, "ok", "");
  maker_cert_free (two);
  maker_cert_free (one);
  maker_cert_free (below);
  maker_cert_free (short_root);
}

static void
test_name_constraints (void **state)
{
  const struct maker_spec only = { .text = CA "nameConstraints=critical,permitted;DNS:example.test\n" };
  const struct maker_spec never = { .text = CA "nameConstraints=critical,excluded;DNS:bad.test\n" };
  const struct maker_spec net = { .text = CA "nameConstraints=critical,permitted;IP:192.0.2.0/255.255.255.0\n" };
  check_under (only, "DNS:mail.example.test", "mail.example.test", "ok", "");
  check_under (only, "DNS:mail.example.test,DNS:mail.other.test", "mail.example.test", "name_constraints",
               "may not vouch for");
  check_under (only, "DNS:mail.badexample.test", "mail.badexample.test", "name_constraints", "");
  check_under (never, "DNS:mail.example.test", "mail.example.test", "ok", "");
  check_under (never, "DNS:a.bad.test", "a.bad.test", "name_constraints", "");
  check_under (net, "IP:192.0.2.9", "192.0.2.9", "ok", "");
  check_under (net, "IP:192.0.3.9", "192.0.3.9", "name_constraints", "");
}

static void
test_times (void **state)
{
  const gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  const char *host = "mail.example.test";
  check_end ((struct maker_spec){ .text = HERE, .from = -2 * MAKER_DAY, .until = -MAKER_HOUR }, host, "expired");
  check_end ((struct maker_spec){ .text = HERE, .from = MAKER_DAY, .until = 2 * MAKER_DAY }, host, "not_yet_valid");
  check ((struct question){ PEM (end, middle), PEM (root), .host = host, .at = now + 40 * MAKER_DAY }, "expired",
         "expired on");
  check ((struct question){ PEM (end, middle), PEM (root), .host = host, .at = now - 3 * MAKER_DAY }, "not_yet_valid",
         "is not valid before");
}

static void
test_weak (void **state)
{
  const char *host = "mail.example.test";
  check_end ((struct maker_spec){ .text = HERE, .md = EVP_sha1 () }, host, "weak");
  check_end ((struct maker_spec){ .text = HERE, .rsa_bits = 1024 }, host, "weak");
  check_end ((struct maker_spec){ .text = HERE, .kind = "P-192" }, host, "weak");
  check_end ((struct maker_spec){ .text = HERE, .kind = "P-384" }, host, "ok");
  check_end ((struct maker_spec){ .text = HERE, .kind = "ED25519" }, host, "ok");
  check_end ((struct maker_spec){ .text = HERE, .kind = "X25519" }, host, "weak"); /* it cannot sign at all */
}

static void
test_odd (void **state)
{
  const char *host = "mail.example.test";
  check_end ((struct maker_spec){ .text = HERE "1.2.3.4.5=critical,DER:0500\n" }, host, "critical_extension");
  check_end ((struct maker_spec){ .text = HERE "1.2.3.4.5=DER:0500\n" }, host, "ok");
  check_under ((struct maker_spec){ .text = CA "certificatePolicies=1.2.3.4\n"
                                               "policyConstraints=critical,requireExplicitPolicy:0\n" },
               "DNS:mail.example.test", host, "policy", "the policy");
  struct maker_cert *cert = maker_issue (&(struct maker_spec){ .name = "Mail", .issuer = root, .text = HERE });
  ASN1_STRING_set (X509_get_serialNumber (cert->x), "123456789012345678901", 21);
  X509_sign (cert->x, root->key, EVP_sha256 ());
  check ((struct question){ PEM (cert), PEM (root), .host = host }, "malformed", "number");
  ASN1_STRING_set (X509_get_serialNumber (cert->x), "1234", 4); /* after it was signed */
  ASN1_INTEGER_set (X509_get_serialNumber (cert->x), 77);
  g_autoptr (GBytes) der = maker_der (cert);
  maker_cert_free (cert);
  gsize size;
  g_autofree guint8 *changed = g_memdup2 (g_bytes_get_data (der, &size), g_bytes_get_size (der));
  changed[size - 1] ^= 1;
  check ((struct question){ g_bytes_new (changed, size), PEM (root), .host = host }, "signature", "");
}

/* What a person named is an anchor, if it is a root or the very certificate that is shown. */
static void
test_anchors (void **state)
{
  const char *host = "mail.example.test";
  struct maker_cert *self = maker_issue (&(struct maker_spec){ .name = "Self", .text = HERE });
  check ((struct question){ PEM (self), PEM (root), .host = host }, "self_signed", "signed by itself");
  check ((struct question){ PEM (self), PEM (self), .host = host }, "ok", "");
  check ((struct question){ PEM (self), PEM (self), .host = "other.test" }, "host", "");
  check ((struct question){ PEM (end), PEM (end), .host = host }, "ok", "");
  check ((struct question){ PEM (end, middle), PEM (middle), .host = host }, "untrusted", "authorities above");
  check ((struct question){ PEM (end, middle, root), PEM (middle), .host = host }, "untrusted", "");
  maker_cert_free (self);
}

/* Without anchors of one's own those of the system count, here one file that OpenSSL is told of. */
static void
test_system (void **state)
{
  struct openssl_tool tool;
  g_autoptr (GBytes) chain = PEM (end, middle), anchor = PEM (root);
  const struct tls_check check = { .chain = chain, .host = "mail.example.test" };
  openssl_tool_init (&tool);
  openssl_tool_write (&tool, "system.pem", anchor);
  g_autofree char *file = openssl_tool_path (&tool, "system.pem");
  for (guint i = 0; i < 2; i++) {
    struct tls_verdict verdict;
    assert_true (tls_check_chain (&check, &verdict, NULL));
    assert_string_equal (verdict.reason, i == 0 ? "untrusted" : "ok");
    tls_verdict_clear (&verdict);
    g_setenv ("SSL_CERT_FILE", file, TRUE);
  }
  g_unsetenv ("SSL_CERT_FILE");
  openssl_tool_clear (&tool);
}

static void
test_lists (void **state)
{
  const char *host = "mail.example.test";
  const struct maker_revoked revoked[] = { { .cert = end, .when = -MAKER_HOUR, .reason = -1 }, { .cert = NULL } };
  const struct maker_revoked above[] = { { .cert = middle, .when = -MAKER_HOUR, .reason = -1 }, { .cert = NULL } };
  struct maker_cert *twin = maker_issue (&(struct maker_spec){ .name = "Middle", .issuer = root, .text = CA });
#define LIST(...) maker_crl (&(struct maker_list){ __VA_ARGS__ })
#define TOP LIST (.issuer = root, .from = -MAKER_HOUR)
#define NONE LIST (.issuer = middle, .from = -MAKER_HOUR)
  check ((struct question){ PEM (end, middle), PEM (root), { TOP, NONE }, .host = host }, "ok", "");
  check ((struct question){ PEM (end, middle),
                            PEM (root),
                            { TOP, LIST (.issuer = middle, .from = -MAKER_HOUR, .revoked = revoked) },
                            .host = host },
         "revoked", "was revoked");
  check ((struct question){ PEM (end, middle),
                            PEM (root),
                            { LIST (.issuer = root, .from = -MAKER_HOUR, .revoked = above), NONE },
                            .host = host },
         "revoked", "authority “Middle”");
  check ((struct question){ PEM (end, middle), PEM (root), { TOP }, .host = host }, "revocation_unknown",
         "no revocation list");
  check ((struct question){ PEM (end, middle),
                            PEM (root),
                            { TOP, LIST (.issuer = middle, .from = -3 * MAKER_DAY, .until = -MAKER_DAY) },
                            .host = host },
         "revocation_unknown", "");
  check ((struct question){ PEM (end, middle),
                            PEM (root),
                            { TOP, LIST (.issuer = middle, .from = -MAKER_HOUR, .md = EVP_sha1 ()) },
                            .host = host },
         "revocation_unknown", "");
  check (
      (struct question){
          PEM (end, middle), PEM (root), { TOP, LIST (.issuer = twin, .from = -MAKER_HOUR) }, .host = host },
      "revocation_unknown", "");
  maker_cert_free (twin);
}

static char *
pin_of (struct maker_cert *cert)
{
  struct question question = { PEM (cert), PEM (root), .host = NULL };
  struct tls_verdict verdict;
  judge (&question, &verdict);
  char *pin = g_strdup (verdict.pin);
  tls_verdict_clear (&verdict);
  return pin;
}

static void
test_pins (void **state)
{
  g_autofree char *of_end = pin_of (end), *of_middle = pin_of (middle), *of_root = pin_of (root);
  const char *other = "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
  const struct {
    const char *pins[3];
    const char *reason;
  } cases[] = {
    { { of_end }, "ok" }, { { of_middle }, "ok" },  { { other, of_root }, "ok" },
    { { other }, "pin" }, { { "sha256/" }, "pin" }, { { NULL }, "pin" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    check ((struct question){ PEM (end, middle), PEM (root), .host = "mail.example.test", .pins = cases[i].pins },
           cases[i].reason, "");
  /* A pin beside the chain, never in its place. */
  struct maker_cert *self = maker_issue (&(struct maker_spec){ .name = "Self", .text = HERE });
  g_autofree char *of_self = pin_of (self);
  const char *const pins[] = { of_self, NULL };
  check ((struct question){ PEM (self), PEM (root), .host = "mail.example.test", .pins = pins }, "self_signed", "");
  maker_cert_free (self);
}

/* The pin is what RFC 7469 says, by another hand: openssl's own digest of the key. */
static void
test_pin_form (void **state)
{
  struct openssl_tool tool;
  g_autofree char *pin = pin_of (end);
  g_autoptr (GBytes) chain = PEM (end);
  openssl_tool_init (&tool);
  openssl_tool_write (&tool, "end.pem", chain);
  openssl_tool_run (&tool, "x509 -in end.pem -pubkey -noout -out end.pub");
  openssl_tool_run (&tool, "pkey -pubin -in end.pub -outform DER -out end.der");
  openssl_tool_run (&tool, "dgst -sha256 -binary -out end.hash end.der");
  g_autoptr (GBytes) digest = openssl_tool_read (&tool, "end.hash");
  g_autofree char *text = g_base64_encode (g_bytes_get_data (digest, NULL), g_bytes_get_size (digest));
  assert_true (g_str_has_prefix (pin, "sha256/"));
  assert_string_equal (pin + strlen ("sha256/"), text);
  openssl_tool_clear (&tool);
}

static void
test_no_chain (void **state)
{
  g_autoptr (GBytes) good = PEM (end, middle);
  const char *text = g_bytes_get_data (good, NULL);
  const gsize size = g_bytes_get_size (good);
  GBytes *const files[] = {
    g_bytes_new ("", 0),      g_bytes_new ("hello\n", 6),
    g_bytes_new ("0\202", 2), g_bytes_new (text, size - 40), /* cut: the second is damaged */
    g_bytes_new (text, 100),
  };
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    check ((struct question){ files[i], PEM (root), .host = "mail.example.test" }, "malformed", "no certificate");
}

/* Nothing in a certificate can act on a terminal. */
static void
test_hostile_text (void **state)
{
  struct maker_cert *cert
      = maker_issue (&(struct maker_spec){ .name = "Evil\033[2J\r\nwardmail: all is well", .text = HERE });
  struct question question = { PEM (cert), PEM (root), .host = "mail.example.test" };
  struct tls_verdict verdict;
  judge (&question, &verdict);
  assert_false (verdict.holds);
  for (const char *at = verdict.sentence; *at != '\0'; at++)
    assert_true ((guchar) *at >= 0x20 && *at != 0x7f);
  tls_verdict_clear (&verdict);
  maker_cert_free (cert);
}

static int
make_world (void **state)
{
  root = maker_issue (&(struct maker_spec){ .name = "Root", .text = CA });
  middle = maker_issue (&(struct maker_spec){ .name = "Middle", .issuer = root, .text = CA });
  end = maker_issue (&(struct maker_spec){ .name = "Mail", .issuer = middle, .text = HERE });
  return 0;
}

static int
free_world (void **state)
{
  maker_cert_free (end);
  maker_cert_free (middle);
  maker_cert_free (root);
  return 0;
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_good),     cmocka_unit_test (test_names),       cmocka_unit_test (test_addresses),
    cmocka_unit_test (test_no_host),  cmocka_unit_test (test_purpose),     cmocka_unit_test (test_authority),
    cmocka_unit_test (test_no_marks), cmocka_unit_test (test_path_length), cmocka_unit_test (test_name_constraints),
    cmocka_unit_test (test_times),    cmocka_unit_test (test_weak),        cmocka_unit_test (test_odd),
    cmocka_unit_test (test_anchors),  cmocka_unit_test (test_lists),       cmocka_unit_test (test_pins),
    cmocka_unit_test (test_pin_form), cmocka_unit_test (test_no_chain),    cmocka_unit_test (test_hostile_text),
    cmocka_unit_test (test_system),
  };
  return cmocka_run_group_tests_name ("tls_chain", tests, make_world, free_world);
}
