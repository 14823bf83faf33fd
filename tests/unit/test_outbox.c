/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The outbox over restarts: nothing is lost, and nothing is sent twice by itself. */
#include "mail/store/outbox.h"
#include "mail/store/state_p.h"

#include <glib/gstdio.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#include <cmocka.h>

static char *dir;

static int
setup (void **state)
{
  dir = g_dir_make_tmp ("outbox-XXXXXX", NULL);
  return 0;
}

static int
teardown (void **state)
{
  const char *argv[] = { "rm", "-rf", dir, NULL };
  g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL);
  g_free (dir);
  return 0;
}

static struct outbox *
open_box (void)
{
  g_autoptr (GError) error = NULL;
  struct outbox *box = outbox_open (dir, &error);
  if (box == NULL)
    fail_msg ("%s", error->message);
  return box;
}

static gboolean
check (const struct outbox_copy *copy, GBytes *message, gpointer data, GError **error)
{
  static const char *const texts[] = { "one", "two", "note" };
  const gboolean *fine = data;
  gsize size = 0;
  const char *text = g_bytes_get_data (message, &size);
  gboolean known = FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    known |= size == strlen (texts[i]) && memcmp (text, texts[i], size) == 0;
  assert_true (known);
  if (!*fine)
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "not this one");
  return *fine;
}

/* texts: of each copy, and of the record. */
static char *
give (struct outbox *box, const char *message_id, const char *draft, gint64 date, GPtrArray *copies,
      const char *const *texts, gboolean fine, GError **error)
{
  int files[3] = { -1, -1, -1 };
  const struct outbox_submission mail = { .message_id = message_id,
                                          .from = "alice@x.test",
                                          .draft_path = draft,
                                          .date = date,
                                          .copies = copies,
                                          .files = files,
                                          .check = check,
                                          .data = &fine };
  for (guint i = 0; i <= copies->len; i++) {
    files[i] = memfd_create ("text", MFD_CLOEXEC);
    assert_int_equal (write (files[i], texts[i], strlen (texts[i])), strlen (texts[i]));
  }
  char *id = outbox_submit (box, &mail, error);
  for (guint i = 0; i <= copies->len; i++)
    close (files[i]);
  return id;
}

static char *
submit_to (struct outbox *box, const char *message_id, const char *second_to)
{
  const char *const bob[] = { "bob@x.test", NULL }, *const carol[] = { "carol@x.test", second_to, NULL },
                    *const ids[] = { "pgp:0123456789ABCDEF", NULL };
  struct outbox_copy first = { .method = ROUTE_PGP, .recipients = (GStrv) bob, .ids = (GStrv) ids };
  struct outbox_copy second = { .method = ROUTE_SMIME, .recipients = (GStrv) carol, .ids = (GStrv) ids };
  g_autoptr (GPtrArray) copies = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  g_ptr_array_add (copies, &first);
  g_ptr_array_add (copies, &second);
  char *id = give (box, message_id, "/draft", 0, copies, (const char *const[]){ "one", "two", "sent" }, TRUE, &error);
  if (id == NULL)
    fail_msg ("%s", error->message);
  return id;
}

static char *
submit (struct outbox *box, const char *message_id)
{
  return submit_to (box, message_id, "erin@x.test");
}

/* All people of one copy. */
static void
set (struct outbox *box, const char *id, guint number, enum outbox_state state, const char *text)
{
  AUTOFREE (outbox_item) item = outbox_find (box, id, NULL);
  assert_non_null (item);
  struct outbox_copy *copy = g_ptr_array_index (item->copies, number);
  for (guint i = 0; i < copy->count; i++)
    outbox_person_set (&copy->people[i], state, text);
  assert_true (outbox_save (box, item, copy, NULL));
}

static enum outbox_state
person (const struct outbox_item *item, guint copy, guint place)
{
  return ((struct outbox_copy *) g_ptr_array_index (item->copies, copy))->people[place].state;
}

static enum outbox_state
state_of (struct outbox *box, const char *id)
{
  AUTOFREE (outbox_item) item = outbox_find (box, id, NULL);
  assert_non_null (item);
  return outbox_item_state (item);
}

static void
test_survives (void **state)
{
  g_autofree char *id = NULL;
  {
    AUTOFREE (outbox) box = open_box ();
    id = submit (box, "m1@x");
  }
  AUTOFREE (outbox) box = open_box ();
  AUTOFREE (outbox_item) item = outbox_find (box, id, NULL);
  assert_int_equal (outbox_item_state (item), OUTBOX_READY);
  assert_string_equal (item->from, "alice@x.test");
  assert_string_equal (item->draft_path, "/draft");
  assert_int_equal (item->copies->len, 2);
  const struct outbox_copy *copy = g_ptr_array_index (item->copies, 1);
  assert_int_equal (copy->method, ROUTE_SMIME);
  assert_string_equal (copy->recipients[1], "erin@x.test");
  g_autoptr (GBytes) message = outbox_message (box, id, 1, NULL);
  assert_int_equal (g_bytes_get_size (message), 3);
  assert_memory_equal (g_bytes_get_data (message, NULL), "two", 3);
  int fd = outbox_open_sent (box, id);
  char text[8] = "";
  assert_int_equal (read (fd, text, sizeof text), 4);
  close (fd);
}

/* Asking again after a lost answer must not send again. */
static void
test_given_twice (void **state)
{
  AUTOFREE (outbox) box = open_box ();
  g_autofree char *id = submit (box, "m2@x"), *again = submit (box, "m2@x");
  assert_string_equal (id, again);
  set (box, id, 0, OUTBOX_ACCEPTED, "");
  set (box, id, 1, OUTBOX_FAILED, "no");
  g_autofree char *half = submit (box, "m2@x");
  assert_string_equal (id, half);
  {
    AUTOFREE (outbox_item) item = outbox_find (box, id, NULL);
    g_autofree char *text = outbox_item_text (item);
    assert_string_equal (text, "no The server took it for: bob@x.test. It did not go to: carol@x.test, erin@x.test.");
  }
  /* Only one that nobody got makes room. */
  set (box, id, 0, OUTBOX_FAILED, "no");
  g_autofree char *fresh = submit (box, "m2@x");
  assert_string_not_equal (id, fresh);
  assert_null (outbox_find (box, id, NULL));
}

/* Programs hand in one Message-ID for one recipient after the other: each of them must get his mail. */
static void
test_same_id_other_people (void **state)
{
  AUTOFREE (outbox) box = open_box ();
  g_autofree char *id = submit (box, "m2b@x"), *other = submit_to (box, "m2b@x", "frank@x.test");
  assert_string_not_equal (id, other);
  assert_int_equal (state_of (box, id), OUTBOX_READY);
  assert_int_equal (state_of (box, other), OUTBOX_READY);
}

static guint
folders (void)
{
  guint count = 0;
  g_autoptr (GDir) list = g_dir_open (dir, 0, NULL);
  const char *name;
  while ((name = g_dir_read_name (list)) != NULL) {
    g_autofree char *path = g_build_filename (dir, name, NULL);
    count += g_file_test (path, G_FILE_TEST_IS_DIR);
  }
  return count;
}

/* A record that is lost or damaged must not take the mails with it. */
static void
test_record_gone (void **state)
{
  g_autofree char *file = g_build_filename (dir, "outbox.db", NULL);
  {
    AUTOFREE (outbox) box = open_box ();
    g_free (submit (box, "m4@x"));
  }
  guint before = folders ();
  assert_true (before > 0);
  assert_true (g_file_set_contents (file, "garbage, and more than sixteen bytes of it", -1, NULL));
  g_autoptr (GError) error = NULL;
  assert_null (outbox_open (dir, &error));
  assert_non_null (error);
  assert_int_equal (folders (), before);
  g_unlink (file);
  for (guint i = 0; i < 2; i++) {
    AUTOFREE (outbox) box = open_box ();
    assert_int_equal (folders (), before);
  }
}

static void
test_died_while_sending (void **state)
{
  g_autofree char *id = NULL;
  {
    AUTOFREE (outbox) box = open_box ();
    id = submit (box, "m3@x");
    set (box, id, 0, OUTBOX_ACCEPTED, "");
    set (box, id, 1, OUTBOX_SENDING, "");
    assert_int_equal (state_of (box, id), OUTBOX_SENDING);
  }
  AUTOFREE (outbox) box = open_box ();
  assert_int_equal (state_of (box, id), OUTBOX_UNKNOWN);
  assert_false (outbox_forget (box, id, NULL));
  assert_true (outbox_decide_retry (box, id, NULL));
  AUTOFREE (outbox_item) item = outbox_find (box, id, NULL);
  /* The copy that was taken is not sent again with the other. */
  assert_int_equal (person (item, 0, 0), OUTBOX_ACCEPTED);
  assert_int_equal (person (item, 1, 0), OUTBOX_READY);
}

/* Nothing can be written from now on. Returns the limit to be put back. */
static struct rlimit
fill_disk (void)
{
  struct rlimit whole, none;
  (void) signal (SIGXFSZ, SIG_IGN);
  assert_int_equal (getrlimit (RLIMIT_FSIZE, &whole), 0);
  none = (struct rlimit){ .rlim_cur = 1, .rlim_max = whole.rlim_max };
  assert_int_equal (setrlimit (RLIMIT_FSIZE, &none), 0);
  return whole;
}

/* What became of the item's first copy cannot be written down, since the disk is full; and what the outbox says of it just then. */
static struct outbox_item *
told_without_room (struct outbox *box, struct outbox_item *item, enum outbox_state state, const char *text)
{
  struct outbox_copy *copy = g_ptr_array_index (item->copies, 0);
  const struct rlimit whole = fill_disk ();
  outbox_person_set (&copy->people[0], state, text);
  const gboolean saved = outbox_save (box, item, copy, NULL);
  struct outbox_item *told = outbox_find (box, item->id, NULL);
  assert_int_equal (setrlimit (RLIMIT_FSIZE, &whole), 0);
  assert_false (saved);
  return told;
}

/* The server took it, and the disk is full: that is told, written down when there is room, and still there after a restart. */
static void
test_no_room (void **state)
{
  g_autofree char *id = NULL;
  {
    AUTOFREE (outbox) box = open_box ();
    id = submit (box, "m5@x");
    set (box, id, 0, OUTBOX_SENDING, "");
    AUTOFREE (outbox_item) item = outbox_find (box, id, NULL);
    AUTOFREE (outbox_item) told = told_without_room (box, item, OUTBOX_ACCEPTED, "taken");
    assert_int_equal (person (told, 0, 0), OUTBOX_ACCEPTED);
    g_ptr_array_unref (outbox_items (box));
  }
  AUTOFREE (outbox) box = open_box ();
  AUTOFREE (outbox_item) item = outbox_find (box, id, NULL);
  assert_int_equal (person (item, 0, 0), OUTBOX_ACCEPTED);
}

/* What could not be written down is true no more once the next try was: it must not make ready what is with the server just now. */
static void
test_no_room_then_again (void **state)
{
  g_autofree char *id = NULL;
  {
    AUTOFREE (outbox) box = open_box ();
    id = submit (box, "m6@x");
    set (box, id, 0, OUTBOX_SENDING, "");
    AUTOFREE (outbox_item) item = outbox_find (box, id, NULL);
    AUTOFREE (outbox_item) told = told_without_room (box, item, OUTBOX_READY, "not now");
    assert_int_equal (person (told, 0, 0), OUTBOX_READY);
    struct outbox_copy *copy = g_ptr_array_index (item->copies, 0);
    outbox_person_set (&copy->people[0], OUTBOX_SENDING, ""); /* the next run, right before DATA */
    assert_true (outbox_save (box, item, copy, NULL));
    assert_int_equal (state_of (box, id), OUTBOX_SENDING); /* somebody looks at the list */
  }
  AUTOFREE (outbox) box = open_box ();
  assert_int_equal (state_of (box, id), OUTBOX_UNKNOWN);
}

/* The server took it, that could not be written down, and then we died: it is not known any more, and nothing sends it by itself. */
static void
test_no_room_and_died (void **state)
{
  g_autofree char *id = NULL;
  {
    AUTOFREE (outbox) box = open_box ();
    id = submit (box, "m7@x");
    set (box, id, 1, OUTBOX_ACCEPTED, "");
    set (box, id, 0, OUTBOX_SENDING, "");
    AUTOFREE (outbox_item) item = outbox_find (box, id, NULL);
    AUTOFREE (outbox_item) told = told_without_room (box, item, OUTBOX_ACCEPTED, "taken");
    assert_int_equal (person (told, 0, 0), OUTBOX_ACCEPTED);
  }
  AUTOFREE (outbox) box = open_box ();
  AUTOFREE (outbox_item) item = outbox_find (box, id, NULL);
  assert_int_equal (outbox_item_state (item), OUTBOX_UNKNOWN);
  for (enum outbox_haste haste = OUTBOX_DUE; haste <= OUTBOX_ASKED; haste++)
    assert_false (outbox_item_due (item, haste, G_MAXINT64));
  g_autofree char *again = submit (box, "m7@x");
  assert_string_equal (again, id);
  assert_int_equal (state_of (box, id), OUTBOX_UNKNOWN);
}

/* Taken out for everybody: it was not sent, whatever ended us over it, and the same may be given anew. */
static void
test_dropped (void **state)
{
  g_autofree char *id = NULL;
  gboolean gone = FALSE;
  {
    AUTOFREE (outbox) box = open_box ();
    id = submit (box, "m8@x");
    for (guint i = 0; i < 2; i++)
      set (box, id, i, OUTBOX_DROPPED, "out");
    assert_int_equal (state_of (box, id), OUTBOX_DROPPED);
    assert_false (outbox_forget (box, id, NULL));
    g_autofree char *again = submit (box, "m8@x");
    assert_string_not_equal (again, id);
    g_free (g_steal_pointer (&id));
    id = g_steal_pointer (&again);
    for (guint i = 0; i < 2; i++)
      set (box, id, i, OUTBOX_DROPPED, "out");
  }
  AUTOFREE (outbox) box = open_box ();
  assert_null (outbox_find (box, id, NULL));
  /* It goes in one step, or not at all. */
  g_autofree char *other = submit (box, "m9@x");
  const struct rlimit whole = fill_disk ();
  const gboolean removed = outbox_decide_remove (box, other, &gone, NULL);
  assert_int_equal (setrlimit (RLIMIT_FSIZE, &whole), 0);
  assert_false (removed);
  assert_int_equal (state_of (box, other), OUTBOX_READY);
  assert_true (outbox_decide_remove (box, other, &gone, NULL) && gone);
  assert_null (outbox_find (box, other, NULL));
}

static void
test_filed (void **state)
{
  AUTOFREE (outbox) box = open_box ();
  g_autofree char *id = submit (box, "m4@x"), *path = g_build_filename (dir, id, NULL);
  assert_true (g_file_test (path, G_FILE_TEST_IS_DIR));
  for (guint i = 0; i < 2; i++)
    set (box, id, i, OUTBOX_ACCEPTED, "");
  assert_int_equal (state_of (box, id), OUTBOX_ACCEPTED);
  assert_true (outbox_forget (box, id, NULL));
  assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  assert_true (outbox_forget (box, id, NULL)); /* asked twice */
}

/* Each recipient of a copy has a state, a reason and a key of his own. */
static void
test_people (void **state)
{
  const char *const two[] = { "bob@x.test", "carol@x.test", "dave@x.test", NULL }, *const ids[] = { "pgp:01", NULL },
                    *const keys[] = { "AA", "BB", NULL };
  struct outbox_copy copy
      = { .method = ROUTE_PGP, .recipients = (GStrv) two, .ids = (GStrv) ids, .keys = (GStrv) keys };
  g_autoptr (GPtrArray) copies = g_ptr_array_new ();
  g_autofree char *id = NULL;
  g_ptr_array_add (copies, &copy);
  {
    AUTOFREE (outbox) box = open_box ();
    id = give (box, "p1@x", "", 0, copies, (const char *const[]){ "one", "sent" }, TRUE, NULL);
    AUTOFREE (outbox_item) item = outbox_find (box, id, NULL);
    struct outbox_copy *own = g_ptr_array_index (item->copies, 0);
    assert_int_equal (own->count, 3);
    outbox_person_set (&own->people[0], OUTBOX_ACCEPTED, "It took it.");
    outbox_person_set (&own->people[1], OUTBOX_FAILED, "It says no.");
    outbox_person_set (&own->people[2], OUTBOX_READY, "It says later.");
    outbox_item_postpone (item, OUTBOX_WAIT_SERVER, 1000);
    assert_true (outbox_save (box, item, own, NULL));
  }
  AUTOFREE (outbox) box = open_box ();
  AUTOFREE (outbox_item) item = outbox_find (box, id, NULL);
  const struct outbox_copy *own = g_ptr_array_index (item->copies, 0);
  assert_string_equal (own->people[1].address, "carol@x.test");
  assert_string_equal (own->people[1].key, "BB");
  assert_string_equal (own->people[2].key, "");
  assert_int_equal (person (item, 0, 0), OUTBOX_ACCEPTED);
  assert_int_equal (outbox_item_state (item), OUTBOX_FAILED);
  assert_int_equal (item->wait, OUTBOX_WAIT_SERVER);
  assert_true (item->next_try == 1060);
  g_autofree char *text = outbox_item_text (item);
  assert_string_equal (text, "It says no. The server took it for: bob@x.test. It did not go to: carol@x.test. "
                             "It is tried again for: dave@x.test.");
  /* Whoever has it is never sent to again. */
  assert_true (outbox_decide_retry (box, id, NULL));
  AUTOFREE (outbox_item) again = outbox_find (box, id, NULL);
  assert_int_equal (person (again, 0, 0), OUTBOX_ACCEPTED);
  assert_int_equal (person (again, 0, 1), OUTBOX_READY);
  assert_true (outbox_item_next (again) == 0);
}

/* Tries grow rare, are remembered over a restart, and nothing goes before the person's time. */
static void
test_times (void **state)
{
  AUTOFREE (outbox) box = open_box ();
  g_autofree char *id = submit (box, "t1@x");
  AUTOFREE (outbox_item) item = outbox_find (box, id, NULL);
  assert_true (outbox_item_due (item, OUTBOX_DUE, 0));
  gint64 before = 0, now = 1000;
  for (guint i = 0; i < 10; i++) {
    outbox_item_postpone (item, OUTBOX_WAIT_LINE, now);
    assert_true (item->next_try - now >= before && item->next_try - now >= 30 && item->next_try - now <= 900);
    before = item->next_try - now;
  }
  assert_int_equal (before, 900);
  assert_false (outbox_item_due (item, OUTBOX_DUE, item->next_try - 1));
  assert_true (outbox_item_due (item, OUTBOX_DUE, item->next_try));
  assert_true (outbox_item_due (item, OUTBOX_LINE_IS_BACK, now));
  item->wait = OUTBOX_WAIT_SERVER;
  assert_false (outbox_item_due (item, OUTBOX_LINE_IS_BACK, now));
  assert_true (outbox_item_due (item, OUTBOX_NOW, now));
  outbox_item_postpone (item, OUTBOX_WAIT_SIGN_IN, now);
  assert_false (outbox_item_due (item, OUTBOX_NOW, G_MAXINT64));
  assert_true (outbox_item_next (item) == G_MAXINT64);
  assert_true (outbox_item_due (item, OUTBOX_ASKED, now));
  item->not_before = now + 10;
  assert_false (outbox_item_due (item, OUTBOX_ASKED, now));
  outbox_item_at_once (item);
  assert_true (outbox_item_due (item, OUTBOX_DUE, now));
}

static void
test_decisions (void **state)
{
  gboolean gone = FALSE;
  g_autoptr (GError) error = NULL;
  AUTOFREE (outbox) box = open_box ();
  g_autofree char *id = submit (box, "d1@x");
  /* Stopped: it waits, whatever is due, until somebody sends it. */
  assert_true (outbox_decide_stop (box, id, NULL));
  AUTOFREE (outbox_item) stopped = outbox_find (box, id, NULL);
  assert_false (outbox_item_due (stopped, OUTBOX_ASKED, G_MAXINT64));
  assert_true (outbox_decide_retry (box, id, NULL));
  AUTOFREE (outbox_item) ready = outbox_find (box, id, NULL);
  assert_true (outbox_item_due (ready, OUTBOX_DUE, 0));
  /* Nothing is unknown of it. */
  assert_false (outbox_decide_arrived (box, id, &error));
  assert_non_null (error);
  g_clear_error (&error);
  set (box, id, 0, OUTBOX_UNKNOWN, "who knows");
  set (box, id, 1, OUTBOX_SENDING, "");
  assert_false (outbox_decide_remove (box, id, &gone, NULL));
  set (box, id, 1, OUTBOX_FAILED, "no");
  assert_true (outbox_decide_arrived (box, id, NULL));
  assert_false (outbox_decide_stop (box, id, NULL));
  /* What some have is filed for them; the others are out of it. */
  assert_true (outbox_decide_remove (box, id, &gone, NULL));
  assert_false (gone);
  assert_int_equal (state_of (box, id), OUTBOX_ACCEPTED);
  {
    AUTOFREE (outbox_item) item = outbox_find (box, id, NULL);
    g_autofree char *text = outbox_item_text (item);
    assert_string_equal (text, "You said that it arrived. The server took it for: bob@x.test. "
                               "It was not sent to: carol@x.test, erin@x.test.");
  }
  assert_true (outbox_forget (box, id, NULL));
  g_autofree char *other = submit (box, "d2@x"), *path = g_build_filename (dir, other, NULL);
  assert_true (outbox_decide_hold (box, other, "CAROL@x.test", "Her key was revoked.", NULL));
  AUTOFREE (outbox_item) held = outbox_find (box, other, NULL);
  assert_int_equal (person (held, 1, 0), OUTBOX_FAILED);
  assert_int_equal (person (held, 1, 1), OUTBOX_READY);
  assert_true (outbox_decide_remove (box, other, &gone, NULL));
  assert_true (gone);
  assert_null (outbox_find (box, other, NULL));
  assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
}

/* A profile of the version before, with a state for each copy, is taken over as it is. */
static void
test_older_record (void **state)
{
  static const char *const statements[] = {
    "CREATE TABLE items (id TEXT PRIMARY KEY, message_id TEXT NOT NULL, sender TEXT NOT NULL, draft_path TEXT NOT "
    "NULL, date INTEGER NOT NULL)",
    "CREATE TABLE copies (item TEXT NOT NULL, number INTEGER NOT NULL, method INTEGER NOT NULL, recipients TEXT NOT "
    "NULL, ids TEXT NOT NULL, state INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (item, number))",
    "INSERT INTO items VALUES ('i1', 'm@x', 'alice@x.test', '', 1000)",
    "INSERT INTO copies VALUES ('i1', 0, 1, 'bob@x.test' || char(10) || 'carol@x.test', 'id', 2, 'taken')",
    "INSERT INTO copies VALUES ('i1', 1, 2, 'dave@x.test', 'id', 3, 'refused')",
    "INSERT INTO copies VALUES ('i1', 2, 2, 'erin@x.test', 'id', 1, '')",
    "INSERT INTO copies VALUES ('i1', 3, 2, 'frank@x.test', 'id', 0, 'later')",
  };
  g_autofree char *older = g_build_filename (dir, "older", NULL), *item_dir = g_build_filename (older, "i1", NULL),
                  *file = g_build_filename (older, "outbox.db", NULL);
  assert_int_equal (g_mkdir_with_parents (item_dir, 0700), 0);
  sqlite3 *db = NULL;
  assert_int_equal (sqlite3_open (file, &db), SQLITE_OK);
  for (gsize i = 0; i < G_N_ELEMENTS (statements); i++)
    assert_int_equal (sqlite3_exec (db, statements[i], NULL, NULL, NULL), SQLITE_OK);
  sqlite3_close (db);
  for (guint round = 0; round < 2; round++) {
    AUTOFREE (outbox) box = outbox_open (older, NULL);
    assert_non_null (box);
    AUTOFREE (outbox_item) item = outbox_find (box, "i1", NULL);
    assert_int_equal (item->copies->len, 4);
    assert_int_equal (person (item, 0, 0), OUTBOX_ACCEPTED);
    assert_int_equal (person (item, 0, 1), OUTBOX_ACCEPTED);
    assert_int_equal (person (item, 1, 0), OUTBOX_FAILED);
    assert_int_equal (person (item, 2, 0), OUTBOX_UNKNOWN); /* it was under way */
    assert_int_equal (person (item, 3, 0), OUTBOX_READY);
    assert_string_equal (((struct outbox_copy *) g_ptr_array_index (item->copies, 1))->people[0].text, "refused");
    assert_true (outbox_item_due (item, OUTBOX_DUE, 1));
    assert_true (g_file_test (item_dir, G_FILE_TEST_IS_DIR));
  }
  /* What a newer one wrote is left alone. */
  assert_int_equal (sqlite3_open (file, &db), SQLITE_OK);
  assert_int_equal (sqlite3_exec (db, "PRAGMA user_version = 99", NULL, NULL, NULL), SQLITE_OK);
  sqlite3_close (db);
  g_autoptr (GError) error = NULL;
  assert_null (outbox_open (older, &error));
  assert_non_null (strstr (error->message, "newer"));
}

/* A note is none of the other kinds, also after a restart, and who was sent one is known for a day. */
static void
test_note (void **state)
{
  const char *const dave[] = { "Dave@x.test", NULL }, *const none[] = { NULL };
  struct outbox_copy note = { .note = TRUE, .recipients = (GStrv) dave, .ids = (GStrv) none };
  g_autoptr (GPtrArray) copies = g_ptr_array_new ();
  const char *const texts[] = { "note", "sent" };
  gint64 now = g_get_real_time () / G_USEC_PER_SEC, before = now - 25 * 3600;
  g_autofree char *id = NULL, *old = NULL;
  g_ptr_array_add (copies, &note);
  {
    AUTOFREE (outbox) box = open_box ();
    assert_int_equal (outbox_told (box, "dave@x.test"), 0);
    old = give (box, "n0@x", "", before, copies, texts, TRUE, NULL);
    assert_non_null (old);
    assert_int_equal (outbox_told (box, "dave@x.test"), 0);
    id = give (box, "n1@x", "", now, copies, texts, TRUE, NULL);
    assert_non_null (id);
  }
  AUTOFREE (outbox) box = open_box ();
  AUTOFREE (outbox_item) item = outbox_find (box, id, NULL);
  const struct outbox_copy *copy = g_ptr_array_index (item->copies, 0);
  assert_true (copy->note);
  assert_int_equal (copy->method, ROUTE_HOLD);
  assert_true (item->date == now);
  assert_true (outbox_told (box, "dave@x.test") == now);
  assert_int_equal (outbox_told (box, "bob@x.test"), 0);
}

static guint
entries_of_dir (void)
{
  guint count = 0;
  GDir *list = g_dir_open (dir, 0, NULL);
  while (g_dir_read_name (list) != NULL)
    count++;
  g_dir_close (list);
  return count;
}

/* What the check refuses leaves nothing. */
static void
test_refused (void **state)
{
  const char *const bob[] = { "bob@x.test", NULL }, *const ids[] = { "pgp:0123456789ABCDEF", NULL };
  struct outbox_copy copy = { .method = ROUTE_PGP, .recipients = (GStrv) bob, .ids = (GStrv) ids };
  g_autoptr (GPtrArray) copies = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  AUTOFREE (outbox) box = open_box ();
  g_autoptr (GPtrArray) before = outbox_items (box);
  const guint entries = entries_of_dir ();
  g_ptr_array_add (copies, &copy);
  assert_null (give (box, "r@x", "", 0, copies, (const char *const[]){ "one", "sent" }, FALSE, &error));
  assert_string_equal (error->message, "not this one");
  g_autoptr (GPtrArray) items = outbox_items (box);
  assert_int_equal (items->len, before->len);
  assert_int_equal (entries_of_dir (), entries);
}

/* A submission that was cut off left a folder that nobody was told about. */
static void
test_leftovers (void **state)
{
  g_autofree char *stray = g_build_filename (dir, "stray", NULL), *file = g_build_filename (stray, "copy-0.eml", NULL);
  g_mkdir (stray, 0700);
  g_file_set_contents (file, "x", 1, NULL);
  AUTOFREE (outbox) box = open_box ();
  assert_false (g_file_test (stray, G_FILE_TEST_EXISTS));
  g_autoptr (GPtrArray) items = outbox_items (box);
  for (guint i = 0; i < items->len; i++) {
    g_autoptr (GBytes) message
        = outbox_message (box, ((struct outbox_item *) g_ptr_array_index (items, i))->id, 0, NULL);
    assert_non_null (message);
  }
}

int
main (void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test (test_survives),
                                      cmocka_unit_test (test_given_twice),
                                      cmocka_unit_test (test_same_id_other_people),
                                      cmocka_unit_test (test_record_gone),
                                      cmocka_unit_test (test_died_while_sending),
                                      cmocka_unit_test (test_no_room),
                                      cmocka_unit_test (test_no_room_then_again),
                                      cmocka_unit_test (test_no_room_and_died),
                                      cmocka_unit_test (test_dropped),
                                      cmocka_unit_test (test_filed),
                                      cmocka_unit_test (test_note),
                                      cmocka_unit_test (test_refused),
                                      cmocka_unit_test (test_leftovers),
                                      cmocka_unit_test (test_people),
                                      cmocka_unit_test (test_times),
                                      cmocka_unit_test (test_decisions),
                                      cmocka_unit_test (test_older_record) };
  return cmocka_run_group_tests (tests, setup, teardown);
}
