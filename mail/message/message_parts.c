/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The leaf parts of a message: listed for the reader, and handed out one by one with their decoded bytes. */
#include "crypto/pgp/pgp.h"
#include "mail/engine.h"
#include "mail/message/attachment.h"
#include "mail/message/message_p.h"

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
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  g_autofree char *warning
      = attachment || filename != NULL ? attachment_danger (clean_type, filename, data, size) : NULL;
  g_variant_builder_open (rows, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (rows, "{sv}", "id", g_variant_new_string (id));
  g_variant_builder_add (rows, "{sv}", "type", g_variant_new_string (clean_type));
  add_string (rows, "charset", charset);
  g_variant_builder_add (rows, "{sv}", "size", g_variant_new_int64 ((gint64) g_bytes_get_size (bytes)));
  add_string (rows, "filename", filename);
  g_variant_builder_add (rows, "{sv}", "disposition", g_variant_new_string (attachment ? "attachment" : "inline"));
  g_variant_builder_add (rows, "{sv}", "md5", g_variant_new_string (md5));
  add_string (rows, "warning", warning);
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
    g_autofree char *name = message_notes_name (file->filename);
    if (!file->whole)
      message_notes_add (
          notes, "attachment_cut",
          "An attachment within the text, %s, breaks off before its end. What is there of it can be saved; "
          "ask the sender to send it again.",
          name);
  }
}

/* OpenPGP in an attachment of its own is neither opened nor checked: nobody could tell what it has to do with the message. */
static void
note_openpgp (const struct inspect_node *node, const struct message_body *about, GBytes *bytes, GPtrArray *notes)
{
  static const char *const ends[] = { ".gpg", ".pgp", ".asc", ".sig" };
  g_autofree char *name = about->filename != NULL ? message_notes_name (about->filename) : g_strdup ("without a name");
  gboolean named = g_str_has_prefix (node->type, "application/pgp-");
  for (gsize i = 0; i < G_N_ELEMENTS (ends) && about->filename != NULL && !named; i++) {
    const gsize size = strlen (about->filename), end = strlen (ends[i]);
    named = size > end && g_ascii_strcasecmp (about->filename + size - end, ends[i]) == 0;
  }
  switch (named ? pgp_packet_kind (bytes, NULL) : PGP_UNKNOWN) {
  case PGP_ENCRYPTED_MDC:
  case PGP_ENCRYPTED_AEAD:
  case PGP_ENCRYPTED_V2:
  case PGP_ENCRYPTED_PLAIN:
    message_notes_add (notes, "attachment_encrypted",
                       "An attachment, %s, is encrypted by itself and was not opened. Save it and open it with gpg.",
                       name);
    break;
  case PGP_SIGNED:
    message_notes_add (
        notes, "attachment_signature",
        "An attachment, %s, is a signature, or signed by itself, and was not checked. Save it with the file "
        "that it belongs to and check both with gpg.",
        name);
    break;
  case PGP_KEYS:
  case PGP_UNKNOWN:
    break;
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
  if (node->protection == PROTECTION_NONE)
    note_openpgp (node, about, bytes, notes);
}

GVariant *
message_part_rows (const struct inspection *inspection, GPtrArray *notes)
{
  GVariantBuilder rows;
  g_variant_builder_init (&rows, G_VARIANT_TYPE ("aa{sv}"));
  list (&rows, inspection->root, 0, notes);
  return g_variant_builder_end (&rows);
}

static struct message_part *
find_uu (const struct inspect_node *node, const char *id)
{
  AUTOFREE (message_body) about = message_body_new (node);
  AUTOFREE (message_uu) uu = message_body_uu (node, about);
  for (guint i = 0; uu != NULL && i < uu->files->len; i++) {
    const struct message_uu_file *file = uu->files->pdata[i];
    g_autofree char *own = uu_id (node, i);
    if (strcmp (own, id) != 0)
      continue;
    struct message_part *found = g_new0 (struct message_part, 1);
    found->filename = g_strdup (file->filename);
    found->type = g_strdup (uu_type);
    found->bytes = g_bytes_ref (file->bytes);
    return found;
  }
  return NULL;
}

static struct message_part *
find (const struct inspect_node *node, const char *id, guint depth)
{
  AUTOFREE (message_extra) extra = g_str_has_prefix (id, node->id) ? message_layer_extra (node) : NULL;
  struct message_part *found = NULL;
  if (extra != NULL && strcmp (extra->id, id) == 0) {
    found = g_new0 (struct message_part, 1);
    found->filename = g_strdup (extra->filename);
    found->type = g_strdup (extra->type);
    found->bytes = g_bytes_ref (extra->bytes);
  } else if (node->children->len == 0 && strcmp (node->id, id) == 0) {
    AUTOFREE (message_body) about = message_body_new (node);
    gsize size;
    found = g_new0 (struct message_part, 1);
    found->filename = g_strdup (about->filename);
    found->type = sanitise (about->type, -1, SANITISE_LINE);
    found->bytes = message_body_decode (node);
    const char *bytes = g_bytes_get_data (found->bytes, &size);
    found->charset = message_body_charset (about, bytes, size);
  }
  if (found == NULL && node->children->len == 0 && g_str_has_prefix (id, node->id)
      && g_str_has_prefix (id + strlen (node->id), ".uu"))
    return find_uu (node, id);
  for (guint i = 0; i < node->children->len && found == NULL && depth < DEPTH_MAX; i++)
    found = find (node->children->pdata[i], id, depth + 1);
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

struct message_part *
message_part_new (struct inspection *inspection, const char *part, GError **error)
{
  struct message_part *found = find (inspection->root, part, 0);
  if (found == NULL) {
    g_set_error (
        error, ENGINE_ERROR, ENGINE_ERROR_NOT_FOUND,
        "The message has no part of this number that can be opened. The list of its parts shows which there are.");
    return NULL;
  }
  gsize size;
  const guint8 *bytes = g_bytes_get_data (found->bytes, &size);
  found->warning = attachment_danger (found->type, found->filename, bytes, size);
  g_autofree char *name = g_steal_pointer (&found->filename);
  if (name == NULL)
    name = invent_name (part, found->type);
  found->filename = message_clean_filename (name);
  return found;
}

void
message_part_free (struct message_part *part)
{
  g_bytes_unref (part->bytes);
  g_free (part->filename);
  g_free (part->type);
  g_free (part->charset);
  g_free (part->warning);
  g_free (part);
}
