/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Between the two files of anew. */
#pragma once
#include "mail/engine/anew.h"

gboolean anew_is_whole (struct core *core); /* all mail is in it */
void anew_set_whole (struct core *core, gboolean whole);
/* Nothing is under way. keep: what is in it already is good. */
void anew_begin (struct core *core, gboolean beside, gboolean keep);
void anew_once_more (struct core *core); /* what is under way is no good: when it has ended, another one */
