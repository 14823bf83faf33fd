/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Mailboxes to import. Any bytes as an mbox; messages written as an mbox come back as they were; any bytes as the stream of an import, and messages
 * written as one are stored as they were, each once. The index is a stand-in: libnotmuch is not what is tested here. */
#include "tests/fuzz/fuzz.h"
#include "mail/archive/import.h"
#include "ui/commands/command_stream.h"
#include <glib/gstdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define MESSAGES_MAX 8

gboolean
index_write_add (struct index_db *db, const struct index_mail *mails, gsize n_mails, guint *added_out,
                 GVariantBuilder *skipped, GError **error)
{
  for (gsize i = 0; i < n_mails; i++)
    FUZZ_TRUE (g_file_test (mails[i].path, G_FILE_TEST_IS_REGULAR));
  *added_out = (guint) n_mails;
  return TRUE;
}

gboolean
index_write_knows (struct index_db *db, const char *path)
{
  return g_file_test (path, G_FILE_TEST_IS_REGULAR);
}

static gboolean
keep (const char *bytes, gsize size, guint flags, gpointer data)
{
  FUZZ_TRUE (size > 0 && flags < 16);
  g_ptr_array_add (data, g_bytes_new (bytes, size));
  return TRUE;
}

static GPtrArray *
list_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
}

static GPtrArray *
read_mbox (const char *bytes, gsize size)
{
  GPtrArray *messages = list_new ();
  struct command_stream stream = { .take = keep, .data = messages };
  FUZZ_TRUE (command_stream_mbox (&stream, bytes, size));
  return messages;
}

/* Pieces between NUL bytes. */
static GPtrArray *
cut (const uint8_t *data, size_t size)
{
  GPtrArray *pieces = list_new ();
  for (const uint8_t *end = data + size; data < end && pieces->len < MESSAGES_MAX;) {
    const uint8_t *nul = memchr (data, 0, (size_t) (end - data));
    gsize length = (gsize) ((nul != NULL ? nul : end) - data);
    if (length > 0)
      g_ptr_array_add (pieces, g_bytes_new (data, length));
    data += length + 1;
  }
  return pieces;
}

static void
append_quoted (GString *mbox, const char *bytes, gsize size)
{
  for (const char *end = bytes + size; bytes < end;) {
    const char *newline = memchr (bytes, '\n', (gsize) (end - bytes)), *mark = bytes;
    const char *next = newline != NULL ? newline + 1 : end;
    while (mark < next && *mark == '>')
      mark++;
    if (next - mark >= 5 && memcmp (mark, "From ", 5) == 0)
      g_string_append_c (mbox, '>');
    g_string_append_len (mbox, bytes, next - bytes);
    bytes = next;
  }
}

/* A message of an mbox ends in a line end. */
static void
check_mbox (GPtrArray *pieces)
{
  g_autoptr (GString) mbox = g_string_new (NULL);
  g_autoptr (GPtrArray) written = list_new ();
  for (guint i = 0; i < pieces->len; i++) {
    gsize size = 0;
    const char *bytes = g_bytes_get_data (pieces->pdata[i], &size);
    g_autoptr (GString) message = g_string_new_len (bytes, (gssize) size);
    if (bytes[size - 1] != '\n')
      g_string_append_c (message, '\n');
    g_string_append (mbox, "From somebody Sat Jan  1 00:00:00 2022\n");
    append_quoted (mbox, message->str, message->len);
    g_string_append_c (mbox, '\n');
    g_ptr_array_add (written, g_bytes_new (message->str, message->len));
  }
  g_autoptr (GPtrArray) read = read_mbox (mbox->str, mbox->len);
  FUZZ_TRUE (read->len == written->len);
  for (guint i = 0; i < read->len; i++)
    FUZZ_TRUE (g_bytes_equal (read->pdata[i], written->pdata[i]));
}

static void
progress (guint done, gpointer data)
{
}

/* Runs an import of these bytes; TRUE: it came to its end. */
static gboolean
import (const void *bytes, gsize size, struct import *result)
{
  int fd = memfd_create ("stream", MFD_CLOEXEC);
  g_autoptr (GError) error = NULL;
  FUZZ_TRUE (fd >= 0 && (size == 0 || write (fd, bytes, size) == (ssize_t) size) && lseek (fd, 0, SEEK_SET) == 0);
  gboolean done = import_stream (NULL, fuzz_folder (), fd, "box", progress, NULL, result, &error);
  FUZZ_TRUE (done == (error == NULL));
  close (fd);
  return done;
}

/* The folder is emptied; returns how many mails were in it. Nothing half-written is left. */
static guint
empty_folder (void)
{
  guint count = 0;
  static const char *const parts[] = { "cur", "tmp" };
  for (gsize i = 0; i < G_N_ELEMENTS (parts); i++) {
    g_autofree char *path = g_build_filename (fuzz_folder (), "local", "box", parts[i], NULL);
    g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
    for (const char *name; dir != NULL && (name = g_dir_read_name (dir)) != NULL;) {
      g_autofree char *file = g_build_filename (path, name, NULL);
      FUZZ_TRUE (i == 0 && g_unlink (file) == 0);
      count++;
    }
  }
  return count;
}

static void
check_import (GPtrArray *pieces)
{
  g_autoptr (GByteArray) stream = g_byte_array_new ();
  g_autoptr (GHashTable) different = g_hash_table_new (g_bytes_hash, g_bytes_equal);
  const guint32 end = 0;
  for (guint i = 0; i < pieces->len; i++) {
    gsize size = 0;
    const guint8 *bytes = g_bytes_get_data (pieces->pdata[i], &size);
    guint32 length = GUINT32_TO_BE ((guint32) size);
    const guint8 flags = (guint8) (i * 5); /* any: the same mail twice, under other flags, is still one */
    g_byte_array_append (stream, (const guint8 *) &length, sizeof length);
    g_byte_array_append (stream, &flags, 1);
    g_byte_array_append (stream, bytes, (guint) size);
    g_hash_table_add (different, pieces->pdata[i]);
  }
  g_byte_array_append (stream, (const guint8 *) &end, sizeof end);
  struct import result;
  import_init (&result);
  FUZZ_TRUE (import (stream->data, stream->len, &result));
  FUZZ_TRUE (result.imported == pieces->len && result.skipped == 0 && result.protected->len <= pieces->len);
  import_clear (&result);
  FUZZ_TRUE (empty_folder () == g_hash_table_size (different));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GPtrArray) any = read_mbox ((const char *) data, size), pieces = cut (data, size);
  gsize sum = 0;
  for (guint i = 0; i < any->len; i++)
    sum += g_bytes_get_size (any->pdata[i]);
  FUZZ_TRUE (sum <= size);
  check_mbox (pieces);
  check_import (pieces);
  struct import result;
  import_init (&result);
  (void) import (data, size, &result);
  guint stored = empty_folder ();
  FUZZ_TRUE (stored <= size / 6 && stored <= result.imported);
  import_clear (&result);
  return 0;
}
