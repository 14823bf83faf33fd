/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What was done on the server, done here, folder by folder: sync_heads.c looks what that is, sync_window.c what of it should be here,
 * sync_intake.c takes it in, newest first: where much is to come a screenful of headers, then whole mails, then the headers of all others.
 *
 * New mail is fetched in windows. While one is coming in the engine's requests are let through, and its mails are reported; what
 * must use the line itself gets it between two windows. */
#include "mail/store/sync_p.h"

#include "mail/engine.h"

#include <string.h>

#define WINDOW_MAILS 2500 /* at most; and at most so many bytes, unless it is one mail */
#define WINDOW_BYTES (32u * 1024 * 1024)
#define WINDOW_LEAST 10
#define WINDOW_US (500 * 1000) /* what a window should take */
#define WINDOW_FIRST 50        /* so that the screen fills early */
/* A line that brings less is compressed where the server can. Text is then less than half as much; but packing takes time, and between 3 and 8 MB/s that is
 * what the line would have taken (make bench-pull PULL=only=slow). */
#define SLOW_BYTES_S (2.0 * 1024 * 1024)
#define SLOW_BYTES (64u * 1024) /* less than that says nothing */
#define SLOW_WINDOWS 2          /* in a row: one may have waited for something else than the line */
#define SLOW_US (500 * 1000)    /* that they took */
#define OUTSIDE_MAILS 300       /* headers in one command */
#define AHEAD_MAILS 100         /* headers that come before everything else */
#define AHEAD_FROM 30           /* where so many mails are to come */
#define AHEAD_BYTES 500000      /* or so much */

void
sync_schedule (struct sync *sync, gboolean all)
{
  g_autoptr (GPtrArray) folders = state_folders (sync->state);
  static const char *const order[] = { "inbox", "drafts", "sent", "archive", "", NULL };
  g_queue_clear_full (&sync->scheduled, g_free);
  if (!all)
    g_hash_table_remove_all (sync->told); /* something has changed since */
  for (gsize step = 0; order[step] != NULL; step++)
    for (guint i = 0; i < folders->len; i++) {
      const struct state_folder *folder = g_ptr_array_index (folders, i);
      gboolean last = strcmp (order[step], "") == 0;
      gboolean named = g_strv_contains (order, folder->role) && *folder->role != '\0';
      if (sync_wants (sync, folder) && (all || strcmp (folder->role, "inbox") == 0)
          && (last ? !named : strcmp (folder->role, order[step]) == 0))
        g_queue_push_tail (&sync->scheduled, g_memdup2 (&folder->id, sizeof folder->id));
    }
}

void
sync_schedule_news (struct sync *sync)
{
  AUTOFREE (state_folder) inbox = state_folder_find (sync->state, "role", "inbox");
  gint64 *first = g_queue_peek_head (&sync->scheduled);
  if (inbox == NULL)
    return;
  if (sync->pulling == inbox->id)
    sync->pulling = 0; /* it is listed anew */
  if (first == NULL || *first != inbox->id)
    g_queue_push_head (&sync->scheduled, g_memdup2 (&inbox->id, sizeof inbox->id));
}

gboolean
sync_is_scheduled (struct sync *sync)
{
  return !g_queue_is_empty (&sync->scheduled);
}

/* The newest that are still to come, as far as a window reaches; before: as many of them come in another one first. */
static guint
window_size (const struct sync *sync, guint before)
{
  const guint rest = sync->heads->len - before;
  const struct imap_head *heads = (const struct imap_head *) (gpointer) sync->heads->data;
  guint mails = 0, most = (guint) MIN (imap_fetch_reach (heads, rest), sync->window);
  guint64 bytes = 0;
  while (mails < MIN (most, rest)) {
    bytes += heads[rest - 1 - mails].size_bytes;
    if (mails > 0 && bytes > WINDOW_BYTES)
      break;
    mails++;
  }
  return mails;
}

static guint64
window_bytes (const struct sync *sync, guint count)
{
  guint64 bytes = 0;
  for (guint i = sync->heads->len - count; i < sync->heads->len; i++)
    bytes += g_array_index (sync->heads, struct imap_head, i).size_bytes;
  return bytes;
}

static gboolean
is_slow (const struct sync *sync)
{
  return sync->slow.windows >= SLOW_WINDOWS && sync->slow.us >= SLOW_US;
}

/* line_us: of a window's time what the line took of it, and not the disk. */
static void
judge_line (struct sync *sync, const struct imap *imap, guint64 bytes, gint64 line_us)
{
  const gboolean slow = bytes >= SLOW_BYTES && imap_may_compress (imap)
                        && (double) bytes / (double) MAX (line_us, 1) * G_USEC_PER_SEC < SLOW_BYTES_S;
  sync->slow.windows = slow ? sync->slow.windows + 1 : 0;
  sync->slow.us = slow ? sync->slow.us + line_us : 0;
}

/* Fetches one, and asks for the next: windows are as large as what the line brings in some tenths of a second, so that whoever needs the line in
 * between has it soon, and yet there is always enough on its way. */
static gboolean
fetch_window (struct sync *sync, struct imap *imap, struct state_folder *folder, GError **error)
{
  const guint count = sync->asked > 0 ? sync->asked : window_size (sync, 0);
  const guint64 bytes = window_bytes (sync, count);
  const gint64 begin = g_get_monotonic_time ();
  sync->disk_us = 0;
  sync->asked = sync->paused || is_slow (sync) ? 0 : window_size (sync, count);
  if (!sync_intake_fetch (sync, imap, folder, count, sync->asked, error))
    return FALSE;
  const gint64 took = g_get_monotonic_time () - begin;
  if (took < WINDOW_US / 2)
    sync->window = MIN (sync->window * (took < WINDOW_US / 5 ? 4 : 2), WINDOW_MAILS);
  else if (took > WINDOW_US * 2)
    sync->window = MAX (sync->window / 2, WINDOW_LEAST);
  if (is_slow (sync) && sync->asked == 0) {
    sync->slow.windows = 0;
    return imap_compress (imap, error);
  }
  judge_line (sync, imap, bytes, took - sync->disk_us);
  return TRUE;
}

/* Changes that waited for their mail to come back under a new UID, and it did not: it is gone there. A mail that was moved here stands
 * only here then, and is put back by APPEND. */
static void
drop_lost_changes (struct sync *sync, const struct state_folder *folder, GPtrArray *gone)
{
  g_autoptr (GPtrArray) changes = state_changes (sync->state);
  for (guint i = 0; i < changes->len; i++) {
    struct state_change *change = g_ptr_array_index (changes, i);
    if (change->folder != folder->id || change->uid != 0 || change->kind == STATE_APPEND)
      continue;
    AUTOFREE (state_mail) mail = change->kind == STATE_MOVE ? state_mail_get (sync->state, change->mail) : NULL;
    if (mail != NULL && !mail->header_only) {
      change->kind = STATE_APPEND;
      change->step = 0;
      state_change_save (sync->state, change);
      continue;
    }
    state_change_delete (sync->state, change->id);
    AUTOFREE (state_folder) in = mail == NULL ? NULL : state_folder_get (sync->state, mail->folder);
    if (in != NULL) { /* a header is no mail: there is nothing left of it */
      (void) sync_gone_note (sync, in, mail, gone);
      state_mail_delete (sync->state, mail->id);
    }
  }
}

/* What others may have changed of its row since it was read. FALSE: it was removed here, or nobody wants its mail any more. */
static gboolean
freshen (struct sync *sync, struct state_folder *folder)
{
  AUTOFREE (state_folder) now = state_folder_get (sync->state, folder->id);
  if (now == NULL || !sync_wants (sync, now))
    return FALSE;
  folder->dirty = now->dirty;
  g_free (folder->role);
  folder->role = g_steal_pointer (&now->role);
  return TRUE;
}

/* Somebody removed the folder while its mail was coming in: no counter of it means anything now. */
static enum sync_result
leave_folder (struct sync *sync)
{
  sync->pulling = 0;
  g_array_set_size (sync->heads, 0);
  g_array_set_size (sync->outside, 0);
  return SYNC_DONE;
}

/* All of it is here: the counters may be believed from now on. */
static enum sync_result
finish_folder (struct sync *sync, struct state_folder *folder, GError **error)
{
  if (!freshen (sync, folder))
    return leave_folder (sync);
  folder->uidnext = sync->target.uidnext;
  folder->modseq = sync->target.modseq;
  sync->pulling = 0;
  g_autoptr (GPtrArray) gone = g_ptr_array_new_with_free_func (g_free);
  state_begin (sync->state);
  drop_lost_changes (sync, folder, gone);
  state_folder_save (sync->state, folder);
  if (!state_commit (sync->state, error))
    return SYNC_FAILED;
  sync_gone_settle (sync, gone);
  return SYNC_DONE;
}

/* How many new mails there may be among those that have not been listed yet. */
static guint
unlisted (struct sync *sync, gint64 folder, guint listed)
{
  if (sync->listing.place == 0)
    return 0;
  const guint64 here = (guint64) state_count (sync->state, folder) + listed, there = sync->target.exists;
  return there > here ? (guint) MIN (there - here, sync->listing.place) : 0;
}

/* Those are taken to be like the ones that are to come now. */
static void
expect (struct sync *sync, gint64 folder)
{
  const guint mails = sync->heads->len + sync->outside->len, more = unlisted (sync, folder, mails);
  const guint64 bytes = sync_intake_bytes (sync);
  if (mails > 0)
    sync_progress_expect (&sync->progress, mails + more, bytes + bytes / mails * more, g_get_monotonic_time ());
}

/* Something to look at, as soon as can be: of a folder that was never here even before it is listed. opened_out: just now, so that what the server said of
 * it then holds. */
static gboolean
look_ahead (struct sync *sync, struct imap *imap, struct state_folder *folder, gboolean *opened_out, GError **error)
{
  struct imap_selected info;
  *opened_out = folder->uidnext == 0 && state_count (sync->state, folder->id) == 0;
  if (!*opened_out)
    return TRUE;
  return sync_select (sync, imap, folder, TRUE, &info, error)
         && (info.exists < AHEAD_FROM
             || (sync_mark_dirty (sync, folder, error) && sync_intake_newest (sync, imap, folder, AHEAD_MAILS, error)));
}

static gboolean
has_some (const struct sync *sync)
{
  return sync->heads->len + sync->outside->len > 0;
}

static gboolean
list_folder (struct sync *sync, struct imap *imap, struct state_folder *folder, GError **error)
{
  gboolean opened;
  if (!look_ahead (sync, imap, folder, &opened, error) || !sync_heads_list (sync, imap, folder, !opened, error)
      || !sync_window_close (sync, folder, error))
    return FALSE;
  guint fresh = sync->heads->len;
  sync->filling = sync_window_plan (sync, folder);
  sync->window = WINDOW_FIRST;
  (void) freshen (sync, folder);
  sync->pulling = folder->id;
  expect (sync, folder->id);
  if (has_some (sync) && !sync_mark_dirty (sync, folder, error))
    return FALSE;
  /* Where heads came back without their headers they are new, and the newest. */
  gboolean many = sync->heads->len >= AHEAD_FROM || (sync->heads->len > 1 && sync_intake_bytes (sync) > AHEAD_BYTES);
  return folder->uidnext == 0 || fresh == 0 || !many
         || sync_intake_ahead (sync, imap, folder, MIN (AHEAD_MAILS, sync->heads->len), error);
}

/* Newest first: bodies, then the headers of what stays outside. */
static gboolean
fetch_some (struct sync *sync, struct imap *imap, struct state_folder *folder, GError **error)
{
  if (sync->heads->len > 0)
    return fetch_window (sync, imap, folder, error);
  return sync_intake_outside (sync, imap, folder, MIN (sync->outside->len, OUTSIDE_MAILS), error);
}

/* When all has come that was on the list: what else is to come. bodies: how many had come when it was last filled. Where none has since, the server does
 * not hand them out, and the next pull asks again. */
static gboolean
look_further (struct sync *sync, struct imap *imap, struct state_folder *folder, guint *bodies, GError **error)
{
  while (!has_some (sync) && sync->listing.more) {
    if (!sync_heads_more (sync, imap, folder, error))
      return FALSE;
    sync->filling = sync_window_plan (sync, folder);
    expect (sync, folder->id);
  }
  if (!has_some (sync) && sync->filling && sync->counts.bodies > *bodies) {
    *bodies = sync->counts.bodies;
    sync->filling = sync_window_fill (sync, folder);
    expect (sync, folder->id);
  }
  return TRUE;
}

static enum sync_result
pull_folder (struct sync *sync, struct imap *imap, struct state_folder *folder, gboolean may_pause, GError **error)
{
  guint bodies = sync->counts.bodies;
  if (sync->pulling != folder->id) {
    if (sync_heads_empty (sync, folder))
      return finish_folder (sync, folder, error);
    if (sync_heads_same (sync, folder) && sync_window_close (sync, folder, NULL) && !sync_window_is_open (sync, folder))
      return SYNC_DONE;
    if (!list_folder (sync, imap, folder, error))
      return SYNC_FAILED;
    if (!freshen (sync, folder))
      return leave_folder (sync);
  } else {
    struct imap_selected info;
    if (!sync_select (sync, imap, folder, FALSE, &info, error))
      return SYNC_FAILED;
    if (sync->pulling == 0)
      return SYNC_MORE;
    expect (sync, folder->id);
  }
  if ((has_some (sync) || sync->listing.more) && !sync_mark_dirty (sync, folder, error))
    return SYNC_FAILED;
  sync->asked = 0;
  sync->slow.windows = 0;
  sync->slow.us = 0;
  for (;;) {
    if (!look_further (sync, imap, folder, &bodies, error))
      return SYNC_FAILED;
    if (!has_some (sync))
      return finish_folder (sync, folder, error);
    if (!fetch_some (sync, imap, folder, error) || !sync_serve_now (sync, error))
      return SYNC_FAILED;
    if (!freshen (sync, folder))
      return leave_folder (sync);
    /* What was asked for already is taken first. */
    if ((has_some (sync) || sync->listing.more) && may_pause && sync->paused && sync->asked == 0)
      return SYNC_MORE;
  }
}

enum sync_result
sync_pull (struct sync *sync, struct imap *imap, gboolean may_pause, GError **error)
{
  gint64 *id;
  sync->paused = FALSE;
  while ((id = g_queue_peek_head (&sync->scheduled)) != NULL) {
    AUTOFREE (state_folder) folder = state_folder_get (sync->state, *id);
    g_autoptr (GError) problem = NULL;
    enum sync_result result = folder == NULL || !sync_wants (sync, folder)
                                  ? SYNC_DONE
                                  : pull_folder (sync, imap, folder, may_pause, &problem);
    if (result == SYNC_MORE)
      return SYNC_MORE;
    if (result == SYNC_FAILED) {
      sync->pulling = 0;
      /* A folder that the server does not open must not keep the others away; a full disk or a broken line stops all. */
      if (imap_is_lost (imap) || !g_error_matches (problem, ENGINE_ERROR, ENGINE_ERROR_FAILED)) {
        g_propagate_error (error, g_steal_pointer (&problem));
        return SYNC_FAILED;
      }
      sync_emit_state (sync, "syncing", problem->message);
    }
    g_free (g_queue_pop_head (&sync->scheduled));
    if (!sync_serve_now (sync, error))
      return SYNC_FAILED;
    if (!g_queue_is_empty (&sync->scheduled) && may_pause && sync->paused)
      return SYNC_MORE;
  }
  sync_progress_clear (&sync->progress);
  return SYNC_DONE;
}

gboolean
sync_watch (struct sync *sync, struct imap *imap, int wake_fd, guint timeout_s, gboolean *changed_out, GError **error)
{
  AUTOFREE (state_folder) inbox = state_folder_find (sync->state, "role", "inbox");
  struct imap_selected info;
  *changed_out = FALSE;
  if (inbox != NULL && inbox->present && !sync_select (sync, imap, inbox, FALSE, &info, error))
    return FALSE;
  imap_set_guest (imap, &sync->guest);
  sync->paused = FALSE;
  gboolean done = imap_idle (imap, wake_fd, timeout_s, &sync->paused, changed_out, error);
  imap_set_guest (imap, NULL);
  return done;
}
