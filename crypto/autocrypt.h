/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The Autocrypt header of a mail (Autocrypt Level 1, section 2.1): a key that its sender says is his. Nobody signed it: hearsay. */
#pragma once
#include <glib.h>

#define AUTOCRYPT_KEY_SIZE_MAX 12288

struct autocrypt {
  char *address; /* addr-spec, as of From */
  GBytes *key;   /* OpenPGP, binary; hostile */
};
/* TRUE when the mail has one From beyond doubt and exactly one header that can be read and is for it; any more and all are left out, as is
 * what a machine reports about a mail. autocrypt_out is to be cleared then. */
gboolean autocrypt_read (GBytes *entity, struct autocrypt *autocrypt_out);
void autocrypt_clear (struct autocrypt *autocrypt);
