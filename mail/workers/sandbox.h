/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* How a worker gives up what it does not need: landlock for files, seccomp for system calls, rlimits always.
 * Where the kernel lacks landlock or seccomp the rest is still applied, and sandbox_describe says what holds. */
#pragma once
#include <glib.h>

/* What may be read of the system itself. */
enum sandbox_system {
  SANDBOX_SYSTEM_ALL = 0, /* libraries, data and settings */
  SANDBOX_SYSTEM_PROGRAMS, /* what a program needs to start: no settings but those of fonts and of the linker, no /proc */
  SANDBOX_SYSTEM_NOTHING, /* no file at all can be opened, with or without landlock */
};

struct sandbox {
  enum sandbox_system system;
  GPtrArray *read;       /* char *: folders and files that may be read (the system's libraries are always readable) */
  GPtrArray *write;      /* char *: folders that may be read and written */
  gboolean network;      /* IPv4/IPv6 sockets */
  gboolean unix_sockets; /* to gpg-agent */
  gboolean exec;         /* may start programs (gpg) */
  guint64 memory_bytes;  /* RLIMIT_AS; 0: 4 GiB */
  guint cpu_s;           /* RLIMIT_CPU; 0 = none */
  guint64 file_bytes;    /* RLIMIT_FSIZE; 0 = none */
};
void sandbox_init (struct sandbox *sandbox);
void sandbox_clear (struct sandbox *sandbox);
gboolean sandbox_enter (const struct sandbox *sandbox, GError **error);
const char *sandbox_describe (void); /* "landlock, seccomp, rlimits"; after sandbox_enter */
