/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What was given to us to send, until it is sent and filed: files and a journal that survive anything. smtp worker only.
 *
 * A folder holds outbox.db and, for each send, ID/copy-N.eml (finished, encrypted messages) and ID/sent.eml (the record, encrypted to
 * the sender). Each copy has a state; the order is: journal, then act.
 *
 *   ready ──(journalled right before DATA)──> sending ──> accepted
 *     ^                                          ├──> failed   (the server refused it for good)
 *     └── refused for now, or never begun ───────┤
 *                                                └──> unknown  (all was sent and no answer came, or we died in between)
 *
 * Nothing is sent twice by itself: unknown and failed wait for a person (outbox_retry). */
#pragma once
#include <glib.h>
#include "crypto/route.h"

enum outbox_state { OUTBOX_READY = 0, OUTBOX_SENDING, OUTBOX_ACCEPTED, OUTBOX_FAILED, OUTBOX_UNKNOWN };
const char *outbox_state_name (enum outbox_state state);

struct outbox_copy {
  guint number;
  enum route_method method; /* ROUTE_HOLD: of a note */
  gboolean note;            /* not encrypted: the note that asks its one recipient for a key; see gate.h */
  GStrv recipients, ids;
  enum outbox_state state;
  char *text;
};
struct outbox_item {
  char *id, *message_id, *from, *draft_path;
  gint64 date;
  GPtrArray *copies; /* struct outbox_copy * */
};
void outbox_item_free (struct outbox_item *item);
DEFINE_AUTOFREE (outbox_item, outbox_item_free)
enum outbox_state outbox_item_state (const struct outbox_item *item); /* of all its copies together */
char *outbox_item_text (const struct outbox_item *item);

struct outbox;
/* What was under way when the last process died becomes unknown; folders that no row knows are removed. */
struct outbox *outbox_open (const char *dir, GError **error);
void outbox_free (struct outbox *outbox);
DEFINE_AUTOFREE (outbox, outbox_free)
/* What is to be sent: one message in copies. */
struct outbox_submission {
  const char *message_id, *from, *draft_path;
  gint64 date;       /* 0: now */
  GPtrArray *copies; /* struct outbox_copy * (method, note, recipients, ids) */
  const int *files;  /* the bytes of each copy, in their order, and then those of the record */
  /* Asked of each copy once its bytes lie in the outbox, where nobody else can change them. FALSE with error: none of it is taken in. */
  gboolean (*check) (const struct outbox_copy *copy, GBytes *message, gpointer data, GError **error);
  gpointer data;
};
/* Durable when it returns. The same message_id given twice is one send: the id of the first comes back, unless that one failed wholly. */
char *outbox_submit (struct outbox *outbox, const struct outbox_submission *submission, GError **error);
/* When a note to this address was last taken in; 0: not within a day. */
gint64 outbox_told (struct outbox *outbox, const char *address);
GPtrArray *outbox_items (struct outbox *outbox); /* struct outbox_item *, oldest first */
struct outbox_item *outbox_find (struct outbox *outbox, const char *id, GError **error);
/* Mapped. */
GBytes *outbox_message (struct outbox *outbox, const char *id, guint number, GError **error);
int outbox_open_sent (struct outbox *outbox, const char *id); /* read-only; -1 */
gboolean outbox_set (struct outbox *outbox, const char *id, guint number, enum outbox_state state, const char *text,
                     GError **error);
gboolean outbox_retry (struct outbox *outbox, const char *id, GError **error);
gboolean outbox_forget (struct outbox *outbox, const char *id, GError **error); /* only what is accepted */

/* ---- state_outbox.c: the journal; used by outbox.c only ---- */
struct state;
struct state *state_outbox_open (const char *file, GError **error);
GPtrArray *state_outbox_items (struct state *state);
void state_outbox_add (struct state *state, const struct outbox_item *item);
void state_outbox_set (struct state *state, const char *id, guint number, enum outbox_state state_of_copy,
                       const char *text);
gint64 state_outbox_told (struct state *state, const char *address);
void state_outbox_delete (struct state *state, const char *id);
