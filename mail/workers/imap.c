/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The imap worker: one account's mailboxes. Requests are done on the local side at once; the line to the server is kept, used and mended
 * while nobody asks for anything. */
#include "mail/workers/imap_p.h"

#include "crypto/error.h"
#include "mail/workers/sandbox.h"

#include <poll.h>
#include <string.h>

#define LOOK_S 300      /* how often all folders are looked at where IDLE watches INBOX */
#define IDLE_MAX_S 1500 /* RFC 2177: less than 29 minutes */
#define BACK_OFF_S 10
#define BACK_OFF_MAX_S 300
#define PUSH_AGAIN_S 60
#define PATIENCE_MS 5000 /* with a server that does not answer, while the engine waits for something else */

static gint64
now_s (void)
{
  return g_get_monotonic_time () / G_USEC_PER_SEC;
}

static gboolean
emit (const char *event, GVariant *fields, gpointer data)
{
  return worker_emit (((struct mailbox *) data)->worker, event, fields);
}

/* What people do to mail is done while mail is coming in; the server hears of it afterwards. */
static enum stream_served
serve (gpointer data)
{
  struct mailbox *box = data;
  enum worker_served served = worker_serve (box->worker);
  if (box->imap != NULL && imap_has (box->imap, "IDLE") && imap_watch_is_due (box->watch))
    box->waits_to_watch = TRUE;
  if (served == WORKER_MORE || worker_has_waiting (box->worker) || box->waits_to_watch
      || imap_watch_has_news (box->watch))
    sync_pause (box->sync);
  return served == WORKER_GONE ? STREAM_GIVE_UP : served == WORKER_MORE ? STREAM_UNSERVED : STREAM_SERVED;
}

/* What a wait for the server ends for. */
static int
wake_fd (const struct mailbox *box)
{
  int fd = imap_watch_fd (box->watch);
  return fd >= 0 ? fd : worker_fd (box->worker);
}

static void say (struct mailbox *box, const char *state, const char *format, ...) G_GNUC_PRINTF (3, 4);
static void
say (struct mailbox *box, const char *state, const char *format, ...)
{
  va_list values;
  va_start (values, format);
  g_autofree char *text = g_strdup_vprintf (format, values);
  va_end (values);
  GVariantBuilder fields;
  g_variant_builder_init (&fields, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&fields, "{sv}", "state", g_variant_new_string (state));
  g_variant_builder_add (&fields, "{sv}", "text", g_variant_new_string (text));
  emit ("state", g_variant_builder_end (&fields), box);
}

/* ---- start ---- */

static gboolean
is_account_name (const char *name)
{
  return name != NULL && *name != '\0' && *name != '.' && strlen (name) <= 100
         && strspn (name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == strlen (name);
}

/* mail_dir/NAME and store_dir/imap-NAME: all that this worker may write. NULL: the name is none. */
static char *
place (GVariant *config, const char *field, const char *prefix)
{
  g_autoptr (GVariant) account = g_variant_lookup_value (config, "account", G_VARIANT_TYPE_VARDICT);
  const char *name = NULL, *dir = NULL;
  if (account == NULL || !g_variant_lookup (account, "name", "&s", &name) || !is_account_name (name)
      || !g_variant_lookup (config, field, "&s", &dir) || *dir != '/')
    return NULL;
  return g_strdup_printf ("%s/%s%s", dir, prefix, name);
}

static void
allow (GVariant *config, struct sandbox *sandbox)
{
  g_autoptr (GVariant) account = g_variant_lookup_value (config, "account", G_VARIANT_TYPE_VARDICT);
  char *dirs[] = { place (config, "mail_dir", ""), place (config, "store_dir", "imap-") };
  for (gsize i = 0; i < G_N_ELEMENTS (dirs); i++)
    if (dirs[i] != NULL) {
      (void) g_mkdir_with_parents (dirs[i], 0700); /* start says what is wrong if it cannot be used */
      g_ptr_array_add (sandbox->write, dirs[i]);
    }
  remote_add_files (account, sandbox->read);
  sandbox->network = TRUE;
}

static struct secret *
secret_of (GVariant *config)
{
  g_autoptr (GVariant) bytes = g_variant_lookup_value (config, "secret", G_VARIANT_TYPE_BYTESTRING);
  gsize size = 0;
  const void *data = bytes == NULL ? NULL : g_variant_get_fixed_array (bytes, &size, 1);
  return size == 0 ? NULL : secret_new (data, size);
}

static GVariant *
start (struct worker *worker, GVariant *config, GError **error)
{
  g_autoptr (GVariant) account = g_variant_lookup_value (config, "account", G_VARIANT_TYPE_VARDICT);
  g_autoptr (GVariant) settings = g_variant_lookup_value (config, "settings", G_VARIANT_TYPE_VARDICT);
  g_autofree char *root = place (config, "mail_dir", ""), *store = place (config, "store_dir", "imap-");
  if (root == NULL || store == NULL) {
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_USAGE, "The account has no name that can be used for a folder.");
    return NULL;
  }
  AUTOFREE (remote) remote = remote_new (account, "imap", error);
  g_autofree char *file = g_build_filename (store, "state.db", NULL);
  struct state *state = remote == NULL ? NULL : state_open (file, error);
  if (state == NULL)
    return NULL;
  struct mailbox *box = g_new0 (struct mailbox, 1);
  box->worker = worker;
  box->remote = g_steal_pointer (&remote);
  box->secret = secret_of (config);
  box->poll_s = 60;
  g_variant_lookup (settings, "poll_s", "u", &box->poll_s);
  box->poll_s = CLAMP (box->poll_s, 1, 3600);
  box->sync = sync_new (state, root, settings, emit, box);
  box->watch = imap_watch_new (worker_fd (worker), box->remote, box->secret);
  box->guest = (struct stream_guest){ .wake_fd = wake_fd (box), .serve = serve, .data = box };
  sync_set_guest (box->sync, &box->guest);
  worker_set_state (worker, box);
  return worker_reply_nothing ();
}

static void
stop (struct worker *worker)
{
  struct mailbox *box = worker_state (worker);
  g_clear_pointer (&box->imap, imap_close);
  imap_body_clear (&box->body);
  imap_watch_free (box->watch);
  sync_free (box->sync);
  g_clear_pointer (&box->secret, secret_free);
  remote_free (box->remote);
  g_free (box);
}

/* ---- the line ---- */

static void
hang_up (struct mailbox *box)
{
  imap_watch_close (box->watch);
  g_clear_pointer (&box->imap, imap_close);
}

static struct imap *
open_line (struct mailbox *box, GError **error)
{
  struct imap *imap = imap_open (box->remote, box->secret, &box->guest, error);
  if (imap != NULL)
    imap_set_waiting (imap, worker_fd (box->worker), PATIENCE_MS);
  return imap;
}

static gboolean
connect_now (struct mailbox *box, GError **error)
{
  say (box, "connecting", "Connecting to %s.", box->remote->host);
  box->imap = open_line (box, error);
  if (box->imap != NULL && !sync_list (box->sync, box->imap, error))
    hang_up (box);
  if (box->imap == NULL)
    return FALSE;
  box->failures = 0;
  box->refused = FALSE;
  box->next_look = 0;
  box->busy = FALSE; /* with connecting; what comes next is told anew */
  return TRUE;
}

/* What a failure means for the time to come, and one sentence about it. */
static void
after_failure (struct mailbox *box, const GError *error)
{
  hang_up (box);
  guint wait_s = MIN (BACK_OFF_S << MIN (box->failures, 5u), BACK_OFF_MAX_S);
  box->failures++;
  box->busy = FALSE;
  box->next_try = now_s () + wait_s;
  if (g_error_matches (error, ENGINE_ERROR, ENGINE_ERROR_SIGN_IN)) {
    /* Trying again and again would lock the account at many servers. */
    box->refused = TRUE;
    say (box, "failed", "%s", error->message);
  } else if (error->domain == CRYPTO_ERROR || g_error_matches (error, ENGINE_ERROR, ENGINE_ERROR_TLS)) {
    say (box, "failed", "%s Trying again in %u s.", error->message, wait_s);
  } else {
    say (box, "offline", "%s Trying again in %u s.", error->message, wait_s);
  }
}

/* ---- idle ---- */

static void
wait_for_request (struct mailbox *box, gint64 seconds)
{
  struct pollfd one = { .fd = worker_fd (box->worker), .events = POLLIN };
  (void) poll (&one, 1, seconds < 0 ? -1 : (int) MIN (seconds * 1000, G_MAXINT));
}

static gboolean
push_if_due (struct mailbox *box, GError **error)
{
  if (now_s () < box->next_push || !sync_has_changes (box->sync))
    return TRUE;
  box->next_push = now_s () + PUSH_AGAIN_S;
  return sync_push (box->sync, box->imap, error);
}

/* The second connection: opened when the first has brought something, or has nothing to do; and what it has heard. */
static void
watch (struct mailbox *box)
{
  if (imap_has (box->imap, "IDLE") && imap_watch_is_due (box->watch)
      && (box->waits_to_watch || !sync_is_scheduled (box->sync)))
    imap_watch_open (box->watch, &box->guest);
  box->waits_to_watch = FALSE;
  if (imap_watch_has_news (box->watch) && imap_watch_take (box->watch))
    sync_schedule_news (box->sync);
}

/* One turn of work on an open line. FALSE: it is lost, or something is badly wrong. */
static gboolean
work (struct mailbox *box, GError **error)
{
  gint64 look_s = imap_has (box->imap, "IDLE") ? LOOK_S : box->poll_s;
  if (!push_if_due (box, error))
    return FALSE;
  if (now_s () >= box->next_look) {
    if (!sync_list (box->sync, box->imap, error))
      return FALSE;
    sync_schedule (box->sync, TRUE);
    box->next_look = now_s () + look_s;
  }
  watch (box);
  if (sync_is_scheduled (box->sync)) {
    if (!box->busy)
      say (box, "syncing", "Fetching mail from %s.", box->remote->host);
    box->busy = TRUE;
    return sync_pull (box->sync, box->imap, TRUE, error) != SYNC_FAILED;
  }
  if (box->busy)
    say (box, "idle", "Up to date with %s.", box->remote->host);
  box->busy = FALSE;
  sync_rest (box->sync);
  if (worker_is_called (box->worker))
    return TRUE;
  gboolean changed = FALSE;
  gint64 wait_s = CLAMP (box->next_look - now_s (), 1, IDLE_MAX_S);
  if (imap_watch_is_on (box->watch))
    return imap_rest (box->imap, wake_fd (box), (guint) wait_s, error);
  if (!sync_watch (box->sync, box->imap, worker_fd (box->worker), (guint) wait_s, &changed, error))
    return FALSE;
  if (changed)
    sync_schedule (box->sync, FALSE);
  return TRUE;
}

/* What the index never confirmed, before anything new. */
static void
report_once (struct mailbox *box)
{
  if (!box->reported)
    sync_report (box->sync);
  box->reported = TRUE;
}

static void
idle (struct worker *worker)
{
  struct mailbox *box = worker_state (worker);
  g_autoptr (GError) error = NULL;
  report_once (box);
  imap_body_rest (&box->body);
  if (box->imap == NULL) {
    gint64 wait_s = box->refused ? -1 : MAX (box->next_try - now_s (), 0);
    if (wait_s != 0) {
      wait_for_request (box, wait_s);
      return;
    }
    box->busy = TRUE;
    if (!connect_now (box, &error))
      after_failure (box, error);
    return;
  }
  box->on_line = TRUE;
  if (!work (box, &error))
    after_failure (box, error);
  box->on_line = FALSE;
}

/* ---- methods that need the line; the others are in imap_methods.c ---- */

static GVariant *
method_test (struct worker *worker, GVariant *args, GError **error)
{
  struct mailbox *box = worker_state (worker);
  AUTOFREE (imap) imap = open_line (box, error);
  g_autoptr (GPtrArray) folders = imap == NULL ? NULL : imap_list (imap, NULL, error);
  if (folders == NULL)
    return NULL;
  g_autofree char *server = imap_server_name (imap);
  if (box->refused) {
    box->refused = FALSE;
    box->next_try = 0;
  }
  g_autofree char *line = imap_protection (imap);
  g_autofree char *text
      = g_strdup_printf ("Signed in to %s%s%s%s as %s; %u folder%s (%s).", box->remote->host,
                         server != NULL ? " (" : "", server != NULL ? server : "", server != NULL ? ")" : "",
                         box->remote->user != NULL ? box->remote->user : "the certificate's owner", folders->len,
                         folders->len == 1 ? "" : "s", line);
  return worker_reply_one ("text", g_variant_new_string (text));
}

static gboolean
sync_everything (struct mailbox *box, GError **error)
{
  if (box->imap == NULL ? !connect_now (box, error) : !sync_list (box->sync, box->imap, error))
    return FALSE;
  if (!sync_push (box->sync, box->imap, error))
    return FALSE;
  say (box, "syncing", "Fetching mail from %s.", box->remote->host);
  sync_schedule (box->sync, TRUE);
  if (sync_pull (box->sync, box->imap, FALSE, error) != SYNC_DONE)
    return FALSE;
  box->next_look = now_s () + LOOK_S;
  sync_rest (box->sync);
  return TRUE;
}

static GVariant *
method_sync (struct worker *worker, GVariant *args, GError **error)
{
  struct mailbox *box = worker_state (worker);
  struct sync_counts counts;
  gboolean had_line = box->imap != NULL;
  g_autoptr (GError) problem = NULL;
  report_once (box);
  sync_push_all (box->sync);
  sync_take_counts (box->sync, &counts);
  box->on_line = TRUE;
  gboolean done = sync_everything (box, &problem);
  if (!done && had_line && imap_is_lost (box->imap)) { /* it had died unnoticed */
    hang_up (box);
    g_clear_error (&problem);
    done = sync_everything (box, &problem);
  }
  box->on_line = FALSE;
  if (!done) {
    after_failure (box, problem);
    g_propagate_error (error, g_steal_pointer (&problem));
    return NULL;
  }
  say (box, "idle", "Up to date with %s.", box->remote->host);
  box->busy = FALSE;
  sync_take_counts (box->sync, &counts);
  GVariantBuilder fields;
  g_variant_builder_init (&fields, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&fields, "{sv}", "new", g_variant_new_uint32 (counts.fresh));
  g_variant_builder_add (&fields, "{sv}", "changed", g_variant_new_uint32 (counts.changed));
  g_variant_builder_add (&fields, "{sv}", "removed", g_variant_new_uint32 (counts.removed));
  g_variant_builder_add (&fields, "{sv}", "bodies", g_variant_new_uint32 (counts.bodies));
  g_variant_builder_add (&fields, "{sv}", "bytes", g_variant_new_uint64 (counts.bytes));
  return g_variant_builder_end (&fields);
}

static const struct worker_method methods[] = {
  { "test", method_test },          { "folders", imap_method_folders },
  { "sync", method_sync },          { "flags", imap_method_flags },
  { "move", imap_method_move },     { "move_back", imap_method_move_back },
  { "append", imap_method_append }, { "remove", imap_method_remove },
  { "drafts", imap_method_drafts }, { "indexed", imap_method_indexed },
  { "report", imap_method_report }, { "settle", imap_method_settle },
  { "folder", imap_method_folder }, { "mails", imap_method_mails },
  { "fetch", imap_method_fetch },   { NULL, NULL },
};

static const char *const alone[] = { "sync", NULL }; /* it needs the line */

const struct worker_role worker_role_imap = {
  .peer = PEER_IMAP,
  .methods = methods,
  .sandbox = allow,
  .start = start,
  .idle = idle,
  .stop = stop,
  .alone = alone,
};
