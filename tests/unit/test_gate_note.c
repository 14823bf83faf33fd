/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The one plaintext message: the gate lets it pass byte for byte, to one person, and no other plaintext, however near to it. */
#include "mail/net/gate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define ALICE "alice@hospital.example"
#define BOB "Bob.O'Neil+x@practice.example"
#define WHEN G_GINT64_CONSTANT (1795321440) /* 2026-11-22 04:24:00 UTC */

static const char *const bob[] = { BOB, NULL };
static const char *const no_ids[] = { NULL };

/* As a person reads it; written here once more, so that no word of it changes unseen. */
static const char whole[] = "Date: Sun, 22 Nov 2026 04:24:00 +0000\r\n"
                            "From: " ALICE "\r\n"
                            "To: " BOB "\r\n"
                            "Subject: I could not send you protected mail\r\n"
                            "Message-ID: <note.75b72c7f90a2b5d0c6abc8f189d51890@hospital.example>\r\n"
                            "MIME-Version: 1.0\r\n"
                            "Content-Type: text/plain; charset=us-ascii\r\n"
                            "Content-Transfer-Encoding: 7bit\r\n"
                            "\r\n"
                            "Hello,\r\n"
                            "\r\n"
                            "I wanted to send you protected (encrypted) mail at this address:\r\n"
                            "\r\n"
                            "    " BOB "\r\n"
                            "\r\n"
                            "My mail program could not do that, because it has no key of yours that\r\n"
                            "it can use. It never sends my mail without protection, so you did not\r\n"
                            "get anything but this note.\r\n"
                            "\r\n"
                            "A key is a small piece of data with which others can lock a mail so\r\n"
                            "that you alone can open it. It is not secret: you can send it to me by\r\n"
                            "ordinary mail. One of these is enough:\r\n"
                            "\r\n"
                            "  - If you have an S/MIME certificate, send me a signed mail.\r\n"
                            "  - If you have an OpenPGP key, send me a mail with your public key as\r\n"
                            "    an attachment. Never send the secret key.\r\n"
                            "  - If your mail program knows Autocrypt, switch it on and send me any\r\n"
                            "    mail. Your key goes along by itself.\r\n"
                            "\r\n"
                            "My address is:\r\n"
                            "\r\n"
                            "    " ALICE "\r\n"
                            "\r\n"
                            "If you are not sure what this means, please show this note to somebody\r\n"
                            "who looks after your mail or your computer. Please do not write\r\n"
                            "anything confidential to me before my protected mail has reached you.\r\n"
                            "\r\n"
                            "This text is always the same. It tells nothing about what I wanted to\r\n"
                            "write, it has no links and no attachments, and it asks for no password.\r\n";

static gboolean
passes_as (const void *message, gsize size, const struct gate_plan *plan)
{
  g_autofree guint8 *exact = g_memdup2 (message, size); /* a sanitiser sees what is read behind it */
  g_autoptr (GError) error = NULL;
  gboolean passed = gate_check (exact, size, plan, &error);
  assert_true (passed == (error == NULL));
  assert_true (passed || error->domain == GATE_ERROR);
  return passed;
}

static gboolean
passes (const void *message, gsize size)
{
  const struct gate_note note = { ALICE, WHEN };
  const struct gate_plan plan = { .recipients = bob, .recipient_ids = no_ids, .note = &note };
  return passes_as (message, size, &plan);
}

static void
test_is_the_text (void **state)
{
  g_autofree char *made = gate_note_make (ALICE, BOB, WHEN);
  g_autofree char *id = gate_note_id (ALICE, BOB, WHEN), *bracketed = g_strdup_printf ("<%s>\r\n", id);
  assert_string_equal (made, whole);
  assert_non_null (strstr (made, bracketed));
  assert_true (passes (whole, strlen (whole)));
}

/* Every bit of every byte, every byte left out or said twice or with another one before it, and every length. */
static void
test_each_byte_counts (void **state)
{
  static const char extra[] = { ' ', '\t', '\r', '\n', '.', 'x', '0', '\0', '\x80' };
  const gsize size = strlen (whole);
  g_autofree char *changed = g_malloc (size + 1);
  for (gsize i = 0; i < size; i++) {
    memcpy (changed, whole, size);
    for (int bit = 0; bit < 8; bit++) {
      changed[i] = (char) (whole[i] ^ 1 << bit);
      assert_false (passes (changed, size));
    }
    memmove (changed + i, whole + i + 1, size - i - 1);
    assert_false (passes (changed, size - 1));
    assert_false (passes (whole, i));
  }
  for (gsize i = 0; i <= size; i++) {
    memcpy (changed, whole, i);
    memcpy (changed + i + 1, whole + i, size - i);
    for (gsize k = 0; k < G_N_ELEMENTS (extra); k++) {
      changed[i] = extra[k];
      assert_false (passes (changed, size + 1));
    }
  }
}

static void
refused_with (const char *old, const char *new)
{
  const char *at = strstr (whole, old);
  assert_non_null (at);
  g_autofree char *changed = g_strdup_printf ("%.*s%s%s", (int) (at - whole), whole, new, at + strlen (old));
  assert_false (passes (changed, strlen (changed)));
}

static void
test_likely_changes (void **state)
{
  static const struct {
    const char *old, *new;
  } changes[] = {
    { "MIME-Version", "Bcc: eve@evil.example\r\nMIME-Version" },
    { "MIME-Version", "Cc: eve@evil.example\r\nMIME-Version" },
    { "MIME-Version", "Autocrypt: addr=" ALICE "; keydata=AAAA\r\nMIME-Version" },
    { "MIME-Version", "Reply-To: eve@evil.example\r\nMIME-Version" },
    { "MIME-Version", "X-Mailer: wardmail\r\nMIME-Version" },
    { "To: " BOB, "To: " BOB ", eve@evil.example" },
    { "To: " BOB, "To: Bob <" BOB ">" },
    { "To: " BOB, "to: " BOB },
    { "From: " ALICE, "From: \"Dr. Alice\" <" ALICE ">" },
    { "Subject: I", "Subject: Re: I" },
    { "us-ascii", "utf-8" },
    { "us-ascii", "US-ASCII" },
    { "7bit", "8bit" },
    { "text/plain", "text/html" },
    { "04:24:00", "04:24:01" },
    { "04:24:00", "04:25:00" },
    { "+0000", "+0100" },
    { "Hello,", "Hello, the MRI of Mr Moreno is back," },
    { "\r\n\r\nHello", "\r\n\r\n\r\nHello" },
    { "no password.\r\n", "no password.\r\n\r\nmarker\r\n" },
    { "no password.\r\n", "no password.\n" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (changes); i++)
    refused_with (changes[i].old, changes[i].new);
}

static void
test_the_plan_counts (void **state)
{
  const struct gate_note note = { ALICE, WHEN }, other = { "eve@hospital.example", WHEN }, later = { ALICE, WHEN + 60 },
                         second = { ALICE, WHEN + 1 }, never = { ALICE, 0 }, nobody = { NULL, WHEN };
  const char *const two[] = { BOB, "eve@evil.example", NULL }, *const twice[] = { BOB, BOB, NULL },
                    *const nobody_to[] = { NULL }, *const eve[] = { "eve@evil.example", NULL },
                    *const spelt[] = { "bob.o'neil+x@practice.example", NULL },
                    *const ids[] = { "pgp:0123456789ABCDEF", NULL };
  const struct gate_plan wrong[] = {
    { .recipients = two, .recipient_ids = no_ids, .note = &note },
    { .recipients = twice, .recipient_ids = no_ids, .note = &note },
    { .recipients = nobody_to, .recipient_ids = no_ids, .note = &note },
    { .recipients = NULL, .recipient_ids = no_ids, .note = &note },
    { .recipients = eve, .recipient_ids = no_ids, .note = &note },
    { .recipients = spelt, .recipient_ids = no_ids, .note = &note },
    { .recipients = bob, .recipient_ids = ids, .note = &note },
    { .method = ROUTE_PGP, .recipients = bob, .recipient_ids = no_ids, .note = &note },
    { .method = ROUTE_SMIME, .recipients = bob, .recipient_ids = no_ids, .note = &note },
    { .recipients = bob, .recipient_ids = no_ids, .note = &other },
    { .recipients = bob, .recipient_ids = no_ids, .note = &later },
    { .recipients = bob, .recipient_ids = no_ids, .note = &second },
    { .recipients = bob, .recipient_ids = no_ids, .note = &never },
    { .recipients = bob, .recipient_ids = no_ids, .note = &nobody },
    /* It is not planned as a note. */
    { .recipients = bob, .recipient_ids = no_ids },
    { .method = ROUTE_PGP, .recipients = bob, .recipient_ids = ids },
    { .method = ROUTE_SMIME, .recipients = bob, .recipient_ids = ids },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (wrong); i++)
    assert_false (passes_as (whole, strlen (whole), &wrong[i]));
  assert_false (passes_as (NULL, 0, &(struct gate_plan){ .recipients = bob, .note = &note }));
  assert_true (passes_as (whole, strlen (whole), &(struct gate_plan){ .recipients = bob, .note = &note }));
}

static void
test_only_plain_addresses (void **state)
{
  static const char *const bad[] = {
    "",
    "bob",
    "@b.example",
    "bob@",
    "bob@b.example ",
    " bob@b.example",
    "<bob@b.example>",
    "Bob <bob@b.example>",
    "\"a b\"@b.example",
    "bob@b.example\r\nBcc: eve@evil.example",
    "bob@b.example, eve@evil.example",
    "bob@b.example\n",
    "b\xC3\xB6"
    "b@b.example",
    "bob@b\xC3\xB6"
    "b.example",
    "bob@[127.0.0.1]",
    "bob@-b.example",
    "b..b@b.example",
    "bob@b.example;",
    "a@b@@FROM@",
  };
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++) {
    assert_null (gate_note_make (ALICE, bad[i], WHEN));
    assert_null (gate_note_make (bad[i], BOB, WHEN));
    assert_null (gate_note_id (ALICE, bad[i], WHEN));
    const struct gate_note note = { ALICE, WHEN };
    const char *const to[] = { bad[i], NULL };
    assert_false (passes_as ("", 0, &(struct gate_plan){ .recipients = to, .note = &note }));
  }
  assert_null (gate_note_make (ALICE, NULL, WHEN));
  assert_null (gate_note_make (ALICE, BOB, WHEN + 59));
  assert_null (gate_note_make (ALICE, BOB, -60));
  assert_null (gate_note_make (ALICE, BOB, G_MAXINT64 - G_MAXINT64 % 60));
}

/* An address of random characters that may stand in one. */
static char *
random_address (GRand *random)
{
  static const char letters[] = "abcXYZ019!#$%&'*+-/=?^_`{|}~";
  GString *text = g_string_new (NULL);
  for (gint i = g_rand_int_range (random, 1, 64); i > 0; i--)
    g_string_append_c (text, letters[g_rand_int_range (random, 0, (gint) sizeof letters - 2)]);
  g_string_append (text, "@TO.example");
  return g_string_free (text, FALSE);
}

/* The note for one person never passes for another one; what passes is plain text of one shape. */
static void
test_property (void **state)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (4);
  guint made = 0;
  for (int i = 0; i < 300; i++) {
    g_autofree char *from = random_address (random), *to = random_address (random), *eve = random_address (random);
    gint64 date = (gint64) g_rand_int (random) / 60 * 60 + 60;
    g_autofree char *text = gate_note_make (from, to, date);
    if (text == NULL)
      continue;
    made++;
    const char *const right[] = { to, NULL }, *const wrong[] = { eve, NULL };
    const struct gate_note note = { from, date };
    assert_true (passes_as (text, strlen (text), &(struct gate_plan){ .recipients = right, .note = &note }));
    assert_false (strcmp (to, eve) != 0
                  && passes_as (text, strlen (text), &(struct gate_plan){ .recipients = wrong, .note = &note }));
    g_auto (GStrv) lines = g_strsplit (text, "\r\n", -1);
    assert_int_equal (g_strv_length (lines), 40);
    for (char **line = lines; *line != NULL; line++)
      assert_true (strlen (*line) <= 998 && g_str_is_ascii (*line) && strpbrk (*line, "\r\n") == NULL);
  }
  assert_true (made > 50);
}

/* No plaintext that is no note passes, whatever its plan says. */
static void
test_no_other_plaintext (void **state)
{
  static const char head[] = "Date: Sun, 22 Nov 2026 04:24:00 +0000\r\nFrom: " ALICE "\r\nTo: " BOB "\r\nSubject: ";
  static const char *const rest[] = {
    "[...]\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nThe patient is ill.\r\n",
    "[...]\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: "
    "7bit\r\n\r\n",
    "I could not send you protected mail\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\n"
    "Content-Transfer-Encoding: 7bit\r\n\r\nHello,\r\n",
  };
  const struct gate_note note = { ALICE, WHEN };
  const char *const ids[] = { "pgp:0123456789ABCDEF", NULL };
  for (gsize i = 0; i < G_N_ELEMENTS (rest); i++) {
    g_autofree char *text = g_strconcat (head, rest[i], NULL);
    for (int method = ROUTE_HOLD; method <= ROUTE_PGP; method++)
      for (int with = 0; with < 4; with++) {
        const struct gate_plan plan = { .method = (enum route_method) method,
                                        .recipients = bob,
                                        .recipient_ids = with & 1 ? ids : no_ids,
                                        .note = with & 2 ? &note : NULL };
        assert_false (passes_as (text, strlen (text), &plan));
      }
  }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_is_the_text),          cmocka_unit_test (test_each_byte_counts),
    cmocka_unit_test (test_likely_changes),       cmocka_unit_test (test_the_plan_counts),
    cmocka_unit_test (test_only_plain_addresses), cmocka_unit_test (test_property),
    cmocka_unit_test (test_no_other_plaintext),
  };
  return cmocka_run_group_tests_name ("gate_note", tests, NULL, NULL);
}
