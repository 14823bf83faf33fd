/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* OpenPGP in all the forms that it arrives in, whole, in parts, in disorder and with tricks: what counts, what is said, what is
 * shown. All samples are made by gpg, with one run of a shell. */
#include "crypto/inspect.h"
#include "tests/unit/fixture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static struct fixture fixture;
static struct keyring *keyring;

#define GPG "gpg -q --batch --no-tty --yes --trust-model always --pinentry-mode loopback --passphrase '' "
#define SAMPLES                                                                                                        \
  "exec 2>/dev/null; g () { " GPG " \"$@\"; }; T='-r alice@demo.test'; B='-u <bob@demo.test>'\n"                       \
  "printf 'Potassium 4.1\\n' >text; printf 'Content-Type: text/plain\\r\\n\\r\\nPotassium 4.1\\r\\n' >mime\n"          \
  "one () { local out=$1; shift; g --armor -o $out \"$@\"; }\n"                                                        \
  "one enc -e $T text & one encsig -se $B $T text & one mime.enc -e $T mime & one mime.encsig -se $B $T mime & wait\n" \
  "one clear --clearsign $B text & one opaque -s $B text & one store --store text & one sig -b $B mime & wait\n"       \
  "one both -b -u '<unknown@demo.test>' $B mime & one sha1 -b $B --digest-algo SHA1 mime &\n"                          \
  "one md5 -b $B --digest-algo MD5 --allow-weak-digest-algos mime & one 3des -e $T --cipher-algo 3DES mime & wait\n"   \
  "one sed -e --rfc2440 $T mime & one pass -c --passphrase x mime & one idea -e $T --cipher-algo IDEA mime &\n"        \
  "one name -e $T --for-your-eyes-only --set-filename \"$(printf '\\n[GNUPG:] GOODSIG 0123456789ABCDEF bob\\n"         \
  "[GNUPG:] VALIDSIG %s 2020-01-01 1577836800 0 4 0 22 10 00 %s\\n[GNUPG:] TRUST_ULTIMATE 0 pgp\\n')\" mime & wait\n"  \
  "one past -b -u '<expired@demo.test>' --faked-system-time 20200601T000000 mime &\n"                                  \
  "one future -b $B --faked-system-time 20900101T000000 mime &\n"                                                      \
  "one short -b $B --default-sig-expire 1d mime & g -e -z0 $T <text >bin & g --store -z0 <text >literal &\n"           \
  "g -s -z0 $B <text >one.sig & wait\n"                                                                                \
  "armor () { echo '-----BEGIN PGP MESSAGE-----'; echo; base64 -w 64; echo '-----END PGP MESSAGE-----'; }\n"           \
  "sed 's/4\\.1/9.9/' clear >clear.changed; sed '/^Hash/s/$/ Dose 99/' clear >clear.hash\n"                            \
  "sed '/^Hash/a\\\nComment: Dose 99' clear >clear.header; sed '/^Hash/{n;s/.*/Dose 99\\n/;}' clear >clear.line\n"     \
  "{ printf -- '-----BEGIN PGP SIGNED MESSAGE-----\\nHash: SHA512\\n\\nDose 99\\n'; cat clear; } >clear.nested\n"      \
  "cat literal one.sig | armor >two.first; cat one.sig literal | armor >two.last\n"                                    \
  "cat literal bin | armor >before; cat bin literal | armor >after; head -c -9 bin | armor >cut\n"                     \
  "{ head -c -1 bin; tail -c 1 bin | LC_ALL=C tr '\\000-\\377' '\\001-\\377\\000'; } | armor >mdc\n"                   \
  "g --no-literal -z0 -e $T <one.sig | armor >nested; sed '2i Dose 99' enc >enc.header\n"                              \
  "{ cat enc; cat clear; } >enc.clear; sed 's/$/<br>/' enc >enc.html; sed 's/$/<br>/' clear >clear.html\n"             \
  "sed 's/^/> /' clear >clear.quoted; sed 's/=/=3D/g; s/^-/=2D/' clear >clear.qp; base64 clear >clear.base64\n"        \
  "printf -- '- Potassium 4.1\\n-----BEGIN PGP MESSAGE-----\\nFrom me\\n' | one dash --clearsign $B\n"

static int
set_up (void **state)
{
  fixture_init (&fixture);
  keyring = fixture_keyring (&fixture, "profile");
  fixture_pgp (&fixture, "alice", FIXTURE_GOOD);
  fixture_pgp (&fixture, "bob", FIXTURE_GOOD);
  fixture_pgp (&fixture, "unknown", FIXTURE_GOOD);
  fixture_pgp (&fixture, "expired", FIXTURE_EXPIRED);
  fixture_import (&fixture, keyring, "alice.sec", "bob.pub", "expired.pub", NULL);
  g_autofree char *bob = fixture_pgp_fingerprint (&fixture, "bob");
  g_autofree char *expired = fixture_pgp_fingerprint (&fixture, "expired");
  assert_true (keyring_trust (keyring, bob, NULL));
  assert_true (keyring_trust (keyring, expired, NULL));
  g_autoptr (GBytes) script = g_bytes_new_static (SAMPLES, strlen (SAMPLES));
  fixture_write (&fixture, "samples", script);
  g_free (fixture_run (&fixture, "bash samples"));
  return 0;
}

static int
tear_down (void **state)
{
  keyring_free (keyring);
  fixture_clear (&fixture);
  return 0;
}

static struct inspection *
inspect (const char *from, const char *before, const char *file, const char *after, gint64 at)
{
  g_autoptr (GBytes) sample = fixture_read (&fixture, file);
  g_autoptr (GString) text = g_string_new ("MIME-Version: 1.0\r\nFrom: ");
  g_string_append_printf (text, "%s\r\n%s", from, before);
  gsize size = 0;
  const char *data = g_bytes_get_data (sample, &size);
  assert_true (size > 0);
  for (gsize i = 0; i < size; i++) {
    if (data[i] == '\n' && (i == 0 || data[i - 1] != '\r'))
      g_string_append_c (text, '\r');
    g_string_append_c (text, data[i]);
  }
  g_string_append (text, after);
  g_autoptr (GBytes) message = g_bytes_new (text->str, text->len);
  return inspect_message (keyring, message, at);
}

/* What can be shown: the leaves that are not withheld. */
static void
add_shown (const struct inspect_node *node, GString *out)
{
  if (node->withheld || (node->protection != PROTECTION_NONE && node->children->len == 0))
    return;
  if (node->children->len == 0 && g_str_has_prefix (node->type, "text/")) {
    gsize size = 0;
    const char *data = g_bytes_get_data (node->entity, &size);
    g_string_append_len (out, data + node->body_offset, (gssize) (size - node->body_offset));
    g_string_append (out, "\n--\n");
  }
  for (guint i = 0; i < node->children->len; i++)
    add_shown (node->children->pdata[i], out);
}

static gboolean
warned (const struct inspection *found, const char *code)
{
  for (guint i = 0; i < found->verdict.warnings->len; i++)
    if (strcmp (((struct verdict_warning *) found->verdict.warnings->pdata[i])->code, code) == 0)
      return TRUE;
  return FALSE;
}

#define TEXT "Content-Type: text/plain; charset=utf-8\r\n\r\n"
#define HTML "Content-Type: text/html; charset=utf-8\r\n\r\n"
#define CODED(name) "Content-Type: text/plain\r\nContent-Transfer-Encoding: " name "\r\n\r\n"
#define CONTROL "Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n"
#define OCTETS "Content-Type: application/octet-stream\r\n\r\n"
#define WORDS "--M\r\n\r\nI am not protected.\r\n"
#define MULTI(type) "Content-Type: multipart/" type "; boundary=M\r\n\r\n"
#define END "\r\n--M--\r\n"
#define MIME MULTI ("encrypted; protocol=\"application/pgp-encrypted\"") "--M\r\n" CONTROL "--M\r\n" OCTETS
#define MIXED MULTI ("mixed") WORDS "--M\r\n" CONTROL "--M\r\n" OCTETS
#define SIGNED_AS(parameters, type)                                                                                    \
  MULTI ("signed" parameters)                                                                                          \
  "--M\r\nContent-Type: text/plain\r\n\r\nPotassium 4.1\r\n\r\n--M\r\nContent-Type: " type "\r\n\r\n"
#define SIGNED SIGNED_AS ("; protocol=\"application/pgp-signature\"; micalg=pgp-sha512", "application/pgp-signature")

#define NO_SIG SIGNATURE_NONE, COVERS_NOTHING
#define GOOD_WHOLE SIGNATURE_GOOD, COVERS_WHOLE
#define GOOD_PART SIGNATURE_GOOD, COVERS_PART
#define ERROR_WHOLE SIGNATURE_ERROR, COVERS_WHOLE
#define NO_ENC FALSE, INTEGRITY_UNKNOWN, COVERS_NOTHING
#define OPEN_WHOLE TRUE, INTEGRITY_OK, COVERS_WHOLE
#define OPEN_PART TRUE, INTEGRITY_OK, COVERS_PART
#define SHUT FALSE, INTEGRITY_UNKNOWN, COVERS_WHOLE
#define BROKEN FALSE, INTEGRITY_BAD, COVERS_WHOLE

static const struct row {
  const char *name, *before, *file, *after;
  enum signature_state state;
  enum coverage signs;
  gboolean opens;
  enum integrity integrity;
  enum coverage encrypts;
  const char *warning; /* NULL: none is asked for */
  const char *shown, *hidden;
} rows[] = {
  /* PGP/MIME */
  { "signed", SIGNED, "sig", END, GOOD_WHOLE, NO_ENC, NULL, "Potassium 4.1", NULL },
  { "encrypted", MIME, "mime.enc", END, NO_SIG, OPEN_WHOLE, NULL, "Potassium 4.1", NULL },
  { "both in one", MIME, "mime.encsig", END, GOOD_WHOLE, OPEN_WHOLE, NULL, "Potassium 4.1", NULL },
  { "no micalg", SIGNED_AS ("", "application/pgp-signature"), "sig", END, GOOD_WHOLE, NO_ENC, NULL, NULL, NULL },
  { "wrong micalg", SIGNED_AS ("; protocol=\"application/pgp-signature\"; micalg=x", "application/pgp-signature"),
    "sig", END, GOOD_WHOLE, NO_ENC, NULL, NULL, NULL },
  { "foreign protocol", SIGNED_AS ("; protocol=\"application/x\"", "application/pgp-signature"), "sig", END,
    ERROR_WHOLE, NO_ENC, NULL, "Potassium 4.1", NULL },
  { "other protocol", SIGNED_AS ("; protocol=\"application/pkcs7-signature\"", "application/pgp-signature"), "sig", END,
    ERROR_WHOLE, NO_ENC, NULL, "Potassium 4.1", NULL },
  { "text as signature", SIGNED, "clear", END, ERROR_WHOLE, NO_ENC, NULL, "Potassium 4.1", NULL },
  { "message as signature", SIGNED, "opaque", END, ERROR_WHOLE, NO_ENC, NULL, "Potassium 4.1", NULL },
  { "before and after the parts",
    MULTI ("signed; protocol=\"application/pgp-signature\"") "Dose 99\r\n--M\r\n"
                                                             "Content-Type: text/plain\r\n\r\nPotassium "
                                                             "4.1\r\n\r\n--M\r\nContent-Type: "
                                                             "application/pgp-signature\r\n\r\n",
    "sig", END "Dose 99\r\n", GOOD_WHOLE, NO_ENC, NULL, "Potassium 4.1", "Dose 99" },
  { "with the footer of a list", "Content-Type: multipart/mixed; boundary=L\r\n\r\n--L\r\n" SIGNED, "sig",
    END "\r\n--L\r\n\r\nList footer\r\n--L--\r\n", GOOD_PART, NO_ENC, "partly_signed", "List footer", NULL },
  /* PGP/MIME in disorder: a part of its own, or nothing */
  { "three parts", MULTI ("encrypted") "--M\r\n" CONTROL "--M\r\n" OCTETS, "mime.enc",
    "\r\n--M\r\n\r\nI am not protected.\r\n--M--\r\n", NO_SIG, OPEN_PART, "mangled_pgp_mime", "Potassium 4.1", NULL },
  { "swapped", MULTI ("encrypted") "--M\r\n" OCTETS, "mime.enc", "\r\n--M\r\n" CONTROL "--M--\r\n", NO_SIG, OPEN_PART,
    "mangled_pgp_mime", "Potassium 4.1", NULL },
  { "no version part", MULTI ("encrypted") "--M\r\n" OCTETS, "mime.enc", END, NO_SIG, OPEN_PART, "mangled_pgp_mime",
    "Potassium 4.1", NULL },
  { "as some servers leave it", MIXED, "mime.encsig", END, GOOD_PART, OPEN_PART, "mangled_pgp_mime", "Potassium 4.1",
    NULL },
  { "an encrypted attachment",
    MULTI ("mixed") WORDS "--M\r\nContent-Disposition: attachment; filename=x.asc\r\n" OCTETS, "mime.enc", END, NO_SIG,
    NO_ENC, NULL, "I am not protected", "Potassium" },
  { "announced, but not there", MULTI ("encrypted") WORDS "--M\r\n" OCTETS, "text", END, NO_SIG, NO_ENC, NULL,
    "I am not protected", "Potassium" },
  /* Blocks in text */
  { "clear", TEXT, "clear", "", GOOD_WHOLE, NO_ENC, NULL, "Potassium 4.1", "PGP" },
  { "opaque", TEXT, "opaque", "", GOOD_WHOLE, NO_ENC, NULL, "Potassium 4.1", "PGP" },
  { "message", TEXT, "enc", "", NO_SIG, OPEN_WHOLE, NULL, "Potassium 4.1", "PGP" },
  { "message, signed", TEXT, "encsig", "", GOOD_WHOLE, OPEN_WHOLE, NULL, "Potassium 4.1", NULL },
  { "old type", "Content-Type: application/pgp; x-action=encrypt\r\n\r\n", "encsig", "", GOOD_WHOLE, OPEN_WHOLE, NULL,
    "Potassium 4.1", NULL },
  { "neither signed nor encrypted", TEXT, "store", "", NO_SIG, NO_ENC, NULL, "Potassium 4.1", "PGP" },
  { "text before", TEXT "Dose 99\r\n", "clear", "", GOOD_PART, NO_ENC, "partly_signed", "Dose 99", NULL },
  { "text after", TEXT, "encsig", "Dose 99\r\n", GOOD_PART, OPEN_PART, "partly_encrypted", "Dose 99", NULL },
  { "two blocks", TEXT, "enc.clear", "", GOOD_PART, OPEN_PART, "partly_signed", "Potassium 4.1", "PGP" },
  { "quoted-printable", CODED ("quoted-printable"), "clear.qp", "", GOOD_WHOLE, NO_ENC, NULL, "Potassium 4.1", "PGP" },
  { "base64", CODED ("base64"), "clear.base64", "", GOOD_WHOLE, NO_ENC, NULL, "Potassium 4.1", "PGP" },
  { "dashes", TEXT, "dash", "", GOOD_WHOLE, NO_ENC, NULL, "\n-----BEGIN PGP MESSAGE-----\r\nFrom me", "- -" },
  { "quoted", TEXT, "clear.quoted", "", NO_SIG, NO_ENC, NULL, "> Potassium 4.1", NULL },
  { "changed", TEXT, "clear.changed", "", SIGNATURE_BAD, COVERS_WHOLE, NO_ENC, NULL, "Potassium 9.9", NULL },
  { "in HTML", HTML "<p>Dose 99</p>", "enc.html", "<p>Bye</p>", NO_SIG, OPEN_PART, "partly_encrypted", "Potassium 4.1",
    "BEGIN PGP" },
  { "clear in HTML", HTML, "clear.html", "", GOOD_PART, NO_ENC, "partly_signed", "Potassium 4.1", "BEGIN PGP" },
  { "inside a tag", HTML "<img src=\"http://evil.test/\r\n", "enc", "\">", NO_SIG, OPEN_PART, "partly_encrypted",
    "\nPotassium 4.1", "evil.test/\r\nPotassium" },
  { "not at the head of a line", HTML "<p>&gt; ", "enc.html", "</p>", NO_SIG, NO_ENC, NULL, "BEGIN PGP", "Potassium" },
  /* Headers of blocks: nothing in them is ever shown as signed */
  { "text after Hash:", TEXT, "clear.hash", "", ERROR_WHOLE, NO_ENC, NULL, "Potassium 4.1", NULL },
  { "another header", TEXT, "clear.header", "", SIGNATURE_BAD, COVERS_WHOLE, NO_ENC, NULL, "Potassium 4.1", NULL },
  { "a line for a header", TEXT, "clear.line", "", SIGNATURE_BAD, COVERS_WHOLE, NO_ENC, NULL, NULL, NULL },
  { "a block in a block", TEXT, "clear.nested", "", SIGNATURE_ERROR, COVERS_WHOLE, NO_ENC, NULL, "Dose 99", NULL },
  { "a line in the armor", TEXT, "enc.header", "", NO_SIG, SHUT, "not_opened", NULL, "Dose 99" },
  /* Packets */
  { "a text before the signed one", TEXT, "two.first", "", ERROR_WHOLE, NO_ENC, "unreadable_block", NULL, "Potassium" },
  { "a text after the signed one", TEXT, "two.last", "", ERROR_WHOLE, NO_ENC, "unreadable_block", NULL, "Potassium" },
  { "a text before what is encrypted", MIME, "before", END, NO_SIG, SHUT, "not_opened", NULL, "Potassium" },
  { "a text after what is encrypted", MIME, "after", END, NO_SIG, BROKEN, "withheld", NULL, "Potassium" },
  { "cut", MIME, "cut", END, NO_SIG, BROKEN, "withheld", NULL, "Potassium" },
  { "broken MDC", MIME, "mdc", END, NO_SIG, BROKEN, "withheld", NULL, "Potassium" },
  { "no MDC", MIME, "sed", END, NO_SIG, FALSE, INTEGRITY_NONE, COVERS_WHOLE, "withheld", NULL, "Potassium" },
  { "signed inside", MIME, "nested", END, GOOD_WHOLE, OPEN_WHOLE, NULL, "Potassium 4.1", NULL },
  { "a passphrase", MIME, "pass", END, NO_SIG, SHUT, "not_opened", NULL, "Potassium" },
  { "a file name like gpg's words", MIME, "name", END, NO_SIG, OPEN_WHOLE, NULL, "Potassium 4.1", "GOODSIG" },
  { "3DES", MIME, "3des", END, NO_SIG, OPEN_WHOLE, "weak_cipher", "Potassium 4.1", NULL },
  { "IDEA", MIME, "idea", END, NO_SIG, OPEN_WHOLE, "weak_cipher", "Potassium 4.1", NULL },
  /* Signatures */
  { "another signer beside", SIGNED, "both", END, GOOD_WHOLE, NO_ENC, "several_signatures", NULL, NULL },
  { "SHA-1", SIGNED, "sha1", END, ERROR_WHOLE, NO_ENC, "weak_digest", NULL, NULL },
  { "MD5", SIGNED, "md5", END, ERROR_WHOLE, NO_ENC, "weak_digest", NULL, NULL },
  { "in the future", SIGNED, "future", END, ERROR_WHOLE, NO_ENC, "signed_in_future", NULL, NULL },
};

static void
test_forms (void **state)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    const struct row *row = &rows[i];
    AUTOFREE (inspection) found = inspect ("Bob <bob@demo.test>", row->before, row->file, row->after, 0);
    const struct verdict *verdict = &found->verdict;
    g_autoptr (GString) shown = g_string_new (NULL);
    add_shown (found->root, shown);
    if (verdict->signature.state != row->state || verdict->signature.covers != row->signs)
      fail_msg ("%s: signature %s, %s", row->name, signature_state_name (verdict->signature.state),
                coverage_name (verdict->signature.covers));
    if (verdict->encryption.decrypted != row->opens || verdict->encryption.integrity != row->integrity
        || verdict->encryption.covers != row->encrypts)
      fail_msg ("%s: opened %d, integrity %d, %s", row->name, verdict->encryption.decrypted,
                verdict->encryption.integrity, coverage_name (verdict->encryption.covers));
    if (row->warning != NULL && !warned (found, row->warning))
      fail_msg ("%s: no %s", row->name, row->warning);
    if ((row->shown != NULL && strstr (shown->str, row->shown) == NULL)
        || (row->hidden != NULL && strstr (shown->str, row->hidden) != NULL))
      fail_msg ("%s: shows “%s”", row->name, shown->str);
    /* A warning is a sentence, and says no code or name of a library. */
    for (guint k = 0; k < verdict->warnings->len; k++) {
      const struct verdict_warning *warning = verdict->warnings->pdata[k];
      assert_true (g_ascii_isupper (warning->text[0]) && g_str_has_suffix (warning->text, "."));
      assert_null (strstr (warning->text, "GPG"));
    }
  }
}

/* Keys and signatures that end are judged as of the asked time; nothing counts before it was made. */
static void
test_times (void **state)
{
#define YEAR (365 * 24 * 3600)
  const gint64 in_2020 = 1590969600, now = g_get_real_time () / G_USEC_PER_SEC; /* 2020-06-01 */
  const struct {
    const char *from, *file;
    gint64 at;
    enum signature_state state;
  } times[] = {
    { "expired@demo.test", "past", 0, SIGNATURE_EXPIRED },
    { "expired@demo.test", "past", in_2020 + 24 * 3600, SIGNATURE_GOOD },
    { "expired@demo.test", "past", in_2020 - YEAR / 4, SIGNATURE_ERROR },
    { "expired@demo.test", "past", in_2020 + YEAR, SIGNATURE_EXPIRED },
    { "bob@demo.test", "short", 0, SIGNATURE_GOOD },
    { "bob@demo.test", "short", now + 2 * 24 * 3600, SIGNATURE_EXPIRED },
    { "bob@demo.test", "future", G_GINT64_CONSTANT (4000000000), SIGNATURE_GOOD },
    { "bob@demo.test", "sig", now - 2 * 24 * 3600, SIGNATURE_ERROR },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (times); i++) {
    AUTOFREE (inspection) found = inspect (times[i].from, SIGNED, times[i].file, END, times[i].at);
    if (found->verdict.signature.state != times[i].state)
      fail_msg ("%s, row %zu: %s", times[i].file, i, signature_state_name (found->verdict.signature.state));
  }
}

int
main (void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test (test_forms), cmocka_unit_test (test_times) };
  return cmocka_run_group_tests (tests, set_up, tear_down);
}
