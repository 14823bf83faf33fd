/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Import from a stream, by itself and through the real worker process in its sandbox. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mail/archive/import.h"
#include "mail/engine.h"
#include "mail/engine/channel.h"
#include "mail/workers/worker.h"

struct world {
  char *dir, *index_dir, *mail_dir, *cur;
  struct index_db *db;
  guint progress;
};

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *child = g_build_filename (path, name, NULL);
    if (g_file_test (child, G_FILE_TEST_IS_DIR) && !g_file_test (child, G_FILE_TEST_IS_SYMLINK))
      remove_tree (child);
    else
      (void) g_unlink (child);
  }
  (void) g_rmdir (path);
}

static int
set_up (void **state)
{
  struct world *world = g_new0 (struct world, 1);
  world->dir = g_dir_make_tmp ("wm-import-XXXXXX", NULL);
  world->index_dir = g_build_filename (world->dir, "index", NULL);
  world->mail_dir = g_build_filename (world->dir, "mail", NULL);
  world->cur = g_build_filename (world->mail_dir, "local", "Old mail", "cur", NULL);
  assert_int_equal (g_mkdir (world->mail_dir, 0700) | g_mkdir (world->index_dir, 0700), 0);
  world->db = index_db_new (world->index_dir, world->mail_dir, TRUE, NULL);
  assert_non_null (world->db);
  *state = world;
  return 0;
}

static int
tear_down (void **state)
{
  struct world *world = *state;
  index_db_free (world->db);
  remove_tree (world->dir);
  g_free (world->dir);
  g_free (world->index_dir);
  g_free (world->mail_dir);
  g_free (world->cur);
  g_free (world);
  return 0;
}

static void
add_flagged (GByteArray *stream, const char *bytes, gsize size, guint8 flags)
{
  guint32 length = GUINT32_TO_BE ((guint32) size);
  g_byte_array_append (stream, (const guint8 *) &length, sizeof length);
  g_byte_array_append (stream, &flags, 1);
  g_byte_array_append (stream, (const guint8 *) bytes, (guint) size);
}

static void
add_bytes (GByteArray *stream, const char *bytes, gsize size)
{
  add_flagged (stream, bytes, size, 1);
}

static void
add_message (GByteArray *stream, guint number, const char *body)
{
  g_autofree char *text
      = g_strdup_printf ("From: a@example.org\nTo: b@example.org\nSubject: mail %u\nMessage-ID: <%u@x>\n"
                         "Date: 1 Nov 2023 10:%02u:00 +0000\n\n%s\n",
                         number, number, number % 60, body);
  add_bytes (stream, text, strlen (text));
}

static void
add_encrypted (GByteArray *stream)
{
  static const char text[]
      = "From: a@example.org\nSubject: ...\nMessage-ID: <enc@x>\nDate: 1 Nov 2023 10:00:00 +0000\nMIME-Version: 1.0\n"
        "Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b\n\n--b\n"
        "Content-Type: application/pgp-encrypted\n\nVersion: 1\n\n--b\nContent-Type: application/octet-stream\n\n"
        "-----BEGIN PGP MESSAGE-----\n\nxx\n-----END PGP MESSAGE-----\n--b--\n";
  add_bytes (stream, text, sizeof text - 1);
}

static void
add_end (GByteArray *stream)
{
  static const guint8 end[4];
  g_byte_array_append (stream, end, sizeof end);
}

struct feed {
  GByteArray *stream;
  int fd;
};

static gpointer
feed (gpointer data)
{
  struct feed *feeding = data;
  gsize done = 0;
  while (done < feeding->stream->len) {
    ssize_t wrote = write (feeding->fd, feeding->stream->data + done,
                           MIN (feeding->stream->len - done, (gsize) 3001)); /* odd pieces */
    if (wrote <= 0)
      break;
    done += (gsize) wrote;
  }
  close (feeding->fd);
  return NULL;
}

static void
count_progress (guint done, gpointer data)
{
  struct world *world = data;
  assert_true (done > world->progress);
  world->progress = done;
}

static gboolean
run (struct world *world, GByteArray *stream, const char *folder, struct import *import, GError **error)
{
  int ends[2];
  assert_int_equal (pipe (ends), 0);
  struct feed feeding = { .stream = stream, .fd = ends[1] };
  GThread *thread = g_thread_new ("feed", feed, &feeding);
  world->progress = 0;
  import_init (import);
  gboolean done = import_stream (world->db, world->mail_dir, ends[0], folder, count_progress, world, import, error);
  close (ends[0]);
  g_thread_join (thread);
  return done;
}

static guint
count (struct world *world, const char *query)
{
  guint found = 0;
  assert_true (index_query_count (world->db, query, &found, NULL));
  return found;
}

static guint
files_in (const char *path)
{
  guint found = 0;
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  while (dir != NULL && g_dir_read_name (dir) != NULL)
    found++;
  return found;
}

static void
test_import (void **state)
{
  struct world *world = *state;
  struct import import;
  g_autoptr (GByteArray) stream = g_byte_array_new ();
  for (guint i = 0; i < 450; i++)
    add_message (stream, i, i == 77 ? "needle" : "hay");
  add_message (stream, 449, "hay"); /* the same mail again */
  add_encrypted (stream);
  add_end (stream);
  assert_true (run (world, stream, "Old mail", &import, NULL));
  assert_int_equal (import.imported, 452);
  assert_int_equal (import.skipped, 0);
  assert_int_equal (import.protected->len, 1);
  assert_true (g_file_test (g_ptr_array_index (import.protected, 0), G_FILE_TEST_IS_REGULAR));
  assert_int_equal (world->progress, 400);
  assert_int_equal (files_in (world->cur), 451);
  assert_int_equal (count (world, "tag:imported"), 450);
  assert_int_equal (count (world, "tag:unread or tag:inbox"), 0);
  assert_int_equal (count (world, "needle"), 1);
  assert_int_equal (count (world, "path:\"local/Old mail/cur\""), 450);
  import_clear (&import);
  /* once more: nothing comes twice, and what is protected is reported again */
  assert_true (run (world, stream, "Old mail", &import, NULL));
  assert_int_equal (import.imported, 452);
  assert_int_equal (import.protected->len, 1);
  assert_int_equal (files_in (world->cur), 451);
  assert_int_equal (count (world, "*"), 450);
  import_clear (&import);
}

/* Read state, flag and answer come along, and a second import does not undo what was done since. */
static void
test_flags (void **state)
{
  struct world *world = *state;
  static const struct {
    guint8 flags;
    const char *query;
  } cases[] = {
    { 0, "tag:unread and not (tag:flagged or tag:replied or tag:passed)" },
    { 1, "not (tag:unread or tag:flagged or tag:replied or tag:passed)" },
    { 3, "tag:flagged and not (tag:unread or tag:replied or tag:passed)" },
    { 15, "tag:flagged and tag:replied and tag:passed and not tag:unread" },
    { 0xF4, "tag:replied and tag:unread and not (tag:flagged or tag:passed)" },
  };
  for (guint round = 0; round < 2; round++) {
    struct import import;
    g_autoptr (GByteArray) stream = g_byte_array_new ();
    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
      g_autofree char *text = g_strdup_printf (
          "Message-ID: <f%u@x>\nFrom: a@x.org\nSubject: s\nDate: 1 Nov 2023 10:00:00 +0000\n\nb\n", i);
      add_flagged (stream, text, strlen (text), round == 0 ? cases[i].flags : 1);
    }
    add_end (stream);
    assert_true (run (world, stream, "Old mail", &import, NULL));
    assert_int_equal (import.imported, G_N_ELEMENTS (cases));
    import_clear (&import);
    assert_int_equal (files_in (world->cur), G_N_ELEMENTS (cases));
    for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
      g_autofree char *query = g_strdup_printf ("id:f%u@x and tag:imported and (%s)", i, cases[i].query);
      assert_int_equal (count (world, query), 1);
    }
  }
}

/* A mailbox may hold the same mail twice, read in one place and not in the other: it is one mail, as it came first. */
static void
test_twice (void **state)
{
  struct world *world = *state;
  static const char text[] = "Message-ID: <t@x>\nFrom: a@x.org\nSubject: s\nDate: 1 Nov 2023 10:00:00 +0000\n\nb\n";
  static const guint8 flags[] = { 3, 0, 1, 3 };
  struct import import;
  g_autoptr (GByteArray) stream = g_byte_array_new ();
  for (guint i = 0; i < G_N_ELEMENTS (flags); i++)
    add_flagged (stream, text, sizeof text - 1, flags[i]);
  add_end (stream);
  assert_true (run (world, stream, "Old mail", &import, NULL));
  assert_int_equal (import.imported, G_N_ELEMENTS (flags));
  import_clear (&import);
  assert_int_equal (files_in (world->cur), 1);
  assert_int_equal (count (world, "id:t@x and tag:flagged and not tag:unread"), 1);
}

static void
test_broken_off (void **state)
{
  struct world *world = *state;
  struct import import;
  g_autoptr (GError) error = NULL;
  g_autoptr (GByteArray) stream = g_byte_array_new ();
  for (guint i = 0; i < 10; i++)
    add_message (stream, i, "hay");
  g_byte_array_set_size (stream, stream->len - 5);
  assert_false (run (world, stream, "Old mail", &import, &error));
  assert_true (g_error_matches (error, ENGINE_ERROR, ENGINE_ERROR_FAILED));
  assert_int_equal (import.imported, 9); /* what was whole is kept */
  assert_int_equal (count (world, "*"), 9);
  import_clear (&import);
}

static void
test_too_big (void **state)
{
  struct world *world = *state;
  struct import import;
  g_autoptr (GByteArray) stream = g_byte_array_new ();
  g_autofree char *big = g_strnfill (IMPORT_MESSAGE_MAX + 1, 'x');
  add_message (stream, 1, "before");
  add_bytes (stream, big, IMPORT_MESSAGE_MAX + 1);
  add_message (stream, 2, "after");
  add_end (stream);
  assert_true (run (world, stream, "Old mail", &import, NULL));
  assert_int_equal (import.imported, 2);
  assert_int_equal (import.skipped, 1);
  assert_int_equal (count (world, "after"), 1);
  import_clear (&import);
}

static void
test_folder_names (void **state)
{
  struct world *world = *state;
  static const char *const bad[] = { "", ".", "..", "../up", "a/b", ".hidden", "new\nline", "a\"b", "\xff" };
  g_autoptr (GByteArray) stream = g_byte_array_new ();
  add_end (stream);
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++) {
    struct import import;
    g_autoptr (GError) error = NULL;
    assert_false (run (world, stream, bad[i], &import, &error));
    assert_true (g_error_matches (error, ENGINE_ERROR, ENGINE_ERROR_USAGE));
    import_clear (&import);
  }
}

/* ---- the real worker, in its sandbox ---- */

struct process {
  pid_t pid;
  struct channel *channel;
};

static struct process
spawn (void)
{
  int ends[2];
  assert_int_equal (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  fflush (NULL);
  pid_t pid = fork ();
  if (pid == 0) {
    close (ends[0]);
    _exit (worker_run (&worker_role_index, ends[1]));
  }
  close (ends[1]);
  return (struct process){ .pid = pid, .channel = channel_new (ends[0]) };
}

/* The reply's fields; progress is counted. NULL: it failed. */
static GVariant *
call (struct process *process, const char *method, GVariant *args, GUnixFDList *fds, guint *events_out)
{
  static guint32 serial;
  assert_true (channel_send (process->channel, PROTOCOL_CALL, ++serial, method, args, fds));
  assert_true (channel_flush_wait (process->channel));
  for (;;) {
    struct channel_message *got = NULL;
    if (channel_receive_wait (process->channel, 60000, &got) != CHANNEL_MESSAGE)
      return NULL;
    AUTOFREE (channel_message) message = got;
    if (message->kind == PROTOCOL_EVENT && events_out != NULL)
      (*events_out)++;
    if (message->kind == PROTOCOL_FAIL) {
      g_autoptr (GError) error = channel_error_from (message->fields);
      print_message ("%s: %s\n", method, error->message);
      return NULL;
    }
    if (message->kind == PROTOCOL_REPLY) {
      assert_int_equal (message->serial, serial);
      assert_true (protocol_check (protocol_method (PEER_INDEX, method)->reply, message->fields, NULL));
      return g_variant_ref (message->fields);
    }
  }
}

static void
end (struct process *process, int signal_number)
{
  if (signal_number != 0)
    (void) kill (process->pid, signal_number);
  channel_free (process->channel);
  assert_int_equal (waitpid (process->pid, NULL, 0), process->pid);
}

static struct process
start (struct world *world, gboolean writer)
{
  struct process process = spawn ();
  g_autoptr (GVariant) reply = call (&process, "start",
                                     g_variant_new_parsed ("{'index_dir': <%s>, 'mail_dir': <%s>, 'writer': <%b>}",
                                                           world->index_dir, world->mail_dir, writer),
                                     NULL, NULL);
  assert_non_null (reply);
  return process;
}

static guint32
number (GVariant *reply, const char *name)
{
  guint32 value = 0;
  assert_non_null (reply);
  assert_true (g_variant_lookup (reply, name, "u", &value));
  return value;
}

static GVariant *
import_call (struct process *process, GByteArray *stream, guint *events)
{
  int ends[2];
  assert_int_equal (pipe (ends), 0);
  struct feed feeding = { .stream = stream, .fd = ends[1] };
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new_from_array (ends, 1);
  GThread *thread = g_thread_new ("feed", feed, &feeding);
  GVariant *reply
      = call (process, "import", g_variant_new_parsed ("{'stream': <handle 0>, 'folder': <'Old mail'>}"), fds, events);
  g_thread_join (thread);
  return reply;
}

static void
test_worker (void **state)
{
  struct world *world = *state;
  g_clear_pointer (&world->db, index_db_free);
  (void) signal (SIGPIPE, SIG_IGN);
  struct process reader = start (world, FALSE), writer = start (world, TRUE);
  g_autoptr (GByteArray) stream = g_byte_array_new ();
  guint events = 0;
  for (guint i = 0; i < 250; i++)
    add_message (stream, i, "hay");
  add_encrypted (stream);
  add_end (stream);
  g_autoptr (GVariant) imported = import_call (&writer, stream, &events);
  assert_int_equal (number (imported, "imported"), 251);
  assert_int_equal (events, 1);
  g_autoptr (GVariant) protected = g_variant_lookup_value (imported, "protected", G_VARIANT_TYPE_STRING_ARRAY);
  const char *path;
  g_variant_get_child (protected, 0, "&s", &path);
  static const char shadow[]
      = "From: a@example.org\nSubject: biopsy\nMessage-ID: <enc@x>\nDate: 1 Nov 2023 10:00:00 +0000\n\nleukocyte\n";
  int memfd = worker_memfd ("shadow", shadow, sizeof shadow - 1, NULL);
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new_from_array (&memfd, 1);
  g_autoptr (GVariant) added = call (&writer, "add",
                                     g_variant_new_parsed ("{'mails': <[{'path': <%s>, 'add': <['imported']>, "
                                                           "'remove': <@as []>, 'shadow': <handle 0>}]>}",
                                                           path),
                                     fds, NULL);
  assert_int_equal (number (added, "added"), 1);
  g_autoptr (GVariant) counted
      = call (&reader, "count", g_variant_new_parsed ("{'query': <'leukocyte subject:biopsy'>}"), NULL, NULL);
  assert_int_equal (number (counted, "count"), 1);
  g_autoptr (GVariant) rows = call (
      &reader, "threads", g_variant_new_parsed ("{'query': <'tag:imported'>, 'limit': <uint32 5>}"), NULL, NULL);
  assert_non_null (rows);
  /* a reader cannot write; nonsense is an error, not the end */
  assert_null (call (&reader, "removed", g_variant_new_parsed ("{'paths': <[%s]>}", path), NULL, NULL));
  assert_null (call (&reader, "count", g_variant_new_parsed ("{'query': <'('>}"), NULL, NULL));
  /* what is held here would be lost in the process that is forked next, and valgrind would say so */
  g_clear_pointer (&imported, g_variant_unref);
  g_clear_pointer (&protected, g_variant_unref);
  g_clear_pointer (&added, g_variant_unref);
  g_clear_pointer (&counted, g_variant_unref);
  g_clear_pointer (&rows, g_variant_unref);
  /* killed at any time, the next one goes on */
  end (&writer, SIGKILL);
  end (&reader, SIGKILL);
  writer = start (world, TRUE);
  g_autoptr (GVariant) again
      = call (&writer, "tag", g_variant_new_parsed ("{'query': <'leukocyte'>, 'add': <['x']>, 'remove': <@as []>}"),
              NULL, NULL);
  assert_non_null (again);
  end (&writer, 0);
  world->db = index_db_new (world->index_dir, world->mail_dir, TRUE, NULL);
  assert_int_equal (count (world, "tag:x"), 1);
}

/* kill -9 in the middle of imports: after the last one everything is there once. */
static void
test_worker_killed (void **state)
{
  struct world *world = *state;
  g_clear_pointer (&world->db, index_db_free);
  (void) signal (SIGPIPE, SIG_IGN);
  g_autoptr (GByteArray) stream = g_byte_array_new ();
  for (guint i = 0; i < 700; i++)
    add_message (stream, i, "hay");
  add_end (stream);
  for (guint round = 0; round < 4; round++) {
    struct process writer = start (world, TRUE);
    int ends[2];
    assert_int_equal (pipe (ends), 0);
    struct feed feeding = { .stream = stream, .fd = ends[1] };
    g_autoptr (GUnixFDList) fds = g_unix_fd_list_new_from_array (ends, 1);
    GVariant *args = g_variant_new_parsed ("{'stream': <handle 0>, 'folder': <'Old mail'>}");
    assert_true (channel_send (writer.channel, PROTOCOL_CALL, 100, "import", args, fds)
                 && channel_flush_wait (writer.channel));
    g_clear_object (&fds);
    GThread *thread = g_thread_new ("feed", feed, &feeding);
    g_usleep ((gulong) g_random_int_range (1000, 300000)); /* the random instant; nothing is waited for */
    end (&writer, SIGKILL);
    g_thread_join (thread);
  }
  struct process writer = start (world, TRUE);
  g_autoptr (GVariant) reply = import_call (&writer, stream, NULL);
  assert_int_equal (number (reply, "imported"), 700);
  assert_int_equal (number (reply, "skipped"), 0);
  end (&writer, 0);
  world->db = index_db_new (world->index_dir, world->mail_dir, TRUE, NULL);
  assert_int_equal (count (world, "tag:imported"), 700);
  assert_int_equal (files_in (world->cur), 700);
}

#define WORLD_TEST(function) cmocka_unit_test_setup_teardown (function, set_up, tear_down)

int
main (void)
{
  (void) signal (SIGPIPE, SIG_IGN);
  const struct CMUnitTest tests[] = {
    WORLD_TEST (test_import),       WORLD_TEST (test_broken_off), WORLD_TEST (test_too_big),
    WORLD_TEST (test_folder_names), WORLD_TEST (test_worker),     WORLD_TEST (test_worker_killed),
    WORLD_TEST (test_flags),        WORLD_TEST (test_twice),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
