/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* show --part: an attachment as text, or saved to a file that was not there before. */
#include "ui/commands/command_part.h"
#include "ui/commands/command_out.h"
#include "ui/commands/command_view.h"
#include "ui/save.h"
#include "ui/views/fields.h"

#include <gio/gunixfdlist.h>
#include <unistd.h>

static void
print_warning (GVariant *reply)
{
  const char *warning = NULL;
  if (g_variant_lookup (reply, "warning", "&s", &warning))
    (void) command_out_refuse (COMMAND_DONE, "%s", warning);
}

static enum command_exit
print_text (GVariant *reply)
{
  const char *text = "";
  (void) g_variant_lookup (reply, "text", "&s", &text);
  print_warning (reply);
  command_out_text (text);
  return COMMAND_DONE;
}

static enum command_exit
save_file (GVariant *reply, GUnixFDList *fds, const char *path)
{
  g_autoptr (GError) error = NULL;
  int fd = fields_fd (reply, "data", fds);
  if (fd < 0)
    return command_out_refuse (COMMAND_FAILED, "The attachment did not arrive. Nothing was saved; try again.");
  int to = save_create (path, &error);
  gboolean done = to >= 0 && save_copy (fd, to, path, &error);
  close (fd);
  if (!done)
    return command_out_fail (error);
  print_warning (reply);
  return command_out_refuse (
      COMMAND_DONE, "%s is outside wardmail and not encrypted: whoever can read that file can read what is in it.",
      path);
}

enum command_exit
command_part (struct command_context *context, const char *target, const char *at, const char *part,
              const char *save_or_null)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GUnixFDList) fds = NULL;
  const char *method = save_or_null != NULL ? "part" : "part_text";
  g_autoptr (GVariant) reply = command_view_call (context, method, target, at, part, &fds, &error);
  if (reply == NULL)
    return command_out_fail (error);
  return save_or_null != NULL ? save_file (reply, fds, save_or_null) : print_text (reply);
}
