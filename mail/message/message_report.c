/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What machines report of a message (was it delivered, was it read, was it called spam) in words. RFC 3464, 8098, 5965. Pure. */
#include "mail/message/message_p.h"

#include <string.h>

#define BLOCKS_MAX 50

static const struct {
  const char *type, *heading;
} kinds[] = {
  { "message/delivery-status", "Delivery report" },           { "message/global-delivery-status", "Delivery report" },
  { "message/disposition-notification", "Receipt" },          { "message/global-disposition-notification", "Receipt" },
  { "message/feedback-report", "Complaint about a message" },
};

/* typed: "rfc822; a@b": the kind of value before the semicolon says nothing to a person. */
static const struct {
  const char *name, *label;
  gboolean typed;
} shown[] = {
  { "reporting-mta", "Reported by", TRUE },
  { "reporting-ua", "Reported by", FALSE },
  { "user-agent", "Reported by", FALSE },
  { "arrival-date", "Arrived there", FALSE },
  { "original-recipient", "Sent to", TRUE },
  { "final-recipient", "Recipient", TRUE },
  { "action", "Result", FALSE },
  { "disposition", "Result", FALSE },
  { "status", "Code", FALSE },
  { "diagnostic-code", "The server said", TRUE },
  { "remote-mta", "Server", TRUE },
  { "last-attempt-date", "Last tried", FALSE },
  { "will-retry-until", "Tried until", FALSE },
  { "original-message-id", "About the message", FALSE },
  { "failure", "Failure", FALSE },
  { "error", "Error", FALSE },
  { "warning", "Warning", FALSE },
  { "feedback-type", "Kind", FALSE },
  { "original-mail-from", "Sender", FALSE },
  { "original-rcpt-to", "Recipient", FALSE },
  { "source-ip", "Came from", FALSE },
};

static const struct {
  const char *action, *words;
} results[] = {
  { "failed", "not delivered" },
  { "delayed", "not delivered yet; the server keeps trying" },
  { "delivered", "delivered" },
  { "relayed", "passed on to a server that does not report back" },
  { "expanded", "delivered to a list, which passes it on" },
};

static const char *
result_words (const char *action)
{
  for (gsize i = 0; i < G_N_ELEMENTS (results); i++)
    if (g_ascii_strcasecmp (action, results[i].action) == 0)
      return results[i].words;
  return action;
}

/* "manual-action/MDN-sent-manually; displayed": what happened stands last. */
static const char *
disposition_words (const char *value)
{
  const char *last = strrchr (value, ';');
  last = last != NULL ? last + 1 : value;
  last += strspn (last, " ");
  if (g_ascii_strncasecmp (last, "displayed", 9) == 0)
    return "was opened by the recipient (which does not say that it was read)";
  if (g_ascii_strncasecmp (last, "deleted", 7) == 0)
    return "was deleted, perhaps unread";
  return last;
}

static void
append_fields (GString *out, const struct message_fields *fields)
{
  for (gsize i = 0; i < G_N_ELEMENTS (shown); i++) {
    g_autofree char *value = message_fields_text (fields, shown[i].name);
    if (value == NULL || *value == '\0')
      continue;
    const char *text = value, *semicolon = shown[i].typed ? strchr (value, ';') : NULL;
    if (semicolon != NULL)
      text = semicolon + 1 + strspn (semicolon + 1, " ");
    if (strcmp (shown[i].name, "action") == 0)
      text = result_words (value);
    else if (strcmp (shown[i].name, "disposition") == 0)
      text = disposition_words (value);
    g_string_append_printf (out, "%s: %s\n", shown[i].label, text);
  }
}

const char *
message_report_block_end (const char *text, gsize size)
{
  for (gsize i = 0; i + 1 < size; i++)
    if (text[i] == '\n' && (text[i + 1] == '\n' || (text[i + 1] == '\r' && i + 2 < size && text[i + 2] == '\n')))
      return text + i + 1;
  return text + size;
}

GPtrArray *
message_report_blocks (const char *text, guint blocks_max)
{
  GPtrArray *blocks = g_ptr_array_new_with_free_func ((GDestroyNotify) message_fields_free);
  const char *end = text + strlen (text);
  for (const char *p = text + strspn (text, "\r\n"); p < end && blocks->len < blocks_max;) {
    const char *next = message_report_block_end (p, (gsize) (end - p));
    g_ptr_array_add (blocks, message_fields_new (p, (gsize) (next - p)));
    p = next + strspn (next, "\r\n");
  }
  return blocks;
}

char *
message_report_text (const char *type, const char *text)
{
  const char *heading = NULL;
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (strcmp (type, kinds[i].type) == 0)
      heading = kinds[i].heading;
  if (heading == NULL)
    return NULL;
  g_autoptr (GString) out = g_string_new (NULL);
  g_autoptr (GPtrArray) blocks = message_report_blocks (text, BLOCKS_MAX);
  for (guint i = 0; i < blocks->len; i++) {
    g_autoptr (GString) block = g_string_new (NULL);
    append_fields (block, g_ptr_array_index (blocks, i));
    if (block->len > 0)
      g_string_append_printf (out, "%s%s", out->len > 0 ? "\n" : "", block->str);
  }
  if (blocks->len == BLOCKS_MAX)
    g_string_append (out, "\n(More follows. Save the part to see all of it.)\n");
  return out->len > 0 ? g_strdup_printf ("%s\n%s", heading, out->str) : NULL;
}
