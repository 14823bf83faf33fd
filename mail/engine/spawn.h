/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Starting one of wardmail's own processes from the program itself: fresh memory, a clean environment, nothing open. */
#pragma once
#include <glib.h>
#include <sys/types.h>

/* A worker: fd 3 is its end of a new socket pair, whose other end is returned in fd_out (close-on-exec). -1 with error. */
pid_t spawn_worker (const char *role, int *fd_out, GError **error);
/* The engine of a profile, in a session of its own. Returns when it listens, or found that another one does. profile_dir NULL: XDG. */
gboolean spawn_engine (const char *profile_dir, GError **error);
