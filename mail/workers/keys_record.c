/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The words of records that were made just now: the index asks for them when the record is kept, and a long mail is not to be decrypted for
 * what is known. A record is known again by all of its bytes; of what is not known, nothing is told. */
#include "mail/workers/keys_p.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mail/message/message.h"

#define RECORDS_MAX 8
#define WORDS_BYTES_MAX (1024u * 1024)
#define CHUNK_BYTES 65536

struct record {
  gsize size;
  char *digest;
  GBytes *words;
};

static void
record_free (gpointer data)
{
  struct record *record = data;
  g_free (record->digest);
  g_bytes_unref (record->words);
  g_free (record);
}

/* Of the whole file, read piece by piece; NULL: it cannot be read. */
static char *
digest_of (int fd)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree guchar *some = g_malloc (CHUNK_BYTES);
  ssize_t got;
  for (off_t at = 0; (got = pread (fd, some, CHUNK_BYTES, at)) != 0; at += MAX (got, 0))
    if (got > 0)
      g_checksum_update (checksum, some, got);
    else if (errno != EINTR)
      return NULL;
  return g_strdup (g_checksum_get_string (checksum));
}

void
keys_record_keep (struct keys *keys, const struct protected_copy *record, GBytes *payload)
{
  g_autofree char *digest = digest_of (record->fd);
  g_autoptr (GBytes) words = digest != NULL ? message_shadow_composed (payload) : NULL;
  if (words == NULL || g_bytes_get_size (words) > WORDS_BYTES_MAX)
    return;
  struct record *kept = g_new0 (struct record, 1);
  kept->size = g_bytes_get_size (record->message);
  kept->digest = g_steal_pointer (&digest);
  kept->words = g_steal_pointer (&words);
  if (keys->records->len >= RECORDS_MAX)
    g_ptr_array_remove_index (keys->records, 0);
  g_ptr_array_add (keys->records, kept);
}

GBytes *
keys_record_words (struct keys *keys, int fd)
{
  struct stat info;
  g_autofree char *digest = NULL;
  for (guint i = 0; i < keys->records->len; i++) {
    const struct record *record = g_ptr_array_index (keys->records, i);
    if (digest == NULL && (fstat (fd, &info) != 0 || (gsize) info.st_size != record->size))
      continue;
    if (digest == NULL)
      digest = digest_of (fd);
    if (g_strcmp0 (digest, record->digest) == 0)
      return g_bytes_ref (record->words);
  }
  return NULL;
}

GPtrArray *
keys_record_new (void)
{
  return g_ptr_array_new_with_free_func (record_free);
}
