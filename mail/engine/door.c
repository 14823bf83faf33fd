/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The engine's methods: which flow, or which worker, answers each. See core.h. */
#include "mail/engine/anew.h"

#include <string.h>
#include <unistd.h>

struct forward {
  struct core *core;
  struct request *request;
};

static void
on_forwarded (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct forward *forward = data;
  if (error != NULL)
    request_fail (forward->request, error);
  else
    request_reply (forward->request, reply, fds);
  request_unref (forward->request);
  g_free (forward);
}

/* The worker's method has the same name and the same fields. */
static void
forward (struct core *core, struct supervised *worker, struct request *request)
{
  struct forward *forward = g_new0 (struct forward, 1);
  forward->core = core;
  forward->request = request_ref (request);
  supervised_call (worker, request->method, request->fields, request->fds, forward->request, on_forwarded, forward);
}

static void
forward_keys (struct core *core, struct request *request)
{
  forward (core, core->keys, request);
}

static void
forward_reader (struct core *core, struct request *request)
{
  forward (core, core->reader, request);
}

static void
forward_lookup (struct core *core, struct request *request)
{
  forward (core, core->lookup, request);
}

static void
hello (struct core *core, struct request *request)
{
  request_reply (request, g_variant_new_parsed ("{'version': <%s>, 'pid': <%u>}", PACKAGE_VERSION, (guint32) getpid ()),
                 NULL);
}

static const struct {
  const char *name;
  void (*run) (struct core *core, struct request *request);
  gboolean always; /* answered even while a settings file is broken */
} methods[] = {
  { "hello", hello, TRUE },
  { "status", flow_status, TRUE },
  { "reload", flow_reload, TRUE },
  { "account_secret", flow_account_secret, FALSE },
  { "account_forget", flow_account_forget, FALSE },
  { "account_test", flow_account_test, FALSE },
  { "discover", forward_lookup, TRUE },
  { "folders", flow_folders, FALSE },
  { "folder", flow_folder, FALSE },
  { "threads", forward_reader, FALSE },
  { "thread", forward_reader, FALSE },
  { "count", forward_reader, FALSE },
  { "tag", flow_tag, FALSE },
  { "change", flow_change, FALSE },
  { "show", flow_show, FALSE },
  { "part", flow_part, FALSE },
  { "part_text", flow_part_text, FALSE },
  { "reply", flow_reply, FALSE },
  { "routes", flow_routes, FALSE },
  { "send", flow_send, FALSE },
  { "tell", flow_tell, FALSE },
  { "draft_save", flow_draft_save, FALSE },
  { "draft_drop", flow_draft_drop, FALSE },
  { "draft_open", flow_draft_open, FALSE },
  { "draft_parse", forward_keys, FALSE },
  { "outbox", flow_outbox, FALSE },
  { "outbox_decide", flow_outbox_decide, FALSE },
  { "outbox_edit", flow_outbox_edit, FALSE },
  { "delivery", flow_delivery, FALSE },
  { "receipt", flow_receipt, FALSE },
  { "sync", flow_sync, FALSE },
  { "import", flow_import, FALSE },
  { "reindex", anew_request, FALSE },
  { "key_import", forward_keys, FALSE },
  { "key_list", forward_keys, FALSE },
  { "key_trust", forward_keys, FALSE },
  { "card_add", forward_keys, FALSE },
  { "key_notices", forward_keys, FALSE },
  { "key_new", forward_keys, FALSE },
  { "key_requests", forward_keys, FALSE },
  { "key_request_drop", forward_keys, FALSE },
  { "key_export", forward_keys, FALSE },
  { "key_renew", forward_keys, FALSE },
  { "key_revoke", forward_keys, FALSE },
  { "key_backup", forward_keys, FALSE },
  { "key_backup_done", forward_keys, FALSE },
  { "key_restore", forward_keys, FALSE },
  { "ca_import", forward_keys, FALSE },
  { "cert_check", flow_cert_check, TRUE },
};

void
door_request (gpointer data, struct request *request)
{
  struct core *core = data;
  for (gsize i = 0; i < G_N_ELEMENTS (methods); i++) {
    if (strcmp (methods[i].name, request->method) != 0)
      continue;
    if (core->closed && !methods[i].always && !core_load_edited (core))
      request_fail (request, core->unread);
    else
      methods[i].run (core, request);
    return;
  }
  request_fail_text (request, ENGINE_ERROR_USAGE, "The engine has no method “%s”.", request->method);
}
