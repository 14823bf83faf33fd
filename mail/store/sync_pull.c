/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What was done on the server, done here: new mail newest first, changed flags, mail that is gone.
 *
 * New mail is fetched in windows. While one is coming in the engine's requests are let through, and its mails are reported; what
 * must use the line itself gets it between two windows. */
#include "mail/store/sync_p.h"

#include "mail/engine.h"
#include "mail/message/message.h"
#include "mail/store/maildir.h"
#include "mail/store/tags.h"

#include <string.h>

#define WINDOW_MAILS 500
#define WINDOW_BYTES (8u * 1024 * 1024)
#define FIRST_WINDOW 50 /* so that the screen fills early */
#define BATCH_MAILS 100 /* made durable and reported together */

void
sync_schedule (struct sync *sync, gboolean all)
{
  g_autoptr (GPtrArray) folders = state_folders (sync->state);
  static const char *const order[] = { "inbox", "drafts", "sent", "archive", "", NULL };
  g_queue_clear_full (&sync->scheduled, g_free);
  for (gsize step = 0; order[step] != NULL; step++)
    for (guint i = 0; i < folders->len; i++) {
      const struct state_folder *folder = g_ptr_array_index (folders, i);
      gboolean last = strcmp (order[step], "") == 0;
      gboolean named = g_strv_contains (order, folder->role) && *folder->role != '\0';
      if (folder->present && (all || strcmp (folder->role, "inbox") == 0)
          && (last ? !named : strcmp (folder->role, order[step]) == 0))
        g_queue_push_tail (&sync->scheduled, g_memdup2 (&folder->id, sizeof folder->id));
    }
}

gboolean
sync_is_scheduled (struct sync *sync)
{
  return !g_queue_is_empty (&sync->scheduled);
}

/* ---- what is there ---- */

struct listing {
  gboolean hides_deleted; /* no UIDPLUS: what we delete stays, marked */
  GHashTable *seen;       /* uid -> flags (char *): what the server has */
  GArray *fresh;          /* struct imap_head: likewise, of those that may be new */
};

/* What is here of a folder. People change it while the server is being asked: to be looked up anew after each question. */
struct here {
  GPtrArray *mails;    /* struct state_mail * */
  GHashTable *known;   /* uid -> one of them */
  GHashTable *leaving; /* uids that the journal will move or remove */
};

static void
on_fresh (const struct imap_head *head, gpointer data)
{
  g_array_append_vals (((struct listing *) data)->fresh, head, 1);
}

static void
on_seen (const struct imap_head *head, gpointer data)
{
  g_hash_table_insert (((struct listing *) data)->seen, GUINT_TO_POINTER (head->uid), g_strdup (head->flags));
}

static GHashTable *
leaving_from (struct sync *sync, gint64 folder)
{
  GHashTable *leaving = g_hash_table_new (NULL, NULL);
  g_autoptr (GPtrArray) changes = state_changes (sync->state);
  for (guint i = 0; i < changes->len; i++) {
    const struct state_change *change = g_ptr_array_index (changes, i);
    if (change->folder == folder && (change->kind == STATE_MOVE || change->kind == STATE_REMOVE) && change->uid != 0)
      g_hash_table_add (leaving, GUINT_TO_POINTER (change->uid));
  }
  return leaving;
}

static void
here_clear (struct here *here)
{
  g_clear_pointer (&here->known, g_hash_table_unref);
  g_clear_pointer (&here->leaving, g_hash_table_unref);
  g_clear_pointer (&here->mails, g_ptr_array_unref);
}

static void
here_free (struct here *here)
{
  here_clear (here);
  g_free (here);
}
DEFINE_AUTOFREE (here, here_free)

static void
here_look (struct here *here, struct sync *sync, gint64 folder)
{
  here_clear (here);
  here->mails = state_mails (sync->state, folder, STATE_ON_SERVER);
  here->known = g_hash_table_new (NULL, NULL);
  here->leaving = leaving_from (sync, folder);
  for (guint i = 0; i < here->mails->len; i++) {
    struct state_mail *mail = g_ptr_array_index (here->mails, i);
    g_hash_table_insert (here->known, GUINT_TO_POINTER (mail->uid), mail);
  }
}

static gboolean
is_hidden (const struct listing *listing, const struct here *here, guint32 uid, const char *flags)
{
  return (listing->hides_deleted && strchr (flags, 'T') != NULL)
         || g_hash_table_contains (here->leaving, GUINT_TO_POINTER (uid));
}

/* What is not new after all. */
static void
drop_known (struct listing *listing, const struct here *here)
{
  guint kept = 0;
  for (guint i = 0; i < listing->fresh->len; i++) {
    const struct imap_head *head = &g_array_index (listing->fresh, struct imap_head, i);
    if (!is_hidden (listing, here, head->uid, head->flags)
        && !g_hash_table_contains (here->known, GUINT_TO_POINTER (head->uid)))
      g_array_index (listing->fresh, struct imap_head, kept++) = *head;
  }
  g_array_set_size (listing->fresh, kept);
}

static void
drop_hidden (struct listing *listing, const struct here *here)
{
  GHashTableIter iter;
  gpointer uid, flags;
  g_hash_table_iter_init (&iter, listing->seen);
  while (g_hash_table_iter_next (&iter, &uid, &flags))
    if (is_hidden (listing, here, GPOINTER_TO_UINT (uid), flags))
      g_hash_table_iter_remove (&iter);
}

static int
by_uid (gconstpointer a, gconstpointer b)
{
  guint32 left = ((const struct imap_head *) a)->uid, right = ((const struct imap_head *) b)->uid;
  return left < right ? -1 : left > right;
}

/* The server's flags of one known mail. */
static void
take_flags (struct sync *sync, const struct state_folder *folder, const char *dir, struct state_mail *mail,
            const char *server, GPtrArray *rows)
{
  char merged[STATE_FLAGS_SIZE], before[STATE_FLAGS_SIZE];
  memcpy (before, mail->flags, sizeof before);
  tags_flags_merge (mail->server_flags, mail->flags, server, merged);
  g_strlcpy (mail->server_flags, server, sizeof mail->server_flags);
  memcpy (mail->flags, merged, sizeof mail->flags);
  state_mail_save (sync->state, mail);
  g_autofree char *old_path = NULL, *new_path = NULL;
  if (mail->indexed == STATE_SKIPPED || strcmp (before, merged) == 0
      || !maildir_rename (dir, mail->base, before, merged, &old_path, &new_path, NULL))
    return;
  state_news_add (sync->state, old_path, mail->id);
  g_ptr_array_add (rows, sync_move_row (old_path, new_path, folder->role, before, folder->role, merged));
  sync->counts.changed++;
}

/* Flags, and with a whole list also what is gone. */
static gboolean
take_seen (struct sync *sync, const struct state_folder *folder, struct listing *listing, GPtrArray *mails,
           gboolean whole, guint32 below, GError **error)
{
  g_autofree char *dir = sync_dir (sync, folder);
  g_autoptr (GPtrArray) gone = g_ptr_array_new_with_free_func (g_free);
  GPtrArray *rows = g_ptr_array_new ();
  guint removed = 0;
  state_begin (sync->state);
  for (guint i = 0; i < mails->len; i++) {
    struct state_mail *mail = g_ptr_array_index (mails, i);
    const char *flags = g_hash_table_lookup (listing->seen, GUINT_TO_POINTER (mail->uid));
    if (flags != NULL && strcmp (flags, mail->server_flags) != 0)
      take_flags (sync, folder, dir, mail, flags, rows);
    if (flags != NULL || !whole || mail->uid >= below)
      continue;
    removed += sync_gone_note (sync, folder, mail, gone) ? 1 : 0;
    state_mail_delete (sync->state, mail->id);
  }
  gboolean done = state_commit (sync->state, error);
  if (done) {
    sync->counts.removed += removed;
    sync_gone_settle (sync, gone);
  }
  /* Renames have happened, committed or not: locate copes with either, and the index must know. */
  sync_emit_moved (sync, rows);
  return done;
}

/* Asks for heads, lets others in meanwhile, and looks again at what is here. */
static gboolean
ask (struct sync *sync, struct imap *imap, gint64 folder, guint32 first, gboolean fresh, guint64 changed_since,
     struct listing *listing, struct here *here, GError **error)
{
  imap_set_meanwhile (imap, sync->wake_fd, sync->serve, sync->data);
  gboolean done = imap_fetch_heads (imap, first, fresh, changed_since, fresh ? on_fresh : on_seen, listing, error);
  imap_set_meanwhile (imap, -1, NULL, NULL);
  here_look (here, sync, folder);
  if (fresh)
    drop_known (listing, here);
  else
    drop_hidden (listing, here);
  return done;
}

/* UIDs that the server has and we do not, below what was listed as new: left out by an earlier, interrupted pull. */
static gboolean
list_missed (struct sync *sync, struct imap *imap, gint64 folder, struct listing *listing, struct here *here,
             guint32 below, GError **error)
{
  GHashTableIter iter;
  gpointer uid;
  guint32 first = 0;
  g_hash_table_iter_init (&iter, listing->seen);
  while (g_hash_table_iter_next (&iter, &uid, NULL))
    if (GPOINTER_TO_UINT (uid) < below && !g_hash_table_contains (here->known, uid)
        && (first == 0 || GPOINTER_TO_UINT (uid) < first))
      first = GPOINTER_TO_UINT (uid);
  if (first == 0)
    return TRUE;
  g_array_set_size (listing->fresh, 0);
  return ask (sync, imap, folder, first, TRUE, 0, listing, here, error);
}

/* Asks as little as tells everything: nothing where the counters stand still, changes since a modseq where the server counts them, and
 * the whole list of flags else, or where the number of mails says that something is gone. */
static gboolean
list_folder (struct sync *sync, struct imap *imap, struct state_folder *folder, GError **error)
{
  const struct imap_selected *info = &sync->target;
  if (!sync_select (sync, imap, folder, TRUE, &sync->target, error))
    return FALSE;
  AUTOFREE (here) here = g_new0 (struct here, 1);
  here_look (here, sync, folder->id);
  g_array_set_size (sync->heads, 0);
  /* Changes made here meanwhile leave this sum as it is. */
  guint expected = here->mails->len + g_hash_table_size (here->leaving);
  if (info->modseq != 0 && info->modseq == folder->modseq && info->uidnext == folder->uidnext
      && info->exists == expected)
    return TRUE;
  g_autoptr (GHashTable) seen = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  struct listing listing = { .hides_deleted = !imap_has (imap, "UIDPLUS"), .seen = seen, .fresh = sync->heads };
  guint32 first = MAX (folder->uidnext, 1);
  if (info->exists > 0 && (info->uidnext == 0 || info->uidnext > first)
      && !ask (sync, imap, folder->id, first, TRUE, 0, &listing, here, error))
    return FALSE;
  guint mails = here->mails->len;
  gboolean counts = info->modseq != 0 && folder->modseq != 0;
  gboolean whole = mails > 0 && (!counts || expected + sync->heads->len != info->exists);
  whole = whole
          || (mails == 0 && sync->heads->len + g_hash_table_size (here->leaving) < info->exists && folder->uidnext > 1);
  if (info->exists > 0 && (whole || (counts && mails > 0 && info->modseq != folder->modseq))
      && !ask (sync, imap, folder->id, 1, FALSE, whole ? 0 : folder->modseq, &listing, here, error))
    return FALSE;
  if (!take_seen (sync, folder, &listing, here->mails, whole || info->exists == 0,
                  info->uidnext != 0 ? info->uidnext : G_MAXUINT32, error))
    return FALSE;
  if (whole && !list_missed (sync, imap, folder->id, &listing, here, first, error))
    return FALSE;
  g_array_sort (sync->heads, by_uid);
  return TRUE;
}

/* ---- new mail ---- */

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
  GArray *arrivals; /* struct arrival */
  GError *error;
};

static void
arrival_clear (gpointer data)
{
  struct arrival *arrival = data;
  g_free (arrival->base);
  g_free (arrival->msgid);
}

/* What was meant for this mail before its UID changed. */
static void
resume_changes (struct intake *intake, GPtrArray *changes, const struct arrival *arrival, struct state_mail *mail)
{
  for (guint i = 0; i < changes->len && *arrival->msgid != '\0'; i++) {
    struct state_change *change = g_ptr_array_index (changes, i);
    if (change->folder != intake->folder->id || change->uid != 0 || change->kind == STATE_APPEND
        || strcmp (change->msgid, arrival->msgid) != 0)
      continue;
    if (change->kind == STATE_FLAGS) {
      tags_flags_change (mail->flags, change->add, change->remove, mail->flags);
      state_change_delete (intake->sync->state, change->id);
    } else {
      change->uid = mail->uid;
      state_change_save (intake->sync->state, change);
    }
    change->uid = mail->uid; /* used up */
  }
}

/* Data, then state, then news. */
static gboolean
settle (struct intake *intake)
{
  struct sync *sync = intake->sync;
  if (intake->error != NULL || intake->arrivals->len == 0)
    return intake->error == NULL;
  if (!maildir_batch_commit (intake->batch, &intake->error))
    return FALSE;
  g_autoptr (GPtrArray) changes = state_changes (sync->state);
  GPtrArray *rows = g_ptr_array_new ();
  state_begin (sync->state);
  for (guint i = 0; i < intake->arrivals->len; i++) {
    const struct arrival *arrival = &g_array_index (intake->arrivals, struct arrival, i);
    struct state_mail mail
        = { .folder = intake->folder->id, .uid = arrival->head.uid, .base = arrival->base, .msgid = arrival->msgid };
    memcpy (mail.flags, arrival->head.flags, sizeof mail.flags);
    memcpy (mail.server_flags, arrival->head.flags, sizeof mail.server_flags);
    resume_changes (intake, changes, arrival, &mail);
    state_mail_save (sync->state, &mail);
    g_autofree char *path = maildir_path (intake->dir, mail.base, arrival->head.flags);
    g_ptr_array_add (rows, sync_mail_row (path, intake->folder->role, mail.flags, arrival->is_protected));
  }
  gboolean done = state_commit (sync->state, &intake->error);
  if (done) {
    sync->counts.fresh += intake->arrivals->len;
    sync->done += intake->arrivals->len;
    sync_emit_mails (sync, rows);
    GVariantBuilder fields;
    g_variant_builder_init (&fields, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add (&fields, "{sv}", "done", g_variant_new_uint32 (sync->done));
    g_variant_builder_add (&fields, "{sv}", "total", g_variant_new_uint32 (MAX (sync->total, sync->done)));
    sync->emit ("progress", g_variant_builder_end (&fields), sync->data);
  } else {
    g_ptr_array_foreach (rows, (GFunc) (gpointer) g_variant_unref, NULL);
    g_ptr_array_unref (rows);
  }
  g_array_set_size (intake->arrivals, 0);
  return done;
}

static gboolean
on_body (const void *bytes, gsize size, gpointer data)
{
  struct intake *intake = data;
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
  arrival.base = g_strdup_printf ("U%u.%u", intake->folder->uidvalidity, head->uid);
  if (!maildir_batch_end (intake->batch, arrival.base, head->flags, head->date, &look, &intake->error)) {
    arrival_clear (&arrival);
    return;
  }
  arrival.msgid = sync_message_id (look);
  arrival.is_protected = message_is_encrypted (look);
  g_array_append_val (intake->arrivals, arrival);
  if (intake->arrivals->len >= BATCH_MAILS)
    settle (intake);
}

/* Mail that is too large stays on the server; a row without a file keeps the count right. */
static gboolean
skip_large (struct sync *sync, const struct state_folder *folder, GError **error)
{
  guint skipped = 0;
  state_begin (sync->state);
  for (guint i = sync->heads->len; i-- > 0;) {
    const struct imap_head *head = &g_array_index (sync->heads, struct imap_head, i);
    if (head->size_bytes <= IMAP_MESSAGE_MAX)
      continue;
    g_autofree char *base = g_strdup_printf ("skipped.%u.%u", folder->uidvalidity, head->uid);
    struct state_mail mail
        = { .folder = folder->id, .uid = head->uid, .base = base, .msgid = "", .indexed = STATE_SKIPPED };
    memcpy (mail.flags, head->flags, sizeof mail.flags);
    memcpy (mail.server_flags, head->flags, sizeof mail.server_flags);
    state_mail_save (sync->state, &mail);
    g_array_remove_index (sync->heads, i);
    skipped++;
  }
  if (!state_commit (sync->state, error))
    return FALSE;
  if (skipped > 0) {
    g_autofree char *text = g_strdup_printf (
        "%u mail%s of more than %u MB stayed on the server: wardmail does not fetch mail that large.", skipped,
        skipped == 1 ? "" : "s", IMAP_MESSAGE_MAX >> 20);
    sync_emit_state (sync, "syncing", text);
  }
  return TRUE;
}

/* The newest that are still to come, as far as a window reaches. */
static guint
window_size (struct sync *sync)
{
  guint mails = 0, most = sync->done == 0 ? FIRST_WINDOW : WINDOW_MAILS;
  guint64 bytes = 0;
  while (mails < sync->heads->len && mails < most) {
    bytes += g_array_index (sync->heads, struct imap_head, sync->heads->len - 1 - mails).size_bytes;
    if (mails > 0 && bytes > WINDOW_BYTES)
      break;
    mails++;
  }
  return mails;
}

static gboolean
fetch_window (struct sync *sync, struct imap *imap, struct state_folder *folder, GError **error)
{
  guint count = window_size (sync), from = sync->heads->len - count;
  struct intake intake = { .sync = sync, .folder = folder, .dir = sync_dir (sync, folder) };
  intake.batch = maildir_batch_new (intake.dir);
  intake.arrivals = g_array_new (FALSE, TRUE, sizeof (struct arrival));
  g_array_set_clear_func (intake.arrivals, arrival_clear);
  const struct imap_body_sink sink = { .body = on_body, .done = on_done, .data = &intake };
  imap_set_meanwhile (imap, sync->wake_fd, sync->serve, sync->data);
  gboolean fetched
      = imap_fetch_bodies (imap, &g_array_index (sync->heads, struct imap_head, from), count, &sink, error);
  imap_set_meanwhile (imap, -1, NULL, NULL);
  /* What came before the line broke is whole, and kept. */
  gboolean kept = settle (&intake);
  if (!kept && intake.error != NULL) {
    g_clear_error (error);
    g_propagate_error (error, g_steal_pointer (&intake.error));
  }
  maildir_batch_free (intake.batch);
  g_array_unref (intake.arrivals);
  g_free (intake.dir);
  if (!fetched || !kept)
    return FALSE;
  g_array_set_size (sync->heads, from);
  return TRUE;
}

/* Changes that waited for their mail to come back under a new UID, and it did not: it is gone there. A mail that was moved here stands
 * only here then, and is put back by APPEND. */
static void
drop_lost_changes (struct sync *sync, const struct state_folder *folder)
{
  g_autoptr (GPtrArray) changes = state_changes (sync->state);
  for (guint i = 0; i < changes->len; i++) {
    struct state_change *change = g_ptr_array_index (changes, i);
    if (change->folder != folder->id || change->uid != 0 || change->kind == STATE_APPEND)
      continue;
    if (change->kind == STATE_MOVE) {
      change->kind = STATE_APPEND;
      change->step = 0;
      state_change_save (sync->state, change);
    } else {
      state_change_delete (sync->state, change->id);
    }
  }
}

/* What others may have changed of its row since it was read. */
static void
freshen (struct sync *sync, struct state_folder *folder)
{
  AUTOFREE (state_folder) now = state_folder_get (sync->state, folder->id);
  if (now == NULL)
    return;
  folder->dirty = now->dirty;
  g_free (folder->role);
  folder->role = g_steal_pointer (&now->role);
}

/* All of it is here: the counters may be believed from now on. */
static gboolean
finish_folder (struct sync *sync, struct state_folder *folder, GError **error)
{
  freshen (sync, folder);
  folder->uidnext = sync->target.uidnext;
  folder->modseq = sync->target.modseq;
  sync->pulling = 0;
  state_begin (sync->state);
  drop_lost_changes (sync, folder);
  state_folder_save (sync->state, folder);
  return state_commit (sync->state, error);
}

static enum sync_result
pull_folder (struct sync *sync, struct imap *imap, struct state_folder *folder, gboolean may_pause, GError **error)
{
  if (sync->pulling != folder->id) {
    if (!list_folder (sync, imap, folder, error) || !skip_large (sync, folder, error))
      return SYNC_FAILED;
    freshen (sync, folder);
    sync->pulling = folder->id;
    sync->total = sync->done + sync->heads->len;
  } else {
    struct imap_selected info;
    if (!sync_select (sync, imap, folder, FALSE, &info, error))
      return SYNC_FAILED;
    if (sync->pulling == 0)
      return SYNC_MORE;
  }
  if (sync->heads->len > 0 && !sync_mark_dirty (sync, folder, error))
    return SYNC_FAILED;
  while (sync->heads->len > 0) {
    if (!fetch_window (sync, imap, folder, error) || !sync_serve_now (sync, error))
      return SYNC_FAILED;
    if (sync->heads->len > 0 && may_pause && sync->paused)
      return SYNC_MORE;
  }
  return finish_folder (sync, folder, error) ? SYNC_DONE : SYNC_FAILED;
}

enum sync_result
sync_pull (struct sync *sync, struct imap *imap, gboolean may_pause, GError **error)
{
  gint64 *id;
  sync->paused = FALSE;
  while ((id = g_queue_peek_head (&sync->scheduled)) != NULL) {
    AUTOFREE (state_folder) folder = state_folder_get (sync->state, *id);
    g_autoptr (GError) problem = NULL;
    enum sync_result result
        = folder == NULL || !folder->present ? SYNC_DONE : pull_folder (sync, imap, folder, may_pause, &problem);
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
  sync->done = sync->total = 0;
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
  return imap_idle (imap, wake_fd, timeout_s, changed_out, error);
}
