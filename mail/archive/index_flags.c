/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Flags of all files of a message. See index_flags.h. */
#include "mail/archive/index_flags.h"

#include <notmuch.h>
#include <string.h>
#include <unistd.h>

#include "mail/archive/index_tag.h"
#include "mail/store/tags.h"

guint
index_flags_files (notmuch_message_t *message)
{
  g_autoptr (GVariant) paths = g_variant_ref_sink (index_row_paths (message));
  return (guint) g_variant_n_children (paths);
}

/* FALSE: there is a file whose name has no flags, or not all that there is to know of them. One that has gone, or has another name by now, says nothing. */
static gboolean
take_flags (struct index_db *db, const char *path, char *flags, guint *taken)
{
  const char *info = strstr (path, ":2,");
  gsize root = strlen (index_db_mail_dir (db));
  if (info == NULL || strncmp (path, index_db_mail_dir (db), root) != 0 || g_str_has_prefix (path + root, "/local/"))
    return FALSE;
  if (access (path, F_OK) != 0)
    return TRUE;
  tags_flags_change (flags, info + strlen (":2,"), "", flags);
  (*taken)++;
  return TRUE;
}

static guint
settle (struct index_db *db, notmuch_message_t *message)
{
  g_autoptr (GVariant) paths = g_variant_ref_sink (index_row_paths (message));
  g_autoptr (GPtrArray) add = g_ptr_array_new (), remove = g_ptr_array_new ();
  char flags[8] = "";
  guint taken = 0;
  for (gsize i = 0; i < g_variant_n_children (paths); i++) {
    const char *path;
    g_variant_get_child (paths, i, "&s", &path);
    if (!take_flags (db, path, flags, &taken))
      return NOTMUCH_STATUS_SUCCESS;
  }
  if (taken == 0)
    return NOTMUCH_STATUS_SUCCESS;
  tags_of_flags (flags, add, remove);
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

/* "INBOX/cur": without the account, in which folders of one use mostly have one name; NULL: it lies in none. */
static char *
folder_of (struct index_db *db, const char *path)
{
  const gsize root = strlen (index_db_mail_dir (db));
  g_autofree char *dir = g_path_get_dirname (path);
  if (strncmp (dir, index_db_mail_dir (db), root) != 0 || dir[root] != '/')
    return NULL;
  const char *folder = strchr (dir + root + 1, '/');
  return folder != NULL ? g_strdup (folder + 1) : NULL;
}

static gboolean
is_in_folder (struct index_db *db, notmuch_message_t *message, const char *folder)
{
  g_autoptr (GVariant) paths = g_variant_ref_sink (index_row_paths (message));
  gboolean found = FALSE;
  for (gsize i = 0; i < g_variant_n_children (paths) && !found; i++) {
    const char *path;
    g_variant_get_child (paths, i, "&s", &path);
    g_autofree char *its = folder_of (db, path);
    found = g_strcmp0 (its, folder) == 0;
  }
  return found;
}

guint
index_flags_leave (struct index_db *db, notmuch_database_t *notmuch, const char *id, const char *path, const char *tag)
{
  const char *const gone[] = { tag, NULL };
  g_autofree char *folder = folder_of (db, path);
  notmuch_message_t *message = NULL;
  guint status = notmuch_database_find_message (notmuch, id, &message);
  if (status == NOTMUCH_STATUS_SUCCESS && message != NULL && !is_in_folder (db, message, folder))
    status = index_tag_apply (message, NULL, gone, NULL);
  if (message != NULL)
    notmuch_message_destroy (message);
  return status;
}
