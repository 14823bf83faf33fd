/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Cards: finding the one that is meant, opening it with its PIN, and what lies on it. See smime_token_p.h. */
#include <dlfcn.h>
#include <string.h>
#include "crypto/smime/smime_token_card_p.h"

#define SLOTS_MAX 64
#define OBJECTS_MAX 64
#define CERTIFICATE_BYTES_MAX 65536
#define ID_BYTES_MAX 256

struct module {
  char *path;
  CK_FUNCTION_LIST *functions;
};

struct smime_tokens {
  GPtrArray *modules, *cards;
  char **allowed; /* NULL: all that may be loaded */
  keyring_ask_fn ask;
  gpointer ask_data;
  GError *failure;
};

static void
module_free (gpointer data)
{
  struct module *module = data;
  (void) module->functions->C_Finalize (NULL); /* and it stays in memory: some have threads that run its code */
  g_free (module->path);
  g_free (module);
}

static void
card_close (struct smime_card *card)
{
  if (card->session != CK_INVALID_HANDLE)
    (void) card->functions->C_CloseSession (card->session); /* the last one: the card is locked again */
  card->session = CK_INVALID_HANDLE;
}

static void
card_free (gpointer data)
{
  struct smime_card *card = data;
  card_close (card);
  secret_free (card->refused);
  g_free (card->label);
  g_free (card);
}

struct smime_tokens *
smime_tokens_new (void)
{
  struct smime_tokens *tokens = g_new0 (struct smime_tokens, 1);
  tokens->modules = g_ptr_array_new_with_free_func (module_free);
  tokens->cards = g_ptr_array_new_with_free_func (card_free);
  return tokens;
}

void
smime_tokens_free (struct smime_tokens *tokens)
{
  if (tokens == NULL)
    return;
  g_ptr_array_unref (tokens->cards);
  g_ptr_array_unref (tokens->modules);
  g_strfreev (tokens->allowed);
  g_clear_error (&tokens->failure);
  g_free (tokens);
}

void
smime_tokens_set_ask (struct smime_tokens *tokens, keyring_ask_fn ask, gpointer data)
{
  tokens->ask = ask;
  tokens->ask_data = data;
}

void
smime_tokens_allow (struct smime_tokens *tokens, const char *const *modules_or_null)
{
  g_strfreev (tokens->allowed);
  tokens->allowed = g_strdupv ((char **) modules_or_null);
}

/* ---- modules ---- */

static struct module *
load (const char *path, GError **error)
{
  void *handle = dlopen (path, RTLD_NOW | RTLD_LOCAL);
  CK_C_GetFunctionList get = NULL;
  CK_FUNCTION_LIST *functions = NULL;
  if (handle != NULL)
    *(void **) &get = dlsym (handle, "C_GetFunctionList");
  CK_C_INITIALIZE_ARGS arguments = { .flags = CKF_OS_LOCKING_OK };
  CK_RV result = get != NULL ? get (&functions) : CKR_GENERAL_ERROR;
  if (result == CKR_OK && functions != NULL)
    result = functions->C_Initialize (&arguments);
  if (functions != NULL && (result == CKR_OK || result == CKR_CRYPTOKI_ALREADY_INITIALIZED)) {
    struct module *module = g_new0 (struct module, 1);
    module->path = g_strdup (path);
    module->functions = functions;
    return module;
  }
  g_info ("%s: %s", path, handle == NULL ? dlerror () : "it does not start");
  g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_CARD,
               "The card module %s does not start (error 0x%lx). Ask your administrator to install it anew.", path,
               result);
  return NULL;
}

static struct module *
find_module (struct smime_tokens *tokens, const char *name, GError **error)
{
  g_autofree char *path = smime_token_module_path (name, (const char *const *) tokens->allowed, error);
  if (path == NULL)
    return NULL;
  for (guint i = 0; i < tokens->modules->len; i++)
    if (strcmp (((struct module *) tokens->modules->pdata[i])->path, path) == 0)
      return tokens->modules->pdata[i];
  struct module *module = load (path, error);
  if (module != NULL)
    g_ptr_array_add (tokens->modules, module);
  return module;
}

/* ---- what cards are called ---- */

/* Fields of fixed width, padded with blanks. */
static char *
printable (const CK_UTF8CHAR *text, gsize size)
{
  g_autofree char *raw = g_strndup ((const char *) text, size), *valid = g_utf8_make_valid (raw, -1);
  GString *clean = g_string_new (NULL);
  for (const char *at = valid; *at != '\0'; at = g_utf8_next_char (at))
    g_string_append_unichar (clean, g_unichar_isprint (g_utf8_get_char (at)) ? g_utf8_get_char (at) : '?');
  g_strchomp (clean->str);
  return clean->str[0] != '\0' ? g_string_free (clean, FALSE)
                               : (g_string_free (clean, TRUE), g_strdup ("without a name"));
}

static P11KitUri *
parse_uri (const char *uri)
{
  P11KitUri *parsed = p11_kit_uri_new ();
  if (p11_kit_uri_parse (uri, P11_KIT_URI_FOR_OBJECT_ON_TOKEN, parsed) == P11_KIT_URI_OK
      && p11_kit_uri_any_unrecognized (parsed) == 0)
    return parsed;
  p11_kit_uri_free (parsed);
  return NULL;
}

char *
smime_token_label (const char *uri)
{
  P11KitUri *parsed = parse_uri (uri);
  if (parsed == NULL)
    return g_strdup ("?");
  const CK_TOKEN_INFO *info = p11_kit_uri_get_token_info (parsed);
  char *label = printable (info->label, sizeof info->label);
  p11_kit_uri_free (parsed);
  return label;
}

/* ---- cards ---- */

static gboolean
same_card (const CK_TOKEN_INFO *a, const CK_TOKEN_INFO *b)
{
  return memcmp (a->label, b->label, sizeof a->label) == 0
         && memcmp (a->manufacturerID, b->manufacturerID, sizeof a->manufacturerID) == 0
         && memcmp (a->model, b->model, sizeof a->model) == 0
         && memcmp (a->serialNumber, b->serialNumber, sizeof a->serialNumber) == 0;
}

/* The card in this slot; a known one keeps what is known of it, wherever it was before. */
static struct smime_card *
card_in (struct smime_tokens *tokens, struct module *module, CK_SLOT_ID slot, const CK_TOKEN_INFO *info)
{
  for (guint i = 0; i < tokens->cards->len; i++) {
    struct smime_card *known = tokens->cards->pdata[i];
    if (known->functions == module->functions && same_card (&known->info, info)) {
      if (known->slot != slot)
        card_close (known);
      known->slot = slot;
      known->info = *info;
      return known;
    }
  }
  struct smime_card *card = g_new0 (struct smime_card, 1);
  card->tokens = tokens;
  card->functions = module->functions;
  card->slot = slot;
  card->info = *info;
  card->session = CK_INVALID_HANDLE;
  card->label = printable (info->label, sizeof info->label);
  g_ptr_array_add (tokens->cards, card);
  return card;
}

/* struct smime_card * (borrowed) of all that are in. */
static GPtrArray *
cards_in (struct smime_tokens *tokens, struct module *module)
{
  GPtrArray *cards = g_ptr_array_new ();
  CK_SLOT_ID slots[SLOTS_MAX];
  CK_ULONG count = SLOTS_MAX;
  if (module->functions->C_GetSlotList (CK_TRUE, slots, &count) != CKR_OK)
    return cards;
  for (CK_ULONG i = 0; i < MIN (count, SLOTS_MAX); i++) {
    CK_TOKEN_INFO info = { 0 };
    if (module->functions->C_GetTokenInfo (slots[i], &info) == CKR_OK && (info.flags & CKF_TOKEN_INITIALIZED))
      g_ptr_array_add (cards, card_in (tokens, module, slots[i], &info));
  }
  return cards;
}

static gboolean
set_error (GError **error, const struct smime_card *card, CK_RV result)
{
  switch (result) {
  case CKR_TOKEN_NOT_PRESENT:
  case CKR_TOKEN_NOT_RECOGNIZED:
  case CKR_DEVICE_REMOVED:
  case CKR_SLOT_ID_INVALID:
  case CKR_SESSION_HANDLE_INVALID:
  case CKR_SESSION_CLOSED:
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_CARD, SMIME_CARD_MISSING, card->label);
    return FALSE;
  case CKR_PIN_LOCKED:
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_CARD,
                 "The card “%s” is locked, as a wrong PIN was given too often. It has to be unlocked with its PUK by "
                 "whoever gave it to you.",
                 card->label);
    return FALSE;
  default:
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_CARD,
                 "The card “%s” could not do what it was asked (error 0x%lx). Take it out, put it in again and retry.",
                 card->label, result);
    return FALSE;
  }
}

static gboolean
card_open (struct smime_card *card, GError **error)
{
  CK_SESSION_INFO info;
  if (card->session != CK_INVALID_HANDLE && card->functions->C_GetSessionInfo (card->session, &info) != CKR_OK)
    card_close (card);
  if (card->session != CK_INVALID_HANDLE)
    return TRUE;
  CK_RV result = card->functions->C_OpenSession (card->slot, CKF_SERIAL_SESSION, NULL, NULL, &card->session);
  if (result == CKR_OK)
    return TRUE;
  card->session = CK_INVALID_HANDLE;
  return set_error (error, card, result);
}

/* ---- the PIN ---- */

static const char *
tries_left (struct smime_card *card)
{
  CK_TOKEN_INFO info = { 0 };
  if (card->functions->C_GetTokenInfo (card->slot, &info) == CKR_OK)
    card->info.flags = info.flags;
  if (card->info.flags & CKF_USER_PIN_LOCKED)
    return "The card is now locked; it has to be unlocked with its PUK.";
  if (card->info.flags & CKF_USER_PIN_FINAL_TRY)
    return "One try is left; after another wrong PIN the card locks itself.";
  if (card->info.flags & CKF_USER_PIN_COUNT_LOW)
    return "Few tries are left before the card locks itself.";
  return "After a few wrong PINs the card locks itself.";
}

static struct secret *
ask_pin (struct smime_card *card, const char *why, GError **error)
{
  struct smime_tokens *tokens = card->tokens;
  const char *warning = card->info.flags & CKF_USER_PIN_FINAL_TRY   ? " (one try is left)"
                        : card->info.flags & CKF_USER_PIN_COUNT_LOW ? " (few tries are left)"
                                                                    : "";
  g_autofree char *text = g_strdup_printf ("PIN of the card “%s”%s%s", card->label, why, warning);
  struct secret *pin = tokens->ask != NULL ? tokens->ask (text, tokens->ask_data) : NULL;
  if (pin == NULL || secret_size (pin) == 0) {
    g_clear_pointer (&pin, secret_free);
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_PASSPHRASE,
                 "The card “%s” needs its PIN, and none was given. Try again and give it.", card->label);
    return NULL;
  }
  if (card->refused != NULL && strcmp (secret_peek (card->refused), secret_peek (pin)) == 0) {
    secret_free (pin);
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_PASSPHRASE,
                 "This PIN of the card “%s” was wrong before, so that it was not tried again. %s", card->label,
                 tries_left (card));
    return NULL;
  }
  return pin;
}

gboolean
smime_card_give_pin (struct smime_card *card, CK_USER_TYPE user, const char *why, GError **error)
{
  (void) tries_left (card); /* as of now */
  if (card->info.flags & CKF_USER_PIN_LOCKED)
    return set_error (error, card, CKR_PIN_LOCKED);
  AUTOFREE (secret) pin = ask_pin (card, why, error);
  if (pin == NULL)
    return FALSE;
  CK_RV result
      = card->functions->C_Login (card->session, user, (CK_UTF8CHAR *) secret_peek (pin), (CK_ULONG) secret_size (pin));
  if (result == CKR_OK || result == CKR_USER_ALREADY_LOGGED_IN) {
    g_clear_pointer (&card->refused, secret_free);
    return TRUE;
  }
  if (result != CKR_PIN_INCORRECT && result != CKR_PIN_INVALID && result != CKR_PIN_LEN_RANGE)
    return set_error (error, card, result);
  g_clear_pointer (&card->refused, secret_free);
  card->refused = g_steal_pointer (&pin);
  g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_PASSPHRASE, "The PIN of the card “%s” was wrong. %s", card->label,
               tries_left (card));
  return FALSE;
}

static gboolean
card_login (struct smime_card *card, GError **error)
{
  CK_SESSION_INFO info = { 0 };
  if (!card_open (card, error))
    return FALSE;
  if (!(card->info.flags & CKF_LOGIN_REQUIRED))
    return TRUE;
  if (card->functions->C_GetSessionInfo (card->session, &info) == CKR_OK
      && (info.state == CKS_RO_USER_FUNCTIONS || info.state == CKS_RW_USER_FUNCTIONS))
    return TRUE;
  return smime_card_give_pin (card, CKU_USER, "", error);
}

void
smime_card_failed (struct smime_card *card, CK_RV result)
{
  card_close (card);
  g_clear_error (&card->tokens->failure);
  (void) set_error (&card->tokens->failure, card, result);
}

void
smime_card_failed_take (struct smime_card *card, GError *failure)
{
  card_close (card);
  g_clear_error (&card->tokens->failure);
  card->tokens->failure = failure;
}

gboolean
smime_tokens_take_failure (struct smime_tokens *tokens, GError **error)
{
  if (tokens->failure == NULL)
    return FALSE;
  g_propagate_error (error, g_steal_pointer (&tokens->failure));
  return TRUE;
}

/* ---- objects ---- */

static guint
find_objects (struct smime_card *card, CK_ATTRIBUTE *wanted, CK_ULONG wanted_count, CK_OBJECT_HANDLE *objects)
{
  CK_ULONG count = 0;
  if (card->functions->C_FindObjectsInit (card->session, wanted, wanted_count) != CKR_OK)
    return 0;
  if (card->functions->C_FindObjects (card->session, objects, OBJECTS_MAX, &count) != CKR_OK)
    count = 0;
  (void) card->functions->C_FindObjectsFinal (card->session);
  return (guint) MIN (count, OBJECTS_MAX);
}

static GBytes *
read_attribute (struct smime_card *card, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, gsize size_max)
{
  CK_ATTRIBUTE attribute = { type, NULL, 0 };
  if (card->functions->C_GetAttributeValue (card->session, object, &attribute, 1) != CKR_OK || attribute.ulValueLen == 0
      || attribute.ulValueLen > size_max)
    return NULL;
  const gsize size = attribute.ulValueLen;
  g_autofree guint8 *bytes = g_malloc0 (size);
  attribute.pValue = bytes;
  if (card->functions->C_GetAttributeValue (card->session, object, &attribute, 1) != CKR_OK
      || attribute.ulValueLen > size)
    return NULL;
  return g_bytes_new_take (g_steal_pointer (&bytes), attribute.ulValueLen);
}

static guint
find_by_id (struct smime_card *card, CK_OBJECT_CLASS class, GBytes *id, CK_OBJECT_HANDLE *objects)
{
  gsize size = 0;
  const void *bytes = id != NULL ? g_bytes_get_data (id, &size) : NULL;
  CK_ATTRIBUTE wanted[] = { { CKA_CLASS, &class, sizeof class }, { CKA_ID, (void *) bytes, size } };
  return find_objects (card, wanted, id != NULL ? 2 : 1, objects);
}

void
smime_token_offer_free (struct smime_token_offer *offer)
{
  X509_free (offer->certificate);
  g_free (offer->module);
  g_free (offer->uri);
  g_free (offer->label);
  g_free (offer);
}

static char *
key_uri (const struct smime_card *card, GBytes *id)
{
  gsize size = 0;
  const void *bytes = g_bytes_get_data (id, &size);
  CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
  CK_ATTRIBUTE of_id = { CKA_ID, (void *) bytes, size }, of_class = { CKA_CLASS, &class, sizeof class };
  P11KitUri *uri = p11_kit_uri_new ();
  char *text = NULL, *copy = NULL;
  *p11_kit_uri_get_token_info (uri) = card->info;
  if (p11_kit_uri_set_attribute (uri, &of_id) == P11_KIT_URI_OK
      && p11_kit_uri_set_attribute (uri, &of_class) == P11_KIT_URI_OK
      && p11_kit_uri_format (uri, P11_KIT_URI_FOR_OBJECT_ON_TOKEN, &text) == P11_KIT_URI_OK)
    copy = g_strdup (text);
  free (text);
  p11_kit_uri_free (uri);
  return copy;
}

/* The certificates that carry a key's id. */
static void
offer_key (struct smime_card *card, const char *module, CK_OBJECT_HANDLE key, GPtrArray *offers)
{
  CK_OBJECT_HANDLE found[OBJECTS_MAX];
  g_autoptr (GBytes) id = read_attribute (card, key, CKA_ID, ID_BYTES_MAX);
  const guint count = id != NULL ? find_by_id (card, CKO_CERTIFICATE, id, found) : 0;
  for (guint i = 0; i < count; i++) {
    g_autoptr (GBytes) der = read_attribute (card, found[i], CKA_VALUE, CERTIFICATE_BYTES_MAX);
    gsize size = 0;
    const guchar *at = der != NULL ? g_bytes_get_data (der, &size) : NULL;
    X509 *certificate = at != NULL ? d2i_X509 (NULL, &at, (long) size) : NULL;
    char *uri = certificate != NULL ? key_uri (card, id) : NULL;
    if (uri == NULL) {
      X509_free (certificate);
      continue;
    }
    struct smime_token_offer *offer = g_new0 (struct smime_token_offer, 1);
    offer->certificate = certificate;
    offer->uri = uri;
    offer->module = g_strdup (module);
    offer->label = g_strdup (card->label);
    g_ptr_array_add (offers, offer);
  }
}

/* A card without a certificate is none of ours, so that its PIN is not asked for. */
static gboolean
offer_card (struct smime_card *card, const char *module, GPtrArray *offers, GError **error)
{
  CK_OBJECT_HANDLE found[OBJECTS_MAX];
  if (!card_open (card, error))
    return FALSE;
  if (find_by_id (card, CKO_CERTIFICATE, NULL, found) == 0)
    return TRUE;
  if (!card_login (card, error))
    return FALSE;
  const guint count = find_by_id (card, CKO_PRIVATE_KEY, NULL, found);
  for (guint i = 0; i < count; i++)
    offer_key (card, module, found[i], offers);
  return TRUE;
}

GPtrArray *
smime_tokens_list (struct smime_tokens *tokens, const char *module_or_null, GError **error)
{
  struct module *module = find_module (tokens, module_or_null, error);
  if (module == NULL)
    return NULL;
  g_autoptr (GPtrArray) cards = cards_in (tokens, module);
  g_autoptr (GPtrArray) offers = g_ptr_array_new_with_free_func ((GDestroyNotify) smime_token_offer_free);
  for (guint i = 0; i < cards->len; i++)
    if (!offer_card (cards->pdata[i], module->path, offers, error))
      return NULL;
  if (offers->len > 0)
    return g_steal_pointer (&offers);
  g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_CARD, "%s",
               cards->len == 0 ? "There is no card in any reader. Put your card in and try again."
                               : "There is no certificate with its private key on the card. Ask whoever gave it to you "
                                 "to put one on it.");
  return NULL;
}

static struct smime_card *
find_card (struct smime_tokens *tokens, struct module *module, P11KitUri *uri)
{
  g_autoptr (GPtrArray) cards = cards_in (tokens, module);
  for (guint i = 0; i < cards->len; i++)
    if (p11_kit_uri_match_token_info (uri, &((struct smime_card *) cards->pdata[i])->info))
      return cards->pdata[i];
  return NULL;
}

static gboolean
find_key (struct smime_card *card, P11KitUri *uri, struct smime_card_key *key, GError **error)
{
  CK_OBJECT_HANDLE found[OBJECTS_MAX];
  const CK_ATTRIBUTE *id = p11_kit_uri_get_attribute (uri, CKA_ID);
  if (!card_login (card, error))
    return FALSE;
  g_autoptr (GBytes) bytes
      = id != NULL && id->ulValueLen <= ID_BYTES_MAX ? g_bytes_new (id->pValue, id->ulValueLen) : NULL;
  if (bytes == NULL || find_by_id (card, CKO_PRIVATE_KEY, bytes, found) == 0) {
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_CARD,
                 "The card “%s” has no longer the key of this certificate. If it is a new card, add it with: wardmail "
                 "key card add",
                 card->label);
    return FALSE;
  }
  CK_BBOOL always = CK_FALSE;
  CK_ATTRIBUTE of_always = { CKA_ALWAYS_AUTHENTICATE, &always, sizeof always };
  key->card = card;
  key->object = found[0];
  key->asks_always = card->functions->C_GetAttributeValue (card->session, key->object, &of_always, 1) == CKR_OK
                     && always != CK_FALSE;
  return TRUE;
}

EVP_PKEY *
smime_tokens_open_key (struct smime_tokens *tokens, const char *module_path, const char *uri_text, X509 *certificate,
                       GError **error)
{
  struct smime_card_key key = { 0 };
  g_clear_error (&tokens->failure);
  struct module *module = find_module (tokens, module_path, error);
  if (module == NULL)
    return NULL;
  P11KitUri *uri = parse_uri (uri_text);
  struct smime_card *card = uri != NULL ? find_card (tokens, module, uri) : NULL;
  gboolean found = card != NULL && find_key (card, uri, &key, error);
  p11_kit_uri_free (uri);
  if (card == NULL) {
    g_autofree char *label = smime_token_label (uri_text);
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_CARD, SMIME_CARD_MISSING, label);
  }
  EVP_PKEY *opened = found ? smime_card_key_new (&key, certificate) : NULL;
  if (found && opened == NULL)
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_CARD,
                 "The key on the card “%s” is of a kind that cannot be used (RSA and elliptic curves can).",
                 card->label);
  return opened;
}
