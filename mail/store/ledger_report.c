/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What others report, matched with what was sent; and what the ledger tells. See ledger.h. */
#include "mail/store/ledger_p.h"

#include <string.h>

#define COPIES_MAX 200 /* that a report without the envelope's id can be about: a message with many blind recipients */

/* ---- whose report is it? ---- */

struct match {
  gint64 copy;
  guint recipients;
};

static void
add_matches (struct ledger *ledger, GArray *matches, const char *sql, const char *value)
{
  sqlite3_stmt *row = state_query (ledger->state, sql, "s", value);
  while (state_row (ledger->state, &row))
    if (matches->len < COPIES_MAX) {
      struct match match = { .copy = sqlite3_column_int64 (row, 0), .recipients = (guint) sqlite3_column_int (row, 1) };
      g_array_append_val (matches, match);
    }
}

#define COUNT "(SELECT COUNT(*) FROM recipients WHERE recipients.copy = copies.id)"

/* An id that we did not give is not ours: such a report can only be about a copy whose server was not told one. */
static GArray *
copies_of (struct ledger *ledger, const struct ledger_report *report, enum ledger_trust *by_out)
{
  GArray *matches = g_array_new (FALSE, FALSE, sizeof (struct match));
  *by_out = report->receipt ? LEDGER_SAID : LEDGER_NAMED;
  if (!report->receipt && *report->envid != '\0')
    add_matches (ledger, matches, "SELECT id, " COUNT " FROM copies WHERE envid = ?", report->envid);
  if (matches->len > 0 || *report->message_id == '\0')
    return matches;
  *by_out = LEDGER_SAID;
  add_matches (ledger, matches,
               !report->receipt && *report->envid != '\0'
                   ? "SELECT id, " COUNT " FROM copies WHERE message_id = ? AND asked = 0 ORDER BY id"
                   : "SELECT id, " COUNT " FROM copies WHERE message_id = ? ORDER BY id",
               report->message_id);
  return matches;
}

enum ledger_state
ledger_state_of (int column)
{
  return (enum ledger_state) CLAMP (column, LEDGER_QUEUED, LEDGER_DISPLAYED);
}

/* What is known of one recipient. */
struct recipient {
  gint64 copy;
  char *folded;
  enum ledger_state state;
  enum ledger_trust trust;
  gint64 accepted;
  char *text, *also;
};

static void
recipient_clear (struct recipient *recipient)
{
  g_clear_pointer (&recipient->folded, g_free);
  g_clear_pointer (&recipient->text, g_free);
  g_clear_pointer (&recipient->also, g_free);
}

#define RECIPIENT "SELECT copy, folded, state, trust, accepted, text, also FROM recipients WHERE copy = ?"

static gboolean
take_recipient (struct ledger *ledger, sqlite3_stmt *row, struct recipient *out)
{
  gboolean found = FALSE;
  while (state_row (ledger->state, &row)) {
    recipient_clear (out);
    *out = (struct recipient){ .copy = sqlite3_column_int64 (row, 0),
                               .folded = g_strdup (state_text (row, 1)),
                               .state = ledger_state_of (sqlite3_column_int (row, 2)),
                               .trust
                               = (enum ledger_trust) CLAMP (sqlite3_column_int (row, 3), LEDGER_SAID, LEDGER_SIGNED),
                               .accepted = sqlite3_column_int64 (row, 4),
                               .text = g_strdup (state_text (row, 5)),
                               .also = g_strdup (state_text (row, 6)) };
    found = TRUE;
  }
  return found;
}

/* "+2B" and the like undone, as some servers leave it (RFC 3461, 4). */
static char *
from_xtext (const char *text)
{
  GString *out = g_string_new (NULL);
  for (const char *p = text; *p != '\0'; p++)
    if (*p == '+' && g_ascii_isxdigit (p[1]) && g_ascii_isxdigit (p[2])) {
      int byte = g_ascii_xdigit_value (p[1]) * 16 + g_ascii_xdigit_value (p[2]);
      g_string_append_c (out, byte > ' ' && byte < 0x7F ? (char) byte : '?');
      p += 2;
    } else {
      g_string_append_c (out, *p);
    }
  return g_string_free (out, FALSE);
}

static gboolean
find_address (struct ledger *ledger, const GArray *matches, const char *address, struct recipient *out)
{
  if (*address == '\0')
    return FALSE;
  g_autofree char *folded = ledger_fold (address), *plain = from_xtext (address), *other = ledger_fold (plain);
  for (guint pass = 0; pass < 2; pass++)
    for (guint i = 0; i < matches->len; i++)
      if (take_recipient (ledger,
                          state_query (ledger->state, RECIPIENT " AND folded = ?", "is",
                                       g_array_index (matches, struct match, i).copy, pass == 0 ? folded : other),
                          out))
        return TRUE;
  return FALSE;
}

/* Mail is forwarded, and people have several addresses: whom it was sent to counts first; the one recipient of a copy is he, whatever
 * he is called there; and a receipt that a recipient signed is his. */
static gboolean
find_recipient (struct ledger *ledger, const struct ledger_report *report, const struct ledger_line *line,
                const GArray *matches, enum ledger_trust by, struct recipient *out)
{
  if (find_address (ledger, matches, line->original, out) || find_address (ledger, matches, line->final, out)
      || (report->receipt && find_address (ledger, matches, report->signer, out)))
    return TRUE;
  if (by != LEDGER_NAMED || matches->len != 1 || g_array_index (matches, struct match, 0).recipients != 1)
    return FALSE;
  return take_recipient (
      ledger, state_query (ledger->state, RECIPIENT, "i", g_array_index (matches, struct match, 0).copy), out);
}

/* ---- what it changes ---- */

static gboolean
is_signed_by (const struct ledger_report *report, const struct recipient *recipient)
{
  g_autofree char *signer = *report->signer != '\0' ? ledger_fold (report->signer) : g_strdup ("");
  return report->receipt && strcmp (signer, recipient->folded) == 0;
}

/* Something else stands in the ledger now? */
static gboolean
apply (struct ledger *ledger, const struct ledger_report *report, const struct ledger_line *line,
       const struct recipient *recipient, enum ledger_trust by, gint64 now)
{
  if (is_signed_by (report, recipient))
    by = LEDGER_SIGNED;
  if (recipient->accepted == 0 && recipient->state != LEDGER_UNKNOWN)
    return FALSE;
  const enum ledger_state told = ledger_rule_state (line->action);
  const enum ledger_step step
      = told == LEDGER_QUEUED ? LEDGER_NOTE : ledger_rule (recipient->state, recipient->trust, told, by);
  g_autofree char *words = ledger_rule_words (report, line, by);
  if (step == LEDGER_IGNORE || strcmp (words, recipient->text) == 0 || strcmp (words, recipient->also) == 0)
    return FALSE;
  if (step == LEDGER_NOTE) {
    state_run (ledger->state, "UPDATE recipients SET also = ? WHERE copy = ? AND folded = ?", "sis", words,
               recipient->copy, recipient->folded);
    return TRUE;
  }
  const gboolean contradicts = (told == LEDGER_FAILED && recipient->state >= LEDGER_DELIVERED)
                               || (told > LEDGER_RELAYED && recipient->state == LEDGER_FAILED);
  state_run (
      ledger->state,
      "UPDATE recipients SET state = ?, trust = ?, time = ?, text = ?, also = ?, accepted = ? WHERE copy = ? AND "
      "folded = ?",
      "iiissiis", (gint64) told, (gint64) by, now, words, contradicts ? recipient->text : recipient->also,
      recipient->accepted != 0 ? recipient->accepted : now, recipient->copy, recipient->folded);
  return TRUE;
}

#define ROW                                                                                                            \
  "SELECT copies.message_id, recipients.address, recipients.text, recipients.also, copies.number, copies.method, "     \
  "recipients.state, copies.date, recipients.time, copies.asked, recipients.accepted FROM recipients JOIN copies ON "  \
  "copies.id = recipients.copy "

/* Was a report asked for, and nothing heard since? */
static gboolean
is_overdue (enum ledger_state state, gboolean asked, gint64 accepted, gint64 now, guint overdue_s)
{
  return state == LEDGER_ACCEPTED && asked && accepted > 0 && overdue_s > 0 && accepted + (gint64) overdue_s < now;
}

static char *
row_text (const struct ledger_row *row, const char *text, const char *also, gboolean asked, guint overdue_s)
{
  GString *out = g_string_new (text);
  if (row->overdue)
    g_string_append_printf (out,
                            "%sNo report of its delivery came within %u hours. It may have arrived all the same; if it "
                            "matters, ask the recipient.",
                            out->len > 0 ? " " : "", overdue_s / 3600);
  else if (row->state == LEDGER_ACCEPTED)
    g_string_append (out, asked ? " Nothing was reported yet."
                                : " Nothing more is heard of it unless it fails: it is not known whether it arrived.");
  if (*also != '\0')
    g_string_append_printf (out, "%sReported as well: %s", out->len > 0 ? " " : "", also);
  return g_string_free (out, FALSE);
}

static void
add_rows (struct ledger *ledger, sqlite3_stmt *row, gint64 now, guint overdue_s, GPtrArray *rows)
{
  while (state_row (ledger->state, &row)) {
    if (rows->len >= LEDGER_ROWS_MAX)
      continue;
    struct ledger_row *one = g_new0 (struct ledger_row, 1);
    const gboolean asked = sqlite3_column_int (row, 9) != 0;
    one->message_id = g_strdup (state_text (row, 0));
    one->address = g_strdup (state_text (row, 1));
    one->copy = (guint) sqlite3_column_int (row, 4);
    one->method = g_strdup (state_text (row, 5));
    one->state = ledger_state_of (sqlite3_column_int (row, 6));
    one->date = sqlite3_column_int64 (row, 7);
    one->time = sqlite3_column_int64 (row, 8);
    one->overdue = is_overdue (one->state, asked, sqlite3_column_int64 (row, 10), now, overdue_s);
    one->text = row_text (one, state_text (row, 2), state_text (row, 3), asked, overdue_s);
    g_ptr_array_add (rows, one);
  }
}

static GPtrArray *
rows_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) ledger_row_free);
}

gboolean
ledger_report (struct ledger *ledger, const struct ledger_report *report, gint64 now, GPtrArray **changed_out,
               gboolean *settled_out, GError **error)
{
  enum ledger_trust by = LEDGER_SAID;
  gboolean good_news = report->lines->len > 0;
  g_autoptr (GPtrArray) changed = rows_new ();
  state_begin (ledger->state);
  g_autoptr (GArray) matches = copies_of (ledger, report, &by);
  for (guint i = 0; i < report->lines->len && matches->len > 0; i++) {
    const struct ledger_line *line = g_ptr_array_index (report->lines, i);
    struct recipient recipient = { 0 };
    good_news = good_news && line->action != LEDGER_SAYS_NOTHING && line->action != LEDGER_SAYS_FAILED;
    if (find_recipient (ledger, report, line, matches, by, &recipient)
        && apply (ledger, report, line, &recipient, by, now))
      add_rows (ledger,
                state_query (ledger->state, ROW "WHERE recipients.copy = ? AND recipients.folded = ?", "is",
                             recipient.copy, recipient.folded),
                now, 0, changed);
    recipient_clear (&recipient);
  }
  if (!state_commit (ledger->state, error))
    return FALSE;
  *changed_out = g_steal_pointer (&changed);
  *settled_out = good_news && matches->len > 0 && by == LEDGER_NAMED;
  return TRUE;
}

/* ---- what it tells ---- */

GPtrArray *
ledger_rows (struct ledger *ledger, const char *const *ids_or_null, guint limit, gint64 now, guint overdue_s)
{
  GPtrArray *rows = rows_new ();
  if (ids_or_null == NULL)
    add_rows (ledger,
              state_query (
                  ledger->state,
                  ROW "WHERE copies.message_id IN (SELECT message_id FROM copies GROUP BY message_id ORDER BY "
                      "MAX(date) DESC, message_id LIMIT ?) ORDER BY copies.date DESC, copies.message_id, copies.item, "
                      "copies.number, recipients.rowid",
                  "i", (gint64) limit),
              now, overdue_s, rows);
  for (gsize i = 0; ids_or_null != NULL && ids_or_null[i] != NULL; i++)
    add_rows (ledger,
              state_query (ledger->state,
                           ROW "WHERE copies.message_id = ? ORDER BY copies.date DESC, copies.item, copies.number, "
                               "recipients.rowid",
                           "s", ids_or_null[i]),
              now, overdue_s, rows);
  return rows;
}

GPtrArray *
ledger_overdue (struct ledger *ledger, gint64 now, guint overdue_s)
{
  GPtrArray *rows = rows_new ();
  const gint64 before = now - (gint64) overdue_s;
  state_begin (ledger->state);
  add_rows (ledger,
            state_query (ledger->state,
                         ROW "WHERE recipients.state = ? AND recipients.state <= 3 AND copies.asked = 1 AND "
                             "recipients.told = 0 AND recipients.accepted > 0 AND recipients.accepted < ?",
                         "ii", (gint64) LEDGER_ACCEPTED, before),
            now, overdue_s, rows);
  if (rows->len > 0)
    state_run (
        ledger->state,
        "UPDATE recipients SET told = 1 WHERE state = ? AND state <= 3 AND told = 0 AND accepted > 0 AND accepted "
        "< ? AND copy IN (SELECT id FROM copies WHERE asked = 1)",
        "ii", (gint64) LEDGER_ACCEPTED, before);
  if (!state_commit (ledger->state, NULL))
    g_ptr_array_set_size (rows, 0); /* told with the next question */
  return rows;
}
