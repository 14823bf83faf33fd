/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The smtp worker: one account's outbox, and the only way out. Every copy passes the gate twice: before it is stored, and on the very
 * bytes right before DATA. The one copy that is no envelope is made in smtp_note.c. */
#include "mail/workers/smtp_p.h"

#include "mail/net/address.h"
#include "mail/net/gate.h"
#include "mail/net/smtp.h"
#include "mail/workers/sandbox.h"

#include <string.h>

#define COPIES_MAX 1000
#define PROGRESS_US (100 * 1000)
#define ASK_BYTES (8u * 1024 * 1024)
#define SENT_FDS_MAX 32 /* in one reply; the rest comes with the next run */

/* store_dir/outbox/NAME: all that this worker may write. NULL: the name is none. */
static char *
place (GVariant *config)
{
  g_autoptr (GVariant) account = g_variant_lookup_value (config, "account", G_VARIANT_TYPE_VARDICT);
  const char *name = NULL, *dir = NULL;
  if (account == NULL || !g_variant_lookup (account, "name", "&s", &name)
      || !g_variant_lookup (config, "store_dir", "&s", &dir) || *dir != '/' || *name == '\0' || *name == '.'
      || strlen (name) > 100
      || strspn (name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") != strlen (name))
    return NULL;
  return g_build_filename (dir, "outbox", name, NULL);
}

static void
allow (GVariant *config, struct sandbox *sandbox)
{
  g_autoptr (GVariant) account = g_variant_lookup_value (config, "account", G_VARIANT_TYPE_VARDICT);
  static const char *const files[] = { "ca_file", "client_cert_file", "client_key_file" };
  char *dir = place (config);
  if (dir != NULL) {
    (void) g_mkdir_with_parents (dir, 0700); /* start says what is wrong if it cannot be used */
    g_ptr_array_add (sandbox->write, dir);
  }
  for (gsize i = 0; account != NULL && i < G_N_ELEMENTS (files); i++) {
    const char *path = NULL;
    if (g_variant_lookup (account, files[i], "&s", &path) && *path == '/')
      g_ptr_array_add (sandbox->read, g_strdup (path));
  }
  sandbox->network = TRUE;
}

static void
submission_free (struct submission *self)
{
  g_clear_pointer (&self->outbox, outbox_free);
  g_clear_pointer (&self->ledger, ledger_free);
  g_clear_pointer (&self->secret, secret_free);
  g_clear_pointer (&self->remote, remote_free);
  g_free (self->address);
  g_free (self);
}

static GVariant *
start (struct worker *worker, GVariant *config, GError **error)
{
  g_autoptr (GVariant) account = g_variant_lookup_value (config, "account", G_VARIANT_TYPE_VARDICT);
  g_autoptr (GVariant) bytes = g_variant_lookup_value (config, "secret", G_VARIANT_TYPE_BYTESTRING);
  g_autofree char *dir = place (config);
  gsize size = 0;
  const void *data = bytes == NULL ? NULL : g_variant_get_fixed_array (bytes, &size, 1);
  if (dir == NULL) {
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_USAGE, "The account has no name that can be used for a folder.");
    return NULL;
  }
  struct submission *self = g_new0 (struct submission, 1);
  g_variant_lookup (account, "address", "s", &self->address);
  g_variant_lookup (config, "notes", "b", &self->notes);
  g_variant_lookup (config, "reports", "b", &self->reports);
  g_variant_lookup (config, "overdue_s", "u", &self->overdue_s);
  self->remote = remote_new (account, "smtp", error);
  self->outbox = self->remote == NULL ? NULL : outbox_open (dir, error);
  self->ledger = self->outbox == NULL ? NULL : ledger_open (dir, error);
  self->secret = size == 0 ? NULL : secret_new (data, size);
  if (self->ledger == NULL) {
    submission_free (self);
    return NULL;
  }
  smtp_ledger_follow (self);
  worker_set_state (worker, self);
  return worker_reply_nothing ();
}

static void
stop (struct worker *worker)
{
  submission_free (worker_state (worker));
}

static GVariant *
method_test (struct worker *worker, GVariant *args, GError **error)
{
  struct submission *self = worker_state (worker);
  AUTOFREE (smtp) smtp = smtp_open (self->remote, self->secret, error);
  if (smtp == NULL)
    return NULL;
  g_autofree char *text = g_strdup_printf ("Signed in to %s as %s; it takes mail.", self->remote->host,
                                           self->remote->user != NULL ? self->remote->user : "the certificate's owner");
  return worker_reply_one ("text", g_variant_new_string (text));
}

/* ---- taking in ---- */

/* message: of the outbox. date: of the item. A note is made of it and of the account's own address: nothing that came with a message. */
gboolean
smtp_gate (const struct submission *self, const struct outbox_copy *copy, gint64 date, GBytes *message, GError **error)
{
  const struct gate_note note = { .from = self->address, .date = date };
  struct gate_plan plan = { .mapped = TRUE,
                            .method = copy->method,
                            .recipients = (const char *const *) copy->recipients,
                            .recipient_ids = (const char *const *) copy->ids,
                            .note = copy->note ? &note : NULL };
  gsize size = 0;
  const guint8 *bytes = g_bytes_get_data (message, &size);
  return gate_check (bytes, size, &plan, error);
}

static void
copy_free (gpointer data)
{
  struct outbox_copy *copy = data;
  g_strfreev (copy->recipients);
  g_strfreev (copy->ids);
  g_free (copy);
}

static gboolean
no_line_ends (GStrv list)
{
  for (gsize i = 0; list[i] != NULL; i++)
    if (strpbrk (list[i], "\r\n") != NULL)
      return FALSE;
  return TRUE;
}

/* One row of copies: method s, recipients as, ids as, data h. */
static gboolean
take_copy (struct worker *worker, GVariant *row, GPtrArray *copies, GArray *files, GError **error)
{
  struct outbox_copy *copy = g_new0 (struct outbox_copy, 1);
  const char *method = "";
  gint32 handle = -1;
  g_ptr_array_add (copies, copy);
  g_variant_lookup (row, "method", "&s", &method);
  copy->method = strcmp (method, "smime") == 0 ? ROUTE_SMIME : strcmp (method, "pgp") == 0 ? ROUTE_PGP : ROUTE_HOLD;
  if (!g_variant_lookup (row, "recipients", "^as", &copy->recipients))
    copy->recipients = g_new0 (char *, 1);
  if (!g_variant_lookup (row, "ids", "^as", &copy->ids))
    copy->ids = g_new0 (char *, 1);
  if (!g_variant_lookup (row, "data", "h", &handle) || !no_line_ends (copy->recipients) || !no_line_ends (copy->ids)) {
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_USAGE,
                 "A copy of this mail came without its text or its recipients. Nothing was sent.");
    return FALSE;
  }
  int fd = worker_fd_at (worker, handle);
  g_array_append_val (files, fd);
  return worker_check_fd (fd, SMTP_MESSAGE_MAX, NULL, error);
}

static gboolean
check_copy (const struct outbox_copy *copy, GBytes *message, gpointer data, GError **error)
{
  /* A long mail in many copies takes its time, of which this tells. */
  worker_emit (data, "working",
               g_variant_new_parsed ("{'id': <''>, 'done': <%t>, 'total': <%t>}", (guint64) copy->number, (guint64) 0));
  return smtp_gate (worker_state (data), copy, 0, message, error);
}

static struct smtp *
open_line (struct submission *self, GError **error)
{
  struct smtp *smtp = smtp_open (self->remote, self->secret, error);
  if (smtp != NULL)
    self->size_max = smtp_size_max (smtp);
  return smtp;
}

/* A long mail that the server will not take is better refused now, as a whole, than when some of its copies are out. A server that cannot be
 * asked may be asked later. */
static gboolean
fits (struct submission *self, const GArray *files, GError **error)
{
  gsize largest = 0, size = 0;
  for (guint i = 0; i < files->len; i++)
    if (worker_check_fd (g_array_index (files, int, i), SMTP_MESSAGE_MAX, &size, NULL))
      largest = MAX (largest, size);
  if (largest > ASK_BYTES && self->size_max == 0) {
    AUTOFREE (smtp) smtp = open_line (self, NULL);
  }
  g_autofree char *sentence = smtp_too_large (self->remote->host, largest, self->size_max);
  if (sentence != NULL)
    g_set_error_literal (error, ENGINE_ERROR, ENGINE_ERROR_FAILED, sentence);
  return sentence == NULL;
}

static GVariant *
method_submit (struct worker *worker, GVariant *args, GError **error)
{
  struct submission *self = worker_state (worker);
  g_autoptr (GVariant) rows = g_variant_lookup_value (args, "copies", G_VARIANT_TYPE ("aa{sv}"));
  g_autoptr (GPtrArray) copies = g_ptr_array_new_with_free_func (copy_free);
  g_autoptr (GArray) files = g_array_new (FALSE, FALSE, sizeof (int));
  struct outbox_submission mail
      = { .message_id = "", .from = "", .draft_path = "", .copies = copies, .check = check_copy, .data = worker };
  g_variant_lookup (args, "message_id", "&s", &mail.message_id);
  g_variant_lookup (args, "from", "&s", &mail.from);
  g_variant_lookup (args, "draft_path", "&s", &mail.draft_path);
  gsize count = g_variant_n_children (rows);
  if (count == 0 || count > COPIES_MAX || *mail.message_id == '\0' || !address_is_addr_spec (mail.from)) {
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_USAGE,
                 "This mail has no recipients, no Message-ID or no sender. Nothing was sent.");
    return NULL;
  }
  for (gsize i = 0; i < count; i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
    if (!take_copy (worker, row, copies, files, error))
      return NULL;
  }
  if (!fits (self, files, error))
    return NULL;
  int sent = worker_arg_fd (worker, args, "sent");
  g_array_append_val (files, sent);
  mail.files = (const int *) (gpointer) files->data;
  g_autofree char *id
      = worker_check_fd (sent, SMTP_MESSAGE_MAX, NULL, error) ? outbox_submit (self->outbox, &mail, error) : NULL;
  if (id != NULL)
    smtp_ledger_follow (self);
  return id == NULL ? NULL : worker_reply_one ("id", g_variant_new_string (id));
}

/* ---- sending ---- */

struct ready {
  struct submission *self;
  const struct outbox_item *item;
  const struct outbox_copy *copy;
  GBytes *message;
};

/* Right before DATA. */
static gboolean
on_ready (gpointer data, GError **error)
{
  struct ready *ready = data;
  return smtp_gate (ready->self, ready->copy, ready->item->date, ready->message, error)
         && outbox_set (ready->self->outbox, ready->item->id, ready->copy->number, OUTBOX_SENDING, "", error);
}

static gboolean
send_copy (struct submission *self, struct smtp *smtp, const struct outbox_item *item, const struct outbox_copy *copy,
           GError **error)
{
  static const enum outbox_state states[] = { [SMTP_UNKNOWN] = OUTBOX_UNKNOWN,
                                              [SMTP_LATER] = OUTBOX_READY,
                                              [SMTP_REFUSED] = OUTBOX_FAILED,
                                              [SMTP_ACCEPTED] = OUTBOX_ACCEPTED };
  g_autoptr (GError) problem = NULL;
  g_autoptr (GBytes) message = outbox_message (self->outbox, item->id, copy->number, &problem);
  g_autofree char *text = NULL;
  /* The first look comes before the server hears of any recipient. */
  if (message == NULL || !smtp_gate (self, copy, item->date, message, &problem))
    return outbox_set (self->outbox, item->id, copy->number, OUTBOX_FAILED, problem->message, error);
  g_autofree char *envid = self->reports ? ledger_envid (self->ledger, item->id, copy->number) : NULL;
  struct ready ready = { .self = self, .item = item, .copy = copy, .message = message };
  gsize size = 0;
  const guint8 *bytes = g_bytes_get_data (message, &size);
  smtp_ask_reports (smtp, envid);
  if (envid != NULL && smtp_reports (smtp))
    (void) ledger_asked (self->ledger, item->id, copy->number, NULL); /* else nothing is ever overdue */
  enum smtp_outcome outcome
      = smtp_send (smtp, item->from, (const char *const *) copy->recipients, bytes, size, on_ready, &ready, &text);
  smtp_ask_reports (smtp, NULL);
  return outbox_set (self->outbox, item->id, copy->number, states[outcome], text != NULL ? text : "", error);
}

/* What is ready stays ready; it only says why it still waits. */
static void
note_waiting (struct submission *self, const struct outbox_item *item, const char *why)
{
  for (guint c = 0; c < item->copies->len; c++) {
    const struct outbox_copy *copy = g_ptr_array_index (item->copies, c);
    if (copy->state == OUTBOX_READY)
      (void) outbox_set (self->outbox, item->id, copy->number, OUTBOX_READY, why, NULL);
  }
}

/* How far an item is: what its copies before have taken, and the one that is on the line. */
struct distance {
  struct worker *worker;
  const char *id;
  gsize before, total;
  gint64 told; /* monotonic */
};

static void
on_progress (gsize done, gsize total, gpointer data)
{
  struct distance *distance = data;
  const gint64 now = g_get_monotonic_time ();
  if (now - distance->told < PROGRESS_US && done < total)
    return;
  distance->told = now;
  worker_emit (distance->worker, "working",
               g_variant_new_parsed ("{'id': <%s>, 'done': <%t>, 'total': <%t>}", distance->id,
                                     (guint64) (distance->before + done), (guint64) distance->total));
}

static gsize
size_of (struct submission *self, const struct outbox_item *item, const struct outbox_copy *copy)
{
  g_autoptr (GBytes) message = outbox_message (self->outbox, item->id, copy->number, NULL);
  return message != NULL ? g_bytes_get_size (message) : 0;
}

static void
distance_init (struct distance *distance, struct worker *worker, const struct outbox_item *item)
{
  *distance = (struct distance){ .worker = worker, .id = item->id };
  for (guint c = 0; c < item->copies->len; c++) {
    const struct outbox_copy *copy = g_ptr_array_index (item->copies, c);
    if (copy->state == OUTBOX_READY)
      distance->total += size_of (worker_state (worker), item, copy);
  }
}

static gboolean
send_item (struct worker *worker, struct smtp **smtp, const struct outbox_item *item, GError **error)
{
  struct submission *self = worker_state (worker);
  struct distance distance;
  distance_init (&distance, worker, item);
  for (guint c = 0; c < item->copies->len; c++) {
    const struct outbox_copy *copy = g_ptr_array_index (item->copies, c);
    g_autoptr (GError) problem = NULL;
    if (copy->state != OUTBOX_READY)
      continue;
    if (*smtp != NULL && smtp_is_lost (*smtp))
      g_clear_pointer (smtp, smtp_close);
    if (*smtp == NULL)
      *smtp = open_line (self, &problem);
    if (*smtp == NULL) {
      note_waiting (self, item, problem->message);
      return TRUE;
    }
    smtp_set_progress (*smtp, on_progress, &distance);
    if (!send_copy (self, *smtp, item, copy, error))
      return FALSE;
    smtp_set_progress (*smtp, NULL, NULL);
    smtp_ledger_follow (self);
    distance.before += size_of (self, item, copy);
  }
  return TRUE;
}

/* ---- telling ---- */

static gboolean
is_note (const struct outbox_item *item)
{
  return item->copies->len > 0 && ((struct outbox_copy *) g_ptr_array_index (item->copies, 0))->note;
}

static GVariant *
item_row (struct worker *worker, const struct outbox_item *item, gboolean with_sent, guint *fds)
{
  struct submission *self = worker_state (worker);
  g_autoptr (GPtrArray) recipients = g_ptr_array_new ();
  g_autofree char *text = outbox_item_text (item);
  enum outbox_state state = outbox_item_state (item);
  for (guint c = 0; c < item->copies->len; c++)
    for (char **one = ((struct outbox_copy *) g_ptr_array_index (item->copies, c))->recipients; *one != NULL; one++)
      g_ptr_array_add (recipients, *one);
  GVariantBuilder row;
  g_variant_builder_init (&row, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&row, "{sv}", "id", g_variant_new_string (item->id));
  g_variant_builder_add (&row, "{sv}", "message_id", g_variant_new_string (item->message_id));
  g_variant_builder_add (&row, "{sv}", "state", g_variant_new_string (outbox_state_name (state)));
  g_variant_builder_add (&row, "{sv}", "text", g_variant_new_string (text));
  g_variant_builder_add (&row, "{sv}", "recipients",
                         g_variant_new_strv ((const char *const *) recipients->pdata, (gssize) recipients->len));
  g_variant_builder_add (&row, "{sv}", "date", g_variant_new_int64 (item->date));
  g_variant_builder_add (&row, "{sv}", "draft_path", g_variant_new_string (item->draft_path));
  g_variant_builder_add (&row, "{sv}", "note", g_variant_new_boolean (is_note (item)));
  int fd
      = with_sent && state == OUTBOX_ACCEPTED && *fds < SENT_FDS_MAX ? outbox_open_sent (self->outbox, item->id) : -1;
  if (fd >= 0) {
    (*fds)++;
    g_variant_builder_add (&row, "{sv}", "sent", g_variant_new_handle (worker_reply_fd_take (worker, fd)));
  }
  return g_variant_builder_end (&row);
}

static GVariant *
rows (struct worker *worker, gboolean with_sent)
{
  struct submission *self = worker_state (worker);
  g_autoptr (GPtrArray) items = outbox_items (self->outbox);
  guint fds = 0;
  GVariantBuilder list;
  g_variant_builder_init (&list, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < items->len; i++)
    g_variant_builder_add_value (&list, item_row (worker, g_ptr_array_index (items, i), with_sent, &fds));
  return worker_reply_one ("rows", g_variant_builder_end (&list));
}

static GVariant *
method_run (struct worker *worker, GVariant *args, GError **error)
{
  struct submission *self = worker_state (worker);
  const char *id = NULL;
  g_variant_lookup (args, "id", "&s", &id);
  g_autoptr (GPtrArray) items = outbox_items (self->outbox);
  struct smtp *smtp = NULL;
  gboolean done = TRUE;
  for (guint i = 0; i < items->len && done; i++) {
    const struct outbox_item *item = g_ptr_array_index (items, i);
    if (id == NULL || strcmp (id, item->id) == 0)
      done = send_item (worker, &smtp, item, error);
  }
  g_clear_pointer (&smtp, smtp_close);
  smtp_ledger_follow (self);
  return done ? rows (worker, TRUE) : NULL;
}

static GVariant *
method_list (struct worker *worker, GVariant *args, GError **error)
{
  return rows (worker, FALSE);
}

static GVariant *
method_filed (struct worker *worker, GVariant *args, GError **error)
{
  const char *id = "";
  g_variant_lookup (args, "id", "&s", &id);
  smtp_ledger_follow (worker_state (worker)); /* the last time that the outbox can tell of it */
  return outbox_forget (((struct submission *) worker_state (worker))->outbox, id, error) ? worker_reply_nothing ()
                                                                                          : NULL;
}

static GVariant *
method_retry (struct worker *worker, GVariant *args, GError **error)
{
  const char *id = "";
  g_variant_lookup (args, "id", "&s", &id);
  return outbox_retry (((struct submission *) worker_state (worker))->outbox, id, error) ? worker_reply_nothing ()
                                                                                         : NULL;
}

static const struct worker_method methods[] = {
  { "test", method_test },       { "submit", method_submit }, { "run", method_run },       { "list", method_list },
  { "filed", method_filed },     { "retry", method_retry },   { "tell", smtp_tell },       { "report", smtp_report },
  { "delivery", smtp_delivery }, { "overdue", smtp_overdue }, { "receipt", smtp_receipt }, { NULL, NULL },
};

const struct worker_role worker_role_smtp = {
  .peer = PEER_SMTP,
  .methods = methods,
  .sandbox = allow,
  .start = start,
  .stop = stop,
};
