/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What the keys worker learns from a mail while a person reads it: keys of the one who sent it. */
#include "crypto/inspect.h"
#include "mail/workers/keys_p.h"

void
keys_learn (struct keys *keys, const struct inspection *inspection)
{
  g_autoptr (GError) error = NULL;
  if (inspection->signed_by != NULL
      && !keyring_harvest (keys->keyring, inspection->signed_by, inspection->verdict.signature.signer, 0, &error))
    g_info ("nothing learnt from the signature: %s", error->message); /* the mail is read all the same */
}
