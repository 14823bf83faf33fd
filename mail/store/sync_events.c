/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What the engine is told: rows of events, in batches that stay small. */
#include "mail/store/sync_p.h"

#include "mail/store/keywords.h"
#include "mail/store/maildir.h"
#include "mail/store/tags.h"

#define BATCH 200

void
sync_emit_state (struct sync *sync, const char *state, const char *text)
{
  GVariantBuilder fields;
  g_variant_builder_init (&fields, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&fields, "{sv}", "state", g_variant_new_string (state));
  g_variant_builder_add (&fields, "{sv}", "text", g_variant_new_string (text));
  sync->emit ("state", g_variant_builder_end (&fields), sync->data);
}

void
sync_emit_notice (struct sync *sync, const char *format, ...)
{
  va_list values;
  va_start (values, format);
  g_autofree char *text = g_strdup_vprintf (format, values);
  va_end (values);
  sync->emit ("notice", g_variant_new_parsed ("{'text': <%s>}", text), sync->data);
}

void
sync_emit_folders (struct sync *sync)
{
  sync->emit ("folders", g_variant_new ("a{sv}", NULL), sync->data);
}

static GVariant *
strings (GPtrArray *list)
{
  return g_variant_new_strv ((const char *const *) list->pdata, (gssize) list->len);
}

/* There are very many of these, and g_variant_builder_add reads its format each time. */
static GVariant *
entry (const char *name, GVariant *value)
{
  return g_variant_new_dict_entry (g_variant_new_string (name), g_variant_new_variant (value));
}

static GVariant *
mail_row (const char *path, const char *role, const char *flags, const char *keywords, gboolean is_protected,
          const char *was)
{
  g_autoptr (GStringChunk) texts = g_string_chunk_new (64);
  g_autoptr (GPtrArray) add = g_ptr_array_new ();
  g_autoptr (GPtrArray) remove = g_ptr_array_new ();
  if (role != NULL) {
    tags_between (NULL, NULL, role, flags, add, remove);
    keywords_tags_between (NULL, keywords, texts, add, remove);
  }
  GVariant *row[] = { entry ("path", g_variant_new_string (path)), entry ("add", strings (add)),
                      entry ("remove", strings (remove)), entry ("protected", g_variant_new_boolean (is_protected)),
                      was != NULL ? entry ("was", g_variant_new_string (was)) : NULL };
  return g_variant_new_array (G_VARIANT_TYPE ("{sv}"), row, was != NULL ? 5 : 4);
}

GVariant *
sync_mail_row (const char *path, const char *role, const char *flags, const char *keywords, gboolean is_protected)
{
  return mail_row (path, role, flags, keywords, is_protected, NULL);
}

GVariant *
sync_change_row (const char *path, const char *role, const struct state_mail *mail, gboolean is_protected,
                 const char *was)
{
  return mail_row (path, role, mail->flags, mail->keywords, is_protected, was);
}

void
sync_drop_rows (GPtrArray *rows_take)
{
  for (guint i = 0; i < rows_take->len; i++)
    g_variant_unref (g_variant_ref_sink (g_ptr_array_index (rows_take, i)));
  g_ptr_array_unref (rows_take);
}

GVariant *
sync_move_row (const char *old_path, const char *new_path, const char *old_role, const char *old_flags,
               const char *old_keywords, const char *new_role, const char *new_flags, const char *new_keywords)
{
  g_autoptr (GStringChunk) texts = g_string_chunk_new (64);
  g_autoptr (GPtrArray) add = g_ptr_array_new ();
  g_autoptr (GPtrArray) remove = g_ptr_array_new ();
  tags_between (old_role, old_flags, new_role, new_flags, add, remove);
  keywords_tags_between (old_keywords, new_keywords, texts, add, remove);
  return g_variant_new ("(ss@as@as)", old_path, new_path, strings (add), strings (remove));
}

/* One event for each BATCH rows. rows: floating GVariant *. */
static void
emit_rows (struct sync *sync, const char *event, const char *field, const char *type, GPtrArray *rows)
{
  for (guint from = 0; from < rows->len; from += BATCH) {
    GVariantBuilder list, fields;
    g_variant_builder_init (&list, G_VARIANT_TYPE (type));
    for (guint i = from; i < rows->len && i < from + BATCH; i++)
      g_variant_builder_add_value (&list, g_ptr_array_index (rows, i));
    g_variant_builder_init (&fields, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add (&fields, "{sv}", field, g_variant_builder_end (&list));
    sync->emit (event, g_variant_builder_end (&fields), sync->data);
  }
}

void
sync_emit_mails (struct sync *sync, GPtrArray *rows_take)
{
  emit_rows (sync, "mails", "mails", "aa{sv}", rows_take);
  g_ptr_array_unref (rows_take);
}

void
sync_emit_moved (struct sync *sync, GPtrArray *rows_take)
{
  emit_rows (sync, "moved", "moves", "a(ssasas)", rows_take);
  g_ptr_array_unref (rows_take);
}

char *
sync_role_of_path (struct sync *sync, const char *path)
{
  g_autofree char *dir = NULL, *base = NULL;
  gsize root = strlen (sync->root) + 1;
  if (!maildir_split (path, &dir, &base, NULL) || strlen (dir) <= root)
    return g_strdup ("");
  AUTOFREE (state_folder) folder = state_folder_find (sync->state, "dir", dir + root);
  return g_strdup (folder == NULL ? "" : folder->role);
}

void
sync_emit_removed (struct sync *sync, GPtrArray *paths)
{
  for (guint from = 0; from < paths->len; from += BATCH) {
    g_autoptr (GPtrArray) some = g_ptr_array_new (), tags = g_ptr_array_new ();
    for (guint i = from; i < paths->len && i < from + BATCH; i++) {
      const char *path = g_ptr_array_index (paths, i);
      g_autofree char *role = sync_role_of_path (sync, path);
      const char *tag = tags_of_role (role);
      g_ptr_array_add (some, (gpointer) path);
      g_ptr_array_add (tags, (gpointer) (tag != NULL ? tag : ""));
    }
    sync->emit ("removed", g_variant_new_parsed ("{'paths': <%@as>, 'tags': <%@as>}", strings (some), strings (tags)),
                sync->data);
  }
}
