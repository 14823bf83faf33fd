/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* News that could be lost: written in the transaction that makes them, and told again at the next start if we die before the index can
 * have heard of them. */
#include "mail/store/state_p.h"

void
state_news_free (struct state_news *news)
{
  g_free (news->path);
  g_free (news);
}

void
state_news_add (struct state *state, const char *path, gint64 mail)
{
  state_run (state, "INSERT OR REPLACE INTO news (path, mail, time) VALUES (?, ?, ?)", "sii", path, mail,
             g_get_real_time () / G_USEC_PER_SEC);
}

void
state_news_end (struct state *state, gint64 mail, GPtrArray *paths)
{
  sqlite3_stmt *row = state_query (state, "SELECT path FROM news WHERE mail = ?", "i", mail);
  while (state_row (state, &row))
    g_ptr_array_add (paths, g_strdup (state_text (row, 0)));
  state_run (state, "UPDATE news SET mail = 0 WHERE mail = ?", "i", mail);
}

GPtrArray *
state_news_list (struct state *state)
{
  GPtrArray *list = g_ptr_array_new_with_free_func ((GDestroyNotify) state_news_free);
  sqlite3_stmt *row = state_query (state, "SELECT path, mail FROM news ORDER BY time, rowid", "");
  while (state_row (state, &row)) {
    struct state_news *news = g_new0 (struct state_news, 1);
    news->path = g_strdup (state_text (row, 0));
    news->mail = sqlite3_column_int64 (row, 1);
    g_ptr_array_add (list, news);
  }
  return list;
}

void
state_news_expire (struct state *state, gint64 before_s)
{
  state_run (state, "DELETE FROM news WHERE time < ?", "i", before_s);
}
