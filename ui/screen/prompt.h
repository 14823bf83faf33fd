/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A question at the bottom of the screen: a line to type, or a choice by one letter. While it stands it takes all keys. */
#pragma once
#include "ui/screen/app.h"

struct prompt;
/* text NULL: the person said no (Esc). data is not freed. */
typedef void (*prompt_line_fn) (struct app *app, const char *text, gpointer data);
/* choice 0: Esc. */
typedef void (*prompt_choice_fn) (struct app *app, char choice, gpointer data);

enum prompt_flags { PROMPT_PLAIN = 0, PROMPT_SECRET = 1 /* not echoed, wiped */ };
/* history: char *, newest last, the typed line is added to it; may be NULL. */
void prompt_line (struct app *app, const char *label, const char *initial, enum prompt_flags flags, GPtrArray *history,
                  prompt_line_fn done, gpointer data);
/* choices: letter and word pairs, "s", "save as draft", "d", ..., NULL. */
void prompt_choice (struct app *app, const char *question, const char *const *choices, prompt_choice_fn done,
                    gpointer data);
/* The one who asked goes away: the question is taken back without an answer. */
void prompt_withdraw (struct app *app, gpointer data);

/* For app.c and frame.c. */
void prompt_key (struct app *app, int key);
void prompt_paste (struct app *app, const char *text);
void prompt_draw (struct prompt *prompt, const struct area *status, const struct area *help);
void prompt_free (struct prompt *prompt);
