/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The leaf parts of a message: listed for the reader, and handed out one by one with their decoded bytes. */
#include "mail/message/message_p.h"
#include "mail/engine.h"

#include <string.h>

#define DEPTH_MAX 60

static void
add_string (GVariantBuilder *row, const char *name, const char *value)
{
  g_variant_builder_add (row, "{sv}", name, g_variant_new ("ms", value));
}

static void
add_row (GVariantBuilder *rows, const char *id, const char *type, const struct message_body *about,
         const char *filename, GBytes *bytes, const struct inspect_node *node)
{
  g_autofree char *md5 = g_compute_checksum_for_bytes (G_CHECKSUM_MD5, bytes);
  g_autofree char *clean_type = sanitise (type, -1, SANITISE_LINE);
  gboolean attachment = about == NULL || about->attachment
                        || (filename != NULL && !g_str_has_prefix (type, "text/") && !about->disposed);
  g_autofree char *charset = about != NULL && about->charset != NULL ? g_ascii_strdown (about->charset, -1) : NULL;
  g_variant_builder_open (rows, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (rows, "{sv}", "id", g_variant_new_string (id));
  g_variant_builder_add (rows, "{sv}", "type", g_variant_new_string (clean_type));
  add_string (rows, "charset", charset);
  g_variant_builder_add (rows, "{sv}", "size", g_variant_new_int64 ((gint64) g_bytes_get_size (bytes)));
  add_string (rows, "filename", filename);
  g_variant_builder_add (rows, "{sv}", "disposition", g_variant_new_string (attachment ? "attachment" : "inline"));
  g_variant_builder_add (rows, "{sv}", "md5", g_variant_new_string (md5));
  g_variant_builder_add (rows, "{sv}", "encrypted", g_variant_new_boolean (node->encrypted));
  g_variant_builder_add (rows, "{sv}", "signed", g_variant_new_boolean (node->signed_));
  g_variant_builder_add (rows, "{sv}", "unproven", g_variant_new_boolean (node->unproven));
  g_variant_builder_close (rows);
}

/* The files in a text have the text's number and one of their own. */
static char *
uu_id (const struct inspect_node *node, guint i)
{
  return g_strdup_printf ("%s.uu%u", node->id, i + 1);
}

static const char uu_type[] = "application/octet-stream";

static void
list_uu (GVariantBuilder *rows, const struct inspect_node *node, const struct message_body *about, GPtrArray *notes)
{
  AUTOFREE (message_uu) uu = message_body_uu (node, about);
  for (guint i = 0; uu != NULL && i < uu->files->len; i++) {
    const struct message_uu_file *file = uu->files->pdata[i];
    g_autofree char *id = uu_id (node, i);
    add_row (rows, id, uu_type, NULL, file->filename, file->bytes, node);
    if (!file->whole)
      message_notes_add (
          notes, "attachment_cut",
          "An attachment within the text (%s) breaks off before its end. What is there of it can be saved; "
          "ask the sender to send it again.",
          file->filename);
  }
}

static void
list (GVariantBuilder *rows, const struct inspect_node *node, guint depth, GPtrArray *notes)
{
  for (guint i = 0; i < node->children->len && depth < DEPTH_MAX; i++)
    list (rows, node->children->pdata[i], depth + 1, notes);
  AUTOFREE (message_extra) extra = message_layer_extra (node);
  if (extra != NULL)
    add_row (rows, extra->id, extra->type, NULL, extra->filename, extra->bytes, node);
  if (node->children->len > 0 || extra != NULL)
    return;
  AUTOFREE (message_body) about = message_body_new (node);
  g_autoptr (GBytes) bytes = message_body_decode (node);
  add_row (rows, node->id, node->type, about, about->filename, bytes, node);
  list_uu (rows, node, about, notes);
}

GVariant *
message_part_rows (const struct inspection *inspection, GPtrArray *notes)
{
  GVariantBuilder rows;
  g_variant_builder_init (&rows, G_VARIANT_TYPE ("aa{sv}"));
  list (&rows, inspection->root, 0, notes);
  return g_variant_builder_end (&rows);
}

static GBytes *
find_uu (const struct inspect_node *node, const char *id, char **filename, char **type)
{
  AUTOFREE (message_body) about = message_body_new (node);
  AUTOFREE (message_uu) uu = message_body_uu (node, about);
  for (guint i = 0; uu != NULL && i < uu->files->len; i++) {
    const struct message_uu_file *file = uu->files->pdata[i];
    g_autofree char *own = uu_id (node, i);
    if (strcmp (own, id) != 0)
      continue;
    *filename = g_strdup (file->filename);
    *type = g_strdup (uu_type);
    return g_bytes_ref (file->bytes);
  }
  return NULL;
}

static GBytes *
find (const struct inspect_node *node, const char *id, char **filename, char **type, guint depth)
{
  AUTOFREE (message_extra) extra = g_str_has_prefix (id, node->id) ? message_layer_extra (node) : NULL;
  if (extra != NULL && strcmp (extra->id, id) == 0) {
    *filename = g_strdup (extra->filename);
    *type = g_strdup (extra->type);
    return g_bytes_ref (extra->bytes);
  }
  if (node->children->len == 0 && strcmp (node->id, id) == 0) {
    AUTOFREE (message_body) about = message_body_new (node);
    *filename = g_strdup (about->filename);
    *type = sanitise (about->type, -1, SANITISE_LINE);
    return message_body_decode (node);
  }
  GBytes *found = NULL;
  if (node->children->len == 0 && g_str_has_prefix (id, node->id) && g_str_has_prefix (id + strlen (node->id), ".uu"))
    return find_uu (node, id, filename, type);
  for (guint i = 0; i < node->children->len && found == NULL && depth < DEPTH_MAX; i++)
    found = find (node->children->pdata[i], id, filename, type, depth + 1);
  return found;
}

/* A part without a name is saved under its number, with the ending that its type has. */
static char *
invent_name (const char *id, const char *type)
{
  static const struct {
    const char *type, *ending;
  } endings[] = {
    { "text/plain", ".txt" }, { "text/html", ".html" },      { "text/calendar", ".ics" },
    { "text/csv", ".csv" },   { "image/png", ".png" },       { "image/jpeg", ".jpg" },
    { "image/gif", ".gif" },  { "application/pdf", ".pdf" }, { "message/rfc822", ".eml" },
  };
  const char *ending = "";
  for (gsize i = 0; i < G_N_ELEMENTS (endings); i++)
    if (strcmp (type, endings[i].type) == 0)
      ending = endings[i].ending;
  return g_strdup_printf ("part-%s%s", id, ending);
}

GBytes *
message_part (struct inspection *inspection, const char *part, char **filename_out, char **type_out, GError **error)
{
  g_autofree char *filename = NULL, *type = NULL;
  GBytes *bytes = find (inspection->root, part, &filename, &type, 0);
  if (bytes == NULL) {
    g_set_error (
        error, ENGINE_ERROR, ENGINE_ERROR_NOT_FOUND,
        "The message has no part of this number that can be opened. The list of its parts shows which there are.");
    return NULL;
  }
  g_autofree char *name = filename != NULL ? g_strdup (filename) : invent_name (part, type);
  *filename_out = message_clean_filename (name);
  *type_out = g_steal_pointer (&type);
  return bytes;
}
