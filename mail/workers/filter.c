/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The filter worker: HTML and attachments to text, in a process of its own for each job, with no network, little memory and little time. For
 * HTML it can open no file at all; for the other kinds it can read the system's tables of charsets, and for a PDF start pdftotext; for a chain of
 * certificates it can read the system's authorities. What breaks the parser breaks this process and one paragraph on the screen. */
#include "mail/message/attachment.h"
#include "mail/message/html.h"
#include "mail/message/sanitise.h"
#include "mail/workers/filter_p.h"
#include "mail/workers/sandbox.h"
#include "mail/workers/worker.h"

#include <string.h>

#define MEMORY_BYTES (512u * 1024 * 1024)
#define CPU_S 5
#define DATA_MAX (64u * 1024 * 1024)

static void
filter_sandbox (GVariant *config, struct sandbox *sandbox)
{
  const char *job = "html";
  (void) g_variant_lookup (config, "job", "&s", &job);
  sandbox->exec = strcmp (job, "pdf") == 0;
  sandbox->system = strcmp (job, "chain") == 0                   ? SANDBOX_SYSTEM_ALL
                    : sandbox->exec || strcmp (job, "text") == 0 ? SANDBOX_SYSTEM_PROGRAMS
                                                                 : SANDBOX_SYSTEM_NOTHING;
  sandbox->memory_bytes = MEMORY_BYTES;
  sandbox->cpu_s = CPU_S;
}

static GVariant *
filter_start (struct worker *worker, GVariant *config, GError **error)
{
  return g_variant_new ("a{sv}", NULL);
}

/* Takes the text. */
static GVariant *
clean_reply (char *text_take)
{
  g_autofree char *text = text_take, *clean = sanitise (text, -1, SANITISE_TEXT);
  GVariantBuilder reply;
  g_variant_builder_init (&reply, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&reply, "{sv}", "text", g_variant_new_string (clean));
  return g_variant_builder_end (&reply);
}

static GVariant *
filter_html (struct worker *worker, GVariant *args, GError **error)
{
  g_autoptr (GVariant) html = g_variant_lookup_value (args, "html", G_VARIANT_TYPE_BYTESTRING);
  gsize size = 0;
  const char *bytes = g_variant_get_fixed_array (html, &size, 1);
  return clean_reply (html_to_text (bytes, size, 0));
}

static GVariant *
filter_text (struct worker *worker, GVariant *args, GError **error)
{
  guint32 kind = 0;
  const char *charset = NULL;
  int fd = worker_arg_fd (worker, args, "data");
  (void) g_variant_lookup (args, "kind", "u", &kind);
  (void) g_variant_lookup (args, "charset", "&s", &charset);
  if (fd < 0 || kind == ATTACHMENT_NONE || kind >= ATTACHMENT_KIND_COUNT) {
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_USAGE, "There is no safe way to show this attachment as text.");
    return NULL;
  }
  if (kind == ATTACHMENT_PDF) {
    char *pdf = attachment_pdf_text (fd, error);
    return pdf != NULL ? clean_reply (pdf) : NULL;
  }
  g_autoptr (GBytes) data = worker_read_fd (fd, DATA_MAX, error);
  if (data == NULL)
    return NULL;
  gsize size = 0;
  const char *bytes = g_bytes_get_data (data, &size);
  char *text = attachment_text ((enum attachment_kind) kind, bytes != NULL ? bytes : "", size, charset, error);
  return text != NULL ? clean_reply (text) : NULL;
}

static const struct worker_method methods[]
    = { { "html", filter_html }, { "text", filter_text },           { "chain", filter_chain },
        { "tnef", filter_tnef }, { "tnef_file", filter_tnef_file }, { NULL, NULL } };

const struct worker_role worker_role_filter = {
  .peer = PEER_FILTER,
  .methods = methods,
  .sandbox = filter_sandbox,
  .start = filter_start,
};
