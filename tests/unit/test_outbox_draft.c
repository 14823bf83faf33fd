/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A message is in Drafts or in the outbox: its draft goes when the outbox has it, and who takes it back has it in Drafts before the outbox lets go. The
 * workers are this test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "mail/engine.h"
#include "mail/engine/sending.h"

static const char *rows;   /* of the outbox */
static const char *broken; /* the method that fails; NULL */
static GString *asked;     /* what the workers were asked, in order */
static char *answer;       /* to the request */

void __wrap_supervised_call (struct supervised *supervised, const char *method, GVariant *fields, GUnixFDList *fds,
                             gpointer origin, supervised_done_fn done, gpointer data);
void
__wrap_supervised_call (struct supervised *supervised, const char *method, GVariant *fields, GUnixFDList *fds,
                        gpointer origin, supervised_done_fn done, gpointer data)
{
  g_autoptr (GVariant) own = fields != NULL ? g_variant_ref_sink (fields) : NULL;
  g_autoptr (GError) error = g_error_new_literal (ENGINE_ERROR, ENGINE_ERROR_FAILED, "The disk is full.");
  g_autoptr (GUnixFDList) record = g_unix_fd_list_new ();
  g_autofree const char **paths = NULL;
  const char *what = "";
  if (own != NULL) {
    (void) g_variant_lookup (own, "what", "&s", &what);
    (void) g_variant_lookup (own, "paths", "^a&s", &paths);
  }
  g_autofree char *list = paths != NULL ? g_strjoinv (" ", (char **) paths) : g_strdup (what);
  g_string_append_printf (asked, "%s%s%s;", method, *list != '\0' ? " " : "", list);
  g_autofree char *text = strcmp (method, "list") == 0     ? g_strdup_printf ("{'rows': <@aa{sv} [%s]>}", rows)
                          : strcmp (what, "record") == 0   ? g_strdup ("{'gone': <false>, 'sent': <handle 0>}")
                          : strcmp (method, "decide") == 0 ? g_strdup ("{'gone': <true>}")
                          : strcmp (method, "append") == 0 ? g_strdup ("{'path': <'/mail/a/Drafts/cur/new:2,DS'>}")
                                                           : g_strdup ("@a{sv} {}");
  if (strcmp (what, "record") == 0) {
    int fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_int_equal (g_unix_fd_list_append (record, fd, NULL), 0);
    close (fd);
  }
  if (strcmp (method, "append") == 0)
    assert_int_equal (g_unix_fd_list_get_length (fds), 1);
  g_autoptr (GVariant) reply = g_variant_ref_sink (g_variant_new_parsed (text));
  const gboolean fails = g_strcmp0 (broken, method) == 0;
  done (fails ? NULL : reply, record, fails ? error : NULL, data);
}

void __wrap_arrive_own (struct core *core, const char *path, const char *const *add, core_done_fn done, gpointer data);
void
__wrap_arrive_own (struct core *core, const char *path, const char *const *add, core_done_fn done, gpointer data)
{
  g_string_append_printf (asked, "index %s;", add[0]);
  done (data, NULL);
}

/* A run that was waited for: the message is stopped now. */
void __wrap_outbox_run (struct core_account *account, const char *id, const char *haste, outbox_done_fn done,
                        gpointer data);
void
__wrap_outbox_run (struct core_account *account, const char *id, const char *haste, outbox_done_fn done, gpointer data)
{
  rows
      = "{'id': <'i'>, 'message_id': <'m@x'>, 'state': <'ready'>, 'wait': <'person'>, 'people': <[{'address': <'b@x'>, "
        "'state': <'ready'>}]>}";
  done (data, NULL, NULL);
}

void __wrap_server_event (struct server *server, const char *event, GVariant *fields);
void
__wrap_server_event (struct server *server, const char *event, GVariant *fields)
{
}

void __wrap_core_changed (struct core *core);
void
__wrap_core_changed (struct core *core)
{
}

void __wrap_request_reply (struct request *request, GVariant *fields, GUnixFDList *fds);
void
__wrap_request_reply (struct request *request, GVariant *fields, GUnixFDList *fds)
{
  g_autoptr (GVariant) own = g_variant_ref_sink (fields);
  const char *id = "";
  gboolean gone = FALSE;
  (void) g_variant_lookup (own, "draft_id", "&s", &id);
  (void) g_variant_lookup (own, "gone", "b", &gone);
  answer = g_strdup_printf ("%s %s", gone ? "gone" : "not gone", id);
}

void __wrap_request_fail (struct request *request, const GError *error);
void
__wrap_request_fail (struct request *request, const GError *error)
{
  answer = g_strdup (error->message);
}

#define OWN "'id': <'i'>, 'message_id': <'m@x'>"
#define BOB(state) "{'address': <'b@x'>, 'state': <'" state "'>}"
#define EVE(state) "{'address': <'e@x'>, 'state': <'" state "'>}"

static void
check_back (const char *row, const char *fails, const char *wanted, const char *told)
{
  struct core core = { .accounts = g_ptr_array_new () };
  struct core_account account = { .core = &core };
  g_autoptr (GVariant) fields = g_variant_ref_sink (g_variant_new_parsed ("{'id': <'i'>, 'what': <'take-back'>}"));
  struct request *request = g_new0 (struct request, 1);
  request->fields = fields;
  request->references = 2;
  g_ptr_array_add (core.accounts, &account);
  rows = row;
  broken = fails;
  asked = g_string_new (NULL);
  flow_outbox_take_back (&core, request);
  assert_string_equal (asked->str, wanted);
  assert_string_equal (answer, told);
  assert_int_equal (core.busy, 0);
  g_clear_pointer (&answer, g_free);
  g_string_free (asked, TRUE);
  g_ptr_array_unref (core.accounts);
  g_free (request);
}

static void
test_back (void **state)
{
  /* The draft is durable before the outbox lets go. */
  check_back ("{" OWN ", 'state': <'ready'>, 'wait': <''>, 'people': <[" BOB ("ready") "]>}", NULL,
              "list;stop;list;decide record;append;index draft;decide remove;", "gone m@x");
  check_back ("{" OWN ", 'state': <'failed'>, 'wait': <''>, 'people': <[" BOB ("failed") "]>}", NULL,
              "list;decide record;append;index draft;decide remove;", "gone m@x");
  check_back ("{" OWN ", 'state': <'failed'>, 'wait': <''>, 'people': <[" BOB ("failed") "]>}", "append",
              "list;decide record;append;", "The disk is full. The message is still in the Outbox.");
  /* What somebody has, or may have, is not taken for one that nobody has. */
  check_back ("{" OWN ", 'state': <'failed'>, 'wait': <''>, 'people': <[" BOB ("failed") "," EVE ("accepted") "]>}",
              NULL, "list;", "not gone ");
  check_back ("{" OWN ", 'state': <'unknown'>, 'wait': <''>, 'people': <[" BOB ("failed") "," EVE ("unknown") "]>}",
              NULL, "list;",
              "It is too late: the server may have taken this message. Decide in the Outbox what to do.");
}

static void
test_sweep (void **state)
{
  struct core_account account = { .drafts_swept = FALSE };
  g_autoptr (GVariant) all = g_variant_ref_sink (g_variant_new_parsed (
      "[{'draft_path': <'/m/cur/1:2,D'>}, {'draft_path': <''>}, {'id': <'i'>}, {'draft_path': <'/m/cur/2:2,D'>}]"));
  asked = g_string_new (NULL);
  broken = NULL;
  outbox_draft_sweep (&account, all);
  outbox_draft_sweep (&account, all);
  assert_string_equal (asked->str, "remove /m/cur/1:2,D /m/cur/2:2,D;");
  g_string_free (asked, TRUE);
}

static int waits;

static void
take (struct sending *sending, gboolean does)
{
  waits = does;
}

static int
look (const char *path, gboolean own, const char *row, const char *fails)
{
  struct core_account account = { .smtp = NULL }, other = { .smtp = NULL };
  struct sending sending
      = { .account = &account, .draft_account = own ? &account : &other, .draft_path = (char *) path };
  waits = -1;
  rows = row;
  broken = fails;
  asked = g_string_new (NULL);
  outbox_draft_look (&sending, take);
  g_string_free (asked, TRUE);
  return waits;
}

static void
test_look (void **state)
{
  const char *row = "{'draft_path': <''>}, {'draft_path': <'/m/Drafts/new/17.a'>}";
  assert_int_equal (look ("/m/Drafts/cur/17.a:2,DS", TRUE, row, NULL), TRUE);
  assert_int_equal (look ("/m/Drafts/cur/17.ab:2,DS", TRUE, row, NULL), FALSE);
  assert_int_equal (look ("/m/Drafts/cur/17.a:2,DS", FALSE, row, NULL), FALSE);
  assert_int_equal (look ("/m/Drafts/cur/17.a:2,DS", TRUE, row, "list"), FALSE); /* handing it over will fail, too */
  assert_int_equal (look (NULL, TRUE, row, NULL), FALSE);
}

int
main (void)
{
  const struct CMUnitTest tests[]
      = { cmocka_unit_test (test_back), cmocka_unit_test (test_sweep), cmocka_unit_test (test_look) };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
