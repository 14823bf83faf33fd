/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The outbox as the engine hears of it: a row an item, with what became of each recipient. */
#include "mail/workers/smtp_p.h"

#define SENT_FDS_MAX 32                /* in one reply; the rest comes with the next run */
#define SILENT_US (4 * G_USEC_PER_SEC) /* less than the engine waits before it tells people */

static gboolean
is_note (const struct outbox_item *item)
{
  return item->copies->len > 0 && ((struct outbox_copy *) g_ptr_array_index (item->copies, 0))->note;
}

static void
add (GVariantBuilder *row, const char *name, GVariant *value)
{
  g_variant_builder_add (row, "{sv}", name, value);
}

static void
add_people (GVariantBuilder *row, const struct outbox_item *item)
{
  g_autoptr (GPtrArray) recipients = g_ptr_array_new ();
  GVariantBuilder people;
  g_variant_builder_init (&people, G_VARIANT_TYPE ("aa{sv}"));
  for (guint c = 0; c < item->copies->len; c++) {
    const struct outbox_copy *copy = g_ptr_array_index (item->copies, c);
    for (guint i = 0; i < copy->count; i++) {
      const struct outbox_person *person = &copy->people[i];
      const char *state = person->state == OUTBOX_SENDING ? "sending" : outbox_state_name (person->state);
      g_ptr_array_add (recipients, (gpointer) person->address);
      g_variant_builder_add_value (&people,
                                   g_variant_new_parsed ("{'address': <%s>, 'state': <%s>, 'text': <%s>, 'key': <%s>}",
                                                         person->address, state, person->text, person->key));
    }
  }
  add (row, "recipients", g_variant_new_strv ((const char *const *) recipients->pdata, (gssize) recipients->len));
  add (row, "people", g_variant_builder_end (&people));
}

static void
add_time (GVariantBuilder *row, const struct outbox_item *item)
{
  const gint64 next = outbox_item_next (item);
  add (row, "date", g_variant_new_int64 (item->date));
  add (row, "not_before", g_variant_new_int64 (item->not_before));
  add (row, "next", g_variant_new_int64 (next == G_MAXINT64 ? 0 : MAX (next, 1)));
  add (row, "wait", g_variant_new_string (outbox_wait_name (item->wait)));
  add (row, "tries", g_variant_new_uint32 (item->tries));
  add (row, "late", g_variant_new_boolean (item->late));
}

static char *
under_way_text (const struct submission *self)
{
  if (g_get_monotonic_time () - self->moved_us < SILENT_US)
    return g_strdup ("It is being sent.");
  return g_strdup_printf ("It is being sent. Waiting for %s to answer…", self->remote->host);
}

static GVariant *
item_row (struct worker *worker, const struct outbox_item *item, enum smtp_found found, gboolean with_sent, guint *fds)
{
  struct submission *self = worker_state (worker);
  const gboolean now = self->under_way != NULL && g_str_equal (self->under_way->id, item->id);
  g_autofree char *text = now ? under_way_text (self) : outbox_item_text (item);
  const enum outbox_state state = now ? OUTBOX_SENDING : outbox_item_state (item);
  GVariantBuilder row;
  g_variant_builder_init (&row, G_VARIANT_TYPE_VARDICT);
  add (&row, "id", g_variant_new_string (item->id));
  add (&row, "message_id", g_variant_new_string (item->message_id));
  add (&row, "state", g_variant_new_string (outbox_state_name (state)));
  add (&row, "text", g_variant_new_string (text));
  add (&row, "draft_path", g_variant_new_string (item->draft_path));
  add (&row, "note", g_variant_new_boolean (is_note (item)));
  add (&row, "tried", g_variant_new_boolean (found == SMTP_TRIED));
  add (&row, "unchecked", g_variant_new_boolean (found == SMTP_UNCHECKED));
  add_people (&row, item);
  add_time (&row, item);
  int fd
      = with_sent && state == OUTBOX_ACCEPTED && *fds < SENT_FDS_MAX ? outbox_open_sent (self->outbox, item->id) : -1;
  if (fd >= 0) {
    (*fds)++;
    add (&row, "sent", g_variant_new_handle (worker_reply_fd_take (worker, fd)));
  }
  return g_variant_builder_end (&row);
}

/* It waits for too long; that is said once. */
static gboolean
becomes_late (struct submission *self, struct outbox_item *item)
{
  const gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  if (item->late || self->late_s == 0 || outbox_item_count (item, OUTBOX_READY) == 0 || item->wait == OUTBOX_WAIT_PERSON
      || now - MAX (item->date, item->not_before) < self->late_s)
    return FALSE;
  item->late = TRUE;
  return outbox_save (self->outbox, item, NULL, NULL);
}

GVariant *
smtp_rows (struct worker *worker, GHashTable *found)
{
  struct submission *self = worker_state (worker);
  g_autoptr (GPtrArray) items = outbox_items (self->outbox);
  guint fds = 0;
  GVariantBuilder list, late;
  g_variant_builder_init (&list, G_VARIANT_TYPE ("aa{sv}"));
  g_variant_builder_init (&late, G_VARIANT_TYPE ("as"));
  for (guint i = 0; i < items->len; i++) {
    struct outbox_item *item = g_ptr_array_index (items, i);
    const enum smtp_found how
        = found != NULL ? (enum smtp_found) GPOINTER_TO_INT (g_hash_table_lookup (found, item->id)) : 0;
    if (found != NULL && becomes_late (self, item))
      g_variant_builder_add (&late, "s", item->id);
    g_variant_builder_add_value (&list, item_row (worker, item, how, found != NULL, &fds));
  }
  return g_variant_new_parsed ("{'rows': <%@aa{sv}>, 'late': <%@as>}", g_variant_builder_end (&list),
                               g_variant_builder_end (&late));
}

GVariant *
smtp_list (struct worker *worker, GVariant *args, GError **error)
{
  return smtp_rows (worker, NULL);
}
