/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Keeping a draft at the door: sealed to the sender by the keys worker, then in Drafts, here and on the server. */
#include "mail/engine/sending.h"

static void
on_draft_indexed (gpointer data, const GError *error)
{
  struct sending *sending = data;
  request_reply (sending->request, g_variant_new_parsed ("{'id': <%s>}", sending->message_id), NULL);
  core_changed (sending->core);
  sending_free (sending);
}

static void
on_draft_kept (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct sending *sending = data;
  const char *path = "";
  if (error != NULL) {
    sending_fail (sending, error);
    return;
  }
  (void) g_variant_lookup (reply, "path", "&s", &path);
  sending_remove_draft (sending);
  arrive_own (sending->core, path, (const char *const[]){ "draft", NULL }, on_draft_indexed, sending);
}

static void
on_sealed (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct sending *sending = data;
  const char *id = "";
  if (error != NULL) {
    sending_fail (sending, error);
    return;
  }
  sending->reply = g_variant_ref (reply);
  sending->fds = fds != NULL ? g_object_ref (fds) : g_unix_fd_list_new ();
  (void) g_variant_lookup (reply, "message_id", "&s", &id);
  sending->message_id = g_strdup (id);
  g_autoptr (GUnixFDList) draft = sending_fd (sending, "draft");
  supervised_call (sending->account->imap, "append",
                   g_variant_new_parsed ("{'role': <'drafts'>, 'data': <handle 0>, 'flags': <['draft', 'seen']>}"),
                   draft, NULL, on_draft_kept, sending);
}

static void
seal (struct sending *sending)
{
  supervised_call (sending->core->keys, "seal", g_variant_new_parsed ("{'draft': <%@a{sv}>}", sending->draft),
                   sending->request->fds, sending->request, on_sealed, sending);
}

void
flow_draft_save (struct core *core, struct request *request)
{
  const char *replaces = NULL;
  struct sending *sending = sending_new (core, request);
  if (sending->account == NULL) {
    request_fail_text (request, ENGINE_ERROR_NOT_FOUND,
                       "There is no account to keep a draft in. Add one first: wardmail account add.");
    sending_free (sending);
    return;
  }
  (void) g_variant_lookup (request->fields, "replaces", "&s", &replaces);
  sending_with_draft (sending, replaces, seal);
}
