/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Short-lived files with the clear text of encrypted mails. See index_shadow.h. */
#include "mail/archive/index_shadow.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mail/engine.h"
#include "mail/store/disk.h"

void
index_shadow_sweep (const char *mail_dir)
{
  g_autofree char *folder = g_build_filename (mail_dir, INDEX_SHADOW_DIR, NULL);
  disk_sweep (folder);
}

static gboolean
is_id_field (const char *line, gsize size)
{
  static const char name[] = "Message-ID";
  gsize length = sizeof name - 1;
  if (size <= length || g_ascii_strncasecmp (line, name, length) != 0)
    return FALSE;
  while (length < size && (line[length] == ' ' || line[length] == '\t'))
    length++;
  return length < size && line[length] == ':';
}

/* The shadow with its Message-ID fields replaced by this one. */
static GBytes *
with_id (GBytes *shadow, const char *id)
{
  gsize size = 0;
  const char *at = g_bytes_get_data (shadow, &size), *end = at + size;
  GString *text = g_string_new (NULL);
  g_string_append_printf (text, "Message-ID: <%s>\n", id);
  gboolean dropping = FALSE;
  while (at < end && *at != '\n' && *at != '\r') {
    const char *newline = memchr (at, '\n', (gsize) (end - at));
    const char *next = newline != NULL ? newline + 1 : end;
    dropping = *at == ' ' || *at == '\t' ? dropping : is_id_field (at, (gsize) (end - at));
    if (!dropping)
      g_string_append_len (text, at, next - at);
    at = next;
  }
  g_string_append_len (text, at, end - at);
  return g_string_free_to_bytes (text);
}

char *
index_shadow_write (const char *mail_dir, GBytes *shadow, const char *id, GError **error)
{
  g_autoptr (GBytes) bytes = id != NULL ? with_id (shadow, id) : g_bytes_ref (shadow);
  g_autofree char *folder = g_build_filename (mail_dir, INDEX_SHADOW_DIR, NULL);
  g_autofree char *path = g_build_filename (folder, "XXXXXX", NULL);
  (void) mkdir (folder, 0700);
  int fd = g_mkstemp_full (path, O_WRONLY | O_CLOEXEC, 0600);
  gsize size = 0;
  const char *data = g_bytes_get_data (bytes, &size);
  gboolean done = fd >= 0 && disk_write (fd, data, size);
  if (!done)
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_FAILED,
                 "An encrypted mail could not be prepared for searching: %s. Look whether the disk is full.",
                 g_strerror (errno));
  if (fd >= 0)
    close (fd);
  if (!done && fd >= 0)
    (void) unlink (path);
  return done ? g_steal_pointer (&path) : NULL;
}

void
index_shadow_remove (const char *path)
{
  (void) unlink (path);
}
