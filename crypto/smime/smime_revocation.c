/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* From what is kept to an answer about a whole chain, and from the gaps to what should be fetched. */
#include <errno.h>
#include <string.h>
#include <glib/gstdio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include "crypto/error.h"
#include "crypto/guard/x509_text.h"
#include "crypto/smime/smime_p.h"
#include "crypto/smime/smime_revocation_p.h"

#define PENDING_MAX 256
#define IMPORT_LISTS_MAX 50

/* A CRL of the folder; parsed when it is first needed. */
struct list {
  char *name;
  X509_CRL *crl;  /* NULL: not read yet */
  X509 *verified; /* by whom; whoever else asks, it is verified anew */
  gsize size;
};
/* A want that was handed out: which certificate its answer is about. */
struct pending {
  X509 *certificate, *issuer;
  char *url;
  gboolean ocsp;
};
struct smime_revocation {
  char *dir;
  GPtrArray *lists; /* struct list * */
  gsize loaded;     /* bytes of those that are parsed */
  GHashTable *pending;
};

static void
list_free (gpointer data)
{
  struct list *list = data;
  g_free (list->name);
  X509_CRL_free (list->crl);
  X509_free (list->verified);
  g_free (list);
}

static void
pending_free (gpointer data)
{
  struct pending *pending = data;
  X509_free (pending->certificate);
  X509_free (pending->issuer);
  g_free (pending->url);
  g_free (pending);
}

static void
add_list (struct smime_revocation *revocation, const char *name)
{
  struct list *list = g_new0 (struct list, 1);
  list->name = g_strdup (name);
  g_ptr_array_add (revocation->lists, list);
}

static void
read_folder (struct smime_revocation *revocation)
{
  g_autoptr (GPtrArray) names = smime_revocation_folder_list (revocation->dir, ".crl");
  g_ptr_array_set_size (revocation->lists, 0);
  revocation->loaded = 0;
  for (guint i = 0; i < names->len && i < REVOCATION_LISTS_MAX; i++)
    add_list (revocation, names->pdata[i]);
}

struct smime_revocation *
smime_revocation_open (const char *keys_dir, GError **error)
{
  struct smime_revocation *revocation = g_new0 (struct smime_revocation, 1);
  revocation->dir = g_build_filename (keys_dir, "revocation", NULL);
  revocation->lists = g_ptr_array_new_with_free_func (list_free);
  revocation->pending = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, pending_free);
  if (g_mkdir_with_parents (revocation->dir, 0700) != 0) {
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED,
                 "Making the folder %s failed (%s). Check the profile's folder and the free space.", revocation->dir,
                 g_strerror (errno));
    smime_revocation_free (revocation);
    return NULL;
  }
  read_folder (revocation);
  return revocation;
}

void
smime_revocation_free (struct smime_revocation *revocation)
{
  if (revocation == NULL)
    return;
  g_ptr_array_unref (revocation->lists);
  g_hash_table_unref (revocation->pending);
  g_free (revocation->dir);
  g_free (revocation);
}

/* ---- the lists that are kept ---- */

static void
unload_lists (struct smime_revocation *revocation)
{
  for (guint i = 0; i < revocation->lists->len; i++) {
    struct list *list = revocation->lists->pdata[i];
    g_clear_pointer (&list->crl, X509_CRL_free);
    g_clear_pointer (&list->verified, X509_free);
  }
  revocation->loaded = 0;
}

/* The list, if it is this issuer's; borrowed; NULL. */
static X509_CRL *
load_list (struct smime_revocation *revocation, struct list *list, X509 *issuer)
{
  if (list->crl == NULL) {
    g_autoptr (GBytes) bytes = smime_revocation_folder_read (revocation->dir, list->name, REVOCATION_LIST_SIZE_MAX);
    list->size = bytes != NULL ? g_bytes_get_size (bytes) : 0;
    if (revocation->loaded + list->size > REVOCATION_LOADED_MAX)
      unload_lists (revocation);
    list->crl = bytes != NULL ? smime_revocation_list_parse (bytes) : NULL;
    if (list->crl == NULL)
      return NULL;
    revocation->loaded += list->size;
  }
  if (list->verified != NULL && X509_cmp (list->verified, issuer) == 0)
    return list->crl;
  if (!smime_revocation_list_holds (list->crl, issuer))
    return NULL;
  X509_free (list->verified);
  X509_up_ref (issuer);
  list->verified = issuer;
  return list->crl;
}

/* Keep a list that was found to hold, unless a later one is here: an old one, replayed, must not hide what came since. */
static gboolean
keep_list (struct smime_revocation *revocation, X509_CRL *crl, X509 *issuer)
{
  g_autofree char *name = smime_revocation_list_name (crl, issuer);
  struct list *known = NULL;
  for (guint i = 0; known == NULL && i < revocation->lists->len; i++)
    if (g_str_equal (((struct list *) revocation->lists->pdata[i])->name, name))
      known = revocation->lists->pdata[i];
  X509_CRL *before = known != NULL ? load_list (revocation, known, issuer) : NULL;
  gint64 from = 0, from_before = 0;
  if (!x509_text_epoch (X509_CRL_get0_lastUpdate (crl), &from))
    return FALSE;
  if (before != NULL && x509_text_epoch (X509_CRL_get0_lastUpdate (before), &from_before) && from_before >= from)
    return from_before == from;
  if (known == NULL && revocation->lists->len >= REVOCATION_LISTS_MAX)
    return FALSE;
  unsigned char *der = NULL;
  int size = i2d_X509_CRL (crl, &der);
  g_autoptr (GBytes) bytes = size > 0 ? g_bytes_new (der, (gsize) size) : NULL;
  OPENSSL_free (der);
  if (bytes == NULL || !smime_revocation_folder_write (revocation->dir, name, bytes))
    return FALSE;
  smime_revocation_folder_bound (revocation->dir);
  read_folder (revocation);
  return TRUE;
}

/* ---- one certificate ---- */

static char *
response_name (X509 *certificate)
{
  g_autofree char *fingerprint = smime_names_fingerprint (certificate);
  return g_strconcat (fingerprint, ".ocsp", NULL);
}

static gboolean
is_worse (const struct smime_revocation_finding *one, const struct smime_revocation_finding *than)
{
  return one->state > than->state; /* that it was revoked, then that it was not, then nothing */
}

static struct smime_revocation_finding
look_up (struct smime_revocation *revocation, X509 *certificate, X509 *issuer, gint64 at)
{
  struct smime_revocation_finding worst = { .state = SMIME_REVOCATION_UNKNOWN, .reason = -1 };
  g_autofree char *prefix = smime_revocation_list_prefix (issuer);
  for (guint i = 0; i < revocation->lists->len; i++) {
    struct list *list = revocation->lists->pdata[i];
    X509_CRL *crl = g_str_has_prefix (list->name, prefix) ? load_list (revocation, list, issuer) : NULL;
    if (crl == NULL)
      continue;
    struct smime_revocation_finding found = smime_revocation_list_says (crl, certificate, at);
    if (is_worse (&found, &worst))
      worst = found;
  }
  g_autofree char *name = response_name (certificate);
  g_autoptr (GBytes) response = smime_revocation_folder_read (revocation->dir, name, REVOCATION_RESPONSE_SIZE_MAX);
  if (response != NULL) {
    struct smime_revocation_finding found = smime_revocation_ocsp_says (response, certificate, issuer, at, NULL);
    if (is_worse (&found, &worst))
      worst = found;
  }
  return worst;
}

/* ---- wants ---- */

static char *
want_id (const char *url, GBytes *request)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  g_checksum_update (sum, (const guchar *) url, (gssize) strlen (url) + 1);
  if (request != NULL)
    g_checksum_update (sum, g_bytes_get_data (request, NULL), (gssize) g_bytes_get_size (request));
  return g_strdup (g_checksum_get_string (sum));
}

static gboolean
has_want (GPtrArray *wants, const char *id)
{
  for (guint i = 0; i < wants->len; i++)
    if (g_str_equal (((struct revocation_want *) wants->pdata[i])->id, id))
      return TRUE;
  return FALSE;
}

/* The first of the addresses that was not tried of late. TRUE if one is wanted. */
static gboolean
want_one_of (struct smime_revocation *revocation, GPtrArray *urls, GBytes *request, X509 *certificate, X509 *issuer,
             GPtrArray *wants)
{
  for (guint i = 0; i < urls->len; i++) {
    g_autofree char *id = want_id (urls->pdata[i], request);
    if (smime_revocation_folder_noted (revocation->dir, urls->pdata[i])
        || smime_revocation_folder_noted (revocation->dir, id))
      continue;
    if (has_want (wants, id))
      return TRUE;
    if (wants->len >= REVOCATION_WANTS_MAX)
      return FALSE;
    if (g_hash_table_size (revocation->pending) >= PENDING_MAX)
      g_hash_table_remove_all (revocation->pending);
    struct pending *pending = g_new0 (struct pending, 1);
    X509_up_ref (certificate);
    X509_up_ref (issuer);
    pending->certificate = certificate;
    pending->issuer = issuer;
    pending->url = g_strdup (urls->pdata[i]);
    pending->ocsp = request != NULL;
    g_hash_table_replace (revocation->pending, g_strdup (id), pending);
    struct revocation_want *want = g_new0 (struct revocation_want, 1);
    want->id = g_steal_pointer (&id);
    want->url = g_strdup (urls->pdata[i]);
    want->request = request != NULL ? g_bytes_ref (request) : NULL;
    g_ptr_array_add (wants, want);
    return TRUE;
  }
  return FALSE;
}

/* What would tell more of this certificate. A responder is asked before a list is got: it is the smaller answer. Returns whether the
 * certificate names any place at all. */
static gboolean
want (struct smime_revocation *revocation, X509 *certificate, X509 *issuer, GPtrArray *wants)
{
  gboolean responder = FALSE, list = FALSE;
  gint64 expires = 0;
  g_autoptr (GPtrArray) responders = smime_revocation_ocsp_urls (certificate, &responder);
  g_autoptr (GPtrArray) lists = smime_revocation_list_urls (certificate, &list);
  /* Of what has expired, today's lists say nothing. */
  if (wants != NULL && x509_text_epoch (X509_get0_notAfter (certificate), &expires)
      && expires >= smime_revocation_time_now ()) {
    g_autoptr (GBytes) request = responders->len > 0 ? smime_revocation_ocsp_request (certificate, issuer) : NULL;
    if (request == NULL || !want_one_of (revocation, responders, request, certificate, issuer, wants))
      want_one_of (revocation, lists, NULL, certificate, issuer, wants);
  }
  return responder || list;
}

/* ---- a chain ---- */

static const char *
reason_words (int reason)
{
  switch (reason) {
  case CRL_REASON_KEY_COMPROMISE:
    return ": its key is in the wrong hands";
  case CRL_REASON_CA_COMPROMISE:
  case CRL_REASON_AA_COMPROMISE:
    return ": the authority itself was broken into";
  case CRL_REASON_AFFILIATION_CHANGED:
  case CRL_REASON_PRIVILEGE_WITHDRAWN:
    return ": its holder has left or changed";
  case CRL_REASON_SUPERSEDED:
    return ": it was replaced by another";
  case CRL_REASON_CESSATION_OF_OPERATION:
    return ": it is no longer in use";
  case CRL_REASON_CERTIFICATE_HOLD:
    return ", for the time being";
  default:
    return "";
  }
}

static char *
describe_revoked (X509 *certificate, const struct smime_revocation_finding *finding)
{
  g_autofree char *subject = x509_text_subject (certificate);
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (finding->since);
  g_autofree char *date = time != NULL ? g_date_time_format (time, "%Y-%m-%d") : g_strdup ("an unknown date");
  return g_strdup_printf ("The certificate “%s” was revoked by its authority on %s%s. Do not trust this signature; ask "
                          "the sender by another way.",
                          subject, date, reason_words (finding->reason));
}

static char *
describe_unknown (X509 *certificate, gboolean offered)
{
  g_autofree char *subject = x509_text_subject (certificate);
  g_autofree char *issuer = x509_text_issuer (certificate);
  if (!offered)
    return g_strdup_printf ("Whether the certificate “%s” was revoked cannot be checked: its authority “%s” does not "
                            "say where. Ask your administrator for its revocation list.",
                            subject, issuer);
  return g_strdup_printf ("Whether the certificate “%s” was revoked could not be checked: there is no answer from its "
                          "authority “%s”. Open the message again later; until then, ask the sender if in doubt.",
                          subject, issuer);
}

enum smime_revocation_state
smime_revocation_check (struct smime_revocation *revocation, STACK_OF (X509) * chain, gint64 at, GPtrArray *wants,
                        gboolean *silent_out, char **detail_out)
{
  X509 *unknown = NULL;
  gboolean any_offered = FALSE;
  if (at == 0)
    at = smime_revocation_time_now ();
  for (int i = 0; i + 1 < sk_X509_num (chain); i++) {
    X509 *certificate = sk_X509_value (chain, i), *issuer = sk_X509_value (chain, i + 1);
    struct smime_revocation_finding finding = look_up (revocation, certificate, issuer, at);
    if (finding.state == SMIME_REVOCATION_REVOKED) {
      if (detail_out != NULL)
        *detail_out = describe_revoked (certificate, &finding);
      return finding.state;
    }
    if (finding.state == SMIME_REVOCATION_FINE)
      continue;
    const gboolean offered = want (revocation, certificate, issuer, wants);
    if (unknown == NULL || (offered && !any_offered))
      unknown = certificate;
    any_offered = any_offered || offered;
  }
  if (silent_out != NULL)
    *silent_out = unknown != NULL && !any_offered;
  if (unknown == NULL)
    return SMIME_REVOCATION_FINE;
  if (detail_out != NULL)
    *detail_out = describe_unknown (unknown, any_offered);
  return SMIME_REVOCATION_UNKNOWN;
}

/* ---- answers ---- */

static gboolean
take_response (struct smime_revocation *revocation, const struct pending *pending, GBytes *answer)
{
  const gint64 now = smime_revocation_time_now ();
  gint64 from = 0, from_before = 0;
  struct smime_revocation_finding finding
      = smime_revocation_ocsp_says (answer, pending->certificate, pending->issuer, now, &from);
  if (from == 0 || finding.state == SMIME_REVOCATION_UNKNOWN)
    return FALSE;
  g_autofree char *name = response_name (pending->certificate);
  g_autoptr (GBytes) before = smime_revocation_folder_read (revocation->dir, name, REVOCATION_RESPONSE_SIZE_MAX);
  if (before != NULL)
    smime_revocation_ocsp_says (before, pending->certificate, pending->issuer, now, &from_before);
  if (from_before >= from)
    return from_before == from;
  if (!smime_revocation_folder_write (revocation->dir, name, answer))
    return FALSE;
  smime_revocation_folder_bound (revocation->dir);
  return TRUE;
}

static gboolean
take_list (struct smime_revocation *revocation, const struct pending *pending, GBytes *answer)
{
  X509_CRL *crl = smime_revocation_list_parse (answer);
  gboolean kept = crl != NULL && smime_revocation_list_holds (crl, pending->issuer)
                  && keep_list (revocation, crl, pending->issuer);
  X509_CRL_free (crl);
  return kept;
}

gboolean
smime_revocation_take (struct smime_revocation *revocation, const char *id, GBytes *answer)
{
  struct pending *pending = NULL;
  g_autofree char *key = NULL;
  if (!g_hash_table_steal_extended (revocation->pending, id, (gpointer *) &key, (gpointer *) &pending))
    return FALSE;
  gboolean kept = FALSE;
  if (answer != NULL)
    kept = pending->ocsp ? take_response (revocation, pending, answer) : take_list (revocation, pending, answer);
  smime_revocation_folder_note (revocation->dir, id);
  if (answer == NULL) /* nobody is there: that goes for every certificate that names this place */
    smime_revocation_folder_note (revocation->dir, pending->url);
  pending_free (pending);
  ERR_clear_error ();
  return kept;
}

/* ---- files of lists ---- */

static void
free_list (gpointer crl)
{
  X509_CRL_free (crl);
}

static GPtrArray *
read_lists (GBytes *file)
{
  GPtrArray *lists = g_ptr_array_new_with_free_func (free_list);
  gsize size;
  const guchar *data = g_bytes_get_data (file, &size);
  X509_CRL *crl = NULL;
  if (size > 0 && data[0] == 0x30) {
    if ((crl = smime_revocation_list_parse (file)) != NULL)
      g_ptr_array_add (lists, crl);
    return lists;
  }
  BIO *bio = size > 0 && size <= G_MAXINT ? BIO_new_mem_buf (data, (int) size) : NULL;
  while (bio != NULL && lists->len < IMPORT_LISTS_MAX && (crl = PEM_read_bio_X509_CRL (bio, NULL, NULL, NULL)) != NULL)
    g_ptr_array_add (lists, crl);
  BIO_free (bio);
  ERR_clear_error ();
  return lists;
}

gboolean
smime_revocation_import (struct smime_revocation *revocation, GBytes *file, GPtrArray *issuers, guint *added_out,
                         gboolean *found_out, GError **error)
{
  g_autoptr (GPtrArray) lists = read_lists (file);
  *added_out = 0;
  *found_out = lists->len > 0;
  for (guint i = 0; i < lists->len; i++) {
    gboolean kept = FALSE;
    for (guint k = 0; !kept && k < issuers->len; k++)
      kept = smime_revocation_list_holds (lists->pdata[i], issuers->pdata[k])
             && keep_list (revocation, lists->pdata[i], issuers->pdata[k]);
    if (!kept) {
      g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FORMAT,
                   "A revocation list in this file was not taken in: it is older than the one that is here, of a kind "
                   "that wardmail does not use, or of an authority that is not known here. Import the authority's "
                   "certificate first, or get the list again.");
      return FALSE;
    }
    ++*added_out;
  }
  return TRUE;
}
