/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files smtp_*.c share. */
#pragma once
#include "mail/net/smtp.h"
#include "mail/net/stream.h"

#include <libetpan/libetpan.h>

#define SMTP_COMMAND_S 120
#define SMTP_TAKEN_S 600 /* RFC 5321 4.5.3.2.6: the answer to a whole mail takes its time */

struct smtp {
  const struct remote *remote;
  struct stream *stream;
  mailsmtp *session;
  gboolean lost;
  gboolean plain, external; /* AUTH, as the server offers it under TLS */
  /* The reply under way (smtp_driver.c). */
  gboolean asked;    /* something was said since the last one */
  gboolean answered; /* it is complete */
  gboolean spoke;    /* it said something that nobody had asked for: what that meant is anybody's guess */
  gboolean ended;    /* the end of a message was given to the line, and it is not known what became of it */
  guint lines;
  int code;                  /* of its first line */
  guint seconds;             /* that it may take */
  smtp_progress_fn progress; /* NULL */
  gpointer progress_data;
  const char *envid; /* borrowed: reports are asked for under this id; NULL: none are */
};

/* libetpan exports these and declares them in none of the headers that it installs. */
int mailsmtp_send_command (mailsmtp *session, char *command); /* with its CRLF; -1: the line is dead */
int mailsmtp_send_command_private (mailsmtp *session, char *command);
int mailsmtp_read_response (mailsmtp *session);
int mailesmtp_parse_ehlo (mailsmtp *session);

/* smtp_envelope.c: the lines of the envelope with their CRLF; caller frees. from: "": nobody, of what a machine answers. */
char *smtp_mail_line (const struct smtp *smtp, const char *from, gsize size);
char *smtp_rcpt_line (const struct smtp *smtp, const char *from, const char *recipient);
char *smtp_xtext (const char *text); /* RFC 3461, 4 */
/* Says the line, which is freed, and waits for the reply: its code, as of smtp_code. */
int smtp_say (struct smtp *smtp, char *line_take);

/* smtp_driver.c: the stream as libetpan may see it; NULL: no memory. Closed with stream_etpan_close or by libetpan. */
mailstream *smtp_driver_new (struct smtp *smtp);
/* After a call of libetpan: the code of the reply; 0: there was none, and the line is dead. */
int smtp_code (struct smtp *smtp, int result);
char *smtp_words (const struct smtp *smtp); /* what the server said last, for a sentence */
