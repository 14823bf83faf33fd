/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The route decision: for one recipient, S/MIME, OpenPGP or hold, with the reason and the next step.
 *
 * A pure function: no files, no clock, no locale. Everything it looks at is an argument, so that every combination can
 * stand in a test. Any process may call it; today the keys worker does. */
#pragma once
#include <glib.h>

enum route_method { ROUTE_HOLD = 0, ROUTE_SMIME, ROUTE_PGP };

/* How far a key is known to belong to its address, least first. */
enum key_trust {
  KEY_TRUST_NONE = 0,   /* nothing known, or said to be wrong */
  KEY_TRUST_FIRST_SEEN, /* imported by the user, never compared */
  KEY_TRUST_WKD,        /* published by the domain of the address */
  KEY_TRUST_CHAIN,      /* a valid chain to a configured anchor */
  KEY_TRUST_VERIFIED,   /* compared by the user, or pinned by the organisation */
};

/* Why a key cannot be used to encrypt; 0 means it can. Order is that of severity. */
enum key_fault {
  KEY_FAULT_NONE = 0,
  KEY_FAULT_UNTRUSTED, /* below the level that policy asks for; set by route, never by a source */
  KEY_FAULT_EXPIRED,
  KEY_FAULT_NOT_YET,
  KEY_FAULT_USAGE, /* it may only sign */
  KEY_FAULT_WEAK,  /* RSA < 2048, SHA-1 certificate, and the like */
  KEY_FAULT_REVOKED,
  KEY_FAULT_BROKEN, /* cannot be read or used at all */
};

/* One key that carries the recipient's address, as a source found it. Plain data; strings owned by it. */
struct key_candidate {
  enum route_method method; /* ROUTE_SMIME or ROUTE_PGP: what it can be used for */
  char *fingerprint;        /* upper-case hex: SHA-256 of the certificate (S/MIME), v4 fingerprint (OpenPGP) */
  char *address;            /* the addr-spec it was found under, lower-cased domain */
  char *owner;              /* user id or subject, for people; untrusted text */
  char *source;             /* "imported", "own", "card", "mail", "autocrypt", "wkd", "ldap" */
  enum key_trust trust;
  enum key_fault fault; /* as of the time the keyring was asked for */
  char *detail;        /* the fault in words that follow "the key of ...": "has only 1024 bits"; NULL: the usual ones */
  gint64 expires;      /* seconds since the epoch, 0 = never */
  gboolean own;        /* the secret key is here too, or on a card of ours */
  char *card;          /* own: the name of the smart card that the secret key is on; untrusted text; NULL: it is here */
  gboolean hearsay;    /* from a header that nobody signed (Autocrypt): never taken over another one */
  gboolean looked_up;  /* a directory on the network gave it, and it is kept apart from the keyring */
  gboolean expiring;   /* within 30 days of that time */
  gboolean changed;    /* mail to this address was encrypted before, and never to this key */
  gboolean pinned;     /* the organisation says that it belongs to the address */
  gboolean stopped;    /* the user said that it is not to be used any more */
  gboolean barred;     /* the organisation says that others belong to it, and not this one */
  char **capabilities; /* S/MIME: what its holder announced that he can read, best first; NULL: nothing known */
};
struct key_candidate *key_candidate_copy (const struct key_candidate *key);
void key_candidate_free (struct key_candidate *key);
DEFINE_AUTOFREE (key_candidate, key_candidate_free)

struct route_policy {
  enum key_trust least_smime;      /* built-in: KEY_TRUST_CHAIN */
  enum key_trust least_pgp;        /* built-in: KEY_TRUST_FIRST_SEEN */
  enum route_method prefer;        /* where both would do; built-in: ROUTE_SMIME */
  gboolean allow_smime, allow_pgp; /* built-in: both */
  enum key_trust least_reply;      /* of either, where what is answered was protected; built-in: KEY_TRUST_FIRST_SEEN */
  gboolean allow_autocrypt;        /* whether a key that is hearsay may be used; built-in: TRUE */
};
void route_policy_init (struct route_policy *policy); /* fills in what is built in */
/* The policy for one message: one that answers or forwards a protected one is never held to less than any other, and to least_reply. */
struct route_policy route_policy_for (const struct route_policy *policy, gboolean parent_protected);

/* Reason codes; `explain --json` prints their names (route_reason_name). */
enum route_reason {
  ROUTE_REASON_NO_KEY = 0,  /* "no_key" */
  ROUTE_REASON_BAD_ADDRESS, /* "bad_address" */
  ROUTE_REASON_UNTRUSTED,   /* "untrusted" */
  ROUTE_REASON_EXPIRED,     /* "expired" */
  ROUTE_REASON_NOT_YET,     /* "not_yet_valid" */
  ROUTE_REASON_USAGE,       /* "wrong_usage" */
  ROUTE_REASON_WEAK,        /* "weak" */
  ROUTE_REASON_REVOKED,     /* "revoked" */
  ROUTE_REASON_BROKEN,      /* "broken" */
  ROUTE_REASON_POLICY,      /* "policy": a key would do, policy forbids its method */
  ROUTE_REASON_SENDER,      /* "sender_no_key": we have no key of our own for the method */
  ROUTE_REASON_KEYRING,     /* "keyring_failed": the keyring could not be read; never an excuse to go on */
  ROUTE_REASON_CHANGED,     /* "key_changed": another key than the ones used so far, and nobody compared it */
  ROUTE_REASON_PINNED,      /* "not_pinned": the organisation pinned another key for the address */
  ROUTE_REASON_STOPPED,     /* "stopped": the user said that this key is not to be used any more */
  ROUTE_REASON_SECOND,      /* "second_choice": only of a candidate: it would do, and another one is taken */
  ROUTE_REASON_KEY_FOUND,   /* "key_found": the only reason that goes with a method other than hold */
};
const char *route_reason_name (enum route_reason reason);
const char *route_method_name (enum route_method method); /* "hold", "smime", "pgp" */

/* One key that was considered, and what became of it. */
struct route_candidate {
  struct key_candidate *key;
  enum route_reason reason; /* KEY_FOUND: it is the one */
  char *sentence;           /* why it was taken or not, as of struct route */
};

struct route {
  char *address;
  enum route_method method;
  enum route_reason reason;
  char *sentence;            /* plain words, no markup; may hold text of the key's owner: sanitise before display */
  char *next;                /* what to do next; "" when nothing is to be done */
  struct key_candidate *key; /* the one chosen, or the best of those that lost; NULL if there is none */
  GPtrArray *candidates; /* struct route_candidate *: all that were considered, best first; NULL or empty if none was */
};
void route_free (struct route *route);
DEFINE_AUTOFREE (route, route_free)

/* Does it hold for want of a key that the recipient could give? Else asking for one would not help, or is not needed. */
gboolean route_wants_key (const struct route *route);

/* Decide for one recipient. address: what the sender typed as addr-spec, borrowed, may be nonsense (-> hold).
 * keys: struct key_candidate *, borrowed; a NULL array means the keyring failed (-> hold).
 * can_smime, can_pgp: whether the sender has a usable key of his own for that method (sign, and copy to self).
 * Returns a new route; never NULL. */
struct route *route_decide (const char *address, const GPtrArray *keys, const struct route_policy *policy,
                            gboolean can_smime, gboolean can_pgp);
