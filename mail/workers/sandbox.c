/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Landlock, seccomp and rlimits for a worker. See sandbox.h.
 *
 * Files: only what the role names, the system's libraries and data read-only (of a filter less than that). System calls: what no worker needs is refused
 * (EPERM), and sockets and programs unless the role says so. Order matters: rlimits, landlock, then seccomp. */
#include "mail/workers/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#ifdef HAVE_LINUX_LANDLOCK_H
#include <linux/landlock.h>
#endif

#include "mail/engine.h"
#include "mail/engine/pace.h"

static gboolean have_landlock, have_seccomp;

void
sandbox_init (struct sandbox *sandbox)
{
  memset (sandbox, 0, sizeof *sandbox);
  sandbox->read = g_ptr_array_new_with_free_func (g_free);
  sandbox->write = g_ptr_array_new_with_free_func (g_free);
}

void
sandbox_clear (struct sandbox *sandbox)
{
  g_clear_pointer (&sandbox->read, g_ptr_array_unref);
  g_clear_pointer (&sandbox->write, g_ptr_array_unref);
}

static void
limit (int what, guint64 value)
{
  struct rlimit now;
  if (getrlimit ((__rlimit_resource_t) what, &now) != 0)
    return;
  if (now.rlim_max == RLIM_INFINITY || value < now.rlim_max)
    now.rlim_max = value;
  now.rlim_cur = now.rlim_max;
  (void) setrlimit ((__rlimit_resource_t) what, &now);
}

static void
set_limits (const struct sandbox *sandbox)
{
  limit (RLIMIT_CORE, 0);
  limit (RLIMIT_NOFILE, 1024);
  if (!pace_watched ())
    limit (RLIMIT_AS, sandbox->memory_bytes > 0 ? sandbox->memory_bytes : (guint64) 4 << 30);
  if (sandbox->cpu_s > 0)
    limit (RLIMIT_CPU, (guint64) sandbox->cpu_s * pace ());
  if (sandbox->file_bytes > 0)
    limit (RLIMIT_FSIZE, sandbox->file_bytes);
}

#ifdef HAVE_LINUX_LANDLOCK_H
#define READ_ACCESS (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
/* What Debian 12's headers do not name yet. */
#define ACCESS_REFER (1ull << 13)
#define ACCESS_TRUNCATE (1ull << 14)
#define ABI_1_ACCESS ((1ull << 13) - 1)

static void
landlock_allow (int ruleset, const char *path, guint64 access, guint64 handled)
{
  int fd = open (path, O_PATH | O_CLOEXEC);
  if (fd < 0)
    return; /* what is not there cannot be opened either */
  struct stat info;
  if (fstat (fd, &info) == 0) {
    if (!S_ISDIR (info.st_mode))
      access &= LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_EXECUTE
                | ACCESS_TRUNCATE;
    struct landlock_path_beneath_attr rule = { .allowed_access = access & handled, .parent_fd = fd };
    (void) syscall (SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
  }
  close (fd);
}

/* By enum sandbox_system. */
#ifdef WITH_SANITIZERS /* the leak checker looks at its own process */
#define OWN_PROCESS "/proc",
#else
#define OWN_PROCESS
#endif
static const char *const readable[][12] = {
  [SANDBOX_SYSTEM_ALL] = { "/usr", "/lib", "/lib64", "/bin", "/sbin", "/etc", "/proc", "/sys/devices/system/cpu",
                           "/run/systemd/resolve", "/run/resolvconf", NULL },
  [SANDBOX_SYSTEM_PROGRAMS] = { "/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache", "/etc/fonts",
                                "/var/cache/fontconfig", "/sys/devices/system/cpu", OWN_PROCESS NULL },
  [SANDBOX_SYSTEM_NOTHING] = { OWN_PROCESS NULL },
};

static gboolean
enter_landlock (const struct sandbox *sandbox)
{
  long abi = syscall (SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (abi < 1)
    return FALSE;
  guint64 handled = ABI_1_ACCESS | (abi >= 2 ? ACCESS_REFER : 0) | (abi >= 3 ? ACCESS_TRUNCATE : 0);
  struct landlock_ruleset_attr attr = { .handled_access_fs = handled };
  int ruleset = (int) syscall (SYS_landlock_create_ruleset, &attr, sizeof attr.handled_access_fs, 0);
  if (ruleset < 0)
    return FALSE;
  guint64 system_access = READ_ACCESS | (sandbox->exec ? LANDLOCK_ACCESS_FS_EXECUTE : 0);
  const char *const *system_paths = readable[sandbox->system];
  for (guint i = 0; system_paths[i] != NULL; i++)
    landlock_allow (ruleset, system_paths[i], system_access, handled);
  static const char *const devices[] = { "/dev/null", "/dev/zero", "/dev/urandom", "/dev/random", NULL };
  for (guint i = 0; devices[i] != NULL && sandbox->system != SANDBOX_SYSTEM_NOTHING; i++)
    landlock_allow (ruleset, devices[i], READ_ACCESS | LANDLOCK_ACCESS_FS_WRITE_FILE, handled);
  for (guint i = 0; i < sandbox->read->len; i++)
    landlock_allow (ruleset, g_ptr_array_index (sandbox->read, i), READ_ACCESS, handled);
  for (guint i = 0; i < sandbox->write->len; i++)
    landlock_allow (ruleset, g_ptr_array_index (sandbox->write, i), handled & ~(guint64) LANDLOCK_ACCESS_FS_EXECUTE,
                    handled);
#ifdef WITH_SANITIZERS /* what they find is written down when it is found, long after this */
  if (g_getenv ("WARDMAIL_TEST_REPORTS") != NULL)
    landlock_allow (ruleset, g_getenv ("WARDMAIL_TEST_REPORTS"), handled & ~(guint64) LANDLOCK_ACCESS_FS_EXECUTE,
                    handled);
#endif
  gboolean done = syscall (SYS_landlock_restrict_self, ruleset, 0) == 0;
  close (ruleset);
  return done;
}
#else
static gboolean
enter_landlock (const struct sandbox *sandbox)
{
  return FALSE;
}
#endif

/* What no worker has any business with. Names unknown to a kernel or architecture are passed over. */
static const char *const never[] = {
#ifndef WITH_SANITIZERS /* the leak checker stops its own process from outside */
  "ptrace",
#endif
  "process_vm_readv",
  "process_vm_writev",
  "mount",
  "umount2",
  "pivot_root",
  "chroot",
  "bpf",
  "perf_event_open",
  "keyctl",
  "add_key",
  "request_key",
  "kexec_load",
  "kexec_file_load",
  "init_module",
  "finit_module",
  "delete_module",
  "reboot",
  "swapon",
  "swapoff",
  "unshare",
  "setns",
  "userfaultfd",
  "io_uring_setup",
  "io_uring_enter",
  "io_uring_register",
  "open_by_handle_at",
  "personality",
  "acct",
  "settimeofday",
  "clock_settime",
  "adjtimex",
  "clock_adjtime",
  "sethostname",
  "setdomainname",
  "iopl",
  "ioperm",
  "quotactl",
  "syslog",
  "vhangup",
  "move_pages",
  "migrate_pages",
  "mbind",
  "fanotify_init",
  "name_to_handle_at",
  "kcmp",
  "lookup_dcookie",
  "open_tree",
  "move_mount",
  "fsopen",
  "fsconfig",
  "fsmount",
  "fspick",
  "mount_setattr",
  "pidfd_getfd",
  "process_madvise",
};

static gboolean
forbid (scmp_filter_ctx filter, const char *name)
{
  int call = seccomp_syscall_resolve_name (name);
  if (call == __NR_SCMP_ERROR)
    return TRUE;
  return seccomp_rule_add (filter, SCMP_ACT_ERRNO (EPERM), call, 0) == 0;
}

/* Sockets of the families that the role does not need. A family of its own is refused by number; all unknown ones too. */
static gboolean
forbid_sockets (scmp_filter_ctx filter, const struct sandbox *sandbox)
{
  gboolean done = TRUE;
  for (guint family = 0; family < 64 && done; family++) {
    gboolean needed = (family == AF_UNIX && (sandbox->unix_sockets || sandbox->network))
                      || ((family == AF_INET || family == AF_INET6 || family == AF_NETLINK) && sandbox->network);
    if (!needed)
      done
          = seccomp_rule_add (filter, SCMP_ACT_ERRNO (EPERM), SCMP_SYS (socket), 1, SCMP_A0_32 (SCMP_CMP_EQ, family, 0))
            == 0;
  }
  return done
         && seccomp_rule_add (filter, SCMP_ACT_ERRNO (EPERM), SCMP_SYS (socket), 1, SCMP_A0_32 (SCMP_CMP_GE, 64, 0))
                == 0;
}

/* What tells a thread from a process; of the leak checker's own process, its kind of clone. */
#ifdef WITH_SANITIZERS
#define THREAD_FLAGS (CLONE_THREAD | CLONE_UNTRACED)
#else
#define THREAD_FLAGS CLONE_THREAD
#endif

/* New programs and processes; threads stay possible. clone3 hides its flags from filters, so libc is made to fall back to clone. */
static gboolean
forbid_processes (scmp_filter_ctx filter)
{
  return forbid (filter, "execve") && forbid (filter, "execveat") && forbid (filter, "fork") && forbid (filter, "vfork")
         && seccomp_rule_add (filter, SCMP_ACT_ERRNO (ENOSYS), SCMP_SYS (clone3), 0) == 0
         && seccomp_rule_add (filter, SCMP_ACT_ERRNO (EPERM), SCMP_SYS (clone), 1,
                              SCMP_A0_64 (SCMP_CMP_MASKED_EQ, THREAD_FLAGS, 0))
                == 0;
}

/* Not under a checker of memory, which reads its own files. */
static gboolean
forbid_files (scmp_filter_ctx filter)
{
#ifndef WITH_SANITIZERS
  if (!pace_watched ())
    return forbid (filter, "open") && forbid (filter, "openat") && forbid (filter, "openat2")
           && forbid (filter, "creat");
#endif
  return TRUE;
}

static gboolean
enter_seccomp (const struct sandbox *sandbox)
{
  scmp_filter_ctx filter = seccomp_init (SCMP_ACT_ALLOW);
  if (filter == NULL)
    return FALSE;
  gboolean done = TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (never) && done; i++)
    done = forbid (filter, never[i]);
  done = done && forbid_sockets (filter, sandbox);
  if (!sandbox->exec)
    done = done && forbid_processes (filter);
  if (sandbox->system == SANDBOX_SYSTEM_NOTHING)
    done = done && forbid_files (filter);
  done = done && seccomp_load (filter) == 0;
  seccomp_release (filter);
  return done;
}

gboolean
sandbox_enter (const struct sandbox *sandbox, GError **error)
{
  set_limits (sandbox);
  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_FAILED,
                 "A part of wardmail could not give up its privileges (%s); it was not started.", g_strerror (errno));
    return FALSE;
  }
  have_landlock = enter_landlock (sandbox);
  have_seccomp = enter_seccomp (sandbox);
  return TRUE;
}

const char *
sandbox_describe (void)
{
  if (have_landlock && have_seccomp)
    return "landlock, seccomp, rlimits";
  if (have_landlock)
    return "landlock, rlimits";
  return have_seccomp ? "seccomp, rlimits" : "rlimits";
}
