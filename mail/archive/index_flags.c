/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Flags of all files of a message. See index_flags.h. */
#include "mail/archive/index_flags.h"

#include <notmuch.h>
#include <string.h>

#include "mail/archive/index_tag.h"
#include "mail/store/tags.h"

guint
index_flags_files (notmuch_message_t *message)
{
  g_autoptr (GVariant) paths = g_variant_ref_sink (index_row_paths (message));
  return (guint) g_variant_n_children (paths);
}

/* FALSE: there is a file whose name has no flags, or not all that there is to know of them. */
static gboolean
take_flags (struct index_db *db, const char *path, char *flags)
{
  const char *info = strstr (path, ":2,");
  gsize root = strlen (index_db_mail_dir (db));
  if (info == NULL || strncmp (path, index_db_mail_dir (db), root) != 0 || g_str_has_prefix (path + root, "/local/"))
    return FALSE;
  tags_flags_change (flags, info + strlen (":2,"), "", flags);
  return TRUE;
}

static guint
settle (struct index_db *db, notmuch_message_t *message)
{
  g_autoptr (GVariant) paths = g_variant_ref_sink (index_row_paths (message));
  g_autoptr (GPtrArray) add = g_ptr_array_new (), remove = g_ptr_array_new ();
  char flags[8] = "", others[8];
  gsize count = g_variant_n_children (paths);
  for (gsize i = 0; i < count; i++) {
    const char *path;
    g_variant_get_child (paths, i, "&s", &path);
    if (!take_flags (db, path, flags))
      return NOTMUCH_STATUS_SUCCESS;
  }
  if (count == 0)
    return NOTMUCH_STATUS_SUCCESS;
  tags_flags_change ("DFPRST", "", flags, others);
  tags_between (NULL, others, NULL, flags, add, remove);
  g_ptr_array_add (add, NULL);
  g_ptr_array_add (remove, NULL);
  return index_tag_apply (message, (const char *const *) add->pdata, (const char *const *) remove->pdata, NULL);
}

guint
index_flags_settle (struct index_db *db, notmuch_database_t *notmuch, const char *id)
{
  notmuch_message_t *message = NULL;
  guint status = notmuch_database_find_message (notmuch, id, &message);
  if (status == NOTMUCH_STATUS_SUCCESS && message != NULL)
    status = settle (db, message);
  if (message != NULL)
    notmuch_message_destroy (message);
  return status;
}
