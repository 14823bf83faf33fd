/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What a message tells of where it comes from, for the cautions: no part of what is shown. Keys worker. */
#include "mail/message/message_p.h"

#include <string.h>

#include "mail/message/lookalike.h"

#define RESULTS_FIELDS_MAX 20

/* The name that the first sender gives themselves. */
static char *
first_name (const struct message_fields *fields)
{
  g_autoptr (GPtrArray) named = message_fields_addresses (fields, "from", TRUE),
                        plain = message_fields_addresses (fields, "from", FALSE);
  if (named->len == 0 || plain->len == 0)
    return g_strdup ("");
  g_autofree char *end = g_strdup_printf (" <%s>", (char *) plain->pdata[0]);
  const char *first = named->pdata[0];
  return g_str_has_suffix (first, end) ? g_strndup (first, strlen (first) - strlen (end)) : g_strdup ("");
}

/* RFC 2369: where mail for the list goes; "NO" and web addresses are none. */
static char *
list_post (const struct message_fields *fields)
{
  const char *raw = message_fields_raw (fields, "list-post");
  const char *start = raw != NULL ? strstr (raw, "<mailto:") : NULL;
  if (start == NULL)
    return g_strdup ("");
  start += strlen ("<mailto:");
  g_autofree char *address = g_strndup (start, MIN (strcspn (start, ">?"), 254));
  return message_fields_clean (address);
}

/* The hosts of From and Reply-To that deceive by their letters alone. */
static GVariant *
deceptive (const struct message_shown *shown)
{
  static const char *const names[] = { "from", "reply-to" };
  GVariantBuilder out;
  g_variant_builder_init (&out, G_VARIANT_TYPE_STRING_ARRAY);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (GPtrArray) list = message_fields_addresses (message_shown_for (shown, names[i]), names[i], FALSE);
    for (guint k = 0; k < MIN (list->len, 10); k++) {
      const char *at = strrchr (list->pdata[k], '@');
      if (at != NULL && lookalike_host (at + 1, NULL, NULL) > LOOKALIKE_BROKEN)
        g_variant_builder_add (&out, "s", at + 1);
    }
  }
  return g_variant_builder_end (&out);
}

static const char *
failed (const struct message_fields *outer, const struct auth_servers *servers)
{
  struct auth_results results = { .found = FALSE };
  const char *name, *value;
  for (guint i = 0, fields = 0; (value = message_fields_nth (outer, i, &name)) != NULL && fields < RESULTS_FIELDS_MAX;
       i++) {
    if (results.found && strcmp (name, "received") == 0)
      break;
    if (strcmp (name, "authentication-results") == 0) {
      (void) auth_results_read (&results, value, servers);
      fields++;
    }
  }
  const char *what = auth_results_failed (&results);
  return what != NULL ? what : "";
}

static GVariant *
address_list (const struct message_fields *fields, const char *name)
{
  g_autoptr (GPtrArray) list = message_fields_addresses (fields, name, FALSE);
  return g_variant_new_strv ((const char *const *) list->pdata, (gssize) MIN (list->len, 10));
}

/* Was it written by a person to a person, as far as it says so? RFC 3834, 2919. */
static gboolean
is_machine (const struct message_fields *outer)
{
  static const char *const marks[] = { "list-id", "list-unsubscribe", "list-help", "feedback-id" };
  const char *automatic = message_fields_raw (outer, "auto-submitted"),
             *path = message_fields_raw (outer, "return-path");
  if (message_fields_raw (outer, "precedence") != NULL
      || (automatic != NULL && g_ascii_strncasecmp (automatic, "no", 2) != 0)
      || (path != NULL && strstr (path, "<>") != NULL))
    return TRUE;
  for (gsize i = 0; i < G_N_ELEMENTS (marks); i++)
    if (message_fields_raw (outer, marks[i]) != NULL)
      return TRUE;
  return FALSE;
}

GVariant *
message_origin (const struct inspection *inspection, const struct auth_servers *servers)
{
  struct message_shown shown;
  message_init ();
  message_shown_init (&shown, inspection);
  g_autofree char *name = first_name (message_shown_for (&shown, "from")), *list = list_post (shown.outer);
  static const char asks[] = "disposition-notification-to";
  GVariant *out = g_variant_new_parsed ("{'name': <%s>, 'list_post': <%s>, 'deceptive': <%@as>, 'failed': <%s>, "
                                        "'receipt_to': <%@as>, 'return_path': <%@as>, 'machine': <%b>}",
                                        name, list, deceptive (&shown), failed (shown.outer, servers),
                                        address_list (message_shown_for (&shown, asks), asks),
                                        address_list (shown.outer, "return-path"), is_machine (shown.outer));
  message_shown_clear (&shown);
  return out;
}
