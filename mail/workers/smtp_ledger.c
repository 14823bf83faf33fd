/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The ledger at work: it follows the outbox, takes in what others report, and tells what became of what was sent. */
#include "mail/workers/smtp_p.h"

#include <string.h>

#define LINES_MAX 1000
#define IDS_MAX 500
#define MESSAGES_MAX 200
#define WORDS_MAX 600

static gint64
clock_s (void)
{
  return g_get_real_time () / G_USEC_PER_SEC;
}

/* A ledger that cannot be written holds up no mail. */
void
smtp_ledger_follow (struct submission *self)
{
  g_autoptr (GPtrArray) items = outbox_items (self->outbox);
  g_autoptr (GError) problem = NULL;
  if (!ledger_follow (self->ledger, items, &problem))
    g_debug ("the ledger will be brought up to date later");
}

void
smtp_ledger_follow_copy (struct submission *self, const struct outbox_item *item, const struct outbox_copy *copy)
{
  g_autoptr (GError) problem = NULL;
  if (!ledger_follow_copy (self->ledger, item, copy, &problem))
    g_debug ("the ledger will be brought up to date later");
}

/* ---- reports ---- */

static const char *
short_text (GVariant *fields, const char *name)
{
  const char *text = "";
  (void) g_variant_lookup (fields, name, "&s", &text);
  return strlen (text) <= WORDS_MAX ? text : "";
}

/* kept: the rows that the lines' texts lie in. */
static GPtrArray *
lines_of (GVariant *rows, gboolean receipt, GPtrArray *kept)
{
  GPtrArray *lines = g_ptr_array_new_with_free_func (g_free);
  for (gsize i = 0; rows != NULL && i < g_variant_n_children (rows) && i < LINES_MAX; i++) {
    GVariant *row = g_variant_get_child_value (rows, i);
    struct ledger_line *line = g_new0 (struct ledger_line, 1);
    g_ptr_array_add (kept, row);
    line->original = short_text (row, "original");
    line->final = short_text (row, "final");
    line->words = short_text (row, "words");
    line->action = ledger_action_from (short_text (row, "action"), receipt);
    g_ptr_array_add (lines, line);
  }
  return lines;
}

static GVariant *
row_fields (const struct ledger_row *row)
{
  return g_variant_new_parsed ("{'message_id': <%s>, 'address': <%s>, 'copy': <%u>, 'method': <%s>, 'state': <%s>, "
                               "'date': <%x>, 'time': <%x>, 'text': <%s>}",
                               row->message_id, row->address, row->copy, row->method,
                               row->overdue ? "overdue" : ledger_state_name (row->state), row->date, row->time,
                               row->text);
}

static GVariant *
rows_of (const GPtrArray *rows)
{
  GVariantBuilder list;
  g_variant_builder_init (&list, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < rows->len; i++)
    g_variant_builder_add_value (&list, row_fields (g_ptr_array_index (rows, i)));
  return g_variant_builder_end (&list);
}

GVariant *
smtp_report (struct worker *worker, GVariant *args, GError **error)
{
  struct submission *self = worker_state (worker);
  g_autoptr (GVariant) fields = g_variant_lookup_value (args, "report", G_VARIANT_TYPE_VARDICT);
  g_autoptr (GVariant) rows = g_variant_lookup_value (fields, "lines", G_VARIANT_TYPE ("aa{sv}"));
  g_autoptr (GPtrArray) changed = NULL, kept = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  const gboolean receipt = strcmp (short_text (fields, "kind"), "receipt") == 0;
  g_autoptr (GPtrArray) lines = lines_of (rows, receipt, kept);
  const struct ledger_report report = { .receipt = receipt,
                                        .envid = short_text (fields, "envid"),
                                        .message_id = short_text (fields, "message_id"),
                                        .reporter = short_text (fields, "reporter"),
                                        .signer = short_text (fields, "signer"),
                                        .lines = lines };
  gboolean settled = FALSE;
  if (!ledger_report (self->ledger, &report, clock_s (), &changed, &settled, error))
    return NULL;
  return g_variant_new_parsed ("{'rows': <%@aa{sv}>, 'settled': <%b>}", rows_of (changed), settled);
}

/* ---- what is known ---- */

GVariant *
smtp_delivery (struct worker *worker, GVariant *args, GError **error)
{
  struct submission *self = worker_state (worker);
  g_autofree const char **ids = NULL;
  guint32 limit = MESSAGES_MAX;
  (void) g_variant_lookup (args, "ids", "^a&s", &ids);
  (void) g_variant_lookup (args, "limit", "u", &limit);
  if (ids != NULL && g_strv_length ((char **) ids) > IDS_MAX) {
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_USAGE, "These are too many messages to ask about at once.");
    return NULL;
  }
  g_autoptr (GPtrArray) rows = ledger_rows (self->ledger, ids, MIN (limit, MESSAGES_MAX), clock_s (), self->overdue_s);
  return worker_reply_one ("rows", rows_of (rows));
}

GVariant *
smtp_overdue (struct worker *worker, GVariant *args, GError **error)
{
  struct submission *self = worker_state (worker);
  g_autoptr (GPtrArray) rows
      = self->overdue_s > 0 ? ledger_overdue (self->ledger, clock_s (), self->overdue_s) : g_ptr_array_new ();
  return worker_reply_one ("rows", rows_of (rows));
}

/* Without an answer: what was answered before. With one: it is written down, once. */
GVariant *
smtp_receipt (struct worker *worker, GVariant *args, GError **error)
{
  struct submission *self = worker_state (worker);
  const char *id = "", *answer = NULL;
  (void) g_variant_lookup (args, "message_id", "&s", &id);
  (void) g_variant_lookup (args, "answer", "&s", &answer);
  g_autofree char *before = ledger_answered (self->ledger, id);
  if (before == NULL && answer != NULL && !ledger_answer (self->ledger, id, answer, clock_s (), error))
    return NULL;
  return worker_reply_one ("before", g_variant_new_string (before != NULL ? before : ""));
}
