/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What libetpan cannot read is left out of what a server sends, and nothing else; however the bytes come. */
#include "mail/net/imap_filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

/* All of it, fed in pieces of this size and taken in pieces of another. */
static char *
pass (const char *text, gsize size, gsize piece)
{
  struct imap_filter *filter = imap_filter_new ();
  GString *out = g_string_new (NULL);
  char buffer[7];
  for (gsize at = 0; at < size; at += piece) {
    imap_filter_feed (filter, text + at, MIN (piece, size - at));
    for (gsize got; (got = imap_filter_take (filter, buffer, sizeof buffer)) > 0;)
      g_string_append_len (out, buffer, (gssize) got);
  }
  imap_filter_free (filter);
  return g_string_free (out, FALSE);
}

static void
becomes (const char *text, const char *wanted)
{
  for (gsize piece = 1; piece <= strlen (text); piece++) {
    g_autofree char *got = pass (text, strlen (text), piece);
    assert_string_equal (got, wanted);
  }
}

static void
test_kept (void **state)
{
  static const char *const texts[]
      = { "* OK [CAPABILITY IMAP4rev1] ready\r\n",
          "* CAPABILITY IMAP4rev1 IDLE\r\n3 OK done\r\n",
          "* LIST (\\HasNoChildren) \"/\" \"a (b\"\r\n* LIST () NIL {5}\r\na)b\r\n\r\n* LSUB () \"/\" x\r\n",
          "* 12 EXISTS\r\n* 0 RECENT\r\n* 3 EXPUNGE\r\n* FLAGS (\\Seen)\r\n* VANISHED (EARLIER) 4:9\r\n",
          "* 1 FETCH (UID 4 FLAGS (\\Seen $Forwarded) INTERNALDATE \" 1-Jan-2026 00:00:00 +0000\" RFC822.SIZE 12)\r\n",
          "* 1 FETCH (UID 4 BODY[] {12}\r\n) PREVIEW (\r\n FLAGS ())\r\n* 2 EXISTS\r\n",
          "* 1 FETCH (BODY[HEADER.FIELDS (Date \"From\")]<0> \"a\\\"b) c\" UID 4)\r\n",
          "* 1 FETCH (ENVELOPE (NIL \"x\" ((\"a\" NIL \"b\" \"c\")) NIL NIL NIL NIL NIL NIL NIL) UID 9 MODSEQ (7))\r\n",
          "* STATUS \"a (b\" (MESSAGES 1 HIGHESTMODSEQ 7)\r\n* STATUS {3}\r\n(x) (UIDNEXT 2)\r\n",
          "* SEARCH\r\n* SEARCH 1 2 3\r\n* ENABLED CONDSTORE\r\n* ID (\"name\" \"x\")\r\n* ID NIL\r\n",
          "* NAMESPACE ((\"\" \"/\")) NIL ((\"a b\" \".\")(\"c\" NIL))\r\n",
          "+ idling\r\n+\r\n+ \r\n",
          "* OK literal? {12}\r\n* 2 EXISTS\r\n* BYE {3}\r\n* PREAUTH x\r\n",
          "5 BAD {7}\r\n* NO x\r\n",
          "no IMAP at all\r\n\r\nHTTP/1.1 400 Bad Request\r\n" };
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    becomes (texts[i], texts[i]);
}

static void
test_left_out (void **state)
{
  becomes ("* METADATA \"INBOX\" (/private/comment {4}\r\na\r\n))\r\n* 1 EXISTS\r\n", "* 1 EXISTS\r\n");
  becomes ("* ESEARCH (TAG \"A1\") UID ALL 2:6\r\n3 OK x\r\n", "3 OK x\r\n");
  becomes ("* XAPPLEPUSHSERVICE \"a\" \"b\\\"\r\n* 7 ODD x\r\n* \r\n*\r\n+ go\r\n", "+ go\r\n");
  becomes ("* 1 FETCH (UID 1 ANNOTATION (/c (v \"My )\" w NIL)) FLAGS ())\r\n", "* 1 FETCH (UID 1 FLAGS ())\r\n");
}

static void
test_items (void **state)
{
  becomes ("* 1 FETCH (SAVEDATE NIL)\r\n* 2 EXISTS\r\n", "* 2 EXISTS\r\n");
  becomes ("* 1 FETCH (PREVIEW {3}\r\n) ( UID 1)\r\n", "* 1 FETCH (UID 1)\r\n");
  becomes ("* 1 FETCH (UID 1 EMAILID (M1) )\r\n", "* 1 FETCH (UID 1)\r\n");
  becomes ("* STATUS INBOX (SIZE 9 MESSAGES 1 MAILBOXID (d-1))\r\n", "* STATUS INBOX (MESSAGES 1)\r\n");
  becomes ("* STATUS INBOX (APPENDLIMIT NIL)\r\n1 OK x\r\n", "1 OK x\r\n");
  becomes ("* SEARCH 1 2 (MODSEQ 917)\r\n* SEARCH (MODSEQ 1)\r\n", "* SEARCH 1 2\r\n* SEARCH \r\n");
  becomes ("* NAMESPACE ((\"\" \"/\")) ((\"O/\" \"/\" \"TRANSLATION\" (\"A (b\"))) NIL\r\n",
           "* NAMESPACE ((\"\" \"/\")) ((\"O/\" \"/\")) NIL\r\n");
}

/* What was begun and not ended is known, and the last word to a command. */
static void
test_amid (void **state)
{
  static const struct {
    const char *text;
    gboolean amid;
  } cases[] = { { "", FALSE },
                { "*", TRUE },
                { "3 OK begi", TRUE },
                { "* METADATA x", TRUE },
                { "* METADATA x {2}\r\n", TRUE },
                { "* METADATA x\r\n", FALSE } };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    struct imap_filter *filter = imap_filter_new ();
    imap_filter_feed (filter, cases[i].text, strlen (cases[i].text));
    char buffer[64];
    (void) imap_filter_take (filter, buffer, sizeof buffer);
    assert_int_equal (imap_filter_is_amid (filter), cases[i].amid);
    imap_filter_free (filter);
  }
  struct imap_filter *filter = imap_filter_new ();
  imap_filter_feed (filter, "* BAD x\r\n12 BAD no\r\n", 20);
  assert_true (imap_filter_said_bad (filter, "12"));
  assert_false (imap_filter_said_bad (filter, "1"));
  imap_filter_feed (filter, "13 OK BAD\r\n", 11);
  assert_false (imap_filter_said_bad (filter, "12"));
  assert_false (imap_filter_said_bad (filter, "13"));
  static const char *const tagged[] = { "12 BAD", "13 OK", NULL };
  for (gsize i = 0; i < G_N_ELEMENTS (tagged); i++) {
    g_autofree char *next = imap_filter_next_tagged (filter);
    assert_true (g_strcmp0 (next, tagged[i]) == 0);
  }
  for (int i = 0; i < 20; i++)
    imap_filter_feed (filter, "14 NO\r\n", 7);
  for (int i = 0; i <= IMAP_FILTER_TAGGED; i++) {
    g_autofree char *next = imap_filter_next_tagged (filter);
    assert_true (g_strcmp0 (next, i < IMAP_FILTER_TAGGED ? "14 NO" : NULL) == 0);
  }
  imap_filter_free (filter);
}

/* Anything: what comes out is never longer than what went in, and it is the same whatever the pieces. */
static void
test_anything (void **state)
{
  static const char *const words[] = { "* ",       "1 FETCH (",
                                       "UID 4",    " ",
                                       ")",        "(",
                                       "\"",       "\\",
                                       "{3}\r\n",  "{99999999999999999999}\r\n",
                                       "\r\n",     "BODY[",
                                       "]",        "STATUS ",
                                       "SEARCH ",  "NAMESPACE ((",
                                       "METADATA", "X",
                                       "\x80",     "7",
                                       "+",        "BAD" };
  GRand *chance = g_rand_new_with_seed (7);
  for (guint run = 0; run < 3000; run++) {
    g_autoptr (GString) text = g_string_new (NULL);
    for (gint i = g_rand_int_range (chance, 1, 40); i > 0; i--)
      g_string_append (text, words[g_rand_int_range (chance, 0, G_N_ELEMENTS (words))]);
    g_autofree char *whole = pass (text->str, text->len, text->len), *bytes = pass (text->str, text->len, 1);
    assert_string_equal (whole, bytes);
    assert_true (strlen (whole) <= text->len);
  }
  g_rand_free (chance);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_kept), cmocka_unit_test (test_left_out), cmocka_unit_test (test_items),
    cmocka_unit_test (test_amid), cmocka_unit_test (test_anything),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
