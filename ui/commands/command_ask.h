/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Decisions and secrets from the person or the script that runs a command: by file descriptor, or from the terminal without echo; never from an
 * argument, never from the environment. */
#pragma once
#include "crypto/guard/secret.h"

#define COMMAND_SECRET_MAX 4096
/* fd -1: ask on the terminal with that question; NULL with error when there is no terminal or the person says no (Ctrl-C, Ctrl-D). */
struct secret *command_ask (int fd, const char *question, GError **error);
/* A question on the terminal that "y" or "yes" answers; anything else is no. FALSE with error: there is no terminal. */
gboolean command_ask_yes (const char *question, gboolean *yes_out, GError **error);
gboolean command_ask_possible (void); /* is there a terminal? */
