/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Sending at the door: protect, keep, hand to the outbox. The one path for the screen, `send` and `sendmail`.
 *
 *   draft -> keys.protect -> keys to look up? directories are asked, and it is tried again
 *                         -> held? the sealed draft goes to Drafts, and nothing leaves
 *                         -> copies into the outbox (durable), then tried at once
 *
 * Until the outbox has the copies durably the sender is told nothing but "not sent", and the draft stays with him. */
#include "mail/engine/sending.h"

#include <string.h>

#include "mail/engine/directory.h"
#include "mail/engine/working.h"
#include "mail/net/gate.h"
#include "mail/workers/worker.h"

/* A copy's row as the door shows it: no recipient ids; its bytes only for a dry run. */
static GVariant *
door_copies (struct sending *sending, gboolean with_data)
{
  GVariantBuilder rows;
  g_variant_builder_init (&rows, G_VARIANT_TYPE ("aa{sv}"));
  g_autoptr (GVariant) copies = core_rows (sending->reply, "copies");
  for (gsize i = 0; i < g_variant_n_children (copies); i++) {
    g_autoptr (GVariant) copy = g_variant_get_child_value (copies, i);
    g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (copy);
    g_variant_dict_remove (&dict, "ids");
    g_variant_dict_remove (&dict, "keys");
    if (!with_data)
      g_variant_dict_remove (&dict, "data");
    g_variant_builder_add (&rows, "@a{sv}", g_variant_dict_end (&dict));
  }
  return g_variant_builder_end (&rows);
}

static void
sending_reply (struct sending *sending, const char *state, const char *text)
{
  gboolean dry = strcmp (state, "dry-run") == 0;
  g_autoptr (GVariant) held = core_rows (sending->reply, "held");
  g_auto (GVariantDict) reply = G_VARIANT_DICT_INIT (NULL);
  g_variant_dict_insert (&reply, "state", "s", state);
  g_variant_dict_insert (&reply, "text", "s", text);
  g_variant_dict_insert (&reply, "message_id", "s", sending->message_id);
  g_variant_dict_insert_value (&reply, "copies", door_copies (sending, dry));
  g_variant_dict_insert_value (&reply, "held", held);
  if (sending->outbox_id != NULL)
    g_variant_dict_insert (&reply, "outbox", "s", sending->outbox_id);
  if (sending->people != NULL)
    g_variant_dict_insert_value (&reply, "people", sending->people);
  if (strcmp (state, "held") == 0)
    g_variant_dict_insert (&reply, "kept", "b", sending->kept);
  if (sending->not_before != 0)
    g_variant_dict_insert (&reply, "not_before", "x", sending->not_before);
  request_reply (sending->request, g_variant_dict_end (&reply), dry ? sending->fds : NULL);
  core_changed (sending->core);
  sending_free (sending);
}

/* ---- held ---- */

static char *
held_sentence (struct sending *sending)
{
  g_autoptr (GVariant) held = core_rows (sending->reply, "held");
  GString *text = g_string_new ("Nothing was sent to anybody.");
  for (gsize i = 0; i < g_variant_n_children (held) && i < 5; i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (held, i);
    const char *sentence = "", *next = "", *address = "";
    (void) g_variant_lookup (row, "address", "&s", &address);
    (void) g_variant_lookup (row, "sentence", "&s", &sentence);
    (void) g_variant_lookup (row, "next", "&s", &next);
    g_string_append_printf (text, " %s%s%s", sentence, *next != '\0' ? " " : "", next);
    if (text->str[text->len - 1] != '.') /* it ends with a command to type */
      g_string_append_c (text, '.');
    if (directory_is_looking (sending->core, address))
      g_string_append (text, " A key is still being looked up; sending again in a moment may find it.");
  }
  return g_string_free (text, FALSE);
}

static void
on_held_indexed (gpointer data, const GError *error)
{
  struct sending *sending = data;
  g_autofree char *text = g_strconcat (sending->text, " The message is kept in Drafts, encrypted to you.", NULL);
  sending_reply (sending, "held", text);
}

/* “Held” would say that it waits somewhere. */
static void
not_kept (struct sending *sending, enum engine_error code, const char *why)
{
  g_autoptr (GError) lost
      = g_error_new (ENGINE_ERROR, (gint) code,
                     "%s The message was NOT kept in Drafts either: %s Keep your text until that is "
                     "mended, then send it again.",
                     sending->text, why);
  sending_fail (sending, lost);
}

static void
on_held_kept (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct sending *sending = data;
  const char *path = "";
  if (error != NULL) {
    not_kept (sending, error->code == ENGINE_ERROR_LOST ? ENGINE_ERROR_LOST : ENGINE_ERROR_FAILED, error->message);
    return;
  }
  (void) g_variant_lookup (reply, "path", "&s", &path);
  sending->kept = TRUE;
  sending_remove_draft (sending);
  arrive_own (sending->core, path, (const char *const[]){ "draft", NULL }, on_held_indexed, sending);
}

static void
keep_held (struct sending *sending)
{
  sending->text = held_sentence (sending);
  g_autoptr (GUnixFDList) fds = sending->account != NULL ? sending_fd (sending, "draft") : NULL;
  const char *unsealed = NULL;
  if (sending->account != NULL && g_variant_lookup (sending->reply, "unsealed", "&s", &unsealed)) {
    not_kept (sending, ENGINE_ERROR_FAILED, unsealed);
    return;
  }
  if (fds == NULL) {
    const char *why = sending->account == NULL
                          ? ""
                          : " It could not be kept in Drafts, since no key of your own could be used to encrypt it.";
    g_autofree char *text = g_strconcat (sending->text, why, NULL);
    sending_reply (sending, "held", text);
    return;
  }
  supervised_call (sending->account->imap, "append",
                   g_variant_new_parsed ("{'role': <'drafts'>, 'data': <handle 0>, 'flags': <['draft', 'seen']>}"), fds,
                   NULL, on_held_kept, sending);
}

/* ---- the outbox ---- */

static char *
audience (GVariant *copies)
{
  GString *text = g_string_new (NULL);
  for (gsize i = 0; i < g_variant_n_children (copies); i++) {
    g_autoptr (GVariant) copy = g_variant_get_child_value (copies, i);
    const char *method = "";
    g_autofree const char **recipients = NULL;
    (void) g_variant_lookup (copy, "method", "&s", &method);
    (void) g_variant_lookup (copy, "recipients", "^a&s", &recipients);
    g_autofree char *list = g_strjoinv (", ", (char **) recipients);
    g_string_append_printf (text, "%s%s to %s", i > 0 ? "; " : "", strcmp (method, "smime") == 0 ? "S/MIME" : "OpenPGP",
                            list);
  }
  return g_string_free (text, FALSE);
}

static gboolean
anybody_is (GVariant *people, const char *wanted)
{
  for (gsize i = 0; people != NULL && i < g_variant_n_children (people); i++) {
    g_autoptr (GVariant) person = g_variant_get_child_value (people, i);
    const char *state = "";
    if (g_variant_lookup (person, "state", "&s", &state) && strcmp (state, wanted) == 0)
      return TRUE;
  }
  return FALSE;
}

/* Another run had it, or a person took it out, before this one came to it. */
static void
on_gone (struct sending *sending, enum sending_known known, const char *missing)
{
  g_autofree char *text = NULL;
  if (known == SENDING_KNOWN_SENT) {
    sending_reply (sending, "sent", "Sent, encrypted to everybody.");
  } else if (known == SENDING_KNOWN_PARTLY) {
    text = g_strdup_printf (
        "It is in the outbox no more, and was not sent to: %s. Who was to get it and did not is told "
        "by wardmail delivery.",
        missing);
    sending_reply (sending, "partly", text);
  } else {
    sending_reply (sending, "unknown",
                   "The message is in the outbox no more, and it is not known what became of it. Look whether it is in "
                   "Sent before you send it again.");
  }
}

static void
on_run (gpointer data, GVariant *row_or_null, const GError *error)
{
  struct sending *sending = data;
  if (row_or_null == NULL && error == NULL) {
    sending_known (sending, on_gone);
    return;
  }
  const char *state = "ready", *why = "";
  if (row_or_null != NULL) {
    (void) g_variant_lookup (row_or_null, "state", "&s", &state);
    (void) g_variant_lookup (row_or_null, "text", "&s", &why);
    sending->people = core_rows (row_or_null, "people");
  } else if (error != NULL) {
    state = "unknown"; /* what broke may have broken after the server took it */
    why = error->message;
  }
  g_autoptr (GVariant) copies = core_rows (sending->reply, "copies");
  g_autofree char *whom = audience (copies), *text = NULL;
  if (strcmp (state, "accepted") == 0 && anybody_is (sending->people, "dropped")) {
    text = g_strdup_printf ("Sent, but not to everybody: %s Who was taken out of the outbox does not get it.", why);
    sending_reply (sending, "partly", text);
  } else if (strcmp (state, "accepted") == 0) {
    text = g_strdup_printf ("Sent, encrypted: %s.", whom);
    sending_reply (sending, "sent", text);
  } else if (strcmp (state, "failed") == 0 && anybody_is (sending->people, "accepted")) {
    text = g_strdup_printf ("Sent, but not to everybody: %s What is left is in the outbox; decide there what to do.",
                            why);
    sending_reply (sending, "partly", text);
  } else if (strcmp (state, "failed") == 0) {
    text = g_strdup_printf ("The server refused the message: %s It is kept in the outbox.", why);
    sending_reply (sending, "failed", text);
  } else if (strcmp (state, "unknown") == 0) {
    text = g_strdup_printf ("It is not known whether the server took the message: %s It is kept in the outbox; decide "
                            "there whether to send it again.",
                            why);
    sending_reply (sending, "unknown", text);
  } else {
    text = g_strdup_printf ("The message is encrypted and kept in the outbox; while wardmail runs it is tried again "
                            "until it can go. %s",
                            why);
    sending_reply (sending, "queued", text);
  }
}

/* What was answered or forwarded is marked so. A draft that forwards names no mail it answers, but refers to one. */
static void
mark_parent (struct sending *sending)
{
  g_autoptr (GVariant) draft = g_variant_lookup_value (sending->request->fields, "draft", G_VARIANT_TYPE_VARDICT);
  const char *parent = "";
  g_autofree const char **references = NULL;
  (void) g_variant_lookup (draft, "in_reply_to", "&s", &parent);
  (void) g_variant_lookup (draft, "references", "^a&s", &references);
  guint count = references != NULL ? g_strv_length ((char **) references) : 0;
  if (*parent != '\0')
    change_mark (sending->core, parent, "replied");
  else if (count > 0)
    change_mark (sending->core, references[count - 1], "passed");
}

static void
on_submitted (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct sending *sending = data;
  const char *id = "";
  gboolean wait = TRUE;
  if (error != NULL) {
    sending_fail (sending, error);
    return;
  }
  (void) g_variant_lookup (reply, "id", "&s", &id);
  (void) g_variant_lookup (sending->request->fields, "wait", "b", &wait);
  sending_remove_draft (sending); /* it waits in one place; outbox_draft.c */
  server_event (sending->core->server, "outbox", NULL);
  mark_parent (sending);
  sending->outbox_id = g_strdup (id);
  outbox_subject_note (sending->core, id, sending->draft);
  if (sending->not_before == 0 && wait) {
    working_watch (sending->account, id, sending->request);
    outbox_run (sending->account, id, "", on_run, sending);
    return;
  }
  outbox_run (sending->account, id, "", NULL, NULL); /* what is not due sets the clock */
  if (sending->not_before == 0)
    sending_reply (sending, "queued", "The message is encrypted and on its way.");
  else
    sending_reply (
        sending, "scheduled",
        "The message is encrypted and waits in the outbox for its time. It goes then if wardmail is running, "
        "and else as soon as it is started.");
}

/* A moment of the person's choice; 0: at once. */
static gint64
wanted_time (const struct request *request)
{
  const gint64 now = g_get_real_time ();
  gint64 at = 0;
  guint32 delay_s = 0;
  (void) g_variant_lookup (request->fields, "not_before", "x", &at);
  (void) g_variant_lookup (request->fields, "delay_s", "u", &delay_s);
  if (delay_s > 0)
    at = (now + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC + delay_s;
  return at > now / G_USEC_PER_SEC ? at : 0;
}

static void
submit (struct sending *sending)
{
  GVariantBuilder builder;
  g_autoptr (GVariant) copies = core_rows (sending->reply, "copies");
  gint32 sent = -1;
  if (!g_variant_lookup (sending->reply, "sent", "h", &sent)) {
    g_autoptr (GError) error = g_error_new_literal (ENGINE_ERROR, ENGINE_ERROR_FAILED,
                                                    "The copy for Sent could not be made, so nothing was sent.");
    sending_fail (sending, error);
    return;
  }
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "message_id", g_variant_new_string (sending->message_id));
  g_variant_builder_add (&builder, "{sv}", "from", g_variant_new_string (sending->account->account->address));
  g_variant_builder_add (&builder, "{sv}", "copies", copies);
  g_variant_builder_add (&builder, "{sv}", "sent", g_variant_new_handle (sent));
  if (sending->draft_path != NULL && sending->draft_account == sending->account)
    g_variant_builder_add (&builder, "{sv}", "draft_path", g_variant_new_string (sending->draft_path));
  sending->not_before = wanted_time (sending->request);
  if (sending->not_before != 0)
    g_variant_builder_add (&builder, "{sv}", "not_before", g_variant_new_int64 (sending->not_before));
  supervised_call (sending->account->smtp, "submit", g_variant_builder_end (&builder), sending->fds, NULL, on_submitted,
                   sending);
}

/* A dry run shows what would be sent, so it must pass what it would have to pass. */
static gboolean
gate_all (struct sending *sending, GError **error)
{
  g_autoptr (GVariant) copies = core_rows (sending->reply, "copies");
  gint count = 0;
  const int *fds = g_unix_fd_list_peek_fds (sending->fds, &count);
  for (gsize i = 0; i < g_variant_n_children (copies); i++) {
    g_autoptr (GVariant) copy = g_variant_get_child_value (copies, i);
    const char *method = "";
    gint32 handle = -1;
    g_autofree const char **recipients = NULL, **ids = NULL;
    (void) g_variant_lookup (copy, "method", "&s", &method);
    (void) g_variant_lookup (copy, "data", "h", &handle);
    (void) g_variant_lookup (copy, "recipients", "^a&s", &recipients);
    (void) g_variant_lookup (copy, "ids", "^a&s", &ids);
    g_autoptr (GBytes) bytes = handle >= 0 && handle < count ? worker_read_fd (fds[handle], G_MAXUINT32, error) : NULL;
    struct gate_plan plan = { .method = strcmp (method, "smime") == 0 ? ROUTE_SMIME
                                        : strcmp (method, "pgp") == 0 ? ROUTE_PGP
                                                                      : ROUTE_HOLD,
                              .recipients = recipients,
                              .recipient_ids = ids };
    gsize size = 0;
    const guint8 *data = bytes != NULL ? g_bytes_get_data (bytes, &size) : NULL;
    if (data == NULL || !gate_check (data, size, &plan, error))
      return FALSE;
  }
  return TRUE;
}

static void protect (struct sending *sending);

static void
on_looked (gpointer data)
{
  protect (data);
}

/* TRUE: nothing was made yet, as there is something to look up first. */
static gboolean
look_first (struct sending *sending, GVariant *reply)
{
  g_autoptr (GVariant) looks = core_rows (reply, "looks");
  if (sending->looked || g_variant_n_children (looks) == 0)
    return FALSE;
  sending->looked = TRUE;
  directory_look (sending->core, looks, NULL, directory_left_ms (sending->since), on_looked, sending);
  return TRUE;
}

static void
on_protected (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct sending *sending = data;
  const char *mode = "send", *id = "";
  if (error != NULL) {
    sending_fail (sending, error);
    return;
  }
  if (look_first (sending, reply))
    return;
  sending->reply = g_variant_ref (reply);
  sending->fds = fds != NULL ? g_object_ref (fds) : g_unix_fd_list_new ();
  (void) g_variant_lookup (reply, "message_id", "&s", &id);
  g_free (sending->message_id);
  sending->message_id = g_strdup (id);
  (void) g_variant_lookup (sending->request->fields, "mode", "&s", &mode);
  g_autoptr (GVariant) held = core_rows (reply, "held"), copies = core_rows (reply, "copies");
  g_autoptr (GError) refused = NULL;
  if (g_variant_n_children (held) > 0) {
    keep_held (sending);
  } else if (g_variant_n_children (copies) == 0) {
    refused = g_error_new_literal (ENGINE_ERROR, ENGINE_ERROR_USAGE, "The message has no recipient. Nothing was sent.");
    sending_fail (sending, refused);
  } else if (strcmp (mode, "dry-run") == 0) {
    if (gate_all (sending, &refused))
      sending_reply (sending, "dry-run", "Nothing was sent: this was a dry run.");
    else
      sending_fail (sending, refused);
  } else if (sending->account == NULL) {
    refused = g_error_new_literal (ENGINE_ERROR, ENGINE_ERROR_NOT_FOUND,
                                   "There is no account to send from, so nothing was sent. Add one: "
                                   "wardmail account add NAME --address … --imap … --smtp …");
    sending_fail (sending, refused);
  } else {
    submit (sending);
  }
}

static void
protect (struct sending *sending)
{
  const char *mode = "send";
  (void) g_variant_lookup (sending->request->fields, "mode", "&s", &mode);
  supervised_call (sending->core->keys, "protect",
                   g_variant_new_parsed ("{'draft': <%@a{sv}>, 'dry': <%b>, 'look': <%b>}", sending->draft,
                                         strcmp (mode, "dry-run") == 0, !sending->looked),
                   sending->request->fds, sending->request, on_protected, sending);
}

static void
on_draft_looked (struct sending *sending, gboolean waits)
{
  g_autoptr (GError) twice
      = g_error_new_literal (ENGINE_ERROR, ENGINE_ERROR_USAGE,
                             "This message is in the Outbox already and goes from there, so it was not sent a second "
                             "time. Open it in the Outbox to go on writing it.");
  if (waits)
    sending_fail (sending, twice);
  else
    protect (sending);
}

/* What is handed in once more is known by its Message-ID. */
static void
with_draft (struct sending *sending)
{
  gboolean again = FALSE;
  (void) g_variant_lookup (sending->request->fields, "again", "b", &again);
  if (again)
    protect (sending);
  else
    outbox_draft_look (sending, on_draft_looked);
}

static void
start_sending (struct sending *sending)
{
  const char *draft_id = NULL;
  (void) g_variant_lookup (sending->request->fields, "draft_id", "&s", &draft_id);
  sending->since = g_get_monotonic_time ();
  sending_with_draft (sending, draft_id, with_draft);
}

/* It is in Sent. */
static void
on_known (struct sending *sending, enum sending_known known, const char *missing)
{
  g_autofree char *text = NULL;
  if (known == SENDING_KNOWN_OTHER) { /* another one that has its Message-ID */
    start_sending (sending);
    return;
  }
  sending->reply = g_variant_ref_sink (g_variant_new ("a{sv}", NULL));
  sending->fds = g_unix_fd_list_new ();
  if (known == SENDING_KNOWN_PARTLY) {
    text = g_strdup_printf ("Sent, but not to everybody: it did not go to %s. wardmail's engine stopped just after "
                            "that; nothing was sent twice.",
                            missing);
    sending_reply (sending, "partly", text);
  } else {
    sending_reply (sending, "sent",
                   known == SENDING_KNOWN_SENT
                       ? "Sent, encrypted to everybody. wardmail's engine stopped just after that; nothing was sent "
                         "twice."
                       : "It is in Sent, so it was sent before wardmail's engine stopped, and is not sent twice.");
  }
}

/* What the outbox has forgotten is in Sent; what it still has, it knows by itself. */
static void
on_looked_in_sent (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct sending *sending = data;
  g_autoptr (GVariant) rows = error == NULL ? core_rows (reply, "rows") : NULL;
  for (gsize i = 0; rows != NULL && i < g_variant_n_children (rows); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
    g_autofree const char **tags = NULL;
    if (g_variant_lookup (row, "tags", "^a&s", &tags) && g_strv_contains (tags, "sent")) {
      sending_known (sending, on_known);
      return;
    }
  }
  start_sending (sending);
}

void
flow_send (struct core *core, struct request *request)
{
  const char *mode = "send", *id = "";
  gboolean again = FALSE;
  (void) g_variant_lookup (request->fields, "mode", "&s", &mode);
  (void) g_variant_lookup (request->fields, "again", "b", &again);
  gboolean dry = strcmp (mode, "dry-run") == 0;
  if (!dry && strcmp (mode, "send") != 0) {
    request_fail_text (request, ENGINE_ERROR_USAGE, "“%s” is no way to send.", mode);
    return;
  }
  struct sending *sending = sending_new (core, request);
  if (dry)
    sending->account = NULL;
  if (!again || dry || !g_variant_lookup (sending->draft, "message_id", "&s", &id) || *id == '\0') {
    start_sending (sending);
    return;
  }
  sending->message_id = g_strdup (id);
  const char *ids[] = { id, NULL };
  supervised_call (core->reader, "find", g_variant_new_parsed ("{'ids': <%^as>}", ids), NULL, NULL, on_looked_in_sent,
                   sending);
}
