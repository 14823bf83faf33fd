/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* An attachment as text at the door: the keys worker hands out the part, a filter of its own makes text of it, and dies. */
#include "mail/engine/core.h"

#include "mail/message/attachment.h"

struct showing {
  struct request *request;
  char *filename, *type, *warning;
  struct supervised *filter;
  const char *job;
};

static gboolean
free_filter (gpointer data)
{
  supervised_free (data);
  return G_SOURCE_REMOVE;
}

static void
showing_free (struct showing *showing)
{
  if (showing->filter != NULL)
    g_idle_add (free_filter, showing->filter); /* not from within its own call */
  request_unref (showing->request);
  g_free (showing->filename);
  g_free (showing->type);
  g_free (showing->warning);
  g_free (showing);
}

/* A filter that was stopped or died says nothing of its own that helps a reader. */
static void
fail (struct showing *showing, const GError *error)
{
  gboolean own
      = error->domain == ENGINE_ERROR && (error->code == ENGINE_ERROR_FAILED || error->code == ENGINE_ERROR_USAGE);
  if (own)
    request_fail (showing->request, error);
  else
    request_fail_text (
        showing->request, ENGINE_ERROR_FAILED, "%s",
        "This attachment took too long, or broke what reads it, so it was stopped and is not shown. Save it "
        "only if you know why it was sent.");
}

static void
on_text (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct showing *showing = data;
  const char *text = "";
  if (error != NULL)
    fail (showing, error);
  else {
    GVariantDict answer;
    (void) g_variant_lookup (reply, "text", "&s", &text);
    g_variant_dict_init (&answer, NULL);
    g_variant_dict_insert (&answer, "text", "s", text);
    g_variant_dict_insert (&answer, "filename", "s", showing->filename);
    g_variant_dict_insert (&answer, "type", "s", showing->type);
    if (showing->warning != NULL)
      g_variant_dict_insert (&answer, "warning", "s", showing->warning);
    request_reply (showing->request, g_variant_dict_end (&answer), NULL);
  }
  showing_free (showing);
}

static GVariant *
start_filter (gpointer owner, GError **error)
{
  return g_variant_new_parsed ("{'job': <%s>}", ((struct showing *) owner)->job);
}

void
flow_part_show (struct request *request, GVariant *part, GUnixFDList *fds)
{
  static const struct supervised_hooks hooks = { .start = start_filter };
  struct showing *showing = g_new0 (struct showing, 1);
  const char *charset = NULL;
  gint32 handle = -1;
  showing->request = request_ref (request);
  (void) g_variant_lookup (part, "filename", "s", &showing->filename);
  (void) g_variant_lookup (part, "type", "s", &showing->type);
  (void) g_variant_lookup (part, "warning", "s", &showing->warning);
  (void) g_variant_lookup (part, "charset", "&s", &charset);
  enum attachment_kind kind = attachment_kind (showing->type, showing->filename);
  if (kind == ATTACHMENT_NONE || fds == NULL || !g_variant_lookup (part, "data", "h", &handle)) {
    request_fail_text (request, ENGINE_ERROR_FAILED,
                       "There is no safe way to show this kind of file (%s) as text. It can be saved.", showing->type);
    showing_free (showing);
    return;
  }
  showing->job = kind == ATTACHMENT_PDF ? "pdf" : "text";
  showing->filter = supervised_new (PEER_FILTER, "filter", "The part that reads attachments", &hooks, showing);
  GVariantDict args;
  g_variant_dict_init (&args, NULL);
  g_variant_dict_insert_value (&args, "data", g_variant_new_handle (handle));
  g_variant_dict_insert (&args, "kind", "u", (guint32) kind);
  if (charset != NULL)
    g_variant_dict_insert (&args, "charset", "s", charset);
  supervised_call (showing->filter, "text", g_variant_dict_end (&args), fds, NULL, on_text, showing);
}
