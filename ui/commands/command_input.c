/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What a command takes in: files and standard input, copied once into sealed memory. */
#include "ui/commands/command_input.h"

#include "ui/save.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SILENT_S 4

static gboolean
fail (GError **error, const char *path, const char *why)
{
  g_autofree char *shown = strcmp (path, "-") == 0 ? g_strdup ("standard input") : g_filename_display_name (path);
  g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "“%s” cannot be read: %s.", shown, why);
  return FALSE;
}

/* A pipe or a terminal that was named may stay silent for ever; standard input is waited for, as by any filter. */
static gboolean
has_come (int from, const char *path, GError **error)
{
  struct pollfd wait = { .fd = from, .events = POLLIN };
  int result;
  if (from == STDIN_FILENO)
    return TRUE;
  do
    result = poll (&wait, 1, SILENT_S * 1000);
  while (result < 0 && errno == EINTR);
  if (result != 0)
    return TRUE;
  g_autofree char *why = g_strdup_printf ("nothing has come from it for %d seconds, so nobody seems to write to it. "
                                          "Name the file itself",
                                          SILENT_S);
  return fail (error, path, why);
}

static gboolean
copy (int from, int to, const char *path, gsize size_max, GError **error)
{
  g_autofree char *buffer = g_malloc (1 << 16);
  gsize size = 0;
  for (;;) {
    if (!has_come (from, path, error))
      return FALSE;
    ssize_t got = read (from, buffer, 1 << 16);
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
      continue;
    if (got < 0)
      return fail (error, path, g_strerror (errno));
    if (got == 0)
      return TRUE;
    size += (gsize) got;
    if (size > size_max) {
      g_autofree char *why
          = g_strdup_printf ("it is larger than %" G_GSIZE_FORMAT " MiB, the most that wardmail takes", size_max >> 20);
      return fail (error, path, why);
    }
    if (!save_write (to, buffer, (gsize) got))
      return fail (error, path, "there is not enough memory for it");
  }
}

int
command_input_open (const char *path, gsize size_max, GError **error)
{
  gboolean standard = strcmp (path, "-") == 0;
  int from = standard ? STDIN_FILENO : open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  struct stat status;
  if (from < 0 || fstat (from, &status) != 0) {
    fail (error, path, g_strerror (errno));
    return -1;
  }
  int memory = -1;
  if (S_ISDIR (status.st_mode))
    fail (error, path, "it is a folder, not a file");
  else if ((memory = memfd_create ("wardmail-input", MFD_CLOEXEC | MFD_ALLOW_SEALING)) < 0)
    fail (error, path, g_strerror (errno));
  gboolean copied = memory >= 0 && copy (from, memory, path, size_max, error);
  if (!standard)
    close (from);
  if (copied && lseek (memory, 0, SEEK_SET) == 0
      && fcntl (memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) == 0)
    return memory;
  if (copied)
    fail (error, path, g_strerror (errno));
  if (memory >= 0)
    close (memory);
  return -1;
}

gboolean
command_input_append (GUnixFDList *fds, const char *path, gint32 *handle_out, GError **error)
{
  int fd = command_input_open (path, COMMAND_INPUT_MAX, error);
  if (fd < 0)
    return FALSE;
  *handle_out = g_unix_fd_list_append (fds, fd, error);
  close (fd);
  return *handle_out >= 0;
}

/* All bytes of a file that command_input_open made, with a NUL after them. */
static char *
read_memory (int fd, gsize *size_out)
{
  struct stat status;
  gsize size = fstat (fd, &status) == 0 ? (gsize) status.st_size : 0, got = 0;
  char *text = g_malloc (size + 1);
  ssize_t n;
  while (got < size && (n = read (fd, text + got, size - got)) > 0)
    got += (gsize) n;
  text[got] = '\0';
  *size_out = got;
  return text;
}

gboolean
command_input_append_dotted (GUnixFDList *fds, gint32 *handle_out, GError **error)
{
  int fd = command_input_open ("-", COMMAND_INPUT_MAX, error);
  if (fd < 0)
    return FALSE;
  gsize size = 0;
  g_autofree char *text = read_memory (fd, &size);
  close (fd);
  const char *end = text + size;
  for (const char *line = text; line < end;) {
    const char *next = memchr (line, '\n', (gsize) (end - line));
    next = next != NULL ? next + 1 : end;
    if (*line == '.' && (line + 1 == end || line[1] == '\n' || (line[1] == '\r' && line + 3 == next)))
      end = line;
    line = next;
  }
  int memory = memfd_create ("wardmail-input", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  gboolean made = memory >= 0 && save_write (memory, text, (gsize) (end - text)) && lseek (memory, 0, SEEK_SET) == 0
                  && fcntl (memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) == 0;
  *handle_out = made ? g_unix_fd_list_append (fds, memory, error) : -1;
  if (!made)
    fail (error, "-", g_strerror (errno));
  if (memory >= 0)
    close (memory);
  return *handle_out >= 0;
}

char *
command_input_text (gsize size_max, GError **error)
{
  int fd = command_input_open ("-", size_max, error);
  if (fd < 0)
    return NULL;
  gsize got = 0;
  g_autofree char *text = read_memory (fd, &got);
  close (fd);
  if (!g_utf8_validate (text, (gssize) got, NULL)) {
    fail (error, "-", "the text is not UTF-8; convert it first, for example with iconv");
    return NULL;
  }
  GString *out = g_string_sized_new (got);
  for (gsize i = 0; i < got; i++)
    if (text[i] != '\r' || text[i + 1] != '\n')
      g_string_append_c (out, text[i]);
  return g_string_free (out, FALSE);
}
