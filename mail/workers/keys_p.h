/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the keys worker share. */
#pragma once
#include "crypto/keys/keyring.h"
#include "mail/workers/worker.h"

#define KEYS_MESSAGE_SIZE_MAX (64u * 1024 * 1024)

struct keys {
  struct keyring *keyring;
  char *dir;          /* of the keyring */
  GPtrArray *records; /* see keys_record.c */
  struct route_policy policy;
  gboolean announce;       /* say which keys are ours and our readers' (Autocrypt) */
  gboolean legacy_display; /* of what is sent; see wardmail-policy(5) */
  char **directories;      /* names of those that policy allows to ask; NULL: none */
};

GVariant *keys_nothing (void);
/* A "h" field with these bytes in it. NULL with error. */
GVariant *keys_reply_bytes (struct worker *worker, GBytes *bytes, GError **error);
const char *keys_trust_name (enum key_trust trust);

/* keys_send.c */
GVariant *keys_routes (struct worker *worker, GVariant *args, GError **error);
GVariant *keys_protect (struct worker *worker, GVariant *args, GError **error);
GVariant *keys_seal (struct worker *worker, GVariant *args, GError **error);
/* keys_record.c */
struct protected_copy;
GPtrArray *keys_record_new (void);
void keys_record_keep (struct keys *keys, const struct protected_copy *record, GBytes *payload);
GBytes *keys_record_words (struct keys *keys, int fd); /* the shadow of this file; NULL: not known */
/* keys_learn.c: nothing that goes wrong there matters to the reader. */
struct inspection;
void keys_learn (struct keys *keys, const struct inspection *inspection, GVariant *view);
/* keys_ring.c */
GVariant *keys_key_import (struct worker *worker, GVariant *args, GError **error);
GVariant *keys_key_list (struct worker *worker, GVariant *args, GError **error);
GVariant *keys_key_trust (struct worker *worker, GVariant *args, GError **error);
GVariant *keys_card_add (struct worker *worker, GVariant *args, GError **error);
GVariant *keys_key_notices (struct worker *worker, GVariant *args, GError **error);
char *keys_clean (const char *text_or_null); /* what others named a key or a card, as one line that is safe to show */
GVariant *keys_key_rows (GPtrArray *candidates);     /* aa{sv}, as "key_list" tells them; floating */
struct secret *keys_passphrase_arg (GVariant *args); /* wiped where it stood; NULL: there is none */
/* keys_life.c */
GVariant *keys_key_new (struct worker *worker, GVariant *args, GError **error);
GVariant *keys_key_requests (struct worker *worker, GVariant *args, GError **error);
GVariant *keys_key_request_drop (struct worker *worker, GVariant *args, GError **error);
/* What came of it, as rows: one of them, the other, or both. */
struct smime_request;
GVariant *keys_key_made (struct worker *worker, struct key_candidate *key_or_null,
                         struct smime_request *request_or_null, GError **error);
/* keys_change.c */
GVariant *keys_key_renew (struct worker *worker, GVariant *args, GError **error);
GVariant *keys_key_revoke (struct worker *worker, GVariant *args, GError **error);
GVariant *keys_key_backup (struct worker *worker, GVariant *args, GError **error);
GVariant *keys_key_backup_done (struct worker *worker, GVariant *args, GError **error);
GVariant *keys_key_restore (struct worker *worker, GVariant *args, GError **error);
GVariant *keys_key_export (struct worker *worker, GVariant *args, GError **error);
/* keys_directory.c: rows of what should be looked up for these routes; wanted_out: how many that matter to them now */
struct plan;
GVariant *keys_looks (struct keys *keys, const struct plan *plan, guint *wanted_out);
GVariant *keys_learn_keys (struct worker *worker, GVariant *args, GError **error);
/* keys_revocation.c: wants as rows, and what came of them */
GVariant *keys_wants (GPtrArray *wants);
GVariant *keys_answers (struct worker *worker, GVariant *args, GError **error);
GVariant *keys_ca_import (struct worker *worker, GVariant *args, GError **error);
