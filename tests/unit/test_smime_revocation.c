/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Revocation: which lists and responses count for whom and when, what is asked for, and what a signature becomes by it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>
#include <openssl/pem.h>
#include "crypto/smime/smime_revocation_p.h"
#include "tests/unit/cert_maker.h"
#include "tests/unit/openssl_tool.h"

#define EMAIL "subjectAltName=email:alice@example.test\n"
#define CA "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n"
#define MAIL "extendedKeyUsage=emailProtection\nkeyUsage=critical,digitalSignature,keyAgreement\n" EMAIL
#define LIST_URL "http://lists.example.test/ca.crl"
#define OCSP_URL "http://ocsp.example.test/"
#define WITH_LIST "crlDistributionPoints=URI:" LIST_URL "\n"
#define WITH_OCSP "authorityInfoAccess=OCSP;URI:" OCSP_URL "\n"
#define HOLD CRL_REASON_CERTIFICATE_HOLD

static struct openssl_tool tool;
static struct maker_cert *root, *stranger;

/* A store, an authority below the root and somebody whom it certified, fresh for every case. */
struct world {
  char *dir;
  struct smime_store *store;
  struct maker_cert *ca, *alice, *bob;
  GBytes *mail; /* signed by alice */
};

static void
open_store (struct world *world)
{
  guint added = 0;
  g_autoptr (GBytes) anchor = maker_der (root);
  world->store = smime_store_open (world->dir, NULL);
  assert_non_null (world->store);
  assert_true (smime_store_add_anchor (world->store, anchor, &added, NULL));
}

static void
world_init (struct world *world, const char *places)
{
  static guint worlds;
  g_autofree char *name = g_strdup_printf ("%u", worlds++);
  g_autofree char *text = g_strconcat (MAIL, places, NULL);
  world->dir = openssl_tool_path (&tool, name);
  open_store (world);
  world->ca = maker_issue (&(struct maker_spec){ .name = "Clinic CA", .issuer = root, .text = CA });
  world->alice = maker_issue (&(struct maker_spec){ .name = "Alice", .issuer = world->ca, .text = text });
  world->bob = maker_issue (&(struct maker_spec){ .name = "Bob", .issuer = world->ca, .text = text });
  world->mail = maker_sign (world->alice, (const struct maker_cert *const[]){ world->ca, NULL });
}

static void
world_clear (struct world *world)
{
  smime_store_free (world->store);
  maker_cert_free (world->ca);
  maker_cert_free (world->alice);
  maker_cert_free (world->bob);
  g_bytes_unref (world->mail);
  g_free (world->dir);
}

static struct smime_signature
look_at (struct world *world, GBytes *mail, gint64 at, GHashTable *trusted)
{
  struct smime_signature signature;
  g_autoptr (GBytes) content = NULL;
  assert_true (smime_verify (world->store, mail, NULL, at, trusted, &signature, &content, NULL));
  assert_true (signature.valid);
  assert_true (signature.unchecked == NULL || signature.state == SIGNATURE_GOOD);
  return signature;
}

/* The state, how many wants, and whether it is said that nothing could be checked. */
static void
expect (struct world *world, gint64 at, enum signature_state state, guint wants, gboolean unchecked, const char *what)
{
  struct smime_signature got = look_at (world, world->mail, at, NULL);
  if (got.state != state || got.wants->len != wants || (got.unchecked != NULL) != unchecked)
    fail_msg ("%s: %s, %u wants, unchecked %d (%s)", what, signature_state_name (got.state), got.wants->len,
              got.unchecked != NULL, got.detail != NULL ? got.detail : "");
  smime_signature_clear (&got);
}

/* Answer the first want of alice's mail. Returns whether the answer was kept. */
static gboolean
answer (struct world *world, GBytes *bytes)
{
  struct smime_signature got = look_at (world, world->mail, 0, NULL);
  assert_int_equal (got.wants->len, 1);
  const struct revocation_want *want = got.wants->pdata[0];
  gboolean kept = smime_store_take_answer (world->store, want->id, bytes);
  assert_false (smime_store_take_answer (world->store, want->id, bytes)); /* a want is answered once */
  smime_signature_clear (&got);
  return kept;
}

static gint64
now (void)
{
  return g_get_real_time () / G_USEC_PER_SEC;
}

/* ---- lists ---- */

static void
test_list (void **state)
{
  enum by { ISSUER = 0, STRANGER, NAMESAKE };
  enum who { NOBODY = 0, ALICE, BOB };
  static const struct {
    const char *what;
    enum who who; /* is revoked */
    enum by by;   /* has signed */
    gint64 from, until;
    int reason;
    const char *text, *unknown;
    gboolean sha1, kept;
    enum signature_state want;
    gboolean unchecked;
  } cases[] = {
    { "nobody", NOBODY, ISSUER, -MAKER_HOUR, 0, -1, NULL, NULL, FALSE, TRUE, SIGNATURE_GOOD, FALSE },
    { "somebody else", BOB, ISSUER, -MAKER_HOUR, 0, -1, NULL, NULL, FALSE, TRUE, SIGNATURE_GOOD, FALSE },
    { "her", ALICE, ISSUER, -MAKER_HOUR, 0, -1, NULL, NULL, FALSE, TRUE, SIGNATURE_REVOKED, FALSE },
    { "her, with a reason", ALICE, ISSUER, -MAKER_HOUR, 0, CRL_REASON_KEY_COMPROMISE, NULL, NULL, FALSE, TRUE,
      SIGNATURE_REVOKED, FALSE },
    { "her, for now", ALICE, ISSUER, -MAKER_HOUR, 0, HOLD, NULL, NULL, FALSE, TRUE, SIGNATURE_REVOKED, FALSE },
    { "run out", NOBODY, ISSUER, -9 * MAKER_DAY, -MAKER_DAY, -1, NULL, NULL, FALSE, TRUE, SIGNATURE_GOOD, TRUE },
    { "run out, and names her", ALICE, ISSUER, -9 * MAKER_DAY, -MAKER_DAY, -1, NULL, NULL, FALSE, TRUE,
      SIGNATURE_REVOKED, FALSE },
    { "run out, and held her", ALICE, ISSUER, -9 * MAKER_DAY, -MAKER_DAY, HOLD, NULL, NULL, FALSE, TRUE, SIGNATURE_GOOD,
      TRUE },
    { "of tomorrow", NOBODY, ISSUER, MAKER_DAY, 0, -1, NULL, NULL, FALSE, TRUE, SIGNATURE_GOOD, TRUE },
    { "by another authority", ALICE, STRANGER, -MAKER_HOUR, 0, -1, NULL, NULL, FALSE, FALSE, SIGNATURE_GOOD, TRUE },
    { "by another of that name", ALICE, NAMESAKE, -MAKER_HOUR, 0, -1, NULL, NULL, FALSE, FALSE, SIGNATURE_GOOD, TRUE },
    { "SHA-1", ALICE, ISSUER, -MAKER_HOUR, 0, -1, NULL, NULL, TRUE, FALSE, SIGNATURE_GOOD, TRUE },
    { "delta", ALICE, ISSUER, -MAKER_HOUR, 0, -1, "2.5.29.27=critical,DER:02:01:01\n", NULL, FALSE, FALSE,
      SIGNATURE_GOOD, TRUE },
    { "unknown critical extension", NOBODY, ISSUER, -MAKER_HOUR, 0, -1, "1.2.3.4=critical,DER:05:00\n", NULL, FALSE,
      FALSE, SIGNATURE_GOOD, TRUE },
    { "unknown extension", NOBODY, ISSUER, -MAKER_HOUR, 0, -1, "1.2.3.4=DER:05:00\n", NULL, FALSE, TRUE, SIGNATURE_GOOD,
      FALSE },
    { "an entry with an unknown critical extension", BOB, ISSUER, -MAKER_HOUR, 0, -1, NULL, "1.2.3.4", FALSE, FALSE,
      SIGNATURE_GOOD, TRUE },
    { "an entry of another authority", BOB, ISSUER, -MAKER_HOUR, 0, -1, NULL, "2.5.29.29", FALSE, FALSE, SIGNATURE_GOOD,
      TRUE },
    { "indirect", ALICE, ISSUER, -MAKER_HOUR, 0, -1, "issuingDistributionPoint=critical,@s\n[s]\nindirectCRL=TRUE\n",
      NULL, FALSE, TRUE, SIGNATURE_GOOD, TRUE },
    { "users alone", ALICE, ISSUER, -MAKER_HOUR, 0, -1, "issuingDistributionPoint=critical,@s\n[s]\nonlyuser=TRUE\n",
      NULL, FALSE, TRUE, SIGNATURE_REVOKED, FALSE },
    { "authorities alone", ALICE, ISSUER, -MAKER_HOUR, 0, -1,
      "issuingDistributionPoint=critical,@s\n[s]\nonlyCA=TRUE\n", NULL, FALSE, TRUE, SIGNATURE_GOOD, TRUE },
    { "attributes alone", ALICE, ISSUER, -MAKER_HOUR, 0, -1, "issuingDistributionPoint=critical,@s\n[s]\nonlyAA=TRUE\n",
      NULL, FALSE, TRUE, SIGNATURE_GOOD, TRUE },
    { "her part", NOBODY, ISSUER, -MAKER_HOUR, 0, -1,
      "issuingDistributionPoint=critical,@s\n[s]\nfullname=URI:" LIST_URL "\n", NULL, FALSE, TRUE, SIGNATURE_GOOD,
      FALSE },
    { "another part", NOBODY, ISSUER, -MAKER_HOUR, 0, -1,
      "issuingDistributionPoint=critical,@s\n[s]\nfullname=URI:http://lists.example.test/2.crl\n", NULL, FALSE, TRUE,
      SIGNATURE_GOOD, TRUE },
    { "some reasons, not her", NOBODY, ISSUER, -MAKER_HOUR, 0, -1,
      "issuingDistributionPoint=critical,@s\n[s]\nonlysomereasons=keyCompromise\n", NULL, FALSE, TRUE, SIGNATURE_GOOD,
      TRUE },
    { "some reasons, and her", ALICE, ISSUER, -MAKER_HOUR, 0, CRL_REASON_KEY_COMPROMISE,
      "issuingDistributionPoint=critical,@s\n[s]\nonlysomereasons=keyCompromise\n", NULL, FALSE, TRUE,
      SIGNATURE_REVOKED, FALSE },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    struct world world;
    world_init (&world, WITH_LIST);
    struct maker_cert *namesake = maker_issue (&(struct maker_spec){ .name = "Clinic CA", .text = CA });
    const struct maker_revoked revoked[] = { { .cert = cases[i].who == NOBODY  ? NULL
                                                       : cases[i].who == ALICE ? world.alice
                                                                               : world.bob,
                                               .when = -2 * MAKER_HOUR,
                                               .reason = cases[i].reason,
                                               .unknown = cases[i].unknown },
                                             { .cert = NULL } };
    g_autoptr (GBytes) list = maker_crl (&(struct maker_list){ .issuer = cases[i].by == ISSUER     ? world.ca
                                                                         : cases[i].by == STRANGER ? stranger
                                                                                                   : namesake,
                                                               .from = cases[i].from,
                                                               .until = cases[i].until,
                                                               .text = cases[i].text,
                                                               .revoked = revoked,
                                                               .md = cases[i].sha1 ? EVP_sha1 () : NULL });
    expect (&world, 0, SIGNATURE_GOOD, 1, TRUE, cases[i].what);
    if (answer (&world, list) != cases[i].kept)
      fail_msg ("%s: kept %d", cases[i].what, !cases[i].kept);
    /* Whatever came of it, it is not asked for again at once. */
    expect (&world, 0, cases[i].want, 0, cases[i].unchecked, cases[i].what);
    maker_cert_free (namesake);
    world_clear (&world);
  }
}

static GBytes *
list_of (struct world *world, gint64 from, const struct maker_cert *revoked, gint64 when, gint64 invalid)
{
  const struct maker_revoked rows[]
      = { { .cert = revoked, .when = when, .reason = -1, .invalid = invalid }, { .cert = NULL } };
  return maker_crl (&(struct maker_list){ .issuer = world->ca, .from = from, .revoked = rows });
}

static gboolean
take_in (struct world *world, GBytes *file)
{
  guint added = 0;
  gboolean found = FALSE;
  g_autoptr (GBytes) der = maker_der (world->ca);
  g_autoptr (GPtrArray) candidates = g_ptr_array_new_with_free_func ((GDestroyNotify) key_candidate_free);
  assert_true (smime_store_import (world->store, der, NULL, candidates, &found, NULL));
  g_autoptr (GError) error = NULL;
  gboolean fine = smime_store_add_lists (world->store, file, &added, &found, &error);
  assert_true (fine ? added == 1 && found : g_error_matches (error, CRYPTO_ERROR, CRYPTO_ERROR_FORMAT));
  return fine;
}

/* A later list counts; an earlier one, replayed, does not come back. What is kept survives the process, and what was touched does not. */
static void
test_list_kept (void **state)
{
  struct world world;
  world_init (&world, WITH_LIST);
  g_autoptr (GBytes) early = list_of (&world, -2 * MAKER_HOUR, NULL, 0, 0);
  g_autoptr (GBytes) late = list_of (&world, -MAKER_HOUR, world.alice, -2 * MAKER_HOUR, 0);
  assert_true (take_in (&world, early));
  expect (&world, 0, SIGNATURE_GOOD, 0, FALSE, "early");
  assert_true (take_in (&world, late));
  expect (&world, 0, SIGNATURE_REVOKED, 0, FALSE, "late");
  assert_false (take_in (&world, early));
  expect (&world, 0, SIGNATURE_REVOKED, 0, FALSE, "early again");
  smime_store_free (world.store);
  open_store (&world);
  expect (&world, 0, SIGNATURE_REVOKED, 0, FALSE, "another process");
  g_autofree char *dir = g_build_filename (world.dir, "revocation", NULL);
  g_autoptr (GPtrArray) names = smime_revocation_folder_list (dir, ".crl");
  assert_int_equal (names->len, 1);
  g_autofree char *path = g_build_filename (dir, names->pdata[0], NULL);
  gsize size;
  g_autofree char *bytes = NULL;
  assert_true (g_file_get_contents (path, &bytes, &size, NULL));
  bytes[size - 5] ^= 1;
  assert_true (g_file_set_contents (path, bytes, (gssize) size, NULL));
  smime_store_free (world.store);
  open_store (&world);
  expect (&world, 0, SIGNATURE_GOOD, 1, TRUE, "touched on the disk");
  world_clear (&world);
}

/* --at: as of a time before it was revoked, or lost; what the signature itself claims changes nothing. */
static void
test_at (void **state)
{
  struct world world;
  world_init (&world, WITH_LIST);
  g_autoptr (GBytes) list = list_of (&world, -MAKER_HOUR, world.alice, -4 * MAKER_HOUR, 0);
  g_autoptr (GBytes) lost = list_of (&world, -MAKER_HOUR / 2, world.alice, -4 * MAKER_HOUR, -8 * MAKER_HOUR);
  assert_true (take_in (&world, list));
  expect (&world, 0, SIGNATURE_REVOKED, 0, FALSE, "now");
  expect (&world, now () - 3 * MAKER_HOUR, SIGNATURE_REVOKED, 0, FALSE, "after it was revoked");
  expect (&world, now () - 6 * MAKER_HOUR, SIGNATURE_GOOD, 0, FALSE, "before it was revoked");
  expect (&world, now () + 8 * MAKER_DAY, SIGNATURE_REVOKED, 0, FALSE, "when the list has run out");
  assert_true (take_in (&world, lost));
  expect (&world, now () - 6 * MAKER_HOUR, SIGNATURE_REVOKED, 0, FALSE, "when the key was lost already");
  expect (&world, now () - 9 * MAKER_HOUR, SIGNATURE_GOOD, 0, FALSE, "before it was lost");
  world_clear (&world);
}

static void
test_import (void **state)
{
  struct world world;
  world_init (&world, WITH_LIST);
  g_autoptr (GBytes) list = list_of (&world, -MAKER_HOUR, world.alice, -2 * MAKER_HOUR, 0);
  openssl_tool_write (&tool, "list.der", list);
  openssl_tool_run (&tool, "crl -in list.der -inform DER -out list.pem");
  g_autoptr (GBytes) pem = openssl_tool_read (&tool, "list.pem");
  g_autoptr (GBytes) none = g_bytes_new_static ("nothing", 7);
  guint added = 0;
  gboolean found = TRUE;
  assert_true (smime_store_add_lists (world.store, none, &added, &found, NULL));
  assert_false (found);
  g_autoptr (GError) error = NULL;
  assert_false (smime_store_add_lists (world.store, pem, &added, &found, &error)); /* by whom? */
  assert_true (found && g_error_matches (error, CRYPTO_ERROR, CRYPTO_ERROR_FORMAT));
  assert_true (take_in (&world, pem));
  expect (&world, 0, SIGNATURE_REVOKED, 0, FALSE, "imported");
  world_clear (&world);
}

/* ---- responders ---- */

static void
test_ocsp (void **state)
{
  enum by { ISSUER = 0, DELEGATE, DELEGATE_UNSENT, NOT_CHARGED, OF_ANOTHER, EXPIRED, STRANGER, SELF };
  static const struct {
    const char *what;
    int status;
    enum by by;
    gint64 from, until;
    int reason;
    gboolean bob, sha1, kept;
    enum signature_state want;
    gboolean unchecked;
  } cases[] = {
    { "good", V_OCSP_CERTSTATUS_GOOD, ISSUER, -60, 0, 0, FALSE, FALSE, TRUE, SIGNATURE_GOOD, FALSE },
    { "revoked", V_OCSP_CERTSTATUS_REVOKED, ISSUER, -60, 0, 1, FALSE, FALSE, TRUE, SIGNATURE_REVOKED, FALSE },
    { "held", V_OCSP_CERTSTATUS_REVOKED, ISSUER, -60, 0, HOLD, FALSE, FALSE, TRUE, SIGNATURE_REVOKED, FALSE },
    { "unknown", V_OCSP_CERTSTATUS_UNKNOWN, ISSUER, -60, 0, 0, FALSE, FALSE, FALSE, SIGNATURE_GOOD, TRUE },
    { "of another serial", V_OCSP_CERTSTATUS_GOOD, ISSUER, -60, 0, 0, TRUE, FALSE, FALSE, SIGNATURE_GOOD, TRUE },
    { "run out", V_OCSP_CERTSTATUS_GOOD, ISSUER, -7200, -60, 0, FALSE, FALSE, FALSE, SIGNATURE_GOOD, TRUE },
    { "run out, revoked", V_OCSP_CERTSTATUS_REVOKED, ISSUER, -7200, -60, 1, FALSE, FALSE, TRUE, SIGNATURE_REVOKED,
      FALSE },
    { "of tomorrow", V_OCSP_CERTSTATUS_GOOD, ISSUER, MAKER_DAY, 2 * MAKER_DAY, 0, FALSE, FALSE, FALSE, SIGNATURE_GOOD,
      TRUE },
    { "SHA-1", V_OCSP_CERTSTATUS_GOOD, ISSUER, -60, 0, 0, FALSE, TRUE, FALSE, SIGNATURE_GOOD, TRUE },
    { "by a delegate", V_OCSP_CERTSTATUS_GOOD, DELEGATE, -60, 0, 0, FALSE, FALSE, TRUE, SIGNATURE_GOOD, FALSE },
    { "revoked by a delegate", V_OCSP_CERTSTATUS_REVOKED, DELEGATE, -60, 0, 1, FALSE, FALSE, TRUE, SIGNATURE_REVOKED,
      FALSE },
    { "by a delegate who is not shown", V_OCSP_CERTSTATUS_GOOD, DELEGATE_UNSENT, -60, 0, 0, FALSE, FALSE, FALSE,
      SIGNATURE_GOOD, TRUE },
    { "by somebody not charged with it", V_OCSP_CERTSTATUS_GOOD, NOT_CHARGED, -60, 0, 0, FALSE, FALSE, FALSE,
      SIGNATURE_GOOD, TRUE },
    { "by another authority's delegate", V_OCSP_CERTSTATUS_REVOKED, OF_ANOTHER, -60, 0, 1, FALSE, FALSE, FALSE,
      SIGNATURE_GOOD, TRUE },
    { "by a delegate who has expired", V_OCSP_CERTSTATUS_GOOD, EXPIRED, -60, 0, 0, FALSE, FALSE, FALSE, SIGNATURE_GOOD,
      TRUE },
    { "by another authority", V_OCSP_CERTSTATUS_GOOD, STRANGER, -60, 0, 0, FALSE, FALSE, FALSE, SIGNATURE_GOOD, TRUE },
    { "by herself", V_OCSP_CERTSTATUS_GOOD, SELF, -60, 0, 0, FALSE, FALSE, FALSE, SIGNATURE_GOOD, TRUE },
  };
  static const char charged[] = "extendedKeyUsage=OCSPSigning\nkeyUsage=critical,digitalSignature\n";
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    struct world world;
    world_init (&world, WITH_OCSP);
    struct maker_cert *delegate
        = maker_issue (&(struct maker_spec){ .name = "Responder",
                                             .issuer = cases[i].by == OF_ANOTHER ? stranger : world.ca,
                                             .text = cases[i].by == NOT_CHARGED ? MAIL : charged,
                                             .from = cases[i].by == EXPIRED ? -9 * MAKER_DAY : -MAKER_DAY,
                                             .until = cases[i].by == EXPIRED ? -MAKER_DAY : MAKER_DAY });
    const struct maker_cert *signers[]
        = { world.ca, delegate, delegate, delegate, delegate, delegate, stranger, world.alice };
    g_autoptr (GBytes) response
        = maker_response (&(struct maker_status){ .cert = cases[i].bob ? world.bob : world.alice,
                                                  .issuer = world.ca,
                                                  .signer = signers[cases[i].by],
                                                  .from = cases[i].from,
                                                  .until = cases[i].until,
                                                  .status = cases[i].status,
                                                  .when = -MAKER_HOUR,
                                                  .reason = cases[i].reason,
                                                  .along = cases[i].by != ISSUER && cases[i].by != DELEGATE_UNSENT,
                                                  .md = cases[i].sha1 ? EVP_sha1 () : NULL,
                                                  .id_md = i % 2 == 1 ? EVP_sha256 () : NULL });
    expect (&world, 0, SIGNATURE_GOOD, 1, TRUE, cases[i].what);
    if (answer (&world, response) != cases[i].kept)
      fail_msg ("%s: kept %d", cases[i].what, !cases[i].kept);
    expect (&world, 0, cases[i].want, 0, cases[i].unchecked, cases[i].what);
    maker_cert_free (delegate);
    world_clear (&world);
  }
}

static void
write_pem (const char *name, const struct maker_cert *cert)
{
  g_autofree char *path = openssl_tool_path (&tool, name);
  BIO *bio = BIO_new_file (path, "w");
  assert_true (PEM_write_bio_X509 (bio, cert->x) == 1
               && PEM_write_bio_PrivateKey (bio, cert->key, NULL, NULL, 0, NULL, NULL) == 1);
  BIO_free (bio);
}

/* Our question is one that openssl's responder understands, and its answers are ours. */
static void
test_ocsp_openssl (void **state)
{
  struct world world;
  world_init (&world, WITH_OCSP);
  write_pem ("ca.pem", world.ca);
  static const char *const rows[] = { "V\t301231000000Z\t\t", "R\t301231000000Z\t200101000000Z,superseded\t" };
  for (guint i = 0; i < 2; i++) {
    struct smime_signature got = look_at (&world, world.mail, 0, NULL);
    if (i == 1) { /* is known to be good by now: ask all the same */
      g_autoptr (GBytes) request = smime_revocation_ocsp_request (world.alice->x, world.ca->x);
      openssl_tool_write (&tool, "question", request);
    } else {
      assert_int_equal (got.wants->len, 1);
      openssl_tool_write (&tool, "question", ((struct revocation_want *) got.wants->pdata[0])->request);
    }
    BIGNUM *serial = ASN1_INTEGER_to_BN (X509_get0_serialNumber (world.alice->x), NULL);
    char *hex = BN_bn2hex (serial);
    g_autofree char *row = g_strdup_printf ("%s%s\tunknown\t/CN=Alice\n", rows[i], hex);
    g_autoptr (GBytes) index = g_bytes_new (row, strlen (row));
    OPENSSL_free (hex);
    BN_free (serial);
    openssl_tool_write (&tool, "index.txt", index);
    openssl_tool_run (&tool, "ocsp -index index.txt -CA ca.pem -rsigner ca.pem -rkey ca.pem -reqin question -respout "
                             "answer -ndays 1");
    g_autoptr (GBytes) response = openssl_tool_read (&tool, "answer");
    gint64 from = 0;
    assert_int_equal (smime_revocation_ocsp_says (response, world.alice->x, world.ca->x, now (), &from).state,
                      i == 0 ? SMIME_REVOCATION_FINE : SMIME_REVOCATION_REVOKED);
    assert_true (ABS (from - now ()) < 60);
    if (i == 0) {
      assert_true (answer (&world, response));
      expect (&world, 0, SIGNATURE_GOOD, 0, FALSE, "openssl says good");
    }
    smime_signature_clear (&got);
  }
  world_clear (&world);
}

static void
test_garbage (void **state)
{
  static const char *const places[] = { WITH_LIST, WITH_OCSP };
  for (guint i = 0; i < 2; i++) {
    struct world world;
    world_init (&world, places[i]);
    g_autoptr (GBytes) list = list_of (&world, -MAKER_HOUR, NULL, 0, 0);
    g_autoptr (GBytes) response = maker_response (&(struct maker_status){
        .cert = world.alice, .issuer = world.ca, .signer = world.ca, .from = -60, .status = V_OCSP_CERTSTATUS_GOOD });
    GBytes *right = i == 0 ? list : response;
    /* Cut at every length, every byte touched, and far too long: none of them is an answer, and none is fatal. */
    X509_CRL *crl = NULL;
    gsize size = g_bytes_get_size (right);
    for (gsize cut = 0; cut <= 2 * size; cut++) {
      guchar *copy = g_memdup2 (g_bytes_get_data (right, NULL), size);
      if (cut > size)
        copy[cut - size - 1] ^= 0x20;
      g_autoptr (GBytes) bytes = cut > size ? g_bytes_new_take (copy, size) : g_bytes_new (copy, cut);
      if (cut <= size)
        g_free (copy);
      gboolean good;
      if (i == 0) {
        crl = smime_revocation_list_parse (bytes);
        good = crl != NULL && smime_revocation_list_holds (crl, world.ca->x)
               && smime_revocation_list_says (crl, world.alice->x, now ()).state != SMIME_REVOCATION_UNKNOWN;
        X509_CRL_free (crl);
      } else
        good = smime_revocation_ocsp_says (bytes, world.alice->x, world.ca->x, now (), NULL).state
               != SMIME_REVOCATION_UNKNOWN;
      if (good && cut != size && cut <= size)
        fail_msg ("place %u: cut at %zu", i, cut);
      if (good && cut > size) /* a byte that says nothing and is not signed, such as the wrapping of a response */
        assert_true (i == 1 || cut - size < 8);
    }
    gsize much = i == 0 ? REVOCATION_LIST_SIZE_MAX + 1 : REVOCATION_RESPONSE_SIZE_MAX + 1;
    guchar *long_one = g_malloc0 (much);
    memcpy (long_one, g_bytes_get_data (right, NULL), size);
    g_autoptr (GBytes) huge = g_bytes_new_take (long_one, much);
    assert_false (answer (&world, huge));
    expect (&world, 0, SIGNATURE_GOOD, 0, TRUE, "huge");
    world_clear (&world);
  }
}

/* ---- what is asked for ---- */

static void
test_wants (void **state)
{
  static const struct {
    const char *places;
    guint wants;
    gboolean unchecked;
  } cases[] = {
    { "", 0, FALSE },
    { WITH_LIST, 1, TRUE },
    { WITH_OCSP, 1, TRUE },
    { WITH_LIST WITH_OCSP, 1, TRUE }, /* the responder; the list only if that fails */
    { "crlDistributionPoints=URI:https://lists.example.test/x\n", 1, TRUE },
    { "crlDistributionPoints=URI:ldap://lists.example.test/x\n", 0, TRUE },
    { "crlDistributionPoints=URI:file:///etc/passwd\n", 0, TRUE },
    { "crlDistributionPoints=URI:ftp://lists.example.test/x\n", 0, TRUE },
    { "crlDistributionPoints=URI:gopher://127.0.0.1/x\n", 0, TRUE },
    { "authorityInfoAccess=OCSP;URI:file:///etc/passwd\n", 0, TRUE },
    { "authorityInfoAccess=caIssuers;URI:http://lists.example.test/x\n", 0, FALSE },
    { "crlDistributionPoints=@d\n[d]\nURI.1=http://lists.example.test/\\ttab\n", 0, TRUE },
    { "crlDistributionPoints=d\n[d]\nfullname=URI:http://l.example.test/x\nCRLissuer=dirName:i\n[i]\nCN=Other\n", 0,
      TRUE },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    struct world world;
    world_init (&world, cases[i].places);
    expect (&world, 0, SIGNATURE_GOOD, cases[i].wants, cases[i].unchecked, cases[i].places);
    smime_store_set_revocation (world.store, REVOCATION_HARD);
    expect (&world, 0, SIGNATURE_UNTRUSTED, cases[i].wants, FALSE, cases[i].places);
    smime_store_set_revocation (world.store, REVOCATION_OFF);
    expect (&world, 0, SIGNATURE_GOOD, 0, FALSE, cases[i].places);
    world_clear (&world);
  }
}

/* No address in a certificate is looked at unless the chain ends in an anchor: it would be a beacon. */
static void
test_no_beacon (void **state)
{
  struct world world;
  world_init (&world, WITH_LIST);
  struct maker_cert *lone = maker_issue (&(struct maker_spec){ .name = "Lone", .text = MAIL WITH_LIST WITH_OCSP });
  struct maker_cert *theirs
      = maker_issue (&(struct maker_spec){ .name = "Theirs", .issuer = stranger, .text = MAIL WITH_LIST WITH_OCSP });
  struct maker_cert *web = maker_issue (&(struct maker_spec){
      .name = "Web", .issuer = world.ca, .text = "extendedKeyUsage=serverAuth\n" EMAIL WITH_LIST });
  struct maker_cert *expired = maker_issue (&(struct maker_spec){
      .name = "Old", .issuer = world.ca, .text = MAIL WITH_LIST, .from = -9 * MAKER_DAY, .until = -MAKER_DAY });
  const struct maker_cert *const all[] = { lone, theirs, web, expired };
  g_autoptr (GHashTable) compared = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (all); i++) {
    g_autoptr (GBytes) mail = maker_sign (all[i], (const struct maker_cert *const[]){ world.ca, stranger, NULL });
    struct smime_signature got = look_at (&world, mail, 0, NULL);
    assert_int_not_equal (got.state, SIGNATURE_GOOD);
    assert_int_equal (got.wants->len, 0);
    smime_signature_clear (&got);
  }
  /* Nor if the user compared it: that is trust in a person, not in where a certificate points. */
  g_hash_table_add (compared, smime_names_fingerprint (lone->x));
  g_autoptr (GBytes) mail = maker_sign (lone, NULL);
  struct smime_signature got = look_at (&world, mail, 0, compared);
  assert_int_equal (got.state, SIGNATURE_GOOD);
  assert_int_equal (got.wants->len, 0);
  smime_signature_clear (&got);
  /* What has expired is on no list any more: as of a time when it was valid, nothing is fetched. */
  g_autoptr (GBytes) old = maker_sign (expired, (const struct maker_cert *const[]){ world.ca, NULL });
  got = look_at (&world, old, now () - 5 * MAKER_DAY, NULL);
  assert_int_equal (got.state, SIGNATURE_EXPIRED); /* the authority is younger */
  assert_int_equal (got.wants->len, 0);
  smime_signature_clear (&got);
  maker_cert_free (lone);
  maker_cert_free (theirs);
  maker_cert_free (web);
  maker_cert_free (expired);
  world_clear (&world);
}

/* A certificate that the user compared is revoked like any other, where its authority is known. */
static void
test_compared (void **state)
{
  struct world world;
  world_init (&world, WITH_LIST);
  g_autoptr (GHashTable) compared = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_hash_table_add (compared, smime_names_fingerprint (world.alice->x));
  g_autoptr (GBytes) list = list_of (&world, -MAKER_HOUR, world.alice, -2 * MAKER_HOUR, 0);
  assert_true (take_in (&world, list));
  struct smime_signature got = look_at (&world, world.mail, 0, compared);
  assert_int_equal (got.state, SIGNATURE_REVOKED);
  smime_signature_clear (&got);
  world_clear (&world);
}

/* Who does not answer is left alone for a while, for every certificate; who answers nonsense is asked about others. */
static void
test_silence (void **state)
{
  struct world world;
  world_init (&world, WITH_OCSP WITH_LIST);
  g_autoptr (GBytes) bobs = maker_sign (world.bob, (const struct maker_cert *const[]){ world.ca, NULL });
  g_autoptr (GBytes) nonsense = g_bytes_new_static ("nonsense", 8);
  assert_false (answer (&world, nonsense));
  struct smime_signature got = look_at (&world, bobs, 0, NULL);
  assert_int_equal (got.wants->len, 1);
  const struct revocation_want *want = got.wants->pdata[0];
  assert_string_equal (want->url, OCSP_URL);
  assert_false (smime_store_take_answer (world.store, want->id, NULL));
  smime_signature_clear (&got);
  got = look_at (&world, bobs, 0, NULL); /* now the list */
  want = got.wants->pdata[0];
  assert_string_equal (want->url, LIST_URL);
  assert_null (want->request);
  assert_false (smime_store_take_answer (world.store, want->id, NULL));
  smime_signature_clear (&got);
  expect (&world, 0, SIGNATURE_GOOD, 0, TRUE, "nobody answers");
  smime_store_free (world.store);
  open_store (&world);
  expect (&world, 0, SIGNATURE_GOOD, 0, TRUE, "another process");
  g_autofree char *dir = g_build_filename (world.dir, "revocation", NULL);
  g_autoptr (GPtrArray) notes = smime_revocation_folder_list (dir, ".tried");
  assert_true (notes->len >= 4);
  const struct utimbuf long_ago = { .actime = now () - 700, .modtime = now () - 700 };
  for (guint i = 0; i < notes->len; i++) {
    g_autofree char *path = g_build_filename (dir, notes->pdata[i], NULL);
    assert_int_equal (utime (path, &long_ago), 0);
  }
  expect (&world, 0, SIGNATURE_GOOD, 1, TRUE, "ten minutes later");
  assert_false (smime_store_take_answer (world.store, "no such want", nonsense));
  world_clear (&world);
}

/* Every certificate of the chain below the anchor counts. */
static void
test_authority_revoked (void **state)
{
  struct world world;
  world_init (&world, WITH_LIST);
  maker_cert_free (world.ca);
  maker_cert_free (world.alice);
  g_bytes_unref (world.mail);
  world.ca = maker_issue (
      &(struct maker_spec){ .name = "Clinic CA",
                            .issuer = root,
                            .text = CA "crlDistributionPoints=URI:http://root.example.test/root.crl\n" });
  world.alice = maker_issue (&(struct maker_spec){ .name = "Alice", .issuer = world.ca, .text = MAIL WITH_LIST });
  world.mail = maker_sign (world.alice, (const struct maker_cert *const[]){ world.ca, NULL });
  expect (&world, 0, SIGNATURE_GOOD, 2, TRUE, "two places");
  g_autoptr (GBytes) list = list_of (&world, -MAKER_HOUR, NULL, 0, 0);
  assert_true (take_in (&world, list));
  expect (&world, 0, SIGNATURE_GOOD, 1, TRUE, "the root's is missing");
  const struct maker_revoked rows[] = { { .cert = world.ca, .when = -MAKER_HOUR, .reason = 2 }, { .cert = NULL } };
  g_autoptr (GBytes) roots = maker_crl (&(struct maker_list){ .issuer = root, .from = -MAKER_HOUR, .revoked = rows });
  assert_true (answer (&world, roots));
  expect (&world, 0, SIGNATURE_REVOKED, 0, FALSE, "the authority was revoked");
  world_clear (&world);
}

/* An authority that may not sign lists, does not. */
static void
test_list_by_whom (void **state)
{
  struct maker_cert *ca = maker_issue (
      &(struct maker_spec){ .name = "No lists",
                            .issuer = root,
                            .text = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n" });
  g_autoptr (GBytes) list = maker_crl (&(struct maker_list){ .issuer = ca, .from = -MAKER_HOUR });
  X509_CRL *crl = smime_revocation_list_parse (list);
  assert_non_null (crl);
  assert_false (smime_revocation_list_holds (crl, ca->x));
  X509_CRL_free (crl);
  maker_cert_free (ca);
}

/* A recipient who is known to be revoked is told as such, and a sender who is does not sign. */
static void
test_recipient (void **state)
{
  struct world world;
  world_init (&world, WITH_LIST);
  g_autoptr (GBytes) der = maker_der (world.alice), list = list_of (&world, -MAKER_HOUR, world.alice, -MAKER_HOUR, 0);
  g_autoptr (GPtrArray) candidates = g_ptr_array_new_with_free_func ((GDestroyNotify) key_candidate_free);
  gboolean recognised = FALSE;
  assert_true (smime_store_import (world.store, der, NULL, candidates, &recognised, NULL));
  unsigned char *key_der = NULL;
  int key_size = i2d_PrivateKey (world.alice->key, &key_der);
  g_autoptr (GBytes) private = g_bytes_new (key_der, (gsize) key_size);
  OPENSSL_free (key_der);
  assert_true (smime_store_import (world.store, private, NULL, candidates, &recognised, NULL));
  g_autofree char *own_before = smime_own (world.store, "alice@example.test", 0);
  g_ptr_array_set_size (candidates, 0);
  assert_true (take_in (&world, list));
  assert_true (smime_store_find (world.store, "alice@example.test", 0, candidates, NULL));
  assert_int_equal (candidates->len, 1);
  const struct key_candidate *key = candidates->pdata[0];
  assert_int_equal (key->fault, KEY_FAULT_REVOKED);
  assert_null (smime_own (world.store, "alice@example.test", 0));
  assert_non_null (own_before);
  world_clear (&world);
}

/* The folder cannot grow without end: answers about one certificate go before lists, then the oldest; notes when they say nothing any
 * more. */
static void
test_bound (void **state)
{
  g_autofree char *dir = openssl_tool_path (&tool, "bound");
  assert_int_equal (g_mkdir (dir, 0700), 0);
  for (guint i = 0; i < 15; i++) {
    g_autofree char *path = g_strdup_printf ("%s/%02u.crl", dir, i);
    assert_true (g_file_set_contents (path, "", 0, NULL));
    assert_int_equal (truncate (path, REVOCATION_LIST_SIZE_MAX), 0);
    const struct utimbuf when = { .actime = 1000 + i, .modtime = 1000 + i };
    assert_int_equal (utime (path, &when), 0);
  }
  g_autofree char *answer = g_build_filename (dir, "newest.ocsp", NULL);
  assert_true (g_file_set_contents (answer, "", 0, NULL));
  assert_int_equal (truncate (answer, REVOCATION_LIST_SIZE_MAX), 0);
  for (guint i = 0; i < 3; i++) {
    g_autofree char *path = g_strdup_printf ("%s/%02u.tried", dir, i);
    const struct utimbuf when = { .actime = 1000 + i, .modtime = 1000 + i };
    assert_true (g_file_set_contents (path, "", 0, NULL));
    assert_int_equal (utime (path, &when), 0);
  }
  smime_revocation_folder_note (dir, "this one");
  g_autoptr (GPtrArray) notes = smime_revocation_folder_list (dir, ".tried");
  assert_int_equal (notes->len, 1);
  assert_true (smime_revocation_folder_noted (dir, "this one"));
  smime_revocation_folder_bound (dir);
  assert_false (g_file_test (answer, G_FILE_TEST_EXISTS));
  g_autoptr (GPtrArray) names = smime_revocation_folder_list (dir, ".crl");
  assert_int_equal (names->len, REVOCATION_BYTES_MAX / REVOCATION_LIST_SIZE_MAX);
  g_autofree char *oldest = g_build_filename (dir, "00.crl", NULL), *newest = g_build_filename (dir, "14.crl", NULL);
  assert_false (g_file_test (oldest, G_FILE_TEST_EXISTS));
  assert_true (g_file_test (newest, G_FILE_TEST_EXISTS));
}

static int
make_world (void **state)
{
  openssl_tool_init (&tool);
  root = maker_issue (&(struct maker_spec){ .name = "Root", .text = CA });
  stranger = maker_issue (&(struct maker_spec){ .name = "Stranger", .text = CA });
  return 0;
}

static int
remove_world (void **state)
{
  maker_cert_free (root);
  maker_cert_free (stranger);
  openssl_tool_clear (&tool);
  return 0;
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_list),     cmocka_unit_test (test_list_kept), cmocka_unit_test (test_at),
    cmocka_unit_test (test_import),   cmocka_unit_test (test_ocsp),      cmocka_unit_test (test_ocsp_openssl),
    cmocka_unit_test (test_garbage),  cmocka_unit_test (test_wants),     cmocka_unit_test (test_no_beacon),
    cmocka_unit_test (test_compared), cmocka_unit_test (test_silence),   cmocka_unit_test (test_authority_revoked),
    cmocka_unit_test (test_bound),    cmocka_unit_test (test_recipient), cmocka_unit_test (test_list_by_whom),
  };
  return cmocka_run_group_tests_name ("smime_revocation", tests, make_world, remove_world);
}
