/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* How folders stand, without opening them: told with the list of folders (RFC 5819), else asked for all of them at once. Only where the server counts
 * changes (RFC 7162): elsewhere equal numbers would not mean that nothing has changed.
 *
 * Of several answers libetpan keeps the last; so they are heard beside it, in what the filter lets pass. */
#include "mail/net/imap_p.h"

#include <stdlib.h>
#include <string.h>

#define LINE_MAX_SIZE 4096 /* a name and four numbers */
#define LINE_TAIL 64       /* of a longer one, to see whether it goes on */
#define PIPE_MAX 40        /* questions before the answers are read: both fit into what lies between two programs */

struct imap_ear {
  struct imap *imap;
  GString *line;
  guint64 literal; /* bytes of it still to come */
  gboolean too_long;
  GHashTable *told; /* name -> struct imap_selected * */
};

gboolean
imap_status_is_told (struct imap *imap)
{
  return imap_has (imap, "CONDSTORE") && imap_has (imap, "LIST-STATUS");
}

/* ---- reading ---- */

/* An astring (RFC 3501, 9), and what follows it. NULL: it is none. */
static const char *
read_name (const char *at, GString *name)
{
  if (*at == '"') {
    for (at++; *at != '"' && *at != '\0'; at++) {
      at += *at == '\\' && at[1] != '\0' ? 1 : 0;
      g_string_append_c (name, *at);
    }
    return *at == '"' ? at + 1 : NULL;
  }
  if (*at == '{') {
    char *end = NULL;
    guint64 size = g_ascii_strtoull (at + 1, &end, 10);
    const char *text = strchr (end, '\n');
    if (text == NULL || strlen (text + 1) < size)
      return NULL;
    g_string_append_len (name, text + 1, (gssize) size);
    return text + 1 + size;
  }
  gsize size = strcspn (at, " \r\n(");
  g_string_append_len (name, at, (gssize) size);
  return size > 0 ? at + size : NULL;
}

/* " (NAME number NAME number)": FALSE unless all that was asked for is there. */
static gboolean
read_numbers (const char *at, struct imap_selected *out)
{
  guint found = 0;
  if (!g_str_has_prefix (at, " ("))
    return FALSE;
  for (at += 2; g_ascii_isalpha (*at);) {
    gsize size = strcspn (at, " )\r\n");
    char *end = NULL;
    guint64 number = g_ascii_strtoull (at + size, &end, 10);
    gboolean wide = g_ascii_strncasecmp (at, "HIGHESTMODSEQ", size) == 0 && size == 13;
    if (end == at + size || (!wide && number > G_MAXUINT32))
      return FALSE;
    if (wide)
      out->modseq = number, found |= 1;
    else if (size == 8 && g_ascii_strncasecmp (at, "MESSAGES", size) == 0)
      out->exists = (guint32) number, found |= 2;
    else if (size == 7 && g_ascii_strncasecmp (at, "UIDNEXT", size) == 0)
      out->uidnext = (guint32) number, found |= 4;
    else if (size == 11 && g_ascii_strncasecmp (at, "UIDVALIDITY", size) == 0)
      out->uidvalidity = (guint32) number, found |= 8;
    at = end + (*end == ' ' ? 1 : 0);
  }
  return *at == ')' && found == 15;
}

static void
take_line (struct imap_ear *ear)
{
  struct imap_selected numbers = { 0 };
  g_autoptr (GString) name = g_string_new (NULL);
  if (ear->too_long || g_ascii_strncasecmp (ear->line->str, "* STATUS ", 9) != 0)
    return;
  const char *rest = read_name (ear->line->str + 9, name);
  if (rest != NULL && read_numbers (rest, &numbers) && g_hash_table_size (ear->told) < IMAP_FOLDERS_MAX)
    g_hash_table_insert (ear->told, g_strdup (g_ascii_strcasecmp (name->str, "INBOX") == 0 ? "INBOX" : name->str),
                         g_memdup2 (&numbers, sizeof numbers));
}

/* The length of the literal that a line announces at its end; 0: none. */
static guint64
announced (const GString *line)
{
  const char *open = strrchr (line->str, '{');
  char *end = NULL;
  guint64 size = open == NULL ? 0 : g_ascii_strtoull (open + 1, &end, 10);
  return open != NULL && end != open + 1 && (strcmp (end, "}\r\n") == 0 || strcmp (end, "}\n") == 0) ? size : 0;
}

static void
take_byte (struct imap_ear *ear, char c)
{
  if (ear->line->len >= LINE_MAX_SIZE) {
    g_string_erase (ear->line, 0, LINE_MAX_SIZE - LINE_TAIL);
    ear->too_long = TRUE;
  }
  g_string_append_c (ear->line, c);
  if (ear->literal > 0) {
    ear->literal--;
    return;
  }
  if (c != '\n' || (ear->literal = announced (ear->line)) > 0)
    return;
  take_line (ear);
  g_string_truncate (ear->line, 0);
  ear->too_long = FALSE;
}

static void
hear (const void *bytes, gsize size, gpointer data)
{
  for (gsize i = 0; i < size; i++)
    take_byte (data, ((const char *) bytes)[i]);
}

struct imap_ear *
imap_status_listen (struct imap *imap)
{
  struct imap_ear *ear = g_new0 (struct imap_ear, 1);
  ear->imap = imap;
  ear->line = g_string_new (NULL);
  ear->told = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  imap_driver_listen (imap->session->imap_stream, hear, ear);
  return ear;
}

void
imap_status_end (struct imap_ear *ear)
{
  imap_driver_listen (ear->imap->session->imap_stream, NULL, NULL);
  g_string_free (ear->line, TRUE);
  g_hash_table_unref (ear->told);
  g_free (ear);
}

void
imap_status_take (const struct imap_ear *ear, GPtrArray *folders)
{
  for (guint i = 0; i < folders->len; i++) {
    struct imap_folder *folder = g_ptr_array_index (folders, i);
    const struct imap_selected *told = g_hash_table_lookup (ear->told, folder->path);
    /* Of the folder that is open a server need not tell what has changed by now (RFC 3501, 6.3.10). */
    folder->told = told != NULL && told->modseq != 0 && g_strcmp0 (folder->path, ear->imap->open) != 0;
    if (folder->told)
      folder->status = *told;
  }
}

/* ---- asking ---- */

static gboolean
is_plain (const char *name)
{
  for (; *name != '\0'; name++)
    if ((guchar) *name < 0x20 || (guchar) *name >= 0x7f || *name == '"' || *name == '\\')
      return FALSE;
  return TRUE;
}

static gboolean
ask_some (struct imap *imap, GPtrArray *folders, guint from, guint to, GError **error)
{
  guint asked = 0;
  if (!imap_begin (imap, IMAP_SMALL, IMAP_COMMAND_S, error))
    return FALSE;
  imap_pipe_begin (imap);
  for (guint i = from; i < to; i++) {
    const struct imap_folder *folder = g_ptr_array_index (folders, i);
    if (!folder->selectable || !is_plain (folder->path) || g_strcmp0 (folder->path, imap->open) == 0)
      continue;
    g_autofree char *command = g_strdup_printf ("STATUS \"%s\" (" IMAP_STATUS_ITEMS ")", folder->path);
    if (imap_pipe_send (imap, command) == 0)
      return imap_failed (imap, MAILIMAP_ERROR_STREAM, "say how its folders are", error);
    asked++;
  }
  if (!imap_pipe_flush (imap))
    return imap_failed (imap, MAILIMAP_ERROR_STREAM, "say how its folders are", error);
  for (int tag; asked > 0; asked--) {
    int code = imap_pipe_answer (imap, &tag);
    if (tag == 0) /* one that says no is merely not told of */
      return imap_failed (imap, code != MAILIMAP_NO_ERROR ? code : MAILIMAP_ERROR_PARSE, "say how its folders are",
                          error);
  }
  return TRUE;
}

gboolean
imap_status_ask (struct imap *imap, GPtrArray *folders, GError **error)
{
  gboolean done = TRUE;
  if (!imap_has (imap, "CONDSTORE"))
    return TRUE;
  struct imap_ear *ear = imap_status_listen (imap);
  for (guint from = 0; from < folders->len && done; from += PIPE_MAX)
    done = ask_some (imap, folders, from, MIN (from + PIPE_MAX, folders->len), error);
  imap_status_take (ear, folders);
  imap_status_end (ear);
  return done;
}
