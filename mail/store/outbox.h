/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What was given to us to send, until it is sent and filed: files and a journal that survive anything. smtp worker only.
 *
 * A folder holds outbox.db and, for each send, ID/copy-N.eml (finished, encrypted messages) and ID/sent.eml (the record, encrypted to
 * the sender). Each recipient of each copy has a state; the order is: journal, then act.
 *
 *   ready ──(journalled right before DATA)──> sending ──> accepted
 *     ^                                          ├──> failed   (the server refused it, or him, for good)
 *     └── refused for now, or never begun ───────┤
 *                                                └──> unknown  (all was sent and no answer came, or we died in between)
 *
 * Nothing is sent twice by itself: unknown and failed wait for a person, who sends again (ready), says that it arrived (accepted), or
 * takes it out (dropped). What is ready has a time: the person's (not_before) and that of the next try (next_try). */
#pragma once
#include <glib.h>
#include "crypto/route.h"

enum outbox_state {
  OUTBOX_READY = 0,
  OUTBOX_SENDING,
  OUTBOX_ACCEPTED,
  OUTBOX_FAILED,
  OUTBOX_UNKNOWN,
  OUTBOX_DROPPED, /* a person took him out: nothing is sent to him any more */
};
const char *outbox_state_name (enum outbox_state state);

/* What an item that is ready waits for, beside its time. */
enum outbox_wait {
  OUTBOX_WAIT_NONE = 0,
  OUTBOX_WAIT_SERVER,  /* it said "not now" (4xx) */
  OUTBOX_WAIT_LINE,    /* it could not be reached */
  OUTBOX_WAIT_SIGN_IN, /* it refused the password: nobody tries by himself */
  OUTBOX_WAIT_PERSON,  /* somebody stopped it */
};
const char *outbox_wait_name (enum outbox_wait wait);

struct outbox_person {
  const char *address; /* of the copy's recipients */
  enum outbox_state state;
  char *text; /* what became of it, a sentence; "" */
  char *key;  /* fingerprint of the key that the copy was encrypted to; "": not known */
};
struct outbox_copy {
  guint number;
  enum route_method method; /* ROUTE_HOLD: of a note */
  gboolean note;            /* not encrypted: the note that asks its one recipient for a key; see gate.h */
  GStrv recipients, ids;
  GStrv keys;                   /* of a submission: fingerprints, one for each recipient; NULL: not known */
  struct outbox_person *people; /* one for each recipient, in their order; NULL in a submission */
  guint count;                  /* of them */
};
struct outbox_item {
  char *id, *message_id, *from, *draft_path;
  gint64 date; /* when it was encrypted and given to us */
  gint64 not_before, next_try;
  guint tries; /* that failed, since the last time that something went well */
  enum outbox_wait wait;
  gboolean late;     /* that it waits for long was said */
  GPtrArray *copies; /* struct outbox_copy * */
};

/* ---- outbox_item.c: pure ---- */
void outbox_item_free (struct outbox_item *item);
DEFINE_AUTOFREE (outbox_item, outbox_item_free)
void outbox_person_set (struct outbox_person *person, enum outbox_state state, const char *text);
/* Of all its people together: the one that a person must know about first. DROPPED: of all of them. */
enum outbox_state outbox_item_state (const struct outbox_item *item);
char *outbox_item_text (const struct outbox_item *item);
guint outbox_item_count (const struct outbox_item *item, enum outbox_state state);
/* It did not work: when is the next try? The waits grow from one try to the next. */
void outbox_item_postpone (struct outbox_item *item, enum outbox_wait wait, gint64 now);
void outbox_item_at_once (struct outbox_item *item); /* whatever it waited for */
/* Which of them a run takes: what is due; also what waits for the line, as it is back; also what waits for its next try; also what somebody
 * asks for by name, whatever held it up. Nothing goes before the person's time. */
enum outbox_haste { OUTBOX_DUE = 0, OUTBOX_LINE_IS_BACK, OUTBOX_NOW, OUTBOX_ASKED };
gboolean outbox_item_due (const struct outbox_item *item, enum outbox_haste haste, gint64 now);
gint64 outbox_item_next (const struct outbox_item *item); /* when it is due; G_MAXINT64: never by itself */

struct outbox;
/* What was under way when the last process died becomes unknown; folders that no row knows are removed. */
struct outbox *outbox_open (const char *dir, GError **error);
void outbox_free (struct outbox *outbox);
DEFINE_AUTOFREE (outbox, outbox_free)
/* What is to be sent: one message in copies. */
struct outbox_submission {
  const char *message_id, *from, *draft_path;
  gint64 date;       /* 0: now */
  gint64 not_before; /* 0: at once */
  GPtrArray *copies; /* struct outbox_copy * (method, note, recipients, ids, keys) */
  const int *files;  /* the bytes of each copy, in their order, and then those of the record */
  /* Asked of each copy once its bytes lie in the outbox, where nobody else can change them. FALSE with error: none of it is taken in. */
  gboolean (*check) (const struct outbox_copy *copy, GBytes *message, gpointer data, GError **error);
  gpointer data;
};
/* Durable when it returns. The same message_id given twice is one send: the id of the first comes back, unless nobody got that one or may still get
 * it. Whom a person took out of the first is not in it for that: what became of each says the item. */
char *outbox_submit (struct outbox *outbox, const struct outbox_submission *submission, GError **error);
/* When a note to this address was last taken in; 0: not within a day. */
gint64 outbox_told (struct outbox *outbox, const char *address);
GPtrArray *outbox_items (struct outbox *outbox); /* struct outbox_item *, oldest first */
struct outbox_item *outbox_find (struct outbox *outbox, const char *id, GError **error);
/* Mapped. */
GBytes *outbox_message (struct outbox *outbox, const char *id, guint number, GError **error);
int outbox_open_sent (struct outbox *outbox, const char *id); /* read-only; -1 */
/* Write down what the item and its people are like now. copy: only its people; NULL: those of all copies. */
gboolean outbox_save (struct outbox *outbox, const struct outbox_item *item, const struct outbox_copy *copy,
                      GError **error);
gboolean outbox_forget (struct outbox *outbox, const char *id, GError **error); /* only where nothing is left to do */
/* All its people were dropped, which need not have been saved: it is no more there, in one step. */
gboolean outbox_discard (struct outbox *outbox, const struct outbox_item *item, GError **error);

/* ---- outbox_decide.c: what a person decides. FALSE with error: it cannot be done as things are. ---- */
gboolean outbox_decide_retry (struct outbox *outbox, const char *id, GError **error);   /* failed, unknown: ready */
gboolean outbox_decide_arrived (struct outbox *outbox, const char *id, GError **error); /* unknown: accepted */
/* What is ready waits until somebody decides. */
gboolean outbox_decide_stop (struct outbox *outbox, const char *id, GError **error);
/* Who has not got it will not get it. gone_out: nobody has it, and it is no more in the outbox. */
gboolean outbox_decide_remove (struct outbox *outbox, const char *id, gboolean *gone_out, GError **error);
/* He must not get it as it is. */
gboolean outbox_decide_hold (struct outbox *outbox, const char *id, const char *address, const char *why,
                             GError **error);

/* ---- state_outbox.c: the journal; used by outbox.c only ---- */
struct state;
struct state *state_outbox_open (const char *file, GError **error);
GPtrArray *state_outbox_items (struct state *state);
void state_outbox_add (struct state *state, const struct outbox_item *item);
void state_outbox_set (struct state *state, const struct outbox_item *item);
void state_outbox_set_people (struct state *state, const struct outbox_item *item, const struct outbox_copy *copy);
gint64 state_outbox_told (struct state *state, const char *address);
void state_outbox_delete (struct state *state, const char *id);
