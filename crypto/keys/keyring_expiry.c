/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys that will soon expire: the sender's own, then those of the people whom he writes to. Said once a day. */
#include "crypto/keys/keyring_p.h"
#include "crypto/addrspec.h"
#include "crypto/route_text.h"

#define AHEAD_S (30 * 24 * 3600)
#define DAY_S (24 * 3600)
#define TOLD "told"
#define EXPIRY "expiry"
#define TEXTS_MAX 10

const struct keyring_file keyring_told = { "told.conf", "The note of what you were told", "wardmail tells it again" };

static gint64
now_or (gint64 at)
{
  return at != 0 ? at : g_get_real_time () / G_USEC_PER_SEC;
}

void
keyring_expiry_apply (GPtrArray *candidates, gint64 at)
{
  const gint64 now = now_or (at);
  for (guint i = 0; i < candidates->len; i++) {
    struct key_candidate *key = g_ptr_array_index (candidates, i);
    key->expiring = key->fault == KEY_FAULT_NONE && key->expires > now && key->expires - now <= AHEAD_S;
  }
}

/* Is there another key of the kind for the address that goes on? Then nobody need do anything. */
static gboolean
is_followed (const GPtrArray *keys, const struct key_candidate *key)
{
  for (guint i = 0; i < keys->len; i++) {
    const struct key_candidate *other = g_ptr_array_index (keys, i);
    if (other->method == key->method && other->own == key->own && other->fault == KEY_FAULT_NONE && !other->expiring
        && !other->changed && !other->stopped && other->trust >= key->trust
        && addrspec_equal (other->address, key->address))
      return TRUE;
  }
  return FALSE;
}

static char *
sentence (const struct key_candidate *key)
{
  const char *kind = key->method == ROUTE_SMIME ? "S/MIME certificate" : "OpenPGP key";
  g_autofree char *date = route_text_date (key->expires);
  if (key->own)
    return g_strdup_printf ("Your own %s for %s expires on %s; then mail can no longer be sent with it. %s in time: "
                            "wardmail key renew %s",
                            kind, key->address, date,
                            key->method == ROUTE_SMIME ? "Ask for a new one" : "Make it valid for longer",
                            key->fingerprint);
  return g_strdup_printf ("The %s of %s expires on %s; then mail to this address is held. Ask for a new one in time "
                          "and import it: wardmail key import FILE",
                          kind, key->address, date);
}

GPtrArray *
keyring_expiry (struct keyring *keyring, gint64 at, GError **error)
{
  g_autoptr (GPtrArray) keys = keyring_list (keyring, at, error);
  if (keys == NULL)
    return NULL;
  GPtrArray *texts = g_ptr_array_new_with_free_func (g_free);
  for (guint others = 0; others < 2; others++)
    for (guint i = 0; i < keys->len && texts->len < TEXTS_MAX; i++) {
      const struct key_candidate *key = g_ptr_array_index (keys, i);
      if (!key->expiring || key->stopped || key->own == (others == 1) || is_followed (keys, key)
          || (others == 1 && !keyring_memory_knows (keyring, key)))
        continue;
      g_ptr_array_add (texts, sentence (key));
    }
  return texts;
}

GPtrArray *
keyring_expiry_daily (struct keyring *keyring, gint64 at, GError **error)
{
  const gint64 today = now_or (at) / DAY_S;
  g_autoptr (GKeyFile) file = keyring_file_read (keyring, &keyring_told, NULL);
  if (file == NULL) /* it is not worth a failure */
    file = g_key_file_new ();
  if (g_key_file_get_int64 (file, EXPIRY, TOLD, NULL) == today)
    return g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) texts = keyring_expiry (keyring, at, error);
  if (texts == NULL)
    return NULL;
  char *remind = keyring_remind_text (file);
  if (remind != NULL)
    g_ptr_array_add (texts, remind);
  g_key_file_set_int64 (file, EXPIRY, TOLD, today);
  if (texts->len > 0 && !keyring_file_write (keyring, &keyring_told, file, error))
    return NULL;
  return g_steal_pointer (&texts);
}
