/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Folders in order, and the files of one of them at a time. See index_walk.h. */
#include "mail/archive/index_walk.h"

#include <string.h>

#include "mail/archive/import.h"
#include "mail/message/message.h"
#include "mail/store/tags.h"

#define DEPTH_MAX 40
#define FOLDERS_MAX 100000

struct index_walk {
  char *mail_dir;
  GPtrArray *folders; /* char *: paths of cur, in order */
  char *listed;       /* of these the one whose files are known; NULL */
  GPtrArray *files;   /* char *: its paths, in order */
  guint total;
};

static gint
by_text (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static guint
count_files (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  guint files = 0;
  while (dir != NULL && g_dir_read_name (dir) != NULL)
    files++;
  return files;
}

static void
look_for_folders (struct index_walk *walk, const char *path, const char *const *left_out, guint depth)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;
  while (dir != NULL && depth < DEPTH_MAX && walk->folders->len < FOLDERS_MAX
         && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *child = g_build_filename (path, name, NULL);
    if (*name == '.' || strcmp (name, "tmp") == 0 || strcmp (name, "new") == 0
        || (left_out != NULL && g_strv_contains (left_out, name)) || g_file_test (child, G_FILE_TEST_IS_SYMLINK)
        || !g_file_test (child, G_FILE_TEST_IS_DIR))
      continue;
    if (strcmp (name, "cur") != 0) {
      look_for_folders (walk, child, NULL, depth + 1);
      continue;
    }
    walk->total += count_files (child);
    g_ptr_array_add (walk->folders, g_steal_pointer (&child));
  }
}

struct index_walk *
index_walk_new (const char *mail_dir, const char *const *accounts)
{
  struct index_walk *walk = g_new0 (struct index_walk, 1);
  walk->mail_dir = g_strdup (mail_dir);
  walk->folders = g_ptr_array_new_with_free_func (g_free);
  walk->files = g_ptr_array_new_with_free_func (g_free);
  look_for_folders (walk, mail_dir, accounts, 0);
  g_ptr_array_sort (walk->folders, by_text);
  return walk;
}

void
index_walk_free (struct index_walk *walk)
{
  if (walk == NULL)
    return;
  g_ptr_array_unref (walk->folders);
  g_ptr_array_unref (walk->files);
  g_free (walk->listed);
  g_free (walk->mail_dir);
  g_free (walk);
}

guint
index_walk_total (const struct index_walk *walk)
{
  return walk->total;
}

static void
list (struct index_walk *walk, const char *folder)
{
  if (g_strcmp0 (walk->listed, folder) == 0)
    return;
  g_free (walk->listed);
  walk->listed = g_strdup (folder);
  g_ptr_array_set_size (walk->files, 0);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    g_ptr_array_add (walk->files, g_build_filename (folder, name, NULL));
  g_ptr_array_sort (walk->files, by_text);
}

static void
add_row (struct index_walk *walk, GVariantBuilder *rows, const char *path)
{
  g_autoptr (GMappedFile) file = g_file_test (path, G_FILE_TEST_IS_REGULAR) && g_utf8_validate (path, -1, NULL)
                                     ? g_mapped_file_new (path, FALSE, NULL)
                                     : NULL;
  if (file == NULL)
    return;
  g_autoptr (GBytes) bytes = g_mapped_file_get_bytes (file);
  g_autoptr (GPtrArray) add = g_ptr_array_new (), remove = g_ptr_array_new ();
  const char *info = strstr (path, ":2,");
  if (g_str_has_prefix (path + strlen (walk->mail_dir), "/local/"))
    g_ptr_array_add (add, (gpointer) IMPORT_TAG);
  tags_between (NULL, NULL, NULL, info != NULL ? info + strlen (":2,") : "S", add, remove);
  g_ptr_array_add (add, NULL);
  g_variant_builder_add (rows, "@a{sv}",
                         g_variant_new_parsed ("{'path': <%s>, 'add': <%^as>, 'remove': <@as []>, 'protected': <%b>}",
                                               path, (const char *const *) add->pdata, message_is_encrypted (bytes)));
}

/* The first of list that comes after text. */
static guint
place_after (const GPtrArray *list, const char *text)
{
  guint low = 0, high = list->len;
  while (low < high) {
    guint middle = (low + high) / 2;
    if (strcmp (list->pdata[middle], text) <= 0)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

GVariant *
index_walk_rows (struct index_walk *walk, const char *after, guint limit, char **next_out)
{
  GVariantBuilder rows;
  g_autofree char *in = g_path_get_dirname (after);
  guint folder = place_after (walk->folders, in), taken = 0;
  if (folder > 0 && strcmp (walk->folders->pdata[folder - 1], in) == 0)
    folder--;
  *next_out = NULL;
  g_variant_builder_init (&rows, G_VARIANT_TYPE ("aa{sv}"));
  for (; folder < walk->folders->len && *next_out == NULL; folder++) {
    list (walk, walk->folders->pdata[folder]);
    for (guint i = place_after (walk->files, after); i < walk->files->len && *next_out == NULL; i++) {
      if (taken == limit)
        *next_out = g_strdup (i > 0 ? walk->files->pdata[i - 1] : after);
      else
        add_row (walk, &rows, walk->files->pdata[i]);
      taken++;
    }
    if (taken >= limit && *next_out == NULL && folder + 1 < walk->folders->len)
      *next_out = g_strdup (walk->files->len > 0 ? walk->files->pdata[walk->files->len - 1] : after);
  }
  if (*next_out == NULL)
    *next_out = g_strdup ("");
  return g_variant_builder_end (&rows);
}
