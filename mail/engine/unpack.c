/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Outlook's containers (winmail.dat): a filter process for each, so that what is built to break the reader breaks nothing else. The files in one are
 * parts with the container's number and one of their own. What a filter says is not trusted: its names are cleaned here again. */
#include "mail/engine/unpack.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "mail/message/message.h"
#include "mail/message/sanitise.h"

#define CONTAINERS_MAX 3 /* of one message that are looked into */
#define MARK ".tnef"

/* One job in a process of its own. */
struct job {
  struct supervised *filter;
  supervised_done_fn done;
  gpointer data;
};

static GVariant *
start_filter (gpointer owner, GError **error)
{
  return g_variant_new_parsed ("{'job': <'text'>}");
}

static gboolean
free_filter (gpointer data)
{
  supervised_free (data);
  return G_SOURCE_REMOVE;
}

static void
on_job (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct job *job = data;
  job->done (reply, fds, error, job->data);
  g_idle_add (free_filter, job->filter); /* not from within its own call */
  g_free (job);
}

/* reply: of the keys worker's "part", with the container as its data. */
static void
start_job (GVariant *reply, GUnixFDList *fds, const char *method, guint which, supervised_done_fn done, gpointer data)
{
  static const struct supervised_hooks hooks = { .start = start_filter };
  g_autoptr (GUnixFDList) handed = g_unix_fd_list_new ();
  gint32 handle = -1;
  if (fds != NULL && g_variant_lookup (reply, "data", "h", &handle) && handle >= 0
      && handle < g_unix_fd_list_get_length (fds))
    handle = g_unix_fd_list_append (handed, g_unix_fd_list_peek_fds (fds, NULL)[handle], NULL);
  else
    handle = -1;
  if (handle < 0) {
    g_autoptr (GError) error
        = g_error_new_literal (ENGINE_ERROR, ENGINE_ERROR_FAILED, "An Outlook container could not be looked into.");
    done (NULL, NULL, error, data);
    return;
  }
  struct job *job = g_new0 (struct job, 1);
  job->filter = supervised_new (PEER_FILTER, "filter", "The part that reads attachments", &hooks, NULL);
  job->done = done;
  job->data = data;
  GVariantBuilder fields;
  g_variant_builder_init (&fields, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&fields, "{sv}", "data", g_variant_new_handle (handle));
  if (which > 0)
    g_variant_builder_add (&fields, "{sv}", "which", g_variant_new_uint32 (which));
  supervised_call (job->filter, method, g_variant_builder_end (&fields), handed, NULL, on_job, job);
}

/* ---- a whole view ---- */

struct unpacking {
  struct core *core;
  struct request *request; /* borrowed: who waits keeps it */
  GVariant *view;
  GPtrArray *parts; /* GVariant *: rows */
  guint next, containers;
  gint64 until_us;
  gboolean broken;
  unpack_part_fn part;
  unpack_done_fn done;
  gpointer data;
};

static const char *
text_of (GVariant *row, const char *name)
{
  const char *text = NULL;
  if (!g_variant_lookup (row, name, "&s", &text))
    (void) g_variant_lookup (row, name, "m&s", &text);
  return text != NULL ? text : "";
}

static gboolean
is_container (GVariant *row)
{
  const char *type = text_of (row, "type");
  return strcmp (type, "application/ms-tnef") == 0 || strcmp (type, "application/vnd.ms-tnef") == 0
         || (strcmp (type, "application/octet-stream") == 0
             && g_ascii_strcasecmp (text_of (row, "filename"), "winmail.dat") == 0);
}

static void
add_warning (GVariantDict *view)
{
  g_autoptr (GVariant) old = g_variant_dict_lookup_value (view, "warnings", G_VARIANT_TYPE ("aa{sv}"));
  GVariantBuilder rows;
  g_variant_builder_init (&rows, G_VARIANT_TYPE ("aa{sv}"));
  for (gsize i = 0; old != NULL && i < g_variant_n_children (old); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (old, i);
    g_variant_builder_add_value (&rows, row);
  }
  g_variant_builder_add_value (
      &rows,
      g_variant_new_parsed (
          "@a{sv} {'code': <'container_cut'>, 'text': <'An Outlook container (winmail.dat) in this mail could not be "
          "read, or not wholly. It can be saved as it is; ask the sender to send its files singly.'>}"));
  g_variant_dict_insert_value (view, "warnings", g_variant_builder_end (&rows));
}

static void
finish (struct unpacking *unpacking)
{
  g_auto (GVariantDict) view = G_VARIANT_DICT_INIT (unpacking->view);
  if (unpacking->containers > 0)
    g_variant_dict_insert_value (&view, "parts",
                                 g_variant_new_array (G_VARIANT_TYPE_VARDICT,
                                                      (GVariant *const *) unpacking->parts->pdata,
                                                      unpacking->parts->len));
  if (unpacking->broken)
    add_warning (&view);
  unpacking->done (g_variant_ref_sink (g_variant_dict_end (&view)), unpacking->data);
  g_variant_unref (unpacking->view);
  g_ptr_array_unref (unpacking->parts);
  g_free (unpacking);
}

static void
insert_clean (GVariantDict *row, const char *name, const char *type, const char *text_or_null)
{
  g_autofree char *clean = text_or_null != NULL ? sanitise (text_or_null, -1, SANITISE_LINE) : NULL;
  g_variant_dict_insert (row, name, type, clean);
}

/* The container's row says how it is protected, and so how they are. */
static void
add_file (struct unpacking *unpacking, GVariant *container, guint which, GVariant *file)
{
  g_auto (GVariantDict) row = G_VARIANT_DICT_INIT (container);
  g_autofree char *id = g_strdup_printf ("%s%s%u", text_of (container, "id"), MARK, which);
  g_autoptr (GVariant) size = g_variant_lookup_value (file, "size", G_VARIANT_TYPE_INT64);
  g_variant_dict_insert (&row, "id", "s", id);
  insert_clean (&row, "type", "s", text_of (file, "type"));
  insert_clean (&row, "md5", "s", text_of (file, "md5"));
  g_variant_dict_insert (&row, "disposition", "s", "attachment");
  insert_clean (&row, "filename", "ms", text_of (file, "filename"));
  g_variant_dict_insert (&row, "charset", "ms", NULL);
  insert_clean (&row, "warning", "ms", *text_of (file, "warning") != '\0' ? text_of (file, "warning") : NULL);
  if (size != NULL)
    g_variant_dict_insert_value (&row, "size", size);
  g_ptr_array_insert (unpacking->parts, (gint) unpacking->next, g_variant_ref_sink (g_variant_dict_end (&row)));
  unpacking->next++;
}

static void unpack_next (struct unpacking *unpacking);

static void
on_listed (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct unpacking *unpacking = data;
  gboolean whole = FALSE;
  if (error == NULL) {
    g_autoptr (GVariant) container = g_variant_ref (unpacking->parts->pdata[unpacking->next - 1]);
    g_autoptr (GVariant) files = core_rows (reply, "files");
    for (gsize i = 0; i < g_variant_n_children (files); i++) {
      g_autoptr (GVariant) file = g_variant_get_child_value (files, i);
      add_file (unpacking, container, (guint) i + 1, file);
    }
    (void) g_variant_lookup (reply, "whole", "b", &whole);
  }
  unpacking->broken |= !whole;
  unpack_next (unpacking);
}

static void
on_container (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  if (error != NULL)
    on_listed (NULL, NULL, error, data);
  else
    start_job (reply, fds, "tnef", 0, on_listed, data);
}

static void
unpack_next (struct unpacking *unpacking)
{
  while (unpacking->next < unpacking->parts->len) {
    GVariant *row = unpacking->parts->pdata[unpacking->next++];
    if (!is_container (row))
      continue;
    if (unpacking->containers++ >= CONTAINERS_MAX || g_get_monotonic_time () > unpacking->until_us) {
      unpacking->broken = TRUE;
      continue;
    }
    g_autoptr (GUnixFDList) fds = NULL;
    GVariant *fields = unpacking->part (unpacking->data, text_of (row, "id"), &fds);
    supervised_call (unpacking->core->keys, "part", fields, fds, unpacking->request, on_container, unpacking);
    return;
  }
  finish (unpacking);
}

void
unpack_view (struct core *core, struct request *request, GVariant *view, gint64 until_us, unpack_part_fn part,
             unpack_done_fn done, gpointer data)
{
  struct unpacking *unpacking = g_new0 (struct unpacking, 1);
  g_autoptr (GVariant) rows = core_rows (view, "parts");
  *unpacking = (struct unpacking){ .core = core,
                                   .request = request,
                                   .view = g_variant_ref (view),
                                   .until_us = until_us,
                                   .part = part,
                                   .done = done,
                                   .data = data };
  unpacking->parts = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  for (gsize i = 0; i < g_variant_n_children (rows); i++)
    g_ptr_array_add (unpacking->parts, g_variant_get_child_value (rows, i));
  unpack_next (unpacking);
}

/* ---- one file ---- */

gboolean
unpack_is_file (const char *id, char **container_out, guint *which_out)
{
  const char *mark = g_strrstr (id, MARK);
  guint64 which = 0;
  if (mark == NULL || !g_ascii_string_to_unsigned (mark + strlen (MARK), 10, 1, 10000, &which, NULL))
    return FALSE;
  *container_out = g_strndup (id, (gsize) (mark - id));
  *which_out = (guint) which;
  return TRUE;
}

GVariant *
unpack_clean_reply (GVariant *reply)
{
  GVariantDict clean;
  g_autofree char *filename = message_clean_filename (text_of (reply, "filename"));
  g_variant_dict_init (&clean, reply);
  g_variant_dict_insert (&clean, "filename", "s", filename);
  insert_clean (&clean, "type", "s", text_of (reply, "type"));
  if (*text_of (reply, "warning") != '\0')
    insert_clean (&clean, "warning", "s", text_of (reply, "warning"));
  return g_variant_dict_end (&clean);
}

struct handing {
  supervised_done_fn done;
  gpointer data;
};

static void
on_file (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct handing *handing = data;
  g_autoptr (GVariant) clean = error == NULL ? g_variant_ref_sink (unpack_clean_reply (reply)) : NULL;
  handing->done (clean, fds, error, handing->data);
  g_free (handing);
}

void
unpack_file (GVariant *reply, GUnixFDList *fds, guint which, supervised_done_fn done, gpointer data)
{
  struct handing *handing = g_new0 (struct handing, 1);
  handing->done = done;
  handing->data = data;
  start_job (reply, fds, "tnef_file", which, on_file, handing);
}
