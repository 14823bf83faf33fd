/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The terminal: taken, given back, resized. What was shown never stays behind in it. */
#pragma once
#include <glib.h>

gboolean screen_start (GError **error);
void screen_stop (void);  /* cleared and given back; harmless when not started */
void screen_leave (void); /* for another program, or the shell */
void screen_return (void);
void screen_resized (void); /* ask the terminal for its size */
void screen_size (int *rows_out, int *columns_out);
