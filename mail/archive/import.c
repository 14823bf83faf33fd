/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A stream of messages becomes files and index entries, a batch at a time. See import.h.
 *
 * A batch: write all to tmp/ and have the kernel begin to store them; wait for each; rename to cur/; sync the folder; index. That costs a
 * sixth of a sync for each message, and an indexed mail is always on the disk. */
#include "mail/archive/import.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mail/engine.h"
#include "mail/message/message.h"
#include "mail/store/disk.h"
#include "mail/store/tags.h"

#define BATCH_BYTES (32u * 1024 * 1024)
#define FOLDER_MAX 100
#define NAME_HEX 40
#define FLAG_SETS 16 /* of the four flags in a stream */
#define TAGS_MAX 6

struct item {
  char *tmp, *path; /* tmp: until it is renamed */
  int fd;
  gboolean protected, there; /* there: from an import before */
  const char *tags[TAGS_MAX];
};

struct batch {
  const char *folder; /* the Maildir */
  GArray *items;
  gsize bytes;
};

void
import_init (struct import *import)
{
  memset (import, 0, sizeof *import);
  import->protected = g_ptr_array_new_with_free_func (g_free);
}

void
import_clear (struct import *import)
{
  g_clear_pointer (&import->protected, g_ptr_array_unref);
}

static void
item_clear (gpointer data)
{
  struct item *item = data;
  if (item->fd >= 0)
    close (item->fd);
  if (item->tmp != NULL)
    (void) unlink (item->tmp);
  g_free (item->tmp);
  g_free (item->path);
}

static gboolean
fail (GError **error, const char *what)
{
  g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_FAILED,
               "%s: %s. What was imported until now is kept; import again to go on, nothing will come twice.", what,
               g_strerror (errno));
  return FALSE;
}

static gboolean
check_folder (const char *folder, GError **error)
{
  gboolean good = *folder != 0 && *folder != '.' && strlen (folder) <= FOLDER_MAX && g_utf8_validate (folder, -1, NULL);
  for (const char *at = folder; good && *at != 0; at++)
    good = *at != '/' && *at != '\\' && *at != '"' && !g_ascii_iscntrl (*at);
  if (!good)
    g_set_error (
        error, ENGINE_ERROR, ENGINE_ERROR_USAGE,
        "That is no name for a folder: it must not be empty, begin with a dot, or hold slashes or quotation marks.");
  return good;
}

static char *
make_folder (const char *mail_dir, const char *folder, GError **error)
{
  static const char *const parts[] = { "cur", "new", "tmp" };
  g_autofree char *path = g_build_filename (mail_dir, "local", folder, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++) {
    g_autofree char *part = g_build_filename (path, parts[i], NULL);
    if (g_mkdir_with_parents (part, 0700) != 0) {
      fail (error, "A folder for the imported mail could not be made");
      return NULL;
    }
  }
  return g_steal_pointer (&path);
}

/* Exactly size bytes, or FALSE. bytes may be NULL: read and drop. */
static gboolean
read_all (int fd, guint8 *bytes, gsize size, GError **error)
{
  guint8 dropped[16384];
  while (size > 0) {
    ssize_t got = bytes != NULL ? read (fd, bytes, size) : read (fd, dropped, MIN (size, sizeof dropped));
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return fail (error, "The mail to import could not be read");
    if (got == 0) {
      g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_FAILED,
                   "The import was broken off. What was imported until now is kept; import again to go on, nothing "
                   "will come twice.");
      return FALSE;
    }
    size -= (gsize) got;
    bytes = bytes != NULL ? bytes + got : NULL;
  }
  return TRUE;
}

/* The next message; message_out NULL: the end, unless skipped_out. */
static gboolean
read_message (int fd, GBytes **message_out, guint8 *flags_out, gboolean *skipped_out, GError **error)
{
  guint32 length = 0;
  *message_out = NULL;
  *skipped_out = FALSE;
  if (!read_all (fd, (guint8 *) &length, sizeof length, error))
    return FALSE;
  length = GUINT32_FROM_BE (length);
  if (length == 0)
    return TRUE;
  if (!read_all (fd, flags_out, 1, error))
    return FALSE;
  if (length > IMPORT_MESSAGE_MAX) {
    *skipped_out = TRUE;
    return read_all (fd, NULL, length, error);
  }
  guint8 *bytes = g_try_malloc (length);
  if (bytes == NULL) {
    errno = ENOMEM;
    return fail (error, "A mail could not be imported");
  }
  *message_out = g_bytes_new_take (bytes, length);
  return read_all (fd, bytes, length, error);
}

/* The flags of the stream as Maildir writes them: in order. */
static char *
path_for (const struct batch *batch, const char *hash, guint flags)
{
  return g_strdup_printf ("%s/cur/%s.import:2,%s%s%s%s", batch->folder, hash, (flags & 2) != 0 ? "F" : "",
                          (flags & 8) != 0 ? "P" : "", (flags & 4) != 0 ? "R" : "", (flags & 1) != 0 ? "S" : "");
}

/* What was imported before stays as it is, under whatever flags it came. */
static void
find_place (const struct batch *batch, const char *hash, guint flags, struct item *item)
{
  for (guint i = 0; i < FLAG_SETS && !item->there; i++) {
    g_free (item->path);
    item->path = path_for (batch, hash, i == 0 ? flags : i == flags ? 0 : i);
    item->there = access (item->path, F_OK) == 0;
  }
  if (item->there)
    return;
  g_free (item->path);
  item->path = path_for (batch, hash, flags);
}

/* The same mail earlier in this batch: a mailbox may hold it twice, under other flags. */
static const struct item *
find_twin (const struct batch *batch, const char *tmp)
{
  for (guint i = 0; i < batch->items->len; i++) {
    const struct item *item = &g_array_index (batch->items, struct item, i);
    if (item->tmp != NULL && strcmp (item->tmp, tmp) == 0)
      return item;
  }
  return NULL;
}

static gboolean
write_item (struct item *item, GBytes *message)
{
  gsize size = 0;
  const guint8 *bytes = g_bytes_get_data (message, &size);
  item->fd = open (item->tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (item->fd < 0 || !disk_write (item->fd, bytes, size))
    return FALSE;
  (void) sync_file_range (item->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
  return TRUE;
}

static void
set_tags (struct item *item)
{
  g_autoptr (GPtrArray) add = g_ptr_array_new (), remove = g_ptr_array_new ();
  tags_between (NULL, NULL, NULL, strrchr (item->path, ',') + 1, add, remove);
  item->tags[0] = IMPORT_TAG;
  for (guint i = 0; i < add->len && i + 2 < TAGS_MAX; i++)
    item->tags[i + 1] = add->pdata[i];
}

static gboolean
store (struct batch *batch, GBytes *message, guint flags, GError **error)
{
  g_autofree char *hash = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, message);
  hash[NAME_HEX] = 0;
  g_autofree char *tmp = g_strdup_printf ("%s/tmp/%s.import", batch->folder, hash);
  const struct item *twin = find_twin (batch, tmp);
  struct item item = { .fd = -1, .protected = message_is_encrypted (message) };
  if (twin != NULL)
    item.path = g_strdup (twin->path);
  else
    find_place (batch, hash, flags % FLAG_SETS, &item);
  set_tags (&item);
  if (twin == NULL && !item.there) {
    item.tmp = g_steal_pointer (&tmp);
    if (!write_item (&item, message)) {
      fail (error, "A mail could not be stored");
      item_clear (&item);
      return FALSE;
    }
    batch->bytes += g_bytes_get_size (message);
  }
  g_array_append_val (batch->items, item);
  return TRUE;
}

static gboolean
settle (struct batch *batch, GError **error)
{
  gboolean any = FALSE;
  for (guint i = 0; i < batch->items->len; i++) {
    struct item *item = &g_array_index (batch->items, struct item, i);
    if (item->fd < 0)
      continue;
    if (fdatasync (item->fd) != 0)
      return fail (error, "Imported mail could not be stored for good");
    close (item->fd);
    item->fd = -1;
    if (rename (item->tmp, item->path) != 0)
      return fail (error, "Imported mail could not be stored for good");
    g_clear_pointer (&item->tmp, g_free);
    any = TRUE;
  }
  if (!any)
    return TRUE;
  g_autofree char *cur = g_build_filename (batch->folder, "cur", NULL);
  return disk_sync_folder (cur) || fail (error, "Imported mail could not be stored for good");
}

static gboolean
index_batch (struct index_db *db, struct batch *batch, struct import *import, GError **error)
{
  struct index_mail *mails = g_new0 (struct index_mail, batch->items->len);
  gsize count = 0;
  guint known = 0;
  for (guint i = 0; i < batch->items->len; i++) {
    struct item *item = &g_array_index (batch->items, struct item, i);
    if (item->there && index_write_knows (db, item->path))
      known++;
    else if (item->protected && import->protected->len < IMPORT_PROTECTED_MAX) {
      g_ptr_array_add (import->protected, g_strdup (item->path));
      import->imported++;
    } else
      mails[count++] = (struct index_mail){ .path = item->path, .add = item->tags };
  }
  GVariantBuilder skipped;
  g_variant_builder_init (&skipped, G_VARIANT_TYPE ("a(ss)"));
  guint added = 0;
  gboolean done = count == 0 || index_write_add (db, mails, count, &added, &skipped, error);
  g_variant_builder_clear (&skipped);
  g_free (mails);
  import->imported += added + known;
  if (done)
    import->skipped += (guint) (count - added);
  return done;
}

static gboolean
finish_batch (struct index_db *db, struct batch *batch, struct import *import, GError **error)
{
  gboolean done = batch->items->len == 0 || (settle (batch, error) && index_batch (db, batch, import, error));
  g_array_set_size (batch->items, 0);
  batch->bytes = 0;
  return done;
}

static gboolean
run (struct index_db *db, struct batch *batch, int fd, import_progress_fn progress, gpointer data,
     struct import *import, GError **error)
{
  for (guint done = 0;;) {
    g_autoptr (GBytes) message = NULL;
    gboolean skipped = FALSE;
    guint8 flags = 0;
    if (!read_message (fd, &message, &flags, &skipped, error))
      return FALSE;
    if (message == NULL && !skipped)
      return finish_batch (db, batch, import, error);
    done++;
    import->skipped += skipped ? 1 : 0;
    if (!skipped && !store (batch, message, flags, error))
      return FALSE;
    if (batch->items->len < INDEX_BATCH_MAX && batch->bytes < BATCH_BYTES)
      continue;
    if (!finish_batch (db, batch, import, error))
      return FALSE;
    progress (done, data);
  }
}

gboolean
import_stream (struct index_db *db, const char *mail_dir, int fd, const char *folder, import_progress_fn progress,
               gpointer data, struct import *import, GError **error)
{
  if (!check_folder (folder, error))
    return FALSE;
  g_autofree char *path = make_folder (mail_dir, folder, error);
  if (path == NULL)
    return FALSE;
  struct batch batch = { .folder = path, .items = g_array_new (FALSE, TRUE, sizeof (struct item)) };
  g_array_set_clear_func (batch.items, item_clear);
  gboolean done = run (db, &batch, fd, progress, data, import, error);
  g_autoptr (GError) late = NULL;
  if (!done) /* what is complete is kept */
    (void) finish_batch (db, &batch, import, &late);
  g_array_unref (batch.items);
  return done;
}
