/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A sentence of the engine names the command to type. Who sits at the screen needs no second terminal: the Keys screen does the same behind a
 * letter, which is named instead. */
#pragma once

/* Where no letter of its own leads there. */
#define HERE_KEYS "Keys (K in the list)"
/* way: how the Keys screen is reached from where the sentence stands. Caller frees. */
char *here_words (const char *text, const char *way);
