/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The end of a key, from the Keys view: one's own is revoked, somebody else's is no longer used. */
#include "ui/screen/prompt.h"
#include "ui/views/fields.h"
#include "ui/views/keys_p.h"
#include "ui/views/keys_words.h"

/* data: what to say of somebody else's. */
static void
stopped (struct view *view, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  static const struct keys_file_words words
      = { .label = "It is revoked. Save the public half that says so, for the people who write to you, as:",
          .name = "revoked.asc",
          .after = "Send it to everybody who has this key." };
  if (reply == NULL) {
    app_notice (view->app, NOTICE_WARN, "%s", error->message);
    return;
  }
  app_tell (view->app, "keys");
  if (fields_flag (reply, "for_good"))
    keys_file_ask ((struct keys_view *) view, reply, fds, &words);
  else if (fields_flag (reply, "own"))
    app_notice (view->app, NOTICE_WARN,
                "It is no longer used here. Only the authority can revoke it for others: tell %s, serial number %s.",
                fields_text (reply, "issuer"), fields_text (reply, "serial"));
  else
    app_notice (view->app, NOTICE_INFO, "%s", (const char *) data);
}

void
keys_stop_for (struct keys_view *keys, GVariant *key, const char *reason, const char *after)
{
  GVariantBuilder args;
  g_variant_builder_init (&args, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&args, "{sv}", "key", g_variant_new_string (fields_text (key, "fingerprint")));
  g_variant_builder_add (&args, "{sv}", "reason", g_variant_new_string (reason));
  app_call (&keys->view, "key_revoke", g_variant_builder_end (&args), NULL, stopped, (gpointer) after);
}

static void
answered (struct app *app, char choice, gpointer data)
{
  struct keys_view *keys = data;
  g_autoptr (GVariant) key = g_steal_pointer (&keys->about);
  const char *reason = choice == 'l' ? "compromised" : choice == 'n' ? "superseded" : choice == 'u' ? "retired" : NULL;
  if (key != NULL && reason != NULL)
    keys_stop_for (keys, key, reason, "This key is no longer used. To use it again, compare it with its owner (c).");
}

void
keys_stop (struct keys_view *keys)
{
  static const char *const own[] = { "l", "lost or stolen", "n", "there is a new one", "u", "no longer needed", NULL };
  static const char *const others[] = { "u", "do not use it any more", NULL };
  g_autoptr (GVariant) key = keys_current (keys);
  if (key == NULL)
    return;
  const gboolean mine = fields_flag (key, "own");
  g_autofree char *question
      = mine ? g_strdup_printf ("End your own %s key for %s? Nobody can undo that. Why:", keys_words_kind (key),
                                fields_text (key, "address"))
             : g_strdup_printf ("The %s key of %s:", keys_words_kind (key), fields_text (key, "address"));
  g_clear_pointer (&keys->about, g_variant_unref);
  keys->about = g_steal_pointer (&key);
  prompt_choice (keys->view.app, question, mine ? own : others, answered, keys);
}
