/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Messages out of Maildir folders, mbox files and message files, one after another. */
#include "ui/commands/command_stream.h"

#include <string.h>
#include <sys/stat.h>

#define DEPTH_MAX 20

static gboolean
give (struct command_stream *stream, const char *bytes, gsize size)
{
  if (size > 0 && size <= COMMAND_STREAM_MESSAGE_MAX)
    return stream->take (bytes, size, stream->data);
  stream->skipped++;
  return TRUE;
}

static gboolean
is_blank (const char *line, gsize size)
{
  return size == 0 || line[0] == '\n' || (size > 1 && line[0] == '\r' && line[1] == '\n');
}

static gboolean
is_quoted_from (const char *line, gsize size)
{
  gsize marks = 0;
  while (marks < size && line[marks] == '>')
    marks++;
  return marks > 0 && size - marks >= 5 && memcmp (line + marks, "From ", 5) == 0;
}

gboolean
command_stream_mbox (struct command_stream *stream, const char *bytes, gsize size)
{
  g_autoptr (GByteArray) message = g_byte_array_new ();
  const char *end = bytes + size;
  gboolean after_blank = TRUE, first = TRUE;
  gsize blank_size = 0; /* of the blank line before: it belongs to the mbox and not to the message when a From line follows */
  for (const char *line = bytes; line < end;) {
    const char *newline = memchr (line, '\n', (gsize) (end - line));
    gsize length = (gsize) ((newline != NULL ? newline + 1 : end) - line);
    if (after_blank && length >= 5 && memcmp (line, "From ", 5) == 0) {
      if (!first && !give (stream, (char *) message->data, message->len - MIN (blank_size, message->len)))
        return FALSE;
      g_byte_array_set_size (message, 0);
      first = FALSE;
    } else if (message->len <= COMMAND_STREAM_MESSAGE_MAX) {
      gsize cut = is_quoted_from (line, length) ? 1 : 0;
      g_byte_array_append (message, (const guint8 *) line + cut, (guint) MIN (length - cut, COMMAND_STREAM_MESSAGE_MAX + 1));
    }
    after_blank = is_blank (line, length);
    blank_size = after_blank ? length : 0;
    line += length;
  }
  return first || give (stream, (char *) message->data, message->len - MIN (blank_size, message->len));
}

static gboolean
walk_file (struct command_stream *stream, const char *path)
{
  g_autoptr (GMappedFile) file = g_mapped_file_new (path, FALSE, NULL);
  const char *bytes = file != NULL ? g_mapped_file_get_contents (file) : NULL;
  gsize size = file != NULL ? g_mapped_file_get_length (file) : 0;
  if (bytes != NULL && size >= 5 && memcmp (bytes, "From ", 5) == 0)
    return command_stream_mbox (stream, bytes, size);
  return give (stream, bytes, bytes != NULL ? size : 0);
}

static gboolean
is_folder (const char *path, const char *name)
{
  g_autofree char *child = g_build_filename (path, name, NULL);
  return g_file_test (child, G_FILE_TEST_IS_DIR);
}

static gboolean
is_maildir (const char *path)
{
  return is_folder (path, "cur") && is_folder (path, "new");
}

static int
compare (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

/* Sorted, so that two imports of the same folder go the same way. */
static GPtrArray *
names_of (const char *path)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  GDir *dir = g_dir_open (path, 0, NULL);
  const char *name;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    g_ptr_array_add (names, g_strdup (name));
  if (dir != NULL)
    g_dir_close (dir);
  g_ptr_array_sort (names, compare);
  return names;
}

static gboolean walk (struct command_stream *stream, const char *path, guint depth);

static gboolean
walk_folder (struct command_stream *stream, const char *path, guint depth)
{
  g_autoptr (GPtrArray) names = names_of (path);
  gboolean maildir = is_maildir (path);
  for (guint i = 0; i < names->len; i++) {
    const char *name = names->pdata[i];
    g_autofree char *child = g_build_filename (path, name, NULL);
    gboolean folder = is_folder (path, name);
    if (maildir && (!folder || g_str_equal (name, "tmp")))
      continue; /* an index or a control file of whoever keeps the Maildir; mail that was never finished */
    if (name[0] == '.' && !(folder && is_maildir (child)))
      continue;
    if (folder && g_file_test (child, G_FILE_TEST_IS_SYMLINK))
      continue; /* it could lead in a circle; whoever wants it names it */
    if (!walk (stream, child, depth + 1))
      return FALSE;
  }
  return TRUE;
}

static gboolean
walk (struct command_stream *stream, const char *path, guint depth)
{
  struct stat status;
  if (stat (path, &status) != 0 || depth > DEPTH_MAX) {
    stream->skipped++;
    return TRUE;
  }
  if (S_ISDIR (status.st_mode))
    return walk_folder (stream, path, depth);
  if (S_ISREG (status.st_mode))
    return walk_file (stream, path);
  stream->skipped++;
  return TRUE;
}

gboolean
command_stream_walk (struct command_stream *stream, const char *path)
{
  return walk (stream, path, 0);
}
