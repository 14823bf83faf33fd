/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Answering a request for a receipt: once, and the way of every message, encrypted through the gate.
 *
 *   may it be? -> answered before? -> keys.protect -> held? nothing leaves, and it can be answered later
 *                                                  -> written down as answered -> smtp.submit (from nobody) -> run
 *
 * It is written down before it is sent: what dies in between is not answered, rather than twice. */
#include "mail/engine/core.h"

#include <string.h>

#include "mail/message/receipt.h"

struct answering {
  struct core *core;
  struct core_account *account;
  struct request *request;
  GVariant *view, *asked, *reply; /* reply: of keys.protect */
  GUnixFDList *fds;
  const char *id, *to; /* of view and asked */
  gboolean automatic;
};

static void
answering_free (struct answering *answering)
{
  answering->core->busy--;
  request_unref (answering->request);
  g_variant_unref (answering->view);
  g_variant_unref (answering->asked);
  g_clear_pointer (&answering->reply, g_variant_unref);
  g_clear_object (&answering->fds);
  g_free (answering);
}

static void
answering_fail (struct answering *answering, const GError *error)
{
  request_fail (answering->request, error);
  answering_free (answering);
}

static void
answering_reply (struct answering *answering, const char *state, const char *text)
{
  request_reply (answering->request, g_variant_new_parsed ("{'state': <%s>, 'text': <%s>}", state, text), NULL);
  answering_free (answering);
}

static void
on_run (gpointer data, GVariant *row_or_null, const GError *error)
{
  struct answering *answering = data;
  const char *state = "ready";
  if (row_or_null != NULL)
    (void) g_variant_lookup (row_or_null, "state", "&s", &state);
  const gboolean sent = strcmp (state, "accepted") == 0;
  g_autofree char *text
      = sent ? g_strdup_printf ("The receipt was sent to %s, encrypted.", answering->to)
             : g_strdup_printf ("The receipt to %s is encrypted and waits in the outbox.", answering->to);
  answering_reply (answering, sent ? "sent" : "queued", text);
}

/* Nobody is asked about it again. */
static void
mark (const struct answering *answering, gboolean sent)
{
  change_mark (answering->core, answering->id, RECEIPT_TAG_ANSWERED);
  if (!sent)
    change_mark (answering->core, answering->id, RECEIPT_TAG_REFUSED);
}

static void
on_submitted (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct answering *answering = data;
  const char *id = "";
  if (error != NULL) {
    answering_fail (answering, error);
    return;
  }
  (void) g_variant_lookup (reply, "id", "&s", &id);
  server_event (answering->core->server, "outbox", NULL);
  mark (answering, TRUE);
  outbox_run (answering->account, id, "", on_run, answering);
}

static gboolean
was_before (struct answering *answering, GVariant *reply)
{
  const char *before = "";
  (void) g_variant_lookup (reply, "before", "&s", &before);
  if (*before == '\0')
    return FALSE;
  const gboolean sent = strcmp (before, "sent") == 0;
  mark (answering, sent);
  answering_reply (answering, "before",
                   sent ? "A receipt was sent before; no other one is."
                        : "You chose before to send no receipt; so none was sent.");
  return TRUE;
}

static void
on_written (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct answering *answering = data;
  const char *id = "";
  gint32 sent = -1;
  if (error != NULL) {
    answering_fail (answering, error);
    return;
  }
  if (was_before (answering, reply))
    return;
  (void) g_variant_lookup (answering->reply, "message_id", "&s", &id);
  (void) g_variant_lookup (answering->reply, "sent", "h", &sent);
  g_autoptr (GVariant) copies = core_rows (answering->reply, "copies");
  supervised_call (answering->account->smtp, "submit",
                   g_variant_new_parsed ("{'message_id': <%s>, 'from': <''>, 'copies': <%@aa{sv}>, 'sent': <%@h>}", id,
                                         copies, g_variant_new_handle (sent)),
                   answering->fds, NULL, on_submitted, answering);
}

static void
write_down (struct answering *answering, const char *answer_or_null, supervised_done_fn done)
{
  GVariant *fields = answer_or_null != NULL
                         ? g_variant_new_parsed ("{'message_id': <%s>, 'answer': <%s>}", answering->id, answer_or_null)
                         : g_variant_new_parsed ("{'message_id': <%s>}", answering->id);
  supervised_call (answering->account->smtp, "receipt", fields, NULL, NULL, done, answering);
}

static void
on_protected (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct answering *answering = data;
  if (error != NULL) {
    answering_fail (answering, error);
    return;
  }
  g_autoptr (GVariant) copies = core_rows (reply, "copies");
  if (g_variant_n_children (copies) == 0) {
    request_fail_text (answering->request, ENGINE_ERROR_HELD,
                       "There is no usable key for %s, so the receipt cannot be encrypted and was not sent. Answer by "
                       "telephone, or again when there is a key.",
                       answering->to);
    answering_free (answering);
    return;
  }
  answering->reply = g_variant_ref (reply);
  answering->fds = fds != NULL ? g_object_ref (fds) : g_unix_fd_list_new ();
  write_down (answering, "sent", on_written);
}

static GVariant *
draft_of (const struct answering *answering)
{
  const char *subject = "", *own = answering->account->account->address;
  gboolean was_protected = TRUE;
  (void) g_variant_lookup (answering->view, "subject", "&s", &subject);
  (void) g_variant_lookup (answering->view, "protected", "b", &was_protected);
  g_autofree char *title = g_strdup_printf ("Receipt: %s", subject),
                  *cut = g_utf8_substring (title, 0, MIN (g_utf8_strlen (title, -1), 200)),
                  *body = g_strdup_printf ("Your message was opened at %s. This does not say that it was read or "
                                           "understood.\n",
                                           own);
  const char *to[] = { answering->to, NULL }, *references[] = { answering->id, NULL };
  return g_variant_new_parsed (
      "{'from': <%s>, 'to': <%^as>, 'subject': <%s>, 'body': <%s>, 'in_reply_to': <%s>, 'references': <%^as>, "
      "'parent_protected': <%b>, 'receipt': <{'message_id': <%s>, 'recipient': <%s>, 'automatic': <%b>}>}",
      own, to, cut, body, answering->id, references, was_protected, answering->id, own, answering->automatic);
}

static void
on_asked_before (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct answering *answering = data;
  if (error != NULL)
    answering_fail (answering, error);
  else if (!was_before (answering, reply))
    supervised_call (answering->core->keys, "protect",
                     g_variant_new_parsed ("{'draft': <%@a{sv}>}", draft_of (answering)), NULL, answering->request,
                     on_protected, answering);
}

static void
on_refused (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct answering *answering = data;
  if (error != NULL) {
    answering_fail (answering, error);
    return;
  }
  if (was_before (answering, reply))
    return;
  mark (answering, FALSE);
  answering_reply (answering, "refused", "No receipt is sent. You will not be asked about this message again.");
}

void
receipt_answer (struct core *core, struct core_account *account_or_null, struct request *request, GVariant *view,
                GVariant *asked)
{
  struct answering *answering = g_new0 (struct answering, 1);
  const char *answer = "", *state = "", *text = "";
  answering->core = core;
  answering->account = account_or_null;
  answering->request = request_ref (request);
  answering->view = g_variant_ref (view);
  answering->asked = g_variant_ref_sink (asked);
  answering->id = answering->to = "";
  core->busy++;
  (void) g_variant_lookup (view, "message_id", "&s", &answering->id);
  (void) g_variant_lookup (answering->asked, "to", "&s", &answering->to);
  (void) g_variant_lookup (answering->asked, "state", "&s", &state);
  (void) g_variant_lookup (answering->asked, "text", "&s", &text);
  (void) g_variant_lookup (request->fields, "answer", "&s", &answer);
  answering->automatic = strcmp (answer, "auto") == 0;
  const gboolean open = strcmp (state, "ask") == 0 || strcmp (state, "auto") == 0;
  if (account_or_null == NULL || !open)
    answering_reply (answering, strcmp (state, "never") == 0 ? "never" : "before", text);
  else if (strcmp (answer, "no") == 0)
    write_down (answering, "refused", on_refused);
  else if (strcmp (answer, "send") == 0 || (answering->automatic && strcmp (state, "auto") == 0))
    write_down (answering, NULL, on_asked_before);
  else
    answering_reply (answering, "never", "This receipt is not sent by itself.");
}
