/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The words for a route: what was decided for an address, why, and what the sender can do next; and for each key that was
 * considered, why it was taken or not. */
#include "crypto/route_text.h"
#include "crypto/addrspec.h"

static const char *
kind_name (const struct key_candidate *key)
{
  return key->method == ROUTE_SMIME ? "S/MIME certificate" : "OpenPGP key";
}

static const char *
method_name (enum route_method method)
{
  return method == ROUTE_SMIME ? "S/MIME" : "OpenPGP";
}

static const char *
trust_words (const struct key_candidate *key)
{
  if (key->pinned)
    return "pinned by your organisation";
  if (key->hearsay && key->trust == KEY_TRUST_FIRST_SEEN)
    return g_strcmp0 (key->source, "gossip") == 0 ? "known from the mail of somebody else alone"
                                                  : "known from the header of a mail alone";
  switch (key->trust) {
  case KEY_TRUST_NONE:
    return key->looked_up ? "found in a directory, and issued by nobody whom you trust" : "of which nothing is known";
  case KEY_TRUST_FIRST_SEEN:
    return key->looked_up                         ? "once published by the domain of the address, and no longer"
           : g_strcmp0 (key->source, "mail") == 0 ? "from a signed mail, not yet compared"
                                                  : "imported by you, not yet compared";
  case KEY_TRUST_WKD:
    return "published by the domain of the address";
  case KEY_TRUST_CHAIN:
    return "issued by an authority that you trust";
  case KEY_TRUST_VERIFIED:
    return key->own ? "your own" : "compared by you";
  }
  return "of which nothing is known";
}

char *
route_text_date (gint64 time)
{
  g_autoptr (GDateTime) date = time > 0 ? g_date_time_new_from_unix_utc (time) : NULL;
  if (date == NULL)
    return NULL;
  return g_strdup_printf ("%04d-%02d-%02d", g_date_time_get_year (date), g_date_time_get_month (date),
                          g_date_time_get_day_of_month (date));
}

/* What follows "the OpenPGP key of ...". */
static char *
fault_words (const struct key_candidate *key, enum route_reason reason)
{
  if (key->detail != NULL)
    return g_strdup (key->detail);
  g_autofree char *date = route_text_date (key->expires);
  if (reason == ROUTE_REASON_EXPIRED)
    return date != NULL ? g_strconcat ("expired on ", date, NULL) : g_strdup ("expired");
  if (reason == ROUTE_REASON_NOT_YET)
    return g_strdup ("is not valid yet");
  if (reason == ROUTE_REASON_USAGE)
    return g_strdup ("may only be used to sign, not to encrypt");
  if (reason == ROUTE_REASON_WEAK)
    return g_strdup ("is too weak to protect a message today");
  if (reason == ROUTE_REASON_REVOKED)
    return g_strdup ("was revoked and must not be used any more");
  return g_strdup ("is damaged and cannot be used");
}

/* "; it expires on 2026-03-01, ...": told where that is near. */
static char *
expiry_words (const struct key_candidate *key)
{
  g_autofree char *date = key->expiring ? route_text_date (key->expires) : NULL;
  return date != NULL ? g_strdup_printf ("; it expires on %s, so ask for a new one", date) : g_strdup ("");
}

/* Why a key would do and another one is taken. */
static const char *
second_words (const struct key_candidate *key, const struct key_candidate *taken)
{
  if (key->hearsay && !taken->hearsay)
    return "another one is known from more than a header";
  if (key->method != taken->method)
    return taken->method == ROUTE_SMIME ? "S/MIME is preferred" : "OpenPGP is preferred";
  if (key->trust != taken->trust)
    return "more is known of another one";
  if (key->expires != taken->expires)
    return "another one is valid for longer";
  return "another one was taken";
}

/* The reason in words, without a beginning and an end; taken: the key that is used, for SECOND. */
static char *
why (const char *who, const struct key_candidate *key, enum route_reason reason, const struct key_candidate *taken)
{
  const char *kind = kind_name (key);
  g_autofree char *expiry = expiry_words (key);
  switch (reason) {
  case ROUTE_REASON_KEY_FOUND:
    return g_strdup_printf ("%s: encrypted with %s; the %s is %s%s", who, method_name (key->method), kind,
                            trust_words (key), expiry);
  case ROUTE_REASON_SECOND:
    return g_strdup_printf ("the %s of %s is %s and would do, but %s", kind, who, trust_words (key),
                            second_words (key, taken));
  case ROUTE_REASON_UNTRUSTED:
    return g_strdup_printf ("the %s of %s is %s, and that is not enough to trust it", kind, who, trust_words (key));
  case ROUTE_REASON_CHANGED:
    return g_strdup_printf ("this %s of %s (%s) is not the key that you know of this person, and nobody has compared "
                            "it yet",
                            kind, who, trust_words (key));
  case ROUTE_REASON_PINNED:
    return g_strdup_printf ("this %s of %s is not the one that your organisation has laid down for this address", kind,
                            who);
  case ROUTE_REASON_STOPPED:
    return g_strdup_printf ("this %s of %s is one that you said not to use any more", kind, who);
  case ROUTE_REASON_POLICY:
    return g_strdup_printf ("there is an %s for %s, but your organisation does not allow %s", kind, who,
                            method_name (key->method));
  case ROUTE_REASON_SENDER:
    return g_strdup_printf ("there is an %s for %s, but you have no usable %s of your own to sign with", kind, who,
                            kind);
  case ROUTE_REASON_EXPIRED:
  case ROUTE_REASON_NOT_YET:
  case ROUTE_REASON_USAGE:
  case ROUTE_REASON_WEAK:
  case ROUTE_REASON_REVOKED:
  case ROUTE_REASON_BROKEN:
    break;
  case ROUTE_REASON_NO_KEY:
  case ROUTE_REASON_BAD_ADDRESS:
  case ROUTE_REASON_KEYRING:
    return g_strdup ("");
  }
  g_autofree char *fault = fault_words (key, reason);
  return g_strdup_printf ("the %s of %s %s", kind, who, fault);
}

static char *
compare_first (const char *who, const struct key_candidate *key)
{
  return g_strdup_printf ("all %s, compare the fingerprint, then: wardmail key trust %s", who, key->fingerprint);
}

/* What helps against the reason, which is that of a key. */
static char *
next_step (const struct route *route, const struct route_policy *policy)
{
  const char *who = route->address;
  const struct key_candidate *key = route->key;
  g_autofree char *compare = compare_first (who, key);
  switch (route->reason) {
  case ROUTE_REASON_UNTRUSTED:
    if (key->method == ROUTE_SMIME && policy->least_smime <= KEY_TRUST_CHAIN)
      return g_strconcat ("Import the authority that issued it: wardmail ca import FILE. Or c", compare, NULL);
    return g_strconcat ("C", compare, NULL);
  case ROUTE_REASON_CHANGED:
    return g_strconcat ("Find out whether the key is really a new one of this person: c", compare, NULL);
  case ROUTE_REASON_PINNED:
    return g_strdup_printf ("Ask %s for the key that your organisation knows, or tell your administrator that it has "
                            "changed",
                            who);
  case ROUTE_REASON_STOPPED:
    return g_strdup_printf (
        "Ask %s for a new key, then import it: wardmail key import FILE. If this one is in order after "
        "all, c%s",
        who, compare);
  case ROUTE_REASON_POLICY:
    return g_strdup_printf ("Ask %s for %s, then import it: wardmail key import FILE", who,
                            key->method == ROUTE_SMIME ? "an OpenPGP key" : "an S/MIME certificate");
  case ROUTE_REASON_SENDER:
    return g_strdup_printf (
        "Make one of your own: wardmail key new%s. Or import yours with its private key: wardmail key "
        "import FILE",
        key->method == ROUTE_SMIME ? " --kind smime" : "");
  case ROUTE_REASON_NOT_YET:
    return g_strdup_printf ("Check the clock of this computer. If it is right, ask %s for a key that is valid today, "
                            "then import it: wardmail key import FILE",
                            who);
  case ROUTE_REASON_EXPIRED:
  case ROUTE_REASON_USAGE:
  case ROUTE_REASON_WEAK:
  case ROUTE_REASON_REVOKED:
  case ROUTE_REASON_BROKEN:
    return g_strdup_printf ("Ask %s for a new certificate or OpenPGP key, then import it: wardmail key import FILE",
                            who);
  case ROUTE_REASON_KEY_FOUND:
  case ROUTE_REASON_SECOND:
  case ROUTE_REASON_NO_KEY:
  case ROUTE_REASON_BAD_ADDRESS:
  case ROUTE_REASON_KEYRING:
    break;
  }
  return g_strdup ("");
}

/* There is no key to speak of. */
static void
fill_keyless (struct route *route)
{
  const char *who = route->address;
  if (route->reason == ROUTE_REASON_KEYRING) {
    route->sentence = g_strdup_printf ("HELD: your keys could not be read, so no key for %s could be looked up.", who);
    route->next = g_strdup ("Look whether the disk is full, then close wardmail and start it again; “wardmail key "
                            "list” says what is wrong.");
  } else if (route->reason == ROUTE_REASON_BAD_ADDRESS) {
    if (*who == '\0')
      route->sentence = g_strdup ("HELD: an address is missing.");
    else
      route->sentence = g_strdup_printf ("HELD: \"%.*s\" is not an e-mail address.", ADDRSPEC_SIZE_MAX, who);
    route->next = g_strdup ("Correct the address; it looks like name@hospital.example");
  } else {
    route->sentence = g_strdup_printf ("HELD: no key found for %s, so nothing can be encrypted to this address.", who);
    route->next
        = g_strdup_printf ("Ask %s for a certificate or an OpenPGP key, then import it: wardmail key import FILE", who);
  }
}

void
route_text_fill (struct route *route, const struct route_policy *policy)
{
  if (route->key == NULL) {
    fill_keyless (route);
    return;
  }
  for (guint i = 0; i < route->candidates->len; i++) {
    struct route_candidate *candidate = g_ptr_array_index (route->candidates, i);
    g_autofree char *words = why (route->address, candidate->key, candidate->reason, route->key);
    candidate->sentence = g_strconcat (words, ".", NULL);
  }
  const struct route_candidate *best = g_ptr_array_index (route->candidates, 0);
  route->sentence = g_strconcat (route->method == ROUTE_HOLD ? "HELD: " : "", best->sentence, NULL);
  route->next = next_step (route, policy);
}
