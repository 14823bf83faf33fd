/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* `import`: Maildir folders, mbox files or message files into the local store and index. */
#include "ui/commands/command_out.h"
#include "ui/commands/command_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PROGRESS_EVERY 500

/* The feeding thread; the main thread waits for the engine meanwhile. */
struct feed {
  struct command_stream stream;
  char **paths;
  int fd;      /* the pipe's end for writing, not blocking */
  int stop_fd; /* becomes readable when the call has ended */
  guint given;
  gboolean show; /* a person watches */
};

static gboolean
push (struct feed *feed, const char *bytes, gsize size)
{
  while (size > 0) {
    ssize_t put = write (feed->fd, bytes, size);
    if (put > 0) {
      bytes += put;
      size -= (gsize) put;
      continue;
    }
    struct pollfd wait[] = { { .fd = feed->fd, .events = POLLOUT }, { .fd = feed->stop_fd, .events = POLLIN } };
    if (put < 0 && errno != EAGAIN && errno != EINTR)
      return FALSE;
    if ((poll (wait, 2, -1) < 0 && errno != EINTR) || wait[1].revents != 0)
      return FALSE;
  }
  return TRUE;
}

static gboolean
take (const char *bytes, gsize size, guint flags, gpointer data)
{
  struct feed *feed = data;
  guint32 length = GUINT32_TO_BE ((guint32) size);
  char flag_byte = (char) flags;
  if (!push (feed, (char *) &length, sizeof length) || !push (feed, &flag_byte, 1) || !push (feed, bytes, size))
    return FALSE;
  if (++feed->given % PROGRESS_EVERY == 0 && feed->show)
    fprintf (stderr, "\r%u messages ...", feed->given);
  return TRUE;
}

static gpointer
feed_all (gpointer data)
{
  struct feed *feed = data;
  guint32 end = 0;
  gboolean going = TRUE;
  for (gsize i = 0; going && feed->paths[i] != NULL; i++)
    going = command_stream_walk (&feed->stream, feed->paths[i]);
  if (going)
    push (feed, (char *) &end, sizeof end);
  close (feed->fd);
  return NULL;
}

static GVariant *
call (struct command_context *context, struct feed *feed, const char *folder, GError **error)
{
  int data[2], stop[2];
  if (!g_unix_open_pipe (data, FD_CLOEXEC, error))
    return NULL;
  if (!g_unix_open_pipe (stop, FD_CLOEXEC, error)) {
    close (data[0]);
    close (data[1]);
    return NULL;
  }
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  g_auto (GVariantDict) args = G_VARIANT_DICT_INIT (NULL);
  gint32 handle = g_unix_fd_list_append (fds, data[0], NULL);
  close (data[0]);
  g_variant_dict_insert (&args, "stream", "h", handle);
  if (folder != NULL)
    g_variant_dict_insert (&args, "folder", "s", folder);
  feed->fd = data[1];
  feed->stop_fd = stop[0];
  (void) g_unix_set_fd_nonblocking (feed->fd, TRUE, NULL);
  GThread *thread = g_thread_new ("feed", feed_all, feed);
  GVariant *reply = command_call (context, "import", g_variant_dict_end (&args), fds, NULL, error);
  close (stop[1]);
  g_thread_join (thread);
  close (stop[0]);
  return reply;
}

static enum command_exit
run (struct command_context *context, char **paths, const char *folder)
{
  g_autoptr (GError) error = NULL;
  for (gsize i = 0; paths[i] != NULL; i++)
    if (access (paths[i], R_OK) != 0) {
      int cause = errno;
      g_autofree char *shown = g_filename_display_name (paths[i]);
      return command_out_refuse (COMMAND_FAILED, "“%s” cannot be read (%s); nothing was imported.", shown,
                                 g_strerror (cause));
    }
  if (!command_text (folder, &error) || !command_need_settings (context, &error))
    return command_out_fail (error);
  struct feed feed = { .paths = paths, .show = isatty (STDERR_FILENO) == 1 };
  feed.stream = (struct command_stream){ .take = take, .data = &feed };
  g_autoptr (GVariant) reply = call (context, &feed, folder, &error);
  if (feed.show && feed.given >= PROGRESS_EVERY)
    fputc ('\n', stderr);
  if (reply == NULL)
    return command_out_fail (error);
  guint32 imported = 0, skipped = 0;
  const char *text = "";
  g_variant_lookup (reply, "imported", "u", &imported);
  g_variant_lookup (reply, "skipped", "u", &skipped);
  g_variant_lookup (reply, "text", "&s", &text);
  command_out_banner (context);
  command_out ("%u imported, %u skipped\n", imported, skipped + feed.stream.skipped);
  if (*text != '\0')
    command_out ("%s\n", text);
  return COMMAND_DONE;
}

enum command_exit
command_import (struct command_context *context, int argc, char **argv)
{
  g_autofree char *folder = NULL;
  const GOptionEntry entries[]
      = { { "folder", 0, 0, G_OPTION_ARG_FILENAME, &folder, NULL, NULL }, G_OPTION_ENTRY_NULL };
  g_autoptr (GError) error = NULL;
  if (!command_options (&argc, &argv, entries, &error))
    return command_out_misuse ("import", "%s.", error->message);
  if (argc < 2)
    return command_out_misuse ("import", "import needs at least one file or folder.");
  return run (context, argv + 1, folder);
}
