/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The engine of a run, in the test's own process: the real flows over the real supervisor. A worker is a fork that runs its role; the index
 * is a table; a request's answer comes to the test. What stands between the flows and their workers can fail, and the engine can die: its
 * workers are killed, whatever they were at, and another engine begins. */
#include "tests/property/property.h"
#include "config/accounts.h"
#include "config/policy.h"
#include "crypto/guard/secret.h"
#include "mail/engine/core.h"
#include "mail/engine/directory.h"
#include "mail/engine/spawn.h"
#include "mail/workers/sandbox.h"
#include "mail/workers/worker.h"
#include "tests/property/property_fault.h"
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#define RUN_MS 30000 /* longer than any run may take */
#define HANG_MS 150  /* then a worker that hangs is given up, as its time would be over in the end */

pid_t __wrap_spawn_worker (const char *role, int *fd_out, GError **error);
gboolean __wrap_sandbox_enter (const struct sandbox *sandbox, GError **error);
struct secret *__wrap_secrets_load (const struct paths *paths, const char *account);
void __wrap_core_notice (struct core *core, const char *sentence);
void __wrap_core_changed (struct core *core);
void __wrap_server_event (struct server *server, const char *event, GVariant *fields);
void __wrap_change_mark (struct core *core, const char *id, const char *tag);
void __wrap_request_reply (struct request *request, GVariant *reply, GUnixFDList *fds);
void __wrap_request_fail (struct request *request, const GError *error);
void __wrap_request_fail_text (struct request *request, gint code, const char *format, ...) G_GNUC_PRINTF (3, 4);
void __wrap_arrive_own (struct core *core, const char *path, const char *const *add, core_done_fn done, gpointer data);
void __wrap_directory_look (struct core *core, GVariant *looks, const char *const *unfinished, guint wait_ms,
                            directory_done_fn done, gpointer data);
void __real_supervised_call (struct supervised *supervised, const char *method, GVariant *fields, GUnixFDList *fds,
                             gpointer origin, supervised_done_fn done, gpointer data);
void __wrap_supervised_call (struct supervised *supervised, const char *method, GVariant *fields, GUnixFDList *fds,
                             gpointer origin, supervised_done_fn done, gpointer data);

static struct {
  struct core *core;
  struct core_account *account;
  guint16 port;
  gboolean starttls;
  gboolean dead; /* it has died; what is left of it runs out */
  guint pending; /* answers that are on their way from here */
  struct request *request;
  struct outcome *outcome; /* of the request; NULL: nobody waits */
  GHashTable *sent;        /* message ids that the index knows as sent -> path */
} engine;
static char index_reader, index_writer; /* stand for struct supervised */

/* ---- workers ---- */

static const struct worker_role *
role_of (const char *name, int *number_out)
{
  static const struct {
    const char *name;
    const struct worker_role *role;
  } roles[] = { [ROLE_KEYS] = { "keys", &worker_role_keys },
                [ROLE_SMTP] = { "smtp", &worker_role_smtp },
                [ROLE_IMAP] = { "imap", &worker_role_imap } };
  for (gsize i = 0; i < G_N_ELEMENTS (roles); i++)
    if (strcmp (roles[i].name, name) == 0) {
      *number_out = (int) i;
      return roles[i].role;
    }
  return NULL;
}

/* A worker that ends in another way than it was told to is a failure of the run. */
static void
on_crash (int number)
{
  shared->crashed = number;
  (void) signal (number, SIG_DFL);
  (void) raise (number);
}

static void
become_worker (int fd, int number, const struct worker_role *role)
{
  static const int fatal[] = { SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL };
  (void) prctl (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  (void) setpgid (0, 0);
  if (dup2 (fd, 3) != 3)
    _exit (127);
  (void) close_range (4, ~0u, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (fatal); i++)
    (void) signal (fatal[i], on_crash);
  fault_role = number;
  property_crypto_random ();
  _exit (worker_run (role, 3));
}

pid_t
__wrap_spawn_worker (const char *name, int *fd_out, GError **error)
{
  int pair[2], number = 0;
  const struct worker_role *role = role_of (name, &number);
  assert_non_null (role);
  assert_int_equal (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  const pid_t pid = fork ();
  if (pid == 0)
    become_worker (pair[1], number, role);
  (void) setpgid (pid, pid);
  close (pair[1]);
  *fd_out = pair[0];
  return pid;
}

gboolean
__wrap_sandbox_enter (const struct sandbox *sandbox, GError **error)
{
  return TRUE;
}

struct secret *
__wrap_secrets_load (const struct paths *paths, const char *account)
{
  return secret_new ("secret", 6);
}

/* ---- those who are told ---- */

void
__wrap_core_notice (struct core *core, const char *sentence)
{
}

void
__wrap_core_changed (struct core *core)
{
}

void
__wrap_server_event (struct server *server, const char *event, GVariant *fields)
{
  if (fields != NULL)
    g_variant_unref (g_variant_ref_sink (fields));
}

void
__wrap_change_mark (struct core *core, const char *id, const char *tag)
{
}

void
outcome_clear (struct outcome *outcome)
{
  g_free (outcome->state);
  g_free (outcome->text);
  g_clear_pointer (&outcome->held, g_ptr_array_unref);
  memset (outcome, 0, sizeof *outcome);
}

/* The outcome that this request's answer is for; NULL: nobody waits for it any more. */
static struct outcome *
outcome_of (struct request *request)
{
  request->answered = TRUE;
  if (engine.dead || request != engine.request || engine.outcome == NULL)
    return NULL;
  assert_false (engine.outcome->answered);
  engine.outcome->answered = TRUE;
  return engine.outcome;
}

static void
take_held (struct outcome *outcome, GVariant *reply)
{
  g_autoptr (GVariant) held = core_rows (reply, "held");
  outcome->held = g_ptr_array_new_with_free_func (g_free);
  for (gsize i = 0; i < g_variant_n_children (held); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (held, i);
    const char *address = "", *sentence = "", *reason = "";
    (void) g_variant_lookup (row, "address", "&s", &address);
    (void) g_variant_lookup (row, "reason", "&s", &reason);
    const struct person *person = strcmp (reason, "no_key") == 0 ? people_find (address) : NULL;
    if (person != NULL && g_ascii_strcasecmp (strchr (address, '@'), "@demo.test") == 0 && !person->hearsay
        && (person->pgp != PERSON_NONE || person->smime != PERSON_NONE))
      outcome->held_untrue = TRUE;
    (void) g_variant_lookup (row, "sentence", "&s", &sentence);
    outcome->held_without_sentence |= *sentence == '\0';
    g_ptr_array_add (outcome->held, g_strdup (address));
  }
}

void
__wrap_request_reply (struct request *request, GVariant *reply, GUnixFDList *fds)
{
  g_autoptr (GVariant) kept = g_variant_ref_sink (reply != NULL ? reply : g_variant_new ("a{sv}", NULL));
  struct outcome *outcome = outcome_of (request);
  if (outcome == NULL)
    return;
  const char *state = "", *text = "";
  (void) g_variant_lookup (kept, "state", "&s", &state);
  (void) g_variant_lookup (kept, "text", "&s", &text);
  outcome->state = g_strdup (state);
  outcome->text = g_strdup (text);
  take_held (outcome, kept);
  (void) g_variant_lookup (kept, "kept", "b", &outcome->kept);
}

void
__wrap_request_fail (struct request *request, const GError *error)
{
  struct outcome *outcome = outcome_of (request);
  if (outcome == NULL)
    return;
  outcome->failed = TRUE;
  outcome->lost = g_error_matches (error, ENGINE_ERROR, ENGINE_ERROR_LOST);
  outcome->text = g_strdup (error->message);
}

void
__wrap_request_fail_text (struct request *request, gint code, const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  g_autoptr (GError) error = g_error_new_valist (ENGINE_ERROR, code, format, arguments);
  va_end (arguments);
  __wrap_request_fail (request, error);
}

/* The directories of keys have nothing. */
void
__wrap_directory_look (struct core *core, GVariant *looks, const char *const *unfinished, guint wait_ms,
                       directory_done_fn done, gpointer data)
{
  if (done != NULL)
    done (data);
}

/* ---- answers from here ---- */

struct reply {
  supervised_done_fn done;
  core_done_fn arrived;
  gpointer data;
  GVariant *fields;
  GError *error;
};

static gboolean
on_reply (gpointer data)
{
  struct reply *reply = data;
  engine.pending--;
  if (reply->arrived != NULL)
    reply->arrived (reply->data, reply->error);
  else
    reply->done (reply->error == NULL ? reply->fields : NULL, NULL, reply->error, reply->data);
  g_clear_pointer (&reply->fields, g_variant_unref);
  g_clear_error (&reply->error);
  g_free (reply);
  return G_SOURCE_REMOVE;
}

/* fields: floating; NULL: a failure */
static void
reply_later (supervised_done_fn done, core_done_fn arrived, gpointer data, GVariant *fields, gint code)
{
  struct reply *reply = g_new0 (struct reply, 1);
  reply->done = done;
  reply->arrived = arrived;
  reply->data = data;
  reply->fields = fields != NULL ? g_variant_ref_sink (fields) : NULL;
  reply->error = fields == NULL ? g_error_new_literal (ENGINE_ERROR, code,
                                                       "A part of wardmail stopped before it "
                                                       "could finish this. Please try again.")
                                : NULL;
  engine.pending++;
  g_timeout_add (0, on_reply, reply);
}

/* ---- the index ---- */

static char *
id_in_file (const char *path)
{
  g_autofree char *text = NULL;
  if (!g_file_get_contents (path, &text, NULL, NULL))
    return NULL;
  const char *at = strstr (text, "\nMessage-ID: <");
  return at != NULL ? g_strndup (at + 14, strcspn (at + 14, ">")) : NULL;
}

void
__wrap_arrive_own (struct core *core, const char *path, const char *const *add, core_done_fn done, gpointer data)
{
  const gboolean fails = engine.dead || fault_next (PLACE_INDEX, 0) != 0;
  g_autofree char *id = fails ? NULL : id_in_file (path);
  if (id != NULL && strcmp (add[0], "sent") == 0)
    g_hash_table_replace (engine.sent, g_steal_pointer (&id), g_strdup (path));
  reply_later (NULL, done, data, fails ? NULL : g_variant_new ("a{sv}", NULL), ENGINE_ERROR_FAILED);
}

static void
index_call (const char *method, GVariant *fields, supervised_done_fn done, gpointer data)
{
  GVariantBuilder rows;
  g_autofree const char **ids = NULL;
  g_variant_builder_init (&rows, G_VARIANT_TYPE ("aa{sv}"));
  const gboolean fails = fault_next (PLACE_INDEX, 0) != 0;
  (void) g_variant_lookup (fields, "ids", "^a&s", &ids);
  for (gsize i = 0; strcmp (method, "find") == 0 && ids != NULL && ids[i] != NULL; i++) {
    const char *path = g_hash_table_lookup (engine.sent, ids[i]);
    if (path != NULL)
      g_variant_builder_add (&rows, "@a{sv}",
                             g_variant_new_parsed ("{'id': <%s>, 'paths': <[%s]>, 'tags': <['sent']>}", ids[i], path));
  }
  g_autoptr (GVariant) found = g_variant_ref_sink (g_variant_builder_end (&rows));
  reply_later (done, NULL, data, fails ? NULL : g_variant_new_parsed ("{'rows': <%@aa{sv}>}", found),
               ENGINE_ERROR_FAILED);
}

gboolean
engine_filed (const char *message_id)
{
  return g_hash_table_contains (engine.sent, message_id);
}

/* ---- between the flows and the workers ---- */

static void
kill_worker (struct supervised *supervised)
{
  const pid_t pid = supervised_pid (supervised);
  if (pid > 0)
    (void) kill (-pid, SIGKILL);
}

static struct supervised *
worker_of (guint role)
{
  return role == ROLE_KEYS ? engine.core->keys : role == ROLE_SMTP ? engine.account->smtp : engine.account->imap;
}

static gboolean
kill_soon (gpointer data)
{
  if (!engine.dead && engine.core != NULL)
    kill_worker (worker_of (GPOINTER_TO_UINT (data)));
  return G_SOURCE_REMOVE;
}

static void
die (void)
{
  engine.dead = TRUE;
  kill_worker (engine.core->keys);
  kill_worker (engine.account->smtp);
  kill_worker (engine.account->imap);
}

void
__wrap_supervised_call (struct supervised *supervised, const char *method, GVariant *fields, GUnixFDList *fds,
                        gpointer origin, supervised_done_fn done, gpointer data)
{
  g_autoptr (GVariant) kept = g_variant_ref_sink (fields != NULL ? fields : g_variant_new ("a{sv}", NULL));
  const gboolean is_index = supervised == (gpointer) &index_reader || supervised == (gpointer) &index_writer;
  const guint kind = engine.dead ? 0 : fault_next (PLACE_CALL, 0);
  if (kind == CALL_ENGINE_DIES)
    die ();
  if (engine.dead || kind == CALL_FAILS) {
    reply_later (done, NULL, data, NULL, ENGINE_ERROR_LOST);
    return;
  }
  if (is_index) {
    index_call (method, kept, done, data);
    return;
  }
  if (strcmp (method, "run") == 0 && shared->armed && shared->fault.place == PLACE_OUTBOX && shared->fired == 0) {
    property_outbox_spoil (shared->fault.kind);
    shared->fired++;
  }
  if (kind == CALL_WORKER_DIES)
    kill_worker (supervised);
  if (kind == CALL_WORKER_DIES_SOON)
    g_timeout_add ((guint) (shared->run % 12), kill_soon,
                   GUINT_TO_POINTER (supervised == engine.core->keys      ? ROLE_KEYS
                                     : supervised == engine.account->smtp ? ROLE_SMTP
                                                                          : ROLE_IMAP));
  __real_supervised_call (supervised, method, kept, fds, origin, done, data);
}

/* ---- its life ---- */

static struct account *
make_account (void)
{
  struct account *account = account_new ();
  account->name = g_strdup ("work");
  account->address = g_strdup ("alice@demo.test");
  account->imap_host = g_strdup ("127.0.0.1");
  account->smtp_host = g_strdup ("127.0.0.1");
  account->imap_port = 1; /* nobody is there */
  account->smtp_port = engine.port;
  account->smtp_security = engine.starttls ? ACCOUNT_STARTTLS : ACCOUNT_TLS;
  account->user = g_strdup ("alice");
  account->ca_file = g_build_filename (property_dir (), "server.crt", NULL);
  return account;
}

static void
on_core_notice (gpointer owner, const char *sentence)
{
}

static void
make_workers (void)
{
  static const struct supervised_hooks keys = { .start = core_start_keys, .notice = on_core_notice },
                                       smtp = { .start = core_start_smtp, .notice = on_core_notice },
                                       imap = { .start = core_start_imap, .notice = on_core_notice };
  struct core_account *account = engine.account;
  if (engine.core->keys == NULL)
    engine.core->keys = supervised_new (PEER_KEYS, "keys", "the part that holds the keys", &keys, engine.core);
  if (account->smtp == NULL)
    account->smtp = supervised_new (PEER_SMTP, "smtp@work", "the part that sends mail", &smtp, account);
  if (account->imap == NULL)
    account->imap = supervised_new (PEER_IMAP, "imap@work", "the part that fetches mail", &imap, account);
}

/* Killed, so that the agent of the keys lives on: its end and its new beginning would take longer than a run. */
static void
end_worker (struct supervised **supervised)
{
  kill_worker (*supervised);
  g_clear_pointer (supervised, supervised_free);
}

static void
refresh (struct supervised **supervised)
{
  if (supervised_restarts (*supervised) > 0)
    end_worker (supervised);
}

/* A worker that died before would be started again later and later. */
void
engine_refresh (void)
{
  refresh (&engine.core->keys);
  refresh (&engine.account->smtp);
  refresh (&engine.account->imap);
  make_workers ();
}

void
engine_clear_outbox (void)
{
  g_autofree char *dir = g_build_filename (property_profile (), "data", "store", "outbox", "work", NULL);
  end_worker (&engine.account->smtp);
  property_files_remove (dir);
  make_workers ();
}

void
engine_up (guint16 port, gboolean starttls)
{
  engine.port = port;
  engine.starttls = starttls;
  if (engine.sent == NULL)
    engine.sent = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  struct core *core = engine.core = g_new0 (struct core, 1);
  core->paths = paths_new (property_profile ());
  core->settings = settings_new ();
  core->settings->name = g_strdup ("Alice");
  core->settings->address = g_strdup ("alice@demo.test");
  core->policy = policy_load (core->paths, core->settings, NULL);
  assert_non_null (core->policy);
  g_ptr_array_unref (core->policy->pins);
  core->policy->pins = people_pins ();
  directory_init (core);
  core->reader = (gpointer) &index_reader;
  core->writer = (gpointer) &index_writer;
  struct core_account *account = engine.account = g_new0 (struct core_account, 1);
  account->core = core;
  account->account = make_account ();
  account->watchers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) request_unref);
  account->state = g_strdup ("idle");
  account->text = g_strdup ("");
  core->accounts = g_ptr_array_new ();
  g_ptr_array_add (core->accounts, account);
  engine.dead = FALSE;
  make_workers ();
}

void
engine_down (void)
{
  struct core *core = engine.core;
  struct core_account *account = engine.account;
  engine.dead = TRUE; /* what still answers finds nobody */
  kill_worker (core->keys);
  supervised_stop (core->keys);
  supervised_stop (account->smtp);
  supervised_stop (account->imap);
  for (guint i = 0; i < 10000 && (engine.pending > 0 || g_main_context_pending (NULL)); i++)
    g_main_context_iteration (NULL, FALSE);
  assert_int_equal (core->busy, 0);
  assert_false (account->filing);
  supervised_free (core->keys);
  supervised_free (account->smtp);
  supervised_free (account->imap);
  account_free (account->account);
  g_hash_table_unref (account->watchers);
  g_free (account->state);
  g_free (account->text);
  g_free (account->unfiled);
  g_clear_handle_id (&account->due_timer, g_source_remove);
  g_free (account);
  g_ptr_array_unref (core->accounts);
  directory_clear (core);
  core_remove_keys_link (core);
  policy_free (core->policy);
  settings_free (core->settings);
  paths_free (core->paths);
  g_free (core);
  engine.core = NULL;
  engine.account = NULL;
  engine.request = NULL;
}

gboolean
engine_is_down (void)
{
  return engine.core == NULL;
}

/* ---- waiting ---- */

static gboolean
on_tick (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

static gboolean
fault_hangs (void)
{
  return (shared->fault.place == PLACE_PEER && shared->fault.kind == PEER_HANGS)
         || (shared->fault.place == PLACE_PROGRAM && shared->fault.kind == PROGRAM_HANGS);
}

/* Until done, or until the engine has died: then what is left of it is cleared away. */
static void
wait_for (gboolean (*done) (void))
{
  const gint64 begin = g_get_monotonic_time ();
  gint64 hung = begin;
  guint tick = g_timeout_add (50, on_tick, NULL);
  while (!done () && !engine.dead) {
    g_main_context_iteration (NULL, TRUE);
    const gint64 now = g_get_monotonic_time ();
    if (now - begin > RUN_MS * 1000)
      fail_msg ("the run takes too long");
    if (fault_hangs () && shared->fired > 0 && now - hung > HANG_MS * 1000) {
      hung = now;
      supervised_give_up (shared->fault.place == PLACE_PEER ? engine.account->smtp : engine.core->keys);
    }
  }
  g_source_remove (tick);
  if (engine.dead)
    engine_down ();
}

static gboolean
is_answered (void)
{
  return engine.outcome->answered;
}

void
engine_send (const struct draft *draft, gboolean again, struct outcome *outcome)
{
  outcome_clear (outcome);
  struct request *request = engine.request = g_new0 (struct request, 1);
  engine.outcome = outcome;
  request->references = 1;
  request->method = g_strdup ("send");
  request->fields = g_variant_ref_sink (
      g_variant_new_parsed ("{'draft': <%@a{sv}>, 'wait': <true>, 'again': <%b>}", draft->fields, again));
  request->fds = g_object_ref (draft->fds);
  g_autoptr (GError) error = NULL;
  assert_true (protocol_check (protocol_method (PEER_ENGINE, "send")->request, request->fields, &error));
  flow_send (engine.core, request);
  request_unref (request);
  wait_for (is_answered);
  engine.outcome = NULL;
  if (engine.core == NULL && !outcome->answered) {
    outcome->answered = outcome->failed = outcome->lost = TRUE;
    outcome->text = g_strdup ("wardmail's engine stopped before it could finish this. Please try again.");
  }
}

static gboolean ran;

static void
on_ran (gpointer data, GVariant *row_or_null, const GError *error)
{
  ran = TRUE;
}

static gboolean
has_run (void)
{
  return ran;
}

void
engine_run_outbox (void)
{
  ran = FALSE;
  outbox_run (engine.account, NULL, "all", on_ran, NULL); /* time does not run here */
  wait_for (has_run);
}

static GVariant *rows;

static void
on_rows (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  ran = TRUE;
  rows = reply != NULL ? core_rows (reply, "rows") : NULL;
}

GVariant *
engine_outbox (void)
{
  ran = FALSE;
  rows = NULL;
  __real_supervised_call (engine.account->smtp, "list", NULL, NULL, NULL, on_rows, NULL);
  wait_for (has_run);
  return g_steal_pointer (&rows);
}

static gboolean retried;

static void
on_retried (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  ran = TRUE;
  retried = error == NULL;
}

gboolean
engine_retry (const char *id)
{
  ran = retried = FALSE;
  __real_supervised_call (engine.account->smtp, "decide", g_variant_new_parsed ("{'id': <%s>, 'what': <'retry'>}", id),
                          NULL, NULL, on_retried, NULL);
  wait_for (has_run);
  return retried;
}

void
engine_kill (guint role)
{
  kill_worker (worker_of (role));
}

guint
engine_fds (guint role)
{
  const pid_t pid = supervised_pid (worker_of (role));
  g_autofree char *path = g_strdup_printf ("/proc/%d/fd", (int) pid);
  g_autoptr (GDir) dir = pid > 0 ? g_dir_open (path, 0, NULL) : NULL;
  guint count = 0;
  while (dir != NULL && g_dir_read_name (dir) != NULL)
    count++;
  return count;
}
