/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Pulling a folder while the person does something to that very folder: its mail comes from a scripted server. */
#include "mail/engine.h"
#include "mail/net/imap.h"
#include "mail/net/stream.h"
#include "mail/store/maildir.h"
#include "mail/store/sync_p.h"
#include "tests/wire/peer.h"
#include "tests/wire/peer_cert.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define SESSION                                                                                                        \
  "S: * OK ready", "C: STARTTLS", "S: $TAG OK begin", "TLS", "C: CAPABILITY",                                          \
      "S: * CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR IDLE UIDPLUS MOVE", "S: $TAG OK done", "C: AUTHENTICATE PLAIN",    \
      "S: $TAG OK welcome", "C: CAPABILITY", "S: * CAPABILITY IMAP4rev1 IDLE UIDPLUS MOVE", "S: $TAG OK done"
#define HEAD(n, uid) "S: * " n " FETCH (UID " uid " FLAGS () RFC822.SIZE 3 INTERNALDATE \"17-Jul-2026 02:44:25 +0000\")"
#define BODY(n, uid) "S> * " n " FETCH (UID " uid " FLAGS () BODY[] {3}\r\na\r\n)\r\n"

struct world {
  char *dir, *root;
  struct state *state; /* the sync's */
  struct sync *sync;
  gint64 folder;
  guint told; /* mails */
  enum when { NEVER, WITH_HEADS, WITH_BODIES } when;
};

static gboolean
on_event (const char *event, GVariant *fields, gpointer data)
{
  struct world *world = data;
  world->told += strcmp (event, "mails") == 0 ? 1 : 0;
  g_variant_unref (g_variant_ref_sink (fields));
  return TRUE;
}

/* Let in while the server is waited for. */
static enum stream_served
on_guest (gpointer data)
{
  struct world *world = data;
  guint mails;
  const gboolean now = world->when == WITH_HEADS || (world->when == WITH_BODIES && world->sync->pulling != 0);
  if (now) {
    world->when = NEVER;
    assert_true (sync_folder (world->sync, "remove", "Ward", "", &mails, NULL));
  }
  return STREAM_UNSERVED;
}

static int
setup (void **state)
{
  struct world *world = g_new0 (struct world, 1);
  world->dir = g_dir_make_tmp ("pull-XXXXXX", NULL);
  world->root = g_build_filename (world->dir, "mail", NULL);
  g_autofree char *file = g_build_filename (world->dir, "state.db", NULL);
  world->state = state_open (file, NULL);
  assert_non_null (world->state);
  world->sync = sync_new (world->state, world->root, g_variant_new ("a{sv}", NULL), on_event, world);
  const struct stream_guest guest = { open ("/dev/null", O_RDONLY | O_CLOEXEC), on_guest, world };
  sync_set_guest (world->sync, &guest);
  AUTOFREE (state_folder) folder = state_folder_add (world->state, "Ward", '/', "Ward");
  folder->present = TRUE;
  state_folder_save (world->state, folder);
  state_folder_want (world->state, folder);
  world->folder = folder->id;
  *state = world;
  return 0;
}

static int
teardown (void **state)
{
  struct world *world = *state;
  const char *argv[] = { "rm", "-rf", world->dir, NULL };
  close (world->sync->guest.wake_fd);
  sync_free (world->sync);
  g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL);
  g_free (world->dir);
  g_free (world->root);
  g_free (world);
  return 0;
}

/* A session with a server of that script, for one thing to be done in it. */
static void
meet (struct world *world, const char *const *script, void (*act) (struct world *world, struct imap *imap))
{
  const struct remote remote = { .host = (char *) "mail.test",
                                 .port = 143,
                                 .starttls = TRUE,
                                 .auth = (char *) "password",
                                 .user = (char *) "alice",
                                 .ca_file = peer_anchors,
                                 .timeout_ms = 5000 };
  g_autoptr (GError) error = NULL;
  int fd;
  struct peer *peer = peer_start (script, peer_cert, peer_key, &fd);
  AUTOFREE (secret) secret = secret_new ("secret", 6);
  struct imap *imap = imap_open_over (stream_new_take (fd, &remote), &remote, secret, &error);
  if (imap == NULL)
    fail_msg ("%s", error->message);
  act (world, imap);
  imap_close (imap);
  g_autofree char *problem = peer_stop (peer, NULL);
  assert_null (problem);
}

static void
pull_all (struct world *world, struct imap *imap)
{
  g_autoptr (GError) error = NULL;
  sync_schedule (world->sync, TRUE);
  if (sync_pull (world->sync, imap, TRUE, &error) != SYNC_DONE)
    fail_msg ("%s", error != NULL ? error->message : "it is not done");
}

static void
pull (struct world *world, const char *const *script)
{
  meet (world, script, pull_all);
}

#define OPENED                                                                                                         \
  "C: SELECT", "S: * 2 EXISTS", "S: * OK [UIDVALIDITY 7] x", "S: * OK [UIDNEXT 9] x", "S: $TAG OK [READ-WRITE] done"
#define SELECTED SESSION, OPENED, "C: UID FETCH 1:*", HEAD ("1", "7"), HEAD ("2", "8"), "S: $TAG OK done"
static const char *const whole[]
    = { SELECTED, "C: UID FETCH 7:8", BODY ("1", "7"), BODY ("2", "8"), "S: $TAG OK done", "HANG", NULL };

static guint
files_in (struct world *world)
{
  g_autofree char *dir = g_build_filename (world->root, "Ward", NULL);
  g_autoptr (GPtrArray) files = maildir_list (dir);
  return files->len;
}

static void
is_gone (struct world *world)
{
  AUTOFREE (state_folder) folder = state_folder_get (world->state, world->folder);
  g_autoptr (GPtrArray) mails = state_mails (world->state, world->folder, STATE_ALL);
  assert_true (folder->removing);
  assert_int_equal (mails->len, 0);
  assert_int_equal (world->told, 0);
  assert_int_equal (files_in (world), 0);
  /* What came there and was not seen is not counted as seen: it keeps the folder from being removed there. */
  assert_int_equal (folder->uidnext, 0);
}

static void
test_pull (void **state)
{
  struct world *world = *state;
  pull (world, whole);
  g_autoptr (GPtrArray) mails = state_mails (world->state, world->folder, STATE_ALL);
  AUTOFREE (state_folder) folder = state_folder_get (world->state, world->folder);
  assert_int_equal (mails->len, 2);
  assert_int_equal (files_in (world), 2);
  assert_int_equal (folder->uidnext, 9);
}

/* Of very many the end is listed first, and fetched before the others are listed; some may come twice then. */
static void
test_slices (void **state)
{
#define MANY                                                                                                           \
  SESSION, "C: SELECT", "S: * 12000 EXISTS", "S: * OK [UIDVALIDITY 7] x", "S: * OK [UIDNEXT 90001] x",                 \
      "S: $TAG OK [READ-WRITE] done"
  static const char *const script[] = { MANY,
                                        "C: FETCH 11901:12000 (",
                                        "S: $TAG OK done",
                                        "C: FETCH 6001:* (UID FLAGS RFC822.SIZE",
                                        HEAD ("6002", "80"),
                                        HEAD ("6001", "70"),
                                        "S: $TAG OK done",
                                        "C: UID FETCH 70,80 (",
                                        BODY ("6001", "70"),
                                        BODY ("6002", "80"),
                                        "S: $TAG OK done",
                                        "C: FETCH 1:6000 (UID FLAGS RFC822.SIZE",
                                        HEAD ("3", "5"),
                                        HEAD ("4", "6"),
                                        HEAD ("5", "70"),
                                        "S: $TAG OK done",
                                        "C: UID FETCH 5:6 (",
                                        BODY ("3", "5"),
                                        BODY ("4", "6"),
                                        "S: $TAG OK done",
                                        "HANG",
                                        NULL };
  struct world *world = *state;
  pull (world, script);
  g_autoptr (GPtrArray) mails = state_mails (world->state, world->folder, STATE_ALL);
  AUTOFREE (state_folder) folder = state_folder_get (world->state, world->folder);
  assert_int_equal (mails->len, 4);
  assert_int_equal (folder->uidnext, 90001);
}

static void
put (struct world *world, guint32 uid)
{
  g_autofree char *base = g_strdup_printf ("U7.%u", uid), *dir = g_build_filename (world->root, "Ward", NULL),
                  *path = maildir_path (dir, base, "");
  struct state_mail mail = { .folder = world->folder, .uid = uid, .base = base };
  assert_true (maildir_make (dir, NULL) && g_file_set_contents (path, "a", 1, NULL));
  state_mail_save (world->state, &mail);
}

/* All flags of very many: what is gone, changed or was missed is found in every slice, also where one came twice or has nothing. */
static void
test_slices_compared (void **state)
{
#define FLAGS(n, uid, flags) "S: * " n " FETCH (UID " uid " FLAGS (" flags "))"
  static const char *const script[] = { MANY,
                                        "C: FETCH 6001:* (UID FLAGS)",
                                        FLAGS ("2", "4", "\\Seen"), /* somebody changed it just now */
                                        FLAGS ("6002", "80", "\\Seen"),
                                        FLAGS ("6001", "70", ""),
                                        FLAGS ("6003", "90100", ""),
                                        "S: $TAG OK done",
                                        "C: FETCH 1:6000 (UID FLAGS)",
                                        FLAGS ("2", "4", ""),
                                        FLAGS ("3", "6", "\\Flagged"),
                                        FLAGS ("5", "68", ""),
                                        FLAGS ("6000", "70", ""),
                                        "S: $TAG OK done",
                                        "C: FETCH 6001:* (UID FLAGS RFC822.SIZE",
                                        HEAD ("6001", "70"),
                                        FLAGS ("6002", "80", "\\Seen"),
                                        "S: $TAG OK done",
                                        "C: FETCH 1:6000 (UID FLAGS RFC822.SIZE",
                                        HEAD ("2", "4"),
                                        FLAGS ("3", "6", "\\Flagged"),
                                        HEAD ("5", "68"),
                                        "S: $TAG OK done",
                                        "C: UID FETCH 4 (",
                                        BODY ("2", "4"),
                                        "S: $TAG OK done",
                                        "HANG",
                                        NULL };
  static const guint32 here[] = { 3, 6, 68, 69, 70, 75, 80 }, left[] = { 4, 6, 68, 70, 80 };
  static const char *const flags[] = { "", "F", "", "", "S" };
  struct world *world = *state;
  AUTOFREE (state_folder) folder = state_folder_get (world->state, world->folder);
  state_begin (world->state);
  for (gsize i = 0; i < G_N_ELEMENTS (here); i++)
    put (world, here[i]);
  folder->uidnext = 90001;
  folder->uidvalidity = 7;
  state_folder_save (world->state, folder);
  assert_true (state_commit (world->state, NULL));
  pull (world, script);
  g_autoptr (GPtrArray) mails = state_mails (world->state, world->folder, STATE_ALL);
  assert_int_equal (mails->len, G_N_ELEMENTS (left));
  assert_int_equal (files_in (world), G_N_ELEMENTS (left));
  for (gsize i = 0; i < G_N_ELEMENTS (left); i++) {
    AUTOFREE (state_mail) mail = state_mail_by_uid (world->state, world->folder, left[i]);
    assert_non_null (mail);
    assert_string_equal (mail->flags, flags[i]);
  }
}

/* More on record than is looked up at a time: every second mail is gone, and one is new, behind an interrupted pull. */
static void
test_many_known (void **state)
{
  static const char *const begin[] = { SESSION,
                                       "C: SELECT",
                                       "S: * 601 EXISTS",
                                       "S: * OK [UIDVALIDITY 7] x",
                                       "S: * OK [UIDNEXT 1202] x",
                                       "S: $TAG OK [READ-WRITE] done" };
  static const char *const end[] = { "C: UID FETCH 1201 (", BODY ("601", "1201"), "S: $TAG OK done", "HANG", NULL };
  static const char *const commands[] = { "C: UID FETCH 1:* (UID FLAGS RFC822.SIZE", "C: UID FETCH 1:* (UID FLAGS)" };
  struct world *world = *state;
  g_autoptr (GPtrArray) script = g_ptr_array_new (), lines = g_ptr_array_new_with_free_func (g_free);
  for (guint uid = 1; uid <= 1201; uid += 2)
    g_ptr_array_add (lines, g_strdup_printf (HEAD ("%u", "%u"), uid / 2 + 1, uid));
  for (gsize i = 0; i < G_N_ELEMENTS (begin); i++)
    g_ptr_array_add (script, (gpointer) begin[i]);
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++) {
    g_ptr_array_add (script, (gpointer) commands[i]);
    for (guint k = 0; k < lines->len; k++)
      g_ptr_array_add (script, g_ptr_array_index (lines, k));
    g_ptr_array_add (script, (gpointer) "S: $TAG OK done");
  }
  for (gsize i = 0; i < G_N_ELEMENTS (end); i++)
    g_ptr_array_add (script, (gpointer) end[i]);
  AUTOFREE (state_folder) folder = state_folder_get (world->state, world->folder);
  state_begin (world->state);
  for (guint32 uid = 1; uid <= 1200; uid++)
    put (world, uid);
  folder->uidvalidity = 7;
  state_folder_save (world->state, folder);
  assert_true (state_commit (world->state, NULL));
  pull (world, (const char *const *) script->pdata);
  g_autoptr (GPtrArray) mails = state_mails (world->state, world->folder, STATE_ALL);
  assert_int_equal (mails->len, 601);
  assert_int_equal (files_in (world), 601);
  for (guint i = 0; i < mails->len; i++)
    assert_int_equal (((struct state_mail *) g_ptr_array_index (mails, i))->uid % 2, 1);
}

/* There never was anything in it, as the list of folders told: it need not be opened. One that has another UIDVALIDITY than before has to be. */
static void
test_told_empty (void **state)
{
  static const char *const none[] = { SESSION, "HANG", NULL };
  static const char *const some[]
      = { SESSION,          OPENED,          "C: UID FETCH 1:*", HEAD ("1", "7"), "S: $TAG OK done",
          "C: UID FETCH 7", BODY ("1", "7"), "S: $TAG OK done",  "HANG",          NULL };
  struct world *world = *state;
  struct imap_folder told = { .path = (char *) "Ward", .told = TRUE, .status = { .uidvalidity = 7, .uidnext = 3 } };
  g_autoptr (GPtrArray) listed = g_ptr_array_new ();
  g_ptr_array_add (listed, &told);
  for (guint32 before = 0; before < 3; before++) {
    AUTOFREE (state_folder) folder = state_folder_get (world->state, world->folder);
    folder->uidnext = 0;
    folder->uidvalidity = before == 1 ? 7 : before;
    state_folder_save (world->state, folder);
    sync_heads_told (world->sync, listed);
    pull (world, before < 2 ? none : some);
    AUTOFREE (state_folder) now = state_folder_get (world->state, world->folder);
    assert_int_equal (now->uidvalidity, 7);
    assert_int_equal (now->uidnext, before < 2 ? 3 : 9);
  }
  assert_int_equal (files_in (world), 1);
}

static void
test_removed_meanwhile (void **state)
{
  struct world *world = *state;
  world->when = WITH_BODIES;
  pull (world, whole);
  is_gone (world);
}

static void
test_removed_before (void **state)
{
  static const char *const heads[] = { SELECTED, "HANG", NULL };
  struct world *world = *state;
  world->when = WITH_HEADS;
  pull (world, heads);
  is_gone (world);
}

/* Somebody opens a mail of which the server hands out nothing: he hears so, and its header stays. */
static void
open_empty (struct world *world, struct imap *imap)
{
  AUTOFREE (state_mail) mail = state_mail_by_uid (world->state, world->folder, 7);
  g_autofree char *dir = g_build_filename (world->root, "Ward", NULL),
                  *path = maildir_locate (dir, mail->base, mail->flags), *got = NULL;
  g_autoptr (GError) error = NULL;
  assert_int_equal (sync_fetch_body (world->sync, imap, path, &got, &error), SYNC_BODY_FAILED);
  assert_true (g_error_matches (error, ENGINE_ERROR, ENGINE_ERROR_FAILED));
  assert_null (got);
  assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
  assert_false (imap_is_lost (imap));
}

/* The server tells that a mail has a size, and then hands out nothing: its header stands for it, and the next pull asks for it once more. */
static void
test_empty (void **state)
{
#define EMPTY(n, uid) "S> * " n " FETCH (UID " uid " FLAGS () BODY[] {0}\r\n)\r\n"
  static const char *const first[] = { SELECTED,
                                       "C: UID FETCH 7:8",
                                       EMPTY ("1", "7"),
                                       BODY ("2", "8"),
                                       "S: $TAG OK done",
                                       "C: UID FETCH 7 (UID FLAGS BODY.PEEK[HEADER]<0.65536>)",
                                       "S> * 1 FETCH (UID 7 FLAGS () BODY[HEADER]<0> {3}\r\na\r\n)\r\n",
                                       "S: $TAG OK done",
                                       "HANG",
                                       NULL };
  static const char *const second[] = { SESSION,
                                        OPENED,
                                        "C: UID FETCH 1:* (UID FLAGS)",
                                        "S: * 1 FETCH (UID 7 FLAGS ())",
                                        "S: * 2 FETCH (UID 8 FLAGS ())",
                                        "S: $TAG OK done",
                                        "C: UID FETCH 7 (UID FLAGS BODY.PEEK[])",
                                        EMPTY ("1", "7"),
                                        "S: $TAG OK done",
                                        "HANG",
                                        NULL };
  static const char *const third[] = { SESSION,
                                       OPENED,
                                       "C: UID FETCH 1:* (UID FLAGS)",
                                       "S: * 1 FETCH (UID 7 FLAGS ())",
                                       "S: * 2 FETCH (UID 8 FLAGS ())",
                                       "S: $TAG OK done",
                                       "C: UID FETCH 7 (UID FLAGS BODY.PEEK[])",
                                       BODY ("1", "7"),
                                       "S: $TAG OK done",
                                       "HANG",
                                       NULL };
  static const char *const opened[] = {
    SESSION, OPENED, "C: UID FETCH 7 (UID FLAGS BODY.PEEK[])", EMPTY ("1", "7"), "S: $TAG OK done", "HANG", NULL
  };
  const char *const *const scripts[] = { first, second, third };
  struct world *world = *state;
  for (gsize i = 0; i < G_N_ELEMENTS (scripts); i++) {
    pull (world, scripts[i]);
    AUTOFREE (state_mail) missing = state_mail_by_uid (world->state, world->folder, 7);
    AUTOFREE (state_mail) other = state_mail_by_uid (world->state, world->folder, 8);
    assert_non_null (missing);
    assert_int_equal (missing->header_only, i < 2);
    assert_false (other->header_only);
    assert_int_equal (files_in (world), 2);
    if (i == 0)
      meet (world, opened, open_empty);
  }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown (test_pull, setup, teardown),
    cmocka_unit_test_setup_teardown (test_told_empty, setup, teardown),
    cmocka_unit_test_setup_teardown (test_slices, setup, teardown),
    cmocka_unit_test_setup_teardown (test_slices_compared, setup, teardown),
    cmocka_unit_test_setup_teardown (test_many_known, setup, teardown),
    cmocka_unit_test_setup_teardown (test_removed_meanwhile, setup, teardown),
    cmocka_unit_test_setup_teardown (test_removed_before, setup, teardown),
    cmocka_unit_test_setup_teardown (test_empty, setup, teardown),
  };
  return cmocka_run_group_tests (tests, peer_cert_setup, peer_cert_teardown);
}
