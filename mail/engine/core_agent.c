/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Ends a gpg-agent that hangs. gpg starts it in a session of its own, so that it is not among the worker's processes; the
 * next gpg would ask the same one again and wait as long. Whose it is, the socket in this profile tells. */
#include "mail/engine/core.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Who listens on S.gpg-agent; 0: nobody, or not one of ours. Through the folder's descriptor, since a socket's path is short. */
static pid_t
listener (int dir_fd)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  struct ucred peer = { .pid = 0 };
  socklen_t size = sizeof peer;
  g_snprintf (address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/S.gpg-agent", dir_fd);
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0)
    return 0;
  gboolean found = connect (fd, (struct sockaddr *) &address, sizeof address) == 0
                   && getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == geteuid ();
  close (fd);
  return found ? peer.pid : 0;
}

void
core_end_agent (gpointer owner)
{
  struct core *core = owner;
  g_autofree char *home = g_build_filename (core->paths->keys_dir, "gnupg", NULL);
  int dir_fd = open (home, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  if (dir_fd < 0)
    return;
  pid_t pid = listener (dir_fd);
  close (dir_fd);
  g_autofree char *file = g_strdup_printf ("/proc/%d/comm", (int) pid), *name = NULL;
  if (pid > 1 && g_file_get_contents (file, &name, NULL, NULL) && strcmp (g_strchomp (name), "gpg-agent") == 0)
    (void) kill (pid, SIGKILL);
}
