/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A run of the outbox: what is due goes out, copy by copy, and what became of it is written down for each recipient before anything else
 * is done. While the server is waited for, small requests are answered: a list, another message, somebody who wants this one back. */
#include "mail/workers/smtp_p.h"

#include "mail/net/gate.h"

#include <string.h>

#define PROGRESS_US (100 * 1000)
#define CHECK_AFTER_S 3600 /* what was encrypted before is looked at again: its keys may be good no more */

static const char stopped_text[] = "You stopped it, so it waits here until you send it, go on writing, or remove it.";

/* How far an item is: what its copies before have taken, and the one that is on the line. */
struct distance {
  struct worker *worker;
  const char *id;
  gsize before, total;
  gint64 told; /* monotonic */
};

struct sending {
  struct worker *worker;
  struct submission *self;
  struct outbox_item *item;
  struct outbox_copy *copy;
  GBytes *message;
  struct smtp_recipient *recipients; /* of this time, */
  guint *places;                     /* and where in the copy they stand */
  guint count;
  const char *envid; /* under which reports on it are asked for; NULL: none are */
};

/* ---- meanwhile ---- */

static enum stream_served
on_meanwhile (gpointer data)
{
  struct submission *self = worker_state (data);
  const enum worker_served served = worker_serve (data);
  if (served == WORKER_GONE || (self->stop && (self->line == NULL || !smtp_is_past_recall (self->line))))
    return STREAM_GIVE_UP;
  return served == WORKER_MORE ? STREAM_UNSERVED : STREAM_SERVED;
}

static gboolean
on_progress (gsize done, gsize total, gpointer data)
{
  struct distance *distance = data;
  struct submission *self = worker_state (distance->worker);
  const gint64 now = g_get_monotonic_time ();
  if (worker_serve (distance->worker) == WORKER_GONE || self->stop)
    return FALSE;
  if (now - distance->told < PROGRESS_US && done < total)
    return TRUE;
  distance->told = self->moved_us = now;
  worker_emit (distance->worker, "working",
               g_variant_new_parsed ("{'id': <%s>, 'done': <%t>, 'total': <%t>}", distance->id,
                                     (guint64) (distance->before + done), (guint64) distance->total));
  return TRUE;
}

/* ---- one copy ---- */

static gboolean
anybody_ready (const struct outbox_copy *copy)
{
  for (guint i = 0; i < copy->count; i++)
    if (copy->people[i].state == OUTBOX_READY)
      return TRUE;
  return FALSE;
}

static void
set_all (struct outbox_copy *copy, enum outbox_state from, enum outbox_state to, const char *text)
{
  for (guint i = 0; i < copy->count; i++)
    if (copy->people[i].state == from)
      outbox_person_set (&copy->people[i], to, text);
}

/* What the server has said of each of them so far. Those it is about to go to: of_taken. */
static void
take_outcomes (struct sending *sending, enum outbox_state of_taken)
{
  const enum outbox_state states[] = { [SMTP_UNKNOWN] = OUTBOX_UNKNOWN,
                                       [SMTP_LATER] = OUTBOX_READY,
                                       [SMTP_REFUSED] = OUTBOX_FAILED,
                                       [SMTP_ACCEPTED] = of_taken };
  for (guint i = 0; i < sending->count; i++)
    outbox_person_set (&sending->copy->people[sending->places[i]], states[sending->recipients[i].outcome],
                       sending->recipients[i].text);
}

/* Right before DATA. Where that it begins cannot be written down, as on a full disk, it is tried again. */
static enum smtp_outcome
on_ready (gpointer data, GError **error)
{
  struct sending *sending = data;
  if (!smtp_gate (sending->self, sending->copy, sending->item->date, sending->message, error))
    return SMTP_REFUSED;
  take_outcomes (sending, OUTBOX_SENDING);
  return outbox_save (sending->self->outbox, sending->item, sending->copy, error) ? SMTP_ACCEPTED : SMTP_LATER;
}

static void
choose_recipients (struct sending *sending)
{
  const struct outbox_copy *copy = sending->copy;
  sending->count = 0;
  for (guint i = 0; i < copy->count; i++)
    if (copy->people[i].state == OUTBOX_READY) {
      sending->recipients[sending->count] = (struct smtp_recipient){ .address = copy->people[i].address };
      sending->places[sending->count++] = i;
    }
}

/* To all who are ready. TRUE with again_out: to some of them in another transaction, as they were too many for this one. */
static gboolean
send_once (struct sending *sending, gboolean *again_out, GError **error)
{
  gboolean crowded = FALSE, any = FALSE;
  gsize size = 0;
  const guint8 *bytes = g_bytes_get_data (sending->message, &size);
  choose_recipients (sending);
  smtp_ask_reports (sending->self->line, sending->envid);
  smtp_send (sending->self->line, sending->item->from, sending->recipients, sending->count, bytes, size, on_ready,
             sending);
  smtp_ask_reports (sending->self->line, NULL);
  take_outcomes (sending, OUTBOX_ACCEPTED);
  for (guint i = 0; i < sending->count; i++) {
    crowded |= sending->recipients[i].crowded;
    any |= sending->recipients[i].outcome == SMTP_ACCEPTED;
    g_clear_pointer (&sending->recipients[i].text, g_free);
  }
  *again_out = crowded && any;
  if (outbox_save (sending->self->outbox, sending->item, sending->copy, error))
    return TRUE;
  if (any)
    g_prefix_error (error,
                    "The server took this message, so do not send it again: the outbox says what became of it. ");
  return FALSE;
}

static gboolean
send_copy (struct sending *sending, GError **error)
{
  struct submission *self = sending->self;
  g_autoptr (GError) problem = NULL;
  g_autoptr (GBytes) message = outbox_message (self->outbox, sending->item->id, sending->copy->number, &problem);
  /* The first look comes before the server hears of any recipient. */
  if (message == NULL || !smtp_gate (self, sending->copy, sending->item->date, message, &problem)) {
    set_all (sending->copy, OUTBOX_READY, OUTBOX_FAILED, problem->message);
    return outbox_save (self->outbox, sending->item, sending->copy, error);
  }
  g_autofree struct smtp_recipient *recipients = g_new0 (struct smtp_recipient, sending->copy->count);
  g_autofree guint *places = g_new0 (guint, sending->copy->count);
  sending->message = message;
  sending->recipients = recipients;
  sending->places = places;
  g_autofree char *envid = self->reports ? ledger_envid (self->ledger, sending->item->id, sending->copy->number) : NULL;
  if (envid != NULL && smtp_reports (self->line))
    (void) ledger_asked (self->ledger, sending->item->id, sending->copy->number,
                         NULL); /* else nothing is ever overdue */
  sending->envid = envid;
  gboolean again = TRUE, done = TRUE;
  while (done && again)
    done = send_once (sending, &again, error);
  return done;
}

/* ---- one item ---- */

static gsize
size_of (struct submission *self, const struct outbox_item *item, const struct outbox_copy *copy)
{
  g_autoptr (GBytes) message = outbox_message (self->outbox, item->id, copy->number, NULL);
  return message != NULL ? g_bytes_get_size (message) : 0;
}

static void
distance_init (struct distance *distance, struct worker *worker, const struct outbox_item *item)
{
  *distance = (struct distance){ .worker = worker, .id = item->id };
  for (guint c = 0; c < item->copies->len; c++)
    if (anybody_ready (g_ptr_array_index (item->copies, c)))
      distance->total += size_of (worker_state (worker), item, g_ptr_array_index (item->copies, c));
}

/* What is ready stays ready; it only says why it still waits. */
static gboolean
wait_on (struct submission *self, struct outbox_item *item, const GError *problem, GError **error)
{
  const gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  for (guint c = 0; c < item->copies->len; c++)
    set_all (g_ptr_array_index (item->copies, c), OUTBOX_READY, OUTBOX_READY, problem->message);
  outbox_item_postpone (
      item, g_error_matches (problem, ENGINE_ERROR, ENGINE_ERROR_SIGN_IN) ? OUTBOX_WAIT_SIGN_IN : OUTBOX_WAIT_LINE,
      now);
  return outbox_save (self->outbox, item, NULL, error);
}

/* Some may be left, who are tried again. */
static gboolean
conclude (struct submission *self, struct outbox_item *item, guint accepted_before, GError **error)
{
  if (outbox_item_count (item, OUTBOX_ACCEPTED) > accepted_before)
    item->tries = 0;
  if (outbox_item_count (item, OUTBOX_READY) == 0) {
    item->wait = OUTBOX_WAIT_NONE;
    item->next_try = 0;
  } else if (self->stop) {
    for (guint c = 0; c < item->copies->len; c++)
      set_all (g_ptr_array_index (item->copies, c), OUTBOX_READY, OUTBOX_READY, stopped_text);
    outbox_item_postpone (item, OUTBOX_WAIT_PERSON, 0);
  } else {
    const gboolean lost = self->line != NULL && smtp_is_lost (self->line);
    outbox_item_postpone (item, lost ? OUTBOX_WAIT_LINE : OUTBOX_WAIT_SERVER, g_get_real_time () / G_USEC_PER_SEC);
  }
  return outbox_save (self->outbox, item, NULL, error);
}

static gboolean
have_line (struct worker *worker, GError **problem)
{
  struct submission *self = worker_state (worker);
  if (self->line != NULL && smtp_is_lost (self->line))
    g_clear_pointer (&self->line, smtp_close);
  const struct stream_guest guest = { worker_fd (worker), on_meanwhile, worker };
  if (self->line == NULL)
    self->line = smtp_line (self, &guest, problem);
  return self->line != NULL;
}

static gboolean
send_copies (struct worker *worker, struct outbox_item *item, GError **problem, GError **error)
{
  struct submission *self = worker_state (worker);
  struct distance distance;
  distance_init (&distance, worker, item);
  for (guint c = 0; c < item->copies->len && !self->stop; c++) {
    struct outbox_copy *copy = g_ptr_array_index (item->copies, c);
    struct sending sending = { .worker = worker, .self = self, .item = item, .copy = copy };
    if (!anybody_ready (copy))
      continue;
    if (!have_line (worker, problem)) {
      if (!self->stop)
        return wait_on (self, item, *problem, error);
      g_clear_error (problem); /* a person ended it */
      return TRUE;
    }
    const gsize size = size_of (self, item, copy);
    smtp_set_progress (self->line, on_progress, &distance);
    const gboolean done = send_copy (&sending, error);
    smtp_set_progress (self->line, NULL, NULL);
    if (!done)
      return FALSE;
    smtp_ledger_follow_copy (self, item, copy);
    distance.before += size;
  }
  return TRUE;
}

/* problem: why no line came about; set, nobody else need try in this run. */
static gboolean
send_item (struct worker *worker, struct outbox_item *item, GError **problem, GError **error)
{
  struct submission *self = worker_state (worker);
  const guint accepted = outbox_item_count (item, OUTBOX_ACCEPTED);
  self->under_way = item;
  self->moved_us = g_get_monotonic_time ();
  self->stop = FALSE;
  const gboolean done
      = send_copies (worker, item, problem, error) && (*problem != NULL || conclude (self, item, accepted, error));
  self->under_way = NULL;
  return done;
}

/* ---- the run ---- */

struct run {
  struct worker *worker;
  const char *id; /* that one alone; NULL: all */
  const char *const *checked;
  enum outbox_haste haste;
  GHashTable *found;
  GError *problem;
};

static gboolean
must_be_checked (const struct run *run, const struct outbox_item *item, gint64 now)
{
  const struct outbox_copy *first = item->copies->len > 0 ? g_ptr_array_index (item->copies, 0) : NULL;
  return first != NULL && !first->note && now - item->date > CHECK_AFTER_S
         && !(run->checked != NULL && g_strv_contains (run->checked, item->id));
}

/* What was asked for meanwhile counts: the item is read when its turn has come. */
static gboolean
run_item (struct run *run, const char *id, GError **error)
{
  struct submission *self = worker_state (run->worker);
  const gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  AUTOFREE (outbox_item) item = outbox_find (self->outbox, id, NULL);
  if (item == NULL || !outbox_item_due (item, run->haste, now))
    return TRUE;
  if (must_be_checked (run, item, now)) {
    g_hash_table_insert (run->found, g_strdup (id), GINT_TO_POINTER (SMTP_UNCHECKED));
    return TRUE;
  }
  g_hash_table_insert (run->found, g_strdup (id), GINT_TO_POINTER (SMTP_TRIED));
  return run->problem != NULL ? wait_on (self, item, run->problem, error)
                              : send_item (run->worker, item, &run->problem, error);
}

static enum outbox_haste
haste_of (const char *name)
{
  static const char *const names[]
      = { [OUTBOX_DUE] = "", [OUTBOX_LINE_IS_BACK] = "line", [OUTBOX_NOW] = "now", [OUTBOX_ASKED] = "all" };
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    if (strcmp (names[i], name) == 0)
      return (enum outbox_haste) i;
  return OUTBOX_DUE;
}

GVariant *
smtp_run (struct worker *worker, GVariant *args, GError **error)
{
  struct submission *self = worker_state (worker);
  const char *haste = "";
  g_autofree const char **checked = NULL;
  struct run run = { .worker = worker };
  (void) g_variant_lookup (args, "id", "&s", &run.id);
  (void) g_variant_lookup (args, "haste", "&s", &haste);
  (void) g_variant_lookup (args, "checked", "^a&s", &checked);
  run.checked = checked;
  run.haste = run.id != NULL ? OUTBOX_ASKED : haste_of (haste);
  run.found = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) found = run.found;
  g_autoptr (GPtrArray) items = outbox_items (self->outbox);
  gboolean done = TRUE;
  self->stop = FALSE;
  for (guint i = 0; i < items->len && done && !self->stop; i++) {
    const struct outbox_item *item = g_ptr_array_index (items, i);
    if (run.id == NULL || strcmp (run.id, item->id) == 0)
      done = run_item (&run, item->id, error);
  }
  g_clear_pointer (&self->line, smtp_close);
  g_clear_error (&run.problem);
  smtp_ledger_follow (self);
  return done ? smtp_rows (worker, found) : NULL;
}
