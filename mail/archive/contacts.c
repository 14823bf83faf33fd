/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of who is known; see contacts.h. */
#include "mail/archive/contacts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mail/engine.h"
#include "mail/message/lookalike.h"
#include "mail/message/message_field.h"

#define FILE_MAX (64 * 1024 * 1024)
#define LINE_MAX_BYTES 1000
#define ADDRESSES_A_NAME 100 /* that were only received */

struct contacts {
  char *path;
  gboolean writer;
  GHashTable *lines; /* char *: all lines; the writer's */
  GString *unsaved;  /* the writer's */
  GHashTable *sent;  /* char *: addresses that were written to; the reader's, as all below */
  GHashTable *names; /* folded name -> GPtrArray of char *: addresses */
  struct lookalike_known *domains;
  goffset read;    /* bytes of the file that are known */
  ino_t inode;     /* of that file */
  guint counts[2]; /* lines of R, S */
};

static const char *
domain_of (const char *address)
{
  const char *at = strrchr (address, '@');
  return at != NULL ? at + 1 : address;
}

static void
forget (struct contacts *contacts)
{
  g_hash_table_remove_all (contacts->lines);
  g_hash_table_remove_all (contacts->sent);
  g_hash_table_remove_all (contacts->names);
  contacts->read = 0;
  contacts->counts[0] = contacts->counts[1] = 0;
}

/* ---- lines ---- */

static void
take_name (struct contacts *contacts, const char *name, const char *address, gboolean sent)
{
  g_autofree char *folded = contacts_fold (name);
  if (folded == NULL)
    return;
  GPtrArray *addresses = g_hash_table_lookup (contacts->names, folded);
  if (addresses == NULL) {
    addresses = g_ptr_array_new_with_free_func (g_free);
    g_hash_table_insert (contacts->names, g_steal_pointer (&folded), addresses);
  }
  if (sent)
    g_ptr_array_insert (addresses, 0, g_strdup (address));
  else if (addresses->len < ADDRESSES_A_NAME)
    g_ptr_array_add (addresses, g_strdup (address));
}

/* FALSE: there is no room for it, it was there, or it is no line of ours. */
static gboolean
take_line (struct contacts *contacts, const char *line)
{
  gboolean sent = *line == 'S';
  g_auto (GStrv) fields = g_strsplit (line, "\t", 4);
  if (g_strv_length (fields) != 3 || (strcmp (fields[0], "S") != 0 && strcmp (fields[0], "R") != 0)
      || *fields[1] == '\0' || contacts->counts[sent] >= CONTACTS_LINES_MAX)
    return FALSE;
  if (contacts->writer && !g_hash_table_add (contacts->lines, g_strdup (line)))
    return FALSE;
  contacts->counts[sent]++;
  if (contacts->writer)
    return TRUE;
  if (sent && g_hash_table_add (contacts->sent, g_strdup (fields[1])))
    lookalike_known_add (contacts->domains, domain_of (fields[1]));
  take_name (contacts, fields[2], fields[1], sent);
  return TRUE;
}

/* Whole lines only: the last one may still be under way. */
static void
take_text (struct contacts *contacts, char *text, gsize size)
{
  gsize at = 0;
  for (char *end; (end = memchr (text + at, '\n', size - at)) != NULL; at = (gsize) (end + 1 - text)) {
    *end = '\0';
    if (end - (text + at) <= LINE_MAX_BYTES && g_utf8_validate (text + at, end - (text + at), NULL))
      (void) take_line (contacts, text + at);
  }
  contacts->read += (goffset) at;
}

void
contacts_refresh (struct contacts *contacts)
{
  struct stat info;
  int fd = open (contacts->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0)
    return;
  if (fstat (fd, &info) == 0 && S_ISREG (info.st_mode) && info.st_size <= FILE_MAX) {
    if (info.st_ino != contacts->inode || info.st_size < contacts->read)
      forget (contacts);
    contacts->inode = info.st_ino;
    gsize size = (gsize) (info.st_size - contacts->read);
    g_autofree char *text = g_malloc (size + 1);
    ssize_t got = size > 0 ? pread (fd, text, size, contacts->read) : 0;
    if (got > 0)
      take_text (contacts, text, (gsize) got);
  }
  close (fd);
}

/* ---- the writer ---- */

static void
learn (struct contacts *contacts, const char *head, gsize size, const char *field, gboolean sent)
{
  g_autoptr (GPtrArray) people = message_field_people (head, size, field);
  for (guint i = 0; i < people->len; i++) {
    const struct message_person *person = people->pdata[i];
    const char *name = strchr (person->name, '@') == NULL ? person->name : "";
    g_autofree char *line = g_strdup_printf ("%c\t%s\t%s", sent ? 'S' : 'R', person->address, name);
    /* Somebody without a name, in what was received, tells nothing. */
    if ((sent || *name != '\0') && strpbrk (line, "\r\n") == NULL && take_line (contacts, line))
      g_string_append_printf (contacts->unsaved, "%s\n", line);
    if (!sent)
      break;
  }
}

void
contacts_learn (struct contacts *contacts, const char *head, gsize size, gboolean sent)
{
  static const char *const fields[] = { "From", "To", "Cc", "Bcc" };
  for (gsize i = 0; i < (sent ? G_N_ELEMENTS (fields) : 1); i++)
    learn (contacts, head, size, fields[i], sent);
}

/* A line that a crash or a full disk cut short is ended first. */
static gboolean
append (struct contacts *contacts, int fd)
{
  struct stat info;
  char last = '\n';
  if (fstat (fd, &info) != 0 || (info.st_size > 0 && pread (fd, &last, 1, info.st_size - 1) != 1))
    return FALSE;
  if (last != '\n')
    g_string_prepend_c (contacts->unsaved, '\n');
  for (gsize done = 0; done < contacts->unsaved->len;) {
    ssize_t wrote = write (fd, contacts->unsaved->str + done, contacts->unsaved->len - done);
    if (wrote < 0 && errno == EINTR)
      continue;
    if (wrote <= 0)
      return FALSE;
    done += (gsize) wrote;
  }
  return fdatasync (fd) == 0;
}

gboolean
contacts_save (struct contacts *contacts, GError **error)
{
  if (contacts->unsaved->len == 0)
    return TRUE;
  int fd = open (contacts->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
  gboolean done = fd >= 0 && append (contacts, fd);
  int fault = errno;
  if (fd >= 0)
    close (fd);
  if (done)
    g_string_truncate (contacts->unsaved, 0);
  else
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_FAILED,
                 "The table of the people you know could not be written (%s). The mail itself is not affected; look "
                 "whether the disk is full.",
                 g_strerror (fault));
  return done;
}

/* ---- what the reader asks ---- */

gboolean
contacts_wrote_to (struct contacts *contacts, const char *address)
{
  g_autofree char *lower = g_utf8_strdown (address, -1);
  return g_hash_table_contains (contacts->sent, lower);
}

static gboolean
is_own (const char *address, const char *const *own)
{
  for (gsize i = 0; own != NULL && own[i] != NULL; i++)
    if (lookalike_same_owner (domain_of (address), own[i]))
      return TRUE;
  return FALSE;
}

const char *
contacts_name_of (struct contacts *contacts, const char *name, const char *address, const char *const *own)
{
  g_autofree char *folded = contacts_fold (name), *lower = g_utf8_strdown (address, -1);
  GPtrArray *addresses = folded != NULL ? g_hash_table_lookup (contacts->names, folded) : NULL;
  if (addresses == NULL || g_hash_table_contains (contacts->sent, lower) || is_own (lower, own))
    return NULL;
  for (guint i = 0; i < addresses->len; i++) {
    const char *other = addresses->pdata[i];
    if (strcmp (other, lower) != 0 && (g_hash_table_contains (contacts->sent, other) || is_own (other, own)))
      return other;
  }
  return NULL;
}

struct lookalike_known *
contacts_domains (struct contacts *contacts)
{
  return contacts->domains;
}

struct contacts *
contacts_new (const char *index_dir, gboolean writer)
{
  struct contacts *contacts = g_new0 (struct contacts, 1);
  contacts->path = g_build_filename (index_dir, "contacts", NULL);
  contacts->writer = writer;
  contacts->lines = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  contacts->unsaved = g_string_new (NULL);
  contacts->sent = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  contacts->names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_ptr_array_unref);
  contacts->domains = lookalike_known_new ();
  if (writer)
    contacts_refresh (contacts);
  return contacts;
}

void
contacts_free (struct contacts *contacts)
{
  g_hash_table_unref (contacts->lines);
  g_hash_table_unref (contacts->sent);
  g_hash_table_unref (contacts->names);
  g_string_free (contacts->unsaved, TRUE);
  lookalike_known_free (contacts->domains);
  g_free (contacts->path);
  g_free (contacts);
}
