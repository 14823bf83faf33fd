/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What is in a folder on the server: which mail is new, whose flags changed, what is gone. It asks as little as tells everything: nothing where
 * the counters stand still, changes since a modseq where the server counts them, and the whole list of flags else, or where the number
 * of mails says that something is gone.
 *
 * Of very many mails a slice is listed at a time, from the newest on, and what is new of it fetched before the next: neither the memory nor the wait
 * for the first mail grows with the folder. */
#include "mail/store/sync_p.h"

#include "mail/store/keywords.h"
#include "mail/store/maildir.h"
#include "mail/store/tags.h"

#include <string.h>

#define STEP 500 /* mails that are looked up, or changed in one transaction */
#define UIDS_END ((guint64) G_MAXUINT32 + 1)

struct seen {
  guint32 uid;
  char flags[IMAP_FLAGS_SIZE];
  GQuark keywords; /* 0: not known */
};

/* What the server said when it was asked. People change what is here meanwhile: that is to be looked up afterwards. */
struct slice {
  gboolean hides_deleted; /* no UIDPLUS: what we delete stays, marked */
  struct imap *imap;
  GHashTable *leaving; /* uids that the journal will move or remove */
  GArray *seen;        /* struct seen: by UID */
  guint32 low;         /* the first UID that was seen, also if nothing is to be known of it; 0: none was */
  GArray *fresh;       /* struct imap_head: likewise, of those that may be new; sync->heads */
};

/* Looks up one mail after the other, by UID. */
struct lookup {
  struct state *state;
  gint64 folder;
  GArray *rows; /* struct state_known */
};

static void
on_fresh (const struct imap_head *head, gpointer data)
{
  g_array_append_vals (((struct slice *) data)->fresh, head, 1);
}

static void
on_seen (const struct imap_head *head, gpointer data)
{
  struct seen seen = { .uid = head->uid, .keywords = g_quark_from_string (head->keywords) };
  memcpy (seen.flags, head->flags, sizeof seen.flags);
  g_array_append_val (((struct slice *) data)->seen, seen);
}

/* Everything that is sorted here begins with its UID. */
static int
by_uid (gconstpointer a, gconstpointer b)
{
  guint32 left = *(const guint32 *) a, right = *(const guint32 *) b;
  return left < right ? -1 : left > right;
}

static guint32
uid_at (const GArray *rows, guint i)
{
  return *(const guint32 *) (gpointer) (rows->data + i * g_array_get_element_size ((GArray *) rows));
}

static void
sort (GArray *rows)
{
  for (guint i = 1; i < rows->len; i++)
    if (uid_at (rows, i) < uid_at (rows, i - 1)) { /* servers tell them in order, nearly always */
      g_array_sort (rows, by_uid);
      return;
    }
}

/* The same UID only once, as it came last (sorting keeps the order of equals). */
static void
sort_heads (GArray *heads)
{
  guint kept = 0;
  sort (heads);
  for (guint i = 0; i < heads->len; i++) {
    const struct imap_head head = g_array_index (heads, struct imap_head, i);
    kept -= kept > 0 && g_array_index (heads, struct imap_head, kept - 1).uid == head.uid ? 1 : 0;
    g_array_index (heads, struct imap_head, kept++) = head;
  }
  g_array_set_size (heads, kept);
}

/* What the server said of it last; NULL: nothing. */
static const struct seen *
find_seen (const struct slice *slice, guint32 uid)
{
  guint at = 0;
  if (!g_array_binary_search (slice->seen, &uid, by_uid, &at))
    return NULL;
  while (at + 1 < slice->seen->len && g_array_index (slice->seen, struct seen, at + 1).uid == uid)
    at++;
  return &g_array_index (slice->seen, struct seen, at);
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
slice_free (struct slice *slice)
{
  g_clear_pointer (&slice->leaving, g_hash_table_unref);
  g_array_unref (slice->seen);
  g_free (slice);
}
DEFINE_AUTOFREE (slice, slice_free)

static struct slice *
slice_new (struct sync *sync, struct imap *imap)
{
  struct slice *slice = g_new0 (struct slice, 1);
  slice->imap = imap;
  slice->hides_deleted = !imap_has (imap, "UIDPLUS");
  slice->seen = g_array_new (FALSE, FALSE, sizeof (struct seen));
  slice->fresh = sync->heads;
  return slice;
}

/* uid: none lower than the one before. */
static gboolean
is_known (struct lookup *lookup, guint32 uid)
{
  const GArray *rows = lookup->rows;
  if (rows == NULL || (rows->len == STEP && uid_at (rows, STEP - 1) < uid)) {
    g_clear_pointer (&lookup->rows, g_array_unref);
    lookup->rows = state_known (lookup->state, lookup->folder, uid - 1, STEP);
  }
  return g_array_binary_search (lookup->rows, &uid, by_uid, NULL);
}

static gboolean
is_hidden (const struct slice *slice, guint32 uid, const char *flags)
{
  return (slice->hides_deleted && strchr (flags, 'T') != NULL)
         || g_hash_table_contains (slice->leaving, GUINT_TO_POINTER (uid));
}

/* What is not new after all; its flags count like those of all that is known. */
static void
drop_known (struct slice *slice, struct sync *sync, gint64 folder)
{
  struct lookup lookup = { .state = sync->state, .folder = folder };
  guint kept = 0;
  for (guint i = 0; i < slice->fresh->len; i++) {
    const struct imap_head *head = &g_array_index (slice->fresh, struct imap_head, i);
    if (is_hidden (slice, head->uid, head->flags))
      continue;
    if (is_known (&lookup, head->uid))
      on_seen (head, slice);
    else
      g_array_index (slice->fresh, struct imap_head, kept++) = *head;
  }
  g_array_set_size (slice->fresh, kept);
  g_clear_pointer (&lookup.rows, g_array_unref);
}

static void
drop_hidden (struct slice *slice)
{
  guint kept = 0;
  for (guint i = 0; i < slice->seen->len; i++) {
    const struct seen seen = g_array_index (slice->seen, struct seen, i);
    if (!is_hidden (slice, seen.uid, seen.flags))
      g_array_index (slice->seen, struct seen, kept++) = seen;
  }
  g_array_set_size (slice->seen, kept);
}

/* The server's flags and keywords of one known mail. */
static void
take_flags (struct sync *sync, struct imap *imap, const struct state_folder *folder, struct state_mail *mail,
            const struct seen *seen, GArray *renames, GPtrArray *rows)
{
  const char *server = seen->flags;
  g_autofree char *keywords = g_strdup (mail->keywords);
  gboolean retagged = sync_keywords_take (imap, folder, mail, g_quark_to_string (seen->keywords));
  char merged[STATE_FLAGS_SIZE], before[STATE_FLAGS_SIZE];
  memcpy (before, mail->flags, sizeof before);
  tags_flags_merge (mail->server_flags, mail->flags, server, merged);
  g_strlcpy (mail->server_flags, server, sizeof mail->server_flags);
  memcpy (mail->flags, merged, sizeof mail->flags);
  state_mail_save (sync->state, mail);
  if ((strcmp (before, merged) == 0 && !retagged) || !sync_rename_note (sync, folder, mail, before, renames))
    return;
  const struct sync_rename *rename = &g_array_index (renames, struct sync_rename, renames->len - 1);
  g_ptr_array_add (rows, sync_move_row (rename->from, rename->to, folder->role, before, keywords, folder->role, merged,
                                        mail->keywords));
  sync->counts.changed++;
}

static gboolean
differs (const struct seen *seen, const struct state_known *one)
{
  return strcmp (seen->flags, one->server_flags) != 0
         || !keywords_equal (g_quark_to_string (seen->keywords), g_quark_to_string (one->server_keywords));
}

/* Of known mails: flags, and with a whole list also what is gone. */
static gboolean
take_some (struct sync *sync, const struct state_folder *folder, const struct slice *slice, const GArray *known,
           gboolean whole, GError **error)
{
  g_autoptr (GArray) renames = sync_renames_new ();
  g_autoptr (GPtrArray) gone = g_ptr_array_new_with_free_func (g_free);
  GPtrArray *rows = g_ptr_array_new ();
  guint removed = 0;
  state_begin (sync->state);
  for (guint i = 0; i < known->len; i++) {
    const struct state_known *one = &g_array_index (known, struct state_known, i);
    const struct seen *seen = find_seen (slice, one->uid);
    const gboolean is_gone = seen == NULL && whole;
    if (!is_gone && (seen == NULL || !differs (seen, one)))
      continue;
    AUTOFREE (state_mail) mail = state_mail_get (sync->state, one->id);
    if (mail != NULL && seen != NULL)
      take_flags (sync, slice->imap, folder, mail, seen, renames, rows);
    if (mail == NULL || !is_gone)
      continue;
    removed += sync_gone_note (sync, folder, mail, gone) ? 1 : 0;
    state_mail_delete (sync->state, mail->id);
  }
  gboolean done = state_commit (sync->state, error);
  if (done) {
    sync->counts.removed += removed;
    sync_renames_settle (sync, renames);
    sync_gone_settle (sync, gone);
    sync_emit_moved (sync, rows);
  } else {
    g_ptr_array_foreach (rows, (GFunc) (gpointer) g_variant_unref, NULL);
    g_ptr_array_unref (rows);
  }
  return done;
}

/* The same of all from low on and below end. whole: the slice has everything there is between them. */
static gboolean
take_seen (struct sync *sync, const struct state_folder *folder, const struct slice *slice, gboolean whole, guint32 low,
           guint64 end, GError **error)
{
  for (guint32 above = low - 1;;) {
    g_autoptr (GArray) known = state_known (sync->state, folder->id, above, STEP);
    while (known->len > 0 && uid_at (known, known->len - 1) >= end)
      g_array_set_size (known, known->len - 1);
    if (known->len == 0)
      return state_fine (sync->state, error);
    above = uid_at (known, known->len - 1);
    if (!take_some (sync, folder, slice, known, whole, error))
      return FALSE;
  }
}

/* Of those alone that were seen. */
static gboolean
take_flags_seen (struct sync *sync, const struct state_folder *folder, const struct slice *slice, GError **error)
{
  const GArray *seen = slice->seen;
  return seen->len == 0
         || take_seen (sync, folder, slice, FALSE, uid_at (seen, 0), (guint64) uid_at (seen, seen->len - 1) + 1, error);
}

/* Asks for heads, and lets others in meanwhile. */
static gboolean
ask (struct sync *sync, gint64 folder, guint32 first, gboolean fresh, guint64 changed_since, guint32 *place,
     struct slice *slice, GError **error)
{
  g_array_set_size (slice->seen, 0);
  imap_set_guest (slice->imap, &sync->guest);
  gboolean done
      = imap_fetch_heads (slice->imap, first, fresh, changed_since, place, fresh ? on_fresh : on_seen, slice, error);
  imap_set_guest (slice->imap, NULL);
  g_clear_pointer (&slice->leaving, g_hash_table_unref);
  slice->leaving = leaving_from (sync, folder);
  if (fresh) {
    sort_heads (slice->fresh);
    drop_known (slice, sync, folder);
  } else {
    sort (slice->seen);
    slice->low = slice->seen->len > 0 ? uid_at (slice->seen, 0) : 0;
    drop_hidden (slice);
  }
  return done;
}

/* ---- what is new ---- */

static gboolean
list_news (struct sync *sync, struct state_folder *folder, struct slice *slice, GError **error)
{
  struct sync_listing *listing = &sync->listing;
  g_array_set_size (sync->heads, 0);
  if (!ask (sync, folder->id, listing->first, TRUE, 0, &listing->place, slice, error))
    return FALSE;
  listing->fresh += sync->heads->len;
  listing->more = listing->place > 0;
  return take_flags_seen (sync, folder, slice, error);
}

/* ---- what has changed ---- */

/* The first UID that the server has and we do not, of those that were not listed as new: left out by an earlier, interrupted pull. 0: none. */
static guint32
first_missed (struct sync *sync, gint64 folder, const struct slice *slice)
{
  struct lookup lookup = { .state = sync->state, .folder = folder };
  guint32 missed = 0;
  for (guint i = 0; i < slice->seen->len && missed == 0; i++) {
    const guint32 uid = uid_at (slice->seen, i);
    if (uid >= sync->listing.first)
      break;
    if (!is_known (&lookup, uid))
      missed = uid;
  }
  g_clear_pointer (&lookup.rows, g_array_unref);
  return missed;
}

/* The flags of all: what the server does not name is gone. */
static gboolean
compare_all (struct sync *sync, struct state_folder *folder, struct slice *slice, GError **error)
{
  struct sync_listing *listing = &sync->listing;
  guint64 end = sync->target.uidnext != 0 ? sync->target.uidnext : UIDS_END;
  guint32 place = 0, missed = 0;
  do {
    if (!ask (sync, folder->id, 1, FALSE, 0, &place, slice, error))
      return FALSE;
    if (place > 0 && slice->low == 0)
      continue;
    const guint32 low = place > 0 ? slice->low : 1, one = first_missed (sync, folder->id, slice);
    missed = one != 0 ? one : missed;
    if (!take_seen (sync, folder, slice, TRUE, low, end, error))
      return FALSE;
    end = MIN (end, low);
  } while (place > 0);
  if (missed == 0)
    return TRUE;
  listing->first = missed;
  listing->place = 0;
  return list_news (sync, folder, slice, error);
}

static gboolean
compare_changed (struct sync *sync, struct state_folder *folder, struct slice *slice, GError **error)
{
  guint32 place = 0;
  do {
    if (!ask (sync, folder->id, 1, FALSE, folder->modseq, &place, slice, error)
        || !take_flags_seen (sync, folder, slice, error))
      return FALSE;
  } while (place > 0);
  return TRUE;
}

static gboolean
compare (struct sync *sync, struct state_folder *folder, struct slice *slice, GError **error)
{
  const struct imap_selected *info = &sync->target;
  const struct sync_listing *listing = &sync->listing;
  const guint here = listing->mails + listing->leaving + listing->fresh;
  const gboolean counts = info->modseq != 0 && folder->modseq != 0;
  if (info->exists == 0)
    return take_seen (sync, folder, slice, TRUE, 1, info->uidnext != 0 ? info->uidnext : UIDS_END, error);
  /* Asked from the first UID on, the server has just told of all. */
  if (listing->mails > 0 ? (!counts && folder->uidnext > 1) || here != info->exists
                         : folder->uidnext > 1 && here < info->exists)
    return compare_all (sync, folder, slice, error);
  return !counts || listing->mails == 0 || info->modseq == folder->modseq
         || compare_changed (sync, folder, slice, error);
}

gboolean
sync_heads_more (struct sync *sync, struct imap *imap, struct state_folder *folder, GError **error)
{
  struct sync_listing *listing = &sync->listing;
  AUTOFREE (slice) slice = slice_new (sync, imap);
  g_array_set_size (sync->heads, 0);
  if (listing->more && !list_news (sync, folder, slice, error))
    return FALSE;
  if (listing->more || listing->compared)
    return TRUE;
  listing->compared = TRUE;
  return compare (sync, folder, slice, error);
}

gboolean
sync_heads_list (struct sync *sync, struct imap *imap, struct state_folder *folder, gboolean anew, GError **error)
{
  const struct imap_selected *info = &sync->target;
  imap_set_guest (imap, &sync->guest);
  gboolean open = sync_select (sync, imap, folder, anew, &sync->target, error);
  imap_set_guest (imap, NULL);
  if (!open)
    return FALSE;
  g_autoptr (GHashTable) leaving = leaving_from (sync, folder->id);
  struct sync_listing listing = { .first = MAX (folder->uidnext, 1),
                                  .mails = state_count (sync->state, folder->id),
                                  .leaving = g_hash_table_size (leaving) };
  listing.compared = info->modseq != 0 && info->modseq == folder->modseq && info->uidnext == folder->uidnext
                     && info->exists == listing.mails + listing.leaving;
  listing.more = !listing.compared && info->exists > 0 && (info->uidnext == 0 || info->uidnext > listing.first);
  sync->listing = listing;
  return sync_heads_more (sync, imap, folder, error);
}

/* ---- folders that need not be opened ---- */

void
sync_heads_told (struct sync *sync, GPtrArray *listed)
{
  g_hash_table_remove_all (sync->told);
  for (guint i = 0; i < listed->len; i++) {
    const struct imap_folder *one = g_ptr_array_index (listed, i);
    AUTOFREE (state_folder)
    folder = one->told ? state_folder_find (sync->state, "server_path", one->path) : NULL;
    if (folder != NULL)
      g_hash_table_insert (sync->told, g_memdup2 (&folder->id, sizeof folder->id),
                           g_memdup2 (&one->status, sizeof one->status));
  }
}

gboolean
sync_heads_empty (struct sync *sync, struct state_folder *folder)
{
  const struct imap_selected *told = g_hash_table_lookup (sync->told, &folder->id);
  if (told == NULL || told->exists != 0 || told->uidvalidity == 0 || folder->uidnext != 0
      || (folder->uidvalidity != 0 && folder->uidvalidity != told->uidvalidity)
      || state_count (sync->state, folder->id) > 0)
    return FALSE;
  sync->target = *told;
  folder->uidvalidity = told->uidvalidity;
  (void) g_hash_table_remove (sync->told, &folder->id);
  return TRUE;
}

gboolean
sync_heads_same (struct sync *sync, const struct state_folder *folder)
{
  g_autofree struct imap_selected *told = NULL;
  g_autofree gint64 *id = NULL;
  if (!g_hash_table_steal_extended (sync->told, &folder->id, (gpointer *) &id, (gpointer *) &told)
      || told->modseq != folder->modseq || told->uidnext != folder->uidnext || told->uidvalidity != folder->uidvalidity)
    return FALSE;
  g_autoptr (GHashTable) leaving = leaving_from (sync, folder->id);
  return told->exists == state_count (sync->state, folder->id) + g_hash_table_size (leaving);
}
