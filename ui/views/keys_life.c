/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The life of the user's own keys, from the Keys view: make one, give out the public half, make it last. */
#include "ui/screen/prompt.h"
#include "ui/views/fields.h"
#include "ui/views/keys_p.h"

#include <string.h>

/* ---- The public half ---- */

static void
exported (struct view *view, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  if (reply == NULL) {
    app_notice (view->app, NOTICE_WARN, "%s", error->message);
    return;
  }
  const struct keys_file_words words = { .label = "Save the public half as:",
                                         .name = fields_text (reply, "filename"),
                                         .after = "It is public: anybody may have it." };
  keys_file_ask ((struct keys_view *) view, reply, fds, &words);
}

void
keys_export (struct keys_view *keys)
{
  g_autoptr (GVariant) key = keys_current (keys);
  if (key == NULL)
    return;
  GVariantBuilder args;
  g_variant_builder_init (&args, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&args, "{sv}", "key", g_variant_new_string (fields_text (key, "fingerprint")));
  app_call (&keys->view, "key_export", g_variant_builder_end (&args), NULL, exported, NULL);
}

/* ---- A new one ---- */

/* data: what to say of a key that is ready. */
static void
made (struct view *view, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  static const struct keys_file_words words
      = { .label = "The private key is made and stays here. Save the request for its certificate as:",
          .name = "certificate-request.pem",
          .after = "Give it to the certification office of your organisation, and take in what comes back (i)." };
  if (reply == NULL) {
    app_notice (view->app, NOTICE_WARN, "%s", error->message);
    return;
  }
  app_tell (view->app, "keys");
  g_autoptr (GVariant) requests = fields_rows (reply, "requests");
  g_autoptr (GVariant) row = g_variant_n_children (requests) > 0 ? g_variant_get_child_value (requests, 0) : NULL;
  if (row != NULL)
    keys_file_ask ((struct keys_view *) view, row, fds, &words);
  else
    app_notice (view->app, NOTICE_INFO, "%s", (const char *) data);
}

static void
kind_answered (struct app *app, char choice, gpointer data)
{
  struct keys_view *keys = data;
  const struct settings *settings = app_settings (app);
  if (choice == 0 || settings == NULL || settings->address == NULL)
    return;
  GVariantBuilder args;
  g_variant_builder_init (&args, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&args, "{sv}", "kind", g_variant_new_string (choice == 's' ? "smime" : "pgp"));
  g_variant_builder_add (&args, "{sv}", "address", g_variant_new_string (settings->address));
  if (settings->name != NULL)
    g_variant_builder_add (&args, "{sv}", "name", g_variant_new_string (settings->name));
  app_notice (app, NOTICE_INFO, "Making the key…");
  app_call (&keys->view, "key_new", g_variant_builder_end (&args), NULL, made,
            (gpointer) "The key is made. Give its public half to the people who write to you (e).");
}

void
keys_make (struct keys_view *keys)
{
  static const char *const choices[]
      = { "o", "OpenPGP, ready at once", "s", "S/MIME, for your organisation to certify", NULL };
  prompt_choice (keys->view.app, "A new key of your own: of which kind?", choices, kind_answered, keys);
}

/* ---- Longer ---- */

static void
renew_answered (struct app *app, char choice, gpointer data)
{
  struct keys_view *keys = data;
  g_autoptr (GVariant) key = g_steal_pointer (&keys->about);
  if (key == NULL || choice != 'y')
    return;
  GVariantBuilder args;
  g_variant_builder_init (&args, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&args, "{sv}", "key", g_variant_new_string (fields_text (key, "fingerprint")));
  app_call (
      &keys->view, "key_renew", g_variant_builder_end (&args), NULL, made,
      (gpointer) "The key is valid for two years now. Give its public half anew to the people who write to you (e).");
}

void
keys_renew (struct keys_view *keys)
{
  g_autoptr (GVariant) key = keys_current (keys);
  if (key == NULL)
    return;
  if (!fields_flag (key, "own")) {
    app_notice (keys->view.app, NOTICE_INFO,
                "Only its owner can renew this key. Ask for a new one in time, and take it in (i).");
    return;
  }
  const gboolean smime = strcmp (fields_text (key, "protocol"), "smime") == 0;
  if (!smime && fields_time (key, "expires") == 0 && *fields_text (key, "fault") == '\0') {
    app_notice (keys->view.app, NOTICE_INFO,
                "This key has no end, so there is nothing to renew. It goes on being valid.");
    return;
  }
  static const char *const choices[] = { "y", "renew it", NULL };
  g_autofree char *question
      = smime ? g_strdup_printf (
            "Ask for a new certificate for %s? A new private key is made for it; the older one stays.",
            fields_text (key, "address"))
              : g_strdup_printf ("Make your OpenPGP key for %s valid for two years from now?",
                                 fields_text (key, "address"));
  g_clear_pointer (&keys->about, g_variant_unref);
  keys->about = g_steal_pointer (&key);
  prompt_choice (keys->view.app, question, choices, renew_answered, keys);
}
