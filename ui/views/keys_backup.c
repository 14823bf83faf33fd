/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The user's own keys in a sealed file, from the Keys view: a passphrase, the same again, and the place. */
#include "ui/screen/prompt.h"
#include "ui/views/fields.h"
#include "ui/views/keys_p.h"

#include <string.h>

static void
noted (struct view *view, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  if (reply == NULL) /* one reminder too many */
    g_info ("the back-up could not be noted: %s", error->message);
}

static void
written (struct app *app)
{
  struct view *view = app_find (app, PLACE_KEYS);
  if (view != NULL)
    app_call (view, "key_backup_done", NULL, NULL, noted, NULL);
}

static void
sealed (struct view *view, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  static const struct keys_file_words words
      = { .label = "Save the sealed back-up as:",
          .name = "wardmail-keys.gpg",
          .after = "Keep it apart from this computer, and its passphrase apart from it.",
          .done = written };
  if (reply == NULL)
    app_notice (view->app, NOTICE_WARN, "%s", error->message);
  else
    keys_file_ask ((struct keys_view *) view, reply, fds, &words);
}

static void
again_answered (struct app *app, const char *text, gpointer data)
{
  struct keys_view *keys = data;
  AUTOFREE (secret) first = g_steal_pointer (&keys->passphrase);
  if (text == NULL || first == NULL)
    return;
  if (strcmp (text, secret_peek (first)) != 0) {
    app_notice (app, NOTICE_WARN, "The two passphrases differ, so no back-up was made. Please try again.");
    return;
  }
  GVariantBuilder args;
  g_variant_builder_init (&args, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&args, "{sv}", "passphrase", fields_secret (secret_peek (first), secret_size (first)));
  app_call (&keys->view, "key_backup", g_variant_builder_end (&args), NULL, sealed, NULL);
}

static void
answered (struct app *app, const char *text, gpointer data)
{
  struct keys_view *keys = data;
  if (text == NULL || *text == '\0')
    return;
  g_clear_pointer (&keys->passphrase, secret_free);
  keys->passphrase = secret_new (text, strlen (text));
  prompt_line (app, "The same again:", NULL, PROMPT_SECRET, NULL, again_answered, keys);
}

void
keys_backup (struct keys_view *keys)
{
  prompt_line (keys->view.app, "A back-up of your own keys. A passphrase that opens it:", NULL, PROMPT_SECRET, NULL,
               answered, keys);
}
