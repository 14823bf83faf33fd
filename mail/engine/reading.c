/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* See reading.h. Here: find the message's file, fetching its body where only the header is here. */
#include "mail/engine/reading.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "mail/store/maildir.h"

#define FETCH_WAIT_S 20     /* for the body of a mail whose header alone is here */
#define FETCH_WAIT_SHOW_S 3 /* ... where the header is shown meanwhile */

struct reading *
reading_new (struct core *core, struct request *request, void (*opened) (struct reading *, int))
{
  struct reading *reading = g_new0 (struct reading, 1);
  reading->core = core;
  reading->request = request_ref (request);
  reading->opened = opened;
  reading->file = reading->again = -1;
  return reading;
}

void
reading_free (struct reading *reading)
{
  request_unref (reading->request);
  g_clear_pointer (&reading->view, g_variant_unref);
  g_clear_pointer (&reading->origin, g_variant_unref);
  g_clear_pointer (&reading->segments, g_ptr_array_unref);
  g_clear_pointer (&reading->draft, g_variant_unref);
  if (reading->carried != NULL)
    g_variant_builder_clear (&reading->attachments);
  g_clear_pointer (&reading->carried, g_ptr_array_unref);
  g_clear_object (&reading->attached);
  g_strfreev (reading->tags);
  g_free (reading->path);
  g_free (reading->missing);
  if (reading->file >= 0)
    close (reading->file);
  if (reading->again >= 0)
    close (reading->again);
  g_free (reading);
}

void
reading_fail (struct reading *reading, const GError *error)
{
  request_fail (reading->request, error);
  reading_free (reading);
}

static void
reading_fail_text (struct reading *reading, gint code, const char *text)
{
  request_fail_text (reading->request, code, "%s", text);
  reading_free (reading);
}

static int
open_mail (struct core *core, const char *path)
{
  gsize root = strlen (core->paths->mail_dir);
  if (strncmp (path, core->paths->mail_dir, root) != 0 || path[root] != '/' || strstr (path, "/../") != NULL)
    return -1;
  return open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

static void
not_found (struct reading *reading)
{
  reading_fail_text (reading, ENGINE_ERROR_NOT_FOUND,
                     "That message is not here. It may have been moved or deleted; search for it again.");
}

/* Only the header is here, and stays so for now. */
static void
open_header (struct reading *reading, const char *why)
{
  g_autofree char *path = maildir_path_is_header (reading->path) ? maildir_find (reading->path) : NULL;
  int fd = path != NULL ? open_mail (reading->core, path) : -1;
  if (fd < 0) {
    not_found (reading);
  } else if (!reading->shows) {
    close (fd);
    reading_fail_text (reading, ENGINE_ERROR_NETWORK, why);
  } else {
    reading->missing = g_strdup (why);
    reading->opened (reading, fd);
  }
}

static void
on_fetched (gpointer data, const char *path_or_null, const char *sentence)
{
  struct reading *reading = data;
  int fd = path_or_null != NULL ? open_mail (reading->core, path_or_null) : -1;
  if (fd >= 0)
    reading->opened (reading, fd);
  else
    open_header (reading, sentence);
}

/* No whole file is here: reading->path is the header, or where the mail was. */
static void
fetch_body (struct reading *reading)
{
  gboolean wait = FALSE, here = FALSE;
  (void) g_variant_lookup (reading->request->fields, "wait", "b", &wait);
  (void) g_variant_lookup (reading->request->fields, "here", "b", &here);
  reading->account = core_account_for_path (reading->core, reading->path);
  if (reading->account == NULL)
    not_found (reading);
  else if (here)
    open_header (reading, "Only sender and subject of this message are here.");
  else
    flow_fetch (reading->account, reading->request, reading->path,
                reading->shows && !wait ? FETCH_WAIT_SHOW_S : FETCH_WAIT_S, on_fetched, reading);
}

/* The path that a body may be fetched by: a header's rather than that of a file which has just gone. */
static void
note_path (struct reading *reading, const char *path)
{
  if (reading->path != NULL && !maildir_path_is_header (path))
    return;
  g_free (reading->path);
  reading->path = g_strdup (path);
}

static void
on_found (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct reading *reading = data;
  if (error != NULL) {
    reading_fail (reading, error);
    return;
  }
  g_autoptr (GVariant) rows = core_rows (reply, "rows");
  for (gsize i = 0; i < g_variant_n_children (rows); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
    g_autofree const char **paths = NULL;
    (void) g_variant_lookup (row, "paths", "^a&s", &paths);
    for (guint k = 0; paths != NULL && paths[k] != NULL; k++) {
      int fd = maildir_path_is_header (paths[k]) ? -1 : open_mail (reading->core, paths[k]);
      if (fd >= 0) {
        reading->account = core_account_for_path (reading->core, paths[k]);
        g_clear_pointer (&reading->tags, g_strfreev);
        (void) g_variant_lookup (row, "tags", "^as", &reading->tags);
        reading->opened (reading, fd);
        return;
      }
      note_path (reading, paths[k]);
      if (reading->tags == NULL)
        (void) g_variant_lookup (row, "tags", "^as", &reading->tags);
    }
  }
  if (reading->path != NULL)
    fetch_body (reading);
  else
    not_found (reading);
}

void
reading_locate (struct reading *reading)
{
  const char *id = NULL;
  int fd = request_fd (reading->request, "file");
  if (fd >= 0) {
    reading->opened (reading, fcntl (fd, F_DUPFD_CLOEXEC, 0));
    return;
  }
  if (!g_variant_lookup (reading->request->fields, "id", "&s", &id) || *id == '\0') {
    reading_fail_text (reading, ENGINE_ERROR_USAGE, "Which message? A file or a Message-ID is needed.");
    return;
  }
  const char *ids[] = { id, NULL };
  supervised_call (reading->core->reader, "find", g_variant_new_parsed ("{'ids': <%^as>}", ids), NULL, NULL, on_found,
                   reading);
}

GVariant *
reading_message_fields (struct reading *reading, int fd, const char *part_or_null, GUnixFDList **fds_out)
{
  GVariantBuilder builder;
  gint64 at;
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  *fds_out = g_unix_fd_list_new_from_array (&fd, 1);
  g_variant_builder_add (&builder, "{sv}", "message", g_variant_new_handle (0));
  if (g_variant_lookup (reading->request->fields, "at", "x", &at))
    g_variant_builder_add (&builder, "{sv}", "at", g_variant_new_int64 (at));
  if (part_or_null != NULL)
    g_variant_builder_add (&builder, "{sv}", "part", g_variant_new_string (part_or_null));
  return g_variant_builder_end (&builder);
}

GVariant *
reading_part_fields (gpointer data, const char *part, GUnixFDList **fds_out)
{
  struct reading *reading = data;
  return reading_message_fields (reading, fcntl (reading->file, F_DUPFD_CLOEXEC, 0), part, fds_out);
}
