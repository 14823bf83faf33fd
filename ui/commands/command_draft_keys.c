/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* One's own public keys as attachments: how people get them who have none yet. They travel encrypted like all else. */
#include "ui/commands/command_draft.h"
#include "ui/views/fields.h"

#include <string.h>
#include <unistd.h>

/* What stands between the angles of "Name <a@b>"; else all of it. */
static char *
address_in (const char *text)
{
  const char *open = strrchr (text, '<'), *close = open != NULL ? strchr (open, '>') : NULL;
  return close != NULL ? g_strndup (open + 1, (gsize) (close - open - 1)) : g_strdup (text);
}

static gboolean
add_file (struct command_draft *draft, GVariant *reply, GUnixFDList *fds, GError **error)
{
  int fd = fields_fd (reply, "data", fds);
  if (fd < 0) {
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_FAILED,
                 "Your public key did not arrive, so nothing was sent. Please try again.");
    return FALSE;
  }
  const int place = g_unix_fd_list_append (draft->fds, fd, error);
  close (fd);
  if (place < 0)
    return FALSE;
  g_variant_builder_add (&draft->attachments, "(ssh)", fields_text (reply, "filename"), fields_text (reply, "type"),
                         place);
  return TRUE;
}

/* FALSE without error: there is no key of this kind. */
static gboolean
add_kind (struct command_draft *draft, struct command_context *context, const char *address, const char *kind,
          GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (GUnixFDList) fds = NULL;
  g_auto (GVariantDict) args = G_VARIANT_DICT_INIT (NULL);
  g_variant_dict_insert (&args, "key", "s", address);
  g_variant_dict_insert (&args, "kind", "s", kind);
  g_variant_dict_insert (&args, "own", "b", TRUE);
  g_autoptr (GVariant) reply = command_call (context, "key_export", g_variant_dict_end (&args), NULL, &fds, &local);
  if (reply == NULL && !g_error_matches (local, ENGINE_ERROR, ENGINE_ERROR_NOT_FOUND))
    g_propagate_error (error, g_steal_pointer (&local));
  return reply != NULL && add_file (draft, reply, fds, error);
}

gboolean
command_draft_attach_keys (struct command_draft *draft, struct command_context *context, const char *from_or_null,
                           GError **error)
{
  static const char *const kinds[] = { "pgp", "smime" };
  g_autofree char *address = address_in (from_or_null != NULL ? from_or_null : context->settings->address);
  g_autoptr (GError) local = NULL;
  gboolean any = FALSE;
  for (gsize i = 0; local == NULL && i < G_N_ELEMENTS (kinds); i++)
    any |= add_kind (draft, context, address, kinds[i], &local);
  if (local != NULL) {
    g_propagate_error (error, g_steal_pointer (&local));
    return FALSE;
  }
  if (!any)
    g_set_error (
        error, ENGINE_ERROR, ENGINE_ERROR_NOT_FOUND,
        "You have no key of your own for %s that could be attached, and nothing was sent. Make one: wardmail key "
        "new",
        address);
  return any;
}
