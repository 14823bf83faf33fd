/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Mail that comes in, whole or its header alone: on the disk, then on record, then told of, some at a time. While a thread waits for the disk to
 * have some, the next ones come in.
 *
 * The record may have changed since it was asked for: people open, flag, move and delete mail whose header is here. */
#include "mail/store/sync_p.h"

#include "mail/message/message.h"
#include "mail/store/keywords.h"
#include "mail/store/maildir.h"
#include "mail/store/tags.h"

#include <glib/gstdio.h>
#include <string.h>

/* Made durable and reported together: the more there are, the less each costs; but nobody is kept waiting for the others. */
#define BATCH_MAILS 200
#define BATCH_US 250000
/* More than that does not come in before the disk has what came before. */
#define AHEAD_MAILS 1000
#define HEADER_BYTES 2000 /* of one, where nobody told its size */

struct arrival {
  struct imap_head head;
  char *base, *msgid;
  gboolean is_protected;
};

struct intake {
  struct sync *sync;
  const struct state_folder *folder;
  char *dir;
  struct maildir_batch *batch;
  struct maildir_flight *flight;
  GArray *arrivals; /* struct arrival */
  guint flying;     /* how many of them, from the first on, the thread has */
  gint64 since;     /* when the first came that it has not; monotonic */
  gboolean header_only;
  gboolean counts; /* what comes is part of what the progress speaks of */
  GError *error;
};

static void
arrival_clear (gpointer data)
{
  struct arrival *arrival = data;
  g_free (arrival->base);
  g_free (arrival->msgid);
}

/* Letters, and keywords after a space. */
static void
take_kept (const struct state_change *change, struct state_mail *mail)
{
  g_auto (GStrv) add = g_strsplit (change->add, " ", 2), remove = g_strsplit (change->remove, " ", 2);
  tags_flags_change (mail->flags, add[0] != NULL ? add[0] : "", remove[0] != NULL ? remove[0] : "", mail->flags);
  g_autofree char *left = keywords_without (mail->keywords, remove[0] != NULL ? remove[1] : NULL);
  g_free (mail->keywords);
  mail->keywords = keywords_with (left, add[0] != NULL ? add[1] : NULL);
}

/* What was meant for this mail before its UID changed. Of several mails with one Message-ID each takes what was meant for one. */
static void
resume_changes (struct intake *intake, GPtrArray *changes, const struct arrival *arrival, struct state_mail *mail)
{
  gboolean flagged = FALSE, sent_away = FALSE;
  for (guint i = 0; i < changes->len && *arrival->msgid != '\0'; i++) {
    struct state_change *change = g_ptr_array_index (changes, i);
    if (change->folder != intake->folder->id || change->uid != 0 || change->kind == STATE_APPEND
        || strcmp (change->msgid, arrival->msgid) != 0 || (change->kind == STATE_FLAGS ? flagged : sent_away))
      continue;
    *(change->kind == STATE_FLAGS ? &flagged : &sent_away) = TRUE;
    if (change->kind == STATE_FLAGS) {
      take_kept (change, mail);
      state_change_delete (intake->sync->state, change->id);
    } else {
      change->uid = mail->uid;
      state_change_save (intake->sync->state, change);
    }
    change->uid = mail->uid; /* used up */
  }
}

/* Has it gone from this folder, as far as people here are concerned? */
static gboolean
is_leaving (GPtrArray *changes, gint64 folder, guint32 uid)
{
  for (guint i = 0; i < changes->len; i++) {
    const struct state_change *change = g_ptr_array_index (changes, i);
    if (change->folder == folder && change->uid == uid && (change->kind == STATE_MOVE || change->kind == STATE_REMOVE))
      return TRUE;
  }
  return FALSE;
}

static GVariant *
record_new (struct intake *intake, GPtrArray *changes, const struct arrival *arrival, GArray *renames)
{
  struct state_mail mail = { .folder = intake->folder->id,
                             .uid = arrival->head.uid,
                             .base = arrival->base,
                             .msgid = arrival->msgid,
                             .header_only = intake->header_only,
                             .size_bytes = arrival->head.size_bytes,
                             .date = arrival->head.date };
  memcpy (mail.flags, arrival->head.flags, sizeof mail.flags);
  memcpy (mail.server_flags, arrival->head.flags, sizeof mail.server_flags);
  mail.keywords = g_strdup (arrival->head.keywords);
  mail.server_keywords = (char *) arrival->head.keywords;
  resume_changes (intake, changes, arrival, &mail);
  state_mail_save (intake->sync->state, &mail);
  intake->sync->counts.fresh++;
  /* What was meant for it gives it another name than it came with. */
  gboolean renamed = strcmp (mail.flags, arrival->head.flags) != 0
                     && sync_rename_note (intake->sync, intake->folder, &mail, arrival->head.flags, renames);
  g_autofree char *path = maildir_path (intake->dir, mail.base, renamed ? mail.flags : arrival->head.flags);
  g_autofree char *keywords = mail.keywords;
  return sync_mail_row (path, intake->folder->role, mail.flags, keywords, arrival->is_protected);
}

/* One that came, on record. NULL: it is not needed (any more). renames, useless: files that are renamed and go when that is on the disk. */
static GVariant *
record_one (struct intake *intake, GPtrArray *changes, const struct arrival *arrival, GArray *renames,
            GPtrArray *useless)
{
  AUTOFREE (state_mail) mail = state_mail_by_uid (intake->sync->state, intake->folder->id, arrival->head.uid);
  gboolean leaving = mail == NULL && is_leaving (changes, intake->folder->id, arrival->head.uid);
  if (mail == NULL && !leaving)
    return record_new (intake, changes, arrival, renames);
  if (mail != NULL && mail->header_only && !intake->header_only) {
    char *old = NULL;
    GVariant *row
        = sync_body_take (intake->sync, intake->folder, mail, arrival->head.flags, arrival->is_protected, &old);
    if (old != NULL)
      g_ptr_array_add (useless, old);
    return row;
  }
  char *came = maildir_path (intake->dir, arrival->base, arrival->head.flags);
  g_autofree char *has = mail == NULL ? NULL : maildir_path (intake->dir, mail->base, mail->flags);
  if (g_strcmp0 (came, has) != 0)
    g_ptr_array_add (useless, came);
  else
    g_free (came);
  return NULL;
}

static void
tell_progress (struct intake *intake, gboolean now)
{
  struct sync *sync = intake->sync;
  gboolean due = sync_progress_tick (&sync->progress, g_get_monotonic_time ());
  if (intake->counts && (due || now))
    sync->emit ("progress", sync_progress_fields (&sync->progress), sync->data);
}

/* Somebody removed the folder while they were coming in: they go with it. */
static gboolean
is_removed (const struct intake *intake, guint count)
{
  AUTOFREE (state_folder) now = state_folder_get (intake->sync->state, intake->folder->id);
  if (now != NULL && !now->removing)
    return FALSE;
  for (guint i = 0; i < count; i++) {
    const struct arrival *arrival = &g_array_index (intake->arrivals, struct arrival, i);
    maildir_remove (intake->dir, arrival->base, arrival->head.flags);
  }
  return TRUE;
}

/* The first of them, which are on the disk: state, then news. */
static gboolean
record (struct intake *intake, guint count)
{
  struct sync *sync = intake->sync;
  if (is_removed (intake, count)) {
    g_array_remove_range (intake->arrivals, 0, count);
    return TRUE;
  }
  g_autoptr (GPtrArray) changes = state_changes (sync->state), useless = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GArray) renames = sync_renames_new ();
  GPtrArray *rows = g_ptr_array_new ();
  state_begin (sync->state);
  for (guint i = 0; i < count; i++) {
    GVariant *row
        = record_one (intake, changes, &g_array_index (intake->arrivals, struct arrival, i), renames, useless);
    if (row != NULL)
      g_ptr_array_add (rows, row);
  }
  gboolean done = state_commit (sync->state, &intake->error);
  if (done) {
    sync_renames_settle (sync, renames);
    for (guint i = 0; i < useless->len; i++)
      (void) g_unlink (g_ptr_array_index (useless, i));
    sync_emit_mails (sync, rows);
    if (intake->counts)
      sync_progress_took (&sync->progress, count, 0);
    tell_progress (intake, TRUE);
  } else {
    sync_drop_rows (rows);
  }
  g_array_remove_range (intake->arrivals, 0, count);
  return done;
}

/* What the thread had: data came first. */
static gboolean
land (struct intake *intake)
{
  guint count = intake->flying;
  intake->flying = 0;
  return count == 0 || (maildir_flight_wait (intake->flight, &intake->error) && record (intake, count));
}

/* All that came: what the thread has, and the rest without it. */
static gboolean
settle (struct intake *intake)
{
  gboolean landed = land (intake);
  if (!landed || intake->error != NULL || intake->arrivals->len == 0)
    return landed && intake->error == NULL;
  return maildir_batch_commit (intake->batch, &intake->error) && record (intake, intake->arrivals->len);
}

/* Hands on what has come when there is enough of it and the thread has nothing to do, or when there is too much. */
static void
hand_on (struct intake *intake)
{
  guint waiting = intake->arrivals->len - intake->flying;
  gint64 now = g_get_monotonic_time ();
  if (waiting == 1)
    intake->since = now;
  gboolean enough = waiting >= BATCH_MAILS || now - intake->since >= BATCH_US;
  gboolean too_much = waiting >= AHEAD_MAILS || maildir_batch_is_full (intake->batch);
  if (!too_much && (!enough || maildir_flight_is_busy (intake->flight)))
    return;
  gboolean landed = land (intake);
  intake->sync->disk_us += g_get_monotonic_time () - now;
  if (!landed)
    return;
  intake->flying = intake->arrivals->len;
  maildir_flight_start (intake->flight, maildir_batch_take (intake->batch));
}

static gboolean
on_body (const void *bytes, gsize size, gpointer data)
{
  struct intake *intake = data;
  intake->sync->counts.bytes += size;
  if (intake->counts)
    sync_progress_took (&intake->sync->progress, 0, size);
  tell_progress (intake, FALSE);
  return intake->error == NULL && maildir_batch_write (intake->batch, bytes, size, &intake->error);
}

static void
on_done (const struct imap_head *head, gpointer data)
{
  struct intake *intake = data;
  if (head == NULL || intake->error != NULL) {
    maildir_batch_drop (intake->batch);
    return;
  }
  struct arrival arrival = { .head = *head };
  g_autoptr (GBytes) look = NULL;
  g_autofree char *base = g_strdup_printf ("U%u.%u", intake->folder->uidvalidity, head->uid);
  arrival.base = intake->header_only ? maildir_header_base (base) : g_steal_pointer (&base);
  if (!maildir_batch_end (intake->batch, arrival.base, head->flags, head->date, &look, &intake->error)) {
    arrival_clear (&arrival);
    return;
  }
  arrival.msgid = sync_message_id (look);
  arrival.is_protected = !intake->header_only && message_is_encrypted (look);
  g_array_append_val (intake->arrivals, arrival);
  hand_on (intake);
}

/* Its header is fetched instead, unless it is here; the next pull asks for the mail again. */
static void
on_empty (const struct imap_head *head, gpointer data)
{
  struct intake *intake = data;
  AUTOFREE (state_mail) mail = state_mail_by_uid (intake->sync->state, intake->folder->id, head->uid);
  if (mail == NULL)
    g_array_append_vals (intake->sync->outside, head, 1);
}

static void
intake_begin (struct intake *intake, struct sync *sync, struct imap *imap, const struct state_folder *folder)
{
  intake->sync = sync;
  intake->folder = folder;
  intake->dir = sync_dir (sync, folder);
  intake->batch = maildir_batch_new (intake->dir);
  intake->flight = maildir_flight_new ();
  intake->arrivals = g_array_new (FALSE, TRUE, sizeof (struct arrival));
  g_array_set_clear_func (intake->arrivals, arrival_clear);
  imap_set_guest (imap, &sync->guest);
}

/* What came before the line broke is whole, and kept. */
static gboolean
intake_end (struct intake *intake, struct imap *imap, gboolean fetched, GError **error)
{
  imap_set_guest (imap, NULL);
  const gint64 since = g_get_monotonic_time ();
  gboolean kept = settle (intake);
  intake->sync->disk_us += g_get_monotonic_time () - since;
  intake->sync->doubt = intake->sync->doubt || !kept;
  if (!kept && intake->error != NULL) {
    g_clear_error (error);
    g_propagate_error (error, g_steal_pointer (&intake->error));
  }
  maildir_flight_free (intake->flight);
  maildir_batch_free (intake->batch);
  g_array_unref (intake->arrivals);
  g_free (intake->dir);
  return fetched && kept;
}

gboolean
sync_intake_fetch (struct sync *sync, struct imap *imap, const struct state_folder *folder, guint count, guint next,
                   GError **error)
{
  guint from = sync->heads->len - count;
  struct intake intake = { .counts = TRUE };
  const struct imap_body_sink sink = { .body = on_body, .done = on_done, .empty = on_empty, .data = &intake };
  const struct imap_head *heads = (const struct imap_head *) (gpointer) sync->heads->data;
  intake_begin (&intake, sync, imap, folder);
  gboolean fetched = imap_fetch_ahead (imap, heads + from, count, error)
                     && imap_fetch_ahead (imap, heads + from - next, next, error)
                     && imap_fetch_bodies (imap, heads + from, count, &sink, error);
  if (!intake_end (&intake, imap, fetched, error))
    return FALSE;
  g_array_set_size (sync->heads, from);
  return TRUE;
}

static gboolean
fetch_headers (struct sync *sync, struct imap *imap, const struct state_folder *folder, const GArray *heads,
               guint count, gboolean counts, GError **error)
{
  struct intake intake = { .header_only = TRUE, .counts = counts };
  const struct imap_body_sink sink = { .body = on_body, .done = on_done, .data = &intake };
  intake_begin (&intake, sync, imap, folder);
  gboolean fetched
      = imap_fetch_headers (imap, &g_array_index (heads, struct imap_head, heads->len - count), count, &sink, error);
  return intake_end (&intake, imap, fetched, error);
}

gboolean
sync_intake_outside (struct sync *sync, struct imap *imap, const struct state_folder *folder, guint count,
                     GError **error)
{
  if (!fetch_headers (sync, imap, folder, sync->outside, count, TRUE, error))
    return FALSE;
  g_array_set_size (sync->outside, sync->outside->len - count);
  return TRUE;
}

gboolean
sync_intake_ahead (struct sync *sync, struct imap *imap, const struct state_folder *folder, guint count, GError **error)
{
  return fetch_headers (sync, imap, folder, sync->heads, count, FALSE, error);
}

gboolean
sync_intake_newest (struct sync *sync, struct imap *imap, const struct state_folder *folder, guint count,
                    GError **error)
{
  struct intake intake = { .header_only = TRUE };
  const struct imap_body_sink sink = { .body = on_body, .done = on_done, .data = &intake };
  intake_begin (&intake, sync, imap, folder);
  return intake_end (&intake, imap, imap_fetch_newest (imap, count, &sink, error), error);
}

guint64
sync_intake_bytes (const struct sync *sync)
{
  guint64 bytes = (guint64) sync->outside->len * HEADER_BYTES;
  for (guint i = 0; i < sync->heads->len; i++)
    bytes += g_array_index (sync->heads, struct imap_head, i).size_bytes;
  return bytes;
}
