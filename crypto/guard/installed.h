/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Code that is not ours, and that is run where private keys are: only what was installed with the system. */
#pragma once
#include <glib.h>

/* A file (its real path) under a folder of the system that nobody but root can change, nor any folder above it. */
gboolean installed_safely (const char *real_path);
