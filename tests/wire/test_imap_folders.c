/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What a server says of its folders, and of the keywords that it keeps in them. */
#include "tests/wire/meeting.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void
test_list (void **state)
{
  const char *const script[] = { SESSION,
                                 "C: LIST",
                                 "S: * LIST (\\HasNoChildren) \"/\" INBOX",
                                 "S: * LIST (\\HasNoChildren \\Sent) \"/\" Gesendetes",
                                 "S: * LIST () \"/\" Sent",
                                 "S: * LIST () \"/\" {9}\r\na\r\nDELETE",
                                 "S: * LIST () \"/\" \"../../etc\"",
                                 "S: * LIST (\\Noselect) \"/\" top",
                                 "S: * LIST () \"/\" Trash",
                                 "S: * LIST () \"/\" Trash",
                                 "S: $TAG OK done",
                                 "C: LSUB",
                                 "S: * LSUB () \"/\" inbox",
                                 "S: * LSUB () \"/\" Sent",
                                 "S: * LSUB () \"/\" Long/Gone",
                                 "S: $TAG OK done",
                                 "HANG",
                                 NULL };
  struct meeting meeting;
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  meeting_begin (&meeting, script, 5000, peer_cert, peer_key, peer_anchors);
  g_autoptr (GPtrArray) folders = imap_list (meeting.imap, NULL, &error);
  assert_null (error);
  for (guint i = 0; i < folders->len; i++) {
    const struct imap_folder *folder = g_ptr_array_index (folders, i);
    g_string_append_printf (text, "%s=%s%s%s ", folder->path, folder->role, folder->selectable ? "" : "!",
                            folder->subscribed ? "+" : "");
  }
  assert_string_equal (text->str, "INBOX=inbox+ Gesendetes=sent Sent=+ ../../etc= top=! Trash=trash ");
  meeting_part (&meeting);
  meeting_forget (&meeting);
}

/* All in one command where the server can; other people's folders are asked for by their place, which is no more than a name. */
static void
test_list_extended (void **state)
{
  const char *const script[] = {
    HELLO,
    START,
    CAPABLE,
    SIGN_IN,
    "C: CAPABILITY",
    "S: * CAPABILITY IMAP4rev1 LIST-EXTENDED SPECIAL-USE NAMESPACE ID",
    "S: $TAG OK done",
    "C: ID (\"name\" \"wardmail\"",
    "S: * ID (\"name\" \"Post\\\\\" \"version\" \"3\x1b[2J\" \"os\" NIL)",
    "S: $TAG OK done",
    "C: NAMESPACE",
    "S: * NAMESPACE ((\"\" \"/\")) ((\"Users/\" \"/\")(\"x\\\"y/\" \"/\")) ((\"Public*/\" \"/\")(\"Shared/\" \"/\"))",
    "S: $TAG OK done",
    "C: LIST \"\" (\"*\" \"Users/*\" \"Shared/*\") RETURN (SUBSCRIBED SPECIAL-USE)",
    "S: * LIST (\\Subscribed \\HasNoChildren) \"/\" INBOX",
    "S: * LIST (\\Subscribed \\NonExistent) \"/\" old",
    "S: * LIST (\\NoInferiors \\Junk) \"/\" Dirt",
    "S: * LIST (\\Subscribed) \"/\" Users/bob/Trash",
    "S: * LIST () NIL flat",
    "S: * LIST () \"/\" Shared/Ward",
    "S: $TAG OK done",
    "HANG",
    NULL
  };
  struct meeting meeting;
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  meeting_begin (&meeting, script, 5000, peer_cert, peer_key, peer_anchors);
  g_autofree char *server = imap_server_name (meeting.imap);
  assert_non_null (server);
  assert_null (strchr (server, 0x1b));
  g_auto (GStrv) spaces = imap_spaces (meeting.imap, &error);
  assert_null (error);
  g_autofree char *places = g_strjoinv (" ", spaces);
  assert_string_equal (places, "oUsers/ sShared/");
  g_autoptr (GPtrArray) folders = imap_list (meeting.imap, (const char *const *) spaces, &error);
  assert_null (error);
  for (guint i = 0; i < folders->len; i++) {
    const struct imap_folder *folder = g_ptr_array_index (folders, i);
    g_string_append_printf (text, "%s=%s%s%s%s%s ", folder->path, folder->role, folder->space,
                            folder->selectable ? "" : "!", folder->subscribed ? "+" : "", folder->leaf ? "." : "");
  }
  assert_string_equal (text->str, "INBOX=inbox+ old=!+ Dirt=junk. Users/bob/Trash=other+ flat=. Shared/Ward=shared ");
  meeting_part (&meeting);
  assert_null (meeting.problem);
  meeting_forget (&meeting);
}

static void
note_keywords (const struct imap_head *head, gpointer data)
{
  g_string_append_printf (data, "%u:%s:%s ", head->uid, head->flags, head->keywords != NULL ? head->keywords : "?");
}

/* Keywords as they come, which are kept, and one that is stored. */
static void
test_keywords (void **state)
{
  g_autofree char *many = g_strdup ("");
  for (int i = 0; i < 40; i++) {
    char *more = g_strdup_printf ("%s kw%d", many, i);
    g_free (many);
    many = more;
  }
  g_autofree char *crowd = g_strdup_printf ("S: * 3 FETCH (UID 6 FLAGS (\\Seen%s))", many);
  const char *const script[] = { SESSION,
                                 "C: SELECT",
                                 "S: * FLAGS (\\Seen Work)",
                                 "S: * OK [PERMANENTFLAGS (\\Seen Work)] x",
                                 "S: * 3 EXISTS",
                                 "S: * OK [UIDVALIDITY 7] x",
                                 "S: $TAG OK [READ-WRITE] done",
                                 "C: UID FETCH",
                                 "S: * 1 FETCH (UID 4 FLAGS (\\Seen Work $MDNSent work $Forwarded \\Odd))",
                                 "S: * 2 FETCH (UID 5 FLAGS ())",
                                 crowd,
                                 "S: $TAG OK done",
                                 "C: UID STORE 4:5 +FLAGS.SILENT ($MDNSent)",
                                 "S: $TAG NO [LIMIT] too many",
                                 "HANG",
                                 NULL };
  struct meeting meeting;
  struct imap_selected info;
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  const guint32 uids[] = { 4, 5 };
  guint32 place = 0;
  meeting_begin (&meeting, script, 5000, peer_cert, peer_key, peer_anchors);
  assert_true (imap_select (meeting.imap, "INBOX", TRUE, &info, &error));
  assert_true (imap_keeps (meeting.imap, "work"));
  assert_false (imap_keeps (meeting.imap, "other"));
  assert_true (imap_fetch_heads (meeting.imap, 1, FALSE, 0, &place, note_keywords, text, &error));
  assert_string_equal (text->str, "4:PS:$mdnsent work 5:: 6:S:? ");
  assert_true (imap_store_keyword (meeting.imap, uids, 2, TRUE, "a b", &error)); /* never said */
  assert_false (imap_store_keyword (meeting.imap, uids, 2, TRUE, "$mdnsent", &error));
  assert_false (imap_is_lost (meeting.imap));
  meeting_part (&meeting);
  assert_null (meeting.problem);
  meeting_forget (&meeting);
}

#define NUMBERS "(MESSAGES 2 UIDNEXT 9 UIDVALIDITY 7 HIGHESTMODSEQ 12345678901)"

/* Then the client goes. */
static void
lists_in (struct meeting *meeting, const char *all)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GPtrArray) folders = imap_list (meeting->imap, NULL, &error);
  assert_null (error);
  for (guint i = 0; i < folders->len; i++) {
    const struct imap_folder *folder = g_ptr_array_index (folders, i);
    const struct imap_selected *status = &folder->status;
    g_string_append_printf (text, "%s", folder->path);
    if (folder->told)
      g_string_append_printf (text, "=%u,%u,%u,%" G_GUINT64_FORMAT, status->exists, status->uidnext,
                              status->uidvalidity, status->modseq);
    g_string_append_c (text, ' ');
  }
  assert_string_equal (text->str, all);
  meeting_part (meeting);
  assert_null (meeting->problem);
  meeting_forget (meeting);
}

static void
lists (const char *const *script, const char *all)
{
  struct meeting meeting;
  meeting_begin (&meeting, script, 5000, peer_cert, peer_key, peer_anchors);
  assert_null (meeting.error);
  lists_in (&meeting, all);
}

/* What is told of the folder that is open need not be true any more; and it is open still when others, or it itself, get another name. */
static void
test_open_is_not_told (void **state)
{
#define OPEN SIGNED_IN ("LIST-EXTENDED LIST-STATUS CONDSTORE"), SELECT
#define RENAMED(old, new) "C: RENAME " old " " new, "S: $TAG OK done", "C: RETURN (SUBSCRIBED STATUS ("
#define TOLD(name) "S: * LIST () \"/\" " name "\r\n* STATUS " name " " NUMBERS
  static const char *const other[]
      = { OPEN, RENAMED ("a", "b"), TOLD ("INBOX"), TOLD ("b"), "S: $TAG OK done", "C: LOGOUT", NULL };
  static const char *const itself[]
      = { OPEN, RENAMED ("INBOX", "b"), TOLD ("INBOX"), TOLD ("b"), "S: $TAG OK done", "C: LOGOUT", NULL };
  const char *const *const scripts[] = { other, itself };
  for (gsize i = 0; i < G_N_ELEMENTS (scripts); i++) {
    struct meeting meeting;
    meeting_select (&meeting, scripts[i]);
    assert_true (imap_rename (meeting.imap, i == 0 ? "a" : "INBOX", "b", NULL));
    lists_in (&meeting, i == 0 ? "INBOX b=2,9,7,12345678901 " : "INBOX=2,9,7,12345678901 b ");
  }
}

/* How folders stand, told with the list of them: whatever the form of their names; and nothing where not all of it is there. */
static void
test_list_status (void **state)
{
  g_autofree char *long_name = g_strnfill (6000, 'x'),
                  *too_long = g_strdup_printf ("S: * STATUS %s " NUMBERS, long_name);
  const char *const script[]
      = { SIGNED_IN ("LIST-EXTENDED LIST-STATUS CONDSTORE"),
          "C: RETURN (SUBSCRIBED STATUS (MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ))",
          "S: * LIST () \"/\" INBOX\r\n* STATUS inbox " NUMBERS,
          "S: * LIST () \"/\" \"a b\"\r\n* STATUS \"a b\" " NUMBERS,
          "S: * LIST () \"/\" lit\r\n* STATUS {3}\r\nlit " NUMBERS,
          "S: * LIST () \"/\" half\r\n* STATUS half (MESSAGES 2 UIDNEXT 9 UIDVALIDITY 7)",
          "S: * LIST () \"/\" none\r\n* STATUS none (MESSAGES 2 UIDNEXT 9 UIDVALIDITY 7 HIGHESTMODSEQ 0)",
          "S: * LIST () \"/\" wide\r\n* STATUS wide (MESSAGES 4294967296 UIDNEXT 9 UIDVALIDITY 7 HIGHESTMODSEQ 1)",
          too_long,
          "S: * LIST () \"/\" last\r\n* STATUS last " NUMBERS,
          "S: $TAG OK done",
          "C: LOGOUT",
          NULL };
  lists (script, "INBOX=2,9,7,12345678901 a b=2,9,7,12345678901 lit=2,9,7,12345678901 half none wide "
                 "last=2,9,7,12345678901 ");
}

/* Without LIST-STATUS they are asked for all at once, and one that is refused is merely not told of; without CONDSTORE nobody asks. */
static void
test_status_in_pipe (void **state)
{
  const char *const script[]
      = { SIGNED_IN ("CONDSTORE"),
          "C: LIST",
          "S: * LIST () \"/\" INBOX\r\n* LIST () \"/\" a\r\n* LIST () \"/\" \"b c\"\r\n$TAG OK done",
          "C: LSUB",
          "S: $TAG OK done",
          "C: STATUS \"INBOX\"",
          "C: STATUS \"a\" (MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ)",
          "S: * STATUS INBOX " NUMBERS "\r\n$LAST OK done\r\n$TAG NO locked",
          "C: STATUS \"b c\"",
          "S: * STATUS \"b c\" " NUMBERS "\r\n$TAG OK done",
          "C: LOGOUT",
          NULL };
  const char *const plain[]
      = { SIGNED_IN ("UIDPLUS"), "C: LIST", "S: * LIST () \"/\" INBOX\r\n$TAG OK done", "C: LSUB", "S: $TAG OK done",
          "C: LOGOUT",           NULL };
  lists (script, "INBOX=2,9,7,12345678901 a b c=2,9,7,12345678901 ");
  lists (plain, "INBOX ");
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_list),           cmocka_unit_test (test_list_extended),
    cmocka_unit_test (test_keywords),       cmocka_unit_test (test_list_status),
    cmocka_unit_test (test_status_in_pipe), cmocka_unit_test (test_open_is_not_told),
  };
  return cmocka_run_group_tests (tests, peer_cert_setup, peer_cert_teardown);
}
