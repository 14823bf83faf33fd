/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* See outbox_lines.h. */
#include "ui/views/outbox_lines.h"
#include "ui/views/fields.h"

#include <string.h>

static gboolean
is (GVariant *item, const char *name, const char *value)
{
  return strcmp (fields_text (item, name), value) == 0;
}

static gboolean
is_scheduled (GVariant *item, gint64 now)
{
  return is (item, "state", "ready") && is (item, "wait", "") && fields_time (item, "not_before") > now;
}

gboolean
outbox_lines_trouble (GVariant *item)
{
  return is (item, "state", "failed") || is (item, "state", "unknown") || is (item, "wait", "sign-in")
         || fields_flag (item, "late");
}

const char *
outbox_lines_word (GVariant *item, gint64 now)
{
  static const char *const words[][2]
      = { { "sending", "sending" }, { "accepted", "sent" }, { "failed", "FAILED" }, { "unknown", "NOT SURE" } };
  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    if (is (item, "state", words[i][0]))
      return words[i][1];
  return is (item, "wait", "person")    ? "stopped"
         : is (item, "wait", "sign-in") ? "PASSWORD"
         : is_scheduled (item, now)     ? "later"
         : fields_flag (item, "late")   ? "LATE"
                                        : "waiting";
}

char *
outbox_lines_people (GVariant *item, const char *state)
{
  g_autoptr (GVariant) people = fields_rows (item, "people");
  GString *text = g_string_new (NULL);
  for (gsize i = 0; i < g_variant_n_children (people); i++) {
    g_autoptr (GVariant) person = g_variant_get_child_value (people, i);
    if (is (person, "state", state))
      g_string_append_printf (text, "%s%s", text->len > 0 ? ", " : "", fields_text (person, "address"));
  }
  return g_string_free (text, FALSE);
}

static char *
headline (GVariant *item, gint64 now)
{
  g_autofree char *at = fields_long_date (fields_time (item, "not_before")),
                  *next = fields_short_date (fields_time (item, "next"), now),
                  *has = outbox_lines_people (item, "accepted");
  if (is (item, "state", "sending"))
    return g_strdup (*fields_text (item, "text") != '\0' ? fields_text (item, "text") : "It is being sent.");
  if (is (item, "state", "accepted"))
    return g_strdup ("The server took it. Its copy is on its way to Sent.");
  if (is (item, "state", "failed"))
    return g_strdup (*has != '\0' ? "It did not go to everybody." : "It was not sent: nobody has it.");
  if (is (item, "state", "unknown"))
    return g_strdup ("Nobody can say whether this message arrived.");
  if (is (item, "wait", "person"))
    return g_strdup ("It was stopped, and waits until you decide.");
  if (is (item, "wait", "sign-in"))
    return g_strdup ("The server did not take your password, so wardmail does not try again by itself.");
  if (is_scheduled (item, now))
    return g_strdup_printf ("It goes on %s.", at);
  if (fields_number (item, "tries") > 0)
    return g_strdup_printf ("It could not go yet (tries: %u). The next try is at %s.", fields_number (item, "tries"),
                            next);
  return g_strdup ("It is about to be sent.");
}

static const char *
what_to_do (GVariant *item, gint64 now)
{
  if (is (item, "state", "sending"))
    return "s stops it, as long as the server has not got all of it.";
  if (is (item, "state", "accepted"))
    return "";
  if (is (item, "state", "failed"))
    return "What to do: e opens it again for those who have not got it: correct the address, or leave it out, and "
           "send. "
           "t sends it to them once more as it is. d removes it.";
  if (is (item, "state", "unknown"))
    return "What to do: ask them. If they have it, press y. If they have not, t sends it once more; who has it already "
           "gets it twice then. d removes it.";
  if (is (item, "wait", "person"))
    return "What to do: t sends it, e goes on writing, d removes it.";
  if (is (item, "wait", "sign-in"))
    return "What to do: type the password again (wardmail account login NAME); then it goes by itself. e goes on "
           "writing, d removes it.";
  if (is_scheduled (item, now))
    return "It goes at that time if wardmail is open, and else as soon as it is opened. t sends it now, e goes on "
           "writing, d removes it.";
  return "Nothing to do: it goes by itself while wardmail is open. t tries now, s stops it, e goes on writing, d "
         "removes it.";
}

static void
add_person (GPtrArray *lines, GVariant *person)
{
  static const char *const words[][2] = { { "accepted", "the server took it" },
                                          { "failed", "not sent" },
                                          { "unknown", "not sure" },
                                          { "ready", "waiting" },
                                          { "sending", "is being sent" },
                                          { "dropped", "taken out, not sent" } };
  const char *word = fields_text (person, "state"), *text = fields_text (person, "text");
  const gboolean says = !is (person, "state", "accepted") && !is (person, "state", "dropped") && *text != '\0';
  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    if (is (person, "state", words[i][0]))
      word = words[i][1];
  g_ptr_array_add (lines, g_strdup_printf ("%s: %s%s%s", fields_text (person, "address"), word, says ? ". " : ".",
                                           says ? text : ""));
}

GPtrArray *
outbox_lines (GVariant *item, gint64 now)
{
  GPtrArray *lines = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GVariant) people = fields_rows (item, "people");
  g_autofree char *date = fields_long_date (fields_time (item, "date"));
  g_ptr_array_add (lines, headline (item, now));
  if (fields_flag (item, "late"))
    g_ptr_array_add (lines, g_strdup_printf ("It waits since %s. If it is urgent, call.", date));
  for (gsize i = 0; i < g_variant_n_children (people); i++) {
    g_autoptr (GVariant) person = g_variant_get_child_value (people, i);
    add_person (lines, person);
  }
  g_ptr_array_add (lines, g_strdup (what_to_do (item, now)));
  return lines;
}
