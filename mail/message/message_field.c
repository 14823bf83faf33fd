/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* One header field from the head of a message file. See message_field.h. */
#include "mail/message/message_field.h"

#include <errno.h>
#include <fcntl.h>
#include <gmime/gmime.h>
#include <string.h>
#include <unistd.h>

#include "mail/message/message_p.h"
#include "mail/message/sanitise.h"

#define HEAD_MAX (64u * 1024)
#define FIELD_MAX 4096

/* One line, without its end; NULL at the end of the head. */
static const char *
next_line (const char **at, const char *end, gsize *length_out)
{
  const char *line = *at;
  if (line >= end)
    return NULL;
  const char *newline = memchr (line, '\n', (gsize) (end - line));
  *at = newline != NULL ? newline + 1 : end;
  *length_out = (gsize) ((newline != NULL ? newline : end) - line);
  if (*length_out > 0 && line[*length_out - 1] == '\r')
    (*length_out)--;
  return *length_out == 0 ? NULL : line;
}

char *
message_field_find (const char *head, gsize size, const char *name)
{
  const char *at = head, *end = head + size, *line;
  gsize length = 0, name_length = strlen (name);
  g_autoptr (GString) field = NULL;
  while ((line = next_line (&at, end, &length)) != NULL) {
    gboolean folded = *line == ' ' || *line == '\t';
    if (field != NULL && !folded)
      break;
    if (field == NULL && (length <= name_length || line[name_length] != ':' || g_ascii_strncasecmp (line, name, name_length) != 0))
      continue;
    gsize skip = field == NULL ? name_length + 1 : 0;
    if (field == NULL)
      field = g_string_new (NULL);
    g_string_append_len (field, line + skip, (gssize) MIN (length - skip, FIELD_MAX - MIN (field->len, FIELD_MAX)));
  }
  if (field == NULL)
    return g_strdup ("");
  for (char *nul = memchr (field->str, 0, field->len); nul != NULL; nul = memchr (field->str, 0, field->len))
    *nul = ' ';
  message_init ();
  g_autofree char *decoded = g_mime_utils_header_decode_text (NULL, g_strstrip (field->str));
  return sanitise (decoded, -1, SANITISE_LINE);
}

char *
message_field_read (const char *path, const char *name)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  g_autofree char *head = g_malloc (HEAD_MAX);
  gsize size = 0;
  while (fd >= 0 && size < HEAD_MAX) {
    ssize_t got = read (fd, head + size, HEAD_MAX - size);
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      break;
    size += (gsize) got;
  }
  if (fd >= 0)
    close (fd);
  return message_field_find (head, size, name);
}
