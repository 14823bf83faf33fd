/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* OpenPGP keys on smart cards: gpg-agent asks the card, by its scdaemon, and gpg uses such a key like any other. What is done here is
 * what gpg leaves open: to learn which keys a card has, to say at once that it is not in, and to ask for its PIN in words.
 *
 * A key on a card is known by a stub in the GNUPGHOME. Where there is none, scdaemon is never started. */
#include "crypto/pgp/pgp_p.h"
#include <string.h>

#define KEYS_MAX 64

struct answer {
  GPtrArray *grips; /* char *: of the keys on the card that is in */
};

/* "S KEYPAIRINFO KEYGRIP WHERE" */
static gpgme_error_t
on_status (void *data, const char *status, const char *arguments)
{
  struct answer *answer = data;
  if (strcmp (status, "KEYPAIRINFO") == 0 && answer->grips->len < KEYS_MAX) {
    g_auto (GStrv) words = g_strsplit (arguments, " ", 2);
    if (words[0] != NULL && *words[0] != '\0')
      g_ptr_array_add (answer->grips, g_strdup (words[0]));
  }
  return 0;
}

/* A command to the agent, which runs already. */
static gpgme_error_t
tell_agent (struct pgp_engine *engine, const char *command, struct answer *answer)
{
  AUTOFREE (gpgme_context) context = NULL;
  g_autofree char *socket = g_build_filename (engine->home, "S.gpg-agent", NULL);
  gpgme_error_t operation = 0, failed = gpgme_new (&context);
  if (failed == 0)
    failed = gpgme_set_protocol (context, GPGME_PROTOCOL_ASSUAN);
  if (failed == 0)
    failed = gpgme_ctx_set_engine_info (context, GPGME_PROTOCOL_ASSUAN, socket, engine->home);
  if (failed == 0)
    failed = gpgme_op_assuan_transact_ext (context, command, NULL, NULL, NULL, NULL, on_status, answer, &operation);
  return failed != 0 ? failed : operation;
}

/* The serial number as gpg prints it: what stands on most cards. */
char *
pgp_card_name (gpgme_key_t key)
{
  for (gpgme_subkey_t subkey = key->subkeys; subkey != NULL; subkey = subkey->next) {
    if (!subkey->secret || !subkey->is_cardkey)
      continue;
    const char *number = subkey->card_number;
    if (number != NULL && strlen (number) == 32 && g_str_has_prefix (number, "D27600012401"))
      return g_strdup_printf ("OpenPGP %.4s %.8s", number + 16, number + 20);
    return number != NULL && *number != '\0' ? g_strdup_printf ("OpenPGP %s", number) : g_strdup ("OpenPGP");
  }
  return NULL;
}

static gboolean
set_error (GError **error, gpgme_error_t reason)
{
  const gpgme_err_code_t why = gpgme_err_code (reason);
  if (why == GPG_ERR_CARD_NOT_PRESENT || why == GPG_ERR_ENODEV || why == GPG_ERR_CARD_REMOVED)
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_CARD,
                 "There is no OpenPGP card in any reader. Put your card in and try again.");
  else if (why == GPG_ERR_NO_SCDAEMON || why == GPG_ERR_NOT_SUPPORTED || why == GPG_ERR_ENOENT)
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_CARD,
                 "gpg's program for cards does not start, so that no OpenPGP card can be used. Install it: apt install "
                 "scdaemon pcscd");
  else
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_CARD,
                 "The OpenPGP card could not be read (%s). Take it out, put it in again and retry.",
                 gpgme_strerror (reason));
  return FALSE;
}

/* NULL with error: it cannot be asked; none: no card is in, or one without keys. */
static GPtrArray *
grips_in (struct pgp_engine *engine, const char *command, GError **error)
{
  g_autoptr (GPtrArray) grips = g_ptr_array_new_with_free_func (g_free);
  struct answer answer = { grips };
  gpgme_error_t failed = tell_agent (engine, command, &answer);
  if (failed == 0)
    return g_steal_pointer (&grips);
  (void) set_error (error, failed);
  return NULL;
}

gboolean
pgp_card_ready (struct pgp_engine *engine, gpgme_key_t key, gpgme_subkey_t subkey, GError **error)
{
  if (!subkey->is_cardkey)
    return TRUE;
  g_autofree char *name = pgp_card_name (key);
  g_autoptr (GError) why = NULL;
  g_autoptr (GPtrArray) grips = grips_in (engine, "SCD LEARN --keypairinfo", &why);
  if (grips != NULL && subkey->keygrip != NULL
      && g_ptr_array_find_with_equal_func (grips, subkey->keygrip, g_str_equal, NULL)) {
    g_free (engine->card);
    engine->card = g_steal_pointer (&name);
    return TRUE;
  }
  if (grips == NULL && strstr (why->message, "apt install") != NULL)
    g_propagate_error (error, g_steal_pointer (&why));
  else
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_CARD,
                 "The card “%s” is not in the reader, and the key is on it. Put the card in and try again; nothing was "
                 "lost.",
                 name);
  return FALSE;
}

gboolean
pgp_card_failed (struct pgp_engine *engine, gpgme_error_t reason, GError **error)
{
  switch ((int) gpgme_err_code (reason)) {
  case GPG_ERR_PIN_BLOCKED:
    g_set_error (
        error, CRYPTO_ERROR, CRYPTO_ERROR_CARD,
        "The card “%s” is locked, as a wrong PIN was given too often. It has to be unlocked with its PUK or its "
        "admin PIN.",
        engine->card != NULL ? engine->card : "OpenPGP");
    return TRUE;
  case GPG_ERR_BAD_PIN:
  case GPG_ERR_BAD_PASSPHRASE:
  case GPG_ERR_NO_PASSPHRASE:
  case GPG_ERR_CANCELED:
  case GPG_ERR_NO_SECKEY:
    break;
  default:
    return FALSE;
  }
  if (engine->card == NULL || !engine->asked)
    return FALSE;
  if (engine->given)
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_PASSPHRASE,
                 "The PIN of the card “%s” was wrong. After a few wrong PINs the card locks itself.", engine->card);
  else
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_PASSPHRASE,
                 "The card “%s” needs its PIN, and none was given. Try again and give it.", engine->card);
  return TRUE;
}

gpgme_subkey_t
pgp_card_signing (gpgme_key_t key)
{
  gpgme_subkey_t chosen = NULL; /* the newest, as gpg chooses */
  for (gpgme_subkey_t subkey = key->subkeys; subkey != NULL; subkey = subkey->next)
    if (subkey->can_sign && subkey->secret && pgp_keys_fault (subkey, 0) == KEY_FAULT_NONE
        && (chosen == NULL || subkey->timestamp > chosen->timestamp))
      chosen = subkey;
  return chosen;
}

/* ids: "pgp:..." of the recipients. Where a key that is here opens it as well, no card is needed. */
gboolean
pgp_card_ready_for (struct pgp_engine *engine, const GPtrArray *ids, GError **error)
{
  gpgme_key_t key_of_card = NULL;
  gpgme_subkey_t on_card = NULL;
  GPtrArray *keys = pgp_keys_all (engine, NULL);
  for (guint i = 0; keys != NULL && i < keys->len; i++)
    for (gpgme_subkey_t subkey = ((gpgme_key_t) keys->pdata[i])->subkeys; subkey != NULL; subkey = subkey->next) {
      g_autofree char *id = subkey->keyid != NULL ? g_strconcat ("pgp:", subkey->keyid, NULL) : NULL;
      if (!subkey->secret || id == NULL || !g_ptr_array_find_with_equal_func ((GPtrArray *) ids, id, g_str_equal, NULL))
        continue;
      if (!subkey->is_cardkey)
        return TRUE;
      key_of_card = keys->pdata[i];
      on_card = subkey;
    }
  return on_card == NULL || pgp_card_ready (engine, key_of_card, on_card, error);
}

/* ---- taking in a card ---- */

static gboolean
start_agent (struct pgp_engine *engine, GError **error)
{
  g_clear_pointer (&engine->keys, g_ptr_array_unref);
  GPtrArray *keys = pgp_keys_all (engine, error); /* gpg starts it, to see which keys are one's own */
  if (keys == NULL || keys->len > 0)
    return keys != NULL;
  g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_NO_KEY,
               "There is no OpenPGP key here that could be on a card: a card holds the private half alone. Import the "
               "public half first: wardmail key import FILE");
  return FALSE;
}

static guint
report (struct pgp_engine *engine, const GPtrArray *grips, GPtrArray *candidates_out)
{
  GPtrArray *keys = pgp_keys_all (engine, NULL);
  const guint before = candidates_out->len;
  for (guint i = 0; keys != NULL && i < keys->len; i++) {
    gpgme_key_t key = keys->pdata[i];
    gboolean found = FALSE;
    for (gpgme_subkey_t subkey = key->subkeys; subkey != NULL; subkey = subkey->next)
      found |= subkey->is_cardkey && subkey->keygrip != NULL
               && g_ptr_array_find_with_equal_func ((GPtrArray *) grips, subkey->keygrip, g_str_equal, NULL);
    g_autoptr (GPtrArray) addresses = pgp_keys_addresses (key);
    if (found)
      g_ptr_array_add (candidates_out, pgp_keys_candidate (key, addresses->len > 0 ? addresses->pdata[0] : "", 0));
  }
  return candidates_out->len - before;
}

static gboolean
learn (struct pgp_engine *engine, GPtrArray *candidates_out, GError **error)
{
  if (!start_agent (engine, error))
    return FALSE;
  g_autoptr (GPtrArray) grips = grips_in (engine, "LEARN --sendinfo", error);
  if (grips == NULL)
    return FALSE;
  g_clear_pointer (&engine->keys, g_ptr_array_unref);
  if (grips->len == 0)
    return set_error (error, gpgme_error (GPG_ERR_CARD_NOT_PRESENT));
  if (report (engine, grips, candidates_out) > 0)
    return TRUE;
  g_set_error (
      error, CRYPTO_ERROR, CRYPTO_ERROR_NO_KEY,
      "None of the OpenPGP keys here is on this card. Import the public half of the card's key first: wardmail "
      "key import FILE");
  return FALSE;
}

gboolean
pgp_card_add (struct pgp_engine *engine, GPtrArray *candidates_out, GError **error)
{
  if (!pgp_home_use_cards (engine, TRUE, error))
    return FALSE;
  if (learn (engine, candidates_out, error))
    return TRUE;
  (void) pgp_home_use_cards (engine, pgp_agent_has_stubs (engine->home), NULL);
  return FALSE;
}
