/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* How commands speak: reports on standard output, one sentence on standard error when something went wrong. Always UTF-8, whatever
 * the locale says; control characters in human output are replaced, so that no text from outside can steer a terminal. */
#pragma once
#include <json-glib/json-glib.h>
#include "ui/commands/command.h"

void command_out (const char *format, ...) G_GNUC_PRINTF (1, 2);
/* Text of many lines; ends with a newline, added if there is none. */
void command_out_text (const char *text);
/* Text as it is, for what must be bytes (a draft to be read by a program). */
void command_out_raw (const char *text);
/* The first line of a human report of a test profile; nothing for others. */
void command_out_banner (struct command_context *context);
/* Takes the builder, whose root is complete. */
void command_out_json (JsonBuilder *builder_take);
/* What was written must have arrived: FAILED instead of code where standard output could not be written. */
enum command_exit command_out_finish (enum command_exit code);

/* "wardmail: SENTENCE" on standard error, and the exit code that goes with it. */
enum command_exit command_out_refuse (enum command_exit code, const char *format, ...) G_GNUC_PRINTF (2, 3);
enum command_exit command_out_fail (const GError *error);
/* Wrong usage: the sentence, and where help is. */
enum command_exit command_out_misuse (const char *name, const char *format, ...) G_GNUC_PRINTF (2, 3);
/* Where a person watches: on standard error if it is a terminal, else nothing. */
void command_out_aside (const char *format, ...) G_GNUC_PRINTF (1, 2);
/* One line in the same place that the next one replaces, at most ten times a second, and whatever else is said; NULL: it goes. ASCII. */
void command_out_working (const char *line_or_null);
/* "wrote nothing yet" -> the sentence for a GError as one line; the caller frees. */
char *command_out_sentence (const char *text);
