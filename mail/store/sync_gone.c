/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Mail that goes, with all the names that the index may know it by.
 *
 * A mail that got new flags and went soon after was renamed and then removed. The index hears of both later, when there is no file left that
 * it could follow to the new name: it would keep the mail under the old one, unless it is told that this has gone, too. */
#include "mail/store/sync_p.h"

#include "mail/store/maildir.h"

#include <errno.h>
#include <glib/gstdio.h>

gboolean
sync_gone_note (struct sync *sync, const struct state_folder *folder, const struct state_mail *mail, GPtrArray *gone)
{
  g_autofree char *dir = sync_dir (sync, folder);
  /* Files that outlive their records are found at the next start. */
  sync_mark_noted (sync, folder->id);
  char *path = maildir_locate (dir, mail->base, mail->flags);
  gboolean there = path != NULL;
  if (!there)
    path = maildir_path (dir, mail->base, mail->flags);
  state_news_end (sync->state, mail->id, gone);
  g_ptr_array_add (gone, path);
  state_news_add (sync->state, path, 0);
  return there;
}

void
sync_gone_journal (struct sync *sync, const struct state_mail *mail, gboolean folder_goes)
{
  AUTOFREE (state_change) change = state_change_of_mail (sync->state, mail->id);
  struct state_change removal
      = { .kind = STATE_REMOVE, .folder = mail->folder, .uid = mail->uid, .msgid = mail->msgid };
  if (change != NULL) {
    state_change_delete (sync->state, change->id);
    removal.folder = change->folder;
    removal.uid = change->uid;
  }
  /* An append that was never tried left nothing on the server. One that may have been is found again by its Message-ID. */
  if ((change == NULL ? mail->uid != 0 : change->kind == STATE_MOVE || change->step > 0)
      && !(folder_goes && removal.folder == mail->folder))
    state_change_save (sync->state, &removal);
}

void
sync_gone_settle (struct sync *sync, GPtrArray *gone)
{
  for (guint i = 0; i < gone->len; i++)
    if (g_unlink (g_ptr_array_index (gone, i)) != 0 && errno != ENOENT)
      sync->doubt = TRUE;
  sync_emit_removed (sync, gone);
}
