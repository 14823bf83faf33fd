/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* One call at the engine's door, for what people do on the screen alone: door PROFILE METHOD ARGUMENTS (as GVariant prints them). */
#include <string.h>
#include <unistd.h>

#include "mail/engine.h"

/* The engine is started by whoever finds none, from its own file: here it has to be the program's. */
static int
become_program (char **argv)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL),
                  *folder = g_path_get_dirname (self != NULL ? self : ""),
                  *program = g_build_filename (folder, "..", "..", "wardmail", NULL);
  (void) execv (program, argv);
  g_printerr ("door: %s is not there\n", program);
  return 127;
}

int
main (int argc, char **argv)
{
  if (argc > 1 && strcmp (argv[1], "--process") == 0)
    return become_program (argv);
  g_autoptr (GError) error = NULL;
  GVariant *fields = argc == 4 ? g_variant_parse (G_VARIANT_TYPE_VARDICT, argv[3], NULL, NULL, &error) : NULL;
  if (fields == NULL) {
    g_printerr ("door: %s\n", error != NULL ? error->message : "PROFILE METHOD ARGUMENTS");
    return 2;
  }
  AUTOFREE (paths) paths = paths_new (argv[1]);
  AUTOFREE (engine) engine = engine_new (paths);
  g_autoptr (GVariant) reply = engine_call_wait (engine, argv[2], fields, NULL, NULL, &error);
  g_autofree char *text = reply != NULL ? g_variant_print (reply, FALSE) : NULL;
  if (text == NULL)
    g_printerr ("%s\n", error->message);
  else
    g_print ("%s\n", text);
  return text != NULL ? 0 : 1;
}
