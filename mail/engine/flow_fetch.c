/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The body of a mail of which only the header is here, for somebody who opens it: one at a time an account, the latest wish first. Who
 * waits is answered in time, with a sentence if need be; what was begun goes on, and "changed" tells that it came. */
#include "mail/engine/core.h"

#include <string.h>

#include "mail/engine/pace.h"

#define WAITING_MAX 20 /* wishes of one account; the oldest are given up */

struct waiter {
  struct fetch *fetch;
  fetch_done_fn done;
  gpointer data;
  guint timer;
};

struct fetch {
  struct core_account *account;
  struct request *request; /* of the first who asked */
  char *path;
  GPtrArray *waiters; /* struct waiter * */
  gboolean told;      /* somebody was told that it is on its way, and looks no more */
};

static void next_fetch (struct core_account *account);

/* Calls back: the list may change meanwhile. */
static void
waiter_end (struct waiter *waiter, const char *path_or_null, const char *sentence)
{
  g_clear_handle_id (&waiter->timer, g_source_remove);
  waiter->done (waiter->data, path_or_null, sentence);
  g_free (waiter);
}

static void
fetch_end (struct fetch *fetch, const char *path_or_null, const char *sentence)
{
  while (fetch->waiters->len > 0)
    waiter_end (g_ptr_array_steal_index (fetch->waiters, 0), path_or_null, sentence);
  if (path_or_null == NULL && fetch->told)
    core_notice (fetch->account->core, sentence);
  g_ptr_array_unref (fetch->waiters);
  request_unref (fetch->request);
  g_free (fetch->path);
  g_free (fetch);
}

static char *
why_not (const GError *error)
{
  static const char here[] = "Only sender and subject of this message are here";
  switch (error->code) {
  case ENGINE_ERROR_NETWORK:
  case ENGINE_ERROR_LOST:
  case ENGINE_ERROR_TIMEOUT:
    return g_strdup_printf ("%s, and the server cannot be reached. Open the message again when there is a connection.",
                            here);
  case ENGINE_ERROR_SIGN_IN:
  case ENGINE_ERROR_TLS:
    return g_strdup_printf ("%s, and its text could not be fetched: %s", here, error->message);
  case ENGINE_ERROR_NOT_FOUND:
    return g_strdup (error->message);
  default:
    return g_strdup_printf ("%s, since its text could not be fetched: %s", here, error->message);
  }
}

/* NULL: it is here. */
static char *
why_not_here (GVariant *reply)
{
  const char *state = "";
  guint64 size = 0;
  (void) g_variant_lookup (reply, "state", "&s", &state);
  (void) g_variant_lookup (reply, "size", "t", &size);
  if (strcmp (state, "large") == 0)
    return g_strdup_printf ("This message has %" G_GUINT64_FORMAT
                            " MB, more than wardmail fetches. It stays on the server; read it there, in webmail.",
                            size / 1000000);
  return strcmp (state, "here") == 0
             ? NULL
             : g_strdup ("Only sender and subject of this message are here; the server does not have "
                         "the message any more. It was moved or deleted there.");
}

static void
on_fetched (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct fetch *fetch = data;
  struct core_account *account = fetch->account;
  const char *path = NULL;
  g_autofree char *sentence = error != NULL ? why_not (error) : why_not_here (reply);
  if (sentence == NULL)
    (void) g_variant_lookup (reply, "path", "&s", &path);
  (void) g_queue_remove (&account->fetches, fetch);
  account->fetching = FALSE;
  fetch_end (fetch, path, sentence != NULL ? sentence : "");
  next_fetch (account);
}

static void
next_fetch (struct core_account *account)
{
  struct fetch *fetch = g_queue_peek_head (&account->fetches);
  if (fetch == NULL || account->fetching)
    return;
  account->fetching = TRUE;
  supervised_call (account->imap, "fetch", g_variant_new_parsed ("{'path': <%s>}", fetch->path), NULL, fetch->request,
                   on_fetched, fetch);
}

static gboolean
on_waited (gpointer data)
{
  struct waiter *waiter = data;
  waiter->timer = 0;
  waiter->fetch->told = TRUE;
  g_ptr_array_remove (waiter->fetch->waiters, waiter);
  waiter_end (waiter, NULL,
              "Only sender and subject of this message are here so far. Its text is being fetched, and will be here in "
              "a moment.");
  return G_SOURCE_REMOVE;
}

static struct fetch *
find (struct core_account *account, const char *path)
{
  for (GList *link = account->fetches.head; link != NULL; link = link->next)
    if (strcmp (((struct fetch *) link->data)->path, path) == 0)
      return link->data;
  return NULL;
}

static void
forget_oldest (struct core_account *account)
{
  struct fetch *oldest = g_queue_pop_tail (&account->fetches);
  fetch_end (oldest, NULL, "Too many messages were opened at once. Open this one again.");
}

void
flow_fetch (struct core_account *account, struct request *request, const char *path, guint wait_s, fetch_done_fn done,
            gpointer data)
{
  struct fetch *fetch = find (account, path);
  if (fetch == NULL) {
    fetch = g_new0 (struct fetch, 1);
    fetch->account = account;
    fetch->request = request_ref (request);
    fetch->path = g_strdup (path);
    fetch->waiters = g_ptr_array_new ();
    if (account->fetches.length >= WAITING_MAX)
      forget_oldest (account);
    g_queue_push_nth (&account->fetches, fetch, account->fetching ? 1 : 0);
  }
  struct waiter *waiter = g_new0 (struct waiter, 1);
  waiter->fetch = fetch;
  waiter->done = done;
  waiter->data = data;
  waiter->timer = g_timeout_add (wait_s * 1000 * pace (), on_waited, waiter);
  g_ptr_array_add (fetch->waiters, waiter);
  next_fetch (account);
}
