/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the smtp worker share. */
#pragma once
#include "mail/workers/worker.h"

#include "crypto/guard/secret.h"
#include "mail/store/outbox.h"

#define SMTP_MESSAGE_MAX (256u * 1024 * 1024)

struct submission {
  struct remote *remote;
  struct secret *secret;
  struct outbox *outbox;
  gsize size_max; /* of a mail, as the server said when it was last asked; 0: not known */
  char *address;  /* of the account: the only one that a note can come from */
  gboolean notes; /* may they be sent at all? */
};

/* The gate, on a copy's bytes. date: of its item. */
gboolean smtp_gate (const struct submission *self, const struct outbox_copy *copy, gint64 date, GBytes *message,
                    GError **error);
/* The method "tell". */
GVariant *smtp_tell (struct worker *worker, GVariant *args, GError **error);
