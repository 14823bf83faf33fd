/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The outbox at the door: the list of all accounts, and what a person decides about one message of it. */
#include "mail/engine/core.h"

#include <string.h>

/* ---- the list ---- */

#define SUBJECTS_MS 1500 /* so long a list waits for subjects that must be read; then they come with the next one */

struct listing {
  struct core *core;
  struct request *request; /* NULL: it was answered */
  guint next;
  GPtrArray *rows; /* GVariant * */
  guint timer;
};

/* What is of no use outside. */
static GVariant *
door_row (GVariant *row, const char *account)
{
  static const char *const inner[] = { "sent", "draft_path", "tried", "unchecked" };
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (row);
  for (gsize i = 0; i < G_N_ELEMENTS (inner); i++)
    g_variant_dict_remove (&dict, inner[i]);
  g_variant_dict_insert (&dict, "account", "s", account);
  return g_variant_dict_end (&dict);
}

static void
answer (struct listing *listing)
{
  GVariantBuilder rows;
  g_variant_builder_init (&rows, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < listing->rows->len; i++) {
    GVariant *row = g_ptr_array_index (listing->rows, i);
    const char *id = "", *subject;
    (void) g_variant_lookup (row, "id", "&s", &id);
    subject = outbox_subject_of (listing->core, id);
    g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (row);
    if (subject != NULL && *subject != '\0')
      g_variant_dict_insert (&dict, "subject", "s", subject);
    g_variant_builder_add (&rows, "@a{sv}", g_variant_dict_end (&dict));
  }
  request_reply (listing->request, g_variant_new_parsed ("{'rows': <%@aa{sv}>}", g_variant_builder_end (&rows)), NULL);
  g_clear_pointer (&listing->request, request_unref);
}

static void
listing_free (struct listing *listing)
{
  g_clear_handle_id (&listing->timer, g_source_remove);
  g_ptr_array_unref (listing->rows);
  g_free (listing);
}

static void
on_subjects (gpointer data)
{
  struct listing *listing = data;
  if (listing->request != NULL)
    answer (listing);
  else /* whoever looks at the list asks for it again */
    server_event (listing->core->server, "outbox", NULL);
  listing_free (listing);
}

static gboolean
on_too_long (gpointer data)
{
  struct listing *listing = data;
  listing->timer = 0;
  answer (listing);
  return G_SOURCE_REMOVE;
}

static void
on_listed (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct listing *listing = data;
  g_autoptr (GVariant) rows = reply != NULL ? core_rows (reply, "rows") : NULL;
  for (gsize i = 0; rows != NULL && i < g_variant_n_children (rows); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
    const struct core_account *account = g_ptr_array_index (listing->core->accounts, listing->next - 1);
    g_ptr_array_add (listing->rows, g_variant_ref_sink (door_row (row, account->account->name)));
  }
  if (listing->next < listing->core->accounts->len) {
    struct core_account *account = g_ptr_array_index (listing->core->accounts, listing->next++);
    supervised_call (account->smtp, "list", NULL, NULL, NULL, on_listed, listing);
    return;
  }
  g_autoptr (GVariant) all = g_variant_ref_sink (
      g_variant_new_array (G_VARIANT_TYPE_VARDICT, (GVariant *const *) listing->rows->pdata, listing->rows->len));
  listing->timer = g_timeout_add (SUBJECTS_MS, on_too_long, listing);
  if (!outbox_subject_read (listing->core, all, on_subjects, listing)) {
    answer (listing);
    listing_free (listing);
  }
}

void
flow_outbox (struct core *core, struct request *request)
{
  struct listing *listing = g_new0 (struct listing, 1);
  listing->core = core;
  listing->request = request_ref (request);
  listing->rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  on_listed (NULL, NULL, NULL, listing);
}

/* ---- deciding ---- */

struct deciding {
  struct core *core;
  struct request *request;
  struct core_account *account; /* whose outbox it may be in */
  guint next;
  const char *id, *what;
  void (*ask) (struct deciding *deciding); /* what the accounts are asked, one after the other */
};

static void
deciding_end (struct deciding *deciding, const GError *error, const char *text, gboolean gone)
{
  if (error != NULL)
    request_fail (deciding->request, error);
  else
    request_reply (deciding->request, g_variant_new_parsed ("{'text': <%s>, 'gone': <%b>}", text, gone), NULL);
  server_event (deciding->core->server, "outbox", NULL);
  deciding->core->busy--;
  request_unref (deciding->request);
  g_free (deciding);
}

/* It is not in that account's outbox: the next one. FALSE: there is none left, or it went wrong in another way. */
static gboolean
next_account (struct deciding *deciding, const GError *error)
{
  if (!g_error_matches (error, ENGINE_ERROR, ENGINE_ERROR_NOT_FOUND) || deciding->next >= deciding->core->accounts->len)
    return FALSE;
  deciding->account = g_ptr_array_index (deciding->core->accounts, deciding->next++);
  deciding->ask (deciding);
  return TRUE;
}

static const char *
words_for (const char *what, gboolean gone)
{
  static const char *const words[][2] = {
    { "retry", "It is sent now." },
    { "arrived", "Noted: it arrived. It goes to Sent." },
    { "stop", "Stopped. It waits in the Outbox until you send it, go on writing, or remove it." },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    if (strcmp (what, words[i][0]) == 0)
      return words[i][1];
  return gone ? "Nothing was sent to anybody; it is in the Outbox no more."
              : "Who has not got it will not get it. The server took it for the others; for them it is in Sent.";
}

static void
on_decided (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct deciding *deciding = data;
  gboolean gone = FALSE;
  if (error != NULL && next_account (deciding, error))
    return;
  if (error == NULL) {
    (void) g_variant_lookup (reply, "gone", "b", &gone);
    /* Send it, or file what was sent of it. */
    if (!gone)
      outbox_run (deciding->account, strcmp (deciding->what, "retry") == 0 ? deciding->id : NULL, "", NULL, NULL);
  }
  deciding_end (deciding, error, words_for (deciding->what, gone), gone);
}

static void
decide (struct deciding *deciding)
{
  supervised_call (deciding->account->smtp, "decide",
                   g_variant_new_parsed ("{'id': <%s>, 'what': <%s>}", deciding->id, deciding->what), NULL, NULL,
                   on_decided, deciding);
}

static void
on_stopped_run (gpointer data, GVariant *row_or_null, const GError *error)
{
  deciding_end (data, NULL, words_for ("stop", FALSE), FALSE);
}

/* What a run is at stops when that run ends; the next one waits for it. */
static void
on_stopped (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct deciding *deciding = data;
  if (error != NULL) {
    if (!next_account (deciding, error))
      deciding_end (deciding, error, "", FALSE);
    return;
  }
  gboolean under_way = FALSE;
  (void) g_variant_lookup (reply, "under_way", "b", &under_way);
  if (under_way)
    outbox_run (deciding->account, NULL, "", on_stopped_run, deciding);
  else
    on_stopped_run (deciding, NULL, NULL);
}

static void
stop (struct deciding *deciding)
{
  supervised_call (deciding->account->smtp, "stop", g_variant_new_parsed ("{'id': <%s>}", deciding->id), NULL, NULL,
                   on_stopped, deciding);
}

void
flow_outbox_decide (struct core *core, struct request *request)
{
  static const char *const known[] = { "retry", "arrived", "remove", "stop", "take-back", NULL };
  const char *what = "", *id = "";
  (void) g_variant_lookup (request->fields, "what", "&s", &what);
  (void) g_variant_lookup (request->fields, "id", "&s", &id);
  if (!g_strv_contains (known, what)) {
    request_fail_text (request, ENGINE_ERROR_USAGE, "Nobody can decide “%s” about a message.", what);
    return;
  }
  if (strcmp (what, "take-back") == 0) {
    flow_outbox_take_back (core, request);
    return;
  }
  struct deciding *deciding = g_new0 (struct deciding, 1);
  deciding->core = core;
  deciding->request = request_ref (request);
  deciding->id = id;
  deciding->what = what;
  deciding->ask = strcmp (what, "stop") == 0 ? stop : decide;
  core->busy++;
  g_autoptr (GError) none
      = g_error_new_literal (ENGINE_ERROR, ENGINE_ERROR_NOT_FOUND, "The outbox has no such message.");
  if (!next_account (deciding, none))
    deciding_end (deciding, none, "", FALSE);
}
