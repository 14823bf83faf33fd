/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Mail without a header, or with what libnotmuch does not survive, is still mail that the server holds. See index_standin.h.
 *
 * libnotmuch stores the name of a file relative to the folder of all mail, and that folder is a setting. So the stand-in is written under the same
 * relative name in a folder of its own, and for the one call that folder is the setting: the message comes to have the real file. A crash
 * in between loses the whole batch, which is then done again. */
#include "mail/archive/index_standin.h"

#include <errno.h>
#include <fcntl.h>
#include <notmuch.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mail/archive/index_shadow.h"
#include "mail/message/message_field.h"
#include "mail/message/sanitise.h"
#include "mail/store/disk.h"

#define WORDS_BYTES_MAX (256u * 1024)
#define STANDIN_DIR "standin"

/* The whole file tells its ID, its beginning the words. */
static char *
read_file (const char *path, gsize *size_out, GChecksum *sum, time_t *time_out)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  struct stat info = { 0 };
  g_autofree char *words = g_malloc (WORDS_BYTES_MAX), *buffer = g_malloc (65536);
  ssize_t got = -1;
  *size_out = 0;
  if (fd >= 0 && fstat (fd, &info) == 0)
    while ((got = read (fd, buffer, 65536)) > 0 || (got < 0 && errno == EINTR)) {
      if (got < 0)
        continue;
      gsize take = MIN ((gsize) got, WORDS_BYTES_MAX - *size_out);
      memcpy (words + *size_out, buffer, take);
      *size_out += take;
      g_checksum_update (sum, (const guchar *) buffer, got);
    }
  if (fd >= 0)
    close (fd);
  *time_out = info.st_mtime;
  return got == 0 ? g_steal_pointer (&words) : NULL;
}

/* What lists and threads are made of, read by ourselves and in a form that holds no surprise. */
static void
add_fields (GString *text, const char *head, gsize size)
{
  static const char *const fields[] = { "From", "To", "Cc", "Subject", "Message-ID", "In-Reply-To", "References" };
  for (gsize i = 0; i < G_N_ELEMENTS (fields); i++) {
    g_autofree char *value = message_field_find (head, size, fields[i]);
    if (*value != '\0')
      g_string_append_printf (text, "%s: %s\n", fields[i], value);
  }
}

static char *
standin_text (const char *path, enum index_guard_verdict verdict)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA1);
  gsize size = 0;
  time_t when = 0;
  g_autofree char *words = read_file (path, &size, sum, &when);
  if (words == NULL)
    return NULL;
  g_autofree char *told = verdict == INDEX_GUARD_HOPELESS ? g_strdup ("") : message_field_find (words, size, "date"),
                  *clean = verdict != INDEX_GUARD_FINE ? g_strdup ("") : sanitise (words, (gssize) size, SANITISE_TEXT),
                  *arrived = message_field_date (when);
  GString *text = g_string_new (NULL);
  if (verdict == INDEX_GUARD_DAMAGED)
    add_fields (text, words, size);
  if (strstr (text->str, "Message-ID: ") == NULL)
    g_string_append_printf (text, "Message-ID: <notmuch-sha1-%s>\n", g_checksum_get_string (sum));
  if (strstr (text->str, "Subject: ") == NULL)
    g_string_append_printf (text, "Subject: %s\n", verdict == INDEX_GUARD_FINE ? "(no subject)" : "(damaged mail)");
  g_string_append_printf (text,
                          "Date: %s\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
                          "Content-Transfer-Encoding: 8bit\n\n%s\n",
                          *told != '\0' || arrived == NULL ? told : arrived, clean);
  return g_string_free (text, FALSE);
}

static gboolean
write_file (const char *path, const char *text)
{
  g_autofree char *folder = g_path_get_dirname (path);
  if (g_mkdir_with_parents (folder, 0700) != 0)
    return FALSE;
  int fd = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  gboolean done = fd >= 0 && disk_write (fd, text, strlen (text));
  if (fd >= 0)
    close (fd);
  return done;
}

/* With the folders that were made for it. */
static void
remove_file (const char *path, const char *root)
{
  g_autofree char *folder = g_path_get_dirname (path);
  (void) unlink (path);
  while (strlen (folder) >= strlen (root) && rmdir (folder) == 0) {
    char *up = g_path_get_dirname (folder);
    g_free (folder);
    folder = up;
  }
}

guint
index_standin_index (struct index_db *db, notmuch_database_t *notmuch, const char *path, notmuch_indexopts_t *options,
                     enum index_guard_verdict verdict, notmuch_message_t **message_out)
{
  const char *mail_dir = index_db_mail_dir (db);
  g_autofree char *root = g_build_filename (mail_dir, INDEX_SHADOW_DIR, STANDIN_DIR, NULL),
                  *standin = g_build_filename (root, path + strlen (mail_dir), NULL),
                  *text = standin_text (path, verdict);
  guint status = text != NULL && write_file (standin, text) ? NOTMUCH_STATUS_SUCCESS : NOTMUCH_STATUS_FILE_ERROR;
  if (status == NOTMUCH_STATUS_SUCCESS)
    status = notmuch_config_set (notmuch, NOTMUCH_CONFIG_MAIL_ROOT, root);
  if (status == NOTMUCH_STATUS_SUCCESS) {
    status = notmuch_database_index_file (notmuch, standin, options, message_out);
    notmuch_status_t back = notmuch_config_set (notmuch, NOTMUCH_CONFIG_MAIL_ROOT, mail_dir);
    if (back != NOTMUCH_STATUS_SUCCESS)
      status = back;
  }
  remove_file (standin, root);
  return status;
}
