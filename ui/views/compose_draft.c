/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Between what is on the screen and the engine's draft: fields, text, attachments. */
#include "ui/save.h"
#include "ui/views/compose_p.h"
#include "ui/views/fields.h"
#include "ui/views/recipients.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ATTACHMENT_MAX (50u * 1024 * 1024)
#define ATTACHMENTS_MAX 60u

void
compose_attached_free (gpointer data)
{
  struct attached *attached = data;
  if (attached->fd >= 0)
    close (attached->fd);
  g_free (attached->filename);
  g_free (attached->type);
  g_free (attached);
}

static char *
own_address (const struct settings *settings)
{
  if (settings == NULL)
    return g_strdup ("");
  if (settings->name == NULL || *settings->name == '\0')
    return g_strdup (settings->address);
  if (strpbrk (settings->name, "\"(),:;<>@[\\]") == NULL)
    return g_strdup_printf ("%s <%s>", settings->name, settings->address);
  g_autofree char *plain = g_strdelimit (g_strdup (settings->name), "\"\\", '\'');
  return g_strdup_printf ("\"%s\" <%s>", plain, settings->address);
}

static void
add_text (GVariantBuilder *draft, const char *name, const char *text)
{
  g_variant_builder_add (draft, "{sv}", name, g_variant_new_string (text));
}

static void
add_recipients (GVariantBuilder *draft, const char *name, const char *text)
{
  g_auto (GStrv) pieces = recipients_split (text);
  g_variant_builder_add (draft, "{sv}", name, g_variant_new_strv ((const char *const *) pieces, -1));
}

static void
add_from_origin (GVariantBuilder *draft, GVariant *origin)
{
  static const char *const kept[] = { "in_reply_to", "references", "parent_protected", "confidential", "message_id" };
  for (gsize i = 0; origin != NULL && i < G_N_ELEMENTS (kept); i++) {
    g_autoptr (GVariant) value = g_variant_lookup_value (origin, kept[i], NULL);
    if (value != NULL)
      g_variant_builder_add (draft, "{sv}", kept[i], value);
  }
}

static gboolean
add_attachments (GVariantBuilder *draft, struct compose *compose, GUnixFDList *fds, GError **error)
{
  GVariantBuilder list;
  g_variant_builder_init (&list, G_VARIANT_TYPE ("a(ssh)"));
  for (guint i = 0; i < compose->attached->len; i++) {
    const struct attached *attached = g_ptr_array_index (compose->attached, i);
    lseek (attached->fd, 0, SEEK_SET);
    int handle = g_unix_fd_list_append (fds, attached->fd, error);
    if (handle < 0) {
      g_variant_builder_clear (&list);
      return FALSE;
    }
    g_variant_builder_add (&list, "(ssh)", attached->filename, attached->type, handle);
  }
  g_variant_builder_add (draft, "{sv}", "attachments", g_variant_builder_end (&list));
  return TRUE;
}

GVariant *
compose_to_draft (struct compose *compose, GUnixFDList *fds, GError **error)
{
  GVariantBuilder draft;
  g_autofree char *own = own_address (app_settings (compose->view.app)), *body = editor_text (compose->body);
  const char *from = compose->origin != NULL ? fields_text (compose->origin, "from") : "";
  g_variant_builder_init (&draft, G_VARIANT_TYPE_VARDICT);
  add_text (&draft, "from", *from != '\0' ? from : own);
  add_recipients (&draft, "to", compose->fields[FIELD_TO].text->str);
  add_recipients (&draft, "cc", compose->fields[FIELD_CC].text->str);
  add_recipients (&draft, "bcc", compose->fields[FIELD_BCC].text->str);
  add_text (&draft, "subject", compose->fields[FIELD_SUBJECT].text->str);
  add_text (&draft, "body", body);
  g_variant_builder_add (&draft, "{sv}", "date", g_variant_new_int64 (app_now ()));
  add_from_origin (&draft, compose->origin);
  g_variant_builder_add (&draft, "{sv}", "ask_receipt", g_variant_new_boolean (compose->receipt));
  if (!add_attachments (&draft, compose, fds, error)) {
    g_variant_builder_clear (&draft);
    return NULL;
  }
  return g_variant_builder_end (&draft);
}

static void
take_attachments (struct compose *compose, GVariant *draft, GUnixFDList *fds)
{
  g_autoptr (GVariantIter) list = NULL;
  const char *filename, *type;
  gint32 handle;
  if (fds == NULL || !g_variant_lookup (draft, "attachments", "a(ssh)", &list))
    return;
  while (g_variant_iter_next (list, "(&s&sh)", &filename, &type, &handle)) {
    int fd = handle >= 0 && handle < g_unix_fd_list_get_length (fds) ? g_unix_fd_list_get (fds, handle, NULL) : -1;
    struct stat status;
    if (fd < 0 || compose->attached->len >= ATTACHMENTS_MAX)
      continue;
    struct attached *attached = g_new0 (struct attached, 1);
    attached->filename = g_strdup (filename);
    attached->type = g_strdup (type);
    attached->fd = fd;
    attached->size = fstat (fd, &status) == 0 && status.st_size > 0 ? (guint64) status.st_size : 0;
    g_ptr_array_add (compose->attached, attached);
  }
}

void
compose_from_draft (struct compose *compose, GVariant *draft, GUnixFDList *fds)
{
  static const char *const names[] = { "to", "cc", "bcc" };
  compose->origin = g_variant_ref (draft);
  compose->receipt = fields_flag (draft, "ask_receipt");
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *text = fields_joined (draft, names[i]);
    line_set (&compose->fields[FIELD_TO + i], text);
  }
  line_set (&compose->fields[FIELD_SUBJECT], fields_text (draft, "subject"));
  editor_set_text (compose->body, fields_text (draft, "body"));
  take_attachments (compose, draft, fds);
}

gboolean
compose_attach (struct compose *compose, const char *path, GError **error)
{
  g_autofree char *full = save_path (path, NULL), *base = g_path_get_basename (full);
  struct stat status;
  int fd = open (full, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0 || fstat (fd, &status) != 0 || !S_ISREG (status.st_mode)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s cannot be attached: %s.", full,
                 fd < 0 ? g_strerror (errno) : "it is not a file");
    if (fd >= 0)
      close (fd);
    return FALSE;
  }
  if (status.st_size > ATTACHMENT_MAX || compose->attached->len >= ATTACHMENTS_MAX) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s was not attached: at most %u files of 50 MB each can be.",
                 full, ATTACHMENTS_MAX);
    close (fd);
    return FALSE;
  }
  gboolean uncertain;
  g_autofree char *content = g_content_type_guess (base, NULL, 0, &uncertain);
  struct attached *attached = g_new0 (struct attached, 1);
  attached->filename = g_utf8_make_valid (base, -1);
  attached->type = uncertain ? NULL : g_content_type_get_mime_type (content);
  if (attached->type == NULL)
    attached->type = g_strdup ("application/octet-stream");
  attached->fd = fd;
  attached->size = (guint64) status.st_size;
  g_ptr_array_add (compose->attached, attached);
  compose_touched (compose);
  return TRUE;
}

gboolean
compose_attach_fd (struct compose *compose, const char *filename, const char *type, int fd_take)
{
  struct stat status;
  if (compose->attached->len >= ATTACHMENTS_MAX || fstat (fd_take, &status) != 0 || status.st_size > ATTACHMENT_MAX) {
    close (fd_take);
    return FALSE;
  }
  struct attached *attached = g_new0 (struct attached, 1);
  attached->filename = g_strdup (filename);
  attached->type = g_strdup (type);
  attached->fd = fd_take;
  attached->size = (guint64) status.st_size;
  g_ptr_array_add (compose->attached, attached);
  compose_touched (compose);
  return TRUE;
}

void
compose_detach_last (struct compose *compose)
{
  if (compose->attached->len == 0)
    return;
  g_ptr_array_remove_index (compose->attached, compose->attached->len - 1);
  compose_touched (compose);
}
