/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The arguments of sendmail(8) as far as programs use them. Pure, for its test. */
#pragma once
#include <glib.h>

struct command_sendmail_options {
  gboolean from_headers;  /* -t */
  gboolean dots_are_text; /* -i, -oi */
  const char *sender;     /* -f, -r; borrowed */
  const char *name;       /* -F; borrowed */
  GPtrArray *recipients;  /* const char *; borrowed */
};
/* Options that only tune a real sendmail are taken and mean nothing. FALSE: fault_out says which argument is not known. */
gboolean command_sendmail_parse (int argc, char **argv, struct command_sendmail_options *options_out,
                                 const char **fault_out);
