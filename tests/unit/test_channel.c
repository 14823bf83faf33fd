/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Frames and descriptors: whole, cut at every byte, and from a peer that lies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mail/engine.h"
#include "mail/engine/channel.h"

static void
make_pair (int pair[2])
{
  assert_int_equal (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
}

static void
test_round_trip (void **state)
{
  int pair[2];
  make_pair (pair);
  AUTOFREE (channel) a = channel_new (pair[0]);
  AUTOFREE (channel) b = channel_new (pair[1]);
  for (guint32 i = 0; i < 100; i++)
    assert_true (channel_send (a, PROTOCOL_CALL, i, "count", g_variant_new_parsed ("{'query': <'tag:inbox'>}"), NULL));
  for (guint32 i = 0; i < 100; i++) {
    struct channel_message *message = NULL;
    assert_int_equal (channel_receive (b, &message), CHANNEL_MESSAGE);
    const char *query = NULL;
    assert_int_equal (message->serial, i);
    assert_string_equal (message->method, "count");
    assert_true (g_variant_lookup (message->fields, "query", "&s", &query));
    assert_string_equal (query, "tag:inbox");
    channel_message_free (message);
  }
}

static void
test_descriptors (void **state)
{
  int pair[2], pipe_fds[2];
  make_pair (pair);
  AUTOFREE (channel) a = channel_new (pair[0]);
  AUTOFREE (channel) b = channel_new (pair[1]);
  assert_int_equal (pipe (pipe_fds), 0);
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  assert_int_equal (g_unix_fd_list_append (fds, pipe_fds[1], NULL), 0);
  close (pipe_fds[1]);
  assert_true (channel_send (a, PROTOCOL_CALL, 1, "first", NULL, NULL));
  assert_true (channel_send (a, PROTOCOL_CALL, 2, "second", NULL, fds));
  g_clear_object (&fds);
  AUTOFREE (channel_message) first = NULL;
  AUTOFREE (channel_message) second = NULL;
  assert_int_equal (channel_receive (b, &first), CHANNEL_MESSAGE);
  assert_int_equal (g_unix_fd_list_get_length (first->fds), 0);
  assert_int_equal (channel_receive (b, &second), CHANNEL_MESSAGE);
  assert_int_equal (g_unix_fd_list_get_length (second->fds), 1);
  char byte = 0;
  assert_int_equal (write (g_unix_fd_list_peek_fds (second->fds, NULL)[0], "x", 1), 1);
  assert_int_equal (read (pipe_fds[0], &byte, 1), 1);
  assert_int_equal (byte, 'x');
  close (pipe_fds[0]);
}

/* As many as there may be, and one more: refused with a sentence, not swallowed. */
static void
test_many_descriptors (void **state)
{
  int pair[2];
  make_pair (pair);
  AUTOFREE (channel) a = channel_new (pair[0]);
  AUTOFREE (channel) b = channel_new (pair[1]);
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  for (gint i = 0; i < PROTOCOL_FDS_MAX; i++)
    assert_int_equal (g_unix_fd_list_append (fds, STDIN_FILENO, NULL), i);
  assert_true (channel_takes (NULL, fds, NULL));
  assert_true (channel_send (a, PROTOCOL_CALL, 1, "send", NULL, fds));
  AUTOFREE (channel_message) message = NULL;
  assert_int_equal (channel_receive (b, &message), CHANNEL_MESSAGE);
  assert_int_equal (g_unix_fd_list_get_length (message->fds), PROTOCOL_FDS_MAX);
  g_autoptr (GError) error = NULL;
  assert_int_equal (g_unix_fd_list_append (fds, STDIN_FILENO, NULL), PROTOCOL_FDS_MAX);
  assert_false (channel_takes (NULL, fds, &error));
  assert_true (g_error_matches (error, ENGINE_ERROR, ENGINE_ERROR_USAGE));
  assert_false (channel_send (a, PROTOCOL_CALL, 2, "send", NULL, fds));
}

/* The bytes of one frame, as they go over the line. */
static GByteArray *
frame_bytes (void)
{
  int pair[2];
  make_pair (pair);
  AUTOFREE (channel) a = channel_new (pair[0]);
  assert_true (channel_send (a, PROTOCOL_REPLY, 7, "count", g_variant_new_parsed ("{'count': <uint32 3>}"), NULL));
  GByteArray *bytes = g_byte_array_new ();
  guint8 buffer[4096];
  ssize_t got = read (pair[1], buffer, sizeof buffer);
  assert_true (got > 12);
  g_byte_array_append (bytes, buffer, (guint) got);
  close (pair[1]);
  return bytes;
}

static void
test_byte_by_byte (void **state)
{
  g_autoptr (GByteArray) bytes = frame_bytes ();
  int pair[2];
  make_pair (pair);
  AUTOFREE (channel) b = channel_new (pair[1]);
  AUTOFREE (channel_message) message = NULL;
  for (guint i = 0; i < bytes->len; i++) {
    assert_int_equal (channel_receive (b, &message), CHANNEL_AGAIN);
    assert_int_equal (write (pair[0], bytes->data + i, 1), 1);
  }
  assert_int_equal (channel_receive (b, &message), CHANNEL_MESSAGE);
  assert_int_equal (message->serial, 7);
  close (pair[0]);
}

static void
test_cut_anywhere (void **state)
{
  g_autoptr (GByteArray) bytes = frame_bytes ();
  for (guint cut = 0; cut < bytes->len; cut++) {
    int pair[2];
    make_pair (pair);
    AUTOFREE (channel) b = channel_new (pair[1]);
    struct channel_message *message = NULL;
    if (cut > 0)
      assert_int_equal (write (pair[0], bytes->data, cut), cut);
    close (pair[0]);
    assert_int_equal (channel_receive (b, &message), CHANNEL_CLOSED);
    assert_null (message);
  }
}

/* Each byte of a frame changed to each of a few values: refused or accepted, never a crash, never a wait for gigabytes. */
static void
test_garbled (void **state)
{
  g_autoptr (GByteArray) bytes = frame_bytes ();
  static const guint8 values[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };
  for (guint i = 0; i < bytes->len; i++)
    for (guint v = 0; v < sizeof values; v++) {
      int pair[2];
      make_pair (pair);
      AUTOFREE (channel) b = channel_new (pair[1]);
      AUTOFREE (channel_message) message = NULL;
      guint8 kept = bytes->data[i];
      bytes->data[i] = values[v];
      assert_int_equal (write (pair[0], bytes->data, bytes->len), bytes->len);
      bytes->data[i] = kept;
      close (pair[0]);
      enum channel_result result = channel_receive (b, &message);
      assert_true (result == CHANNEL_CLOSED || result == CHANNEL_MESSAGE);
      if (i < 4 && values[v] != kept)
        assert_int_equal (result, CHANNEL_CLOSED);
    }
}

static void
test_protocol_check (void **state)
{
  const struct protocol_method *method = protocol_method (PEER_ENGINE, "count");
  assert_non_null (method);
  assert_null (protocol_method (PEER_ENGINE, "no-such-method"));
  assert_null (protocol_method (PEER_FILTER, "count"));
  g_autoptr (GVariant) good = g_variant_ref_sink (g_variant_new_parsed ("{'query': <'x'>}"));
  g_autoptr (GVariant) missing = g_variant_ref_sink (g_variant_new_parsed ("@a{sv} {}"));
  g_autoptr (GVariant) wrong = g_variant_ref_sink (g_variant_new_parsed ("{'query': <3>}"));
  g_autoptr (GVariant) unknown = g_variant_ref_sink (g_variant_new_parsed ("{'query': <'x'>, 'more': <true>}"));
  assert_true (protocol_check (method->request, good, NULL));
  assert_false (protocol_check (method->request, missing, NULL));
  assert_false (protocol_check (method->request, wrong, NULL));
  g_autoptr (GError) error = NULL;
  assert_false (protocol_check (method->request, unknown, &error));
  assert_true (g_error_matches (error, ENGINE_ERROR, ENGINE_ERROR_USAGE));
  assert_non_null (strstr (error->message, "more"));
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_round_trip),       cmocka_unit_test (test_descriptors),
    cmocka_unit_test (test_byte_by_byte),     cmocka_unit_test (test_cut_anywhere),
    cmocka_unit_test (test_garbled),          cmocka_unit_test (test_protocol_check),
    cmocka_unit_test (test_many_descriptors),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
