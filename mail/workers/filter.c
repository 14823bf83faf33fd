/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The filter worker: HTML to text, in a process of its own for each job, with no files, no network, little memory and little time. What
 * breaks the parser breaks this process and one paragraph on the screen. */
#include "mail/message/html.h"
#include "mail/message/sanitise.h"
#include "mail/workers/sandbox.h"
#include "mail/workers/worker.h"

#define MEMORY_BYTES (512u * 1024 * 1024)
#define CPU_S 5

static void
filter_sandbox (GVariant *config, struct sandbox *sandbox)
{
  sandbox->memory_bytes = MEMORY_BYTES;
  sandbox->cpu_s = CPU_S;
}

static GVariant *
filter_start (struct worker *worker, GVariant *config, GError **error)
{
  return g_variant_new ("a{sv}", NULL);
}

static GVariant *
filter_html (struct worker *worker, GVariant *args, GError **error)
{
  g_autoptr (GVariant) html = g_variant_lookup_value (args, "html", G_VARIANT_TYPE_BYTESTRING);
  gsize size = 0;
  const char *bytes = g_variant_get_fixed_array (html, &size, 1);
  g_autofree char *text = html_to_text (bytes, size, 0);
  g_autofree char *clean = sanitise (text, -1, SANITISE_TEXT);
  GVariantBuilder reply;
  g_variant_builder_init (&reply, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&reply, "{sv}", "text", g_variant_new_string (clean));
  return g_variant_builder_end (&reply);
}

static const struct worker_method methods[] = { { "html", filter_html }, { NULL, NULL } };

const struct worker_role worker_role_filter = {
  .peer = PEER_FILTER,
  .methods = methods,
  .sandbox = filter_sandbox,
  .start = filter_start,
};
