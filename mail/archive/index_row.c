/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What a row of an answer holds of one message: bounded, valid UTF-8, safe to show. */
#include "mail/archive/index_p.h"

#include <notmuch.h>
#include <string.h>
#include <unistd.h>

#include "mail/message/sanitise.h"

#define PATHS_MAX 64
#define TAGS_MAX 256
#define HEX_ID "hex:"

/* A Message-ID can hold any byte. One that cannot travel as text goes as "hex:…", and comes back the same. */
char *
index_row_id (notmuch_message_t *message)
{
  const char *id = notmuch_message_get_message_id (message);
  if (id == NULL)
    return g_strdup ("");
  if (g_utf8_validate (id, -1, NULL) && !g_str_has_prefix (id, HEX_ID))
    return g_strdup (id);
  GString *hex = g_string_new (HEX_ID);
  for (; *id != 0; id++)
    g_string_append_printf (hex, "%02x", (guint) (guchar) *id);
  return g_string_free (hex, FALSE);
}

char *
index_row_id_back (const char *id)
{
  gsize length = strlen (id);
  if (!g_str_has_prefix (id, HEX_ID) || length % 2 != 0)
    return g_strdup (id);
  GString *bytes = g_string_new (NULL);
  for (const char *at = id + strlen (HEX_ID); *at != 0; at += 2) {
    gint high = g_ascii_xdigit_value (at[0]), low = g_ascii_xdigit_value (at[1]);
    if (high < 0 || low < 0 || (high == 0 && low == 0)) {
      g_string_free (bytes, TRUE);
      return g_strdup (id);
    }
    g_string_append_c (bytes, (char) (high * 16 + low));
  }
  return g_string_free (bytes, FALSE);
}

char *
index_row_text (const char *text)
{
  if (text == NULL)
    return g_strdup ("");
  g_autofree char *safe = sanitise (text, (gssize) strnlen (text, INDEX_TEXT_MAX), SANITISE_LINE);
  return g_strstrip (g_steal_pointer (&safe));
}

GVariant *
index_row_paths (notmuch_message_t *message)
{
  GVariantBuilder paths;
  g_variant_builder_init (&paths, G_VARIANT_TYPE_STRING_ARRAY);
  notmuch_filenames_t *names = notmuch_message_get_filenames (message);
  for (guint i = 0; i < PATHS_MAX && notmuch_filenames_valid (names); i++, notmuch_filenames_move_to_next (names)) {
    const char *name = notmuch_filenames_get (names);
    if (name != NULL && g_utf8_validate (name, -1, NULL))
      g_variant_builder_add (&paths, "s", name);
  }
  if (names != NULL)
    notmuch_filenames_destroy (names);
  return g_variant_builder_end (&paths);
}

/* One may have been renamed a moment ago. */
char *
index_row_path (notmuch_message_t *message)
{
  g_autoptr (GVariant) paths = g_variant_ref_sink (index_row_paths (message));
  const char *path = "";
  for (gsize i = 0; i < g_variant_n_children (paths); i++) {
    g_variant_get_child (paths, i, "&s", &path);
    if (access (path, R_OK) == 0)
      break;
  }
  return g_strdup (path);
}

GVariant *
index_row_tags (notmuch_message_t *message)
{
  GVariantBuilder builder;
  g_variant_builder_init (&builder, G_VARIANT_TYPE_STRING_ARRAY);
  notmuch_tags_t *tags = notmuch_message_get_tags (message);
  for (guint i = 0; i < TAGS_MAX && notmuch_tags_valid (tags); i++, notmuch_tags_move_to_next (tags)) {
    const char *tag = notmuch_tags_get (tags);
    if (tag != NULL && g_utf8_validate (tag, -1, NULL))
      g_variant_builder_add (&builder, "s", tag);
  }
  if (tags != NULL)
    notmuch_tags_destroy (tags);
  return g_variant_builder_end (&builder);
}

GVariant *
index_row_message (notmuch_message_t *message)
{
  GVariantBuilder row;
  g_variant_builder_init (&row, G_VARIANT_TYPE_VARDICT);
  g_autofree char *id = index_row_id (message);
  g_variant_builder_add (&row, "{sv}", "id", g_variant_new_string (id));
  g_variant_builder_add (&row, "{sv}", "paths", index_row_paths (message));
  g_variant_builder_add (&row, "{sv}", "tags", index_row_tags (message));
  return g_variant_builder_end (&row);
}
