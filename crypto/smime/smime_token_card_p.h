/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What the two files that speak PKCS#11 share. */
#pragma once
#include <p11-kit/pkcs11.h>
#include <p11-kit/uri.h>
#include "crypto/smime/smime_token_p.h"

#define SMIME_CARD_MISSING                                                                                             \
  "The card “%s” is not in the reader, and the key is on it. Put the card in and try again; nothing was lost."

struct smime_card {
  struct smime_tokens *tokens; /* borrowed */
  CK_FUNCTION_LIST *functions; /* of its module */
  CK_SLOT_ID slot;
  CK_TOKEN_INFO info;
  CK_SESSION_HANDLE session; /* CK_INVALID_HANDLE: not open */
  char *label;               /* printable */
  struct secret *refused;    /* the last PIN that was wrong; NULL */
};
struct smime_card_key {
  struct smime_card *card; /* borrowed */
  CK_OBJECT_HANDLE object;
  gboolean asks_always; /* the PIN is needed each time it is used */
};

/* smime_token.c. Ask for the PIN and give it to the card; why: what follows the card's name in the question. */
gboolean smime_card_give_pin (struct smime_card *card, CK_USER_TYPE user, const char *why, GError **error);
/* An operation failed through no fault of what it was given: remember why, and open the card anew next time. */
void smime_card_failed (struct smime_card *card, CK_RV result);
void smime_card_failed_take (struct smime_card *card, GError *failure);

/* smime_token_key.c: a key for OpenSSL with this certificate's public half. key is copied. NULL: not a kind that can be used. */
EVP_PKEY *smime_card_key_new (const struct smime_card_key *key, X509 *certificate);
