/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The program's front door: which of its faces it shows. As one of the engine's processes it is told so by its first argument; called as
 * "sendmail" it is that subcommand; with a subcommand it is a command; alone it is the screen. */
#include "config/settings.h"
#include "mail/engine.h"
#include "ui/commands/command.h"
#include "ui/commands/command_out.h"
#include "ui/screen/app.h"

#include <locale.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

/* Nothing that we hold may end in a core file, be read through /proc by another program of the same user, or be readable by others. */
static void
close_the_shutters (void)
{
  const struct rlimit none = { 0, 0 };
  (void) setrlimit (RLIMIT_CORE, &none);
#ifndef WITH_SANITIZERS /* the leak checker looks at its own process from outside */
  (void) prctl (PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
  (void) umask (077);
  (void) signal (SIGPIPE, SIG_IGN);
}

static int
open_screen (const char *profile)
{
  AUTOFREE (paths) paths = paths_new (profile);
  g_autoptr (GError) error = NULL;
  AUTOFREE (settings) settings = settings_load (paths, &error);
  if (settings == NULL && !g_error_matches (error, CONFIG_ERROR, CONFIG_ERROR_MISSING))
    return (int) command_out_fail (error);
  return screen_main (paths, settings);
}

/* Options before the subcommand. */
static int
run (int argc, char **argv)
{
  const char *profile = NULL;
  int i = 1;
  for (; i < argc && argv[i][0] == '-'; i++) {
    if (strcmp (argv[i], "--version") == 0 || strcmp (argv[i], "--help") == 0) {
      char *command[] = { argv[i] + 2, NULL };
      return commands_run (NULL, 1, command);
    }
    if (strcmp (argv[i], "--profile") == 0 && i + 1 < argc)
      profile = argv[++i];
    else if (g_str_has_prefix (argv[i], "--profile="))
      profile = argv[i] + strlen ("--profile=");
    else
      return (int) command_out_misuse (NULL, "“%s” is not an option that wardmail knows, or lacks its folder.",
                                       argv[i]);
    if (*profile == '\0')
      return (int) command_out_misuse (NULL, "--profile needs a folder.");
  }
  return i < argc ? commands_run (profile, argc - i, argv + i) : open_screen (profile);
}

int
main (int argc, char **argv)
{
  close_the_shutters ();
  if (argc > 1 && strcmp (argv[1], "--process") == 0)
    return engine_main (argc, argv);
  setlocale (LC_ALL, "");
  g_autofree char *name = argc > 0 ? g_path_get_basename (argv[0]) : g_strdup ("wardmail");
  g_set_prgname ("wardmail");
  if (strcmp (name, "sendmail") == 0) {
    argv[0] = name; /* without the folder it was called from */
    return commands_run (NULL, argc, argv);
  }
  return run (argc, argv);
}
