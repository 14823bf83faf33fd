/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The second part of multipart/signed and multipart/encrypted: a signature or ciphertext, which the tree leaves out since it is no content,
 * but which is a part of the message that a person may want to see listed and to save. */
#include "mail/message/message_p.h"

#include <string.h>

#define LAYER_MAX (64u * 1024 * 1024)

void
message_extra_free (struct message_extra *extra)
{
  g_free (extra->id);
  g_free (extra->type);
  g_free (extra->filename);
  g_bytes_unref (extra->bytes);
  g_free (extra);
}

static GBytes *
content_bytes (GMimePart *part)
{
  GMimeDataWrapper *content = g_mime_part_get_content (part);
  GByteArray *array = g_byte_array_new ();
  GMimeStream *stream = g_mime_stream_mem_new_with_byte_array (array);
  g_mime_stream_mem_set_owner (GMIME_STREAM_MEM (stream), FALSE);
  if (content != NULL)
    g_mime_data_wrapper_write_to_stream (content, stream);
  g_object_unref (stream);
  return g_byte_array_free_to_bytes (array);
}

static struct message_extra *
extra_of (const struct inspect_node *node, GMimeObject *object, const char *suffix)
{
  if (!GMIME_IS_PART (object))
    return NULL;
  struct message_extra *extra = g_new0 (struct message_extra, 1);
  GMimeContentType *type = g_mime_object_get_content_type (object);
  g_autofree char *name = g_mime_content_type_get_mime_type (type), *lower = g_ascii_strdown (name, -1);
  const char *filename = g_mime_part_get_filename (GMIME_PART (object));
  extra->id = g_strconcat (node->id, suffix, NULL);
  extra->type = message_fields_clean (lower);
  extra->filename = filename != NULL ? message_fields_clean (filename) : NULL;
  extra->bytes = content_bytes (GMIME_PART (object));
  return extra;
}

/* The "From " line that an mbox leaves before a message. */
static gsize
mbox_line (const char *bytes, gsize size)
{
  const char *newline = size > 5 && (memcmp (bytes, "From ", 5) == 0 || memcmp (bytes, ">From", 5) == 0)
                            ? memchr (bytes, '\n', size)
                            : NULL;
  return newline != NULL ? (gsize) (newline + 1 - bytes) : 0;
}

struct message_extra *
message_layer_extra (const struct inspect_node *node)
{
  gboolean is_signed = strcmp (node->type, "multipart/signed") == 0,
           is_encrypted = strcmp (node->type, "multipart/encrypted") == 0;
  gsize size;
  const char *bytes = g_bytes_get_data (node->entity, &size);
  if ((!is_signed && !is_encrypted) || size > LAYER_MAX || (is_encrypted && node->children->len > 0))
    return NULL;
  message_init ();
  gsize from = mbox_line (bytes, size);
  GMimeStream *stream = g_mime_stream_mem_new_with_buffer (bytes + from, size - from);
  GMimeParser *parser = g_mime_parser_new_with_stream (stream);
  GMimeObject *object = g_mime_parser_construct_part (parser, message_fields_options ());
  struct message_extra *extra = NULL;
  if (object != NULL && GMIME_IS_MULTIPART (object) && g_mime_multipart_get_count (GMIME_MULTIPART (object)) >= 2)
    extra
        = extra_of (node, g_mime_multipart_get_part (GMIME_MULTIPART (object), 1), is_signed ? ".signature" : ".data");
  g_clear_object (&object);
  g_object_unref (parser);
  g_object_unref (stream);
  return extra;
}
