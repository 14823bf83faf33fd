/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The whole way of messages out, at random and with failures: what the files of this folder share.
 *
 * A run is one message. The flows of the engine, its supervisor and the workers are the real ones; each worker is a fork of the test
 * (property_engine.c) that fails where it is told to (property_fault.h); the server is a process of the test (property_peer.c). */
#pragma once
#include <gio/gunixfdlist.h>
#include "crypto/route.h"

#define PROPERTY_CANARY "PHIcanary7391" /* stands in everything that nobody may see */

const char *property_dir (void); /* of this test: the profile, the keys of the others */
const char *property_profile (void);

/* ---- property_people.c: who is there, and what is known of each by how the keys were made ---- */
struct person {
  const char *name;
  int pgp, smime;          /* enum fixture_key, or -1 */
  gboolean other;          /* certified by an authority that is not trusted */
  gboolean changed;        /* mail to him went to another key before */
  gboolean compared;       /* the user compared his keys */
  gboolean pinned;         /* the organisation says that his keys are his */
  gboolean barred;         /* the organisation says that they are not */
  gboolean hearsay;        /* they came in a header that nobody signed */
  char *pgp_id, *smime_id; /* as of protect.h */
  char *pin;               /* the fingerprint that is pinned */
};
#define PERSON_NONE (-1)
void people_set_up (void); /* makes the keys of all, and the profile's */
void people_tear_down (void);
struct keyring;
struct keyring *people_keyring (void); /* the profile's */
guint people_count (void);
const struct person *people_at (guint index);
const struct person *
people_find (const char *name_or_address); /* by the name before the "@", without looking at case; NULL */
const struct person *people_sender (guint index);
guint people_senders (void);
guint people_reachable_count (void); /* the first ones: those whom everything speaks for */
/* What the route must be. */
enum route_method people_route (const struct person *person, const struct person *sender,
                                const struct route_policy *policy);
GPtrArray *people_pins (void); /* struct policy_pin * */
/* The plain text of a copy, as its reader's own program opens it; NULL: it does not. */
char *people_open (GBytes *message, enum route_method method, const struct person *reader);
char *people_open_pgp (GBytes *message, const struct person *reader);
char *people_certificate_id (const char *dir, const char *name);
/* Its readers by another parser than the gate's: ids as of protect.h; NULL: it is no envelope. */
GPtrArray *people_readers (GBytes *message, enum route_method *method_out);

/* ---- property_draft.c: a random message ---- */
struct draft {
  GVariant *fields; /* as the door takes it */
  GUnixFDList *fds;
  char *message_id;
  const struct person *sender; /* NULL: nobody of ours */
  GHashTable *wanted;          /* normal addr-spec of everybody who is named -> struct person * or NULL */
  GHashTable *blind;           /* set of those who are named in Bcc alone */
  gboolean nonsense;           /* something in it is no address */
  gboolean answer;             /* to something protected */
  gboolean has_bcc;
};
void draft_make (struct draft *draft, GRand *random, guint64 number);
void draft_make_fixed (struct draft *draft, guint64 number); /* a bit of everything, all reachable */
void draft_clear (struct draft *draft);
char *draft_normal (const char *address); /* local part as it is, domain in lower case */

/* ---- the policy of the run, for the keys worker ---- */
struct property_policy {
  struct route_policy policy;
  char other_fingerprint[65]; /* a certificate of nobody who is written to */
};
struct property_policy *property_policy (void); /* shared */

/* ---- property_files.c: the keyring's files ---- */
void property_files_break (guint kind); /* before the worker starts */
void property_files_gone (void);
void property_files_restore (void);
void property_outbox_spoil (guint kind);
/* Is there something that nobody may see in a file below the folder? The path of it; NULL. */
char *property_files_leak (const char *dir);
void property_files_remove (const char *dir); /* all below it, and itself */

/* ---- property_crypto.c ---- */
gboolean property_crypto_memory (void); /* before anything of OpenSSL is used */
void property_crypto_random (void);

/* ---- property_peer.c ---- */
guint16 property_peer_start (const char *certificate, const char *key); /* its port */
void property_peer_stop (void);
void property_peer_settle (void); /* until it has heard everything */
void property_peer_clear (void);  /* forgets what it heard */
GBytes *property_peer_heard (gsize at, gsize size);

/* ---- property_engine.c ---- */
struct outcome {
  gboolean answered, failed, lost;
  char *state, *text; /* text: of the error, too */
  GPtrArray *held;    /* char *: addresses that the answer names as held, each with a sentence */
  gboolean held_without_sentence;
  gboolean held_untrue; /* somebody who has a key is said to have none */
  gboolean kept;        /* what is held is in Drafts */
};
void outcome_clear (struct outcome *outcome);
void engine_up (guint16 port, gboolean starttls);
void engine_down (void); /* workers leave by themselves */
void engine_send (const struct draft *draft, gboolean again, struct outcome *outcome);
void engine_run_outbox (void);
GVariant *engine_outbox (void); /* aa{sv}; NULL: the worker did not answer */
gboolean engine_retry (const char *id);
void engine_kill (guint role); /* a worker dies */
void engine_clear_outbox (void);
gboolean engine_is_down (void);
void engine_refresh (void);                     /* its workers as if none had ever died */
guint engine_fds (guint role);                  /* how many descriptors its worker has open; 0: it does not run */
gboolean engine_filed (const char *message_id); /* the index has it in Sent */
