/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Files that get other names since their mails got other flags: the record first, then the name. Who dies in between leaves a name that the next
 * start changes, as the transaction says that somebody must look. */
#include "mail/store/sync_p.h"

#include "mail/store/maildir.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

static void
rename_clear (gpointer data)
{
  struct sync_rename *rename = data;
  g_free (rename->from);
  g_free (rename->to);
}

GArray *
sync_renames_new (void)
{
  GArray *renames = g_array_new (FALSE, FALSE, sizeof (struct sync_rename));
  g_array_set_clear_func (renames, rename_clear);
  return renames;
}

gboolean
sync_rename_note (struct sync *sync, const struct state_folder *folder, const struct state_mail *mail,
                  const char *flags_before, GArray *renames)
{
  g_autofree char *dir = sync_dir (sync, folder);
  struct sync_rename rename
      = { .from = maildir_locate (dir, mail->base, flags_before), .to = maildir_path (dir, mail->base, mail->flags) };
  if (rename.from == NULL) {
    g_free (rename.to);
    return FALSE;
  }
  sync_mark_noted (sync, folder->id);
  state_news_add (sync->state, rename.from, mail->id);
  g_array_append_val (renames, rename);
  return TRUE;
}

void
sync_renames_settle (struct sync *sync, const GArray *renames)
{
  for (guint i = 0; i < renames->len; i++) {
    const struct sync_rename *one = &g_array_index (renames, struct sync_rename, i);
    if (strcmp (one->from, one->to) == 0 || g_rename (one->from, one->to) == 0)
      continue;
    g_debug ("%s keeps its name: %s", one->from, g_strerror (errno));
    sync->doubt = TRUE;
  }
}
