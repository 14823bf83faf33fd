/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the smtp worker share. */
#pragma once
#include "mail/workers/worker.h"

#include "crypto/guard/secret.h"
#include "mail/net/smtp.h"
#include "mail/store/ledger.h"
#include "mail/store/outbox.h"

#define SMTP_MESSAGE_MAX (256u * 1024 * 1024)

struct submission {
  struct remote *remote;
  struct secret *secret;
  struct outbox *outbox;
  struct ledger *ledger;
  gboolean reports; /* servers are asked what becomes of each mail */
  guint overdue_s;  /* how long nothing may be heard of one */
  gsize size_max;   /* of a mail, as the server said when it was last asked; 0: not known */
  char *address;    /* of the account: the only one that a note can come from */
  gboolean notes;   /* may they be sent at all? */
  gint64 late_s;    /* what waits for longer is told of; 0: nothing is */
  /* While a run is at an item: small requests are answered all the same. */
  struct smtp *line;                   /* to the server; NULL: there is none */
  const struct outbox_item *under_way; /* NULL: none */
  gboolean stop;                       /* somebody wants it back */
  gint64 moved_us;                     /* monotonic: when it began, or the last of it was given to the server */
};

/* The gate, on a copy's bytes. date: of its item. */
gboolean smtp_gate (const struct submission *self, const struct outbox_copy *copy, gint64 date, GBytes *message,
                    GError **error);
struct smtp *smtp_line (struct submission *self, const struct stream_guest *guest_or_null, GError **error);

/* smtp_run.c: what is due is sent. */
GVariant *smtp_run (struct worker *worker, GVariant *args, GError **error);
/* smtp_rows.c: the outbox as rows. found: id -> enum smtp_found, of those that a run came by; NULL: there was none. */
enum smtp_found { SMTP_TRIED = 1, SMTP_UNCHECKED };
GVariant *smtp_rows (struct worker *worker, GHashTable *found);
GVariant *smtp_list (struct worker *worker, GVariant *args, GError **error);
/* smtp_decide.c: the methods by which somebody decides about an item. */
GVariant *smtp_stop (struct worker *worker, GVariant *args, GError **error);
GVariant *smtp_decide (struct worker *worker, GVariant *args, GError **error);
/* smtp_note.c: the method "tell". */
GVariant *smtp_tell (struct worker *worker, GVariant *args, GError **error);

/* smtp_ledger.c: the ledger follows the outbox. What it misses is made up for the next time. */
void smtp_ledger_follow (struct submission *self);
void smtp_ledger_follow_copy (struct submission *self, const struct outbox_item *item, const struct outbox_copy *copy);
/* The methods "report", "delivery", "overdue", "receipt". */
GVariant *smtp_report (struct worker *worker, GVariant *args, GError **error);
GVariant *smtp_delivery (struct worker *worker, GVariant *args, GError **error);
GVariant *smtp_overdue (struct worker *worker, GVariant *args, GError **error);
GVariant *smtp_receipt (struct worker *worker, GVariant *args, GError **error);
