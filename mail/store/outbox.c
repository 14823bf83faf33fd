/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The outbox's folders beside its journal. See outbox.h for the states. */
#include "mail/store/outbox.h"
#include "mail/store/outbox_owed.h"

#include "mail/engine.h"
#include "mail/store/disk.h"
#include "mail/store/state.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

struct outbox {
  char *dir;
  struct state *state;
  GPtrArray *owed; /* outbox_owed.h */
};

/* ---- files ---- */

static gboolean
disk_error (GError **error)
{
  g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_FAILED,
               "The outbox could not be written to the disk: %s. Nothing was sent; make room and try again.",
               g_strerror (errno));
  return FALSE;
}

static void
remove_folder (const char *dir)
{
  g_autoptr (GDir) list = g_dir_open (dir, 0, NULL);
  const char *name;
  while (list != NULL && (name = g_dir_read_name (list)) != NULL) {
    g_autofree char *path = g_build_filename (dir, name, NULL);
    g_unlink (path);
  }
  g_rmdir (dir);
}

/* Writes the file, and maps it as it is then on the disk. */
static GBytes *
write_file (const char *dir, const char *name, int from, GError **error)
{
  g_autofree char *path = g_build_filename (dir, name, NULL);
  int fd = open (path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  gboolean fine = fd >= 0 && disk_copy (from, fd) && fsync (fd) == 0;
  g_autoptr (GMappedFile) file = fine ? g_mapped_file_new_from_fd (fd, FALSE, NULL) : NULL;
  if (file == NULL)
    disk_error (error);
  if (fd >= 0)
    close (fd);
  return file != NULL ? g_mapped_file_get_bytes (file) : NULL;
}

static gboolean
sync_folder (const char *dir, GError **error)
{
  gboolean done = disk_sync_folder (dir);
  if (!done)
    disk_error (error);
  return done;
}

static char *
file_of (struct outbox *outbox, const char *id, guint number)
{
  g_autofree char *name = g_strdup_printf ("copy-%u.eml", number);
  return g_build_filename (outbox->dir, id, name, NULL);
}

/* ---- opening ---- */

/* What a lost record leaves: mails of which nobody knows any more whether they were sent. Out of the way, but not gone. */
#define LOST_PREFIX "lost-"

static void
keep_lost (const char *dir, const char *name)
{
  g_autofree char *lost = g_strconcat (LOST_PREFIX, name, NULL);
  g_autofree char *from = g_build_filename (dir, name, NULL), *to = g_build_filename (dir, lost, NULL);
  if (g_rename (from, to) != 0)
    g_debug ("%s stays: %s", from, g_strerror (errno));
}

/* Whoever it was being sent to when the last process died may have it. */
static void
recover_copy (struct outbox *outbox, const struct outbox_item *item, const struct outbox_copy *copy)
{
  gboolean any = FALSE;
  for (guint i = 0; i < copy->count; i++)
    if (copy->people[i].state == OUTBOX_SENDING) {
      outbox_person_set (&copy->people[i], OUTBOX_UNKNOWN,
                         "wardmail was stopped while this mail was being sent. It may have arrived. Ask the "
                         "recipients, or send it again yourself; wardmail does not do so by itself.");
      any = TRUE;
    }
  if (any)
    state_outbox_set_people (outbox->state, item, copy);
}

static guint
people_of (const GPtrArray *copies)
{
  guint count = 0;
  for (guint c = 0; c < copies->len; c++)
    count += ((struct outbox_copy *) g_ptr_array_index (copies, c))->count;
  return count;
}

/* A person took out everybody. */
static gboolean
is_nobodys (const struct outbox_item *item)
{
  const guint dropped = outbox_item_count (item, OUTBOX_DROPPED);
  return dropped > 0 && dropped == people_of (item->copies);
}

/* fresh: the record was made just now. */
static gboolean
recover (struct outbox *outbox, gboolean fresh, GError **error)
{
  g_autoptr (GPtrArray) items = state_outbox_items (outbox->state);
  if (!state_fine (outbox->state, error))
    return FALSE;
  g_autoptr (GHashTable) known = g_hash_table_new (g_str_hash, g_str_equal);
  state_begin (outbox->state);
  for (guint i = 0; i < items->len; i++) {
    const struct outbox_item *item = g_ptr_array_index (items, i);
    if (is_nobodys (item)) { /* taken out by an earlier version, which died over it; the folder goes below */
      state_outbox_delete (outbox->state, item->id);
      continue;
    }
    g_hash_table_add (known, item->id);
    for (guint c = 0; c < item->copies->len; c++)
      recover_copy (outbox, item, g_ptr_array_index (item->copies, c));
  }
  if (!state_commit (outbox->state, error))
    return FALSE;
  g_autoptr (GDir) list = g_dir_open (outbox->dir, 0, NULL);
  const char *name;
  while (list != NULL && (name = g_dir_read_name (list)) != NULL) {
    g_autofree char *path = g_build_filename (outbox->dir, name, NULL);
    if (g_str_has_prefix (name, LOST_PREFIX) || !g_file_test (path, G_FILE_TEST_IS_DIR)
        || g_hash_table_contains (known, name))
      continue;
    if (fresh)
      keep_lost (outbox->dir, name);
    else /* a mail that was never taken in: whoever handed it over was told so */
      remove_folder (path);
  }
  return TRUE;
}

struct outbox *
outbox_open (const char *dir, GError **error)
{
  AUTOFREE (outbox) outbox = g_new0 (struct outbox, 1);
  g_autofree char *file = g_build_filename (dir, "outbox.db", NULL);
  outbox->dir = g_strdup (dir);
  outbox->owed = outbox_owed_new ();
  gboolean fresh = !g_file_test (file, G_FILE_TEST_EXISTS);
  if (g_mkdir_with_parents (dir, 0700) != 0) {
    disk_error (error);
    return NULL;
  }
  outbox->state = state_outbox_open (file, error);
  return outbox->state != NULL && recover (outbox, fresh, error) ? g_steal_pointer (&outbox) : NULL;
}

void
outbox_free (struct outbox *outbox)
{
  g_clear_pointer (&outbox->state, state_free);
  g_ptr_array_unref (outbox->owed);
  g_free (outbox->dir);
  g_free (outbox);
}

/* ---- what can be done ---- */

static gboolean
erase (struct outbox *outbox, const char *id, GError **error)
{
  g_autofree char *dir = g_build_filename (outbox->dir, id, NULL);
  state_begin (outbox->state);
  state_outbox_delete (outbox->state, id);
  if (!state_commit (outbox->state, error))
    return FALSE;
  remove_folder (dir);
  return TRUE;
}

/* What could not be written before. Where it still cannot, it is at least told. */
static void
pay (struct outbox *outbox, GPtrArray *items)
{
  state_begin (outbox->state);
  for (guint i = 0; i < items->len; i++) {
    const struct outbox_item *item = g_ptr_array_index (items, i);
    for (guint c = 0; c < item->copies->len; c++)
      if (outbox_owed_to (outbox->owed, item, g_ptr_array_index (item->copies, c)))
        state_outbox_set_people (outbox->state, item, g_ptr_array_index (item->copies, c));
  }
  if (state_commit (outbox->state, NULL))
    g_ptr_array_set_size (outbox->owed, 0);
}

GPtrArray *
outbox_items (struct outbox *outbox)
{
  GPtrArray *items = state_outbox_items (outbox->state);
  if (outbox->owed->len > 0)
    pay (outbox, items);
  return items;
}

struct outbox_item *
outbox_find (struct outbox *outbox, const char *id, GError **error)
{
  g_autoptr (GPtrArray) items = outbox_items (outbox);
  for (guint i = 0; i < items->len; i++)
    if (strcmp (((struct outbox_item *) g_ptr_array_index (items, i))->id, id) == 0)
      return g_ptr_array_steal_index (items, i);
  g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_NOT_FOUND, "This mail is not in the outbox any more.");
  return NULL;
}

static gint
by_text (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* All recipients of all copies, in one order: who is to get the message. */
static char *
audience (GPtrArray *copies)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new ();
  for (guint c = 0; c < copies->len; c++)
    for (char **one = ((struct outbox_copy *) g_ptr_array_index (copies, c))->recipients; *one != NULL; one++)
      g_ptr_array_add (all, *one);
  g_ptr_array_sort (all, by_text);
  g_ptr_array_add (all, NULL);
  return g_strjoinv ("\n", (char **) all->pdata);
}

/* The id of the same message to the same people, given before; one that nobody got or may still get makes room. Programs give one Message-ID with
 * one recipient after the other: those are different mails. */
static char *
known_id (struct outbox *outbox, const char *message_id, GPtrArray *copies)
{
  g_autofree char *wanted = audience (copies);
  g_autoptr (GPtrArray) items = outbox_items (outbox);
  for (guint i = 0; i < items->len; i++) {
    const struct outbox_item *item = g_ptr_array_index (items, i);
    g_autofree char *got = audience (item->copies);
    if (strcmp (item->message_id, message_id) != 0 || strcmp (got, wanted) != 0)
      continue;
    if (outbox_item_count (item, OUTBOX_FAILED) + outbox_item_count (item, OUTBOX_DROPPED) < people_of (item->copies))
      return g_strdup (item->id);
    (void) erase (outbox, item->id, NULL); /* else it stays, and harms nobody */
  }
  return NULL;
}

static gboolean
write_item (struct outbox *outbox, const char *dir, const struct outbox_submission *submission, GError **error)
{
  const GPtrArray *copies = submission->copies;
  if (g_mkdir (dir, 0700) != 0)
    return disk_error (error);
  for (guint i = 0; i < copies->len; i++) {
    g_autofree char *name = g_strdup_printf ("copy-%u.eml", i);
    g_autoptr (GBytes) message = write_file (dir, name, submission->files[i], error);
    if (message == NULL || !submission->check (g_ptr_array_index (copies, i), message, submission->data, error))
      return FALSE;
  }
  g_autoptr (GBytes) record = write_file (dir, "sent.eml", submission->files[copies->len], error);
  return record != NULL && sync_folder (dir, error) && sync_folder (outbox->dir, error);
}

char *
outbox_submit (struct outbox *outbox, const struct outbox_submission *submission, GError **error)
{
  char *known = known_id (outbox, submission->message_id, submission->copies);
  if (known != NULL)
    return known;
  g_autofree char *id = g_uuid_string_random ();
  g_autofree char *dir = g_build_filename (outbox->dir, id, NULL);
  struct outbox_item item = { .id = id,
                              .message_id = (char *) submission->message_id,
                              .from = (char *) submission->from,
                              .draft_path = (char *) submission->draft_path,
                              .date = submission->date != 0 ? submission->date : g_get_real_time () / G_USEC_PER_SEC,
                              .not_before = submission->not_before,
                              .copies = submission->copies };
  gboolean done = write_item (outbox, dir, submission, error);
  if (done) {
    state_begin (outbox->state);
    state_outbox_add (outbox->state, &item);
    done = state_commit (outbox->state, error);
  }
  if (!done)
    remove_folder (dir);
  return done ? g_steal_pointer (&id) : NULL;
}

gint64
outbox_told (struct outbox *outbox, const char *address)
{
  return state_outbox_told (outbox->state, address);
}

GBytes *
outbox_message (struct outbox *outbox, const char *id, guint number, GError **error)
{
  g_autofree char *path = file_of (outbox, id, number);
  g_autoptr (GMappedFile) file = g_mapped_file_new (path, FALSE, NULL);
  if (file != NULL)
    return g_mapped_file_get_bytes (file);
  g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_FAILED, "A mail in the outbox cannot be read: %s.",
               g_strerror (errno));
  return NULL;
}

int
outbox_open_sent (struct outbox *outbox, const char *id)
{
  g_autofree char *path = g_build_filename (outbox->dir, id, "sent.eml", NULL);
  return open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

gboolean
outbox_save (struct outbox *outbox, const struct outbox_item *item, const struct outbox_copy *copy, GError **error)
{
  state_begin (outbox->state);
  state_outbox_set (outbox->state, item);
  for (guint i = 0; i < item->copies->len; i++)
    if (copy == NULL || copy == g_ptr_array_index (item->copies, i))
      state_outbox_set_people (outbox->state, item, g_ptr_array_index (item->copies, i));
  const gboolean saved = state_commit (outbox->state, error);
  /* What was owed before is true no more: paid later, it would undo what is written now. */
  for (guint i = 0; i < item->copies->len; i++)
    if (copy == NULL || copy == g_ptr_array_index (item->copies, i))
      (saved ? outbox_owed_forget : outbox_owed_note) (outbox->owed, item, g_ptr_array_index (item->copies, i));
  return saved;
}

gboolean
outbox_forget (struct outbox *outbox, const char *id, GError **error)
{
  AUTOFREE (outbox_item) item = outbox_find (outbox, id, NULL);
  if (item == NULL)
    return TRUE; /* forgotten before */
  if (outbox_item_state (item) != OUTBOX_ACCEPTED) {
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_USAGE,
                 "This mail has not reached everybody yet, so it stays in the outbox.");
    return FALSE;
  }
  return erase (outbox, id, error);
}

gboolean
outbox_discard (struct outbox *outbox, const struct outbox_item *item, GError **error)
{
  if (is_nobodys (item))
    return erase (outbox, item->id, error);
  g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_USAGE, "Somebody may have this mail, so it stays in the outbox.");
  return FALSE;
}
