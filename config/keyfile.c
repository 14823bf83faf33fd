/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A settings file on disk: read with care, judged by line, written whole or not at all. */
#include "config/keyfile_p.h"
#include "config/text.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

gboolean
keyfile_refuse (const char *path, const char *group, const char *key, const char *why, GError **error)
{
  g_set_error (error, CONFIG_ERROR, CONFIG_ERROR_BROKEN, "%s, [%s] %s: %s", path, group, key, why);
  return FALSE;
}

static GKeyFile *
parse (const char *text, gsize size, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  if (size > 0 && !g_key_file_load_from_data (file, text, size, G_KEY_FILE_KEEP_COMMENTS, error))
    return NULL;
  return g_steal_pointer (&file);
}

/* The parser does not say where it stopped. It stops at the first bad line, so a bisection over prefixes finds it. */
static guint
broken_line (const char *text, gsize size)
{
  g_autoptr (GArray) ends = g_array_new (FALSE, FALSE, sizeof (gsize));
  for (gsize i = 0; i < size; i++) {
    gsize end = i + 1;
    if (text[i] == '\n' || end == size)
      g_array_append_val (ends, end);
  }
  guint good = 0, bad = ends->len;
  while (bad > good + 1) {
    guint middle = good + (bad - good) / 2;
    g_autoptr (GKeyFile) file = parse (text, g_array_index (ends, gsize, middle - 1), NULL);
    if (file != NULL)
      good = middle;
    else
      bad = middle;
  }
  return bad;
}

GKeyFile *
keyfile_parse (const char *path, const char *text, gsize size, GError **error)
{
  const char *end = text;
  if (size > 0 && !g_utf8_validate_len (text, size, &end)) {
    guint line = 1;
    for (const char *at = text; at < end; at++)
      line += *at == '\n';
    g_set_error (error, CONFIG_ERROR, CONFIG_ERROR_BROKEN,
                 "%s, line %u: this is not UTF-8 text; write the line again as UTF-8.", path, line);
    return NULL;
  }
  GKeyFile *file = parse (text, size, NULL);
  if (file == NULL)
    g_set_error (error, CONFIG_ERROR, CONFIG_ERROR_BROKEN,
                 "%s, line %u: this is neither a [group], a key=value, nor a # comment; nothing of the file is used "
                 "until the line is "
                 "corrected.",
                 path, broken_line (text, size));
  return file;
}

/* The whole file, bounded; *text_out is NULL on error. */
static gboolean
read_file (const char *path, int fd, char **text_out, gsize *size_out, GError **error)
{
  struct stat status;
  if (fstat (fd, &status) != 0 || !S_ISREG (status.st_mode)) {
    g_set_error (error, CONFIG_ERROR, CONFIG_ERROR_FAILED, "%s is not a file; wardmail reads its settings from there.",
                 path);
    return FALSE;
  }
  if ((status.st_uid != geteuid () && status.st_uid != 0) || (status.st_mode & 022) != 0) {
    g_set_error (error, CONFIG_ERROR, CONFIG_ERROR_FAILED,
                 "%s could have been changed by somebody else, so it is not used; check what is in it, then make it "
                 "yours alone with "
                 "chmod 600.",
                 path);
    return FALSE;
  }
  if (status.st_size > KEYFILE_SIZE_MAX) {
    g_set_error (error, CONFIG_ERROR, CONFIG_ERROR_BROKEN, "%s is larger than 1 MiB; it cannot be a file of settings.",
                 path);
    return FALSE;
  }
  g_autofree char *text = g_malloc ((gsize) status.st_size + 1);
  gsize size = 0;
  ssize_t got;
  while (size < (gsize) status.st_size && (got = read (fd, text + size, (gsize) status.st_size - size)) != 0) {
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0) {
      g_set_error (error, CONFIG_ERROR, CONFIG_ERROR_FAILED, "%s cannot be read (%s).", path, g_strerror (errno));
      return FALSE;
    }
    size += (gsize) got;
  }
  text[size] = '\0';
  *text_out = g_steal_pointer (&text);
  *size_out = size;
  return TRUE;
}

GKeyFile *
keyfile_load (const char *path, GError **error)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    gboolean missing = errno == ENOENT || errno == ENOTDIR;
    g_set_error (error, CONFIG_ERROR, missing ? CONFIG_ERROR_MISSING : CONFIG_ERROR_FAILED,
                 missing ? "There is no file %s (%s)." : "%s cannot be read (%s); check who may read it.", path,
                 g_strerror (errno));
    return NULL;
  }
  g_autofree char *text = NULL;
  gsize size = 0;
  gboolean read = read_file (path, fd, &text, &size, error);
  close (fd);
  return read ? keyfile_parse (path, text, size, error) : NULL;
}

gboolean
keyfile_save (GKeyFile *file, const char *path, GError **error)
{
  g_autofree char *dir = g_path_get_dirname (path);
  gsize size = 0;
  g_autofree char *text = g_key_file_to_data (file, &size, NULL);
  g_autoptr (GError) cause = NULL;
  gboolean made = g_mkdir_with_parents (dir, 0700) == 0;
  if (made
      && g_file_set_contents_full (path, text, (gssize) size,
                                   G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600, &cause))
    return TRUE;
  g_set_error (error, CONFIG_ERROR, CONFIG_ERROR_FAILED, "%s could not be written, so nothing was changed: %s", path,
               cause != NULL ? cause->message : g_strerror (errno));
  return FALSE;
}

gboolean
keyfile_text (GKeyFile *file, const char *path, const char *group, const char *key, char **value_out, GError **error)
{
  if (!g_key_file_has_key (file, group, key, NULL))
    return TRUE;
  g_autofree char *value = g_key_file_get_string (file, group, key, NULL);
  if (value == NULL || !text_is_line (value, 4096))
    return keyfile_refuse (path, group, key,
                           "the value is empty, too long, or holds characters that cannot stand in a line of text.",
                           error);
  g_free (*value_out);
  *value_out = g_steal_pointer (&value);
  return TRUE;
}

gboolean
keyfile_flag (GKeyFile *file, const char *path, const char *group, const char *key, gboolean *value_out, GError **error)
{
  static const char *const names[] = { "false", "true", NULL };
  return keyfile_choice (file, path, group, key, names, value_out, error);
}

gboolean
keyfile_number (GKeyFile *file, const char *path, const char *group, const char *key, guint least, guint most,
                guint *value_out, GError **error)
{
  g_autofree char *text = NULL;
  guint64 value = 0;
  if (!keyfile_text (file, path, group, key, &text, error))
    return FALSE;
  if (text == NULL)
    return TRUE;
  if (!g_ascii_string_to_unsigned (text, 10, least, most, &value, NULL)) {
    g_autofree char *why = g_strdup_printf ("“%s” is not a number from %u to %u.", text, least, most);
    return keyfile_refuse (path, group, key, why, error);
  }
  *value_out = (guint) value;
  return TRUE;
}

gboolean
keyfile_choice (GKeyFile *file, const char *path, const char *group, const char *key, const char *const *names,
                int *value_out, GError **error)
{
  g_autofree char *text = NULL;
  if (!keyfile_text (file, path, group, key, &text, error))
    return FALSE;
  if (text == NULL)
    return TRUE;
  for (int i = 0; names[i] != NULL; i++)
    if (strcmp (names[i], text) == 0) {
      *value_out = i;
      return TRUE;
    }
  g_autofree char *list = g_strjoinv (", ", (char **) names);
  g_autofree char *why = g_strdup_printf ("“%s” is not one of: %s.", text, list);
  return keyfile_refuse (path, group, key, why, error);
}
