/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The engine process: its state, its workers' start messages, and when it leaves. See core.h. */
#include "mail/engine/core.h"
#include "config/stamp.h"
#include "mail/engine/working.h"

#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "mail/engine/anew.h"
#include "mail/engine/directory.h"
#include "mail/workers/worker.h"

#define LEAVE_AFTER_MS 4000 /* after the last client of a profile without a vault has gone */
#define TICK_S 30

struct core_ask {
  struct supervised *worker;
  guint32 ask;
};

void
core_good_news (struct core *core, const char *sentence)
{
  server_event (core->server, "notice", g_variant_new_parsed ("{'text': <%s>, 'good': <true>}", sentence));
}

void
core_notice (struct core *core, const char *sentence)
{
  server_event (core->server, "notice", g_variant_new_parsed ("{'text': <%s>}", sentence));
}

GVariant *
core_rows (GVariant *reply, const char *field)
{
  GVariant *rows = g_variant_lookup_value (reply, field, G_VARIANT_TYPE ("aa{sv}"));
  return rows != NULL ? rows : g_variant_ref_sink (g_variant_new_array (G_VARIANT_TYPE_VARDICT, NULL, 0));
}

const char *
core_own_address (struct core *core)
{
  return core->settings != NULL && core->settings->address != NULL ? core->settings->address : "";
}

struct core_account *
core_account_find (struct core *core, const char *name)
{
  for (guint i = 0; i < core->accounts->len; i++) {
    struct core_account *account = g_ptr_array_index (core->accounts, i);
    if (strcmp (account->account->name, name) == 0)
      return account;
  }
  return NULL;
}

struct core_account *
core_account_for_address (struct core *core, const char *address_or_null)
{
  for (guint i = 0; address_or_null != NULL && i < core->accounts->len; i++) {
    struct core_account *account = g_ptr_array_index (core->accounts, i);
    if (g_ascii_strcasecmp (account->account->address, address_or_null) == 0)
      return account;
  }
  return core->accounts->len > 0 ? g_ptr_array_index (core->accounts, 0) : NULL;
}

struct core_account *
core_account_for_path (struct core *core, const char *path)
{
  gsize root = strlen (core->paths->mail_dir);
  if (strncmp (path, core->paths->mail_dir, root) != 0 || path[root] != '/')
    return NULL;
  const char *name = path + root + 1, *end = strchr (name, '/');
  g_autofree char *account = end != NULL ? g_strndup (name, (gsize) (end - name)) : NULL;
  return account != NULL ? core_account_find (core, account) : NULL;
}

/* ---- what they tell ---- */

static void
on_notice (gpointer owner, const char *sentence)
{
  core_notice (owner, sentence);
}

static void
set_state (struct core_account *account, const char *state, const char *text)
{
  g_autoptr (GVariant) fields
      = g_variant_ref_sink (g_variant_new_parsed ("{'state': <%s>, 'text': <%s>}", state, text));
  arrive_event (account, "state", fields);
}

static void
on_account_notice (gpointer owner, const char *sentence)
{
  struct core_account *account = owner;
  core_notice (account->core, sentence);
  if (supervised_pid (account->imap) == 0 && strcmp (account->state, "connecting") == 0)
    set_state (account, "offline", sentence);
}

/* What could not be sent for want of a line is tried as soon as there is one. */
static void
note_line (struct core_account *account, GVariant *fields)
{
  const char *state = "";
  (void) g_variant_lookup (fields, "state", "&s", &state);
  const gboolean up = strcmp (state, "syncing") == 0 || strcmp (state, "idle") == 0;
  if (up && account->was_down && !account->filing)
    outbox_run (account, NULL, "line", NULL, NULL);
  account->was_down = !up;
}

static void
on_imap_event (gpointer owner, const char *event, GVariant *fields)
{
  if (strcmp (event, "state") == 0)
    note_line (owner, fields);
  arrive_event (owner, event, fields);
}

static void
on_index_event (gpointer owner, const char *event, GVariant *fields)
{
  struct core *core = owner;
  guint done = 0, total = 0;
  const char *state = "";
  if (strcmp (event, "health") == 0) {
    (void) g_variant_lookup (fields, "state", "&s", &state);
    anew_health (core, state);
    return;
  }
  (void) g_variant_lookup (fields, "done", "u", &done);
  (void) g_variant_lookup (fields, "total", "u", &total);
  server_event (core->server, "progress",
                g_variant_new_parsed ("{'account': <''>, 'done': <%u>, 'total': <%u>}", done, total));
}

static void
on_ask (gpointer owner, gpointer origin, guint ask, const char *kind, const char *text)
{
  struct core *core = owner;
  struct core_ask *asked = g_new0 (struct core_ask, 1);
  asked->worker = core->keys;
  asked->ask = ask;
  guint id = ++core->ask_ids;
  g_hash_table_insert (core->asks, GUINT_TO_POINTER (id), asked);
  if (!server_ask (origin, id, kind, text)) {
    supervised_answer (asked->worker, ask, NULL);
    g_hash_table_remove (core->asks, GUINT_TO_POINTER (id));
  }
}

static void
on_answer (gpointer owner, guint id, const char *answer_or_null)
{
  struct core *core = owner;
  struct core_ask *asked = g_hash_table_lookup (core->asks, GUINT_TO_POINTER (id));
  if (asked == NULL)
    return;
  supervised_answer (asked->worker, asked->ask, answer_or_null);
  g_hash_table_remove (core->asks, GUINT_TO_POINTER (id));
}

/* ---- accounts ---- */

static void
core_account_free (gpointer data)
{
  struct core_account *account = data;
  supervised_free (account->imap);
  supervised_free (account->smtp);
  g_clear_handle_id (&account->again_timer, g_source_remove);
  g_queue_clear_full (&account->arrivals, (GDestroyNotify) g_variant_unref);
  g_ptr_array_unref (account->drained);
  g_hash_table_unref (account->watchers);
  g_clear_error (&account->arrive_error);
  g_clear_pointer (&account->settled, g_variant_unref);
  account_free (account->account);
  g_free (account->state);
  g_free (account->text);
  g_free (account->unfiled);
  g_free (account);
}

static struct core_account *
core_account_new (struct core *core, struct account *account_take)
{
  static const struct supervised_hooks imap_hooks
      = { .start = core_start_imap, .event = on_imap_event, .notice = on_account_notice };
  static const struct supervised_hooks smtp_hooks
      = { .start = core_start_smtp, .event = working_smtp_event, .notice = on_account_notice };
  struct core_account *account = g_new0 (struct core_account, 1);
  account->core = core;
  account->account = account_take;
  account->state = g_strdup ("offline");
  account->text = g_strdup ("Not connected yet.");
  account->drained = g_ptr_array_new ();
  account->watchers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) request_unref);
  g_queue_init (&account->arrivals);
  g_queue_init (&account->runs);
  g_queue_init (&account->fetches);
  g_autofree char *imap = g_strdup_printf ("imap@%s", account_take->name),
                  *smtp = g_strdup_printf ("smtp@%s", account_take->name);
  account->imap = supervised_new (PEER_IMAP, imap, "The part that fetches mail", &imap_hooks, account);
  account->smtp = supervised_new (PEER_SMTP, smtp, "The part that sends mail", &smtp_hooks, account);
  supervised_set_in_flight (account->imap, 32); /* they serve small requests between the steps of a long one */
  supervised_set_in_flight (account->smtp, 16);
  return account;
}

/* Its workers stop for good and its calls end, since another account of that name may have workers at the same outbox and mail by now. The struct
 * stays until the engine leaves: a flow under way may still look at it. */
static void
core_account_retire (struct core *core, struct core_account *account)
{
  g_ptr_array_add (core->retired, account);
  supervised_retire (account->imap);
  supervised_retire (account->smtp);
  g_clear_handle_id (&account->due_timer, g_source_remove);
  working_run_over (account);
  arrive_forget (account);
}

/* Those that are as they were go on as they are. */
static void
take_accounts (struct core *core, GPtrArray *accounts)
{
  g_autoptr (GPtrArray) old = core->accounts;
  core->accounts = g_ptr_array_new_with_free_func (core_account_free);
  g_ptr_array_set_free_func (old, NULL);
  g_ptr_array_set_free_func (accounts, NULL);
  for (guint i = 0; i < accounts->len; i++) {
    struct account *account = g_ptr_array_index (accounts, i);
    g_autoptr (GVariant) fields = g_variant_ref_sink (core_account_fields (account));
    struct core_account *kept = NULL;
    for (guint k = 0; k < old->len && kept == NULL; k++) {
      struct core_account *candidate = g_ptr_array_index (old, k);
      g_autoptr (GVariant) had = g_variant_ref_sink (core_account_fields (candidate->account));
      if (g_variant_equal (fields, had))
        kept = g_ptr_array_remove_index (old, k);
    }
    g_ptr_array_add (core->accounts, kept != NULL ? kept : core_account_new (core, account));
    if (kept != NULL)
      account_free (account);
  }
  for (guint i = 0; i < old->len; i++)
    core_account_retire (core, g_ptr_array_index (old, i));
}

/* What the imap workers are told of the settings when they start. */
static gboolean
same_sync (const struct settings *a, const struct settings *b)
{
  return a->poll_s == b->poll_s && a->sync_folders == b->sync_folders && a->keep_days == b->keep_days
         && a->fetch_limit_mb == b->fetch_limit_mb && g_strcmp0 (a->archive_folder, b->archive_folder) == 0
         && g_strcmp0 (a->drafts_folder, b->drafts_folder) == 0 && g_strcmp0 (a->sent_folder, b->sent_folder) == 0
         && g_strcmp0 (a->trash_folder, b->trash_folder) == 0;
}

static gboolean
load (struct core *core, GError **error)
{
  g_autoptr (GError) missing = NULL;
  struct settings *settings = settings_load (core->paths, &missing);
  if (settings == NULL && !g_error_matches (missing, CONFIG_ERROR, CONFIG_ERROR_MISSING)) {
    g_propagate_error (error, g_steal_pointer (&missing));
    return FALSE;
  }
  struct policy *policy = NULL;
  if (settings != NULL && (policy = policy_load (core->paths, settings, error)) == NULL) {
    settings_free (settings);
    return FALSE;
  }
  g_autoptr (GPtrArray) accounts = accounts_load (core->paths, error);
  if (accounts == NULL) {
    settings_free (settings);
    policy_free (policy);
    return FALSE;
  }
  gboolean other = core->settings != NULL && settings != NULL && !same_sync (core->settings, settings);
  g_autoptr (GVariant) told = g_variant_ref_sink (core_start_keys (core, NULL));
  if (core->settings != NULL)
    settings_free (core->settings);
  if (core->policy != NULL)
    policy_free (core->policy);
  core->settings = settings;
  core->policy = policy;
  take_accounts (core, accounts);
  for (guint i = 0; other && i < core->accounts->len; i++)
    supervised_stop (((struct core_account *) g_ptr_array_index (core->accounts, i))->imap);
  g_autoptr (GVariant) tell = g_variant_ref_sink (core_start_keys (core, NULL));
  if (!g_variant_equal (told, tell))
    supervised_stop (core->keys); /* it holds the policy */
  return TRUE;
}

gboolean
core_load (struct core *core)
{
  g_free (core->stamp);
  core->stamp = stamp_settings (core->paths); /* what is written while they are read is another one */
  g_clear_error (&core->unread);
  const gboolean done = load (core, &core->unread);
  core->closed = core->closed && !done;
  return done;
}

gboolean
core_load_edited (struct core *core)
{
  g_autofree char *stamp = stamp_settings (core->paths);
  return g_strcmp0 (stamp, core->stamp) != 0 ? core_load (core) : core->unread == NULL;
}

static void
wake_outbox (struct core_account *account)
{
  if (!account->filing)
    outbox_run (account, NULL, "", NULL, NULL);
  ledger_look (account);
}

void
core_wake_accounts (struct core *core)
{
  for (guint i = 0; i < core->accounts->len; i++) {
    struct core_account *account = g_ptr_array_index (core->accounts, i);
    if (supervised_pid (account->imap) == 0) {
      set_state (account, "connecting", "Not connected yet.");
      wake_outbox (account);
    }
    supervised_wake (account->imap);
  }
}

/* ---- coming and going ---- */

static gboolean
core_busy (struct core *core)
{
  gboolean busy = core->busy > 0 || supervised_busy (core->writer) || anew_is_under_way (core);
  for (guint i = 0; i < core->accounts->len && !busy; i++) {
    struct core_account *account = g_ptr_array_index (core->accounts, i);
    busy = account->arriving || account->filing || supervised_busy (account->smtp)
           || account->due_soon > g_get_real_time () / G_USEC_PER_SEC;
  }
  return busy;
}

static gboolean
on_leave (gpointer data)
{
  struct core *core = data;
  if (core_busy (core) && server_reachable (core->server))
    return G_SOURCE_CONTINUE;
  /* Stopping the workers takes a while: who comes meanwhile waits for the next engine instead of hearing that this one broke off. */
  if (!server_shut (core->server))
    return G_SOURCE_CONTINUE;
  core->leave_timer = 0;
  g_main_loop_quit (core->loop);
  return G_SOURCE_REMOVE;
}

static void
on_clients (gpointer owner, guint clients)
{
  struct core *core = owner;
  g_clear_handle_id (&core->leave_timer, g_source_remove);
  if (clients == 0)
    core->leave_timer = g_timeout_add (LEAVE_AFTER_MS, on_leave, core);
}

static gboolean
on_tick (gpointer data)
{
  struct core *core = data;
  if (!server_reachable (core->server)) {
    g_main_loop_quit (core->loop); /* the profile's folder has gone */
    return G_SOURCE_CONTINUE;
  }
  for (guint i = 0; i < core->accounts->len; i++) {
    struct core_account *account = g_ptr_array_index (core->accounts, i);
    if (supervised_pid (account->imap) != 0) {
      wake_outbox (account);
      arrive_settle (account);
    }
  }
  if (supervised_pid (core->reader) != 0)
    anew_if_missing (core);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_signal (gpointer data)
{
  struct core *core = data;
  (void) server_shut (core->server); /* who is already at the door hears that we stopped */
  g_main_loop_quit (core->loop);
  return G_SOURCE_CONTINUE;
}

static void
core_init (struct core *core)
{
  static const struct supervised_hooks keys = { .start = core_start_keys,
                                                .event = working_keys_event,
                                                .notice = on_notice,
                                                .ask = on_ask,
                                                .hung = core_end_agent,
                                                .slow = core_probe_agent };
  static const struct supervised_hooks reader
      = { .start = core_start_reader, .event = on_index_event, .notice = on_notice, .died = anew_reader_died };
  static const struct supervised_hooks writer
      = { .start = core_start_writer, .event = on_index_event, .notice = on_notice, .died = anew_writer_died };
  static const struct supervised_hooks lookup = { .start = core_start_lookup, .notice = on_notice };
  core->loop = g_main_loop_new (NULL, FALSE);
  core->agent_fd = -1;
  core->accounts = g_ptr_array_new_with_free_func (core_account_free);
  core->retired = g_ptr_array_new_with_free_func (core_account_free);
  directory_init (core);
  ledger_init (core);
  core->asks = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  core->keys = supervised_new (PEER_KEYS, "keys", "The part that decrypts and signs", &keys, core);
  core->reader = supervised_new (PEER_INDEX, "index-reader", "The part that searches", &reader, core);
  core->writer = supervised_new (PEER_INDEX, "index-writer", "The part that keeps the index", &writer, core);
  core->lookup = supervised_new (PEER_LOOKUP, "lookup", "The part that looks up servers", &lookup, core);
  core->lists = supervised_new (PEER_LOOKUP, "lists", "The part that fetches revocation lists", &lookup, core);
}

static void
core_clear (struct core *core)
{
  core_probe_agent_stop (core);
  anew_clear (core);
  /* Callbacks of what is cut off here may still look at everything else: workers first, then the server, then what is left. */
  while (core->accounts->len > 0)
    core_account_retire (core, g_ptr_array_steal_index (core->accounts, 0));
  /* A call that fails may make another one as its last step; after two rounds every flow has ended. */
  for (guint round = 0; round < 2; round++) {
    supervised_stop (core->keys);
    supervised_stop (core->reader);
    supervised_stop (core->writer);
    supervised_stop (core->lookup);
    supervised_stop (core->lists);
    directory_stop (core);
  }
  g_clear_handle_id (&core->leave_timer, g_source_remove);
  g_clear_handle_id (&core->tick, g_source_remove);
  g_clear_handle_id (&core->tell_timer, g_source_remove);
  supervised_free (core->keys);
  supervised_free (core->reader);
  supervised_free (core->writer);
  supervised_free (core->lookup);
  supervised_free (core->lists);
  server_free (core->server);
  directory_clear (core);
  core_remove_keys_link (core);
  g_ptr_array_unref (core->accounts);
  g_ptr_array_unref (core->retired);
  outbox_subject_clear (core);
  g_hash_table_unref (core->asks);
  g_hash_table_unref (core->reports);
  if (core->settings != NULL)
    settings_free (core->settings);
  if (core->policy != NULL)
    policy_free (core->policy);
  g_clear_error (&core->unread);
  g_free (core->stamp);
  paths_free (core->paths);
  g_main_loop_unref (core->loop);
}

/* Clients wait for this byte before they connect. */
static void
tell_ready (void)
{
  (void) !write (3, "1", 1);
  close (3);
}

static int
run_engine (const char *profile_dir)
{
  struct core core = { .paths = paths_new (profile_dir) };
  g_autoptr (GError) error = NULL;
  gboolean taken = FALSE;
  core_init (&core);
  (void) signal (SIGPIPE, SIG_IGN);
  if (!paths_make (core.paths, &error) || (core.server = server_new (core.paths, &taken, &error)) == NULL) {
    if (taken)
      tell_ready ();
    core_clear (&core);
    return taken ? 0 : 1;
  }
  /* The door opens even when a settings file cannot be read: somebody must hear why. */
  core.closed = !core_load (&core);
  anew_if_new (&core);
  server_run (core.server, door_request, on_answer, on_clients, &core);
  on_clients (&core, 0);
  core.tick = g_timeout_add_seconds (TICK_S, on_tick, &core);
  g_unix_signal_add (SIGTERM, on_signal, &core);
  g_unix_signal_add (SIGHUP, on_signal, &core);
  tell_ready ();
  g_main_loop_run (core.loop);
  core_clear (&core);
  return 0;
}

int
engine_main (int argc, char **argv)
{
  static const struct worker_role *const roles[] = { &worker_role_keys, &worker_role_index,  &worker_role_imap,
                                                     &worker_role_smtp, &worker_role_lookup, &worker_role_filter };
  const char *what = argc > 2 ? argv[2] : "";
  if (strcmp (what, "engine") == 0)
    return run_engine (argc > 3 ? argv[3] : NULL);
  for (guint i = 0; i < G_N_ELEMENTS (roles); i++)
    if (strcmp (protocol_peer_name (roles[i]->peer), what) == 0)
      return worker_run (roles[i], 3);
  return 2;
}
