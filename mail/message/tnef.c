/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The files in a TNEF container: what was attached, and the text that Outlook wrote beside it. MS-OXTNEF, through libytnef.
 *
 * Messages within are listed as containers and not opened. What libytnef gives is not trusted: sizes are checked, names are sanitised. */
#include "mail/message/tnef.h"

#include <stdio.h> /* ytnef.h needs it */
#include <stdlib.h>
#include <string.h>
#include <ytnef.h>

#include "mail/message/message_p.h"

#define NAME_MAX_BYTES 1000
#define GUID_BYTES 16 /* before an embedded object */
#define HEADER_BYTES 6
#define ATTRIBUTE_BYTES 11 /* of an attribute beside its data: level, name, length, checksum */
#define RTF_BYTES_MAX (16 * 1024 * 1024)

static void
file_free (gpointer data)
{
  struct tnef_file *file = data;
  g_free (file->filename);
  g_free (file->save_name);
  g_bytes_unref (file->bytes);
  g_free (file);
}

static gboolean
has_data (const variableLength *value)
{
  return value != NULL && value != MAPI_UNDEFINED && value->data != NULL && value->size > 0;
}

static variableLength *
property (Attachment *attachment, DWORD type, DWORD id)
{
  variableLength *value = MAPIFindProperty (&attachment->MAPI, PROP_TAG (type, id));
  return has_data (value) ? value : NULL;
}

/* By what the name ends in, as far as a person or the program needs to know. */
static const char *
type_of (const char *filename)
{
  static const struct {
    const char *ending, *type;
  } types[] = {
    { ".pdf", "application/pdf" }, { ".txt", "text/plain" },  { ".html", "text/html" }, { ".htm", "text/html" },
    { ".jpg", "image/jpeg" },      { ".jpeg", "image/jpeg" }, { ".png", "image/png" },  { ".gif", "image/gif" },
    { ".ics", "text/calendar" },   { ".rtf", "text/rtf" },
  };
  g_autofree char *lower = g_utf8_strdown (filename, -1);
  for (gsize i = 0; i < G_N_ELEMENTS (types); i++)
    if (g_str_has_suffix (lower, types[i].ending))
      return types[i].type;
  return "application/octet-stream";
}

static void
add_file (GPtrArray *files, const char *name, gsize name_size, const char *type, const void *bytes, gsize size)
{
  struct tnef_file *file = g_new0 (struct tnef_file, 1);
  g_autofree char *text = message_charset_to_utf8 (name, strnlen (name, MIN (name_size, NAME_MAX_BYTES)), NULL, NULL);
  file->filename = message_fields_clean (text);
  if (*file->filename == '\0') {
    g_free (file->filename);
    file->filename = g_strdup_printf ("file %u", files->len + 1);
  }
  file->save_name = message_clean_filename (file->filename);
  file->type = type != NULL ? type : type_of (file->filename);
  file->bytes = g_bytes_new (bytes, size);
  g_ptr_array_add (files, file);
}

static const variableLength *
name_of (Attachment *attachment)
{
  static const DWORD ids[] = { PR_ATTACH_LONG_FILENAME, PR_DISPLAY_NAME, PR_ATTACH_FILENAME };
  for (gsize i = 0; i < G_N_ELEMENTS (ids); i++) {
    const variableLength *name = property (attachment, PT_STRING8, ids[i]);
    if (name == NULL)
      name = property (attachment, PT_UNICODE, ids[i]);
    if (name != NULL)
      return name;
  }
  return has_data (&attachment->Title) ? &attachment->Title : NULL;
}

static void
add_attachment (GPtrArray *files, Attachment *attachment)
{
  const variableLength *name = name_of (attachment), *data = &attachment->FileData,
                       *object = property (attachment, PT_OBJECT, PR_ATTACH_DATA_OBJ),
                       *binary = property (attachment, PT_BINARY, PR_ATTACH_DATA_OBJ);
  const char *text = name != NULL ? (const char *) name->data : "";
  const gsize length = name != NULL ? (gsize) name->size : 0;
  if (object != NULL && object->size > GUID_BYTES)
    add_file (files, text, length, "application/ms-tnef", object->data + GUID_BYTES, (gsize) object->size - GUID_BYTES);
  else if (binary != NULL)
    add_file (files, text, length, NULL, binary->data, (gsize) binary->size);
  else if (has_data (data))
    add_file (files, text, length, NULL, data->data, (gsize) data->size);
}

/* The text of the message itself: plain, or as compressed RTF. */
static void
add_text (GPtrArray *files, TNEFStruct *tnef)
{
  static const char plain[] = "message.txt", rich[] = "message.rtf";
  variableLength *rtf = MAPIFindProperty (&tnef->MapiProperties, PROP_TAG (PT_BINARY, PR_RTF_COMPRESSED));
  if (has_data (&tnef->body))
    add_file (files, plain, sizeof plain, NULL, tnef->body.data,
              strnlen ((char *) tnef->body.data, (gsize) tnef->body.size));
  /* Its claimed size, little-endian behind the first four bytes, is what libytnef allocates. */
  if (!has_data (rtf) || rtf->size < 16 || SwapDWord (rtf->data + 4, 4) > RTF_BYTES_MAX)
    return;
  int size = 0;
  BYTE *text = DecompressRTF (rtf, &size);
  if (text != NULL && size > 0)
    add_file (files, rich, sizeof rich, NULL, text, (gsize) size);
  free (text);
}

/* How much of it to read: libytnef walks along all attachments for each further one, so it gets no more of them than are listed. */
static gsize
readable_size (const guint8 *bytes, gsize size)
{
  gsize at = HEADER_BYTES;
  for (guint files = 0; at < size && size - at >= ATTRIBUTE_BYTES;) {
    const guint8 *length = bytes + at + 5;
    const gsize data = (gsize) length[0] | (gsize) length[1] << 8 | (gsize) length[2] << 16 | (gsize) length[3] << 24;
    if (memcmp (bytes + at + 1, "\x02\x90\x06\0", 4) == 0
        && files++ >= TNEF_FILES_MAX) /* attAttachRenddata begins one */
      return at;
    if (data > size - at - ATTRIBUTE_BYTES)
      break;
    at += ATTRIBUTE_BYTES + data;
  }
  return size;
}

GPtrArray *
tnef_files (const void *bytes, gsize size, gboolean *whole_out)
{
  TNEFStruct tnef = { .Debug = 0 }; /* TNEFInitialize leaves that to us */
  g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func (file_free);
  if (size < HEADER_BYTES || size > G_MAXINT / 2)
    return NULL;
  message_init ();
  TNEFInitialize (&tnef);
  const gsize readable = readable_size (bytes, size);
  *whole_out = TNEFParseMemory ((BYTE *) bytes, (long) readable, &tnef) >= 0 && readable == size;
  add_text (files, &tnef);
  for (Attachment *one = tnef.starting_attach.next; one != NULL && files->len < TNEF_FILES_MAX; one = one->next) {
    add_attachment (files, one);
    *whole_out = *whole_out && (one->next == NULL || files->len < TNEF_FILES_MAX);
  }
  TNEFFree (&tnef);
  return files->len > 0 ? g_steal_pointer (&files) : NULL;
}
