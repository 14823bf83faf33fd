/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Keeping a draft at the door: sealed to the sender by the keys worker, then in Drafts, here and on the server. */
#include "mail/engine/drafts.h"
#include "mail/engine/sending.h"
#include "mail/store/tags.h"

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
  gboolean quiet = FALSE;
  (void) g_variant_lookup (sending->request->fields, "quiet", "b", &quiet);
  supervised_call (sending->core->keys, "seal", g_variant_new_parsed ("{'draft': <%@a{sv}>}", sending->draft),
                   sending->request->fds, quiet ? NULL : sending->request, on_sealed, sending);
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

/* ---- dropping ---- */

struct dropping {
  struct core *core;
  struct request *request;
  char **paths;
};

static void
dropping_end (struct dropping *dropping, const GError *error)
{
  if (error != NULL)
    request_fail (dropping->request, error);
  else
    request_reply (dropping->request, NULL, NULL);
  core_changed (dropping->core);
  dropping->core->busy--;
  request_unref (dropping->request);
  g_strfreev (dropping->paths);
  g_free (dropping);
}

static void
on_unindexed (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  dropping_end (data, error);
}

static void
on_dropped (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct dropping *dropping = data;
  if (error != NULL) {
    dropping_end (dropping, error);
    return;
  }
  g_autoptr (GPtrArray) tags = g_ptr_array_new ();
  for (gsize i = 0; dropping->paths[i] != NULL; i++)
    g_ptr_array_add (tags, (gpointer) tags_of_role ("drafts"));
  g_ptr_array_add (tags, NULL);
  supervised_call (dropping->core->writer, "removed",
                   g_variant_new_parsed ("{'paths': <%^as>, 'tags': <%^as>}", dropping->paths, tags->pdata), NULL, NULL,
                   on_unindexed, dropping);
}

/* Only what is a draft, and in an account's folder: nothing else is ever removed by its id. */
static void
on_found (gpointer data, struct core_account *account, const char *const *paths, const GError *error)
{
  struct dropping *dropping = data;
  if (account == NULL) {
    dropping_end (dropping, error); /* there is none any more */
    return;
  }
  dropping->paths = g_strdupv ((char **) paths);
  supervised_call (account->imap, "remove", g_variant_new_parsed ("{'paths': <%^as>}", dropping->paths), NULL, NULL,
                   on_dropped, dropping);
}

void
flow_draft_drop (struct core *core, struct request *request)
{
  const char *id = "";
  (void) g_variant_lookup (request->fields, "id", "&s", &id);
  struct dropping *dropping = g_new0 (struct dropping, 1);
  dropping->core = core;
  dropping->request = request_ref (request);
  core->busy++;
  drafts_find (core, id, on_found, dropping);
}
