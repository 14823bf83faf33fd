/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* How fast this process runs. Tools that look for memory errors slow it down and need address space of their own; time limits are
 * multiplied by the pace, so that nothing is given up for being watched. */
#pragma once
#include <glib.h>

guint pace (void);            /* 1, unless built with sanitizers or run by valgrind */
gboolean pace_watched (void); /* such a tool is at work: address space cannot be limited */
