/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* One part of a message: read as text, or written to a file. */
#pragma once
#include "ui/commands/command.h"

/* save NULL: as text to standard output; else the file, which must not be there yet. */
enum command_exit command_part (struct command_context *context, const char *target, const char *at, const char *part,
                                const char *save_or_null);
