/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Rows of mails into the index, batch by batch. What is encrypted goes through the keys worker first, which makes a plaintext shadow for
 * the index. */
#include "mail/engine/core.h"

#include <fcntl.h>

#include "mail/store/maildir.h"

#define DEATHS_MAX 20  /* of the writer for one call, each of which makes a mail known */
#define SHADOWS_MAX 48 /* descriptors in one call */

struct arrival {
  struct core *core;
  GVariant *rows;
  gsize next;            /* row to look at */
  GVariantBuilder ready; /* rows for the next "add" */
  GUnixFDList *fds;
  guint ready_count;
  gboolean whole, beside;
  GVariant *
      sent; /* the "add" under way, with its files: asked again while the writer finds out which mail it cannot survive */
  GUnixFDList *sent_fds;
  guint deaths;
  struct arrive_counts *counts; /* NULL: a person is told */
  core_done_fn done;
  gpointer data;
};

static void arrival_next (struct arrival *arrival);

static void
arrival_end (struct arrival *arrival, const GError *error)
{
  arrival->done (arrival->data, error);
  g_variant_builder_clear (&arrival->ready);
  g_variant_unref (arrival->rows);
  g_object_unref (arrival->fds);
  g_free (arrival);
}

static void
arrival_reset (struct arrival *arrival)
{
  g_variant_builder_init (&arrival->ready, G_VARIANT_TYPE ("aa{sv}"));
  arrival->fds = g_unix_fd_list_new ();
  arrival->ready_count = 0;
}

static void on_added (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data);

static void
arrival_send (struct arrival *arrival)
{
  supervised_call (arrival->core->writer, "add", arrival->sent, arrival->sent_fds, NULL, on_added, arrival);
}

static void
arrival_sent (struct arrival *arrival)
{
  g_clear_pointer (&arrival->sent, g_variant_unref);
  g_clear_object (&arrival->sent_fds);
  arrival->deaths = 0;
}

/* Mails that the index cannot survive are listed by their header. */
static void
take_counts (struct arrival *arrival, GVariant *reply)
{
  guint32 damaged = 0;
  (void) g_variant_lookup (reply, "damaged", "u", &damaged);
  if (arrival->counts != NULL) {
    g_autoptr (GVariant) skipped = g_variant_lookup_value (reply, "skipped", G_VARIANT_TYPE ("a(ss)"));
    arrival->counts->skipped += (guint) g_variant_n_children (skipped);
    arrival->counts->damaged += damaged;
  } else if (damaged > 0) {
    g_autofree char *text = g_strdup_printf (
        "%u new %s damaged in a way that the search index cannot read: listed, and found by the header alone.", damaged,
        damaged == 1 ? "message is" : "messages are");
    core_notice (arrival->core, text);
  }
}

static void
on_added (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct arrival *arrival = data;
  if (error != NULL && error->code == ENGINE_ERROR_LOST && ++arrival->deaths < DEATHS_MAX) {
    arrival_send (arrival); /* each time one more of them is known */
    return;
  }
  if (error == NULL)
    take_counts (arrival, reply);
  arrival_sent (arrival);
  if (error != NULL || arrival->next >= g_variant_n_children (arrival->rows))
    arrival_end (arrival, error);
  else
    arrival_next (arrival);
}

static void
arrival_flush (struct arrival *arrival)
{
  GVariantBuilder fields;
  g_variant_builder_init (&fields, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&fields, "{sv}", "mails", g_variant_builder_end (&arrival->ready));
  g_variant_builder_add (&fields, "{sv}", "whole", g_variant_new_boolean (arrival->whole));
  g_variant_builder_add (&fields, "{sv}", "beside", g_variant_new_boolean (arrival->beside));
  arrival->sent = g_variant_ref_sink (g_variant_builder_end (&fields));
  arrival->sent_fds = arrival->fds;
  arrival_reset (arrival);
  arrival_send (arrival);
}

static void
add_tag (GVariantDict *row, const char *tag)
{
  g_autofree const char **add = NULL;
  (void) g_variant_dict_lookup (row, "add", "^a&s", &add);
  g_autoptr (GStrvBuilder) tags = g_strv_builder_new ();
  if (add != NULL)
    g_strv_builder_addv (tags, add);
  g_strv_builder_add (tags, tag);
  g_auto (GStrv) all = g_strv_builder_end (tags);
  g_variant_dict_insert (row, "add", "^as", all);
}

/* The row is ready for the index; shadow: the keys worker's, or -1. */
static void
arrival_add (struct arrival *arrival, GVariant *row, int shadow_fd, gboolean encrypted, gboolean report)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (row);
  g_variant_dict_remove (&dict, "protected");
  if (encrypted) /* notmuch itself knows PGP/MIME only */
    add_tag (&dict, "encrypted");
  if (report)
    add_tag (&dict, "report");
  if (shadow_fd >= 0)
    g_variant_dict_insert_value (&dict, "shadow",
                                 g_variant_new_handle (g_unix_fd_list_append (arrival->fds, shadow_fd, NULL)));
  g_variant_builder_add (&arrival->ready, "@a{sv}", g_variant_dict_end (&dict));
  arrival->ready_count++;
  arrival->next++;
}

static int
fd_of (GVariant *reply, GUnixFDList *fds, const char *field)
{
  gint32 handle = -1;
  gint count = 0;
  if (reply == NULL || fds == NULL || !g_variant_lookup (reply, field, "h", &handle))
    return -1;
  const int *list = g_unix_fd_list_peek_fds (fds, &count);
  return handle >= 0 && handle < count ? list[handle] : -1;
}

static void
on_shadow (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct arrival *arrival = data;
  /* A mail that cannot be opened is indexed by what can be seen of it: it must not be missing from the list. */
  g_autoptr (GVariant) row = g_variant_get_child_value (arrival->rows, arrival->next);
  gboolean encrypted = TRUE; /* unless it was found to be signed alone */
  if (error == NULL)
    (void) g_variant_lookup (reply, "encrypted", "b", &encrypted);
  g_autoptr (GVariant) report = error == NULL ? g_variant_lookup_value (reply, "report", G_VARIANT_TYPE_VARDICT) : NULL;
  const char *path = "";
  (void) g_variant_lookup (row, "path", "&s", &path);
  if (report != NULL)
    ledger_take (arrival->core, path, report);
  arrival_add (arrival, row, error == NULL ? fd_of (reply, fds, "shadow") : -1, encrypted, report != NULL);
  arrival_next (arrival);
}

static void
arrival_next (struct arrival *arrival)
{
  for (; arrival->next < g_variant_n_children (arrival->rows);) {
    if (g_unix_fd_list_get_length (arrival->fds) >= SHADOWS_MAX)
      break;
    g_autoptr (GVariant) row = g_variant_get_child_value (arrival->rows, arrival->next);
    const char *path = "";
    gboolean protected = FALSE;
    (void) g_variant_lookup (row, "path", "&s", &path);
    (void) g_variant_lookup (row, "protected", "b", &protected);
    g_autofree char *now = protected ? maildir_find (path) : NULL;
    int fd = now != NULL ? open (now, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
    if (fd >= 0) {
      g_autoptr (GUnixFDList) fds = g_unix_fd_list_new_from_array (&fd, 1);
      supervised_call (arrival->core->keys, "shadow", g_variant_new_parsed ("{'message': <handle 0>}"), fds, NULL,
                       on_shadow, arrival);
      return;
    }
    arrival_add (arrival, row, -1, protected, FALSE);
  }
  arrival_flush (arrival);
}

static struct arrival *
arrival_new (struct core *core, GVariant *rows, core_done_fn done, gpointer data)
{
  struct arrival *arrival = g_new0 (struct arrival, 1);
  arrival->core = core;
  arrival->rows = g_variant_ref_sink (rows);
  arrival->done = done;
  arrival->data = data;
  arrival_reset (arrival);
  return arrival;
}

void
arrive_rows (struct core *core, GVariant *rows, core_done_fn done, gpointer data)
{
  arrival_next (arrival_new (core, rows, done, data));
}

void
arrive_whole (struct core *core, GVariant *rows, gboolean beside, struct arrive_counts *counts, core_done_fn done,
              gpointer data)
{
  struct arrival *arrival = arrival_new (core, rows, done, data);
  arrival->whole = TRUE;
  arrival->beside = beside;
  arrival->counts = counts;
  arrival_next (arrival);
}

void
arrive_own (struct core *core, const char *path, const char *const *add, core_done_fn done, gpointer data)
{
  GVariantBuilder rows;
  g_variant_builder_init (&rows, G_VARIANT_TYPE ("aa{sv}"));
  g_variant_builder_add (
      &rows, "@a{sv}",
      g_variant_new_parsed ("{'path': <%s>, 'add': <%^as>, 'remove': <@as []>, 'protected': <true>}", path, add));
  arrive_rows (core, g_variant_builder_end (&rows), done, data);
}
