/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Tags of a person as keywords of the server: kept twice, as flags are, and merged like them. Where a server keeps no keywords, its silence
 * says nothing: the tags stay here. */
#include "mail/store/sync_p.h"

#include "mail/message/sanitise.h"
#include "mail/net/imap_name.h"
#include "mail/store/keywords.h"

#include <string.h>

#define CHUNK 200     /* UIDs in one command */
#define COMMANDS 1000 /* different keywords in one push; the others wait for the next */

gboolean
sync_tags (struct sync *sync, const char *const *paths, const char *const *add, const char *const *remove,
           GError **error)
{
  state_begin (sync->state);
  for (gsize i = 0; paths[i] != NULL; i++) {
    struct state_folder *found = NULL;
    AUTOFREE (state_mail) mail = sync_find (sync, paths[i], &found, NULL);
    AUTOFREE (state_folder) folder = found;
    if (mail == NULL)
      continue; /* it has gone, and its tags with it */
    char *now = keywords_change (mail->keywords, add, remove);
    gboolean same = keywords_equal (now, mail->keywords);
    g_free (mail->keywords);
    mail->keywords = now;
    if (!same)
      state_mail_save (sync->state, mail);
  }
  return state_commit (sync->state, error);
}

gboolean
sync_keywords_take (struct imap *imap, const struct state_folder *folder, struct state_mail *mail, const char *server)
{
  if (server == NULL || keywords_equal (server, mail->server_keywords))
    return FALSE;
  /* What is not kept there counts as if it were. */
  g_autofree char *missing = keywords_without (mail->server_keywords, server), *told = g_strdup (server);
  g_auto (GStrv) list = g_strsplit (missing, " ", -1);
  for (gsize i = 0; list[i] != NULL; i++)
    if (*list[i] != '\0' && (folder->no_keywords || !imap_keeps (imap, list[i]))) {
      char *more = keywords_with (told, list[i]);
      g_free (told);
      told = more;
    }
  char *merged = keywords_merge (mail->server_keywords, mail->keywords, told);
  gboolean changed = !keywords_equal (merged, mail->keywords);
  g_free (mail->keywords);
  mail->keywords = merged;
  g_free (mail->server_keywords);
  mail->server_keywords = g_steal_pointer (&told);
  return changed;
}

/* All that is to be done: "+keyword" or "-keyword" -> GArray of UIDs. */
static GHashTable *
differences (GPtrArray *mails)
{
  GHashTable *table = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_array_unref);
  for (guint i = 0; i < mails->len; i++) {
    const struct state_mail *mail = g_ptr_array_index (mails, i);
    for (int add = 0; add < 2; add++) {
      g_autofree char *set = add ? keywords_without (mail->keywords, mail->server_keywords)
                                 : keywords_without (mail->server_keywords, mail->keywords);
      g_auto (GStrv) list = g_strsplit (set, " ", -1);
      for (gsize k = 0; *set != '\0' && list[k] != NULL && g_hash_table_size (table) < COMMANDS; k++) {
        g_autofree char *what = g_strconcat (add ? "+" : "-", list[k], NULL);
        GArray *uids = g_hash_table_lookup (table, what);
        if (uids == NULL) {
          uids = g_array_new (FALSE, FALSE, sizeof (guint32));
          g_hash_table_insert (table, g_steal_pointer (&what), uids);
        }
        g_array_append_val (uids, mail->uid);
      }
    }
  }
  return table;
}

static gboolean
store (struct imap *imap, const char *what, const GArray *uids, GError **error)
{
  for (guint from = 0; from < uids->len; from += CHUNK)
    if (!imap_store_keyword (imap, &g_array_index (uids, guint32, from), MIN (CHUNK, uids->len - from), *what == '+',
                             what + 1, error))
      return FALSE;
  return TRUE;
}

gboolean
sync_keywords_push (struct sync *sync, struct imap *imap, struct state_folder *folder, GPtrArray *mails, GError **error)
{
  g_autoptr (GHashTable) table = differences (mails);
  GHashTableIter iter;
  gpointer what, uids;
  g_hash_table_iter_init (&iter, table);
  while (g_hash_table_iter_next (&iter, &what, &uids)) {
    g_autoptr (GError) problem = NULL;
    const char *keyword = (const char *) what + 1;
    if (folder->no_keywords || !imap_keeps (imap, keyword) || store (imap, what, uids, &problem))
      continue;
    if (imap_is_lost (imap)) {
      g_propagate_error (error, g_steal_pointer (&problem));
      return FALSE;
    }
    g_autofree char *text = imap_name_decode (folder->path), *name = sanitise (text, -1, SANITISE_LINE);
    sync_emit_notice (sync, "%s The tags of mail in “%s” stay here alone.", problem->message, name);
    folder->no_keywords = TRUE;
  }
  return TRUE;
}
