/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Messages out of Maildir folders, mbox files and message files, one after another. */
#include "ui/commands/command_stream.h"

#include <string.h>
#include <sys/stat.h>

#define DEPTH_MAX 20

static gboolean
give (struct command_stream *stream, const char *bytes, gsize size, guint flags)
{
  if (size > 0 && size <= COMMAND_STREAM_MESSAGE_MAX)
    return stream->take (bytes, size, flags, stream->data);
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

static guint
letters_flags (const char *text, gsize size, const char *letters)
{
  static const guint flags[]
      = { COMMAND_STREAM_SEEN, COMMAND_STREAM_FLAGGED, COMMAND_STREAM_ANSWERED, COMMAND_STREAM_FORWARDED };
  guint found = 0;
  for (gsize i = 0; letters[i] != '\0'; i++)
    if (letters[i] != ' ' && memchr (text, letters[i], size) != NULL)
      found |= flags[i];
  return found;
}

/* The bits of X-Mozilla-Status, in hexadecimal. */
static guint
mozilla_flags (const char *text, gsize size)
{
  g_autofree char *digits = g_strndup (text, MIN (size, 20));
  guint64 bits = g_ascii_strtoull (digits, NULL, 16);
  return ((bits & 0x1) != 0 ? COMMAND_STREAM_SEEN : 0u) | ((bits & 0x4) != 0 ? COMMAND_STREAM_FLAGGED : 0u)
         | ((bits & 0x2) != 0 ? COMMAND_STREAM_ANSWERED : 0u) | ((bits & 0x1000) != 0 ? COMMAND_STREAM_FORWARDED : 0u);
}

static gboolean
begins (const char *line, gsize size, const char *name, const char **value_out)
{
  gsize length = strlen (name);
  *value_out = line + length;
  return size >= length && g_ascii_strncasecmp (line, name, length) == 0;
}

/* Programs that keep mbox files write there what was read, flagged and answered; each of them has its own fields. */
static guint
mbox_flags (const char *message, gsize size)
{
  guint flags = 0;
  gboolean known = FALSE;
  const char *end = message + size, *value;
  for (const char *line = message; line < end && !is_blank (line, (gsize) (end - line));) {
    const char *newline = memchr (line, '\n', (gsize) (end - line));
    gsize length = (gsize) ((newline != NULL ? newline : end) - line);
    guint found = 0;
    gboolean here = TRUE;
    if (begins (line, length, "Status:", &value))
      found = letters_flags (value, length - (gsize) (value - line), "R");
    else if (begins (line, length, "X-Status:", &value))
      found = letters_flags (value, length - (gsize) (value - line), " FA");
    else if (begins (line, length, "X-Mozilla-Status:", &value))
      found = mozilla_flags (value, length - (gsize) (value - line));
    else
      here = FALSE;
    known = known || here;
    flags |= found;
    line = newline != NULL ? newline + 1 : end;
  }
  return known ? flags : COMMAND_STREAM_SEEN;
}

static gboolean
give_mbox (struct command_stream *stream, const GByteArray *message, gsize size)
{
  const char *bytes = (const char *) message->data;
  return give (stream, bytes, size, bytes != NULL ? mbox_flags (bytes, size) : 0);
}

gboolean
command_stream_mbox (struct command_stream *stream, const char *bytes, gsize size)
{
  g_autoptr (GByteArray) message = g_byte_array_new ();
  const char *end = bytes + size;
  gboolean after_blank = TRUE, first = TRUE;
  gsize blank_size
      = 0; /* of the blank line before: it belongs to the mbox and not to the message when a From line follows */
  for (const char *line = bytes; line < end;) {
    const char *newline = memchr (line, '\n', (gsize) (end - line));
    gsize length = (gsize) ((newline != NULL ? newline + 1 : end) - line);
    if (after_blank && length >= 5 && memcmp (line, "From ", 5) == 0) {
      if (!first && !give_mbox (stream, message, message->len - MIN (blank_size, message->len)))
        return FALSE;
      g_byte_array_set_size (message, 0);
      first = FALSE;
    } else if (message->len <= COMMAND_STREAM_MESSAGE_MAX) {
      gsize cut = is_quoted_from (line, length) ? 1 : 0;
      g_byte_array_append (message, (const guint8 *) line + cut,
                           (guint) MIN (length - cut, COMMAND_STREAM_MESSAGE_MAX + 1));
    }
    after_blank = is_blank (line, length);
    blank_size = after_blank ? length : 0;
    line += length;
  }
  return first || give_mbox (stream, message, message->len - MIN (blank_size, message->len));
}

/* In new/ nobody has seen it; in cur/ the name ends with the flags. Anywhere else: a file, which somebody kept. */
static guint
file_flags (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path), *kind = g_path_get_basename (folder);
  const char *info = strrchr (path, ':');
  if (strcmp (kind, "new") == 0)
    return 0;
  if (strcmp (kind, "cur") != 0 || info == NULL || !g_str_has_prefix (info, ":2,"))
    return strcmp (kind, "cur") == 0 ? 0 : COMMAND_STREAM_SEEN;
  return letters_flags (info, strlen (info), "SFRP");
}

static gboolean
walk_file (struct command_stream *stream, const char *path)
{
  g_autoptr (GMappedFile) file = g_mapped_file_new (path, FALSE, NULL);
  const char *bytes = file != NULL ? g_mapped_file_get_contents (file) : NULL;
  gsize size = file != NULL ? g_mapped_file_get_length (file) : 0;
  if (bytes != NULL && size >= 5 && memcmp (bytes, "From ", 5) == 0)
    return command_stream_mbox (stream, bytes, size);
  return give (stream, bytes, bytes != NULL ? size : 0, file_flags (path));
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
