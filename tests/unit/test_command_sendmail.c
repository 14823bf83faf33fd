/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* ui/commands/command_sendmail: the arguments that programs give to sendmail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "ui/commands/command_sendmail.h"

static gboolean
parse (const char *line, struct command_sendmail_options *options_out, char **recipients_out, const char **fault_out)
{
  g_auto (GStrv) argv = g_strsplit (line, " ", -1);
  g_autoptr (GPtrArray) recipients = g_ptr_array_new ();
  *options_out = (struct command_sendmail_options){ .recipients = recipients };
  gboolean good = command_sendmail_parse ((int) g_strv_length (argv), argv, options_out, fault_out);
  g_ptr_array_add (recipients, NULL);
  *recipients_out = g_strjoinv (",", (char **) recipients->pdata);
  options_out->sender = g_intern_string (options_out->sender);
  *fault_out = g_intern_string (*fault_out);
  options_out->recipients = NULL;
  return good;
}

static void
known (void **state)
{
  static const struct {
    const char *line;
    gboolean t, i;
    const char *sender, *recipients;
  } cases[] = {
    { "sendmail -t", TRUE, FALSE, NULL, "" },
    { "sendmail -t -i", TRUE, TRUE, NULL, "" },
    { "sendmail -ti", TRUE, TRUE, NULL, "" },
    { "sendmail -oi -t", TRUE, TRUE, NULL, "" },
    { "sendmail -oem -oi -f a@x.test -- b@y.test c@z.test", FALSE, TRUE, "a@x.test", "b@y.test,c@z.test" }, /* mutt */
    { "sendmail -FCronDaemon -i -odi -oem -oi -t", TRUE, TRUE, NULL, "" },                                  /* cron */
    { "sendmail -i -fa@x.test b@y.test", FALSE, TRUE, "a@x.test", "b@y.test" },
    { "sendmail -bm -N never -R full -B 8BITMIME -v b@y.test", FALSE, FALSE, NULL, "b@y.test" },
    { "sendmail -i -- -odd@y.test", FALSE, TRUE, NULL, "-odd@y.test" },
    { "sendmail b@y.test -t", FALSE, FALSE, NULL, "b@y.test,-t" }, /* options end with the first address */
    { "sendmail", FALSE, FALSE, NULL, "" },
  };
  for (gsize k = 0; k < G_N_ELEMENTS (cases); k++) {
    struct command_sendmail_options options;
    g_autofree char *recipients = NULL;
    const char *fault = NULL;
    if (!parse (cases[k].line, &options, &recipients, &fault))
      fail_msg ("“%s”: %s", cases[k].line, fault);
    assert_int_equal (options.from_headers, cases[k].t);
    assert_int_equal (options.dots_are_text, cases[k].i);
    assert_true (g_strcmp0 (options.sender, cases[k].sender) == 0);
    assert_string_equal (recipients, cases[k].recipients);
  }
}

/* A mode that does something else than send must not be taken for sending. */
static void
unknown (void **state)
{
  static const char *const lines[] = { "sendmail -bs", "sendmail -bp", "sendmail -q",    "sendmail -bd",
                                       "sendmail -f",  "sendmail -x",  "sendmail --help" };
  for (gsize k = 0; k < G_N_ELEMENTS (lines); k++) {
    struct command_sendmail_options options;
    g_autofree char *recipients = NULL;
    const char *fault = NULL;
    if (parse (lines[k], &options, &recipients, &fault))
      fail_msg ("“%s” was taken", lines[k]);
    assert_non_null (fault);
  }
}

int
main (void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test (known), cmocka_unit_test (unknown) };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
