/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What is shown of a message: as the engine puts it together, without its processes. */
#pragma once
#include "mail/message/message_p.h"

GVariant *shown_finish (GVariant *view, GVariant *segments); /* html through the filter's function, then joined */
GVariant *shown (const char *message, gsize size);           /* without keys */
void shown_assert (GVariant *view, const char *name, const char *expected); /* a text of the view, or of a row */
const char *shown_text (GVariant *view);
gboolean shown_warns (GVariant *view, const char *code);
GVariant *shown_part (GVariant *view, gsize i); /* row */
