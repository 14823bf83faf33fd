/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A moment to come, as people write it. Pure. */
#pragma once
#include <glib.h>

/* "14:30" (today, or tomorrow where that is over), "tomorrow 08:00", "mon 08:00" (the next one), "2026-11-23 08:00" in local time, or RFC 3339.
 * FALSE: it is none of them, or it is not to come. */
gboolean later_parse (const char *text, gint64 now, gint64 *time_out);
