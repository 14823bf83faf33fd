/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* See working.h. */
#include "mail/engine/working.h"

#include <string.h>

#define SILENT_S 5

static void
tell (struct request *request, const char *stage, GVariant *fields)
{
  g_autoptr (GVariant) draft = g_variant_lookup_value (request->fields, "draft", G_VARIANT_TYPE_VARDICT);
  const char *message_id = "";
  guint64 done = 0, total = 0;
  if (draft != NULL)
    (void) g_variant_lookup (draft, "message_id", "&s", &message_id);
  (void) g_variant_lookup (fields, "done", "t", &done);
  (void) g_variant_lookup (fields, "total", "t", &total);
  request_event (request, "working",
                 g_variant_new_parsed ("{'message_id': <%s>, 'stage': <%s>, 'done': <%t>, 'total': <%t>}", message_id,
                                       stage, done, total));
}

void
working_keys_event (gpointer owner, const char *event, GVariant *fields)
{
  const struct core *core = owner;
  struct request *request = supervised_origin (core->keys);
  if (strcmp (event, "working") == 0 && request != NULL)
    tell (request, "encrypting", fields);
}

static gboolean
on_silence (gpointer data)
{
  struct core_account *account = data;
  g_autofree char *text = g_strdup_printf ("Waiting for %s to answer…", account->account->smtp_host);
  account->silence_timer = 0;
  core_good_news (account->core, text);
  server_event (account->core->server, "outbox", NULL); /* it says so, too */
  return G_SOURCE_REMOVE;
}

void
working_run_begun (struct core_account *account)
{
  g_clear_handle_id (&account->silence_timer, g_source_remove);
  account->silence_timer = g_timeout_add_seconds (SILENT_S, on_silence, account);
}

void
working_run_over (struct core_account *account)
{
  g_clear_handle_id (&account->silence_timer, g_source_remove);
}

void
working_smtp_event (gpointer owner, const char *event, GVariant *fields)
{
  struct core_account *account = owner;
  const char *id = "";
  if (strcmp (event, "working") == 0 && account->silence_timer != 0)
    working_run_begun (account);
  (void) g_variant_lookup (fields, "id", "&s", &id);
  struct request *request = strcmp (event, "working") == 0 ? g_hash_table_lookup (account->watchers, id) : NULL;
  if (request != NULL)
    tell (request, "sending", fields);
}

void
working_watch (struct core_account *account, const char *id, struct request *request_or_null)
{
  if (request_or_null != NULL)
    g_hash_table_insert (account->watchers, g_strdup (id), request_ref (request_or_null));
  else
    g_hash_table_remove (account->watchers, id);
}
