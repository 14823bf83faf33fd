/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* One key: all that is known of it, and comparing its fingerprint with its owner. */
#include "ui/screen/prompt.h"
#include "ui/views/fields.h"
#include "ui/views/keys_p.h"
#include "ui/views/keys_words.h"

static GPtrArray *
lines_new (void)
{
  return g_ptr_array_new_with_free_func (g_free);
}

static void
add_fingerprint (GPtrArray *lines, GVariant *key)
{
  g_autoptr (GPtrArray) groups = keys_words_fingerprint (key);
  for (guint i = 0; i < groups->len; i++)
    g_ptr_array_add (lines, g_strconcat ("    ", g_ptr_array_index (groups, i), NULL));
}

void
keys_page (struct keys_view *keys)
{
  g_autoptr (GVariant) key = keys_current (keys);
  if (key == NULL)
    return;
  g_autoptr (GPtrArray) lines = lines_new ();
  g_autofree char *until = keys_words_until (key), *sentence = keys_words_sentence (key),
                  *reads = fields_joined (key, "capabilities");
  g_ptr_array_add (lines, g_strdup_printf ("Address      %s", fields_text (key, "address")));
  g_ptr_array_add (lines, g_strdup_printf ("Owner        %s", fields_text (key, "owner")));
  g_ptr_array_add (lines, g_strdup_printf ("Kind         %s", keys_words_kind (key)));
  g_ptr_array_add (lines, g_strdup_printf ("Valid until  %s", until));
  if (*reads != '\0')
    g_ptr_array_add (lines, g_strdup_printf ("Reads        %s", reads));
  g_ptr_array_add (lines, g_strdup (""));
  g_ptr_array_add (lines, g_steal_pointer (&sentence));
  g_ptr_array_add (lines, g_strdup (keys_words_source (key)));
  g_ptr_array_add (lines, g_strdup (""));
  g_ptr_array_add (lines, g_strdup ("Fingerprint"));
  add_fingerprint (lines, key);
  app_push (keys->view.app, text_view_lines (keys->view.app, fields_text (key, "address"), lines, ""));
}

/* ---- Comparing ---- */

static void
trusted (struct view *view, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct keys_view *keys = (struct keys_view *) view;
  if (reply == NULL)
    app_notice (view->app, NOTICE_WARN, "%s", error->message);
  else
    app_notice (view->app, NOTICE_INFO, "Marked as compared. Mail to this address is encrypted with this key.");
  app_tell (view->app, "keys");
  keys_ask (keys);
}

static void
compared (struct app *app, char choice, gpointer data)
{
  struct keys_view *keys = data;
  g_autoptr (GVariant) key = g_steal_pointer (&keys->about);
  if (keys->page != NULL && app_is_top (keys->page))
    app_close (keys->page);
  keys->page = NULL;
  if (key == NULL)
    return;
  if (choice == 'y') {
    GVariantBuilder args;
    g_variant_builder_init (&args, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add (&args, "{sv}", "fingerprint", g_variant_new_string (fields_text (key, "fingerprint")));
    app_call (&keys->view, "key_trust", g_variant_builder_end (&args), NULL, trusted, NULL);
  } else if (choice == 'n')
    keys_stop_for (keys, key, "compromised",
                   "This key is no longer used: somebody may have put it in the place of the true one. Tell your IT "
                   "service. Was that a slip? Compare it again (c).");
}

/* The page stays above the question. */
void
keys_compare (struct keys_view *keys)
{
  static const char *const choices[] = { "y", "yes, all the same", "n", "no, they differ", NULL };
  g_autoptr (GVariant) key = keys_current (keys);
  if (key == NULL)
    return;
  g_autoptr (GPtrArray) lines = lines_new ();
  add_fingerprint (lines, key); /* first, so that it is seen on the smallest screen */
  g_ptr_array_add (lines, g_strdup (""));
  if (fields_flag (key, "own"))
    g_ptr_array_add (lines, g_strdup ("This is your own. Read it to whoever wants to compare it."));
  else
    g_ptr_array_add (lines,
                     g_strdup_printf ("This is the fingerprint of the %s here. Call %s on a number that you know, not "
                                      "one from a mail, and let the other side read out theirs.",
                                      *keys_words_kind (key) == 'S' ? "certificate (SHA-256)" : "key",
                                      fields_text (key, "address")));
  struct view *page = text_view_lines (keys->view.app, "Compare", lines, "");
  app_push (keys->view.app, page);
  if (fields_flag (key, "own"))
    return;
  keys->page = page;
  g_clear_pointer (&keys->about, g_variant_unref);
  keys->about = g_steal_pointer (&key);
  prompt_choice (keys->view.app, "Is every group the same on both sides?", choices, compared, keys);
}
