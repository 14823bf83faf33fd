/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The list of folders, whose they are (RFC 2342), and which of them is what (RFC 6154, else by their usual names). One command where the
 * server knows LIST-EXTENDED (RFC 5258), LIST and LSUB else. */
#include "mail/net/imap_p.h"

#include "mail/net/imap_name.h"

#include <string.h>

#define SPACES_MAX 8

void
imap_folder_free (struct imap_folder *folder)
{
  g_free (folder->path);
  g_free (folder->role);
  g_free (folder->space);
  g_free (folder);
}

static gboolean
has_attribute (const struct mailimap_mbx_list_flags *flags, const char *name)
{
  for (clistiter *at = flags == NULL || flags->mbf_oflags == NULL ? NULL : clist_begin (flags->mbf_oflags); at != NULL;
       at = clist_next (at)) {
    const struct mailimap_mbx_list_oflag *flag = clist_content (at);
    const char *text = flag->of_type == MAILIMAP_MBX_LIST_OFLAG_NOINFERIORS ? "NoInferiors"
                       : flag->of_flag_ext == NULL                          ? ""
                                                   : flag->of_flag_ext + strspn (flag->of_flag_ext, "\\");
    if (g_ascii_strcasecmp (text, name) == 0)
      return TRUE;
  }
  return FALSE;
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
  for (gsize i = 0; i < G_N_ELEMENTS (uses); i++)
    if (has_attribute (flags, uses[i].flag))
      return uses[i].role;
  return NULL;
}

static gboolean
is_selectable (const struct mailimap_mbx_list_flags *flags)
{
  return (flags == NULL || flags->mbf_type != MAILIMAP_MBX_LIST_FLAGS_SFLAG
          || flags->mbf_sflag != MAILIMAP_MBX_LIST_SFLAG_NOSELECT)
         && !has_attribute (flags, "Noselect") && !has_attribute (flags, "NonExistent");
}

static const char *
space_of (const char *path, const char *const *spaces)
{
  for (gsize i = 0; spaces != NULL && spaces[i] != NULL; i++)
    if (spaces[i][0] != 'p' && spaces[i][1] != '\0' && g_str_has_prefix (path, spaces[i] + 1))
      return spaces[i][0] == 'o' ? "other" : "shared";
  return "";
}

static struct imap_folder *
folder_from (const struct mailimap_mailbox_list *row, const char *const *spaces, const char **special_out)
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
  folder->selectable = is_selectable (row->mb_flag);
  folder->subscribed = has_attribute (row->mb_flag, "Subscribed");
  folder->leaf = row->mb_delimiter == '\0' || has_attribute (row->mb_flag, "NoInferiors");
  folder->space = g_strdup (space_of (folder->path, spaces));
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
      if (folder->role != NULL || role == NULL || *role == '\0' || !folder->selectable || *folder->space != '\0'
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

/* The prefixes of one kind, put to the others. */
static void
take_spaces (GPtrArray *spaces, const struct mailimap_namespace_item *item, char kind)
{
  for (clistiter *at = item == NULL || item->ns_data_list == NULL ? NULL : clist_begin (item->ns_data_list);
       at != NULL && spaces->len < SPACES_MAX; at = clist_next (at)) {
    const struct mailimap_namespace_info *info = clist_content (at);
    if (info->ns_prefix != NULL && imap_name_is_safe (info->ns_prefix) && strpbrk (info->ns_prefix, "\"\\*%") == NULL)
      g_ptr_array_add (spaces, g_strdup_printf ("%c%s", kind, info->ns_prefix));
  }
}

GStrv
imap_spaces (struct imap *imap, GError **error)
{
  g_autoptr (GPtrArray) spaces = g_ptr_array_new ();
  struct mailimap_namespace_data *data = NULL;
  if (imap_has (imap, "NAMESPACE")) {
    if (!imap_begin (imap, IMAP_SMALL, IMAP_COMMAND_S, error))
      return NULL;
    int code = mailimap_namespace (imap->session, &data);
    if (code != MAILIMAP_NO_ERROR) {
      imap_failed (imap, code, "say where its folders are", error);
      return NULL;
    }
    take_spaces (spaces, data->ns_personal, 'p');
    take_spaces (spaces, data->ns_other, 'o');
    take_spaces (spaces, data->ns_shared, 's');
    mailimap_namespace_data_free (data);
  }
  g_ptr_array_add (spaces, NULL);
  return (GStrv) g_ptr_array_steal (spaces, NULL);
}

/* What is to be listed beside what lies at the top. NULL: nothing. */
static char *
pattern_of (const char *space)
{
  return space[0] == 'p' || space[1] == '\0' ? NULL : g_strconcat (space + 1, "*", NULL);
}

struct listing {
  GPtrArray *folders, *special; /* struct imap_folder *; its special use or NULL */
  GHashTable *seen;             /* path -> struct imap_folder * */
  const char *const *spaces;
};

static void
take_rows (struct listing *listing, clist *rows)
{
  for (clistiter *at = rows == NULL ? NULL : clist_begin (rows); at != NULL && listing->folders->len < IMAP_FOLDERS_MAX;
       at = clist_next (at)) {
    const char *use = NULL;
    struct imap_folder *folder = folder_from (clist_content (at), listing->spaces, &use);
    if (folder != NULL && !g_hash_table_contains (listing->seen, folder->path)) {
      g_hash_table_insert (listing->seen, folder->path, folder);
      g_ptr_array_add (listing->folders, folder);
      g_ptr_array_add (listing->special, (gpointer) use);
    } else if (folder != NULL) {
      imap_folder_free (folder);
    }
  }
}

/* One LIST with a pattern for each place, RETURN (SUBSCRIBED SPECIAL-USE STATUS). */
static gboolean
list_extended (struct imap *imap, struct listing *listing, GError **error)
{
  g_autoptr (GString) command = g_string_new ("LIST \"\" ");
  g_autoptr (GString) patterns = g_string_new ("\"*\"");
  gboolean several = FALSE;
  for (gsize i = 0; listing->spaces != NULL && listing->spaces[i] != NULL; i++) {
    g_autofree char *pattern = pattern_of (listing->spaces[i]);
    if (pattern != NULL)
      g_string_append_printf (patterns, " \"%s\"", pattern);
    several = several || pattern != NULL;
  }
  g_string_append_printf (command, several ? "(%s)" : "%s", patterns->str);
  g_string_append_printf (command, " RETURN (SUBSCRIBED%s%s)", imap_has (imap, "SPECIAL-USE") ? " SPECIAL-USE" : "",
                          imap_status_is_told (imap) ? " STATUS (" IMAP_STATUS_ITEMS ")" : "");
  if (!imap_begin (imap, 4 * IMAP_SMALL, IMAP_COMMAND_S, error))
    return FALSE;
  AUTOFREE (imap_ear) ear = imap_status_listen (imap);
  int code = mailimap_custom_command (imap->session, command->str);
  if (code != MAILIMAP_NO_ERROR)
    return imap_failed (imap, code, "list its folders", error);
  take_rows (listing, imap->session->imap_response_info->rsp_mailbox_list);
  imap_status_take (ear, listing->folders);
  return TRUE;
}

static gboolean
list_pattern (struct imap *imap, struct listing *listing, const char *pattern, GError **error)
{
  clist *rows = NULL;
  if (!imap_begin (imap, 4 * IMAP_SMALL, IMAP_COMMAND_S, error))
    return FALSE;
  int code = mailimap_list (imap->session, "", pattern, &rows);
  if (code != MAILIMAP_NO_ERROR)
    return imap_failed (imap, code, "list its folders", error);
  take_rows (listing, rows);
  mailimap_list_result_free (rows);
  return TRUE;
}

static gboolean
list_plain (struct imap *imap, struct listing *listing, GError **error)
{
  if (!list_pattern (imap, listing, "*", error))
    return FALSE;
  for (gsize i = 0; listing->spaces != NULL && listing->spaces[i] != NULL; i++) {
    g_autofree char *pattern = pattern_of (listing->spaces[i]);
    if (pattern != NULL && !list_pattern (imap, listing, pattern, error))
      return FALSE;
  }
  return TRUE;
}

/* A name that is subscribed need not be there any more. */
static gboolean
list_subscribed (struct imap *imap, struct listing *listing, GError **error)
{
  clist *rows = NULL;
  if (!imap_begin (imap, 4 * IMAP_SMALL, IMAP_COMMAND_S, error))
    return FALSE;
  int code = mailimap_lsub (imap->session, "", "*", &rows);
  if (code != MAILIMAP_NO_ERROR)
    return imap_failed (imap, code, "list its folders", error);
  for (clistiter *at = clist_begin (rows); at != NULL; at = clist_next (at)) {
    const struct mailimap_mailbox_list *row = clist_content (at);
    gboolean inbox = g_ascii_strcasecmp (row->mb_name, "INBOX") == 0;
    struct imap_folder *folder = g_hash_table_lookup (listing->seen, inbox ? "INBOX" : row->mb_name);
    if (folder != NULL)
      folder->subscribed = TRUE;
  }
  mailimap_list_result_free (rows);
  return TRUE;
}

GPtrArray *
imap_list (struct imap *imap, const char *const *spaces, GError **error)
{
  g_autoptr (GPtrArray) folders = g_ptr_array_new_with_free_func ((GDestroyNotify) imap_folder_free);
  g_autoptr (GPtrArray) special = g_ptr_array_new ();
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  struct listing listing = { .folders = folders, .special = special, .seen = seen, .spaces = spaces };
  gboolean done = imap_has (imap, "LIST-EXTENDED")
                      ? list_extended (imap, &listing, error)
                      : list_plain (imap, &listing, error) && list_subscribed (imap, &listing, error);
  if (!done
      || (!(imap_has (imap, "LIST-EXTENDED") && imap_status_is_told (imap)) && !imap_status_ask (imap, folders, error)))
    return NULL;
  give_roles (folders, special);
  return g_steal_pointer (&folders);
}
