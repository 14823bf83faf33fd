/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What became of a message for each recipient, as JSON: the same in `outbox` and in `send`. */
#pragma once
#include "ui/commands/command_json.h"

extern const struct command_json_field command_outbox_people[];
