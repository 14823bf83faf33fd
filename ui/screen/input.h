/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys from the terminal, as a source of the main loop that comes before everything else. */
#pragma once
#include "ui/screen/app.h"

/* After screen_start; and not while another program has the terminal: what it leaves unread must not keep the loop busy. */
void input_start (struct app *app);
void input_stop (struct app *app);
