/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* From the outbox back into the editor: it is stopped, its record is read, kept as a draft, and only then taken out of the outbox. Whatever
 * ends this in between, the message is in one of the two places, or in both, and is not sent by itself.
 *
 * Who takes back what he has just sent has its text still: there the record itself, which is sealed like a draft, becomes the draft, and no
 * key is needed for that. */
#include "mail/engine/sending.h"

#include <string.h>

struct editing {
  struct core *core;
  struct request *request;
  struct core_account *account;
  guint next;
  gboolean back; /* of one who has the text */
  gboolean gone;
  const char *id;
  GVariant *row;   /* as it is in the outbox */
  GVariant *draft; /* for those who have not got it */
  GUnixFDList *fds;
  char *draft_id;
};

static GVariant *
edited (struct editing *editing)
{
  if (!editing->back)
    return g_variant_new_parsed ("{'draft': <%@a{sv}>, 'draft_id': <%s>, 'text': <'The message is in Drafts again, and "
                                 "in the outbox no more.'>}",
                                 editing->draft, editing->draft_id);
  if (editing->gone)
    return g_variant_new_parsed ("{'gone': <true>, 'draft_id': <%s>, 'text': <'Nothing was sent to anybody; it is in "
                                 "the Outbox no more.'>}",
                                 editing->draft_id);
  return g_variant_new_parsed ("{'gone': <false>, 'text': <'It is too late for some: the server took it for them. What "
                               "is left waits in the Outbox; decide there.'>}");
}

static void
editing_end (struct editing *editing, const GError *error)
{
  if (error != NULL)
    request_fail (editing->request, error);
  else
    request_reply (editing->request, edited (editing), editing->fds);
  core_changed (editing->core);
  server_event (editing->core->server, "outbox", NULL);
  editing->core->busy--;
  g_clear_pointer (&editing->row, g_variant_unref);
  g_clear_pointer (&editing->draft, g_variant_unref);
  g_clear_object (&editing->fds);
  g_free (editing->draft_id);
  request_unref (editing->request);
  g_free (editing);
}

static void
editing_fail (struct editing *editing, enum engine_error code, const char *sentence)
{
  g_autoptr (GError) error = g_error_new_literal (ENGINE_ERROR, (int) code, sentence);
  editing_end (editing, error);
}

/* ---- out of the outbox ---- */

static void
on_removed (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct editing *editing = data;
  if (error == NULL && g_variant_lookup (reply, "gone", "b", &editing->gone)
      && !editing->gone) /* the others have it: into Sent */
    outbox_run (editing->account, NULL, "", NULL, NULL);
  editing_end (editing, error);
}

static void
on_indexed (gpointer data, const GError *error)
{
  struct editing *editing = data;
  supervised_call (editing->account->smtp, "decide",
                   g_variant_new_parsed ("{'id': <%s>, 'what': <'remove'>}", editing->id), NULL, NULL, on_removed,
                   editing);
}

/* ---- into Drafts ---- */

static void
on_kept (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct editing *editing = data;
  const char *path = "";
  if (error != NULL) {
    g_autofree char *text = g_strdup_printf ("%s The message is still in the Outbox.", error->message);
    editing_fail (editing, (enum engine_error) error->code, text);
    return;
  }
  (void) g_variant_lookup (reply, "path", "&s", &path);
  arrive_own (editing->core, path, (const char *const[]){ "draft", NULL }, on_indexed, editing);
}

static void
keep (struct editing *editing, GUnixFDList *draft)
{
  supervised_call (editing->account->imap, "append",
                   g_variant_new_parsed ("{'role': <'drafts'>, 'data': <handle 0>, 'flags': <['draft', 'seen']>}"),
                   draft, NULL, on_kept, editing);
}

static void
on_sealed (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct editing *editing = data;
  const char *id = "";
  gint32 handle = -1;
  gint count = 0;
  const int *list = fds != NULL ? g_unix_fd_list_peek_fds (fds, &count) : NULL;
  g_autoptr (GUnixFDList) draft = g_unix_fd_list_new ();
  if (error != NULL) {
    editing_end (editing, error);
    return;
  }
  (void) g_variant_lookup (reply, "message_id", "&s", &id);
  (void) g_variant_lookup (reply, "draft", "h", &handle);
  if (handle < 0 || handle >= count || g_unix_fd_list_append (draft, list[handle], NULL) < 0) {
    editing_fail (editing, ENGINE_ERROR_FAILED,
                  "The draft could not be made. The message is still in the outbox, stopped.");
    return;
  }
  editing->draft_id = g_strdup (id);
  keep (editing, draft);
}

/* ---- what is left of it ---- */

static gboolean
has_it (GVariant *row, const char *address)
{
  g_autoptr (GVariant) people = core_rows (row, "people");
  for (gsize i = 0; i < g_variant_n_children (people); i++) {
    g_autoptr (GVariant) person = g_variant_get_child_value (people, i);
    const char *of = "", *state = "";
    (void) g_variant_lookup (person, "address", "&s", &of);
    (void) g_variant_lookup (person, "state", "&s", &state);
    if (g_ascii_strcasecmp (of, address) == 0)
      return strcmp (state, "accepted") == 0;
  }
  return FALSE;
}

/* Another message than the one that some may have: it gets a name of its own. */
static GVariant *
what_is_left (GVariant *draft, GVariant *row)
{
  static const char *const fields[] = { "to", "cc", "bcc" };
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (draft);
  for (gsize f = 0; f < G_N_ELEMENTS (fields); f++) {
    g_autofree const char **list = NULL;
    GVariantBuilder left;
    if (!g_variant_lookup (draft, fields[f], "^a&s", &list))
      continue;
    g_variant_builder_init (&left, G_VARIANT_TYPE ("as"));
    for (gsize i = 0; list[i] != NULL; i++) {
      g_autofree char *address = sending_address (list[i]);
      if (!has_it (row, address))
        g_variant_builder_add (&left, "s", list[i]);
    }
    g_variant_dict_insert_value (&dict, fields[f], g_variant_builder_end (&left));
  }
  g_variant_dict_remove (&dict, "message_id");
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

static void
on_parsed (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct editing *editing = data;
  g_autoptr (GVariant) draft = error == NULL ? g_variant_lookup_value (reply, "draft", G_VARIANT_TYPE_VARDICT) : NULL;
  if (error != NULL) {
    editing_end (editing, error);
    return;
  }
  editing->draft = what_is_left (draft, editing->row);
  editing->fds = fds != NULL ? g_object_ref (fds) : NULL;
  supervised_call (editing->core->keys, "seal", g_variant_new_parsed ("{'draft': <%@a{sv}>}", editing->draft),
                   editing->fds, editing->request, on_sealed, editing);
}

static void
on_record (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct editing *editing = data;
  gint32 handle = -1;
  gint count = 0;
  const int *list = fds != NULL ? g_unix_fd_list_peek_fds (fds, &count) : NULL;
  g_autoptr (GUnixFDList) record = g_unix_fd_list_new ();
  if (error != NULL) {
    editing_end (editing, error);
    return;
  }
  (void) g_variant_lookup (reply, "sent", "h", &handle);
  if (handle < 0 || handle >= count || g_unix_fd_list_append (record, list[handle], NULL) < 0)
    editing_fail (editing, ENGINE_ERROR_FAILED,
                  "The record of this message cannot be read, so it cannot be opened. It stays in the outbox.");
  else if (editing->back)
    keep (editing, record);
  else
    supervised_call (editing->core->keys, "draft_parse", g_variant_new_parsed ("{'message': <handle 0>}"), record,
                     editing->request, on_parsed, editing);
}

static void
ask_record (struct editing *editing)
{
  const char *id = "";
  if (editing->back && g_variant_lookup (editing->row, "message_id", "&s", &id))
    editing->draft_id = g_strdup (id);
  supervised_call (editing->account->smtp, "decide",
                   g_variant_new_parsed ("{'id': <%s>, 'what': <'record'>}", editing->id), NULL, NULL, on_record,
                   editing);
}

/* ---- stopping it ---- */

static void find (struct editing *editing);

static gboolean
any_in (GVariant *row, const char *wanted)
{
  g_autoptr (GVariant) people = core_rows (row, "people");
  for (gsize i = 0; i < g_variant_n_children (people); i++) {
    g_autoptr (GVariant) person = g_variant_get_child_value (people, i);
    const char *state = "";
    if (g_variant_lookup (person, "state", "&s", &state) && strcmp (state, wanted) == 0)
      return TRUE;
  }
  return FALSE;
}

static void
on_run_over (gpointer data, GVariant *row_or_null, const GError *error)
{
  find (data);
}

static void
on_stopped (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct editing *editing = data;
  if (error != NULL)
    editing_end (editing, error);
  else /* a run may be at it, and this one waits for that one */
    outbox_run (editing->account, NULL, "", on_run_over, editing);
}

static void
take_row (struct editing *editing)
{
  const char *state = "", *wait = "";
  gboolean note = FALSE;
  (void) g_variant_lookup (editing->row, "state", "&s", &state);
  (void) g_variant_lookup (editing->row, "wait", "&s", &wait);
  (void) g_variant_lookup (editing->row, "note", "b", &note);
  if (note)
    editing_fail (
        editing, ENGINE_ERROR_USAGE,
        "The note that asks for a key has a fixed text, so there is nothing to write. Remove it, or send it.");
  else if (strcmp (state, "accepted") == 0)
    editing_fail (editing, ENGINE_ERROR_USAGE, "The server took this message for everybody; it is on its way to Sent.");
  else if (strcmp (state, "sending") == 0 || (any_in (editing->row, "ready") && strcmp (wait, "person") != 0))
    supervised_call (editing->account->smtp, "stop", g_variant_new_parsed ("{'id': <%s>}", editing->id), NULL, NULL,
                     on_stopped, editing);
  else if (editing->back && any_in (editing->row, "unknown"))
    editing_fail (editing, ENGINE_ERROR_USAGE,
                  "It is too late: the server may have taken this message. Decide in the Outbox what to do.");
  else if (editing->back && any_in (editing->row, "accepted"))
    editing_end (editing, NULL);
  else
    ask_record (editing);
}

/* ---- finding it ---- */

static void
on_listed (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct editing *editing = data;
  g_autoptr (GVariant) rows = reply != NULL ? core_rows (reply, "rows") : NULL;
  for (gsize i = 0; rows != NULL && i < g_variant_n_children (rows); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
    const char *id = "";
    if (!g_variant_lookup (row, "id", "&s", &id) || strcmp (id, editing->id) != 0)
      continue;
    g_clear_pointer (&editing->row, g_variant_unref);
    editing->row = g_steal_pointer (&row);
    take_row (editing);
    return;
  }
  if (editing->next < editing->core->accounts->len) {
    editing->account = g_ptr_array_index (editing->core->accounts, editing->next++);
    find (editing);
  } else {
    editing_fail (editing, ENGINE_ERROR_NOT_FOUND, "The outbox has no such message any more.");
  }
}

static void
find (struct editing *editing)
{
  supervised_call (editing->account->smtp, "list", NULL, NULL, NULL, on_listed, editing);
}

static void
start (struct core *core, struct request *request, gboolean back)
{
  struct editing *editing = g_new0 (struct editing, 1);
  editing->back = back;
  editing->core = core;
  editing->request = request_ref (request);
  (void) g_variant_lookup (request->fields, "id", "&s", &editing->id);
  core->busy++;
  on_listed (NULL, NULL, NULL, editing);
}

void
flow_outbox_edit (struct core *core, struct request *request)
{
  start (core, request, FALSE);
}

void
flow_outbox_take_back (struct core *core, struct request *request)
{
  start (core, request, TRUE);
}
