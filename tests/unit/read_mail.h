/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A message read as the keys worker, the filter and the engine read it together: everything that comes of it for a person. */
#pragma once
#include "crypto/inspect.h"
#include "tests/unit/fixture.h"

struct read_mail {
  struct inspection *inspection;
  GVariant *view;  /* with text_body and segments */
  GVariant *reply; /* the drafts, to all */
  GVariant *forward;
  char *shadow; /* header and decoded text of what is indexed; "" when nothing is */
  char *parts;  /* the bytes of all parts that can be saved */
};
void read_mail_init (struct read_mail *mail, struct keyring *keyring, const char *message);
void read_mail_clear (struct read_mail *mail);
const char *read_mail_text (GVariant *dictionary, const char *name); /* a string field; "" when it is not there */
char *read_mail_list (GVariant *dictionary, const char *name);       /* an array of strings, joined by "|" */
gboolean read_mail_warned (const struct read_mail *mail, const char *code);
gboolean read_mail_repeats (const struct read_mail *mail,
                            const char *text);                             /* in the reply, the forward, or the index */
gboolean read_mail_holds (const struct read_mail *mail, const char *text); /* anywhere at all */
