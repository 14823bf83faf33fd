/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The steps of everything that has to outlast a power cut: all the bytes are written, they are durable, and the folder knows the file's name. */
#pragma once
#include <glib.h>

/* All: FALSE with errno. */
gboolean disk_write (int fd, const void *bytes, gsize size); /* all of them, or FALSE */
gboolean disk_copy (int from, int to);        /* all of the file, from its start, to where the other one is */
gboolean disk_sync_folder (const char *path); /* names made, moved and removed in it are durable */
/* Whether syncfs makes everything durable that was written below this open folder: of Linux's own file systems on local disks alone. On others
 * (FUSE, the network) it may not reach what lies underneath, and each file must be synced. */
gboolean disk_syncs_at_once (int fd);
void disk_sweep (const char *folder); /* all that is in it; no link is followed */
void disk_remove (const char *path);  /* the same with itself; or a file */
