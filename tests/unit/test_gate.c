/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The gate against messages that gpg and openssl made, and against everything that may go wrong with them. */
#include "mail/net/address.h"
#include "mail/net/gate_p.h"

#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

/* What the group sets up: a folder with keys, and the envelopes the other programs made with them. */
static char *folder;
static char *armor_one, *armor_two, *armor_hidden, *armor_symmetric, *armor_signed, *armor_long;
static char *cms_one, *cms_two, *cms_gcm, *cms_ec, *cms_ski, *cms_password, *cms_signed; /* base64, CRLF */
static char *pgp_ids[2], *issuer_ids[2], *ec_issuer_id, *ski_id;
static const char *const bob[] = { "bob@example.org", NULL };

static char *
run (const char *command)
{
  char *out = NULL;
  g_autofree char *err = NULL;
  g_autofree char *line
      = g_strdup_printf ("cd '%s' && GNUPGHOME='%s/g' && export GNUPGHOME && %s", folder, folder, command);
  const char *argv[] = { "sh", "-c", line, NULL };
  int status = 0;
  g_autoptr (GError) error = NULL;
  if (!g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out, &err, &status, &error)
      || status != 0)
    fail_msg ("%s: %s%s", command, error != NULL ? error->message : "", err);
  return out;
}

static char *
crlf (char *text_take)
{
  g_auto (GStrv) lines = g_strsplit (text_take, "\n", -1);
  g_free (text_take);
  return g_strjoinv ("\r\n", lines);
}

/* The id of the first recipient info that says issuer and serial number, found by openssl's own parser. */
static char *
issuer_id (const char *der, int depth, int skip)
{
  g_autofree char *command = g_strdup_printf ("openssl asn1parse -inform DER -in %s", der);
  g_autofree char *dump = run (command);
  g_autofree char *path = g_build_filename (folder, der, NULL), *bytes = NULL;
  g_autofree char *pattern = g_strdup_printf ("\\n *(\\d+):d=%d +hl=(\\d+) l= *(\\d+) cons: SEQUENCE", depth);
  g_autoptr (GRegex) regex = g_regex_new (pattern, 0, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;
  assert_true (g_regex_match (regex, dump, 0, &match));
  while (skip-- > 0)
    assert_true (g_match_info_next (match, NULL));
  g_autofree char *at = g_match_info_fetch (match, 1), *head = g_match_info_fetch (match, 2),
                  *length = g_match_info_fetch (match, 3);
  assert_true (g_file_get_contents (path, &bytes, NULL, NULL));
  g_autofree char *hex
      = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (guint8 *) bytes + g_ascii_strtoull (at, NULL, 10),
                                     (gsize) (g_ascii_strtoull (head, NULL, 10) + g_ascii_strtoull (length, NULL, 10)));
  return g_strconcat ("issuer:", hex, NULL);
}

static void
make_pgp (void)
{
  g_free (run (
      "mkdir -m 700 g && for n in alice:future-default bob:rsa2048; do "
      "gpg -q --batch --passphrase '' --quick-gen-key ${n%%:*}@example.org ${n#*:} default never 2>/dev/null; done; "
      "f=$(gpg --list-keys --with-colons bob@example.org | sed -n 's/^fpr:*\\([0-9A-F]*\\):/\\1/p' | head -1); "
      "gpg -q --batch --passphrase '' --quick-add-key $f rsa2048 encr never; echo 'PHI-MARKER' > body; seq 100000 > "
      "long"));
#define GPG "gpg -q --batch --trust-model always --armor -o - "
  armor_one = crlf (run (GPG "-r bob@example.org -e body"));
  armor_two = crlf (run (GPG "-r bob@example.org -r alice@example.org -e body"));
  armor_long = crlf (run (GPG "--compress-algo none -r bob@example.org -e < long"));
  armor_hidden = crlf (run (GPG "-R bob@example.org -e body"));
  armor_symmetric = crlf (run (GPG "--pinentry-mode loopback --passphrase x -c -r bob@example.org -e body"));
  armor_signed = crlf (run (GPG "-u bob@example.org -s body"));
  for (int i = 0; i < 2; i++) {
    g_autofree char *command = g_strdup_printf (
        "gpg --list-keys --with-colons %s@example.org | awk -F: '$1==\"sub\" && $12 ~ /e/ {printf \"pgp:%%s\", $5}'",
        i == 0 ? "bob" : "alice");
    pgp_ids[i] = run (command);
    assert_int_equal (strlen (pgp_ids[i]), 20);
  }
}

static void
make_cms (void)
{
  g_free (run ("for n in one two; do openssl req -x509 -newkey rsa:2048 -nodes -keyout $n.key -out $n.pem -subj /CN=$n "
               "-days 9 2>/dev/null; done; "
               "for n in 256 384 521; do openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-$n -nodes -keyout "
               "ec$n.key -out ec$n.pem -subj /CN=ec -days 9 2>/dev/null; done"));
#define CMS "openssl cms -encrypt -binary -in body -outform DER -aes256 "
#define SHA256_KDF "-keyopt ecdh_kdf_md:sha256"
#define BASE64(file) crlf (run ("base64 -w 64 " file))
  g_free (run (CMS "-out one.der one.pem && " CMS "-out two.der two.pem && " CMS "-out both.der one.pem two.pem && "
                   "openssl cms -encrypt -binary -in body -outform DER -aes-256-gcm -out gcm.der one.pem && " CMS
                   "-out ec.der -recip ec256.pem " SHA256_KDF " && " CMS "-keyid -out ski.der one.pem && " CMS
                   "-pwri_password x -out pw.der one.pem && "
                   "openssl cms -sign -nodetach -in body -outform DER -signer one.pem -inkey one.key -out sig.der"));
  cms_one = BASE64 ("one.der");
  cms_two = BASE64 ("both.der");
  cms_gcm = BASE64 ("gcm.der");
  cms_ec = BASE64 ("ec.der");
  cms_ski = BASE64 ("ski.der");
  cms_password = BASE64 ("pw.der");
  cms_signed = BASE64 ("sig.der");
  issuer_ids[0] = issuer_id ("one.der", 5, 0);
  issuer_ids[1] = issuer_id ("two.der", 5, 0);
  ec_issuer_id = issuer_id ("ec.der", 7, 1); /* behind the originator's key: the list, its element, its rid */
  ski_id = run ("printf ski: && openssl x509 -in one.pem -noout -ext subjectKeyIdentifier | tail -1 | tr -d ' :\\n' | "
                "tr A-F a-f");
}

static int
setup (void **state)
{
  folder = g_dir_make_tmp ("gate-XXXXXX", NULL);
  make_pgp ();
  make_cms ();
  return 0;
}

static int
teardown (void **state)
{
  g_free (run ("gpgconf --kill all; rm -rf '../'$(basename \"$PWD\")"));
  return 0;
}

#define HEAD                                                                                                           \
  "Date: Sat, 21 Nov 2026 10:00:00 +0000\r\nFrom: Alice <alice@example.org>\r\nTo: Bob <bob@example.org>\r\nSubject: " \
  "[...]\r\n"                                                                                                          \
  "Message-ID: <1.2@example.org>\r\nMIME-Version: 1.0\r\n"
#define PGP_TYPE                                                                                                       \
  "Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\";\r\n boundary=\"=-b\"\r\n\r\n"
#define PGP_START                                                                                                      \
  "--=-b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\r\n--=-b\r\nContent-Type: "                  \
  "application/octet-stream\r\n\r\n"
#define PGP_END "\r\n--=-b--\r\n"
#define CMS_TYPE(kind)                                                                                                 \
  "Content-Type: application/pkcs7-mime; smime-type=" kind                                                             \
  "; name=\"smime.p7m\"\r\nContent-Transfer-Encoding: base64\r\n"                                                      \
  "Content-Disposition: attachment; filename=smime.p7m\r\n\r\n"

static char *
pgp_mail (const char *armor)
{
  return g_strconcat (HEAD PGP_TYPE PGP_START, armor, PGP_END, NULL);
}

static char *
cms_mail (const char *body)
{
  return g_strconcat (HEAD CMS_TYPE ("enveloped-data"), body, NULL);
}

/* -1: it passes; else the error's code. */
static int
judge_bytes (const char *mail, gsize size, enum route_method method, const char *const *ids,
             const char *const *recipients)
{
  /* Exactly as much memory as there are bytes, so that a look beyond the end is seen by ASan and valgrind. */
  g_autofree guint8 *exact = g_memdup2 (mail, size);
  struct gate_plan plan = { .method = method, .recipients = recipients, .recipient_ids = ids };
  g_autoptr (GError) error = NULL;
  gboolean passed = gate_check (exact, size, &plan, &error);
  assert_true (passed == (error == NULL));
  assert_true (passed || error->domain == GATE_ERROR);
  return passed ? -1 : error->code;
}

static int
judge (char *mail_take, enum route_method method, const char *id, const char *id2)
{
  const char *ids[] = { id, id2, NULL };
  int code = judge_bytes (mail_take, strlen (mail_take), method, ids, bob);
  g_free (mail_take);
  return code;
}

static void
test_good (void **state)
{
  assert_int_equal (judge (pgp_mail (armor_one), ROUTE_PGP, pgp_ids[0], NULL), -1);
  assert_int_equal (judge (pgp_mail (armor_two), ROUTE_PGP, pgp_ids[0], pgp_ids[1]), -1);
  assert_int_equal (judge (pgp_mail (armor_long), ROUTE_PGP, pgp_ids[0], NULL), -1);
  assert_int_equal (judge (cms_mail (cms_one), ROUTE_SMIME, issuer_ids[0], NULL), -1);
  assert_int_equal (judge (cms_mail (cms_two), ROUTE_SMIME, issuer_ids[1], issuer_ids[0]), -1);
  assert_int_equal (judge (cms_mail (cms_ec), ROUTE_SMIME, ec_issuer_id, NULL), -1);
  assert_int_equal (judge (cms_mail (cms_ski), ROUTE_SMIME, ski_id, NULL), -1);
  assert_int_equal (
      judge (g_strconcat (HEAD CMS_TYPE ("authEnveloped-data"), cms_gcm, NULL), ROUTE_SMIME, issuer_ids[0], NULL), -1);
}

static int
judge_made (const char *arguments, gboolean authenticated)
{
  g_autofree char *command
      = g_strdup_printf ("openssl cms -encrypt -binary -in body -outform DER -out made.der %s", arguments);
  g_free (run (command));
  g_autofree char *id = strstr (arguments, " ec") != NULL ? issuer_id ("made.der", 7, 1) : issuer_id ("made.der", 5, 0);
  g_autofree char *body = BASE64 ("made.der");
  return judge (
      g_strconcat (HEAD, authenticated ? CMS_TYPE ("authEnveloped-data") : CMS_TYPE ("enveloped-data"), body, NULL),
      ROUTE_SMIME, id, NULL);
}

/* All that wardmail makes, and nothing weaker. */
static void
test_strength (void **state)
{
  static const struct {
    const char *arguments;
    gboolean authenticated;
    int want;
  } cases[] = {
    { "-aes256 -recip one.pem -keyopt rsa_padding_mode:oaep", FALSE, -1 },
    { "-aes256 -recip one.pem -keyopt rsa_padding_mode:oaep -keyopt rsa_oaep_md:sha256", FALSE, -1 },
    { "-aes-256-gcm -recip ec384.pem " SHA256_KDF, TRUE, -1 },
    { "-aes256 -recip ec521.pem " SHA256_KDF, FALSE, -1 },
    { "-aes128 -recip one.pem", FALSE, GATE_ERROR_PLAINTEXT },
    { "-aes192 -recip one.pem", FALSE, GATE_ERROR_PLAINTEXT },
    { "-des3 -recip one.pem", FALSE, GATE_ERROR_PLAINTEXT },
    { "-camellia256 -recip one.pem", FALSE, GATE_ERROR_PLAINTEXT },
    { "-aes-128-gcm -recip one.pem", TRUE, GATE_ERROR_PLAINTEXT },
    { "-aes-256-gcm -recip ec256.pem", TRUE, GATE_ERROR_AUDIENCE }, /* ECDH with SHA-1 */
    { "-aes128 -recip ec256.pem " SHA256_KDF, FALSE, GATE_ERROR_AUDIENCE },
    { "-aes256 -recip one.pem -keyopt rsa_padding_mode:oaep -keyopt rsa_oaep_md:sha512", FALSE, GATE_ERROR_AUDIENCE },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    if (judge_made (cases[i].arguments, cases[i].authenticated) != cases[i].want)
      fail_msg ("%s", cases[i].arguments);
}

static void
test_audience (void **state)
{
  assert_int_equal (judge (pgp_mail (armor_two), ROUTE_PGP, pgp_ids[0], NULL), GATE_ERROR_AUDIENCE);
  assert_int_equal (judge (pgp_mail (armor_one), ROUTE_PGP, pgp_ids[0], pgp_ids[1]), GATE_ERROR_AUDIENCE);
  assert_int_equal (judge (pgp_mail (armor_one), ROUTE_PGP, pgp_ids[1], NULL), GATE_ERROR_AUDIENCE);
  assert_int_equal (judge (pgp_mail (armor_one), ROUTE_PGP, NULL, NULL), GATE_ERROR_AUDIENCE);
  assert_int_equal (judge (pgp_mail (armor_hidden), ROUTE_PGP, pgp_ids[0], NULL), GATE_ERROR_AUDIENCE);
  assert_int_equal (judge (cms_mail (cms_two), ROUTE_SMIME, issuer_ids[0], NULL), GATE_ERROR_AUDIENCE);
  assert_int_equal (judge (cms_mail (cms_one), ROUTE_SMIME, issuer_ids[0], issuer_ids[1]), GATE_ERROR_AUDIENCE);
  assert_int_equal (judge (cms_mail (cms_one), ROUTE_SMIME, issuer_ids[1], NULL), GATE_ERROR_AUDIENCE);
  assert_int_equal (judge (cms_mail (cms_password), ROUTE_SMIME, issuer_ids[0], NULL), GATE_ERROR_AUDIENCE);
  const char *ids[] = { pgp_ids[0], NULL };
  const char *const nobody[] = { NULL }, *const injected[] = { "bob@example.org>\r\nRCPT TO:<x@y.z", NULL };
  g_autofree char *mail = pgp_mail (armor_one);
  assert_int_equal (judge_bytes (mail, strlen (mail), ROUTE_PGP, ids, nobody), GATE_ERROR_AUDIENCE);
  assert_int_equal (judge_bytes (mail, strlen (mail), ROUTE_PGP, ids, injected), GATE_ERROR_AUDIENCE);
  assert_int_equal (judge_bytes (mail, strlen (mail), ROUTE_PGP, ids, NULL), GATE_ERROR_AUDIENCE);
}

static void
test_plaintext (void **state)
{
  const char *const plain[] = {
    HEAD "Content-Type: text/plain\r\n\r\nPHI\r\n",
    HEAD CMS_TYPE ("enveloped-data") "PHI\r\n",
    HEAD CMS_TYPE ("enveloped-data") "\r\n",
    HEAD CMS_TYPE ("signed-data") "UEhJCg==\r\n",
    HEAD PGP_TYPE PGP_START "PHI\r\n" PGP_END,
    HEAD PGP_TYPE PGP_START "-----BEGIN PGP MESSAGE-----\r\n\r\nUEhJCg==\r\n-----END PGP MESSAGE-----\r\n" PGP_END,
    HEAD "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nPHI\r\n--b--\r\n",
  };
  for (gsize i = 0; i < G_N_ELEMENTS (plain); i++) {
    assert_int_not_equal (judge (g_strdup (plain[i]), ROUTE_SMIME, issuer_ids[0], NULL), -1);
    assert_int_not_equal (judge (g_strdup (plain[i]), ROUTE_PGP, pgp_ids[0], NULL), -1);
  }
  assert_int_not_equal (judge (pgp_mail (armor_signed), ROUTE_PGP, pgp_ids[0], NULL), -1);
  assert_int_not_equal (judge (pgp_mail (armor_symmetric), ROUTE_PGP, pgp_ids[0], NULL), -1);
  assert_int_equal (judge (cms_mail (cms_signed), ROUTE_SMIME, issuer_ids[0], NULL), GATE_ERROR_PLAINTEXT);
  assert_int_equal (
      judge (g_strconcat (HEAD CMS_TYPE ("authEnveloped-data"), cms_one, NULL), ROUTE_SMIME, issuer_ids[0], NULL),
      GATE_ERROR_PLAINTEXT);
  /* Good bytes, wrong plan. */
  assert_int_not_equal (judge (pgp_mail (armor_one), ROUTE_SMIME, pgp_ids[0], NULL), -1);
  assert_int_not_equal (judge (cms_mail (cms_one), ROUTE_PGP, issuer_ids[0], NULL), -1);
  assert_int_not_equal (judge (cms_mail (cms_one), ROUTE_HOLD, issuer_ids[0], NULL), -1);
}

static void
test_beside (void **state)
{
#define PGP_CASE(before, armor, after)                                                                                 \
  judge (g_strconcat (HEAD PGP_TYPE before, armor, after, NULL), ROUTE_PGP, pgp_ids[0], NULL)
  assert_int_equal (PGP_CASE (PGP_START, armor_one, PGP_END), -1);
  assert_int_equal (PGP_CASE ("PHI\r\n" PGP_START, armor_one, PGP_END), GATE_ERROR_PLAINTEXT);
  assert_int_not_equal (PGP_CASE (PGP_START, armor_one, PGP_END "PHI\r\n"), -1);
  assert_int_not_equal (PGP_CASE (PGP_START, armor_one, "PHI\r\n" PGP_END), -1);
  assert_int_not_equal (PGP_CASE (PGP_START "PHI\r\n", armor_one, PGP_END), -1);
  assert_int_equal (PGP_CASE (PGP_START, armor_one, "\r\n--=-b\r\n\r\nPHI" PGP_END), GATE_ERROR_PLAINTEXT);
  assert_int_not_equal (
      PGP_CASE ("--=-b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\nPHI: x\r\n\r\n--=-b\r\n"
                "Content-Type: application/octet-stream\r\n\r\n",
                armor_one, PGP_END),
      -1);
  assert_int_not_equal (PGP_CASE ("--=-b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\r\n--=-b\r\n"
                                  "Content-Type: application/octet-stream; name=moreno-hiv.asc\r\n\r\n",
                                  armor_one, PGP_END),
                        -1);
  assert_int_not_equal (PGP_CASE ("--=-b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\r\n--=-b\r\n"
                                  "Content-Type: application/octet-stream\r\nX-Note: PHI\r\n\r\n",
                                  armor_one, PGP_END),
                        -1);
  /* An armor header is readable; so is a second armor. */
  g_auto (GStrv) halves = g_strsplit (armor_one, "MESSAGE-----\r\n", 2);
  assert_int_not_equal (judge (g_strconcat (HEAD PGP_TYPE PGP_START, halves[0], "MESSAGE-----\r\nComment: PHI\r\n",
                                            halves[1], PGP_END, NULL),
                               ROUTE_PGP, pgp_ids[0], NULL),
                        -1);
  assert_int_not_equal (judge (g_strconcat (HEAD PGP_TYPE PGP_START, armor_one, armor_signed, PGP_END, NULL), ROUTE_PGP,
                               pgp_ids[0], NULL),
                        -1);
  assert_int_equal (judge (g_strconcat (HEAD CMS_TYPE ("enveloped-data"), cms_one, "PHI text\r\n", NULL), ROUTE_SMIME,
                           issuer_ids[0], NULL),
                    GATE_ERROR_PLAINTEXT);
}

static void
test_headers (void **state)
{
  const char *const bad[] = {
    "Bcc: dave@example.org\r\n",
    "bcc: dave@example.org\r\n",
    "X-Patient: Moreno\r\n",
    "Subject: [...]\r\n",
    "From: x@example.org\r\n",
    "Comments: PHI\r\n",
    "Keywords: PHI\r\n",
    "Content-Description: HIV result\r\n",
    "Thread-Topic: PHI\r\n",
    "References: PHI\r\n",
    "In-Reply-To: <a@b> PHI\r\n",
    "Resent-To: x@example.org\r\n",
    "Content-Language: en\r\n",
    " folded: nowhere\r\n",
    "nothing\r\n",
  };
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++) {
    assert_int_not_equal (
        judge (g_strconcat (bad[i], HEAD CMS_TYPE ("enveloped-data"), cms_one, NULL), ROUTE_SMIME, issuer_ids[0], NULL),
        -1);
    if (bad[i][0] != ' ')
      assert_int_not_equal (judge (g_strconcat (HEAD, bad[i], CMS_TYPE ("enveloped-data"), cms_one, NULL), ROUTE_SMIME,
                                   issuer_ids[0], NULL),
                            -1);
  }
  const char *const good[] = { "In-Reply-To: <a@b>\r\n", "References: <a@b>\r\n <c@d>\r\n", "Cc: carol@example.org\r\n",
                               "Content-Description: S/MIME Encrypted Message\r\n" };
  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    assert_int_equal (judge (g_strconcat (HEAD, good[i], CMS_TYPE ("enveloped-data"), cms_one, NULL), ROUTE_SMIME,
                             issuer_ids[0], NULL),
                      -1);
  const char *const subjects[]
      = { "Subject: MRI of Mrs. Smith\r\n", "Subject:\r\n", "Subject: [...] x\r\n", "Subject: [...]\r\n x\r\n", "" };
  for (gsize i = 0; i < G_N_ELEMENTS (subjects); i++)
    assert_int_equal (judge (g_strconcat ("From: alice@example.org\r\nTo: bob@example.org\r\nMIME-Version: 1.0\r\n",
                                          subjects[i], CMS_TYPE ("enveloped-data"), cms_one, NULL),
                             ROUTE_SMIME, issuer_ids[0], NULL),
                      GATE_ERROR_HEADERS);
}

static void
test_lines (void **state)
{
  g_autofree char *long_line = g_strnfill (999, 'x');
  assert_int_equal (judge (g_strconcat ("To: ", long_line, "\r\n", HEAD CMS_TYPE ("enveloped-data"), cms_one, NULL),
                           ROUTE_SMIME, issuer_ids[0], NULL),
                    GATE_ERROR_FORMAT);
  assert_int_equal (
      judge (g_strconcat ("Cc: \xc3\xa9@example.org\r\n", HEAD CMS_TYPE ("enveloped-data"), cms_one, NULL), ROUTE_SMIME,
             issuer_ids[0], NULL),
      GATE_ERROR_FORMAT);
  g_autofree char *good = cms_mail (cms_one);
  g_auto (GStrv) lines = g_strsplit (good, "\r\n", -1);
  assert_int_equal (judge (g_strjoinv ("\n", lines), ROUTE_SMIME, issuer_ids[0], NULL), GATE_ERROR_FORMAT);
  assert_int_equal (judge (g_strjoinv ("\r", lines), ROUTE_SMIME, issuer_ids[0], NULL), GATE_ERROR_FORMAT);
}

/* A message that is cut anywhere never passes, and nothing is read beyond the cut. Cuts that take only empty lines at the end are whole. */
static void
every_cut (char *mail_take, enum route_method method, const char *id)
{
  const char *ids[] = { id, NULL };
  gsize size = strlen (mail_take), end = size;
  while (end > 0 && g_ascii_isspace (mail_take[end - 1]))
    end--;
  for (gsize cut = 0; cut < end; cut++)
    assert_int_not_equal (judge_bytes (mail_take, cut, method, ids, bob), -1);
  assert_int_equal (judge_bytes (mail_take, size, method, ids, bob), -1);
  g_free (mail_take);
}

static void
test_cut (void **state)
{
  every_cut (pgp_mail (armor_one), ROUTE_PGP, pgp_ids[0]);
  every_cut (cms_mail (cms_one), ROUTE_SMIME, issuer_ids[0]);
  every_cut (cms_mail (cms_ec), ROUTE_SMIME, ec_issuer_id);
}

/* Every byte of the binary envelope changed to other values: the walk never leaves the bytes; what still passes names the same audience. */
static void
test_flips (void **state)
{
  gsize size = 0;
  g_autofree guchar *der = g_base64_decode (cms_one, &size);
  for (gsize i = 0; i < size; i++)
    for (int flip = 1; flip < 256; flip *= 2) {
      g_autofree guint8 *changed = g_memdup2 (der, size);
      changed[i] = (guint8) (changed[i] ^ flip);
      g_autoptr (GPtrArray) ids = g_ptr_array_new_with_free_func (g_free);
      if (gate_cms_recipients ((struct gate_span){ .at = changed, .size = size }, FALSE, ids, NULL))
        assert_int_equal (ids->len, 1);
    }
  /* The cut binary, without MIME around it. */
  for (gsize cut = 0; cut < size; cut++) {
    g_autofree guint8 *exact = g_memdup2 (der, cut);
    g_autoptr (GPtrArray) ids = g_ptr_array_new_with_free_func (g_free);
    assert_false (gate_cms_recipients ((struct gate_span){ .at = exact, .size = cut }, FALSE, ids, NULL));
  }
}

/* The armor by itself: a line that ends in LF alone is none, whatever stands in the place of the CR. */
static void
test_armor_lines (void **state)
{
  g_auto (GStrv) halves = g_strsplit (armor_one, "MESSAGE-----\r\n\r\n", 2);
  static const char *const between[] = { "\r\n", "\xf5\n", "x\n", "\n" };
  for (gsize i = 0; i < G_N_ELEMENTS (between); i++) {
    g_autofree char *armor = g_strconcat (halves[0], "MESSAGE-----\r\n", between[i], halves[1], NULL);
    g_autoptr (GPtrArray) ids = g_ptr_array_new_with_free_func (g_free);
    assert_int_equal (
        gate_pgp_recipients ((struct gate_span){ .at = (guint8 *) armor, .size = strlen (armor) }, ids, NULL), i == 0);
  }
}

static void
test_addresses (void **state)
{
  const char *const good[] = { "a@b", "a.b+c@example.org", "o'neil@x-y.example" };
  const char *const bad[]
      = { "",       "a",    "@b",   "a@",   "a b@c", "a@b c",  "a@b\r\nDATA", "a@b>",  "<a@b>",      "\"a\"@b",
          "a..b@c", ".a@b", "a.@b", "a@-b", "a@b-",  "a@b..c", "a@[1.2.3.4]", "a,b@c", "\xc3\xa9@b", "a@b\x01" };
  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    assert_true (address_is_addr_spec (good[i]));
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    assert_false (address_is_addr_spec (bad[i]));
  g_autofree char *local = g_strnfill (65, 'a'), *address = g_strconcat (local, "@b", NULL);
  assert_false (address_is_addr_spec (address));
  assert_true (address_is_addr_spec (address + 1));
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_good),        cmocka_unit_test (test_strength),  cmocka_unit_test (test_audience),
    cmocka_unit_test (test_plaintext),   cmocka_unit_test (test_beside),    cmocka_unit_test (test_headers),
    cmocka_unit_test (test_lines),       cmocka_unit_test (test_cut),       cmocka_unit_test (test_flips),
    cmocka_unit_test (test_armor_lines), cmocka_unit_test (test_addresses),
  };
  return cmocka_run_group_tests (tests, setup, teardown);
}
