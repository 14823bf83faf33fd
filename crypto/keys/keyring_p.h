/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the keyring share. */
#pragma once
#include "crypto/keys/keyring_life.h"

struct keyring {
  char *dir; /* the folder it lives in */
  struct pgp_engine *pgp;
  struct smime_store *smime;
  GHashTable *trust;   /* upper-case fingerprint -> NULL-terminated char ** of the addresses compared */
  GHashTable *stopped; /* upper-case fingerprint -> 1: is not used; 2: its signatures do not count either */
  GHashTable *pins;    /* addrspec_fold -> NULL-terminated char ** of upper-case fingerprints */
  GKeyFile *memory;    /* see keyring_memory.c */
  GKeyFile *harvested; /* see keyring_harvest.c; NULL: not read yet */
};

struct keyring_apart;

/* One place where keys come from. */
struct keyring_source {
  const char *name;
  gboolean (*find) (struct keyring *keyring, const char *address, gint64 at, GPtrArray *candidates_out, GError **error);
  /* NULL: nothing can be imported into it. recognised_out FALSE: not what this source keeps. */
  gboolean (*import) (struct keyring *keyring, GBytes *blob, const struct secret *passphrase, GPtrArray *candidates_out,
                      gboolean *recognised_out, GError **error);
  /* NULL: it is no directory on the network. Take what is good of the answer to a question for an address (blobs: GBytes *, hostile): an OpenPGP
   * key into the note of keyring_found.c, anything else elsewhere. FALSE: nothing is good. */
  gboolean (*learn) (struct keyring *keyring, const char *address, GPtrArray *blobs, gint64 at,
                     struct keyring_apart *note);
  /* NULL, or: take the key, which the user has compared, into the keyring, so that the directory cannot replace it. One that it does not have is
   * no error. */
  gboolean (*adopt) (struct keyring *keyring, const char *fingerprint, GError **error);
};
extern const struct keyring_source keyring_sources[];
extern const gsize keyring_sources_count;

/* keyring_file.c. A file that is not there is an empty one; one that cannot be read is an error, as it might say that a key is wrong. */
struct keyring_file {
  const char *name;
  const char *what;    /* it is, in words: begins the sentence when it cannot be read */
  const char *instead; /* what to do without it: ends that sentence */
};
GKeyFile *keyring_file_read (struct keyring *keyring, const struct keyring_file *kind, GError **error);
gboolean keyring_file_write (struct keyring *keyring, const struct keyring_file *kind, GKeyFile *file, GError **error);

/* keyring_apart.c: OpenPGP keys that are kept apart from the keyring, in a folder of notes with a key each. */
struct keyring_apart_kind {
  const char *folder; /* also the notes' group */
  gsize key_size_max;
  guint notes_max;
};
struct keyring_apart {
  char *conf, *path;           /* the files of the note and of its key */
  char *address, *fingerprint; /* "": there is no key */
  gint64 date;
  GBytes *key;    /* NULL: none */
  GKeyFile *file; /* whatever else it says */
};
void keyring_apart_free (struct keyring_apart *note);
DEFINE_AUTOFREE (keyring_apart, keyring_apart_free)
/* who: what it is kept under. NULL: there is none that can be read, which is no error. */
struct keyring_apart *keyring_apart_read (struct keyring *keyring, const struct keyring_apart_kind *kind,
                                          const char *who);
/* At most notes_max of them; fingerprint NULL: of any key. */
GPtrArray *keyring_apart_all (struct keyring *keyring, const struct keyring_apart_kind *kind,
                              const char *fingerprint_or_null, guint notes_max);
/* Write the note, with the fields of its file if it has one, and its key; without a key the old one is removed. Makes room: the note that was
 * written longest ago goes. */
gboolean keyring_apart_write (struct keyring *keyring, const struct keyring_apart_kind *kind, const char *who,
                              const struct keyring_apart *note, GError **error);
/* Candidates of the notes' keys, in the order of the notes; what cannot be read is left out. */
GPtrArray *keyring_apart_candidates (struct keyring *keyring, GPtrArray *notes, gint64 at);
/* The one of these that is this key for the address; NULL. */
struct key_candidate *keyring_apart_known (const GPtrArray *candidates, const char *fingerprint, const char *address);
/* keyring_stop.c. trust: the file that trust.conf is. */
gboolean keyring_stop_load (struct keyring *keyring, GKeyFile *trust, const char *group,
                            const char *fingerprint); /* TRUE: what was compared is void */
void keyring_stop_note (GKeyFile *trust, const char *fingerprint, enum keyring_reason reason);
void keyring_stop_lift (GKeyFile *trust, const char *fingerprint);
gboolean keyring_stop_distrusted (struct keyring *keyring, const char *fingerprint);
void keyring_stop_apply (struct keyring *keyring, GPtrArray *candidates);
gboolean keyring_trust_stop (struct keyring *keyring, const char *fingerprint, enum keyring_reason reason,
                             GError **error);

/* keyring_remind.c: the sentence, where one is due; NULL */
char *keyring_remind_text (GKeyFile *told);

/* keyring_memory.c */
gboolean keyring_memory_load (struct keyring *keyring, GError **error);
/* Mark candidates that are others than the keys used for their addresses before, or of those looked up, than the ones compared. A key is
 * not as good as compared for being own where somebody else's was used. After trust and pins. */
void keyring_memory_apply (struct keyring *keyring, GPtrArray *candidates);

/* Was it used for its address? */
gboolean keyring_memory_has (struct keyring *keyring, const char *folded_address, const char *fingerprint);
gboolean keyring_memory_knows (struct keyring *keyring, const struct key_candidate *key);

/* keyring_pins.c */
void keyring_pins_merge (struct keyring *keyring); /* into what is trusted */
void keyring_pins_apply (struct keyring *keyring, GPtrArray *candidates);

/* keyring_harvest.c: say where they come from. */
void keyring_harvest_apply (struct keyring *keyring, GPtrArray *candidates);

/* keyring_autocrypt.c: a source. */
gboolean keyring_autocrypt_find (struct keyring *keyring, const char *address, gint64 at, GPtrArray *candidates_out,
                                 GError **error);

/* Take the key into the keyring, so that no newer header can replace it; the addresses that it came with (char *) are appended, if its
 * own user ids name them. other_out: it came with one that they do not name. */
gboolean keyring_autocrypt_adopt (struct keyring *keyring, const char *fingerprint, GPtrArray *addresses,
                                  gboolean *other_out, GError **error);

#define KEYRING_FOUND_KEY_SIZE_MAX (64u * 1024)
/* keyring_found.c: what a directory said of an address; NULL: it was never asked. All: those with a key. */
struct keyring_apart *keyring_found_read (struct keyring *keyring, const char *source, const char *address);
GPtrArray *keyring_found_all (struct keyring *keyring, const char *source, guint notes_max);
enum keyring_said keyring_found_said (const struct keyring_apart *note);

/* keyring_wkd.c: a source. */
gboolean keyring_wkd_find (struct keyring *keyring, const char *address, gint64 at, GPtrArray *candidates_out,
                           GError **error);
gboolean keyring_wkd_learn (struct keyring *keyring, const char *address, GPtrArray *blobs, gint64 at,
                            struct keyring_apart *note);
gboolean keyring_wkd_adopt (struct keyring *keyring, const char *fingerprint, GError **error);

/* keyring_ldap.c: a source. */
gboolean keyring_ldap_find (struct keyring *keyring, const char *address, gint64 at, GPtrArray *candidates_out,
                            GError **error);
gboolean keyring_ldap_learn (struct keyring *keyring, const char *address, GPtrArray *blobs, gint64 at,
                             struct keyring_apart *note);
gboolean keyring_ldap_adopt (struct keyring *keyring, const char *fingerprint, GError **error);

/* Of two candidates (pointers to them, as for g_ptr_array_sort) the better one first: usable before faulty and before those that are not to be
 * used, then the better known, then the one that lasts longer. */
int keyring_compare (gconstpointer a, gconstpointer b);

/* keyring_expiry.c */
extern const struct keyring_file keyring_told; /* told.conf */
void keyring_expiry_apply (GPtrArray *candidates, gint64 at);

gboolean keyring_trust_load (struct keyring *keyring, GError **error);
gboolean keyring_trust_store (struct keyring *keyring, const char *fingerprint, const char *const *addresses,
                              GError **error);
/* Raise candidates that the user compared to KEY_TRUST_VERIFIED. */
void keyring_trust_apply (struct keyring *keyring, GPtrArray *candidates);
/* "ab cd:..." -> "ABCD..."; NULL unless it is 40 or 64 hex digits. */
char *keyring_trust_fingerprint (const char *text);
