/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What the organisation and the user demand: built-in, then /etc/wardmail/policy.conf, then config_dir/policy.conf. Each level can only
 * tighten the one above; a value that would loosen is an error with a sentence, never ignored in silence.
 * Levels are plain numbers here; mail/ turns them into crypto's struct route_policy (config/ knows no crypto type). */
#pragma once
#include "config/ldapserver.h"
#include "config/settings.h"

/* Which keys belong to an address, as the organisation says. */
struct policy_pin {
  char *address, **fingerprints;
};
struct policy {
  int least_smime_trust; /* as enum key_trust: 0 none .. 4 verified; built-in 3 (chain) */
  int least_pgp_trust;   /* built-in 1 (first seen) */
  int least_reply_trust; /* of either, where what is answered was protected; built-in 1 */
  int prefer;            /* 1 S/MIME (built-in), 2 OpenPGP */
  gboolean allow_smime, allow_pgp;
  gboolean allow_autocrypt; /* encrypt to keys from Autocrypt headers; built-in TRUE */
  gboolean allow_note;      /* the note that asks somebody for a key may be sent, in clear; built-in TRUE */
  gboolean
      send_autocrypt; /* what we send says which keys are the user's, and inside those of its readers; built-in TRUE */
  gboolean
      legacy_display; /* what we send repeats its subject in the text, for readers without header protection; built-in FALSE */
  gboolean allow_wkd;          /* ask the domain of an address for its OpenPGP key; built-in TRUE */
  gboolean allow_ldap;         /* ask LDAP directories for certificates; built-in TRUE */
  gboolean allow_ldap_domains; /* also those that the domain of an address names; built-in TRUE */
  GPtrArray *ldap_servers;     /* struct ldapserver *: the organisation's */
  char *ldap_ca;               /* PEM file that vouches for them; NULL: the system's authorities */
  GPtrArray *pins;             /* struct policy_pin * */
  int revocation;          /* of a signer's certificate, where it cannot be learnt: 0 hard, 1 soft (built-in), 2 off */
  int receipts;            /* that others ask for: 0 never, 1 ask (built-in), 2 signed: by itself to those who signed */
  char **own_domains;      /* of the organisation, beside those of the accounts; ends with NULL */
  char **card_modules;     /* the only PKCS#11 modules that may be loaded; NULL: any installed one */
  gboolean allow_password; /* sign in by password alone; built-in FALSE; a test profile has TRUE */
};
struct policy *policy_load (const struct paths *paths, const struct settings *settings, GError **error);
void policy_free (struct policy *policy);
DEFINE_AUTOFREE (policy, policy_free)
