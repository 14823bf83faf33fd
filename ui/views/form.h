/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A page with fields to fill in: label, line, a word of help. For the set-up. */
#pragma once
#include "ui/screen/draw.h"
#include "ui/screen/line.h"

struct form_field {
  const char *label, *help;
  struct line line;
};
struct form {
  GArray *fields; /* struct form_field */
  guint focus;
};
void form_init (struct form *form);
void form_clear (struct form *form);
void form_add (struct form *form, const char *label, const char *help, const char *value, gboolean secret);
const char *form_text (const struct form *form, guint index);
void form_set (struct form *form, guint index, const char *value);
/* Moves by step; FALSE: it was on the last (or first) field already. */
gboolean form_step (struct form *form, int step);
void form_key (struct form *form, int key);
void form_paste (struct form *form, const char *text);
/* Returns the rows used. */
int form_draw (struct form *form, const struct area *area, int y, gboolean focused);
