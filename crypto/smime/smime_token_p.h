/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Private keys on smart cards, through a PKCS#11 module that is loaded into this process (PKCS#11 2.40, RFC 7512).
 *
 * A key never leaves its card: what is asked of the card is to sign, to decrypt a content key, and to agree on one. Nobody but the
 * person gives a PIN; it is handed to the card and forgotten, and the card stays open until the module is let go. No wrong PIN is
 * tried twice, and none without being asked for, since cards lock themselves after a few. */
#pragma once
#include <openssl/x509.h>
#include "crypto/keys/keyring.h"

struct smime_tokens; /* the modules that were loaded, and the cards that were opened */
struct smime_tokens *smime_tokens_new (void);
void smime_tokens_free (struct smime_tokens *tokens); /* after all keys that were opened with it */
void smime_tokens_set_ask (struct smime_tokens *tokens, keyring_ask_fn ask, gpointer data);
/* The only modules that may be loaded, by their paths; NULL: any that smime_token_module_path takes. */
void smime_tokens_allow (struct smime_tokens *tokens, const char *const *modules_or_null);

/* A certificate on a card that has its private key. */
struct smime_token_offer {
  X509 *certificate;
  char *module; /* the path that its module was loaded from */
  char *uri;    /* of the key on its card, RFC 7512 */
  char *label;  /* the card's name; printable */
};
void smime_token_offer_free (struct smime_token_offer *offer);
/* All certificates with a key on the cards that are in now; asks for the PIN of each. module NULL: the one that is usual.
 * NULL with error: there is none, PASSPHRASE, CARD. */
GPtrArray *smime_tokens_list (struct smime_tokens *tokens, const char *module_or_null, GError **error);
/* The certificate's key; asks for the PIN where it is needed. The caller frees. NULL with PASSPHRASE or CARD. */
EVP_PKEY *smime_tokens_open_key (struct smime_tokens *tokens, const char *module, const char *uri, X509 *certificate,
                                 GError **error);
/* Why the last operation with a key of a card failed, if it was the card (and not what it was given to do). TRUE with error set. */
gboolean smime_tokens_take_failure (struct smime_tokens *tokens, GError **error);
char *smime_token_label (const char *uri); /* the card's name as the URI says; printable */

/* smime_token_module.c: the real path of a module that may be loaded. A name without "/" is looked for where modules are installed.
 * It must lie under a folder of the system, and nobody but root may be able to change it or any folder above it: its code runs where
 * private keys are. NULL with FAILED. */
char *smime_token_module_path (const char *name_or_null, const char *const *allowed_or_null, GError **error);
