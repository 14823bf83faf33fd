/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files smtp_*.c share. */
#pragma once
#include "mail/net/smtp.h"
#include "mail/net/stream.h"

struct smtp {
  const struct remote *remote;
  struct stream *stream;
  GString *reply;           /* text of the last reply, its lines joined */
  int code;
  gboolean lost;
  gboolean starttls, plain, external;
  guint64 size_max;         /* SIZE; 0: not said */
};
int smtp_reply (struct smtp *smtp, guint seconds); /* the code; 0: the line is dead */
int smtp_command (struct smtp *smtp, const char *verb, const char *rest);
char *smtp_words (const struct smtp *smtp);        /* what the server said last, for a sentence */
