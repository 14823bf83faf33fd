/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading at the door: show a message, answer or forward it, hand out its parts, open a draft. */
#include "mail/engine/reading.h"

#include "mail/engine/unpack.h"
#include "mail/message/message.h"
#include "mail/message/receipt.h"

/* Own addresses; ends with NULL; borrowed. */
static GPtrArray *
own_addresses (struct core *core)
{
  GPtrArray *own = g_ptr_array_new ();
  g_ptr_array_add (own, (gpointer) core_own_address (core));
  for (guint i = 0; i < core->accounts->len; i++)
    g_ptr_array_add (own, ((struct core_account *) g_ptr_array_index (core->accounts, i))->account->address);
  g_ptr_array_add (own, NULL);
  return own;
}

/* NULL: nobody asks for a receipt, or the mail is none of the index, which could not remember the answer. */
static GVariant *
receipt_of (struct reading *reading, GVariant *view)
{
  if (reading->tags == NULL || reading->account == NULL || reading->origin == NULL || reading->missing != NULL)
    return NULL;
  g_autoptr (GPtrArray) own = own_addresses (reading->core);
  const enum receipt_policy policy
      = reading->core->policy != NULL ? (enum receipt_policy) reading->core->policy->receipts : RECEIPT_NEVER;
  return receipt_asked (view, reading->origin, (const char *const *) reading->tags, (const char *const *) own->pdata,
                        policy);
}

static void
receipt_finished (struct reading *reading, GVariant *view)
{
  GVariant *asked = receipt_of (reading, view);
  receipt_answer (reading->core, reading->account, reading->request, view,
                  asked != NULL ? asked
                                : g_variant_new_parsed ("{'state': <'never'>, 'to': <''>, 'text': <'Nobody asks for a "
                                                        "receipt of this message. None was sent.'>}"));
  reading_free (reading);
}

void
flow_receipt (struct core *core, struct request *request)
{
  struct reading *reading = reading_new (core, request, reading_inspect);
  reading->finished = receipt_finished;
  reading_locate (reading);
}

/* ---- show ---- */

static void
show_reply (gpointer data, GVariant *view)
{
  struct reading *reading = data;
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (view);
  GVariant *asked = receipt_of (reading, view);
  if (asked != NULL)
    g_variant_dict_insert_value (&dict, "receipt", asked);
  request_reply (reading->request, g_variant_new_parsed ("{'view': <%@a{sv}>}", g_variant_dict_end (&dict)), NULL);
  reading_free (reading);
}

static void
show_finished (struct reading *reading, GVariant *view)
{
  flow_caution_add (reading->core, reading->request, view, reading->origin, show_reply, reading);
}

void
flow_show (struct core *core, struct request *request)
{
  struct reading *reading = reading_new (core, request, reading_inspect);
  reading->finished = show_finished;
  reading->shows = TRUE;
  reading_locate (reading);
}

/* ---- reply, forward ---- */

/* The draft with its attachments, and with a line where some of them stayed behind. */
static void
forward_end (struct reading *reading)
{
  g_auto (GVariantDict) draft = G_VARIANT_DICT_INIT (reading->draft);
  const char *body = "";
  (void) g_variant_dict_lookup (&draft, "body", "&s", &body);
  if (reading->left_behind > 0) {
    g_autofree char *told = g_strdup_printf ("%s\n[%u attachment%s of this message could not be forwarded.]\n", body,
                                             reading->left_behind, reading->left_behind == 1 ? "" : "s");
    g_variant_dict_insert (&draft, "body", "s", told);
  }
  g_variant_dict_insert_value (&draft, "attachments", g_variant_builder_end (&reading->attachments));
  g_variant_builder_init (&reading->attachments, G_VARIANT_TYPE ("a(ssh)"));
  request_reply (reading->request, g_variant_new_parsed ("{'draft': <%@a{sv}>}", g_variant_dict_end (&draft)),
                 reading->attached);
  reading_free (reading);
}

static void carry_next (struct reading *reading);

static void
on_carried (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct reading *reading = data;
  const char *filename = "", *type = "";
  gint32 handle = -1;
  int fd = -1;
  if (error == NULL && fds != NULL && g_variant_lookup (reply, "data", "h", &handle) && handle >= 0
      && handle < g_unix_fd_list_get_length (fds))
    fd = g_unix_fd_list_peek_fds (fds, NULL)[handle];
  int at = fd >= 0 ? g_unix_fd_list_append (reading->attached, fd, NULL) : -1;
  if (at >= 0) {
    (void) g_variant_lookup (reply, "filename", "&s", &filename);
    (void) g_variant_lookup (reply, "type", "&s", &type);
    g_variant_builder_add (&reading->attachments, "(ssh)", filename, type, at);
  } else {
    reading->left_behind++;
  }
  carry_next (reading);
}

static void
carry_next (struct reading *reading)
{
  if (reading->carried_next >= reading->carried->len) {
    forward_end (reading);
    return;
  }
  g_autoptr (GUnixFDList) fds = NULL;
  const char *part = g_ptr_array_index (reading->carried, reading->carried_next++);
  GVariant *fields = reading_part_fields (reading, part, &fds);
  supervised_call (reading->core->keys, "part", fields, fds, reading->request, on_carried, reading);
}

static void
reply_finished (struct reading *reading, GVariant *view)
{
  gboolean all = FALSE, forward = FALSE;
  (void) g_variant_lookup (reading->request->fields, "all", "b", &all);
  (void) g_variant_lookup (reading->request->fields, "forward", "b", &forward);
  g_autoptr (GPtrArray) own = own_addresses (reading->core);
  GVariant *draft = message_reply (view, (const char *const *) own->pdata, all, forward);
  if (forward) {
    reading->draft = g_variant_ref_sink (draft);
    reading->carried = message_forward_parts (view, &reading->left_behind);
    reading->attached = g_unix_fd_list_new ();
    g_variant_builder_init (&reading->attachments, G_VARIANT_TYPE ("a(ssh)"));
    carry_next (reading);
    return;
  }
  request_reply (reading->request, g_variant_new_parsed ("{'draft': <%@a{sv}>}", draft), NULL);
  reading_free (reading);
}

void
flow_reply (struct core *core, struct request *request)
{
  struct reading *reading = reading_new (core, request, reading_inspect);
  reading->finished = reply_finished;
  reading_locate (reading);
}

/* ---- one part, or a draft ---- */

static void
on_passed_on (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct reading *reading = data;
  if (error != NULL) {
    reading_fail (reading, error);
    return;
  }
  request_reply (reading->request, reply, fds);
  reading_free (reading);
}

static void
on_part (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct reading *reading = data;
  if (error == NULL && reading->which > 0)
    unpack_file (reply, fds, reading->which, reading->handed_out, reading);
  else
    reading->handed_out (reply, fds, error, reading);
}

static void
ask_part (struct reading *reading, int fd, supervised_done_fn handed_out)
{
  const char *part = "";
  g_autofree char *container = NULL;
  (void) g_variant_lookup (reading->request->fields, "part", "&s", &part);
  reading->handed_out = handed_out;
  if (unpack_is_file (part, &container, &reading->which))
    part = container;
  g_autoptr (GUnixFDList) fds = NULL;
  GVariant *fields = reading_message_fields (reading, fd, part, &fds);
  supervised_call (reading->core->keys, "part", fields, fds, reading->request, on_part, reading);
}

static void
part_opened (struct reading *reading, int fd)
{
  ask_part (reading, fd, on_passed_on);
}

void
flow_part (struct core *core, struct request *request)
{
  reading_locate (reading_new (core, request, part_opened));
}

static void
on_part_for_text (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct reading *reading = data;
  if (error != NULL) {
    reading_fail (reading, error);
    return;
  }
  flow_part_show (reading->request, reply, fds);
  reading_free (reading);
}

static void
part_text_opened (struct reading *reading, int fd)
{
  ask_part (reading, fd, on_part_for_text);
}

void
flow_part_text (struct core *core, struct request *request)
{
  reading_locate (reading_new (core, request, part_text_opened));
}

static void
draft_opened (struct reading *reading, int fd)
{
  g_autoptr (GUnixFDList) fds = NULL;
  GVariant *fields = reading_message_fields (reading, fd, NULL, &fds);
  supervised_call (reading->core->keys, "draft_parse", fields, fds, reading->request, on_passed_on, reading);
}

void
flow_draft_open (struct core *core, struct request *request)
{
  reading_locate (reading_new (core, request, draft_opened));
}
