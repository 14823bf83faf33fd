/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The smtp worker: one account's outbox, and the only way out. Every copy passes the gate twice: before it is stored, and on the very
 * bytes right before DATA. The one copy that is no envelope is made in smtp_note.c. */
#include "mail/workers/smtp_p.h"

#include "mail/net/address.h"
#include "mail/net/gate.h"
#include "mail/workers/sandbox.h"

#include <string.h>

#define COPIES_MAX 1000
#define ASK_BYTES (8u * 1024 * 1024)

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
  char *dir = place (config);
  if (dir != NULL) {
    (void) g_mkdir_with_parents (dir, 0700); /* start says what is wrong if it cannot be used */
    g_ptr_array_add (sandbox->write, dir);
  }
  remote_add_files (account, sandbox->read);
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
  g_variant_lookup (config, "late_s", "x", &self->late_s);
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
  AUTOFREE (smtp) smtp = smtp_open (self->remote, self->secret, NULL, error);
  if (smtp == NULL)
    return NULL;
  g_autofree char *line = smtp_protection (smtp);
  g_autofree char *text
      = g_strdup_printf ("Signed in to %s as %s; it takes mail (%s).", self->remote->host,
                         self->remote->user != NULL ? self->remote->user : "the certificate's owner", line);
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
  g_strfreev (copy->keys);
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

/* One row of copies: method s, recipients as, ids as, keys as, data h. */
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
  if (!g_variant_lookup (row, "keys", "^as", &copy->keys))
    copy->keys = NULL;
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

struct smtp *
smtp_line (struct submission *self, const struct stream_guest *guest, GError **error)
{
  struct smtp *smtp = smtp_open (self->remote, self->secret, guest, error);
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
    AUTOFREE (smtp) smtp = smtp_line (self, NULL, NULL);
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
  g_variant_lookup (args, "not_before", "x", &mail.not_before);
  gsize count = g_variant_n_children (rows);
  if (count == 0 || count > COPIES_MAX || *mail.message_id == '\0'
      || (*mail.from != '\0' && !address_is_addr_spec (mail.from))) {
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

static GVariant *
method_filed (struct worker *worker, GVariant *args, GError **error)
{
  const char *id = "";
  g_variant_lookup (args, "id", "&s", &id);
  smtp_ledger_follow (worker_state (worker)); /* the last time that the outbox can tell of it */
  return outbox_forget (((struct submission *) worker_state (worker))->outbox, id, error) ? worker_reply_nothing ()
                                                                                          : NULL;
}

static const struct worker_method methods[] = {
  { "test", method_test },
  { "submit", method_submit },
  { "run", smtp_run },
  { "list", smtp_list },
  { "filed", method_filed },
  { "stop", smtp_stop },
  { "decide", smtp_decide },
  { "tell", smtp_tell },
  { "report", smtp_report },
  { "delivery", smtp_delivery },
  { "overdue", smtp_overdue },
  { "receipt", smtp_receipt },
  { NULL, NULL },
};

const struct worker_role worker_role_smtp = {
  .peer = PEER_SMTP,
  .methods = methods,
  .sandbox = allow,
  .start = start,
  .stop = stop,
};
