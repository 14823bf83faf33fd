/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* When the index is made anew: nobody finds the mark that all mail is in it, or a worker says that it is damaged, or dies of it. See anew.h. */
#include "mail/engine/anew_p.h"

#include <glib/gstdio.h>
#include <string.h>

#define READER_DEATHS 3
#define WRITER_DEATHS 12

/* ---- the mark that all mail is in it ---- */

static char *
mark_path (struct core *core)
{
  return g_build_filename (core->paths->index_dir, "name", NULL);
}

gboolean
anew_is_whole (struct core *core)
{
  g_autofree char *path = mark_path (core);
  return g_file_test (path, G_FILE_TEST_IS_REGULAR);
}

void
anew_set_whole (struct core *core, gboolean whole)
{
  g_autofree char *path = mark_path (core), *name = g_uuid_string_random ();
  if (whole)
    (void) g_file_set_contents_full (path, name, -1, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600,
                                     NULL);
  else
    (void) g_unlink (path);
}

/* How often it was begun by itself: a line of seconds for each time. FALSE: often enough for a day. */
static gboolean
note_begin (struct core *core)
{
  g_autofree char *path = g_build_filename (core->paths->store_dir, "index-anew", NULL), *text = NULL;
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  GString *kept = g_string_new (NULL);
  guint count = 0;
  (void) g_file_get_contents (path, &text, NULL, NULL);
  g_auto (GStrv) lines = g_strsplit (text != NULL ? text : "", "\n", 100);
  for (char **line = lines; *line != NULL; line++) {
    gint64 when = g_ascii_strtoll (*line, NULL, 10);
    if (when <= now - 86400 || when > now)
      continue;
    g_string_append_printf (kept, "%" G_GINT64_FORMAT "\n", when);
    count++;
  }
  if (count < ANEW_A_DAY) {
    g_string_append_printf (kept, "%" G_GINT64_FORMAT "\n", now);
    (void) g_file_set_contents_full (path, kept->str, (gssize) kept->len, G_FILE_SET_CONTENTS_CONSISTENT, 0600, NULL);
  }
  g_string_free (kept, TRUE);
  return count < ANEW_A_DAY;
}

/* By itself. damage: more than that the last time was broken off. */
static void
begin_by_itself (struct core *core, gboolean beside, gboolean keep, gboolean damage)
{
  if (core->anew != NULL) {
    if (damage)
      anew_once_more (core);
    return;
  }
  if (damage && !note_begin (core)) {
    if (!core->anew_given_up)
      core_notice (core, "The index is damaged again and again, so wardmail does not make it anew by itself any more "
                         "today. Have the disk looked at, then run `wardmail reindex`. Your mail is not affected.");
    core->anew_given_up = TRUE;
    return;
  }
  if (damage)
    core_good_news (core, "The index was damaged; wardmail is making it anew from your mail. Searching is incomplete "
                          "until then.");
  anew_begin (core, beside, keep);
}

/* No folder of mail at all: then an empty index has all of it. */
static gboolean
has_no_mail (struct core *core)
{
  g_autoptr (GDir) dir = g_dir_open (core->paths->mail_dir, 0, NULL);
  const char *name, *inside = NULL;
  while (dir != NULL && inside == NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (core->paths->mail_dir, name, NULL);
    g_autoptr (GDir) folder = *name != '.' ? g_dir_open (path, 0, NULL) : NULL;
    inside = folder != NULL ? g_dir_read_name (folder) : NULL;
  }
  return inside == NULL;
}

static gboolean
has_no_index (struct core *core)
{
  g_autoptr (GDir) dir = g_dir_open (core->paths->index_dir, 0, NULL);
  const char *name;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (strcmp (name, "name") != 0)
      return FALSE;
  return TRUE;
}

void
anew_if_new (struct core *core)
{
  core->anew_first = has_no_mail (core) && has_no_index (core);
}

/* A process that made another one was ended in the middle of it. */
static gboolean
is_half_made (struct core *core)
{
  g_autofree char *current = g_build_filename (core->paths->index_dir, "current", NULL);
  g_autoptr (GDir) dir = g_dir_open (core->paths->index_dir, 0, NULL);
  const char *name;
  guint made = 0;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    made += g_str_has_prefix (name, "made-") ? 1 : 0;
  return made > (g_file_test (current, G_FILE_TEST_EXISTS) ? 1 : 0);
}

static void
on_looked_at (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
}

static gboolean
on_missing (gpointer data)
{
  struct core *core = data;
  core->anew_source = 0;
  if (!anew_is_whole (core) && (core->anew_first || has_no_mail (core)))
    anew_set_whole (core, TRUE);
  else if (!anew_is_whole (core))
    begin_by_itself (core, FALSE, TRUE, FALSE);
  else if (core->anew == NULL && is_half_made (core)) /* a writer that starts finds it, and says so */
    supervised_call (core->writer, "anew_drop", NULL, NULL, NULL, on_looked_at, NULL);
  return G_SOURCE_REMOVE;
}

void
anew_if_missing (struct core *core)
{
  if (core->anew == NULL && core->anew_source == 0 && !core->anew_given_up
      && (!anew_is_whole (core) || is_half_made (core)))
    core->anew_source = g_idle_add (on_missing, core);
}

void
anew_health (struct core *core, const char *state)
{
  if (strcmp (state, "unfinished") == 0) {
    begin_by_itself (core, TRUE, FALSE, FALSE);
    return;
  }
  if (strcmp (state, "made") == 0 && core->anew_first) {
    core->anew_first = FALSE; /* the next one is made because this one was lost */
    anew_set_whole (core, TRUE);
    return;
  }
  if (strcmp (state, "made") == 0) {
    if (anew_is_whole (core)) { /* it was there, and could not be opened */
      anew_set_whole (core, FALSE);
      begin_by_itself (core, FALSE, TRUE, TRUE);
    } else
      anew_if_missing (core);
    return;
  }
  if (strcmp (state, "gone") == 0) { /* they may not use another folder than the one that they were given */
    (void) paths_make (core->paths, NULL);
    supervised_renew (core->reader);
    supervised_renew (core->writer);
  }
  begin_by_itself (core, FALSE, FALSE, TRUE);
}

/* ---- readers that die ---- */

static void
on_verified (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct core *core = data;
  core->verifying = FALSE;
  if (error != NULL && error->code != ENGINE_ERROR_CANCELLED)
    anew_health (core, "damaged");
}

void
anew_reader_died (gpointer data, guint deaths)
{
  struct core *core = data;
  if (deaths < READER_DEATHS || core->verifying || core->anew != NULL || core->anew_given_up)
    return;
  core->verifying = TRUE;
  supervised_call (core->reader, "verify", NULL, NULL, NULL, on_verified, core);
}

/* A mail that it dies of is known the next time. Of what does it die so often? */
void
anew_writer_died (gpointer data, guint deaths)
{
  if (deaths == WRITER_DEATHS)
    anew_health (data, "damaged");
}

void
anew_clear (struct core *core)
{
  g_clear_handle_id (&core->anew_source, g_source_remove);
}
