/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The outbox's clock, and what follows once a server took a message: its record goes to Sent, its draft goes. */
#include "mail/engine/core.h"

#include <string.h>

struct filing {
  struct core_account *account;
  GVariant *rows;
  GUnixFDList *fds;
  gsize next;
  char *wanted;  /* id whose row is reported; NULL: none */
  GVariant *row; /* it */
  outbox_done_fn done;
  gpointer data;
};

static void filing_next (struct filing *filing);
static void filing_start (struct filing *filing);

static void
filing_end (struct filing *filing, const GError *error)
{
  struct core_account *account = filing->account;
  account->filing = FALSE;
  server_event (account->core->server, "outbox", NULL);
  if (filing->done != NULL)
    filing->done (filing->data, filing->row, error);
  g_clear_pointer (&filing->rows, g_variant_unref);
  g_clear_pointer (&filing->row, g_variant_unref);
  g_clear_object (&filing->fds);
  g_free (filing->wanted);
  g_free (filing);
  struct filing *waiting = account->filing ? NULL : g_queue_pop_head (&account->runs);
  if (waiting != NULL)
    filing_start (waiting);
}

static void
on_forgotten (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
}

/* The record is in Sent and in the index: the outbox may forget, and the draft it was made from may go. */
static void
on_filed_indexed (gpointer data, const GError *error)
{
  struct filing *filing = data;
  struct core_account *account = filing->account;
  g_autoptr (GVariant) row = g_variant_get_child_value (filing->rows, filing->next);
  const char *id = "", *draft = "", *message_id = "";
  (void) g_variant_lookup (row, "id", "&s", &id);
  (void) g_variant_lookup (row, "message_id", "&s", &message_id);
  (void) g_variant_lookup (row, "draft_path", "&s", &draft);
  supervised_call (account->smtp, "filed", g_variant_new_parsed ("{'id': <%s>}", id), NULL, NULL, on_forgotten, NULL);
  if (*draft != '\0') { /* the index forgets it when the imap worker says that it is gone */
    const char *paths[] = { draft, NULL }, *ids[] = { message_id, NULL };
    supervised_call (account->imap, "remove", g_variant_new_parsed ("{'paths': <%^as>}", paths), NULL, NULL,
                     on_forgotten, NULL);
    /* Record and draft are one message to the index where they have one Message-ID: it is a draft no more. */
    supervised_call (account->core->writer, "tag",
                     g_variant_new_parsed ("{'ids': <%^as>, 'add': <@as []>, 'remove': <['draft']>}", ids), NULL, NULL,
                     on_forgotten, NULL);
  }
  core_changed (account->core);
  filing->next++;
  filing_next (filing);
}

static void
on_appended (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct filing *filing = data;
  const char *path = "";
  if (error != NULL) {
    /* The outbox keeps the record, and it is filed with the next run. */
    g_autofree char *text
        = g_strdup_printf ("The message was sent, but its copy could not be put into Sent yet: %s", error->message);
    core_notice (filing->account->core, text);
    filing->next++;
    filing_next (filing);
    return;
  }
  (void) g_variant_lookup (reply, "path", "&s", &path);
  arrive_own (filing->account->core, path, (const char *const[]){ "sent", NULL }, on_filed_indexed, filing);
}

static void
append_record (struct filing *filing, gint32 handle)
{
  gint count = 0;
  const int *list = g_unix_fd_list_peek_fds (filing->fds, &count);
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  (void) g_unix_fd_list_append (fds, list[handle], NULL);
  supervised_call (filing->account->imap, "append",
                   g_variant_new_parsed ("{'role': <'sent'>, 'data': <handle 0>, 'flags': <['seen']>}"), fds, NULL,
                   on_appended, filing);
}

/* A crash after the record was stored and before the outbox heard of it must not store it twice. */
static void
on_looked_for (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct filing *filing = data;
  g_autoptr (GVariant) row = g_variant_get_child_value (filing->rows, filing->next);
  gint32 handle = -1;
  (void) g_variant_lookup (row, "sent", "h", &handle);
  g_autoptr (GVariant) rows = error == NULL ? core_rows (reply, "rows") : NULL;
  if (rows != NULL && g_variant_n_children (rows) > 0) {
    g_autoptr (GVariant) known = g_variant_get_child_value (rows, 0);
    g_autofree const char **tags = NULL;
    (void) g_variant_lookup (known, "tags", "^a&s", &tags);
    if (tags != NULL && g_strv_contains (tags, "sent")) {
      on_filed_indexed (filing, NULL);
      return;
    }
  }
  append_record (filing, handle);
}

static void
filing_next (struct filing *filing)
{
  for (; filing->next < g_variant_n_children (filing->rows); filing->next++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (filing->rows, filing->next);
    const char *id = "", *state = "", *message_id = "";
    gint32 handle = -1;
    (void) g_variant_lookup (row, "id", "&s", &id);
    (void) g_variant_lookup (row, "state", "&s", &state);
    (void) g_variant_lookup (row, "message_id", "&s", &message_id);
    if (filing->wanted != NULL && strcmp (id, filing->wanted) == 0 && filing->row == NULL)
      filing->row = g_variant_ref (row);
    gint count = filing->fds != NULL ? g_unix_fd_list_get_length (filing->fds) : 0;
    if (strcmp (state, "accepted") != 0 || !g_variant_lookup (row, "sent", "h", &handle) || handle < 0
        || handle >= count)
      continue;
    const char *ids[] = { message_id, NULL };
    supervised_call (filing->account->core->reader, "find", g_variant_new_parsed ("{'ids': <%^as>}", ids), NULL, NULL,
                     on_looked_for, filing);
    return;
  }
  filing_end (filing, NULL);
}

static void
on_run (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct filing *filing = data;
  if (error != NULL) {
    filing_end (filing, error);
    return;
  }
  filing->rows = core_rows (reply, "rows");
  filing->fds = fds != NULL ? g_object_ref (fds) : NULL;
  filing_next (filing);
}

static void
filing_start (struct filing *filing)
{
  filing->account->filing = TRUE;
  supervised_call (filing->account->smtp, "run",
                   filing->wanted != NULL ? g_variant_new_parsed ("{'id': <%s>}", filing->wanted) : NULL, NULL, NULL,
                   on_run, filing);
}

void
outbox_run (struct core_account *account, const char *id_or_null, outbox_done_fn done, gpointer data)
{
  struct filing *filing = g_new0 (struct filing, 1);
  filing->account = account;
  filing->wanted = g_strdup (id_or_null);
  filing->done = done;
  filing->data = data;
  if (account->filing)
    g_queue_push_tail (&account->runs, filing);
  else
    filing_start (filing);
}

/* ---- the list ---- */

struct listing {
  struct core *core;
  struct request *request;
  guint next;
  GVariantBuilder rows;
};

static void
on_listed (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct listing *listing = data;
  g_autoptr (GVariant) rows = reply != NULL ? core_rows (reply, "rows") : NULL;
  for (gsize i = 0; rows != NULL && i < g_variant_n_children (rows); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
    g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (row);
    g_variant_dict_remove (&dict, "sent");
    g_variant_builder_add (&listing->rows, "@a{sv}", g_variant_dict_end (&dict));
  }
  if (listing->next < listing->core->accounts->len) {
    struct core_account *account = g_ptr_array_index (listing->core->accounts, listing->next++);
    supervised_call (account->smtp, "list", NULL, NULL, NULL, on_listed, listing);
    return;
  }
  request_reply (listing->request,
                 g_variant_new_parsed ("{'rows': <%@aa{sv}>}", g_variant_builder_end (&listing->rows)), NULL);
  request_unref (listing->request);
  g_free (listing);
}

void
flow_outbox (struct core *core, struct request *request)
{
  struct listing *listing = g_new0 (struct listing, 1);
  listing->core = core;
  listing->request = request_ref (request);
  g_variant_builder_init (&listing->rows, G_VARIANT_TYPE ("aa{sv}"));
  on_listed (NULL, NULL, NULL, listing);
}

struct retry {
  struct core *core;
  struct request *request;
  guint next;
};

static void
on_retried (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct retry *retry = data;
  if (reply != NULL) {
    outbox_run (g_ptr_array_index (retry->core->accounts, retry->next - 1), NULL, NULL, NULL);
    request_reply (retry->request, NULL, NULL);
  } else if (retry->next < retry->core->accounts->len) { /* not of that account */
    struct core_account *account = g_ptr_array_index (retry->core->accounts, retry->next++);
    supervised_call (account->smtp, "retry", retry->request->fields, NULL, NULL, on_retried, retry);
    return;
  } else if (error != NULL) {
    request_fail (retry->request, error);
  } else {
    request_fail_text (retry->request, ENGINE_ERROR_NOT_FOUND, "The outbox has no such message.");
  }
  request_unref (retry->request);
  g_free (retry);
}

void
flow_outbox_retry (struct core *core, struct request *request)
{
  struct retry *retry = g_new0 (struct retry, 1);
  retry->core = core;
  retry->request = request_ref (request);
  on_retried (NULL, NULL, NULL, retry);
}
