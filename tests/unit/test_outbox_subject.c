/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What the outbox's messages are about: remembered when they are given, else read in their records, some at a time. The workers are this test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "mail/engine.h"
#include "mail/engine/core.h"

static struct account named = { .name = (char *) "a" };
static struct core_account account = { .account = &named };
static struct core core;
static guint records, done;
static const char *subject; /* what the keys worker finds; NULL: it fails */

struct core_account *__wrap_core_account_find (struct core *of, const char *name);
struct core_account *
__wrap_core_account_find (struct core *of, const char *name)
{
  return strcmp (name, "a") == 0 ? &account : NULL;
}

void __wrap_supervised_call (struct supervised *supervised, const char *method, GVariant *fields, GUnixFDList *fds,
                             gpointer origin, supervised_done_fn answer, gpointer data);
void
__wrap_supervised_call (struct supervised *supervised, const char *method, GVariant *fields, GUnixFDList *fds,
                        gpointer origin, supervised_done_fn answer, gpointer data)
{
  g_autoptr (GVariant) own = g_variant_ref_sink (fields);
  g_autoptr (GError) error = g_error_new_literal (ENGINE_ERROR, ENGINE_ERROR_FAILED, "no");
  g_autoptr (GUnixFDList) list = g_unix_fd_list_new ();
  const gboolean record = strcmp (method, "decide") == 0;
  assert_null (origin); /* nobody is asked for a passphrase */
  if (record) {
    int fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);
    records++;
    assert_int_equal (g_unix_fd_list_append (list, fd, NULL), 0);
    close (fd);
  } else {
    assert_string_equal (method, "draft_parse");
    assert_int_equal (g_unix_fd_list_get_length (fds), 1);
  }
  g_autoptr (GVariant) reply = record            ? g_variant_new_parsed ("{'gone': <false>, 'sent': <handle 0>}")
                               : subject == NULL ? NULL
                                                 : g_variant_new_parsed ("{'draft': <{'subject': <%s>}>}", subject);
  if (reply != NULL)
    g_variant_ref_sink (reply);
  answer (reply, list, reply == NULL ? error : NULL, data);
}

static void
on_done (gpointer data)
{
  done++;
}

/* TRUE: something was read. */
static gboolean
look (const char *rows)
{
  g_autofree char *text = g_strdup_printf ("@aa{sv} [%s]", rows);
  g_autoptr (GVariant) list = g_variant_ref_sink (g_variant_new_parsed (text));
  const guint before = done;
  const gboolean read = outbox_subject_read (&core, list, on_done, NULL);
  assert_int_equal (done - before, read);
  assert_false (core.subjects_reading);
  return read;
}

static void
test_subjects (void **state)
{
  g_autoptr (GVariant) draft = g_variant_ref_sink (g_variant_new_parsed ("{'subject': <'Potassium\x1b[31m'>}"));
#define ROW(id, account) "{'id': <'" id "'>, 'account': <'" account "'>}"
  outbox_subject_note (&core, "1", draft);
  assert_null (strchr (outbox_subject_of (&core, "1"), '\x1b'));
  assert_true (g_str_has_prefix (outbox_subject_of (&core, "1"), "Potassium"));
  assert_null (outbox_subject_of (&core, "2"));
  assert_false (look (ROW ("1", "a"))); /* there is nothing to read */
  subject = "Referral";
  assert_true (look (ROW ("1", "a") "," ROW ("2", "a")));
  assert_string_equal (outbox_subject_of (&core, "2"), "Referral");
  assert_int_equal (records, 1);
  /* Not opened, or not to be had: what stands outside is no subject, and it is not tried again at once. */
  subject = "[...]";
  assert_true (look (ROW ("3", "a")));
  assert_null (outbox_subject_of (&core, "3"));
  assert_false (look (ROW ("3", "a")));
  core.subjects_again_us = 0;
  subject = NULL;
  assert_true (look (ROW ("3", "a") "," ROW ("4", "gone")));
  assert_null (outbox_subject_of (&core, "3"));
  core.subjects_again_us = 0;
  subject = "Later";
  assert_true (look (ROW ("3", "a")));
  assert_string_equal (outbox_subject_of (&core, "3"), "Later");
  outbox_subject_clear (&core);
}

int
main (void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test (test_subjects) };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
