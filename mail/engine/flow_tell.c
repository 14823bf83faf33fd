/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Telling somebody, in clear, that protected mail could not be sent for want of a key: the note of gate.h, and nothing else.
 *
 *   keys.routes: a key to look up? directories are asked first
 *                held for want of a key? -> shown, and no more, where no date came
 *                                        -> keys.seal: the record -> smtp.tell (makes the note itself) -> smtp.run
 *
 * What was shown is sent: the date that it showed comes back with the request. */
#include "mail/engine/directory.h"

#include <string.h>

#include "mail/net/address.h"
#include "mail/net/gate.h"

struct telling {
  struct core *core;
  struct request *request;
  struct core_account *account;
  char *to, *message;
  gint64 date;
  gint64 since;    /* it began, by the monotonic clock */
  gboolean looked; /* directories were asked for a key */
};

static void
telling_free (struct telling *telling)
{
  telling->core->busy--;
  request_unref (telling->request);
  g_free (telling->to);
  g_free (telling->message);
  g_free (telling);
}

static void
telling_fail (struct telling *telling, const GError *error)
{
  request_fail (telling->request, error);
  telling_free (telling);
}

static void
telling_reply (struct telling *telling, const char *state, const char *text)
{
  request_reply (telling->request,
                 g_variant_new_parsed ("{'state': <%s>, 'text': <%s>, 'message': <%s>, 'date': <%x>}", state, text,
                                       telling->message, telling->date),
                 NULL);
  telling_free (telling);
}

static void
on_run (gpointer data, GVariant *row_or_null, const GError *error)
{
  struct telling *telling = data;
  const char *state = "ready", *why = "";
  g_autofree char *text = NULL;
  if (row_or_null != NULL) {
    (void) g_variant_lookup (row_or_null, "state", "&s", &state);
    (void) g_variant_lookup (row_or_null, "text", "&s", &why);
  } else if (error != NULL) {
    state = "unknown";
    why = error->message;
  }
  if (strcmp (state, "accepted") == 0) {
    text = g_strdup_printf ("The note was sent to %s, without protection. Its record is in Sent.", telling->to);
    telling_reply (telling, "sent", text);
  } else if (strcmp (state, "failed") == 0) {
    text = g_strdup_printf ("The server refused the note: %s It is kept in the outbox.", why);
    telling_reply (telling, "failed", text);
  } else if (strcmp (state, "unknown") == 0) {
    text = g_strdup_printf ("It is not known whether the server took the note: %s It is kept in the outbox.", why);
    telling_reply (telling, "unknown", text);
  } else {
    text
        = g_strdup_printf ("The note is kept in the outbox; it goes out as soon as the server can be reached. %s", why);
    telling_reply (telling, "queued", text);
  }
}

static void
on_taken (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct telling *telling = data;
  const char *id = "";
  if (error != NULL) {
    telling_fail (telling, error);
    return;
  }
  if (!g_variant_lookup (reply, "id", "&s", &id)) {
    g_autofree char *text = g_strdup_printf (
        "%s was sent this note within the last day, so nothing was sent now. Wait for the answer, or "
        "call.",
        telling->to);
    telling_reply (telling, "told", text);
    return;
  }
  server_event (telling->core->server, "outbox", NULL);
  outbox_run (telling->account, id, "", on_run, telling);
}

static void
on_sealed (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct telling *telling = data;
  gint32 handle = -1;
  gint count = 0;
  gboolean again = FALSE;
  if (error != NULL) {
    telling_fail (telling, error);
    return;
  }
  const int *list = fds != NULL ? g_unix_fd_list_peek_fds (fds, &count) : NULL;
  g_autoptr (GUnixFDList) record = g_unix_fd_list_new ();
  (void) g_variant_lookup (reply, "draft", "h", &handle);
  (void) g_variant_lookup (telling->request->fields, "again", "b", &again);
  if (handle < 0 || handle >= count || g_unix_fd_list_append (record, list[handle], NULL) < 0) {
    g_autoptr (GError) none = g_error_new_literal (ENGINE_ERROR, ENGINE_ERROR_FAILED,
                                                   "The record for Sent could not be made, so no note was sent.");
    telling_fail (telling, none);
    return;
  }
  supervised_call (telling->account->smtp, "tell",
                   g_variant_new_parsed ("{'to': <%s>, 'date': <%x>, 'again': <%b>, 'sent': <handle 0>}", telling->to,
                                         telling->date, again),
                   record, NULL, on_taken, telling);
}

/* The record says what it is, since it lies encrypted among what was sent encrypted. */
static void
seal_record (struct telling *telling)
{
  const char *from = telling->account->account->address;
  g_autofree char *id = gate_note_id (from, telling->to, telling->date);
  g_auto (GStrv) lines = g_strsplit (telling->message, "\r\n", -1);
  g_autofree char *text = g_strjoinv ("\n", lines);
  g_autofree char *body
      = g_strconcat ("This note was sent without protection. It asks for a key. This is all of it:\n\n", text, NULL);
  const char *to[] = { telling->to, NULL };
  supervised_call (telling->core->keys, "seal",
                   g_variant_new_parsed ("{'draft': <{'from': <%s>, 'to': <%^as>, 'subject': <%s>, 'body': <%s>, "
                                         "'message_id': <%s>}>}",
                                         from, to, GATE_NOTE_SUBJECT, body, id),
                   NULL, telling->request, on_sealed, telling);
}

/* Held, and a key of theirs would help? NULL: yes. */
static char *
why_not (struct telling *telling, GVariant *reply)
{
  g_autoptr (GVariant) rows = core_rows (reply, "routes");
  for (gsize i = 0; i < g_variant_n_children (rows); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
    const char *kind = "", *method = "", *sentence = "", *next = "";
    gboolean tell = FALSE;
    (void) g_variant_lookup (row, "kind", "&s", &kind);
    if (strcmp (kind, "to") != 0)
      continue;
    (void) g_variant_lookup (row, "tell", "b", &tell);
    (void) g_variant_lookup (row, "route", "&s", &method);
    (void) g_variant_lookup (row, "sentence", "&s", &sentence);
    (void) g_variant_lookup (row, "next", "&s", &next);
    if (tell)
      return NULL;
    if (strcmp (method, "hold") != 0)
      return g_strdup_printf (
          "There is a usable key for %s, so no note is needed: write to this address, and it will be "
          "encrypted.",
          telling->to);
    return g_strdup_printf ("A note would not help, so none was sent. %s %s", sentence, next);
  }
  return g_strdup_printf ("%s is not an e-mail address. No note was sent.", telling->to);
}

static void ask_routes (gpointer telling);

static void
on_routes (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct telling *telling = data;
  gint64 date = 0;
  if (error != NULL) {
    telling_fail (telling, error);
    return;
  }
  g_autoptr (GVariant) looks = core_rows (reply, "looks");
  if (!telling->looked && g_variant_n_children (looks) > 0) {
    telling->looked = TRUE;
    directory_look (telling->core, looks, NULL, directory_left_ms (telling->since), ask_routes, telling);
    return;
  }
  g_autofree char *reason = why_not (telling, reply);
  if (reason != NULL) {
    g_autoptr (GError) held = g_error_new_literal (ENGINE_ERROR, ENGINE_ERROR_HELD, reason);
    telling_fail (telling, held);
  } else if (!g_variant_lookup (telling->request->fields, "date", "x", &date)) {
    telling_reply (telling, "shown", "Nothing was sent yet. This is all that would be sent, without protection.");
  } else {
    seal_record (telling);
  }
}

static void
ask_routes (gpointer data)
{
  struct telling *telling = data;
  const char *to[] = { telling->to, NULL };
  supervised_call (telling->core->keys, "routes",
                   g_variant_new_parsed ("{'from': <%s>, 'to': <%^as>}", telling->account->account->address, to), NULL,
                   NULL, on_routes, telling);
}

void
flow_tell (struct core *core, struct request *request)
{
  const char *address = "", *from = "";
  gint64 date = g_get_real_time () / G_USEC_PER_SEC;
  (void) g_variant_lookup (request->fields, "address", "&s", &address);
  (void) g_variant_lookup (request->fields, "from", "&s", &from);
  (void) g_variant_lookup (request->fields, "date", "x", &date);
  struct core_account *account = core_account_for_address (core, *from != '\0' ? from : core_own_address (core));
  if (account == NULL || (*from != '\0' && g_ascii_strcasecmp (account->account->address, from) != 0)) {
    request_fail_text (request, ENGINE_ERROR_NOT_FOUND, "There is no account to send the note from. Nothing was sent.");
    return;
  }
  if (core->policy == NULL || !core->policy->allow_note) {
    request_fail_text (request, ENGINE_ERROR_HELD,
                       "Your organisation does not allow notes without protection. Nothing was sent; call %s instead.",
                       address);
    return;
  }
  const char *own = account->account->address;
  g_autofree char *message = gate_note_make (own, address, date - date % 60);
  if (message == NULL) {
    request_fail_text (request, ENGINE_ERROR_USAGE,
                       address_is_addr_spec (address) ? "No note can be sent from %s to %s. Nothing was sent."
                                                      : "No note can be sent from %s to “%s”, which is not a plain "
                                                        "address such as name@hospital.example. Nothing was sent.",
                       own, address);
    return;
  }
  struct telling *telling = g_new0 (struct telling, 1);
  telling->core = core;
  telling->request = request_ref (request);
  telling->account = account;
  telling->to = g_strdup (address);
  telling->message = g_steal_pointer (&message);
  telling->date = date - date % 60;
  telling->since = g_get_monotonic_time ();
  core->busy++;
  ask_routes (telling);
}
