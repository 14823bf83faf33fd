/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The note that asks somebody for a key, on its way into the outbox: nothing comes from outside but an address and a minute. */
#include "mail/workers/smtp_p.h"

#include "mail/net/gate.h"

#include <string.h>
#include <unistd.h>

#define NOTE_OLD_S 3600 /* since its text was shown to the one who sends it */

static gboolean
may_tell (const struct submission *self, const char *to, gint64 date, GError **error)
{
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  if (!self->notes)
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_HELD,
                 "Your organisation does not allow notes without protection. Nothing was sent; call %s instead.", to);
  else if (date > now + 60 || date < now - NOTE_OLD_S)
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_USAGE,
                 "The note was shown too long ago. Nothing was sent; look at it again.");
  else
    return TRUE;
  return FALSE;
}

struct checking {
  const struct submission *self;
  gint64 date;
};

static gboolean
check_note (const struct outbox_copy *copy, GBytes *message, gpointer data, GError **error)
{
  const struct checking *checking = data;
  return smtp_gate (checking->self, copy, checking->date, message, error);
}

/* Neither text nor sender comes with the request. */
GVariant *
smtp_tell (struct worker *worker, GVariant *args, GError **error)
{
  struct submission *self = worker_state (worker);
  const char *to = "";
  gint64 date = 0;
  gboolean again = FALSE;
  g_variant_lookup (args, "to", "&s", &to);
  g_variant_lookup (args, "date", "x", &date);
  g_variant_lookup (args, "again", "b", &again);
  char *const recipients[] = { (char *) to, NULL };
  char *const ids[] = { NULL };
  struct outbox_copy copy = { .note = TRUE, .recipients = (GStrv) recipients, .ids = (GStrv) ids };
  g_autofree char *text = gate_note_make (self->address, to, date),
                  *message_id = gate_note_id (self->address, to, date);
  gint64 told = outbox_told (self->outbox, to);
  if (!may_tell (self, to, date, error))
    return NULL;
  if (told != 0 && !again)
    return worker_reply_one ("told", g_variant_new_int64 (told));
  int files[]
      = { text != NULL ? worker_memfd ("note", text, strlen (text), error) : -1, worker_arg_fd (worker, args, "sent") };
  g_autoptr (GPtrArray) copies = g_ptr_array_new ();
  g_ptr_array_add (copies, &copy);
  struct checking checking = { self, date };
  const struct outbox_submission mail = { .message_id = message_id,
                                          .from = self->address,
                                          .draft_path = "",
                                          .date = date,
                                          .copies = copies,
                                          .files = files,
                                          .check = check_note,
                                          .data = &checking };
  g_autofree char *id = NULL;
  if (worker_check_fd (files[0], SMTP_MESSAGE_MAX, NULL, error)
      && worker_check_fd (files[1], SMTP_MESSAGE_MAX, NULL, error))
    id = outbox_submit (self->outbox, &mail, error);
  if (files[0] >= 0)
    close (files[0]);
  if (id != NULL)
    smtp_ledger_follow (self);
  return id == NULL ? NULL : worker_reply_one ("id", g_variant_new_string (id));
}
