/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Outlook's containers, in the filter process where they are read: what is in them is listed and handed out, and what is damaged ends there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mail/engine/channel.h"
#include "mail/engine/pace.h"
#include "mail/engine/unpack.h"
#include "mail/message/tnef.h"
#include "mail/workers/worker.h"

/* ---- a container, as MS-OXTNEF has it ---- */

static void
put (GByteArray *out, guint64 value, guint bytes)
{
  for (guint i = 0; i < bytes; i++) {
    guint8 byte = (guint8) (value >> (8 * i));
    g_byte_array_append (out, &byte, 1);
  }
}

static void
attribute (GByteArray *out, guint level, guint32 id, const void *data, gsize size)
{
  guint32 sum = 0;
  for (gsize i = 0; i < size; i++)
    sum += ((const guint8 *) data)[i];
  put (out, level, 1);
  put (out, id, 4);
  put (out, size, 4);
  g_byte_array_append (out, data, (guint) size);
  put (out, sum & 0xFFFF, 2);
}

/* One MAPI property in UTF-16. */
static void
long_name (GByteArray *out, const char *name)
{
  glong units = 0;
  g_autofree gunichar2 *wide = g_utf8_to_utf16 (name, -1, NULL, &units, NULL);
  g_autoptr (GByteArray) value = g_byte_array_new ();
  put (value, 1, 4);
  put (value, 0x3707001F, 4);
  put (value, 1, 4);
  put (value, (guint64) (units + 1) * 2, 4);
  for (glong i = 0; i <= units; i++)
    put (value, wide[i], 2);
  while (value->len % 4 != 0)
    put (value, 0, 1);
  attribute (out, 2, 0x00069005, value->data, value->len);
}

static GBytes *
container (void)
{
  static const guint8 version[] = { 0, 0, 1, 0 }, codepage[] = { 0xE4, 4, 0, 0, 0, 0, 0, 0 }, rendering[14] = { 1 };
  GByteArray *out = g_byte_array_new ();
  put (out, 0x223E9F78, 4);
  put (out, 1, 2);
  attribute (out, 1, 0x00089006, version, sizeof version);
  attribute (out, 1, 0x00069007, codepage, sizeof codepage);
  attribute (out, 1, 0x0002800C, "the text", 9);
  attribute (out, 2, 0x00069002, rendering, sizeof rendering);
  attribute (out, 2, 0x00018010, "SHORT.TXT", 10);
  attribute (out, 2, 0x0006800F, "from Outlook\n", 13);
  long_name (out, "Größe lang.txt");
  attribute (out, 2, 0x00069002, rendering, sizeof rendering);
  attribute (out, 2, 0x00018010, "..\\x.pdf", 9);
  attribute (out, 2, 0x0006800F, "%PDF-1.4\n", 9);
  return g_byte_array_free_to_bytes (out);
}

/* ---- a filter process ---- */

struct filter {
  pid_t pid;
  struct channel *channel;
  guint32 serial;
};

static void
filter_init (struct filter *filter)
{
  int pair[2];
  assert_int_equal (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  filter->serial = 0;
  filter->pid = fork ();
  assert_true (filter->pid >= 0);
  if (filter->pid == 0) {
    close (pair[0]);
    if (freopen ("/dev/null", "w", stdout) == NULL) /* where libytnef tells its faults */
      _exit (1);
    _exit (worker_run (&worker_role_filter, pair[1]));
  }
  close (pair[1]);
  filter->channel = channel_new (pair[0]);
}

static void
filter_clear (struct filter *filter)
{
  channel_free (filter->channel);
  (void) waitpid (filter->pid, NULL, 0);
}

static struct channel_message *
call (struct filter *filter, const char *method, GBytes *data, guint which)
{
  struct channel_message *message = NULL;
  g_autoptr (GUnixFDList) fds = NULL;
  GVariantBuilder fields;
  g_variant_builder_init (&fields, G_VARIANT_TYPE_VARDICT);
  if (data != NULL) {
    gsize size;
    const void *bytes = g_bytes_get_data (data, &size);
    int fd = worker_memfd ("test", bytes, size, NULL);
    assert_true (fd >= 0);
    fds = g_unix_fd_list_new_from_array (&fd, 1);
    g_variant_builder_add (&fields, "{sv}", "data", g_variant_new_handle (0));
  }
  if (which > 0)
    g_variant_builder_add (&fields, "{sv}", "which", g_variant_new_uint32 (which));
  if (!channel_send (filter->channel, PROTOCOL_CALL, ++filter->serial, method, g_variant_builder_end (&fields), fds)
      || !channel_flush_wait (filter->channel)
      || channel_receive_wait (filter->channel, 20000 * (int) pace (), &message) != CHANNEL_MESSAGE)
    return NULL;
  return message;
}

static void
start (struct filter *filter)
{
  struct channel_message *started = call (filter, "start", NULL, 0);
  assert_non_null (started);
  channel_message_free (started);
}

static void
test_files (void **state)
{
  struct filter filter;
  filter_init (&filter); /* which inherits nothing that valgrind would miss */
  start (&filter);
  g_autoptr (GBytes) data = container ();
  struct channel_message *message = call (&filter, "tnef", data, 0);
  assert_non_null (message);
  assert_int_equal (message->kind, PROTOCOL_REPLY);
  g_autofree char *printed = g_variant_print (message->fields, FALSE);
  assert_string_equal (
      printed,
      "{'files': <[{'filename': <@ms 'message.txt'>, 'type': <'text/plain'>, 'size': <int64 8>, 'md5': "
      "<'9d54f4c0c77def4be7880a85991b04c5'>, 'warning': <@ms nothing>}, {'filename': <@ms 'Größe lang.txt'>, 'type': "
      "<'text/plain'>, 'size': <int64 13>, 'md5': <'57e6fdaa0ce849061ae4089a3414a2c9'>, 'warning': <@ms nothing>}, "
      "{'filename': <@ms '..\\\\x.pdf'>, 'type': <'application/pdf'>, 'size': <int64 9>, 'md5': "
      "<'6446a98080f5e51ab7f0abc0e8eda635'>, 'warning': <@ms nothing>}]>, 'whole': <true>}");
  channel_message_free (message);
  message = call (&filter, "tnef_file", data, 3);
  assert_non_null (message);
  assert_int_equal (message->kind, PROTOCOL_REPLY);
  const char *name = NULL;
  char bytes[32] = { 0 };
  assert_true (g_variant_lookup (message->fields, "filename", "&s", &name));
  assert_string_equal (name, "x.pdf");
  assert_int_equal (pread (g_unix_fd_list_peek_fds (message->fds, NULL)[0], bytes, sizeof bytes, 0), 9);
  assert_string_equal (bytes, "%PDF-1.4\n");
  channel_message_free (message);
  message = call (&filter, "tnef_file", data, 4);
  assert_non_null (message);
  assert_int_equal (message->kind, PROTOCOL_FAIL);
  channel_message_free (message);
  filter_clear (&filter);
}

/* Cut at every length, and each byte changed: an answer, or the end of this process alone. What came whole is always listed. */
static void
test_damaged (void **state)
{
  struct filter filter;
  filter_init (&filter);
  start (&filter);
  g_autoptr (GBytes) data = container ();
  const gsize size = g_bytes_get_size (data);
  guint answers = 0;
  for (gsize i = 0; i < 2 * size; i++) {
    g_autofree guint8 *copy = g_memdup2 (g_bytes_get_data (data, NULL), size);
    copy[i % size] ^= i < size ? 0 : 0xA5;
    g_autoptr (GBytes) damaged = g_bytes_new (copy, i < size ? i : size);
    struct channel_message *message = call (&filter, "tnef", damaged, 0);
    if (message == NULL) {
      filter_clear (&filter);
      filter_init (&filter);
      start (&filter);
      continue;
    }
    answers++;
    channel_message_free (message);
  }
  assert_true (answers > size);
  filter_clear (&filter);
}

/* More attachments than anybody sends, which libytnef would take minutes for: the first ones are listed at once, and the list says that it is cut. */
static void
test_crowd (void **state)
{
  static const guint8 rendering[14] = { 1 };
  struct filter filter;
  filter_init (&filter);
  start (&filter);
  g_autoptr (GByteArray) out = g_byte_array_new (), one = g_byte_array_new ();
  put (out, 0x223E9F78, 4);
  put (out, 1, 2);
  attribute (one, 2, 0x00069002, rendering, sizeof rendering);
  attribute (one, 2, 0x00018010, "A.TXT", 6);
  attribute (one, 2, 0x0006800F, "x", 1);
  for (guint i = 0; i < 200000; i++)
    g_byte_array_append (out, one->data, one->len);
  g_autoptr (GBytes) data = g_byte_array_free_to_bytes (g_steal_pointer (&out));
  gint64 began = g_get_monotonic_time ();
  struct channel_message *message = call (&filter, "tnef", data, 0);
  assert_non_null (message);
  assert_true (g_get_monotonic_time () - began < 2 * G_USEC_PER_SEC * (gint64) pace ());
  assert_int_equal (message->kind, PROTOCOL_REPLY);
  g_autoptr (GVariant) files = g_variant_lookup_value (message->fields, "files", G_VARIANT_TYPE ("aa{sv}"));
  gboolean whole = TRUE;
  assert_int_equal (g_variant_n_children (files), TNEF_FILES_MAX);
  assert_true (g_variant_lookup (message->fields, "whole", "b", &whole));
  assert_false (whole);
  channel_message_free (message);
  filter_clear (&filter);
}

static void
test_ids (void **state)
{
  char *container_id = NULL;
  guint which = 0;
  assert_true (unpack_is_file ("1.2.tnef3", &container_id, &which));
  assert_string_equal (container_id, "1.2");
  assert_int_equal (which, 3);
  g_free (container_id);
  static const char *const others[] = { "1.2", "1.2.uu1", "1.tnef", "1.tnef0", "1.tnefx", "1.tnef99999" };
  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    assert_false (unpack_is_file (others[i], &container_id, &which));
}

/* A filter that was taken over says what it likes; the name still is only a name. */
static void
test_lies (void **state)
{
  g_autoptr (GVariant) said = g_variant_ref_sink (g_variant_new_parsed (
      "{'data': <handle 0>, 'filename': <'/../../.bashrc'>, 'type': <'a/b\x1b[2J'>, 'warning': <'x\x07'>}"));
  g_autoptr (GVariant) clean = g_variant_ref_sink (unpack_clean_reply (said));
  const char *name = "", *type = "", *warning = "";
  gint32 handle = -1;
  assert_true (g_variant_lookup (clean, "filename", "&s", &name));
  assert_true (g_variant_lookup (clean, "type", "&s", &type));
  assert_true (g_variant_lookup (clean, "warning", "&s", &warning));
  assert_true (g_variant_lookup (clean, "data", "h", &handle));
  assert_string_equal (name, "bashrc");
  assert_string_equal (type, "a/b\xEF\xBF\xBD[2J");
  assert_string_equal (warning, "x\xEF\xBF\xBD");
  assert_int_equal (handle, 0);
}

int
main (void)
{
  (void) signal (SIGPIPE, SIG_IGN);
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_files), cmocka_unit_test (test_damaged), cmocka_unit_test (test_crowd),
    cmocka_unit_test (test_ids),   cmocka_unit_test (test_lies),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
