/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Import at the door: the index writer stores and indexes the stream; what is encrypted is added after its shadow was made. */
#include "mail/engine/core.h"

#include <string.h>

#include "mail/store/tags.h"

#define BATCH 200

struct importing {
  struct core *core;
  struct request *request;
  GVariant *reply;
  GVariant *paths; /* as: the protected ones */
  gsize next;
};

static void importing_next (gpointer data, const GError *error);

static void
importing_free (struct importing *importing)
{
  importing->core->busy--;
  core_changed (importing->core);
  request_unref (importing->request);
  g_clear_pointer (&importing->reply, g_variant_unref);
  g_clear_pointer (&importing->paths, g_variant_unref);
  g_free (importing);
}

static void
importing_end (struct importing *importing)
{
  guint32 imported = 0, skipped = 0;
  (void) g_variant_lookup (importing->reply, "imported", "u", &imported);
  (void) g_variant_lookup (importing->reply, "skipped", "u", &skipped);
  g_autofree char *text
      = skipped == 0 ? g_strdup_printf ("%u messages imported.", imported)
                     : g_strdup_printf ("%u messages imported; %u could not be indexed and cannot be searched.",
                                        imported, skipped);
  request_reply (importing->request,
                 g_variant_new_parsed ("{'imported': <%u>, 'skipped': <%u>, 'text': <%s>}", imported, skipped, text),
                 NULL);
  importing_free (importing);
}

/* The tags follow from the flags that the file was given. */
static GVariant *
protected_row (const char *path)
{
  g_autoptr (GPtrArray) add = g_ptr_array_new (), remove = g_ptr_array_new ();
  const char *flags = strstr (path, ":2,");
  g_ptr_array_add (add, (gpointer) "imported");
  tags_between (NULL, NULL, NULL, flags != NULL ? flags + strlen (":2,") : "S", add, remove);
  g_ptr_array_add (add, NULL);
  return g_variant_new_parsed ("{'path': <%s>, 'add': <%^as>, 'remove': <@as []>, 'protected': <true>}", path,
                               add->pdata);
}

static void
importing_next (gpointer data, const GError *error)
{
  struct importing *importing = data;
  gsize all = g_variant_n_children (importing->paths);
  if (error != NULL) {
    request_fail (importing->request, error);
    importing_free (importing);
    return;
  }
  if (importing->next >= all) {
    importing_end (importing);
    return;
  }
  GVariantBuilder rows;
  g_variant_builder_init (&rows, G_VARIANT_TYPE ("aa{sv}"));
  for (gsize end = MIN (importing->next + BATCH, all); importing->next < end; importing->next++) {
    const char *path;
    g_variant_get_child (importing->paths, importing->next, "&s", &path);
    g_variant_builder_add (&rows, "@a{sv}", protected_row (path));
  }
  arrive_rows (importing->core, g_variant_builder_end (&rows), importing_next, importing);
}

static void
on_imported (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct importing *importing = data;
  if (error != NULL) {
    request_fail (importing->request, error);
    importing_free (importing);
    return;
  }
  importing->reply = g_variant_ref (reply);
  importing->paths = g_variant_lookup_value (reply, "protected", G_VARIANT_TYPE_STRING_ARRAY);
  importing_next (importing, NULL);
}

void
flow_import (struct core *core, struct request *request)
{
  struct importing *importing = g_new0 (struct importing, 1);
  const char *folder = "Imported";
  (void) g_variant_lookup (request->fields, "folder", "&s", &folder);
  importing->core = core;
  importing->request = request_ref (request);
  core->busy++;
  gint32 stream = -1;
  (void) g_variant_lookup (request->fields, "stream", "h", &stream);
  supervised_call (core->writer, "import",
                   g_variant_new_parsed ("{'stream': <%@h>, 'folder': <%s>}", g_variant_new_handle (stream), folder),
                   request->fds, NULL, on_imported, importing);
}
