/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys that the user said are not to be used any more: whose owner lost them, or left; and certificates of the user's own, which only their
 * authority can revoke. Noted in trust.conf beside what was compared; comparing the key again lifts it. */
#include "crypto/keys/keyring_p.h"
#include <string.h>

#define STOPPED "stopped"
#define REASON "reason"

static const char *const names[] = { "none", "compromised", "superseded", "retired" };

gboolean
keyring_reason_read (const char *name, enum keyring_reason *reason_out)
{
  for (gsize i = 0; name != NULL && i < G_N_ELEMENTS (names); i++)
    if (strcmp (names[i], name) == 0) {
      *reason_out = (enum keyring_reason) i;
      return TRUE;
    }
  return FALSE;
}

/* Signatures of a key that was replaced or put aside in peace go on to count; otherwise it may be in other hands. */
static gboolean
distrusts (enum keyring_reason reason)
{
  return reason == KEYRING_REASON_NONE || reason == KEYRING_REASON_COMPROMISED;
}

gboolean
keyring_stop_load (struct keyring *keyring, GKeyFile *trust, const char *group, const char *fingerprint)
{
  if (!g_key_file_has_key (trust, group, STOPPED, NULL))
    return FALSE;
  g_autofree char *name = g_key_file_get_string (trust, group, REASON, NULL);
  enum keyring_reason reason = KEYRING_REASON_NONE;
  (void) keyring_reason_read (name, &reason);
  g_hash_table_replace (keyring->stopped, g_strdup (fingerprint), GINT_TO_POINTER (distrusts (reason) ? 2 : 1));
  return distrusts (reason);
}

void
keyring_stop_note (GKeyFile *trust, const char *fingerprint, enum keyring_reason reason)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *when = g_date_time_format_iso8601 (now);
  g_key_file_set_string (trust, fingerprint, STOPPED, when);
  g_key_file_set_string (trust, fingerprint, REASON, names[reason]);
}

void
keyring_stop_lift (GKeyFile *trust, const char *fingerprint)
{
  (void) g_key_file_remove_key (trust, fingerprint, STOPPED, NULL);
  (void) g_key_file_remove_key (trust, fingerprint, REASON, NULL);
}

gboolean
keyring_stop_distrusted (struct keyring *keyring, const char *fingerprint)
{
  return GPOINTER_TO_INT (g_hash_table_lookup (keyring->stopped, fingerprint)) == 2;
}

void
keyring_stop_apply (struct keyring *keyring, GPtrArray *candidates)
{
  for (guint i = 0; i < candidates->len && g_hash_table_size (keyring->stopped) > 0; i++) {
    struct key_candidate *key = g_ptr_array_index (candidates, i);
    key->stopped = g_hash_table_contains (keyring->stopped, key->fingerprint);
  }
}
