/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of this folder share. */
#pragma once
#include "mail/message/message.h"
#include "mail/message/sanitise.h"

void message_init (void); /* GMime, once a process */
