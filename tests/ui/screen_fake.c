/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The real screen on the fake engine: for looking at it, and for saved screens, without any server.
 * screen_fake --new DIR|--profile DIR|--xdg: start without a profile, with DIR as the profile, or as if without --profile. */
#include "config/accounts.h"
#include "ui/screen/app.h"

#include <stdio.h>
#include <string.h>

int
main (int argc, char **argv)
{
  if (argc >= 2 && strcmp (argv[1], "--xdg") == 0) {
    AUTOFREE (paths) paths = paths_new (NULL);
    return screen_main (paths, NULL);
  }
  if (argc < 3) {
    fprintf (stderr, "usage: screen_fake --new DIR | --profile DIR | --xdg\n");
    return 2;
  }
  g_autoptr (GError) error = NULL;
  AUTOFREE (paths) paths = paths_new (argv[2]);
  if (strcmp (argv[1], "--new") == 0)
    return screen_main (paths, NULL);
  AUTOFREE (settings) settings = settings_new ();
  settings->name = g_strdup ("Dr. Alice Moreno");
  settings->address = g_strdup ("alice@hospital.example");
  settings->at_rest = AT_REST_NONE;
  if (!paths_make (paths, &error)) {
    fprintf (stderr, "screen_fake: %s\n", error->message);
    return 1;
  }
  AUTOFREE (account) account = account_new ();
  account->name = g_strdup ("demo");
  account->address = g_strdup (settings->address);
  account->user = g_strdup ("alice");
  account->imap_host = g_strdup ("localhost");
  account->smtp_host = g_strdup ("localhost");
  account->imap_port = 993;
  account->smtp_port = 465;
  g_autoptr (GPtrArray) accounts = g_ptr_array_new ();
  g_ptr_array_add (accounts, account);
  if (!accounts_save (accounts, paths, &error)) {
    fprintf (stderr, "screen_fake: %s\n", error->message);
    return 1;
  }
  return screen_main (paths, settings);
}
