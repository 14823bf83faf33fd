/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Two steps of everything that has to outlast a power cut: all the bytes are written, and the folder knows the file's name. */
#pragma once
#include <glib.h>

/* All: FALSE with errno. */
gboolean disk_write (int fd, const void *bytes, gsize size); /* all of them, or FALSE */
gboolean disk_copy (int from, int to);        /* all of the file, from its start, to where the other one is */
gboolean disk_sync_folder (const char *path); /* names made, moved and removed in it are durable */
