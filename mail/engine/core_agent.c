/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A gpg-agent that hangs: noticed when it does not even greet, and ended. gpg starts it in a session of its own, so that it is not among the worker's processes; the
 * next gpg would ask the same one again and wait as long. It is looked for by its name, its owner and the folder it serves:
 * its socket tells only who made it, which is a process that left when the agent went to the background. */
#include "mail/engine/core.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "mail/engine/pace.h"

#define ARGUMENTS_MAX 32
#define GREETING_MS 1200

static char *
read_of (const char *pid, const char *what, gsize *size)
{
  g_autofree char *path = g_build_filename ("/proc", pid, what, NULL);
  char *text = NULL;
  return g_file_get_contents (path, &text, size, NULL) ? text : NULL;
}

/* Whether the argument after "--homedir" names that folder, by whichever path. */
static gboolean
serves (const char *arguments, gsize size, const struct stat *home)
{
  gboolean next = FALSE;
  struct stat named;
  for (gsize at = 0, i = 0; at < size && i < ARGUMENTS_MAX; at += strlen (arguments + at) + 1, i++) {
    if (next)
      return stat (arguments + at, &named) == 0 && named.st_dev == home->st_dev && named.st_ino == home->st_ino;
    next = strcmp (arguments + at, "--homedir") == 0;
  }
  return FALSE;
}

static gboolean
is_agent (const char *pid, const struct stat *home)
{
  g_autofree char *path = g_build_filename ("/proc", pid, NULL);
  struct stat owner;
  if (stat (path, &owner) != 0 || owner.st_uid != geteuid ())
    return FALSE;
  gsize size = 0;
  g_autofree char *name = read_of (pid, "comm", &size);
  if (name == NULL || strcmp (g_strchomp (name), "gpg-agent") != 0)
    return FALSE;
  g_autofree char *arguments = read_of (pid, "cmdline", &size);
  return arguments != NULL && serves (arguments, size, home);
}

void
core_end_agent (gpointer owner)
{
  struct core *core = owner;
  g_autofree char *path = g_build_filename (core->paths->keys_dir, "gnupg", NULL);
  struct stat home;
  g_autoptr (GDir) processes = g_dir_open ("/proc", 0, NULL);
  if (processes == NULL || stat (path, &home) != 0)
    return;
  for (const char *pid; (pid = g_dir_read_name (processes)) != NULL;)
    if (g_ascii_isdigit (*pid) && is_agent (pid, &home))
      (void) kill ((pid_t) g_ascii_strtoll (pid, NULL, 10), SIGKILL);
}

/* ---- is it there? ---- */

static void
probe_end (struct core *core)
{
  g_clear_handle_id (&core->agent_source, g_source_remove);
  g_clear_handle_id (&core->agent_timer, g_source_remove);
  if (core->agent_fd >= 0)
    close (core->agent_fd);
  core->agent_fd = -1;
}

static gboolean
on_greeting (gint fd, GIOCondition condition, gpointer data)
{
  struct core *core = data;
  core->agent_source = 0;
  probe_end (core);
  return G_SOURCE_REMOVE;
}

static gboolean
on_silence (gpointer data)
{
  struct core *core = data;
  core->agent_timer = 0;
  probe_end (core);
  supervised_give_up (core->keys);
  return G_SOURCE_REMOVE;
}

/* Through the folder's descriptor, since a socket's path is short. FALSE: there is nobody, so it is not what hangs. */
static gboolean
connect_agent (struct core *core, int dir_fd)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  g_snprintf (address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/S.gpg-agent", dir_fd);
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd >= 0 && connect (fd, (struct sockaddr *) &address, sizeof address) == 0)
    core->agent_fd = fd;
  else if (fd >= 0) {
    const gboolean crowded = errno == EAGAIN; /* it takes nobody in */
    close (fd);
    return crowded;
  }
  return fd >= 0;
}

void
core_probe_agent (gpointer owner)
{
  struct core *core = owner;
  /* While it makes a key it computes, and greets nobody. */
  if (core->agent_timer != 0 || supervised_at (core->keys, "key_new"))
    return;
  g_autofree char *home = g_build_filename (core->paths->keys_dir, "gnupg", NULL);
  int dir_fd = open (home, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  if (dir_fd < 0)
    return;
  const gboolean there = connect_agent (core, dir_fd);
  close (dir_fd);
  if (!there)
    return;
  if (core->agent_fd >= 0)
    core->agent_source = g_unix_fd_add (core->agent_fd, G_IO_IN | G_IO_HUP, on_greeting, core);
  core->agent_timer = g_timeout_add (GREETING_MS * pace (), on_silence, core);
}

void
core_probe_agent_stop (struct core *core)
{
  probe_end (core);
}
