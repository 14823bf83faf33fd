/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The list of folders, and which of them is what (RFC 6154, else by their usual names). */
#include "mail/net/imap_p.h"

#include "mail/net/imap_name.h"

#include <string.h>

void
imap_folder_free (struct imap_folder *folder)
{
  g_free (folder->path);
  g_free (folder->role);
  g_free (folder);
}

/* A special-use attribute as one of our roles; NULL: none of them. */
static const char *
special_use (const struct mailimap_mbx_list_flags *flags)
{
  static const struct {
    const char *flag, *role;
  } uses[] = {
    { "Drafts", "drafts" }, { "Sent", "sent" }, { "Archive", "archive" },
    { "Trash", "trash" },   { "Junk", "junk" }, { "All", "archive" },
  };
  for (clistiter *at = flags == NULL || flags->mbf_oflags == NULL ? NULL : clist_begin (flags->mbf_oflags); at != NULL;
       at = clist_next (at)) {
    const struct mailimap_mbx_list_oflag *flag = clist_content (at);
    const char *name = flag->of_flag_ext == NULL ? "" : flag->of_flag_ext + strspn (flag->of_flag_ext, "\\");
    for (gsize i = 0; i < G_N_ELEMENTS (uses); i++)
      if (g_ascii_strcasecmp (name, uses[i].flag) == 0)
        return uses[i].role;
  }
  return NULL;
}

static struct imap_folder *
folder_from (const struct mailimap_mailbox_list *row, const char **special_out)
{
  if (!imap_name_is_safe (row->mb_name))
    return NULL;
  gboolean odd_delimiter
      = row->mb_delimiter != '\0' && ((guchar) row->mb_delimiter < 0x21 || (guchar) row->mb_delimiter >= 0x7f);
  g_autofree char *dir = odd_delimiter ? NULL : imap_name_to_dir (row->mb_name, row->mb_delimiter);
  if (dir == NULL)
    return NULL;
  struct imap_folder *folder = g_new0 (struct imap_folder, 1);
  folder->path = g_ascii_strcasecmp (row->mb_name, "INBOX") == 0 ? g_strdup ("INBOX") : g_strdup (row->mb_name);
  folder->delimiter = row->mb_delimiter;
  folder->selectable = row->mb_flag == NULL || row->mb_flag->mbf_type != MAILIMAP_MBX_LIST_FLAGS_SFLAG
                       || row->mb_flag->mbf_sflag != MAILIMAP_MBX_LIST_SFLAG_NOSELECT;
  *special_out = special_use (row->mb_flag);
  return folder;
}

/* One folder a role: special-use first, then the first usual name. */
static void
give_roles (GPtrArray *folders, GPtrArray *special)
{
  g_autoptr (GHashTable) taken = g_hash_table_new (g_str_hash, g_str_equal);
  for (int by_name = 0; by_name < 2; by_name++)
    for (guint i = 0; i < folders->len; i++) {
      struct imap_folder *folder = g_ptr_array_index (folders, i);
      const char *role = by_name ? imap_name_role (folder->path, folder->delimiter) : g_ptr_array_index (special, i);
      if (folder->role != NULL || role == NULL || *role == '\0' || !folder->selectable
          || !g_hash_table_add (taken, (gpointer) role))
        continue;
      folder->role = g_strdup (role);
    }
  for (guint i = 0; i < folders->len; i++) {
    struct imap_folder *folder = g_ptr_array_index (folders, i);
    if (folder->role == NULL)
      folder->role = g_strdup ("");
  }
}

GPtrArray *
imap_list (struct imap *imap, GError **error)
{
  clist *rows = NULL;
  if (!imap_begin (imap, 4 * IMAP_SMALL, IMAP_COMMAND_S, error))
    return NULL;
  int code = mailimap_list (imap->session, "", "*", &rows);
  if (code != MAILIMAP_NO_ERROR) {
    imap_failed (imap, code, "list its folders", error);
    return NULL;
  }
  g_autoptr (GPtrArray) folders = g_ptr_array_new_with_free_func ((GDestroyNotify) imap_folder_free);
  g_autoptr (GPtrArray) special = g_ptr_array_new ();
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  for (clistiter *at = clist_begin (rows); at != NULL && folders->len < IMAP_FOLDERS_MAX; at = clist_next (at)) {
    const char *use = NULL;
    struct imap_folder *folder = folder_from (clist_content (at), &use);
    if (folder != NULL && g_hash_table_add (seen, folder->path)) {
      g_ptr_array_add (folders, folder);
      g_ptr_array_add (special, (gpointer) use);
    } else if (folder != NULL) {
      imap_folder_free (folder);
    }
  }
  mailimap_list_result_free (rows);
  give_roles (folders, special);
  return g_steal_pointer (&folders);
}

gboolean
imap_create (struct imap *imap, const char *path, GError **error)
{
  g_autofree char *what = g_strdup_printf ("make the folder “%s”", path);
  if (!imap_name_is_safe (path) || !imap_begin (imap, IMAP_SMALL, IMAP_COMMAND_S, error))
    return FALSE;
  int code = mailimap_create (imap->session, path);
  return code == MAILIMAP_NO_ERROR || imap_failed (imap, code, what, error);
}
