/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What was done here, done on the server: moves, removals, appends, then flags.
 *
 * A refusal is not repeated for ever: the person is told, and the server's side is fetched again. */
#include "mail/store/sync_p.h"

#include "mail/engine.h"
#include "mail/store/maildir.h"
#include "mail/store/tags.h"

#include <string.h>

#define CHUNK 200 /* UIDs in one command */
#define REFUSED_S 300
#define REFUSED_MAX_S 3600

/* Forget a local mail that the server has in a form we must fetch anew (or not at all). */
static void
forget (struct sync *sync, struct state_mail *mail, const struct state_folder *folder, GPtrArray *gone)
{
  (void) sync_gone_note (sync, folder, mail, gone);
  state_mail_delete (sync->state, mail->id);
}

/* A line that broke is an error; a server that said no is news for the person. */
static gboolean
told (struct sync *sync, struct imap *imap, GError *problem_take, GError **error)
{
  if (imap_is_lost (imap)) {
    g_propagate_error (error, problem_take);
    return FALSE;
  }
  sync_emit_state (sync, "syncing", problem_take->message);
  g_error_free (problem_take);
  return TRUE;
}

/* The folder must be there before something can be put into it. */
static gboolean
ensure (struct sync *sync, struct imap *imap, struct state_folder *folder, GError **error)
{
  return folder->present || sync_folder_make (sync, imap, folder, error);
}

/* Rows of the journal that can go in one command with the first of them. */
static GPtrArray *
gather (struct sync *sync, GPtrArray *changes, enum state_kind kind, gint64 folder, gint64 to)
{
  GPtrArray *same = g_ptr_array_new ();
  for (guint i = 0; i < changes->len && same->len < CHUNK; i++) {
    struct state_change *change = g_ptr_array_index (changes, i);
    if (change->kind != kind || change->folder != folder || change->uid == 0)
      continue;
    AUTOFREE (state_mail) mail = kind == STATE_MOVE ? state_mail_get (sync->state, change->mail) : NULL;
    if (kind != STATE_MOVE || (mail != NULL && mail->folder == to))
      g_ptr_array_add (same, change);
  }
  return same;
}

static guint32 *
uids_of (GPtrArray *changes)
{
  guint32 *uids = g_new (guint32, changes->len);
  for (guint i = 0; i < changes->len; i++)
    uids[i] = ((struct state_change *) g_ptr_array_index (changes, i))->uid;
  return uids;
}

/* After a move: the mail has its new UID, or is fetched anew where the server did not tell it. moved FALSE: it was refused. */
static void
settle_moves (struct sync *sync, GPtrArray *changes, struct state_folder *from, struct state_folder *to, gboolean moved,
              guint32 uidvalidity, const guint32 *new_uids, GPtrArray *gone)
{
  for (guint i = 0; i < changes->len; i++) {
    const struct state_change *change = g_ptr_array_index (changes, i);
    AUTOFREE (state_mail) mail = state_mail_get (sync->state, change->mail);
    AUTOFREE (state_mail) source = state_mail_by_uid (sync->state, from->id, change->uid);
    guint32 uid = moved && uidvalidity == to->uidvalidity ? new_uids[i] : 0;
    AUTOFREE (state_mail) taken = uid == 0 ? NULL : state_mail_by_uid (sync->state, to->id, uid);
    state_change_delete (sync->state, change->id);
    if (source != NULL && moved)
      forget (sync, source, from, gone);
    if (mail == NULL)
      continue;
    if (uid == 0 || taken != NULL) {
      forget (sync, mail, to, gone);
    } else {
      mail->uid = uid;
      state_mail_save (sync->state, mail);
    }
  }
}

static gboolean
push_move (struct sync *sync, struct imap *imap, GPtrArray *all, const struct state_change *first, GError **error)
{
  AUTOFREE (state_mail) mail = state_mail_get (sync->state, first->mail);
  AUTOFREE (state_folder) from = state_folder_get (sync->state, first->folder);
  AUTOFREE (state_folder) to = mail == NULL ? NULL : state_folder_get (sync->state, mail->folder);
  struct imap_selected info;
  g_autoptr (GError) problem = NULL;
  if (from == NULL || to == NULL) {
    state_begin (sync->state);
    state_change_delete (sync->state, first->id);
    return state_commit (sync->state, error);
  }
  guint32 known = from->uidvalidity;
  gboolean ready = ensure (sync, imap, to, &problem)
                   /* The target's UIDVALIDITY must be known before its UIDs mean something. */
                   && (to->uidvalidity != 0 || sync_select (sync, imap, to, TRUE, &info, &problem))
                   && sync_select (sync, imap, from, FALSE, &info, &problem);
  if (ready && info.uidvalidity != known)
    return TRUE; /* the journal has been turned; the UIDs are found again by the next pull */
  g_autoptr (GPtrArray) changes = gather (sync, all, STATE_MOVE, from->id, to->id);
  g_autofree guint32 *uids = uids_of (changes), *new_uids = g_new0 (guint32, changes->len + 1);
  guint32 uidvalidity = 0;
  (void) g_hash_table_remove (sync->told, &to->id); /* not as it was told any more */
  gboolean moved = ready && imap_move (imap, uids, changes->len, to->server_path, &uidvalidity, new_uids, &problem);
  if (!moved && !told (sync, imap, g_steal_pointer (&problem), error))
    return FALSE;
  g_autoptr (GPtrArray) gone = g_ptr_array_new_with_free_func (g_free);
  state_begin (sync->state);
  settle_moves (sync, changes, from, to, moved, uidvalidity, new_uids, gone);
  if (!state_commit (sync->state, error))
    return FALSE;
  sync_gone_settle (sync, gone);
  return TRUE;
}

static gboolean
push_removal (struct sync *sync, struct imap *imap, GPtrArray *all, const struct state_change *first, GError **error)
{
  AUTOFREE (state_folder) from = state_folder_get (sync->state, first->folder);
  g_autoptr (GPtrArray) changes = gather (sync, all, STATE_REMOVE, first->folder, 0);
  g_autoptr (GPtrArray) gone = g_ptr_array_new_with_free_func (g_free);
  g_autofree guint32 *uids = uids_of (changes);
  g_autoptr (GError) problem = NULL;
  struct imap_selected info;
  guint32 known = from == NULL ? 0 : from->uidvalidity;
  gboolean ready = from != NULL && sync_select (sync, imap, from, FALSE, &info, &problem);
  if (ready && info.uidvalidity != known)
    return TRUE;
  if (from != NULL && (!ready || !imap_remove (imap, uids, changes->len, &problem))
      && !told (sync, imap, g_steal_pointer (&problem), error))
    return FALSE;
  state_begin (sync->state);
  for (guint i = 0; i < changes->len; i++) {
    const struct state_change *change = g_ptr_array_index (changes, i);
    AUTOFREE (state_mail) source = from == NULL ? NULL : state_mail_by_uid (sync->state, from->id, change->uid);
    state_change_delete (sync->state, change->id);
    if (source != NULL)
      forget (sync, source, from, gone);
  }
  if (!state_commit (sync->state, error))
    return FALSE;
  sync_gone_settle (sync, gone);
  return TRUE;
}

/* The mail is on the server under uid; it may have been moved here meanwhile, then that is the next thing to do. */
static gboolean
settle_append (struct sync *sync, struct state_change *change, struct state_mail *mail, struct state_folder *folder,
               guint32 uid, GError **error)
{
  g_autoptr (GPtrArray) gone = g_ptr_array_new_with_free_func (g_free);
  state_begin (sync->state);
  AUTOFREE (state_mail) taken = uid == 0 ? NULL : state_mail_by_uid (sync->state, folder->id, uid);
  if (uid != 0 && mail->folder != folder->id) {
    change->kind = STATE_MOVE;
    change->uid = uid;
    change->step = 0;
    state_change_save (sync->state, change);
  } else {
    state_change_delete (sync->state, change->id);
    if (uid == 0 || taken != NULL) {
      forget (sync, mail, folder, gone); /* the pull brings it under its UID */
    } else {
      mail->uid = uid;
      state_mail_save (sync->state, mail);
    }
  }
  if (!state_commit (sync->state, error))
    return FALSE;
  sync_gone_settle (sync, gone);
  return TRUE;
}

static gboolean
append_now (struct sync *sync, struct imap *imap, struct state_change *change, struct state_mail *mail,
            struct state_folder *folder, GError **error)
{
  struct imap_selected info;
  g_autofree char *dir = sync_dir (sync, folder), *path = maildir_locate (dir, mail->base, mail->flags);
  g_autoptr (GMappedFile) file = path == NULL ? NULL : g_mapped_file_new (path, FALSE, error);
  guint32 uidvalidity = 0, uid = 0;
  if (path == NULL || mail->header_only) { /* nothing left to append: a header is no mail */
    state_begin (sync->state);
    state_change_delete (sync->state, change->id);
    state_mail_delete (sync->state, mail->id);
    return state_commit (sync->state, error);
  }
  if (file == NULL || !ensure (sync, imap, folder, error) || !sync_select (sync, imap, folder, TRUE, &info, error))
    return FALSE;
  change->step = 1;
  change->folder = folder->id;
  change->uid_before = info.uidnext;
  state_begin (sync->state);
  state_change_save (sync->state, change);
  if (!state_commit (sync->state, error))
    return FALSE;
  /* It may take minutes. What a person does to the mail meanwhile is seen afterwards; where it was deleted, that is in the journal. */
  imap_set_guest (imap, &sync->guest);
  gboolean put = imap_append (imap, folder->server_path, mail->flags, g_mapped_file_get_contents (file),
                              g_mapped_file_get_length (file), &uidvalidity, &uid, error);
  imap_set_guest (imap, NULL);
  if (!put && !imap_is_lost (imap)) { /* refused: what is found there under its Message-ID is another one */
    AUTOFREE (state_change) refused = state_change_of_mail (sync->state, mail->id);
    state_begin (sync->state);
    if (refused != NULL && refused->kind == STATE_APPEND) {
      refused->step = 0;
      state_change_save (sync->state, refused);
    }
    (void) state_commit (sync->state, NULL);
  }
  if (!put)
    return FALSE;
  AUTOFREE (state_mail) now = state_mail_get (sync->state, mail->id);
  AUTOFREE (state_change) left = state_change_of_mail (sync->state, mail->id);
  if (now == NULL || left == NULL)
    return TRUE;
  memcpy (now->server_flags, mail->flags, sizeof now->server_flags);
  g_clear_pointer (&now->server_keywords, g_free); /* they are stored when it is there */
  return settle_append (sync, left, now, folder, uidvalidity == info.uidvalidity ? uid : 0, error);
}

static gboolean
push_append (struct sync *sync, struct imap *imap, struct state_change *change, GError **error)
{
  AUTOFREE (state_mail) mail = state_mail_get (sync->state, change->mail);
  AUTOFREE (state_folder) folder = mail == NULL ? NULL : state_folder_get (sync->state, mail->folder);
  if (folder == NULL) {
    state_begin (sync->state);
    state_change_delete (sync->state, change->id);
    return state_commit (sync->state, error);
  }
  if (change->step > 0 && *mail->msgid != '\0') {
    /* It was being sent when the line or we went away: is it there? */
    AUTOFREE (state_folder) tried = state_folder_get (sync->state, change->folder);
    struct imap_selected info;
    guint32 uid = 0;
    if (tried != NULL && tried->present
        && (!sync_select (sync, imap, tried, TRUE, &info, error)
            || !imap_find (imap, mail->msgid, change->uid_before, &uid, error)))
      return FALSE;
    if (uid != 0)
      return settle_append (sync, change, mail, tried, uid, error);
  }
  return append_now (sync, imap, change, mail, folder, error);
}

/* One letter for the mails that need it put in (or taken out). */
static gboolean
push_letter (struct sync *sync, struct imap *imap, GPtrArray *mails, char letter, gboolean add, GError **error)
{
  const char text[2] = { letter, '\0' };
  g_autoptr (GArray) uids = g_array_new (FALSE, FALSE, sizeof (guint32));
  for (guint i = 0; i < mails->len; i++) {
    const struct state_mail *mail = g_ptr_array_index (mails, i);
    gboolean here = strchr (mail->flags, letter) != NULL, there = strchr (mail->server_flags, letter) != NULL;
    if (here != there && here == add)
      g_array_append_val (uids, mail->uid);
  }
  for (guint from = 0; from < uids->len; from += CHUNK)
    if (!imap_store (imap, &g_array_index (uids, guint32, from), MIN (CHUNK, uids->len - from), add, text, error))
      return FALSE;
  return TRUE;
}

static gboolean
push_flags (struct sync *sync, struct imap *imap, struct state_folder *folder, GError **error)
{
  g_autoptr (GPtrArray) mails = state_mails (sync->state, folder->id, STATE_FLAGS_CHANGED);
  struct imap_selected info;
  guint32 known = folder->uidvalidity;
  g_autoptr (GError) problem = NULL;
  if (mails->len == 0)
    return TRUE;
  gboolean fine = sync_select (sync, imap, folder, FALSE, &info, &problem);
  if (fine && info.uidvalidity != known)
    return TRUE;
  for (const char *letter = "DFPRS"; fine && *letter != '\0'; letter++)
    fine = push_letter (sync, imap, mails, *letter, TRUE, &problem)
           && push_letter (sync, imap, mails, *letter, FALSE, &problem);
  if (!fine && !told (sync, imap, g_steal_pointer (&problem), error))
    return FALSE;
  if (fine && !sync_keywords_push (sync, imap, folder, mails, error))
    return FALSE;
  state_begin (sync->state);
  state_folder_save (sync->state, folder);
  for (guint i = 0; i < mails->len; i++) {
    struct state_mail *mail = g_ptr_array_index (mails, i);
    memcpy (mail->server_flags, mail->flags, sizeof mail->server_flags);
    g_free (mail->server_keywords);
    mail->server_keywords = g_strdup (mail->keywords);
    state_mail_save (sync->state, mail);
  }
  return state_commit (sync->state, error);
}

/* ---- what the server refused ---- */

struct refusal {
  gint64 next; /* monotonic */
  guint times;
};

static gboolean
is_refused (struct sync *sync, const struct state_change *change)
{
  const struct refusal *refusal = g_hash_table_lookup (sync->refused, &change->id);
  return refusal != NULL && g_get_monotonic_time () < refusal->next;
}

/* A long mail is not sent over the line each minute to be refused each minute. */
static void
note_refusal (struct sync *sync, const struct state_change *change)
{
  struct refusal *refusal = g_hash_table_lookup (sync->refused, &change->id);
  if (refusal == NULL) {
    refusal = g_new0 (struct refusal, 1);
    g_hash_table_insert (sync->refused, g_memdup2 (&change->id, sizeof change->id), refusal);
  }
  const gint64 wait_s = MIN (REFUSED_S << MIN (refusal->times, 8), REFUSED_MAX_S);
  refusal->next = g_get_monotonic_time () + wait_s * G_USEC_PER_SEC;
  refusal->times++;
}

void
sync_push_all (struct sync *sync)
{
  g_hash_table_remove_all (sync->refused);
}

/* One row of the journal and all that go with it. FALSE with *error unset: left for later. */
static gboolean
push_first (struct sync *sync, struct imap *imap, GPtrArray *changes, struct state_change *change, gboolean *later,
            GError **error)
{
  *later = FALSE;
  switch (change->kind) {
  case STATE_MOVE:
    *later = change->uid == 0;
    return *later || push_move (sync, imap, changes, change, error);
  case STATE_REMOVE:
    *later = change->uid == 0;
    return *later || push_removal (sync, imap, changes, change, error);
  case STATE_APPEND: {
    GError *problem = NULL;
    if (push_append (sync, imap, change, &problem)) {
      g_hash_table_remove (sync->refused, &change->id);
      return TRUE;
    }
    *later = TRUE; /* a full mailbox may have room again tomorrow; the mail is safe here */
    if (!imap_is_lost (imap))
      note_refusal (sync, change);
    return told (sync, imap, problem, error);
  }
  case STATE_FLAGS:
    *later = TRUE;
    return TRUE;
  }
  return TRUE;
}

gboolean
sync_push (struct sync *sync, struct imap *imap, GError **error)
{
  g_autoptr (GHashTable) left = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  if (!sync_folder_push (sync, imap, error))
    return FALSE;
  for (gboolean again = TRUE; again;) {
    if (!sync_serve_now (sync, error))
      return FALSE;
    g_autoptr (GPtrArray) changes = state_changes (sync->state);
    again = FALSE;
    for (guint i = 0; i < changes->len && !again; i++) {
      struct state_change *change = g_ptr_array_index (changes, i);
      gboolean later;
      if (g_hash_table_contains (left, &change->id) || (change->kind == STATE_APPEND && is_refused (sync, change)))
        continue;
      if (!push_first (sync, imap, changes, change, &later, error))
        return FALSE;
      /* Whatever became of it, it is not tried twice in one push. */
      g_hash_table_add (left, g_memdup2 (&change->id, sizeof change->id));
      again = !later || change->kind == STATE_APPEND; /* people were let in while it was put there */
    }
  }
  g_autoptr (GPtrArray) folders = state_folders (sync->state);
  for (guint i = 0; i < folders->len; i++) {
    if (!sync_serve_now (sync, error))
      return FALSE;
    AUTOFREE (state_folder)
    folder = state_folder_get (sync->state, ((struct state_folder *) g_ptr_array_index (folders, i))->id);
    if (folder != NULL && folder->present && !folder->removing && !push_flags (sync, imap, folder, error))
      return FALSE;
  }
  return sync_folder_push_removals (sync, imap, error);
}
