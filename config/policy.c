/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What the organisation and the user demand: three levels, each of which can only tighten the one above. */
#include "config/policy_p.h"
#include "config/keyfile_p.h"
#include "config/text.h"

#include <string.h>

static const char *const trust_names[] = { "none", "first-seen", "wkd", "chain", "verified", NULL };
static const char *const prefer_names[] = { "smime", "pgp", NULL };
static const char *const revocation_names[] = { "hard", "soft", "off", NULL };
static const char *const receipt_names[] = { "never", "ask", "signed", NULL };
static const char *const flag_names[] = { "false", "true", NULL };

#define PINS "pins" /* the group whose keys are addresses */
#define OWN_DOMAINS_MAX 100
#define READING "reading"
#define CARDS "cards"
#define MODULES "modules"
#define MODULES_MAX 20
#define OWN_DOMAINS "own-domains"
#define LOOKUP "lookup"
#define LDAP_SERVERS "ldap-servers"
#define LDAP_CA "ldap-ca"

/* Keys that only the organisation's file may hold, with values that are no demand of the table below. */
static const struct {
  const char *group, *key;
  const char *why, *instead;
} organisation_keys[] = {
  { READING, OWN_DOMAINS, "only the organisation can say which domains are its own",
    "the domains of your accounts count without it" },
  { CARDS, MODULES, "only the organisation can say which modules of smart cards may be used",
    "your own is named with: wardmail key card add --module PATH" },
  { LOOKUP, LDAP_SERVERS, "only the organisation can name servers for everybody",
    "your own can stand in wardmail.conf, with the same words" },
  { LOOKUP, LDAP_CA, "only the organisation can say who vouches for its servers",
    "for your own it can stand in wardmail.conf, with the same words" },
};

enum tightens {
  TIGHTENS_UP = 0,     /* only a greater value is tighter */
  TIGHTENS_FALSE,      /* only false is tighter */
  TIGHTENS_FALSE_USER, /* the organisation may allow it, the user may only forbid it */
  TIGHTENS_DOWN_USER,  /* only a smaller value is tighter; the organisation may choose, the user may only tighten */
  FIXED_ONCE,          /* neither is tighter; whoever sets it first has decided */
};

/* One demand a row. tests/lint/manual compares the rows with wardmail-policy(5). */
static const struct row {
  const char *group, *key;
  enum tightens tightens;
  gsize offset; /* of an int */
  const char *const *names;
  int first; /* value of names[0] */
} rows[] = {
#define DEMAND(group, key, tightens, field) group, key, tightens, G_STRUCT_OFFSET (struct policy, field)
  { DEMAND ("routes", "least-smime-trust", TIGHTENS_UP, least_smime_trust), .names = trust_names },
  { DEMAND ("routes", "least-pgp-trust", TIGHTENS_UP, least_pgp_trust), .names = trust_names },
  { DEMAND ("routes", "least-reply-trust", TIGHTENS_UP, least_reply_trust), .names = trust_names },
  { DEMAND ("routes", "prefer", FIXED_ONCE, prefer), .names = prefer_names, .first = 1 },
  { DEMAND ("routes", "allow-smime", TIGHTENS_FALSE, allow_smime), .names = flag_names },
  { DEMAND ("routes", "allow-pgp", TIGHTENS_FALSE, allow_pgp), .names = flag_names },
  { DEMAND ("routes", "allow-autocrypt", TIGHTENS_FALSE, allow_autocrypt), .names = flag_names },
  { DEMAND ("routes", "allow-note", TIGHTENS_FALSE, allow_note), .names = flag_names },
  { DEMAND ("sending", "autocrypt", TIGHTENS_FALSE, send_autocrypt), .names = flag_names },
  { DEMAND ("sending", "legacy-display", FIXED_ONCE, legacy_display), .names = flag_names },
  { DEMAND ("lookup", "wkd", TIGHTENS_FALSE, allow_wkd), .names = flag_names },
  { DEMAND ("lookup", "ldap", TIGHTENS_FALSE, allow_ldap), .names = flag_names },
  { DEMAND ("lookup", "ldap-domains", TIGHTENS_FALSE, allow_ldap_domains), .names = flag_names },
  { DEMAND ("signatures", "revocation", TIGHTENS_DOWN_USER, revocation), .names = revocation_names },
  { DEMAND ("reading", "receipts", TIGHTENS_DOWN_USER, receipts), .names = receipt_names },
  { DEMAND ("accounts", "allow-password", TIGHTENS_FALSE_USER, allow_password), .names = flag_names },
#undef DEMAND
};
struct level {
  const char *path;
  gboolean organisation;
  gboolean set[G_N_ELEMENTS (rows)]; /* by this level or one above */
};

static gboolean
loosens (const struct row *row, const struct level *level, gboolean set_above, int above, int value)
{
  switch (row->tightens) {
  case TIGHTENS_UP:
    return value < above;
  case TIGHTENS_FALSE:
    return value && !above;
  case TIGHTENS_FALSE_USER:
    return value && !above && !level->organisation;
  case TIGHTENS_DOWN_USER:
    return value > above && !level->organisation;
  case FIXED_ONCE:
    return set_above && value != above;
  }
  return TRUE;
}

static gboolean
read_row (struct policy *policy, gsize index, struct level *level, GKeyFile *file, GError **error)
{
  const struct row *row = &rows[index];
  if (!g_key_file_has_key (file, row->group, row->key, NULL))
    return TRUE;
  int *above = (int *) (gpointer) ((char *) policy + row->offset);
  int value = 0;
  if (!keyfile_choice (file, level->path, row->group, row->key, row->names, &value, error))
    return FALSE;
  value += row->first;
  if (loosens (row, level, level->set[index], *above, value)) {
    g_set_error (error, CONFIG_ERROR, CONFIG_ERROR_FORBIDDEN,
                 "%s, [%s] %s: “%s” would take back “%s”, which %s demands; a policy can only be made stricter. Remove "
                 "the line, or "
                 "give a stricter value.",
                 level->path, row->group, row->key, row->names[value - row->first], row->names[*above - row->first],
                 level->set[index] ? "the organisation" : "wardmail itself");
    return FALSE;
  }
  *above = value;
  level->set[index] = TRUE;
  return TRUE;
}

static void
pin_free (gpointer data)
{
  struct policy_pin *pin = data;
  g_free (pin->address);
  g_strfreev (pin->fingerprints);
  g_free (pin);
}

/* 40 or 64 hex digits, in groups or not. */
static gboolean
is_fingerprint (const char *text)
{
  gsize digits = 0;
  for (; *text != '\0'; text++)
    if (g_ascii_isxdigit (*text))
      digits++;
    else if (*text != ' ' && *text != ':')
      return FALSE;
  return digits == 40 || digits == 64;
}

static gboolean
read_pin (struct policy *policy, const struct level *level, GKeyFile *file, const char *address, GError **error)
{
  g_auto (GStrv) fingerprints = g_key_file_get_string_list (file, PINS, address, NULL, NULL);
  gboolean fine = fingerprints != NULL && *fingerprints != NULL;
  for (gsize i = 0; fine && fingerprints[i] != NULL; i++)
    fine = is_fingerprint (fingerprints[i]);
  if (!text_is_address (address) || !fine)
    return keyfile_refuse (level->path, PINS, address,
                           "a pin is an address and one or more fingerprints, with “;” between them.", error);
  struct policy_pin *pin = g_new0 (struct policy_pin, 1);
  pin->address = g_strdup (address);
  pin->fingerprints = g_steal_pointer (&fingerprints);
  g_ptr_array_add (policy->pins, pin);
  return TRUE;
}

/* A pin makes a key trusted, so that only the organisation can set one. */
static gboolean
read_pins (struct policy *policy, const struct level *level, GKeyFile *file, GError **error)
{
  g_auto (GStrv) addresses = g_key_file_get_keys (file, PINS, NULL, NULL);
  if (addresses != NULL && *addresses != NULL && !level->organisation) {
    g_set_error (error, CONFIG_ERROR, CONFIG_ERROR_FORBIDDEN,
                 "%s, [" PINS "]: only the organisation can pin keys. Remove the lines; a key that you have compared "
                 "is marked with: wardmail key trust FINGERPRINT",
                 level->path);
    return FALSE;
  }
  for (gsize i = 0; addresses != NULL && addresses[i] != NULL; i++)
    if (!read_pin (policy, level, file, addresses[i], error))
      return FALSE;
  return TRUE;
}

static gboolean
is_organisations (const struct level *level, GKeyFile *file, GError **error)
{
  for (gsize i = 0; !level->organisation && i < G_N_ELEMENTS (organisation_keys); i++)
    if (g_key_file_has_key (file, organisation_keys[i].group, organisation_keys[i].key, NULL)) {
      g_set_error (error, CONFIG_ERROR, CONFIG_ERROR_FORBIDDEN, "%s, [%s] %s: %s. Remove the line; %s.", level->path,
                   organisation_keys[i].group, organisation_keys[i].key, organisation_keys[i].why,
                   organisation_keys[i].instead);
      return FALSE;
    }
  return TRUE;
}

/* Whoever belongs to the organisation is warned of less. */
static gboolean
read_own_domains (struct policy *policy, const struct level *level, GKeyFile *file, GError **error)
{
  if (!g_key_file_has_key (file, READING, OWN_DOMAINS, NULL))
    return TRUE;
  g_auto (GStrv) domains = g_key_file_get_string_list (file, READING, OWN_DOMAINS, NULL, NULL);
  for (gsize i = 0; domains != NULL && domains[i] != NULL; i++)
    if (i >= OWN_DOMAINS_MAX || !text_is_host (g_strstrip (domains[i])))
      return keyfile_refuse (level->path, READING, OWN_DOMAINS,
                             "this is a list of domains such as hospital.example, with “;” between them, 100 at most.",
                             error);
  g_strfreev (policy->own_domains);
  policy->own_domains = domains != NULL ? g_steal_pointer (&domains) : g_new0 (char *, 1);
  return TRUE;
}

/* Their code runs where private keys are; an empty list forbids all. */
static gboolean
read_card_modules (struct policy *policy, const struct level *level, GKeyFile *file, GError **error)
{
  if (!g_key_file_has_key (file, CARDS, MODULES, NULL))
    return TRUE;
  g_auto (GStrv) modules = g_key_file_get_string_list (file, CARDS, MODULES, NULL, NULL);
  for (gsize i = 0; modules != NULL && modules[i] != NULL; i++)
    if (i >= MODULES_MAX || !g_path_is_absolute (g_strstrip (modules[i])))
      return keyfile_refuse (level->path, CARDS, MODULES,
                             "this is a list of paths such as /usr/lib/x86_64-linux-gnu/opensc-pkcs11.so, with “;” "
                             "between them, 20 at most.",
                             error);
  g_strfreev (policy->card_modules);
  policy->card_modules = modules != NULL ? g_steal_pointer (&modules) : g_new0 (char *, 1);
  return TRUE;
}

static gboolean
read_ldap (struct policy *policy, const struct level *level, GKeyFile *file, GError **error)
{
  g_autofree char *servers = NULL;
  const char *why = NULL;
  if (!level->organisation)
    return TRUE;
  if (!keyfile_text (file, level->path, LOOKUP, LDAP_SERVERS, &servers, error)
      || !keyfile_text (file, level->path, LOOKUP, LDAP_CA, &policy->ldap_ca, error))
    return FALSE;
  if (!ldapserver_is_ca (policy->ldap_ca, &why))
    return keyfile_refuse (level->path, LOOKUP, LDAP_CA, why, error);
  policy->ldap_servers = ldapserver_list (servers, &why);
  return policy->ldap_servers != NULL || keyfile_refuse (level->path, LOOKUP, LDAP_SERVERS, why, error);
}

static gboolean
is_organisation_key (const char *group, const char *key)
{
  for (gsize i = 0; i < G_N_ELEMENTS (organisation_keys); i++)
    if (strcmp (organisation_keys[i].group, group) == 0 && strcmp (organisation_keys[i].key, key) == 0)
      return TRUE;
  return FALSE;
}

static gboolean
all_known (GKeyFile *file, const char *path, GError **error)
{
  g_auto (GStrv) groups = g_key_file_get_groups (file, NULL);
  for (gsize i = 0; groups[i] != NULL; i++) {
    g_auto (GStrv) keys = g_key_file_get_keys (file, groups[i], NULL, NULL);
    if (strcmp (groups[i], PINS) == 0)
      continue;
    for (gsize j = 0; keys[j] != NULL; j++) {
      if (is_organisation_key (groups[i], keys[j]))
        continue;
      gsize row = 0;
      while (row < G_N_ELEMENTS (rows)
             && (strcmp (rows[row].group, groups[i]) != 0 || strcmp (rows[row].key, keys[j]) != 0))
        row++;
      if (row == G_N_ELEMENTS (rows))
        return keyfile_refuse (
            path, groups[i], keys[j],
            "wardmail knows no such demand, and cannot keep what it does not know; see wardmail-policy(5).", error);
    }
  }
  return TRUE;
}

static gboolean
read_level (struct policy *policy, struct level *level, GError **error)
{
  g_autoptr (GError) cause = NULL;
  g_autoptr (GKeyFile) file = keyfile_load (level->path, &cause);
  if (file == NULL && g_error_matches (cause, CONFIG_ERROR, CONFIG_ERROR_MISSING))
    return TRUE;
  if (file == NULL) {
    g_propagate_error (error, g_steal_pointer (&cause));
    return FALSE;
  }
  if (!all_known (file, level->path, error) || !is_organisations (level, file, error))
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (!read_row (policy, i, level, file, error))
      return FALSE;
  return read_pins (policy, level, file, error) && read_own_domains (policy, level, file, error)
         && read_card_modules (policy, level, file, error) && read_ldap (policy, level, file, error);
}

struct policy *
policy_load_files (const char *organisation_file, const char *user_file, gboolean test_profile, GError **error)
{
  AUTOFREE (policy) policy = g_new0 (struct policy, 1);
  policy->pins = g_ptr_array_new_with_free_func (pin_free);
  policy->own_domains = g_new0 (char *, 1);
  policy->least_smime_trust = 3;
  policy->least_pgp_trust = 1;
  policy->least_reply_trust = 1;
  policy->prefer = 1;
  policy->allow_smime = policy->allow_pgp = policy->allow_autocrypt = policy->allow_note = policy->allow_wkd = TRUE;
  policy->allow_ldap = policy->allow_ldap_domains = TRUE;
  policy->send_autocrypt = TRUE;
  policy->revocation = 1;
  policy->receipts = 1;
  policy->allow_password = test_profile;
  struct level level = { .path = organisation_file, .organisation = TRUE };
  if (!read_level (policy, &level, error))
    return NULL;
  level.path = user_file;
  level.organisation = FALSE;
  if (!read_level (policy, &level, error))
    return NULL;
  return g_steal_pointer (&policy);
}

struct policy *
policy_load (const struct paths *paths, const struct settings *settings, GError **error)
{
  g_autofree char *user_file = g_build_filename (paths->config_dir, "policy.conf", NULL);
  return policy_load_files (POLICY_ORGANISATION_FILE, user_file, settings != NULL && settings->at_rest == AT_REST_NONE,
                            error);
}

void
policy_free (struct policy *policy)
{
  if (policy != NULL) {
    g_ptr_array_unref (policy->pins);
    g_strfreev (policy->own_domains);
    g_strfreev (policy->card_modules);
    g_clear_pointer (&policy->ldap_servers, g_ptr_array_unref);
    g_free (policy->ldap_ca);
  }
  g_free (policy);
}
