/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A draft on its way through the engine, to be sent or to be kept: what flow_send and flow_draft share. Engine only. */
#pragma once
#include "mail/engine/core.h"

struct sending {
  void (*next) (struct sending *sending);
  struct core *core;
  struct request *request;
  GVariant *draft;              /* with the sender filled in */
  struct core_account *account; /* NULL for a dry run, or where there is none: what is held is said all the same */
  GVariant *reply;              /* of keys.protect */
  GUnixFDList *fds;
  char *message_id, *draft_id;
  char *draft_path;                   /* of the draft that is being sent; NULL */
  struct core_account *draft_account; /* that has it */
  char *text;                         /* for the person */
  char *outbox_id;                    /* once the outbox has it */
  GVariant *people;                   /* what became of each recipient, as of the outbox; NULL: not known yet */
  gint64 not_before;                  /* 0: at once */
  gboolean kept;                      /* what is held is in Drafts */
  gboolean looked;                    /* directories were asked for keys that are missing */
  gint64 since;                       /* it began, by the monotonic clock */
};

/* Of a request with a draft. The account is that of its sender, NULL where there is none. The engine does not leave before sending_free. */
struct sending *sending_new (struct core *core, struct request *request);
void sending_free (struct sending *sending);
void sending_fail (struct sending *sending, const GError *error);
/* Find the file of an older draft that this one comes from (draft_id; NULL or "": none), then go on. */
void sending_with_draft (struct sending *sending, const char *draft_id, void (*next) (struct sending *sending));
/* A newer draft, or the sent message, has taken the place of that file. */
void sending_remove_draft (struct sending *sending);
/* A list with one descriptor of the keys worker's reply. NULL: there is none. Caller unrefs. */
GUnixFDList *sending_fd (struct sending *sending, const char *field);
char *sending_address (const char *text); /* of "Name <address>" or "address" */

/* ---- sending_known.c: what became of it, where the outbox has it no more ---- */
enum sending_known {
  SENDING_KNOWN_NOT = 0, /* nothing is known of that Message-ID */
  SENDING_KNOWN_OTHER,   /* it is another message's, of which nobody here was to get one */
  SENDING_KNOWN_SENT,    /* the server took it for everybody */
  SENDING_KNOWN_PARTLY,  /* not for those in missing */
};
typedef void (*sending_known_fn) (struct sending *sending, enum sending_known known, const char *missing);
/* Asks the account's ledger for the recipients of the draft. */
void sending_known (struct sending *sending, sending_known_fn done);

/* ---- outbox_draft.c: is the draft that is being sent the one of a message that the outbox has? ---- */
typedef void (*outbox_draft_fn) (struct sending *sending, gboolean waits);
void outbox_draft_look (struct sending *sending, outbox_draft_fn done);
