/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Does a message file hold something that a person would call an attachment? Signatures and the wrapping of encrypted mail are none, although
 * most programs send them as such. See message_attachment.h. */
#include "mail/message/message_attachment.h"

#include <fcntl.h>
#include <gmime/gmime.h>
#include <string.h>
#include <unistd.h>

#include "mail/message/message_p.h"

#define PARTS_MAX 2000

struct search {
  guint parts;
  gboolean found;
};

static gboolean
is_wrapping (GMimeObject *parent, GMimeObject *part)
{
  static const char *const kinds[]
      = { "pgp-signature", "pkcs7-signature", "x-pkcs7-signature", "pkcs7-mime", "x-pkcs7-mime", "pgp-encrypted" };
  GMimeContentType *type = g_mime_object_get_content_type (part);
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_mime_content_type_is_type (type, "application", kinds[i]))
      return TRUE;
  return parent != NULL
         && g_mime_content_type_is_type (g_mime_object_get_content_type (parent), "multipart", "encrypted");
}

static void
look (GMimeObject *parent, GMimeObject *part, gpointer data)
{
  struct search *search = data;
  const char *disposition = g_mime_object_get_disposition (part);
  if (search->found || ++search->parts > PARTS_MAX)
    return;
  search->found
      = disposition != NULL && g_ascii_strcasecmp (disposition, "attachment") == 0 && !is_wrapping (parent, part);
}

gboolean
message_has_attachment (const char *path)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0)
    return FALSE;
  message_init ();
  struct search search = { 0 };
  GMimeStream *stream = g_mime_stream_fs_new (fd); /* closes it */
  GMimeParser *parser = g_mime_parser_new_with_stream (stream);
  GMimeMessage *message = g_mime_parser_construct_message (parser, NULL);
  if (message != NULL) {
    GMimeObject *top = g_mime_message_get_mime_part (message);
    if (top != NULL)
      look (NULL, top, &search);
    g_mime_message_foreach (message, look, &search);
    g_object_unref (message);
  }
  g_object_unref (parser);
  g_object_unref (stream);
  return search.found;
}
