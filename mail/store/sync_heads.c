/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What is in a folder on the server: which mail is new, whose flags changed, what is gone. It asks as little as tells everything: nothing where
 * the counters stand still, changes since a modseq where the server counts them, and the whole list of flags else, or where the number
 * of mails says that something is gone. */
#include "mail/store/sync_p.h"

#include "mail/store/keywords.h"
#include "mail/store/maildir.h"
#include "mail/store/tags.h"

#include <string.h>

#define SEEN_STEP 500 /* mails in one transaction */

/* There may be very many of these, and of struct state_known. */
struct seen {
  guint32 uid;
  char flags[IMAP_FLAGS_SIZE];
  GQuark keywords; /* 0: not known */
};

struct listing {
  gboolean hides_deleted; /* no UIDPLUS: what we delete stays, marked */
  struct imap *imap;
  GArray *seen;  /* struct seen: what the server has; by UID, when it has been asked */
  GArray *fresh; /* struct imap_head: likewise, of those that may be new */
};

/* What is here of a folder. People change it while the server is being asked: to be looked up anew after each question. */
struct here {
  GArray *known;       /* struct state_known, by UID */
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
  struct seen seen = { .uid = head->uid, .keywords = g_quark_from_string (head->keywords) };
  memcpy (seen.flags, head->flags, sizeof seen.flags);
  g_array_append_val (((struct listing *) data)->seen, seen);
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

/* Rows from .. to, the last before the first. */
static void
turn (GArray *rows, guint from, guint to)
{
  const gsize size = g_array_get_element_size (rows);
  char kept[64];
  g_return_if_fail (size <= sizeof kept);
  for (; from + 1 < to; from++, to--) {
    char *one = rows->data + from * size, *other = rows->data + (to - 1) * size;
    memcpy (kept, one, size);
    memcpy (one, other, size);
    memcpy (other, kept, size);
  }
}

/* Of very many the last slice is asked for first (imap_fetch_heads): rising rows, and wholly below them the next. TRUE: so it is, or they are in order. */
static gboolean
are_slices (const GArray *rows)
{
  guint64 bound = G_MAXUINT64;
  guint32 first = rows->len > 0 ? uid_at (rows, 0) : 0;
  for (guint i = 1; i < rows->len; i++) {
    if (uid_at (rows, i) <= uid_at (rows, i - 1)) {
      bound = first;
      first = uid_at (rows, i);
    }
    if (uid_at (rows, i) >= bound)
      return FALSE;
  }
  return TRUE;
}

/* Servers tell them in order, nearly always; those are put in order where they lie, since sorting takes as much memory again. */
static void
sort (GArray *rows)
{
  if (!are_slices (rows)) {
    g_array_sort (rows, by_uid);
    return;
  }
  turn (rows, 0, rows->len);
  for (guint from = 0, to; from < rows->len; from = to) {
    to = from + 1;
    while (to < rows->len && uid_at (rows, to) < uid_at (rows, to - 1))
      to++;
    turn (rows, from, to);
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
find_seen (const struct listing *listing, guint32 uid)
{
  guint at = 0;
  if (!g_array_binary_search (listing->seen, &uid, by_uid, &at))
    return NULL;
  while (at + 1 < listing->seen->len && g_array_index (listing->seen, struct seen, at + 1).uid == uid)
    at++;
  return &g_array_index (listing->seen, struct seen, at);
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
  g_clear_pointer (&here->known, g_array_unref);
  g_clear_pointer (&here->leaving, g_hash_table_unref);
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
  here->known = state_known (sync->state, folder);
  here->leaving = leaving_from (sync, folder);
}

static gboolean
is_known (const struct here *here, guint32 uid)
{
  return g_array_binary_search (here->known, &uid, by_uid, NULL);
}

static gboolean
is_hidden (const struct listing *listing, const struct here *here, guint32 uid, const char *flags)
{
  return (listing->hides_deleted && strchr (flags, 'T') != NULL)
         || g_hash_table_contains (here->leaving, GUINT_TO_POINTER (uid));
}

/* What is not new after all; its flags count like those of all that is known. */
static void
drop_known (struct listing *listing, const struct here *here)
{
  guint kept = 0;
  for (guint i = 0; i < listing->fresh->len; i++) {
    const struct imap_head *head = &g_array_index (listing->fresh, struct imap_head, i);
    if (is_hidden (listing, here, head->uid, head->flags))
      continue;
    if (is_known (here, head->uid))
      on_seen (head, listing);
    else
      g_array_index (listing->fresh, struct imap_head, kept++) = *head;
  }
  g_array_set_size (listing->fresh, kept);
}

static void
drop_hidden (struct listing *listing, const struct here *here)
{
  guint kept = 0;
  for (guint i = 0; i < listing->seen->len; i++) {
    const struct seen seen = g_array_index (listing->seen, struct seen, i);
    if (!is_hidden (listing, here, seen.uid, seen.flags))
      g_array_index (listing->seen, struct seen, kept++) = seen;
  }
  g_array_set_size (listing->seen, kept);
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

/* Of known mails from .. to: flags, and with a whole list also what is gone. */
static gboolean
take_some (struct sync *sync, const struct state_folder *folder, const struct listing *listing, const GArray *known,
           guint from, guint to, gboolean whole, guint32 below, GError **error)
{
  g_autoptr (GArray) renames = sync_renames_new ();
  g_autoptr (GPtrArray) gone = g_ptr_array_new_with_free_func (g_free);
  GPtrArray *rows = g_ptr_array_new ();
  guint removed = 0;
  state_begin (sync->state);
  for (guint i = from; i < to; i++) {
    const struct state_known *one = &g_array_index (known, struct state_known, i);
    const struct seen *seen = find_seen (listing, one->uid);
    const gboolean is_gone = seen == NULL && whole && one->uid < below;
    if (!is_gone && (seen == NULL || !differs (seen, one)))
      continue;
    AUTOFREE (state_mail) mail = state_mail_get (sync->state, one->id);
    if (mail != NULL && seen != NULL)
      take_flags (sync, listing->imap, folder, mail, seen, renames, rows);
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

/* All of them, some at a time. */
static gboolean
take_seen (struct sync *sync, const struct state_folder *folder, const struct listing *listing, const GArray *known,
           gboolean whole, guint32 below, GError **error)
{
  for (guint from = 0; from < known->len && (whole || listing->seen->len > 0); from += SEEN_STEP)
    if (!take_some (sync, folder, listing, known, from, MIN (from + SEEN_STEP, known->len), whole, below, error))
      return FALSE;
  return TRUE;
}

/* Asks for heads, lets others in meanwhile, and looks again at what is here. */
static gboolean
ask (struct sync *sync, struct imap *imap, gint64 folder, guint32 first, gboolean fresh, guint64 changed_since,
     struct listing *listing, struct here *here, GError **error)
{
  imap_set_guest (imap, &sync->guest);
  gboolean done = imap_fetch_heads (imap, first, fresh, changed_since, fresh ? on_fresh : on_seen, listing, error);
  imap_set_guest (imap, NULL);
  here_look (here, sync, folder);
  if (fresh)
    drop_known (listing, here);
  else
    drop_hidden (listing, here);
  sort_heads (listing->fresh);
  sort (listing->seen);
  return done;
}

/* UIDs that the server has and we do not, below what was listed as new: left out by an earlier, interrupted pull. */
static gboolean
list_missed (struct sync *sync, struct imap *imap, gint64 folder, struct listing *listing, struct here *here,
             guint32 below, GError **error)
{
  guint32 first = 0;
  for (guint i = 0; i < listing->seen->len && first == 0; i++) {
    const guint32 uid = g_array_index (listing->seen, struct seen, i).uid;
    if (uid < below && !is_known (here, uid))
      first = uid;
  }
  if (first == 0)
    return TRUE;
  g_array_set_size (listing->fresh, 0);
  return ask (sync, imap, folder, first, TRUE, 0, listing, here, error);
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
  AUTOFREE (here) here = g_new0 (struct here, 1);
  here_look (here, sync, folder->id);
  g_array_set_size (sync->heads, 0);
  /* Changes made here meanwhile leave this sum as it is. */
  guint expected = here->known->len + g_hash_table_size (here->leaving);
  if (info->modseq != 0 && info->modseq == folder->modseq && info->uidnext == folder->uidnext
      && info->exists == expected)
    return TRUE;
  g_autoptr (GArray) seen = g_array_new (FALSE, FALSE, sizeof (struct seen));
  struct listing listing
      = { .imap = imap, .hides_deleted = !imap_has (imap, "UIDPLUS"), .seen = seen, .fresh = sync->heads };
  guint32 first = MAX (folder->uidnext, 1);
  if (info->exists > 0 && (info->uidnext == 0 || info->uidnext > first)
      && !ask (sync, imap, folder->id, first, TRUE, 0, &listing, here, error))
    return FALSE;
  guint mails = here->known->len;
  gboolean counts = info->modseq != 0 && folder->modseq != 0;
  /* Asked from the first UID on, the server has just told of all. */
  gboolean whole = mails > 0 && ((!counts && first > 1) || expected + sync->heads->len != info->exists);
  whole = whole
          || (mails == 0 && sync->heads->len + g_hash_table_size (here->leaving) < info->exists && folder->uidnext > 1);
  if (info->exists > 0 && (whole || (counts && mails > 0 && info->modseq != folder->modseq))
      && !ask (sync, imap, folder->id, 1, FALSE, whole ? 0 : folder->modseq, &listing, here, error))
    return FALSE;
  if (!take_seen (sync, folder, &listing, here->known, whole || info->exists == 0,
                  info->uidnext != 0 ? info->uidnext : G_MAXUINT32, error))
    return FALSE;
  if (whole && !list_missed (sync, imap, folder->id, &listing, here, first, error))
    return FALSE;
  return TRUE;
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
