/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The people of the runs: keys in every state, made by gpg and openssl, and what must follow from each, known from how they were made
 * and not from the code under test. */
#include "config/policy.h"
#include "tests/property/property.h"
#include "tests/property/property_fault.h"
#include "tests/unit/fixture.h"
#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define SENDERS 3
#define REACHABLE 12

static struct person people[] = {
  { .name = "pgp1", .pgp = FIXTURE_GOOD, .smime = PERSON_NONE },
  { .name = "pgp2", .pgp = FIXTURE_GOOD, .smime = PERSON_NONE },
  { .name = "pgp3", .pgp = FIXTURE_RSA, .smime = PERSON_NONE },
  { .name = "cert1", .pgp = PERSON_NONE, .smime = FIXTURE_GOOD },
  { .name = "cert2", .pgp = PERSON_NONE, .smime = FIXTURE_GOOD },
  { .name = "cert3", .pgp = PERSON_NONE, .smime = FIXTURE_RSA },
  { .name = "both1", .pgp = FIXTURE_GOOD, .smime = FIXTURE_GOOD },
  { .name = "both2", .pgp = FIXTURE_GOOD, .smime = FIXTURE_RSA },
  { .name = "both3", .pgp = FIXTURE_GOOD, .smime = FIXTURE_GOOD, .compared = TRUE },
  { .name = "mixed1", .pgp = FIXTURE_REVOKED, .smime = FIXTURE_GOOD },
  { .name = "mixed2", .pgp = FIXTURE_GOOD, .smime = FIXTURE_EXPIRED },
  { .name = "pinned", .pgp = FIXTURE_GOOD, .smime = PERSON_NONE, .pinned = TRUE },
  { .name = "mixed3", .pgp = FIXTURE_EXPIRED, .smime = FIXTURE_SIGN_ONLY },
  { .name = "old1", .pgp = FIXTURE_EXPIRED, .smime = PERSON_NONE },
  { .name = "gone", .pgp = FIXTURE_REVOKED, .smime = PERSON_NONE },
  { .name = "signs1", .pgp = FIXTURE_SIGN_ONLY, .smime = PERSON_NONE },
  { .name = "weak1", .pgp = FIXTURE_WEAK, .smime = PERSON_NONE },
  { .name = "old2", .pgp = PERSON_NONE, .smime = FIXTURE_EXPIRED },
  { .name = "signs2", .pgp = PERSON_NONE, .smime = FIXTURE_SIGN_ONLY },
  { .name = "weak2", .pgp = PERSON_NONE, .smime = FIXTURE_WEAK },
  { .name = "early", .pgp = PERSON_NONE, .smime = FIXTURE_FUTURE },
  { .name = "stranger", .pgp = PERSON_NONE, .smime = FIXTURE_GOOD, .other = TRUE },
  { .name = "moved1", .pgp = FIXTURE_GOOD, .smime = PERSON_NONE, .changed = TRUE },
  { .name = "moved2", .pgp = PERSON_NONE, .smime = FIXTURE_GOOD, .changed = TRUE },
  { .name = "barred", .pgp = FIXTURE_GOOD, .smime = PERSON_NONE, .barred = TRUE },
  { .name = "rumour", .pgp = FIXTURE_GOOD, .smime = PERSON_NONE, .hearsay = TRUE },
  { .name = "nobody", .pgp = PERSON_NONE, .smime = PERSON_NONE },
  /* Nobody writes to him: whoever encrypts to him does wrong. */
  { .name = "thief", .pgp = PERSON_NONE, .smime = FIXTURE_GOOD },
  /* Those who send. */
  { .name = "alice", .pgp = FIXTURE_GOOD, .smime = FIXTURE_GOOD },
  { .name = "anna", .pgp = FIXTURE_GOOD, .smime = PERSON_NONE },
  { .name = "arno", .pgp = PERSON_NONE, .smime = FIXTURE_RSA },
};
#define PEOPLE G_N_ELEMENTS (people)
#define NAMEABLE (PEOPLE - 4) /* all but the thief, anna and arno ... */

static struct fixture fixture;
static char *profile;
static struct keyring *opened; /* the profile's, with all keys read */

const char *
property_dir (void)
{
  return fixture.dir;
}

const char *
property_profile (void)
{
  return profile;
}

guint
people_count (void)
{
  return NAMEABLE;
}

const struct person *
people_at (guint index)
{
  return &people[index];
}

guint
people_reachable_count (void)
{
  return REACHABLE;
}

const struct person *
people_sender (guint index)
{
  return &people[PEOPLE - SENDERS + index];
}

guint
people_senders (void)
{
  return SENDERS;
}

const struct person *
people_find (const char *name)
{
  const gsize size = strcspn (name, "@");
  for (gsize i = 0; i < PEOPLE; i++)
    if (strlen (people[i].name) == size && g_ascii_strncasecmp (people[i].name, name, size) == 0)
      return &people[i];
  return NULL;
}

/* ---- what must follow ---- */

static gboolean
is_fine (int kind)
{
  return kind == FIXTURE_GOOD || kind == FIXTURE_RSA;
}

static gboolean
method_fits (const struct person *person, const struct person *sender, const struct route_policy *policy,
             gboolean smime)
{
  const int kind = smime ? person->smime : person->pgp, own = smime ? sender->smime : sender->pgp;
  const gboolean sends = people_find (person->name) >= &people[PEOPLE - SENDERS];
  const enum key_trust trust = person->compared || person->pinned || sends ? KEY_TRUST_VERIFIED
                               : smime && !person->other                   ? KEY_TRUST_CHAIN
                                                                           : KEY_TRUST_FIRST_SEEN;
  const enum key_trust least = MAX (smime ? policy->least_smime : policy->least_pgp, KEY_TRUST_FIRST_SEEN);
  return is_fine (kind) && is_fine (own) && (smime ? policy->allow_smime : policy->allow_pgp) && trust >= least
         && !person->barred && !person->changed && (!person->hearsay || policy->allow_autocrypt);
}

enum route_method
people_route (const struct person *person, const struct person *sender, const struct route_policy *policy)
{
  const gboolean smime = method_fits (person, sender, policy, TRUE), pgp = method_fits (person, sender, policy, FALSE);
  if (smime && (policy->prefer == ROUTE_SMIME || !pgp))
    return ROUTE_SMIME;
  return pgp ? ROUTE_PGP : ROUTE_HOLD;
}

/* ---- the keys ---- */

static char *
pgp_id (const char *name)
{
  char *id = fixture_run (
      &fixture, "gpg -q --with-colons --list-keys '<%s@demo.test>' | awk -F: '$1==\"sub\" {printf \"pgp:%%s\", $5}'",
      name);
  assert_int_equal (strlen (id), 20);
  return id;
}

static char *
smime_fingerprint (const char *name)
{
  char *text = fixture_run (
      &fixture, "openssl x509 -in %s.crt -noout -fingerprint -sha256 | sed 's/.*=//;s/://g' | tr -d '\\n'", name);
  assert_int_equal (strlen (text), 64);
  return text;
}

static void
import (struct keyring *keyring, struct person *person, gboolean sends)
{
  g_autofree char *public = g_strconcat (person->name, sends ? ".sec" : ".pub", NULL);
  g_autofree char *certificate = g_strconcat (person->name, ".crt", NULL),
                  *key = g_strconcat (person->name, ".key", NULL);
  if (person->pgp != PERSON_NONE) {
    fixture_pgp (&fixture, person->name, (enum fixture_key) person->pgp);
    person->pgp_id = person->pgp == FIXTURE_SIGN_ONLY ? NULL : pgp_id (person->name);
    if (!person->hearsay)
      fixture_import (&fixture, keyring, public, NULL);
  }
  if (person->smime != PERSON_NONE) {
    fixture_certificate (&fixture, person->name, (enum fixture_key) person->smime, person->other ? "other" : "ca");
    fixture_import (&fixture, keyring, certificate, sends ? key : NULL, NULL);
    person->smime_id = people_certificate_id (fixture.dir, person->name);
  }
}

/* What the user and others said of the keys. */
static void
say (struct keyring *keyring, struct person *person)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *address = g_strconcat (person->name, "@demo.test", NULL);
  if (person->compared) {
    g_autofree char *pgp = fixture_pgp_fingerprint (&fixture, person->name), *smime = smime_fingerprint (person->name);
    assert_true (keyring_trust (keyring, pgp, &error) && keyring_trust (keyring, smime, &error));
  }
  if (person->hearsay) {
    g_free (fixture_run (&fixture, "gpg -q --export '<%s>' > rumour.bin", address));
    g_autoptr (GBytes) key = fixture_read (&fixture, "rumour.bin");
    assert_true (keyring_autocrypt (keyring, address, key, 1700000000, 0, &error));
  }
  if (person->pgp_id != NULL && person->smime_id != NULL) { /* mail went to either: neither is a change */
    g_autofree char *pgp = fixture_pgp_fingerprint (&fixture, person->name), *smime = smime_fingerprint (person->name);
    g_free (fixture_run (&fixture, "printf '[%s]\\nlast=1\\nfingerprints=%s;%s;\\n' >> profile/data/keys/used.conf",
                         address, pgp, smime));
  }
  if (person->changed)
    g_free (fixture_run (&fixture,
                         "printf '[%s]\\nlast=1700000000\\nfingerprints=%s;\\n' >> profile/data/keys/used.conf",
                         address, "0123456789ABCDEF0123456789ABCDEF01234567"));
}

static void
pin_free (gpointer data)
{
  struct policy_pin *pin = data;
  g_free (pin->address);
  g_strfreev (pin->fingerprints);
  g_free (pin);
}

GPtrArray *
people_pins (void)
{
  GPtrArray *pins = g_ptr_array_new_with_free_func (pin_free);
  for (gsize i = 0; i < PEOPLE; i++)
    if (people[i].pinned || people[i].barred) {
      struct policy_pin *pin = g_new0 (struct policy_pin, 1);
      pin->address = g_strconcat (people[i].name, "@demo.test", NULL);
      pin->fingerprints = g_new0 (char *, 2);
      pin->fingerprints[0] = people[i].pinned ? g_strdup (people[i].pin) : g_strnfill (40, 'A');
      g_ptr_array_add (pins, pin);
    }
  return pins;
}

static void
write_programs (void)
{
  static const struct {
    const char *name, *text;
  } programs[] = {
    { "gpg-hangs", "#!/bin/sh\nexec sleep 20\n" },
    { "gpg-killed", "#!/bin/sh\nkill -9 $$\n" },
    { "gpg-noise",
      "#!/bin/sh\nprintf '[GNUPG:] \\303 nonsense\\npub:::::::\\nuid\\n\\001\\002gpg 2.2:\\n'; head -c 3000 \"$0\"\n" },
    { "gpg-silent", "#!/bin/sh\nexit 0\n" },
    { "gpg-refuses", "#!/bin/sh\nexit 2\n" }
  };
  for (gsize i = 0; i < G_N_ELEMENTS (programs); i++) {
    g_autofree char *path = g_build_filename (fixture.dir, programs[i].name, NULL);
    assert_true (g_file_set_contents_full (path, programs[i].text, -1, G_FILE_SET_CONTENTS_NONE, 0700, NULL));
  }
}

void
people_set_up (void)
{
  fixture_init (&fixture);
  fixture_authority (&fixture, "ca");
  fixture_authority (&fixture, "other");
  g_free (fixture_run (&fixture, "mkdir -m 700 -p profile/data/keys profile/config && "
                                 "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "
                                 "server.key -out server.crt -days 3650 -subj /CN=server "
                                 "-addext subjectAltName=IP:127.0.0.1 2>/dev/null"));
  profile = g_build_filename (fixture.dir, "profile", NULL);
  write_programs ();
  struct keyring *keyring = opened = fixture_keyring (&fixture, "profile/data/keys");
  fixture_anchor (&fixture, keyring, "ca.crt");
  for (gsize i = 0; i < PEOPLE; i++)
    import (keyring, &people[i], i >= PEOPLE - SENDERS);
  for (gsize i = 0; i < PEOPLE; i++) {
    say (keyring, &people[i]);
    if (people[i].pinned)
      people[i].pin = fixture_pgp_fingerprint (&fixture, people[i].name);
  }
  keyring_free (keyring); /* what was said of them is read when it is opened */
  opened = fixture_keyring (&fixture, "profile/data/keys");
  g_autoptr (GPtrArray) all = keyring_list (opened, 0, NULL);
  assert_non_null (all);
  g_autofree char *thief = smime_fingerprint ("thief");
  memcpy (property_policy ()->other_fingerprint, thief, 65);
}

struct keyring *
people_keyring (void)
{
  return opened;
}

void
people_tear_down (void)
{
  keyring_free (opened);
  for (gsize i = 0; i < PEOPLE; i++) {
    g_clear_pointer (&people[i].pgp_id, g_free);
    g_clear_pointer (&people[i].smime_id, g_free);
    g_clear_pointer (&people[i].pin, g_free);
  }
  fixture_clear (&fixture);
  g_clear_pointer (&profile, g_free);
}

char *
people_open_pgp (GBytes *message, const struct person *reader)
{
  fixture_write (&fixture, "copy", message);
  return fixture_run (
      &fixture, "gpg -q --batch --no-tty --trust-model always -u '<%s@demo.test>' -d < copy 2>/dev/null", reader->name);
}
