/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the lookup worker share. */
#pragma once
#include "mail/workers/worker.h"

/* A question to a directory of keys. Strings borrowed. */
struct lookup_question {
  const char *address; /* a whole addr-spec */
  const char *ca_file; /* authorities of the user's organisation, where the address is one of its own; else NULL */
  guint32 limit_ms;
  GVariant *args; /* of the call: what only one directory needs */
};
GVariant *lookup_find_keys (struct worker *worker, GVariant *args, GError **error);
