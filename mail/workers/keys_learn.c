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

void
keys_learn (struct keys *keys, const struct inspection *inspection, GVariant *view)
{
  g_autoptr (GError) error = NULL;
  struct autocrypt autocrypt;
  if (inspection->signed_by != NULL
      && !keyring_harvest (keys->keyring, inspection->signed_by, inspection->verdict.signature.signer, 0, &error))
    g_info ("nothing learnt from the signature: %s", error->message); /* the mail is read all the same */
  g_clear_error (&error);
  if (!keys->policy.allow_autocrypt || !autocrypt_read (inspection->root->entity, &autocrypt))
    return;
  if (may_take (inspection, &autocrypt)
      && !keyring_autocrypt (keys->keyring, autocrypt.address, autocrypt.key, date_of (view), 0, &error))
    g_info ("nothing learnt from the Autocrypt header: %s", error->message);
  autocrypt_clear (&autocrypt);
}
