/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The filter worker as a real process behind a real socket, inside its sandbox: it answers, it makes text safe, and what is built to
 * exhaust it ends within its limits, one way or the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <gio/gunixfdlist.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mail/engine/channel.h"
#include "mail/engine/pace.h"
#include "mail/message/attachment.h"
#include "mail/workers/sandbox.h"
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

/* ---- What the sandbox leaves ---- */

enum tries {
  TRY_FILE = 1,
  TRY_FOLDER = 2,
  TRY_WRITE = 4,
  TRY_NET = 8,
  TRY_LOCAL = 16,
  TRY_NETLINK = 32,
  TRY_PROGRAM = 64,
  TRY_SETTING = 128
};

static gboolean
can_open (const char *path, int flags)
{
  int fd = open (path, flags | O_CLOEXEC, 0600);
  if (fd >= 0)
    close (fd);
  return fd >= 0;
}

static gboolean
can_connect (int family)
{
  int fd = socket (family, SOCK_STREAM, 0);
  if (fd < 0)
    fd = socket (family, SOCK_RAW, 0);
  if (fd >= 0)
    close (fd);
  return fd >= 0;
}

static gboolean
can_start (void)
{
  pid_t pid = fork ();
  if (pid == 0) {
    execl ("/bin/true", "true", NULL);
    _exit (1);
  }
  int status = 1;
  return pid > 0 && waitpid (pid, &status, 0) == pid && status == 0;
}

/* What a process in the sandbox of this job can still do, of enum tries; -1: a sandbox cannot be judged here. */
static int
left_to_do (const char *job)
{
  pid_t pid = fork ();
  assert_true (pid >= 0);
  if (pid == 0) {
    struct sandbox sandbox;
    g_autoptr (GVariant) config = g_variant_ref_sink (g_variant_new_parsed ("{'job': <%s>}", job));
    sandbox_init (&sandbox);
    worker_role_filter.sandbox (config, &sandbox);
    if (!sandbox_enter (&sandbox, NULL) || strstr (sandbox_describe (), "seccomp") == NULL)
      _exit (255);
    if (pace_watched () && strstr (sandbox_describe (), "landlock") == NULL)
      _exit (255);
    _exit ((can_open ("/usr/bin/env", O_RDONLY) ? TRY_FILE : 0)
           | (can_open ("/", O_RDONLY | O_DIRECTORY) ? TRY_FOLDER : 0)
           | (can_open ("/tmp/wardmail-test-filter", O_WRONLY | O_CREAT) ? TRY_WRITE : 0)
           | (can_connect (AF_INET) ? TRY_NET : 0) | (can_connect (AF_UNIX) ? TRY_LOCAL : 0)
           | (can_connect (AF_NETLINK) ? TRY_NETLINK : 0) | (can_start () ? TRY_PROGRAM : 0)
           | (can_open ("/etc/passwd", O_RDONLY) ? TRY_SETTING : 0));
  }
  int status = 0;
  assert_int_equal (waitpid (pid, &status, 0), pid);
  assert_true (WIFEXITED (status));
  return WEXITSTATUS (status) == 255 ? -1 : WEXITSTATUS (status);
}

static void
test_sandbox (void **state)
{
  int html = left_to_do ("html"), text = left_to_do ("text"), pdf = left_to_do ("pdf");
  if (html < 0)
    skip (); /* a kernel without seccomp: rlimits are all there is */
  assert_int_equal (html, 0);
  assert_int_equal (text & ~TRY_FILE, 0);
  assert_int_equal (pdf & ~(TRY_FILE | TRY_PROGRAM), 0);
  /* Not because nothing works at all. */
  assert_int_equal (pdf & TRY_PROGRAM, TRY_PROGRAM);
}

/* ---- Attachments ---- */

static GVariant *
attachment (struct filter *filter, const char *job, enum attachment_kind kind, const char *bytes, gsize size)
{
  struct channel_message *message = NULL;
  g_autoptr (GVariant) started = call (filter, "start", g_variant_new_parsed ("{'job': <%s>}", job));
  assert_non_null (started);
  int fd = worker_memfd ("attachment", bytes, size, NULL);
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new_from_array (&fd, 1);
  GVariant *fields = g_variant_new_parsed ("{'data': <%@h>, 'kind': <%u>}", g_variant_new_handle (0), (guint32) kind);
  if (!channel_send (filter->channel, PROTOCOL_CALL, ++filter->serial, "text", fields, fds)
      || !channel_flush_wait (filter->channel)
      || channel_receive_wait (filter->channel, 20000 * (int) pace (), &message) != CHANNEL_MESSAGE)
    return NULL;
  GVariant *reply = g_variant_ref (message->fields);
  channel_message_free (message);
  return reply;
}

/* A PDF of one page, with or without text on it. Its table of contents is wrong, which readers mend. */
static char *
pdf (const char *content)
{
  return g_strdup_printf (
      "%%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>> endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>> endobj\n"
      "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>> "
      "endobj\n4 0 obj<</Length %u>>stream\n%s\nendstream endobj\n"
      "5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Courier>> endobj\ntrailer<</Size 6/Root 1 0 R>>\n%%%%EOF\n",
      (guint) strlen (content), content);
}

static void
test_pdf (void **state)
{
  g_autofree char *bytes = pdf ("BT /F1 11 Tf 72 700 Td (Sodium 140) Tj ET");
  g_autoptr (GVariant) reply = attachment (*state, "pdf", ATTACHMENT_PDF, bytes, strlen (bytes));
  const char *got = NULL;
  assert_non_null (reply);
  if (g_variant_lookup (reply, "text", "&s", &got))
    assert_non_null (strstr (got, "Sodium 140"));
  else { /* a machine without pdftotext: a sentence says so */
    assert_false (g_file_test (PDFTOTEXT_PATH, G_FILE_TEST_IS_EXECUTABLE));
    g_autofree char *told = g_variant_print (reply, FALSE);
    assert_non_null (strstr (told, "pdftotext is not installed"));
  }
}

static void
test_pdf_without_text (void **state)
{
  if (!g_file_test (PDFTOTEXT_PATH, G_FILE_TEST_IS_EXECUTABLE))
    skip ();
  g_autofree char *bytes = pdf (" ");
  g_autoptr (GVariant) reply = attachment (*state, "pdf", ATTACHMENT_PDF, bytes, strlen (bytes));
  g_autofree char *told = g_variant_print (reply, FALSE);
  assert_non_null (strstr (told, "holds no text"));
}

static void
test_pdf_damaged (void **state)
{
  if (!g_file_test (PDFTOTEXT_PATH, G_FILE_TEST_IS_EXECUTABLE))
    skip ();
  g_autoptr (GVariant) reply = attachment (*state, "pdf", ATTACHMENT_PDF, "no PDF", 6);
  g_autofree char *told = g_variant_print (reply, FALSE);
  assert_non_null (strstr (told, "damaged, or locked"));
}

/* Made safe like everything else; the charset tables of the system can be read. */
static void
test_text_is_clean (void **state)
{
  static const char bytes[] = "a,\x1b[31mb\n\x80,\xE2\x80\xAE";
  g_autoptr (GVariant) reply = attachment (*state, "text", ATTACHMENT_CSV, bytes, strlen (bytes));
  const char *got = NULL;
  assert_non_null (reply);
  assert_true (g_variant_lookup (reply, "text", "&s", &got));
  assert_null (strchr (got, '\x1b'));
  assert_true (g_utf8_validate (got, -1, NULL));
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown (test_answers, setup, teardown),
    cmocka_unit_test_setup_teardown (test_limits, setup, teardown),
    cmocka_unit_test (test_sandbox),
    cmocka_unit_test_setup_teardown (test_pdf, setup, teardown),
    cmocka_unit_test_setup_teardown (test_pdf_without_text, setup, teardown),
    cmocka_unit_test_setup_teardown (test_pdf_damaged, setup, teardown),
    cmocka_unit_test_setup_teardown (test_text_is_clean, setup, teardown),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
