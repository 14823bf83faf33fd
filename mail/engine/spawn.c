/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* See spawn.h. Only async-signal-safe calls happen between fork and exec. */
#include "mail/engine/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "mail/engine.h"
#include "mail/engine/pace.h"

#define ENGINE_START_MS 10000
#define CLOSE_RANGE_FIRST_FREE 4u

/* The program's path: /proc/self/exe itself when the file was replaced meanwhile, so that old and new never mix. */
static char *
own_program (void)
{
  char *path = g_file_read_link ("/proc/self/exe", NULL);
  if (path == NULL || g_access (path, X_OK) != 0) {
    g_free (path);
    return g_strdup ("/proc/self/exe");
  }
  return path;
}

/* What a worker may know of the environment: where programs are, the character set, the time zone, and what tests and sanitizers read. */
static char **
worker_environment (void)
{
  static const char *const kept[] = { "TZ",      "ASAN_OPTIONS",      "UBSAN_OPTIONS",         "LSAN_OPTIONS",
                                      "G_SLICE", "WARDMAIL_TEST_NOW", "WARDMAIL_TEST_REPORTS", "XDG_RUNTIME_DIR" };
  GPtrArray *environment = g_ptr_array_new ();
  g_ptr_array_add (environment, g_strdup ("PATH=/usr/local/bin:/usr/bin:/bin"));
  g_ptr_array_add (environment, g_strdup ("LC_ALL=C.UTF-8"));
  g_ptr_array_add (environment, g_strdup ("HOME=/nonexistent"));
  for (guint i = 0; i < G_N_ELEMENTS (kept); i++) {
    const char *value = g_getenv (kept[i]);
    if (value != NULL)
      g_ptr_array_add (environment, g_strdup_printf ("%s=%s", kept[i], value));
  }
  g_ptr_array_add (environment, NULL);
  return (char **) g_ptr_array_free (environment, FALSE);
}

static void
set_error (GError **error, const char *what)
{
  g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_FAILED,
               "wardmail could not start %s: %s. Nothing was lost; try again.", what, g_strerror (errno));
}

/* In the child: the socket as fd 3, everything above closed, signals as they were born. */
G_GNUC_NORETURN static void
become (const char *program, char *const *argv, char *const *environment, int fd)
{
  sigset_t none;
  sigemptyset (&none);
  (void) sigprocmask (SIG_SETMASK, &none, NULL);
  if (fd == 3)
    (void) fcntl (3, F_SETFD, 0);
  else if (dup2 (fd, 3) != 3)
    _exit (127);
  if (syscall (SYS_close_range, CLOSE_RANGE_FIRST_FREE, ~0u, 0) != 0)
    for (int other = 4; other < 1024; other++)
      (void) close (other);
  (void) execve (program, argv, environment);
  _exit (127);
}

static gboolean
put_file (int fd, const char *path, int flags)
{
  int file = open (path, flags, 0600);
  if (file < 0)
    return FALSE;
  gboolean done = dup2 (file, fd) == fd;
  if (file != fd)
    close (file);
  return done;
}

/* Standard error of the engine and its workers: nowhere, or, for tests, where the client's goes or at the end of a file. */
static gboolean
put_stderr (void)
{
  const char *kept = getenv ("WARDMAIL_KEEP_STDERR");
  if (kept == NULL)
    return put_file (2, "/dev/null", O_WRONLY);
  return kept[0] != '/' || put_file (2, kept, O_WRONLY | O_APPEND | O_CREAT);
}

pid_t
spawn_worker (const char *role, int *fd_out, GError **error)
{
  int pair[2];
  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
    set_error (error, role);
    return -1;
  }
  g_autofree char *program = own_program ();
  g_auto (GStrv) environment = worker_environment ();
  const char *argv[] = { "wardmail", "--process", role, NULL };
  pid_t engine = getpid (), pid = fork ();
  if (pid == 0) {
    /* It dies with the engine, whatever it waits for; also where the engine went before this was said. */
    if (prctl (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || getppid () != engine)
      _exit (127);
    (void) setpgid (0, 0); /* what it starts is ended with it */
    become (program, (char *const *) argv, environment, pair[1]);
  }
  if (pid > 0)
    (void) setpgid (pid, pid);
  close (pair[1]);
  if (pid < 0) {
    set_error (error, role);
    close (pair[0]);
    return -1;
  }
  *fd_out = pair[0];
  return pid;
}

/* In the grandchild-to-be: leave the terminal and the caller's session. */
G_GNUC_NORETURN static void
become_engine (const char *program, char *const *argv, int ready_fd)
{
  extern char **environ;
  (void) setsid ();
  pid_t pid = fork ();
  if (pid != 0)
    _exit (pid < 0 ? 1 : 0);
  if (chdir ("/") != 0 || !put_file (0, "/dev/null", O_RDONLY) || !put_file (1, "/dev/null", O_WRONLY)
      || !put_stderr ())
    _exit (127);
  become (program, argv, environ, ready_fd);
}

/* The engine writes one byte when it can be reached, and closes its end when it leaves. */
static gboolean
wait_ready (int fd, GError **error)
{
  struct pollfd wait = { .fd = fd, .events = POLLIN };
  int result;
  do
    result = poll (&wait, 1, ENGINE_START_MS * (int) pace ());
  while (result < 0 && errno == EINTR);
  char byte;
  if (result > 0 && read (fd, &byte, 1) == 1)
    return TRUE;
  g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_FAILED,
               "wardmail's engine did not start%s. Nothing was lost; is the disk full, or the profile folder not yours "
               "to write?",
               result == 0 ? " in time" : "");
  return FALSE;
}

gboolean
spawn_engine (const char *profile_dir, GError **error)
{
  int ready[2];
  if (pipe2 (ready, O_CLOEXEC) != 0) {
    set_error (error, "its engine");
    return FALSE;
  }
  g_autofree char *program = own_program ();
  const char *argv[] = { "wardmail", "--process", "engine", profile_dir, NULL };
  pid_t pid = fork ();
  if (pid == 0)
    become_engine (program, (char *const *) argv, ready[1]);
  close (ready[1]);
  gboolean done = FALSE;
  if (pid < 0)
    set_error (error, "its engine");
  else {
    while (waitpid (pid, NULL, 0) < 0 && errno == EINTR)
      ;
    done = wait_ready (ready[0], error);
  }
  close (ready[0]);
  return done;
}
