/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What the others can read: the SMIMECapabilities of good signatures, remembered by the signer's certificate, the newest signing time
 * winning. RFC 8551 section 2.5.2.
 *
 * A file FINGERPRINT.caps in keys_dir/capabilities: the signing time and the names, best first. Only names of smime_algorithm.c
 * are kept. Losing one costs nothing but the better cipher, so that nothing here is an error. */
#include <string.h>
#include <glib/gstdio.h>
#include <openssl/err.h>
#include "crypto/addrspec.h"
#include "crypto/smime/smime_p.h"

#define SUFFIX ".caps"
#define FILE_SIZE_MAX 1024
#define FILES_MAX 20000
#define ANNOUNCED_MAX 64
#define AHEAD_S (24 * 3600) /* a signing time further in the future is nonsense, and would win for ever */

char **
smime_capabilities_read (CMS_SignerInfo *signer)
{
  int at = CMS_signed_get_attr_by_NID (signer, NID_SMIMECapabilities, -1);
  X509_ATTRIBUTE *attribute = at >= 0 ? CMS_signed_get_attr (signer, at) : NULL;
  ASN1_TYPE *value = attribute != NULL ? X509_ATTRIBUTE_get0_type (attribute, 0) : NULL;
  if (value == NULL || value->type != V_ASN1_SEQUENCE)
    return NULL;
  const unsigned char *der = value->value.sequence->data;
  STACK_OF (X509_ALGOR) *announced = d2i_X509_ALGORS (NULL, &der, value->value.sequence->length);
  GPtrArray *found = g_ptr_array_new ();
  for (int i = 0; i < sk_X509_ALGOR_num (announced) && i < ANNOUNCED_MAX; i++) {
    const char *name = smime_algorithm_name (sk_X509_ALGOR_value (announced, i));
    if (name != NULL && !g_ptr_array_find (found, name, NULL))
      g_ptr_array_add (found, (gpointer) name);
  }
  sk_X509_ALGOR_pop_free (announced, X509_ALGOR_free);
  ERR_clear_error ();
  g_ptr_array_add (found, NULL);
  char **list = g_strdupv ((char **) found->pdata);
  g_ptr_array_unref (found);
  return list;
}

static char *
path_of (struct smime_store *store, const char *fingerprint)
{
  g_autofree char *name = g_strconcat (fingerprint, SUFFIX, NULL);
  return g_build_filename (store->capabilities_dir, name, NULL);
}

/* What is remembered of a certificate; list NULL: nothing. */
struct announced {
  gint64 time; /* of signing */
  char **list;
};

static void
announced_free (gpointer data)
{
  struct announced *announced = data;
  g_strfreev (announced->list);
  g_free (announced);
}

GHashTable *
smime_capabilities_new (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, announced_free);
}

/* time_out: when it was signed. NULL: nothing is remembered. */
static char **
read_file (const char *path, gint64 *time_out)
{
  GStatBuf status;
  g_autofree char *text = NULL;
  gsize size = 0;
  if (g_lstat (path, &status) != 0 || !S_ISREG (status.st_mode) || status.st_size > FILE_SIZE_MAX
      || !g_file_get_contents (path, &text, &size, NULL) || strlen (text) != size)
    return NULL;
  g_auto (GStrv) words = g_strsplit (g_strchomp (text), " ", ANNOUNCED_MAX);
  g_autoptr (GStrvBuilder) list = g_strv_builder_new ();
  if (words[0] == NULL || !g_ascii_string_to_signed (words[0], 10, 0, G_MAXINT64, time_out, NULL))
    return NULL;
  for (guint i = 1; words[i] != NULL; i++)
    if (smime_algorithm_known (words[i]))
      g_strv_builder_add (list, words[i]);
  return g_strv_builder_end (list);
}

/* Nobody else writes these files, so that each is read once. */
static const struct announced *
announced_of (struct smime_store *store, const char *fingerprint)
{
  struct announced *announced = g_hash_table_lookup (store->announced, fingerprint);
  if (announced != NULL)
    return announced;
  if (g_hash_table_size (store->announced) >= FILES_MAX)
    g_hash_table_remove_all (store->announced);
  g_autofree char *path = path_of (store, fingerprint);
  announced = g_new0 (struct announced, 1);
  announced->list = read_file (path, &announced->time);
  g_hash_table_insert (store->announced, g_strdup (fingerprint), announced);
  return announced;
}

static gboolean
has_room (struct smime_store *store, const char *path)
{
  if (g_file_test (path, G_FILE_TEST_EXISTS))
    return TRUE;
  GDir *dir = g_dir_open (store->capabilities_dir, 0, NULL);
  guint files = 0;
  while (dir != NULL && files < FILES_MAX && g_dir_read_name (dir) != NULL)
    files++;
  if (dir != NULL)
    g_dir_close (dir);
  return dir != NULL && files < FILES_MAX;
}

void
smime_capabilities_remember (struct smime_store *store, const char *fingerprint, char **capabilities, gint64 time)
{
  const gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  const struct announced *known = announced_of (store, fingerprint);
  if (capabilities == NULL || time <= 0 || time > now + AHEAD_S || (known->list != NULL && time <= known->time))
    return;
  g_autofree char *path = path_of (store, fingerprint);
  if (!has_room (store, path))
    return;
  g_autofree char *joined = g_strjoinv (" ", capabilities);
  g_autofree char *line = g_strdup_printf ("%" G_GINT64_FORMAT " %s\n", time, joined);
  (void) g_file_set_contents_full (path, line, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, NULL);
  g_hash_table_remove (store->announced, fingerprint);
}

static gboolean
is_same_person (const struct smime_entry *one, const struct smime_entry *other)
{
  if (one == other
      || X509_NAME_cmp (X509_get_issuer_name (one->certificate), X509_get_issuer_name (other->certificate)) != 0)
    return FALSE;
  for (guint i = 0; i < one->addresses->len; i++)
    for (guint k = 0; k < other->addresses->len; k++)
      if (addrspec_equal (one->addresses->pdata[i], other->addresses->pdata[k]))
        return TRUE;
  return FALSE;
}

char **
smime_capabilities_of (struct smime_store *store, const char *fingerprint)
{
  char **best = announced_of (store, fingerprint)->list;
  struct smime_entry *entry = smime_store_entry (store, fingerprint);
  /* Who signs with one certificate and has mail encrypted to another announces for both. */
  for (guint i = 0; best == NULL && entry != NULL && i < store->entries->len; i++) {
    struct smime_entry *other = store->entries->pdata[i];
    if (is_same_person (entry, other))
      best = announced_of (store, other->fingerprint)->list;
  }
  return g_strdupv (best);
}
