/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Attaching one's own public keys to the message that is being written, a file for each kind that there is. */
#include "ui/views/compose_p.h"
#include "ui/views/fields.h"

#include <gio/gunixfdlist.h>
#include <unistd.h>

static void ask_kind (struct compose *compose, const char *kind, guint so_far);

static gboolean
attach (struct compose *compose, GVariant *reply, GUnixFDList *fds)
{
  int fd = fields_fd (reply, "data", fds);
  return fd >= 0 && compose_attach_fd (compose, fields_text (reply, "filename"), fields_text (reply, "type"), fd);
}

/* First OpenPGP, then S/MIME; so_far: how many were attached, and 16 where OpenPGP has been asked for. */
static void
exported (struct view *view, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct compose *compose = (struct compose *) view;
  guint so_far = GPOINTER_TO_UINT (data);
  if (reply == NULL && !g_error_matches (error, ENGINE_ERROR, ENGINE_ERROR_NOT_FOUND)) {
    app_notice (view->app, NOTICE_WARN, "%s", error->message);
    return;
  }
  if (compose->working) /* it is being sent by now */
    return;
  so_far += reply != NULL && attach (compose, reply, fds);
  if ((so_far & 16) == 0)
    ask_kind (compose, "smime", so_far | 16);
  else if ((so_far & 15) == 0)
    app_notice (view->app, NOTICE_WARN, "You have no key of your own that could be attached. Make one: ^Y, then n.");
  else
    app_notice (view->app, NOTICE_INFO, "Your own public key is attached; the recipients can take it in.");
}

static void
ask_kind (struct compose *compose, const char *kind, guint so_far)
{
  const struct settings *settings = app_settings (compose->view.app);
  GVariantBuilder args;
  if (settings == NULL || settings->address == NULL)
    return;
  g_variant_builder_init (&args, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&args, "{sv}", "key", g_variant_new_string (settings->address));
  g_variant_builder_add (&args, "{sv}", "kind", g_variant_new_string (kind));
  g_variant_builder_add (&args, "{sv}", "own", g_variant_new_boolean (TRUE));
  app_call (&compose->view, "key_export", g_variant_builder_end (&args), NULL, exported, GUINT_TO_POINTER (so_far));
}

void
compose_own (struct compose *compose)
{
  ask_kind (compose, "pgp", 0);
}
