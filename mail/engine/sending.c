/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* See sending.h. */
#include "mail/engine/sending.h"

#include "mail/engine/drafts.h"
#include "mail/engine/working.h"

#include <string.h>

/* The draft with the sender's address filled in where it names none. */
static GVariant *
complete_draft (struct core *core, struct request *request)
{
  g_autoptr (GVariant) draft = g_variant_lookup_value (request->fields, "draft", G_VARIANT_TYPE_VARDICT);
  const char *from = "";
  (void) g_variant_lookup (draft, "from", "&s", &from);
  if (*from != '\0' || core->settings == NULL)
    return g_steal_pointer (&draft);
  g_autofree char *own = g_strdup_printf ("%s <%s>", core->settings->name, core->settings->address);
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (draft);
  g_variant_dict_insert (&dict, "from", "s", own);
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

char *
sending_address (const char *text)
{
  const char *open = strrchr (text, '<');
  return open != NULL ? g_strndup (open + 1, strcspn (open + 1, ">")) : g_strdup (text);
}

static struct core_account *
account_of (struct core *core, GVariant *draft)
{
  const char *from = "";
  (void) g_variant_lookup (draft, "from", "&s", &from);
  g_autofree char *address = sending_address (from);
  return core_account_for_address (core, address);
}

struct sending *
sending_new (struct core *core, struct request *request)
{
  struct sending *sending = g_new0 (struct sending, 1);
  sending->core = core;
  sending->request = request_ref (request);
  sending->draft = complete_draft (core, request);
  sending->account = account_of (core, sending->draft);
  core->busy++;
  return sending;
}

void
sending_free (struct sending *sending)
{
  sending->core->busy--;
  request_unref (sending->request);
  g_clear_pointer (&sending->draft, g_variant_unref);
  g_clear_pointer (&sending->reply, g_variant_unref);
  g_clear_pointer (&sending->people, g_variant_unref);
  g_clear_object (&sending->fds);
  g_free (sending->message_id);
  g_free (sending->draft_id);
  g_free (sending->draft_path);
  g_free (sending->text);
  if (sending->outbox_id != NULL)
    working_watch (sending->account, sending->outbox_id, NULL);
  g_free (sending->outbox_id);
  g_free (sending);
}

void
sending_fail (struct sending *sending, const GError *error)
{
  request_fail (sending->request, error);
  sending_free (sending);
}

GUnixFDList *
sending_fd (struct sending *sending, const char *field)
{
  gint32 handle = -1;
  gint count = 0;
  const int *list = g_unix_fd_list_peek_fds (sending->fds, &count);
  if (!g_variant_lookup (sending->reply, field, "h", &handle) || handle < 0 || handle >= count)
    return NULL;
  GUnixFDList *fds = g_unix_fd_list_new ();
  (void) g_unix_fd_list_append (fds, list[handle], NULL);
  return fds;
}

static void
on_old_removed (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
}

void
sending_remove_draft (struct sending *sending)
{
  if (sending->draft_path == NULL)
    return;
  const char *paths[] = { sending->draft_path, NULL };
  /* When it has done so it says "removed", and only then the index forgets it: a draft that stays is found. */
  supervised_call (sending->draft_account->imap, "remove", g_variant_new_parsed ("{'paths': <%^as>}", paths), NULL,
                   NULL, on_old_removed, NULL);
}

static void
on_draft_found (gpointer data, struct core_account *account, const char *const *paths, const GError *error)
{
  struct sending *sending = data;
  sending->draft_path = account != NULL ? g_strdup (paths[0]) : NULL;
  sending->draft_account = account;
  sending->next (sending);
}

void
sending_with_draft (struct sending *sending, const char *draft_id, void (*next) (struct sending *sending))
{
  sending->next = next;
  if (draft_id == NULL || *draft_id == '\0') {
    next (sending);
    return;
  }
  drafts_find (sending->core, draft_id, on_draft_found, sending);
}
