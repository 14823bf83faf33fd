/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The Autocrypt header of a mail (Autocrypt Level 1, section 2.1): a key that its sender says is his. Nobody signed it: hearsay. And the
 * Autocrypt-Gossip fields of an encrypted one: keys that its sender says are those of the others who got it. */
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

#define AUTOCRYPT "Autocrypt"
#define AUTOCRYPT_GOSSIP "Autocrypt-Gossip"
/* "Autocrypt: addr=...; prefer-encrypt=mutual; keydata=...", folded with CRLF, without the last one; gossip says nothing of what is preferred.
 * NULL: the address cannot stand in it, or the key is too large. autocrypt_write.c */
char *autocrypt_write (const char *name, const char *address, GBytes *key);
/* Of the payload of a mail: struct autocrypt * (autocrypt_free), each address once, and only of these people (char *: the addr-specs that the mail
 * shows in To and Cc). Never NULL. */
GPtrArray *autocrypt_read_gossip (GBytes *payload, const GPtrArray *people);
void autocrypt_free (gpointer autocrypt);
