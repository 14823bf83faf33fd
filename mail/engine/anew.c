/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The making: one page of mail after the other, from the accounts' workers and then from the disk, into the index.
 *
 * A page is a moment's view. A mail that got other flags since then is indexed as its file is named now; one that went to another folder
 * is found missing, and the page is asked for again, since an account's record keeps a mail's number wherever it goes. */
#include "mail/engine/anew_p.h"

#include <string.h>

#define PAGE 100
#define NEWEST 200
#define PAGE_TRIES 3
#define TELL_EVERY_US (300 * 1000)

struct anew {
  struct core *core;
  gboolean beside;
  gboolean counting, newest;
  gboolean damaged_again; /* what is being made is no good either, or no longer what is needed */
  GPtrArray *requests;    /* struct request * */
  guint account;          /* whose turn it is; behind the last one: the rest */
  gint64 before, next;
  char *after, *next_after;
  guint tries; /* of this page */
  struct arrive_counts counts;
  guint done, total, page;
  gint64 began, told;
  GString *missing; /* names of accounts whose record could not be read */
};

static void next_page (struct anew *anew);

gboolean
anew_is_beside (struct core *core)
{
  return core->anew != NULL && core->anew->beside;
}

gboolean
anew_is_under_way (struct core *core)
{
  return core->anew != NULL;
}

/* ---- telling ---- */

static void
tell (struct anew *anew, gboolean at_once)
{
  gint64 now = g_get_monotonic_time (), spent = now - anew->began;
  guint total = MAX (anew->total, anew->done);
  guint64 left_s = anew->done > 0 ? (guint64) spent * (total - anew->done) / anew->done / G_USEC_PER_SEC : 0;
  if (!at_once && now - anew->told < TELL_EVERY_US)
    return;
  anew->told = now;
  server_event (anew->core->server, "working",
                g_variant_new_parsed ("{'message_id': <''>, 'stage': <'indexing'>, 'done': <%t>, 'total': <%t>, "
                                      "'left_s': <%u>}",
                                      (guint64) anew->done, (guint64) total, (guint32) MIN (left_s, G_MAXINT32)));
  core_changed (anew->core);
}

static char *
end_sentence (struct anew *anew)
{
  GString *text = g_string_new (NULL);
  g_string_append_printf (text, "The index was made anew: %u messages.", anew->done);
  if (anew->counts.damaged > 0)
    g_string_append_printf (text, " %u of them are damaged: they are listed, and found by their header alone.",
                            anew->counts.damaged);
  if (anew->missing->len > 0)
    g_string_append_printf (text, " The mail of %s could not be looked at; it comes when its account works again.",
                            anew->missing->str);
  return g_string_free (text, FALSE);
}

static void
finish (struct anew *anew, const GError *error)
{
  struct core *core = anew->core;
  gboolean again = anew->damaged_again;
  core->anew = NULL;
  anew->total = anew->done; /* whatever was to come: nobody works on it any more */
  tell (anew, TRUE);
  g_autofree char *text
      = error == NULL ? end_sentence (anew)
        : anew->beside
            ? g_strdup_printf ("The index could not be made anew: %s The one there was stays in use.", error->message)
            : g_strdup_printf ("The index could not be made anew: %s Searching is incomplete; it is tried again when "
                               "wardmail starts, or by `wardmail reindex`.",
                               error->message);
  g_autoptr (GError) told = error != NULL ? g_error_new_literal (error->domain, error->code, text) : NULL;
  for (guint i = 0; i < anew->requests->len; i++)
    if (error != NULL)
      request_fail (anew->requests->pdata[i], told);
    else
      request_reply (anew->requests->pdata[i],
                     g_variant_new_parsed ("{'mails': <%u>, 'damaged': <%u>, 'text': <%s>}", anew->done,
                                           anew->counts.damaged, text),
                     NULL);
  gboolean trouble = error != NULL || anew->counts.damaged > 0 || anew->missing->len > 0;
  if (!again && anew->requests->len == 0 && trouble)
    core_notice (core, text);
  else if (!again && anew->requests->len == 0 && anew->done > 0)
    core_good_news (core, text);
  core_changed (core);
  g_ptr_array_unref (anew->requests);
  g_string_free (anew->missing, TRUE);
  g_free (anew->after);
  g_free (anew->next_after);
  g_free (anew);
  if (again)
    anew_begin (core, FALSE, FALSE);
}

static void
on_dropped (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
}

static void
fail (struct anew *anew, const GError *error)
{
  if (anew->beside && !anew->damaged_again)
    supervised_call (anew->core->writer, "anew_drop", NULL, NULL, NULL, on_dropped, NULL);
  finish (anew, error);
}

static void
on_ended (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct anew *anew = data;
  if (error == NULL && anew->missing->len == 0)
    anew_set_whole (anew->core, TRUE);
  finish (anew, error);
}

/* ---- page by page ---- */

static struct core_account *
account_now (struct anew *anew)
{
  return anew->account < anew->core->accounts->len ? g_ptr_array_index (anew->core->accounts, anew->account) : NULL;
}

static GVariant *
account_names (struct core *core)
{
  GVariantBuilder names;
  g_variant_builder_init (&names, G_VARIANT_TYPE_STRING_ARRAY);
  for (guint i = 0; i < core->accounts->len; i++)
    g_variant_builder_add (&names, "s", ((struct core_account *) g_ptr_array_index (core->accounts, i))->account->name);
  return g_variant_builder_end (&names);
}

static void
next_account (struct anew *anew)
{
  anew->account++;
  anew->before = 0;
  anew->newest = !anew->counting && !anew->beside;
  if (anew->counting && account_now (anew) == NULL) {
    anew->counting = FALSE;
    anew->account = 0;
    anew->newest = !anew->beside;
    tell (anew, TRUE);
  }
}

/* This page is in: go to the one after it. */
static void
turn_page (struct anew *anew)
{
  anew->tries = 0;
  if (!anew->newest)
    anew->done += anew->page;
  if (account_now (anew) == NULL) {
    g_free (anew->after);
    anew->after = g_steal_pointer (&anew->next_after);
    if (*anew->after == '\0') {
      if (anew->beside)
        supervised_call (anew->core->writer, "anew_end", NULL, NULL, NULL, on_ended, anew);
      else
        on_ended (NULL, NULL, NULL, anew);
      return;
    }
  } else if (anew->newest) {
    anew->newest = FALSE;
  } else {
    anew->before = anew->next;
    if (anew->before == 0)
      next_account (anew);
  }
  next_page (anew);
}

static void
on_page_indexed (gpointer data, const GError *error)
{
  struct anew *anew = data;
  if (error != NULL) {
    fail (anew, error);
    return;
  }
  tell (anew, FALSE);
  if (anew->counts.skipped > 0 && ++anew->tries < PAGE_TRIES) {
    anew->counts.skipped = 0;
    next_page (anew);
    return;
  }
  anew->counts.skipped = 0;
  turn_page (anew);
}

static void
take_page (struct anew *anew, GVariant *reply)
{
  g_autoptr (GVariant) rows = core_rows (reply, "rows");
  anew->page = (guint) g_variant_n_children (rows);
  if (anew->page == 0)
    turn_page (anew);
  else
    arrive_whole (anew->core, rows, anew->beside, &anew->counts, on_page_indexed, anew);
}

static void
leave_out (struct anew *anew, const GError *error)
{
  struct core_account *account = account_now (anew);
  if (anew->beside) { /* an index without it would be worse than the one there is */
    fail (anew, error);
    return;
  }
  g_string_append_printf (anew->missing, "%s“%s”", anew->missing->len > 0 ? ", " : "",
                          account != NULL ? account->account->name : "");
  next_account (anew);
  next_page (anew);
}

static void
on_account_page (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct anew *anew = data;
  if (error != NULL && anew->core->server != NULL && error->code != ENGINE_ERROR_CANCELLED) {
    if (anew->counting) { /* said where its mail is missing */
      next_account (anew);
      next_page (anew);
    } else
      leave_out (anew, error);
    return;
  }
  if (error != NULL) {
    fail (anew, error);
    return;
  }
  guint32 left = 0;
  (void) g_variant_lookup (reply, "next", "x", &anew->next);
  (void) g_variant_lookup (reply, "left", "u", &left);
  if (!anew->counting) {
    take_page (anew, reply);
    return;
  }
  anew->total += left;
  next_account (anew);
  next_page (anew);
}

static void
on_rest (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct anew *anew = data;
  if (error != NULL) {
    fail (anew, error);
    return;
  }
  g_free (anew->next_after);
  anew->next_after = NULL;
  (void) g_variant_lookup (reply, "next", "s", &anew->next_after);
  take_page (anew, reply);
}

static void
next_page (struct anew *anew)
{
  struct core_account *account = account_now (anew);
  if (anew->damaged_again) {
    g_autoptr (GError) error = g_error_new_literal (ENGINE_ERROR, ENGINE_ERROR_FAILED, "It is begun once more.");
    fail (anew, error);
    return;
  }
  if (account != NULL && anew->newest)
    supervised_call (account->imap, "mails",
                     g_variant_new_parsed ("{'before': <int64 0>, 'limit': <%u>, 'newest': <true>}", (guint32) NEWEST),
                     NULL, NULL, on_account_page, anew);
  else if (account != NULL)
    supervised_call (
        account->imap, "mails",
        g_variant_new_parsed ("{'before': <%x>, 'limit': <%u>}", anew->before, anew->counting ? 0 : (guint32) PAGE),
        NULL, NULL, on_account_page, anew);
  else if (anew->counting) {
    anew->counting = FALSE;
    anew->account = 0;
    anew->newest = !anew->beside;
    if (anew->core->accounts->len > 0) {
      next_page (anew);
      return;
    }
  }
  if (account == NULL)
    supervised_call (anew->core->writer, "rest",
                     g_variant_new_parsed ("{'after': <%s>, 'limit': <%u>, 'accounts': <%@as>}", anew->after,
                                           (guint32) PAGE, account_names (anew->core)),
                     NULL, NULL, on_rest, anew);
}

/* ---- beginning ---- */

static void
on_begun (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct anew *anew = data;
  guint32 total = 0;
  if (error != NULL) {
    finish (anew, error);
    return;
  }
  (void) g_variant_lookup (reply, "total", "u", &total);
  anew->total = total;
  anew->counting = TRUE;
  if (total > 0)
    tell (anew, TRUE);
  next_page (anew);
}

void
anew_begin (struct core *core, gboolean beside, gboolean keep)
{
  struct anew *anew = g_new0 (struct anew, 1);
  anew->core = core;
  anew->requests = g_ptr_array_new_with_free_func ((GDestroyNotify) request_unref);
  anew->missing = g_string_new (NULL);
  anew->after = g_strdup ("");
  anew->began = g_get_monotonic_time ();
  anew->beside = beside;
  core->anew = anew;
  if (!beside)
    anew_set_whole (core, FALSE);
  supervised_call (
      core->writer, "anew",
      g_variant_new_parsed ("{'beside': <%b>, 'keep': <%b>, 'accounts': <%@as>}", beside, keep, account_names (core)),
      NULL, NULL, on_begun, anew);
}

void
anew_request (struct core *core, struct request *request)
{
  if (core->anew == NULL)
    anew_begin (core, anew_is_whole (core), TRUE);
  g_ptr_array_add (core->anew->requests, request_ref (request));
}

void
anew_once_more (struct core *core)
{
  core->anew->damaged_again = TRUE;
}
