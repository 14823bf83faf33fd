/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Taking in a file with keys, or a back-up of one's own, from the Keys view. */
#include "ui/save.h"
#include "ui/screen/prompt.h"
#include "ui/views/fields.h"
#include "ui/views/keys_p.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
close_file (struct keys_view *keys)
{
  if (keys->importing >= 0)
    close (keys->importing);
  keys->importing = -1;
}

static void ask_passphrase (struct keys_view *keys);

static void
imported (struct view *view, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct keys_view *keys = (struct keys_view *) view;
  gboolean with_passphrase = data != NULL;
  if (reply == NULL && !with_passphrase && g_error_matches (error, ENGINE_ERROR, ENGINE_ERROR_PASSPHRASE)) {
    ask_passphrase (keys);
    return;
  }
  close_file (keys);
  if (reply == NULL) {
    app_notice (view->app, NOTICE_WARN, "%s", error->message);
    return;
  }
  g_autoptr (GVariant) rows = fields_rows (reply, "keys");
  gsize count = g_variant_n_children (rows);
  g_autoptr (GVariant) first = count > 0 ? g_variant_get_child_value (rows, 0) : NULL;
  if (first != NULL)
    keys_go_to (keys, first);
  const gboolean own = first != NULL && fields_flag (first, "own");
  app_notice (view->app, NOTICE_INFO, "Taken in: %s%s. %s", first != NULL ? fields_text (first, "address") : "the file",
              count > 1 ? " and more" : "",
              own ? "It is your own." : "Compare it with its owner before you rely on it (c).");
  app_tell (view->app, "keys");
}

static void
call_import (struct keys_view *keys, const char *passphrase)
{
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  g_autoptr (GError) error = NULL;
  GVariantBuilder args;
  int handle = lseek (keys->importing, 0, SEEK_SET) == 0 ? g_unix_fd_list_append (fds, keys->importing, &error) : -1;
  if (handle < 0) {
    app_notice (keys->view.app, NOTICE_WARN, "The file cannot be read any more. Nothing was taken in; try again.");
    close_file (keys);
    return;
  }
  g_variant_builder_init (&args, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&args, "{sv}", "files",
                         g_variant_new_fixed_array (G_VARIANT_TYPE_HANDLE, &handle, 1, sizeof handle));
  if (passphrase != NULL)
    g_variant_builder_add (&args, "{sv}", "passphrase", fields_secret (passphrase, strlen (passphrase)));
  app_call (&keys->view, "key_import", g_variant_builder_end (&args), fds, imported, passphrase != NULL ? keys : NULL);
}

static void
passphrase_answered (struct app *app, const char *text, gpointer data)
{
  struct keys_view *keys = data;
  if (text != NULL)
    call_import (keys, text);
  else
    close_file (keys);
}

static void
ask_passphrase (struct keys_view *keys)
{
  prompt_line (keys->view.app, "Passphrase of this key file:", NULL, PROMPT_SECRET, NULL, passphrase_answered, keys);
}

/* A back-up is sealed: it begins with a Symmetric-Key Encrypted Session Key packet, in the old form or the new. RFC 4880, 5.3. */
static gboolean
is_backup (int fd)
{
  guint8 first = 0;
  return pread (fd, &first, 1, 0) == 1 && (first == 0xc3 || (first & 0xfc) == 0x8c);
}

static void
restored (struct view *view, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  close_file ((struct keys_view *) view);
  if (reply == NULL) {
    app_notice (view->app, NOTICE_WARN, "%s", error->message);
    return;
  }
  app_notice (view->app, NOTICE_INFO, "The back-up is taken in; what was here already has stayed.");
  app_tell (view->app, "keys");
}

static void
backup_answered (struct app *app, const char *text, gpointer data)
{
  struct keys_view *keys = data;
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  int handle = text != NULL && *text != '\0' ? g_unix_fd_list_append (fds, keys->importing, NULL) : -1;
  if (handle < 0) {
    close_file (keys);
    return;
  }
  GVariantBuilder args;
  g_variant_builder_init (&args, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&args, "{sv}", "file", g_variant_new_handle (handle));
  g_variant_builder_add (&args, "{sv}", "passphrase", fields_secret (text, strlen (text)));
  app_notice (app, NOTICE_INFO, "Opening the back-up…");
  app_call (&keys->view, "key_restore", g_variant_builder_end (&args), fds, restored, NULL);
}

static void
path_answered (struct app *app, const char *text, gpointer data)
{
  struct keys_view *keys = data;
  struct stat status;
  if (text == NULL || *text == '\0')
    return;
  close_file (keys);
  g_autofree char *path = save_path (text, g_get_home_dir ());
  keys->importing = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (keys->importing < 0 || fstat (keys->importing, &status) != 0 || !S_ISREG (status.st_mode)) {
    app_notice (app, NOTICE_WARN, "%s cannot be read: %s. Nothing was taken in.", path,
                keys->importing < 0 ? g_strerror (errno) : "it is not a file");
    close_file (keys);
    return;
  }
  if (is_backup (keys->importing))
    prompt_line (app, "This is a back-up. Its passphrase:", NULL, PROMPT_SECRET, NULL, backup_answered, keys);
  else
    call_import (keys, NULL);
}

void
keys_import (struct keys_view *keys)
{
  prompt_line (keys->view.app, "File with a key or certificate:", "~/", PROMPT_PLAIN, NULL, path_answered, keys);
}
