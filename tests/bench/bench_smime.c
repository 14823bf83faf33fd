/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What does S/MIME cost beside the OpenSSL that does it? Makes and reads a mail of 10 KB, by protect and by inspect and by bare calls of
 * OpenSSL's CMS that do the same, in turns, for RSA-3072 and P-256.
 *
 * bare: a process of its own, in which nothing was done to OpenSSL. Certificates are parsed, and nothing around is made: sign and encrypt;
 * decrypt, and verify with the chain. Its private key is read for each use, by the fastest call that there is: what is wiped after its
 * use has to be read again, and an RSA key blinded anew, which takes 0.5 ms for RSA-3072. (kept: it stays in memory. For comparison.)
 * Ours: whole messages, chains checked, ids read back, MIME written and read.
 * Fails if the median of ours takes more than 1.3 times as long as that of bare. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include "crypto/inspect.h"
#include "crypto/protect.h"
#include "tests/unit/cert_maker.h"
#include "tests/unit/openssl_tool.h"

#define RUNS 51
#define RATIO_MAX 1.3
#define MAIL_BYTES (10 * 1024)

static struct openssl_tool tool;

static GBytes *
make_payload (void)
{
  GString *text = g_string_new ("Content-Type: text/plain; charset=utf-8; hp=\"cipher\"\r\nFrom: a@bench.test\r\n"
                                "Subject: x\r\n\r\n");
  while (text->len < MAIL_BYTES)
    g_string_append_printf (text, "Line %zu of a letter about somebody's health, of the usual length.\r\n", text->len);
  return g_string_free_to_bytes (text);
}

/* Of the processor, not of the wall: others use this machine, too. */
static gint64
cpu_us (void)
{
  struct timespec now;
  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &now);
  return (gint64) now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

static GBytes *
encode (CMS_ContentInfo *cms)
{
  unsigned char *der = NULL;
  int size = i2d_CMS_ContentInfo (cms, &der);
  assert_true (size > 0);
  GBytes *bytes = g_bytes_new (der, (gsize) size);
  OPENSSL_free (der);
  CMS_ContentInfo_free (cms);
  return bytes;
}

static BIO *
input_of (GBytes *bytes)
{
  gsize size;
  const void *data = g_bytes_get_data (bytes, &size);
  return BIO_new_mem_buf (data, (int) size);
}

/* ---- bare ---- */

struct bare {
  X509 *sender, *reader;
  X509_STORE *anchors;
  GBytes *key_der;
  EVP_PKEY *kept; /* NULL: read for each use */
  GBytes *payload, *message;
};

static EVP_PKEY *
bare_key (struct bare *bare)
{
  if (bare->kept != NULL) {
    EVP_PKEY_up_ref (bare->kept);
    return bare->kept;
  }
  gsize size;
  const unsigned char *at = g_bytes_get_data (bare->key_der, &size);
  EVP_PKEY *key = d2i_PrivateKey (EVP_PKEY_get_base_id (X509_get0_pubkey (bare->sender)), NULL, &at, (long) size);
  assert_non_null (key);
  return key;
}

static void
bare_reader (CMS_ContentInfo *cms, X509 *certificate)
{
  CMS_RecipientInfo *info = CMS_add1_recipient_cert (cms, certificate, CMS_KEY_PARAM);
  if (EVP_PKEY_is_a (X509_get0_pubkey (certificate), "EC"))
    EVP_PKEY_CTX_set_ecdh_kdf_md (CMS_RecipientInfo_get0_pkey_ctx (info), EVP_sha256 ());
}

/* Signed with the content inside, as nothing else holds it here. */
static void
bare_make (struct bare *bare)
{
  const unsigned int flags = CMS_BINARY | CMS_PARTIAL;
  BIO *text = input_of (bare->payload);
  EVP_PKEY *key = bare_key (bare);
  CMS_ContentInfo *cms = CMS_sign (NULL, NULL, NULL, NULL, flags);
  assert_non_null (CMS_add1_signer (cms, bare->sender, key, EVP_sha256 (), flags));
  assert_int_equal (CMS_final (cms, text, NULL, flags), 1);
  EVP_PKEY_free (key);
  BIO_free (text);
  g_autoptr (GBytes) inner = encode (cms);
  text = input_of (inner);
  cms = CMS_encrypt (NULL, NULL, EVP_aes_256_cbc (), flags);
  bare_reader (cms, bare->reader);
  bare_reader (cms, bare->sender);
  assert_int_equal (CMS_final (cms, text, NULL, flags), 1);
  BIO_free (text);
  g_clear_pointer (&bare->message, g_bytes_unref);
  bare->message = encode (cms);
}

static GBytes *
take_bio (BIO *bio)
{
  char *data = NULL;
  long size = BIO_get_mem_data (bio, &data);
  GBytes *bytes = g_bytes_new (data, (gsize) size);
  BIO_free (bio);
  return bytes;
}

static CMS_ContentInfo *
decode (GBytes *bytes)
{
  gsize size;
  const unsigned char *at = g_bytes_get_data (bytes, &size);
  CMS_ContentInfo *cms = d2i_CMS_ContentInfo (NULL, &at, (long) size);
  assert_non_null (cms);
  return cms;
}

static void
bare_read (struct bare *bare)
{
  CMS_ContentInfo *cms = decode (bare->message);
  BIO *out = BIO_new (BIO_s_mem ());
  EVP_PKEY *key = bare_key (bare);
  assert_int_equal (CMS_decrypt (cms, key, bare->sender, NULL, out, CMS_BINARY), 1);
  EVP_PKEY_free (key);
  CMS_ContentInfo_free (cms);
  g_autoptr (GBytes) inner = take_bio (out);
  cms = decode (inner);
  out = BIO_new (BIO_s_mem ());
  assert_int_equal (CMS_verify (cms, NULL, bare->anchors, NULL, out, CMS_BINARY), 1);
  CMS_ContentInfo_free (cms);
  g_autoptr (GBytes) text = take_bio (out);
  assert_int_equal (g_bytes_get_size (text), g_bytes_get_size (bare->payload));
}

static X509 *
bare_certificate (const char *name)
{
  g_autoptr (GBytes) der = openssl_tool_read (&tool, name);
  gsize size;
  const unsigned char *at = g_bytes_get_data (der, &size);
  X509 *certificate = d2i_X509 (NULL, &at, (long) size);
  assert_non_null (certificate);
  return certificate;
}

static void
bare_clear (struct bare *bare)
{
  X509_free (bare->sender);
  X509_free (bare->reader);
  X509_STORE_free (bare->anchors);
  EVP_PKEY_free (bare->kept);
  g_clear_pointer (&bare->key_der, g_bytes_unref);
  g_clear_pointer (&bare->payload, g_bytes_unref);
  g_clear_pointer (&bare->message, g_bytes_unref);
}

/* From the files that the other process has written. */
static void
bare_init (struct bare *bare)
{
  bare_clear (bare);
  X509 *root = bare_certificate ("root");
  *bare = (struct bare){ .sender = bare_certificate ("sender"),
                         .reader = bare_certificate ("reader"),
                         .anchors = X509_STORE_new (),
                         .key_der = openssl_tool_read (&tool, "key"),
                         .payload = make_payload () };
  X509_STORE_add_cert (bare->anchors, root);
  X509_free (root);
}

enum command { BARE_INIT, BARE_KEEP, BARE_DROP, BARE_MAKE, BARE_READ };

/* Do as told and say how long it took, until nobody tells any more. */
static void
bare_serve (int in, int out)
{
  struct bare bare = { 0 };
  guint8 command;
  while (read (in, &command, 1) == 1) {
    const gint64 start = cpu_us ();
    switch ((enum command) command) {
    case BARE_INIT:
      bare_init (&bare);
      break;
    case BARE_KEEP:
      bare.kept = bare_key (&bare);
      break;
    case BARE_DROP:
      g_clear_pointer (&bare.kept, EVP_PKEY_free);
      break;
    case BARE_MAKE:
      bare_make (&bare);
      break;
    case BARE_READ:
      bare_read (&bare);
      break;
    }
    const gint64 took = cpu_us () - start;
    if (write (out, &took, sizeof took) != sizeof took)
      break;
  }
  bare_clear (&bare);
  _exit (0);
}

static int bare_in, bare_out;

static void
bare_start (void)
{
  int in[2], out[2];
  assert_int_equal (pipe (in), 0);
  assert_int_equal (pipe (out), 0);
  if (fork () == 0) {
    close (in[1]);
    close (out[0]);
    bare_serve (in[0], out[1]);
  }
  close (in[0]);
  close (out[1]);
  bare_in = in[1];
  bare_out = out[0];
}

static gint64
tell (enum command command)
{
  const guint8 byte = (guint8) command;
  gint64 took = 0;
  assert_int_equal (write (bare_in, &byte, 1), 1);
  assert_int_equal (read (bare_out, &took, sizeof took), sizeof took);
  return took;
}

/* The second time counts, here as with ours: the first one pays for the change from one process to the other. */
static gint64
tell_twice (enum command command)
{
  tell (command);
  return tell (command);
}

/* ---- ours ---- */

struct world {
  struct keyring *keyring;
  struct plan *plan;
  GBytes *payload;
};

static void
take (struct keyring *keyring, GBytes *one, GBytes *two)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) blobs = g_ptr_array_new ();
  g_ptr_array_add (blobs, one);
  if (two != NULL)
    g_ptr_array_add (blobs, two);
  g_autoptr (GPtrArray) taken = keyring_import (keyring, blobs, NULL, &error);
  if (taken == NULL)
    fail_msg ("%s", error->message);
}

static GBytes *
key_der (const struct maker_cert *cert)
{
  unsigned char *der = NULL;
  int size = i2d_PrivateKey (cert->key, &der);
  GBytes *bytes = g_bytes_new (der, (gsize) size);
  OPENSSL_free (der);
  return bytes;
}

static struct maker_cert *
issue (const char *name, const struct maker_cert *issuer, int rsa_bits)
{
  g_autofree char *text = issuer == NULL ? g_strdup (maker_authority)
                                         : g_strdup_printf ("%ssubjectAltName=email:%s@bench.test\n", maker_mail, name);
  return maker_issue (&(struct maker_spec){ .name = name, .issuer = issuer, .text = text, .rsa_bits = rsa_bits });
}

static void
world_init (struct world *world, const char *name, int rsa_bits)
{
  g_autofree char *dir = openssl_tool_path (&tool, name);
  guint added = 0;
  world->keyring = keyring_open (dir, NULL); /* first, as it sees to OpenSSL's memory */
  assert_non_null (world->keyring);
  struct maker_cert *certs[3];
  certs[0] = issue ("root", NULL, rsa_bits);
  certs[1] = issue ("a", certs[0], rsa_bits);
  certs[2] = issue ("b", certs[0], rsa_bits);
  g_autoptr (GBytes) root = maker_der (certs[0]), sender = maker_der (certs[1]), reader = maker_der (certs[2]),
                     key = key_der (certs[1]);
  openssl_tool_write (&tool, "root", root);
  openssl_tool_write (&tool, "sender", sender);
  openssl_tool_write (&tool, "reader", reader);
  openssl_tool_write (&tool, "key", key);
  assert_true (keyring_add_anchor (world->keyring, root, &added, NULL));
  take (world->keyring, sender, key);
  take (world->keyring, reader, NULL);
  g_autoptr (GPtrArray) found = keyring_find (world->keyring, "b@bench.test", 0, NULL);
  world->plan = plan_new ();
  plan_add (world->plan, route_decide ("b@bench.test", found, NULL, TRUE, TRUE), RECIPIENT_TO);
  plan_finish (world->plan);
  assert_int_equal (world->plan->copies->len, 1);
  world->payload = make_payload ();
  for (guint i = 0; i < G_N_ELEMENTS (certs); i++)
    maker_cert_free (certs[i]);
}

static void
world_clear (struct world *world)
{
  plan_free (world->plan);
  keyring_free (world->keyring);
  g_bytes_unref (world->payload);
}

static GBytes *
our_make (const struct world *world)
{
  g_autoptr (GPtrArray) headers = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  g_ptr_array_add (headers, (char *) "From: a@bench.test");
  g_ptr_array_add (headers, (char *) "To: b@bench.test");
  const struct protect_request request
      = { .sender = "a@bench.test", .outer_headers = headers, .payload = world->payload };
  g_autoptr (GPtrArray) copies = protect_copies (world->keyring, world->plan, &request, 0, &error);
  if (copies == NULL)
    fail_msg ("%s", error->message);
  return g_bytes_ref (((struct protected_copy *) copies->pdata[0])->message);
}

static void
our_read (const struct world *world, GBytes *message)
{
  AUTOFREE (inspection) found = inspect_message (world->keyring, message, 0);
  assert_int_equal (found->verdict.signature.state, SIGNATURE_GOOD);
  assert_int_equal (found->verdict.encryption.integrity, INTEGRITY_OK);
}

/* ---- side by side ---- */

static int
compare (const void *left, const void *right)
{
  const gint64 *a = left, *b = right;
  return *a < *b ? -1 : *a > *b;
}

static double
median_us (gint64 *times)
{
  qsort (times, RUNS, sizeof *times, compare);
  return (double) times[RUNS / 2];
}

struct times {
  gint64 bare[RUNS], kept[RUNS], ours[RUNS];
};

static gboolean
report (const char *kind, const char *what, struct times *times)
{
  const double bare = median_us (times->bare), kept = median_us (times->kept), ours = median_us (times->ours);
  const gboolean fine = ours <= RATIO_MAX * bare;
  printf ("%-8s  %-14s  bare %5.0f us, ours %5.0f us: %.2f%s  (kept %5.0f us: %.2f)\n", kind, what, bare, ours,
          ours / bare, fine ? "" : ", too much", kept, ours / kept);
  return fine;
}

static gboolean
run (const char *kind, int rsa_bits)
{
  static struct times making, reading;
  struct world world;
  world_init (&world, kind, rsa_bits);
  tell (BARE_INIT);
  for (int i = -3; i < RUNS; i++) { /* three to warm up */
    const int at = MAX (i, 0);
    making.bare[at] = tell_twice (BARE_MAKE);
    reading.bare[at] = tell_twice (BARE_READ);
    tell (BARE_KEEP);
    making.kept[at] = tell_twice (BARE_MAKE);
    reading.kept[at] = tell_twice (BARE_READ);
    tell (BARE_DROP);
    g_bytes_unref (our_make (&world));
    gint64 start = cpu_us ();
    g_autoptr (GBytes) mail = our_make (&world);
    making.ours[at] = cpu_us () - start;
    our_read (&world, mail);
    start = cpu_us ();
    our_read (&world, mail);
    reading.ours[at] = cpu_us () - start;
  }
  const gboolean made = report (kind, "sign+encrypt", &making);
  const gboolean opened = report (kind, "decrypt+verify", &reading);
  world_clear (&world);
  return made && opened;
}

int
main (void)
{
  openssl_tool_init (&tool);
  bare_start ();
  const gboolean rsa = run ("RSA-3072", 3072), ec = run ("P-256", 0);
  close (bare_in);
  openssl_tool_clear (&tool);
  return rsa && ec ? EXIT_SUCCESS : EXIT_FAILURE;
}
