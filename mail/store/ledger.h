/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What became of each message that was sent, for each copy and recipient, as far as it is known. smtp worker only.
 *
 * The outbox forgets a message when its record is in Sent; this remembers it for LEDGER_DAYS more. It holds addresses and
 * Message-IDs, and no subject and no text of a mail. What the outbox knows of a copy comes in by ledger_follow, which may be repeated and makes up for
 * whatever was missed; what others report comes in by ledger_report.
 *
 * A report is mail that anybody can write. It is believed as far as it can be: one that names the envelope's id (random, told to nobody but the servers
 * on the way), or is signed by the recipient, counts more than one that names the Message-ID, which every reader of the message knows.
 * Nothing is learnt about a message that our server never took. RFC 3461, 3464, 8098. */
#pragma once
#include <glib.h>
#include "crypto/route.h"

#define LEDGER_DAYS 400
#define LEDGER_ROWS_MAX 2000 /* in one answer */

enum ledger_state {
  LEDGER_QUEUED = 0,
  LEDGER_WITHDRAWN, /* it was taken out of the outbox before it was sent */
  LEDGER_UNKNOWN,   /* our server may have taken it */
  LEDGER_ACCEPTED,  /* our server took it */
  LEDGER_RELAYED,   /* it was handed on to a server that reports no more */
  LEDGER_DELIVERED,
  LEDGER_FAILED,
  LEDGER_DISPLAYED,
};
const char *ledger_state_name (enum ledger_state state);

/* How well it is known who says so. */
enum ledger_trust { LEDGER_SAID = 0, LEDGER_NAMED /* the report has the envelope's id */, LEDGER_SIGNED };

enum ledger_action {
  LEDGER_SAYS_NOTHING = 0,
  LEDGER_SAYS_DELAYED,
  LEDGER_SAYS_RELAYED,
  LEDGER_SAYS_EXPANDED,
  LEDGER_SAYS_DELIVERED,
  LEDGER_SAYS_FAILED,
  LEDGER_SAYS_DISPLAYED,
  LEDGER_SAYS_DELETED, /* perhaps unread */
};
enum ledger_action ledger_action_from (const char *name, gboolean receipt); /* of the Action or Disposition field */

/* One message that reports. All texts are sanitised and short. */
struct ledger_report {
  gboolean receipt;                                   /* of a reader (MDN), not of a server (DSN) */
  const char *envid, *message_id, *reporter, *signer; /* "": none. signer: whose signature over all of it is good */
  GPtrArray *lines;                                   /* struct ledger_line * */
};
struct ledger_line {
  const char *original, *final; /* addr-specs; "": none */
  enum ledger_action action;
  const char *words;
};

struct ledger_row {
  char *message_id, *address, *text;
  guint copy;
  char *method; /* "smime", "pgp", "note" */
  enum ledger_state state;
  gboolean overdue; /* a report was asked for and nothing was heard for too long */
  gint64 date;      /* of the message */
  gint64 time;      /* since when the state is known */
};
void ledger_row_free (struct ledger_row *row);
DEFINE_AUTOFREE (ledger_row, ledger_row_free)

struct ledger;
/* In the outbox's folder. A file that is no ledger any more is put aside: what it knew is lost, and mail can still be sent. */
struct ledger *ledger_open (const char *dir, GError **error);
void ledger_free (struct ledger *ledger);
DEFINE_AUTOFREE (ledger, ledger_free)
/* items: struct outbox_item *, all that the outbox has. What it has no more and was not sent yet is withdrawn. */
gboolean ledger_follow (struct ledger *ledger, const GPtrArray *items, GError **error);
/* Of one copy alone. */
struct outbox_item;
struct outbox_copy;
gboolean ledger_follow_copy (struct ledger *ledger, const struct outbox_item *item, const struct outbox_copy *copy,
                             GError **error);
/* The id that reports on this copy bring back. NULL: the copy is not known. Caller frees. */
char *ledger_envid (struct ledger *ledger, const char *item, guint number);
/* A report was asked for; and so something can be overdue. */
gboolean ledger_asked (struct ledger *ledger, const char *item, guint number, GError **error);
/* Takes it in. changed_out: struct ledger_row *, of recipients of whom something else is known now. settled_out: it is surely a server's, about a
 * message of ours, and no bad news: nobody need read it. now: seconds. */
gboolean ledger_report (struct ledger *ledger, const struct ledger_report *report, gint64 now, GPtrArray **changed_out,
                        gboolean *settled_out, GError **error);
/* What is known of these messages; ids NULL: of the newest ones, limit messages at most. overdue_s: how long nothing may be heard.
 * struct ledger_row *, newest message first. */
GPtrArray *ledger_rows (struct ledger *ledger, const char *const *ids_or_null, guint limit, gint64 now,
                        guint overdue_s);
/* Those that became overdue since this was asked last; each is told once. */
GPtrArray *ledger_overdue (struct ledger *ledger, gint64 now, guint overdue_s);

/* ---- receipts that somebody asked of us: each message is answered once ---- */
/* What was answered before: "sent", "refused"; NULL: nothing. Caller frees. */
char *ledger_answered (struct ledger *ledger, const char *message_id);
gboolean ledger_answer (struct ledger *ledger, const char *message_id, const char *answer, gint64 now, GError **error);

/* ---- ledger_rule.c: pure ---- */
enum ledger_step { LEDGER_IGNORE = 0, LEDGER_NOTE /* it is said as well, and changes nothing */, LEDGER_TAKE };
/* What is known, and as how well; what is reported, and how well. */
enum ledger_step ledger_rule (enum ledger_state known, enum ledger_trust known_by, enum ledger_state told,
                              enum ledger_trust told_by);
/* The state that the action means; LEDGER_QUEUED: none. */
enum ledger_state ledger_rule_state (enum ledger_action action);
/* One sentence for a person. */
char *ledger_rule_words (const struct ledger_report *report, const struct ledger_line *line, enum ledger_trust by);
