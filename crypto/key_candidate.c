/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Candidate keys as plain data. */
#include "crypto/route.h"

struct key_candidate *
key_candidate_copy (const struct key_candidate *key)
{
  struct key_candidate *copy = g_new (struct key_candidate, 1);
  *copy = *key;
  copy->fingerprint = g_strdup (key->fingerprint);
  copy->address = g_strdup (key->address);
  copy->owner = g_strdup (key->owner);
  copy->source = g_strdup (key->source);
  copy->detail = g_strdup (key->detail);
  copy->card = g_strdup (key->card);
  copy->capabilities = g_strdupv (key->capabilities);
  return copy;
}

void
key_candidate_free (struct key_candidate *key)
{
  if (key == NULL)
    return;
  g_free (key->fingerprint);
  g_free (key->address);
  g_free (key->owner);
  g_free (key->source);
  g_free (key->detail);
  g_free (key->card);
  g_strfreev (key->capabilities);
  g_free (key);
}
