/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What the keys worker learns from a mail while a person reads it: keys of the one who sent it. */
#include "crypto/addrspec.h"
#include "crypto/autocrypt.h"
#include "crypto/inspect.h"
#include "mail/workers/keys_p.h"

static gint64
date_of (GVariant *view)
{
  g_autoptr (GVariant) value = g_variant_lookup_value (view, "date", NULL);
  g_autoptr (GVariant) inner
      = value != NULL && g_variant_is_of_type (value, G_VARIANT_TYPE_MAYBE) ? g_variant_get_maybe (value) : NULL;
  GVariant *text = inner != NULL ? inner : value;
  g_autoptr (GDateTime) date = text != NULL && g_variant_is_of_type (text, G_VARIANT_TYPE_STRING)
                                   ? g_date_time_new_from_iso8601 (g_variant_get_string (text, NULL), NULL)
                                   : NULL;
  return date != NULL ? g_date_time_to_unix (date) : 0;
}

/* The header's sender is the one that the reader sees, and nothing says that the mail was tampered with. */
static gboolean
may_take (const struct inspection *inspection, const struct autocrypt *autocrypt)
{
  return inspection->verdict.signature.state != SIGNATURE_BAD && inspection->from->len == 1
         && addrspec_equal (g_ptr_array_index (inspection->from, 0), autocrypt->address);
}

/* Whoever signed it says so, to people whom he could name to us: all of it is signed and encrypted as a whole. */
static gboolean
may_gossip (const struct inspection *inspection)
{
  const struct verdict *verdict = &inspection->verdict;
  return verdict->signature.state == SIGNATURE_GOOD && verdict->signature.covers == COVERS_WHOLE
         && verdict->encryption.decrypted && verdict->encryption.covers == COVERS_WHOLE;
}

static void
learn_gossip (struct keys *keys, const struct inspection *inspection, GVariant *view)
{
  static const char *const names[] = { "to", "cc" };
  g_autoptr (GPtrArray) people = g_ptr_array_new_with_free_func (g_free);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree const char **texts = NULL;
    (void) g_variant_lookup (view, names[i], "^a&s", &texts);
    for (gsize k = 0; texts != NULL && texts[k] != NULL; k++)
      g_ptr_array_add (people, g_strdup (texts[k]));
  }
  g_autoptr (GPtrArray) gossip = autocrypt_read_gossip (inspection->payload->entity, people);
  for (guint i = 0; i < gossip->len; i++) {
    const struct autocrypt *one = g_ptr_array_index (gossip, i);
    g_autoptr (GError) error = NULL;
    if (!keyring_autocrypt_gossip (keys->keyring, one->address, one->key, date_of (view), 0, &error))
      g_info ("nothing learnt from an Autocrypt-Gossip field: %s", error->message);
  }
}

static gboolean
learn_header (struct keys *keys, const struct inspection *inspection, GVariant *view, GError **error)
{
  struct autocrypt autocrypt;
  if (!autocrypt_read (inspection->root->entity, &autocrypt))
    return inspection->from->len != 1 || inspection->verdict.signature.state == SIGNATURE_BAD
           || keyring_autocrypt_missed (keys->keyring, g_ptr_array_index (inspection->from, 0), date_of (view), 0,
                                        error);
  const gboolean done
      = !may_take (inspection, &autocrypt)
        || keyring_autocrypt (keys->keyring, autocrypt.address, autocrypt.key, date_of (view), 0, error);
  autocrypt_clear (&autocrypt);
  return done;
}

void
keys_learn (struct keys *keys, const struct inspection *inspection, GVariant *view)
{
  g_autoptr (GError) error = NULL;
  if (inspection->signed_by != NULL
      && !keyring_harvest (keys->keyring, inspection->signed_by, inspection->verdict.signature.signer, 0, &error))
    g_info ("nothing learnt from the signature: %s", error->message); /* the mail is read all the same */
  g_clear_error (&error);
  if (!keys->policy.allow_autocrypt)
    return;
  if (!learn_header (keys, inspection, view, &error))
    g_info ("nothing learnt from the Autocrypt header: %s", error->message);
  if (may_gossip (inspection))
    learn_gossip (keys, inspection, view);
}
