/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys from the terminal, as a source of the main loop that comes before everything else. */
#pragma once
#include "ui/screen/app.h"

guint input_start (struct app *app); /* after screen_start; returns the source's id */
