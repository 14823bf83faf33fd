/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The words for a route: what was decided for an address, why, and what the sender can do next. */
#include "crypto/route_text.h"
#include "crypto/addrspec.h"

static const char *
kind_name (const struct key_candidate *key)
{
  return key->method == ROUTE_SMIME ? "S/MIME certificate" : "OpenPGP key";
}

static const char *
trust_words (enum key_trust trust)
{
  switch (trust) {
  case KEY_TRUST_NONE:
    return "of which nothing is known";
  case KEY_TRUST_FIRST_SEEN:
    return "imported by you, not yet compared";
  case KEY_TRUST_WKD:
    return "published by the domain of the address";
  case KEY_TRUST_CHAIN:
    return "issued by an authority that you trust";
  case KEY_TRUST_VERIFIED:
    return "compared by you";
  }
  return "of which nothing is known";
}

/* " on 2026-03-01", or "" when unknown. Digits of its own, as the locale must not matter. */
static char *
on_date (gint64 time)
{
  g_autoptr (GDateTime) date = time > 0 ? g_date_time_new_from_unix_utc (time) : NULL;
  if (date == NULL)
    return g_strdup ("");
  return g_strdup_printf (" on %04d-%02d-%02d", g_date_time_get_year (date), g_date_time_get_month (date),
                          g_date_time_get_day_of_month (date));
}

static void
fill_untrusted (struct route *route, const struct route_policy *policy)
{
  const struct key_candidate *key = route->key;
  const char *who = route->address;
  route->sentence = g_strdup_printf ("HELD: the %s of %s is %s, and that is not enough to trust it.", kind_name (key),
                                     who, trust_words (key->trust));
  g_autofree char *compare
      = g_strdup_printf ("all %s, compare the fingerprint, then: wardmail key trust %s", who, key->fingerprint);
  if (key->method == ROUTE_SMIME && policy->least_smime <= KEY_TRUST_CHAIN)
    route->next = g_strconcat ("Import the authority that issued it: wardmail ca import FILE. Or c", compare, NULL);
  else
    route->next = g_strconcat ("C", compare, NULL);
}

/* The key has this fault, and only another key helps. */
static void
fill_fault (struct route *route, const char *fault)
{
  route->sentence = g_strdup_printf ("HELD: the %s of %s %s.", kind_name (route->key), route->address, fault);
  route->next = g_strdup_printf (
      "Ask %s for a new certificate or OpenPGP key, then import it: wardmail key import FILE", route->address);
}

void
route_text_fill (struct route *route, const struct route_policy *policy)
{
  const char *who = route->address;
  switch (route->reason) {
  case ROUTE_REASON_KEY_FOUND:
    route->sentence = g_strdup_printf ("%s: encrypted with %s; the %s is %s.", who,
                                       route->method == ROUTE_SMIME ? "S/MIME" : "OpenPGP", kind_name (route->key),
                                       trust_words (route->key->trust));
    route->next = g_strdup ("");
    return;
  case ROUTE_REASON_NO_KEY:
    route->sentence = g_strdup_printf ("HELD: no key found for %s, so nothing can be encrypted to this address.", who);
    route->next
        = g_strdup_printf ("Ask %s for a certificate or an OpenPGP key, then import it: wardmail key import FILE", who);
    return;
  case ROUTE_REASON_BAD_ADDRESS:
    if (*who == '\0')
      route->sentence = g_strdup ("HELD: an address is missing.");
    else
      route->sentence = g_strdup_printf ("HELD: \"%.*s\" is not an e-mail address.", ADDRSPEC_SIZE_MAX, who);
    route->next = g_strdup ("Correct the address; it looks like name@hospital.example");
    return;
  case ROUTE_REASON_KEYRING:
    route->sentence = g_strdup_printf ("HELD: your keys could not be read, so no key for %s could be looked up.", who);
    route->next = g_strdup ("Look whether the disk is full, then close wardmail and start it again; “wardmail key "
                            "list” says what is wrong.");
    return;
  case ROUTE_REASON_POLICY:
    route->sentence
        = g_strdup_printf ("HELD: there is an %s for %s, but your organisation does not allow %s.",
                           kind_name (route->key), who, route->key->method == ROUTE_SMIME ? "S/MIME" : "OpenPGP");
    route->next = g_strdup_printf ("Ask %s for %s, then import it: wardmail key import FILE", who,
                                   route->key->method == ROUTE_SMIME ? "an OpenPGP key" : "an S/MIME certificate");
    return;
  case ROUTE_REASON_SENDER:
    route->sentence
        = g_strdup_printf ("HELD: there is an %s for %s, but you have no usable %s of your own to sign with.",
                           kind_name (route->key), who, kind_name (route->key));
    route->next
        = g_strdup_printf ("Import your own %s with its private key: wardmail key import FILE", kind_name (route->key));
    return;
  case ROUTE_REASON_UNTRUSTED:
    fill_untrusted (route, policy);
    return;
  case ROUTE_REASON_EXPIRED: {
    g_autofree char *date = on_date (route->key->expires);
    g_autofree char *fault = g_strconcat ("expired", date, NULL);
    fill_fault (route, fault);
    return;
  }
  case ROUTE_REASON_NOT_YET:
    route->sentence = g_strdup_printf ("HELD: the %s of %s is not valid yet.", kind_name (route->key), who);
    route->next
        = g_strdup_printf ("Check the clock of this computer. If it is right, ask %s for a key that is valid today, "
                           "then import it: wardmail key import FILE",
                           who);
    return;
  case ROUTE_REASON_USAGE:
    fill_fault (route, "may only be used to sign, not to encrypt");
    return;
  case ROUTE_REASON_WEAK:
    fill_fault (route, "is too weak to protect a message today");
    return;
  case ROUTE_REASON_REVOKED:
    fill_fault (route, "was revoked and must not be used any more");
    return;
  case ROUTE_REASON_BROKEN:
    fill_fault (route, "is damaged and cannot be used");
    return;
  }
}
