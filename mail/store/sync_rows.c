/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* All mail of an account as the index is told of it, piece by piece, for an index that is made anew. */
#include "mail/store/sync_p.h"

#include "mail/message/message.h"
#include "mail/store/maildir.h"

#define ROWS_MAX 500

/* NULL: its file is not there; another fetch brings it. */
static GVariant *
row_of (struct sync *sync, const struct state_mail *mail)
{
  AUTOFREE (state_folder) folder = state_folder_get (sync->state, mail->folder);
  g_autofree char *dir = folder == NULL ? NULL : sync_dir (sync, folder);
  g_autofree char *path = dir == NULL ? NULL : maildir_locate (dir, mail->base, mail->flags);
  g_autoptr (GMappedFile) file = path == NULL ? NULL : g_mapped_file_new (path, FALSE, NULL);
  if (file == NULL)
    return NULL;
  g_autoptr (GBytes) bytes = g_mapped_file_get_bytes (file);
  return sync_mail_row (path, folder->role, mail->flags, mail->keywords,
                        !mail->header_only && message_is_encrypted (bytes));
}

static GVariant *
rows_of (struct sync *sync, const GPtrArray *mails, GError **error)
{
  GVariantBuilder rows;
  g_variant_builder_init (&rows, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < mails->len; i++) {
    GVariant *row = row_of (sync, g_ptr_array_index (mails, i));
    if (row != NULL)
      g_variant_builder_add_value (&rows, row);
  }
  if (state_fine (sync->state, error))
    return g_variant_builder_end (&rows);
  g_variant_builder_clear (&rows);
  return NULL;
}

GVariant *
sync_rows (struct sync *sync, gint64 before, guint limit, gint64 *next_out, guint *left_out, GError **error)
{
  if (before <= 0)
    before = G_MAXINT64;
  *left_out = state_count_before (sync->state, before);
  g_autoptr (GPtrArray) mails = state_mails_before (sync->state, before, MIN (limit, ROWS_MAX));
  const struct state_mail *last = mails->len > 0 ? g_ptr_array_index (mails, mails->len - 1) : NULL;
  *next_out = last != NULL && *left_out > mails->len ? last->id : 0;
  return rows_of (sync, mails, error);
}

GVariant *
sync_rows_newest (struct sync *sync, guint limit, GError **error)
{
  AUTOFREE (state_folder) inbox = state_folder_find (sync->state, "role", "inbox");
  g_autoptr (GPtrArray) mails = state_mails_newest (sync->state, inbox != NULL ? inbox->id : -1, MIN (limit, ROWS_MAX));
  return rows_of (sync, mails, error);
}
