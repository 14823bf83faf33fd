/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The filter worker as a real process behind a real socket, inside its sandbox: it answers, it makes text safe, and what is built to
 * exhaust it ends within its limits, one way or the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mail/engine/channel.h"
#include "mail/engine/pace.h"
#include "mail/workers/worker.h"

struct filter {
  pid_t pid;
  struct channel *channel;
  guint32 serial;
};

static int
setup (void **state)
{
  struct filter *filter = g_new0 (struct filter, 1);
  int pair[2];
  assert_int_equal (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  filter->pid = fork ();
  assert_true (filter->pid >= 0);
  if (filter->pid == 0) {
    close (pair[0]);
    _exit (worker_run (&worker_role_filter, pair[1]));
  }
  close (pair[1]);
  filter->channel = channel_new (pair[0]);
  *state = filter;
  return 0;
}

static int
teardown (void **state)
{
  struct filter *filter = *state;
  channel_free (filter->channel);
  (void) waitpid (filter->pid, NULL, 0);
  g_free (filter);
  return 0;
}

/* The reply's fields; NULL: it failed, or the process has gone. */
static GVariant *
call (struct filter *filter, const char *method, GVariant *fields)
{
  struct channel_message *message = NULL;
  if (!channel_send (filter->channel, PROTOCOL_CALL, ++filter->serial, method, fields, NULL)
      || !channel_flush_wait (filter->channel)
      || channel_receive_wait (filter->channel, 20000 * (int) pace (), &message) != CHANNEL_MESSAGE)
    return NULL;
  GVariant *reply = message->kind == PROTOCOL_REPLY ? g_variant_ref (message->fields) : NULL;
  channel_message_free (message);
  return reply;
}

static GVariant *
html (struct filter *filter, const char *bytes, gsize size)
{
  GVariantDict dict;
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert_value (&dict, "html", g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, bytes, size, 1));
  return call (filter, "html", g_variant_dict_end (&dict));
}

static void
test_answers (void **state)
{
  struct filter *filter = *state;
  assert_null (html (filter, "x", 1)); /* not before it is in its sandbox */
  g_autoptr (GVariant) started = call (filter, "start", NULL);
  assert_non_null (started);
  static const char text[] = "<p>Hello \xC2\x9B"
                             "2J \xE2\x80\xAE"
                             "x</p>";
  g_autoptr (GVariant) reply = html (filter, text, strlen (text));
  const char *got = NULL;
  assert_non_null (reply);
  assert_true (g_variant_lookup (reply, "text", "&s", &got));
  assert_string_equal (got, "Hello \uFFFD2J ‹U+202E›x\n");
  g_autoptr (GVariant) empty = html (filter, "", 0);
  assert_non_null (empty);
}

/* 12 MB of what costs a parser most: an answer, or a process that its limits have ended. Never longer than they allow. */
static void
test_limits (void **state)
{
  struct filter *filter = *state;
  g_autoptr (GVariant) started = call (filter, "start", NULL);
  assert_non_null (started);
  GString *text = g_string_new (NULL);
  while (text->len < 12 * 1024 * 1024)
    g_string_append (text, "<div><a href='x'></p></span>");
  gint64 before = g_get_monotonic_time ();
  g_autoptr (GVariant) reply = html (filter, text->str, text->len);
  assert_true (g_get_monotonic_time () - before < 20 * G_USEC_PER_SEC * pace ());
  const char *got = NULL;
  assert_true (reply == NULL || g_variant_lookup (reply, "text", "&s", &got));
  g_string_free (text, TRUE);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown (test_answers, setup, teardown),
    cmocka_unit_test_setup_teardown (test_limits, setup, teardown),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
