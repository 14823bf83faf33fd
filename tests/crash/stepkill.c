/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs an engine under ptrace and kills it at its n-th step: nothing of this is in the program that is tested.
 *
 *   stepkill WHO N FILE WARDMAIL PROFILE
 *
 * A step is whatever somebody else could notice: a write to a file or a socket, a name that is made, changed or removed, a file that is cut,
 * and what arrives from a server. A process that dies between two of them might as well have died at either, so dying before step 1, 2, 3, …
 * is dying everywhere. (Waiting for the disk is none: kill -9 takes nothing out of the kernel's hands.) WHO: "house", all of
 * wardmail's processes, of which all are killed at once, as by a power cut; or one role, whose process is killed alone. With N = 0 nothing is killed.
 * FILE gets a line for each step, and at last "died" or "left". */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define TRACED_MAX 256
#define OPTIONS                                                                                                        \
  (PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE         \
   | PTRACE_O_EXITKILL)

struct traced {
  pid_t pid;
  char role[16]; /* "": not yet one of wardmail's */
  bool counted;
  long entered; /* the system call it is in */
  unsigned long first;
};

static struct traced traced[TRACED_MAX];
static const char *who;
static unsigned long steps, kill_at;
static FILE *report;
static pid_t engine;
static volatile sig_atomic_t told_to_end;

static void
on_end (int number)
{
  told_to_end = 1;
}

static struct traced *
find (pid_t pid)
{
  for (int i = 0; i < TRACED_MAX; i++)
    if (traced[i].pid == pid)
      return &traced[i];
  for (int i = 0; i < TRACED_MAX; i++)
    if (traced[i].pid == 0) {
      traced[i] = (struct traced){ .pid = pid };
      return &traced[i];
    }
  fprintf (stderr, "stepkill: too many processes\n");
  exit (2);
}

static void
go_on (struct traced *one, int signal)
{
  (void) ptrace (one->counted ? PTRACE_SYSCALL : PTRACE_CONT, one->pid, 0, signal);
}

/* What a process has become by exec: a role of wardmail's, or something that does not concern us. */
static void
look_at_role (struct traced *one)
{
  char path[64], line[512] = "";
  snprintf (path, sizeof path, "/proc/%d/cmdline", one->pid);
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  ssize_t size = fd < 0 ? 0 : read (fd, line, sizeof line - 1);
  if (fd >= 0)
    close (fd);
  static const char words[] = "wardmail\0--process";
  one->role[0] = '\0';
  if (size > (ssize_t) sizeof words && memcmp (line, words, sizeof words) == 0)
    snprintf (one->role, sizeof one->role, "%.15s", line + sizeof words);
  one->counted = one->role[0] != '\0' && (strcmp (who, "house") == 0 || strcmp (who, one->role) == 0);
}

/* "file", "line" (to a server), "inside" (to another process of ours), or NULL: nobody else sees it. path: of what it is. */
static const char *
kind_of (pid_t pid, int fd, char *path, size_t size)
{
  char name[64];
  snprintf (name, sizeof name, "/proc/%d/fd/%d", pid, fd);
  ssize_t length = readlink (name, path, size - 1);
  path[length > 0 ? length : 0] = '\0';
  if (strncmp (path, "socket:", 7) != 0)
    return path[0] == '/' && strncmp (path, "/dev/", 5) != 0 && strncmp (path, "/memfd:", 7) != 0
                   && strncmp (path, "/proc/", 6) != 0
               ? "file"
               : NULL;
  int process = (int) syscall (SYS_pidfd_open, pid, 0), domain = 0;
  int own = process < 0 ? -1 : (int) syscall (SYS_pidfd_getfd, process, fd, 0);
  socklen_t domain_size = sizeof domain;
  if (own >= 0)
    (void) getsockopt (own, SOL_SOCKET, SO_DOMAIN, &domain, &domain_size);
  if (own >= 0)
    close (own);
  if (process >= 0)
    close (process);
  return domain == AF_INET || domain == AF_INET6 ? "line" : "inside";
}

/* The name that a call has at this address of the process. */
static const char *
text_at (pid_t pid, unsigned long address, char *text, size_t size)
{
  struct iovec here = { text, size - 1 }, there = { (void *) address, size - 1 };
  ssize_t length = -1;
  /* It may lie at the very end of what can be read. */
  for (; length < 0 && here.iov_len > 16; here.iov_len /= 2, there.iov_len = here.iov_len)
    length = process_vm_readv (pid, &here, 1, &there, 1, 0);
  text[length > 0 ? length : 0] = '\0';
  return text;
}

static void
kill_all (const struct traced *first)
{
  (void) kill (first->pid, SIGKILL);
  for (int i = 0; strcmp (who, "house") == 0 && i < TRACED_MAX; i++)
    if (traced[i].pid != 0 && traced[i].role[0] != '\0')
      (void) kill (traced[i].pid, SIGKILL);
}

static void
step (struct traced *one, const char *what, const char *where)
{
  if (kill_at != 0 && steps >= kill_at)
    return;
  steps++;
  fprintf (report, "%lu %s %s %s\n", steps, one->role, what, where);
  if (steps != kill_at)
    return;
  fprintf (report, "died\n");
  fflush (report);
  kill_all (one);
}

#define NUMBER(name)                                                                                                   \
  {                                                                                                                    \
    SYS_##name, #name                                                                                                  \
  }
static const struct call {
  long number;
  const char *name;
} writes[] = { NUMBER (write),  NUMBER (pwrite64), NUMBER (writev),  NUMBER (pwritev),  NUMBER (pwritev2),
               NUMBER (sendto), NUMBER (sendmsg),  NUMBER (sendmmsg), NUMBER (ftruncate), NUMBER (fallocate) },
  names[] = {
#ifdef SYS_rename
    NUMBER (rename), NUMBER (link),    NUMBER (unlink),  NUMBER (mkdir),    NUMBER (rmdir), NUMBER (symlink),
#endif
#ifdef SYS_renameat
    NUMBER (renameat),
#endif
    NUMBER (renameat2), NUMBER (linkat), NUMBER (unlinkat), NUMBER (mkdirat), NUMBER (symlinkat) },
  reads[] = { NUMBER (read), NUMBER (recvfrom), NUMBER (recvmsg), NUMBER (readv) };

static const char *
name_in (const struct call *calls, size_t count, long number)
{
  for (size_t i = 0; i < count; i++)
    if (calls[i].number == number)
      return calls[i].name;
  return NULL;
}
#define NAME_IN(calls, number) name_in (calls, sizeof calls / sizeof *calls, number)

/* Opening a file is a step where it makes or empties one. */
static bool
opens_for_change (const struct __ptrace_syscall_info *info)
{
  unsigned long flags = 0;
  if (info->entry.nr == SYS_openat)
    flags = info->entry.args[2];
#ifdef SYS_open
  if (info->entry.nr == SYS_open)
    flags = info->entry.args[1];
#endif
  return (flags & (O_CREAT | O_TRUNC)) != 0;
}

static void
on_entry (struct traced *one, const struct __ptrace_syscall_info *info)
{
  char path[512] = "";
  one->entered = (long) info->entry.nr;
  one->first = info->entry.args[0];
  const char *name = NAME_IN (writes, one->entered);
  if (name != NULL) {
    const char *kind = kind_of (one->pid, (int) one->first, path, sizeof path);
    char what[64];
    snprintf (what, sizeof what, "%s-%s", name, kind != NULL ? kind : "");
    if (kind != NULL)
      step (one, what, path);
  } else if ((name = NAME_IN (names, one->entered)) != NULL) {
    bool at = strstr (name, "at") != NULL && one->entered != SYS_symlinkat;
    step (one, name, text_at (one->pid, info->entry.args[at ? 1 : 0], path, sizeof path));
  } else if (opens_for_change (info)) {
    step (one, "open", text_at (one->pid, info->entry.args[one->entered == SYS_openat ? 1 : 0], path, sizeof path));
  }
}

/* What has arrived: the server has done its part, and nobody here knows yet. */
static void
on_exit_of (struct traced *one, const struct __ptrace_syscall_info *info)
{
  char path[512];
  const char *name = NAME_IN (reads, one->entered);
  if (name == NULL || info->exit.is_error || info->exit.rval <= 0)
    return;
  const char *kind = kind_of (one->pid, (int) one->first, path, sizeof path);
  if (kind != NULL && strcmp (kind, "line") == 0)
    step (one, name, path);
}

static void
on_stop (pid_t pid, int status)
{
  struct traced *one = find (pid);
  int event = status >> 16, number = WSTOPSIG (status);
  if (number == (SIGTRAP | 0x80)) {
    struct __ptrace_syscall_info info;
    if (ptrace (PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info) <= 0)
      ;
    else if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
      on_entry (one, &info);
    else if (info.op == PTRACE_SYSCALL_INFO_EXIT)
      on_exit_of (one, &info);
    go_on (one, 0);
  } else if (event == PTRACE_EVENT_EXEC) {
    look_at_role (one);
    if (one->role[0] == '\0') { /* gpg and the like: none of ours */
      (void) ptrace (PTRACE_DETACH, pid, 0, 0);
      one->pid = 0;
      return;
    }
    go_on (one, 0);
  } else if (event == PTRACE_EVENT_CLONE) { /* a thread is of its process */
    unsigned long child = 0;
    if (ptrace (PTRACE_GETEVENTMSG, pid, 0, &child) == 0) {
      struct traced *thread = find ((pid_t) child);
      snprintf (thread->role, sizeof thread->role, "%s", one->role);
      thread->counted = one->counted;
    }
    go_on (one, 0);
  } else if (event != 0) {
    go_on (one, 0);
  } else {
    go_on (one, number == SIGSTOP || number == SIGTRAP ? 0 : number);
  }
}

int
main (int argc, char **argv)
{
  if (argc != 6 || (report = fopen (argv[3], "we")) == NULL) {
    fprintf (stderr, "usage: stepkill WHO N FILE WARDMAIL PROFILE\n");
    return 2;
  }
  who = argv[1];
  kill_at = strtoul (argv[2], NULL, 10);
  struct sigaction action = { .sa_handler = on_end }; /* no SA_RESTART: it must end the wait */
  (void) sigaction (SIGTERM, &action, NULL);
  engine = fork ();
  if (engine == 0) {
    char *const words[] = { "wardmail", "--process", "engine", argv[5], NULL };
    int nowhere = open ("/dev/null", O_RDWR);
    for (int fd = 0; fd <= 3; fd += fd == 1 ? 2 : 1) /* a client would wait at 3 for the word that it is ready */
      (void) dup2 (nowhere, fd);
    (void) setsid ();
    (void) ptrace (PTRACE_TRACEME, 0, 0, 0);
    (void) raise (SIGSTOP);
    (void) execv (argv[4], words);
    _exit (127);
  }
  int status;
  if (engine < 0 || waitpid (engine, &status, 0) != engine || ptrace (PTRACE_SETOPTIONS, engine, 0, OPTIONS) != 0) {
    fprintf (stderr, "stepkill: nothing can be traced here: %s\n", strerror (errno));
    return 2;
  }
  go_on (find (engine), 0);
  for (bool sent = false;;) {
    pid_t pid = waitpid (-1, &status, __WALL);
    if (told_to_end && !sent) {
      sent = true;
      (void) kill (engine, SIGTERM);
    }
    if (pid < 0 && errno == EINTR)
      continue;
    if (pid < 0)
      break;
    if (WIFSTOPPED (status))
      on_stop (pid, status);
    else
      find (pid)->pid = 0;
  }
  if (kill_at == 0 || steps < kill_at)
    fprintf (report, "left\n");
  return fclose (report) == 0 ? 0 : 2;
}
