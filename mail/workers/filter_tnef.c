/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The filter's look into a TNEF container: what is in it, and one file of it. */
#include "mail/message/attachment.h"
#include "mail/message/tnef.h"
#include "mail/workers/filter_p.h"

#define CONTAINER_BYTES_MAX (64u * 1024 * 1024)

static GPtrArray *
read_files (struct worker *worker, GVariant *args, gboolean *whole, GError **error)
{
  g_autoptr (GBytes) data = worker_read_fd (worker_arg_fd (worker, args, "data"), CONTAINER_BYTES_MAX, error);
  if (data == NULL)
    return NULL;
  gsize size;
  const void *bytes = g_bytes_get_data (data, &size);
  GPtrArray *files = tnef_files (bytes, size, whole);
  if (files == NULL)
    g_set_error (
        error, ENGINE_ERROR, ENGINE_ERROR_FAILED,
        "This Outlook container cannot be read. It can be saved as it is; ask the sender to send its files singly.");
  return files;
}

static char *
danger (const struct tnef_file *file)
{
  gsize size;
  const guint8 *bytes = g_bytes_get_data (file->bytes, &size);
  return attachment_danger (file->type, file->filename, bytes, size);
}

GVariant *
filter_tnef (struct worker *worker, GVariant *args, GError **error)
{
  gboolean whole = FALSE;
  g_autoptr (GPtrArray) files = read_files (worker, args, &whole, error);
  GVariantBuilder rows;
  if (files == NULL)
    return NULL;
  g_variant_builder_init (&rows, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < files->len; i++) {
    const struct tnef_file *file = files->pdata[i];
    g_autofree char *md5 = g_compute_checksum_for_bytes (G_CHECKSUM_MD5, file->bytes);
    g_variant_builder_open (&rows, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add (&rows, "{sv}", "filename", g_variant_new ("ms", file->filename));
    g_variant_builder_add (&rows, "{sv}", "type", g_variant_new_string (file->type));
    g_variant_builder_add (&rows, "{sv}", "size", g_variant_new_int64 ((gint64) g_bytes_get_size (file->bytes)));
    g_variant_builder_add (&rows, "{sv}", "md5", g_variant_new_string (md5));
    g_autofree char *warning = danger (file);
    g_variant_builder_add (&rows, "{sv}", "warning", g_variant_new ("ms", warning));
    g_variant_builder_close (&rows);
  }
  return g_variant_new_parsed ("{'files': <%@aa{sv}>, 'whole': <%b>}", g_variant_builder_end (&rows), whole);
}

GVariant *
filter_tnef_file (struct worker *worker, GVariant *args, GError **error)
{
  gboolean whole = FALSE;
  guint32 which = 0;
  g_autoptr (GPtrArray) files = read_files (worker, args, &whole, error);
  (void) g_variant_lookup (args, "which", "u", &which);
  if (files == NULL)
    return NULL;
  if (which < 1 || which > files->len) {
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_NOT_FOUND,
                 "The container has no file of this number. The list of the message's parts shows which there are.");
    return NULL;
  }
  const struct tnef_file *file = files->pdata[which - 1];
  gsize size;
  const void *bytes = g_bytes_get_data (file->bytes, &size);
  int fd = worker_memfd ("wardmail", bytes, size, error);
  if (fd < 0)
    return NULL;
  g_autofree char *warning = danger (file);
  GVariantDict reply;
  g_variant_dict_init (&reply, NULL);
  g_variant_dict_insert_value (&reply, "data", g_variant_new_handle (worker_reply_fd_take (worker, fd)));
  g_variant_dict_insert (&reply, "filename", "s", file->save_name);
  g_variant_dict_insert (&reply, "type", "s", file->type);
  if (warning != NULL)
    g_variant_dict_insert (&reply, "warning", "s", warning);
  return g_variant_dict_end (&reply);
}
