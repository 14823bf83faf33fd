/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Quoting: text with "> " before each line. Pure. */
#pragma once
#include <glib.h>
char *
quote_text (const char *text); /* UTF-8; long lines are wrapped, a signature ("-- ") and what follows is left out */
