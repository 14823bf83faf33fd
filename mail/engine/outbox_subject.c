/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What the messages in the outbox are about. The outbox does not know it: its worker talks to servers, and what lies there is encrypted. The engine
 * remembers it, in memory alone, from when a message was given; after a start the keys worker reads it in the record for Sent, asking nobody. */
#include "mail/engine/core.h"

#include <string.h>
#include <sys/stat.h>

#include "crypto/protect.h"
#include "mail/message/sanitise.h"

#define READ_MAX 20                         /* messages in one go; the rest with the next list */
#define RECORD_BYTES_MAX (16 * 1024 * 1024) /* a larger one is not opened for its subject */
#define SUBJECT_MAX 1000
#define AGAIN_US (60 * G_USEC_PER_SEC) /* after one that could not be read: a passphrase may be known then */

struct reading {
  struct core *core;
  GPtrArray *rows; /* GVariant *, from the last one on */
  void (*done) (gpointer data);
  gpointer data;
};

static void read_next (struct reading *reading);

static void
note (struct core *core, const char *id, const char *subject)
{
  if (core->subjects == NULL)
    core->subjects = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_hash_table_replace (core->subjects, g_strdup (id),
                        sanitise (subject, (gssize) strnlen (subject, SUBJECT_MAX), SANITISE_LINE));
}

void
outbox_subject_note (struct core *core, const char *id, GVariant *draft)
{
  const char *subject = "";
  (void) g_variant_lookup (draft, "subject", "&s", &subject);
  note (core, id, subject);
}

const char *
outbox_subject_of (struct core *core, const char *id)
{
  return core->subjects != NULL ? g_hash_table_lookup (core->subjects, id) : NULL;
}

void
outbox_subject_clear (struct core *core)
{
  g_clear_pointer (&core->subjects, g_hash_table_unref);
}

/* ---- out of the record ---- */

static const char *
id_of (const struct reading *reading)
{
  const char *id = "";
  (void) g_variant_lookup (g_ptr_array_index (reading->rows, reading->rows->len - 1), "id", "&s", &id);
  return id;
}

/* Of a record that was not opened it is what stands outside. */
static void
settle (struct reading *reading, GVariant *draft_or_null)
{
  const char *subject = PROTECT_SUBJECT;
  if (draft_or_null != NULL)
    (void) g_variant_lookup (draft_or_null, "subject", "&s", &subject);
  if (strcmp (subject, PROTECT_SUBJECT) != 0)
    note (reading->core, id_of (reading), subject);
  else
    reading->core->subjects_again_us = g_get_monotonic_time () + AGAIN_US;
  g_ptr_array_set_size (reading->rows, (gint) reading->rows->len - 1);
  read_next (reading);
}

static void
on_parsed (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  g_autoptr (GVariant) draft = error == NULL ? g_variant_lookup_value (reply, "draft", G_VARIANT_TYPE_VARDICT) : NULL;
  settle (data, draft);
}

static void
on_record (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct reading *reading = data;
  gint32 handle = -1;
  gint count = 0;
  struct stat info;
  const int *list = fds != NULL ? g_unix_fd_list_peek_fds (fds, &count) : NULL;
  g_autoptr (GUnixFDList) record = g_unix_fd_list_new ();
  if (error == NULL)
    (void) g_variant_lookup (reply, "sent", "h", &handle);
  if (handle < 0 || handle >= count || fstat (list[handle], &info) != 0 || info.st_size > RECORD_BYTES_MAX
      || g_unix_fd_list_append (record, list[handle], NULL) < 0)
    settle (reading, NULL);
  else
    supervised_call (reading->core->keys, "draft_parse", g_variant_new_parsed ("{'message': <handle 0>}"), record, NULL,
                     on_parsed, reading);
}

static void
read_next (struct reading *reading)
{
  const char *name = "";
  if (reading->rows->len == 0) {
    reading->core->subjects_reading = FALSE;
    reading->done (reading->data);
    g_ptr_array_unref (reading->rows);
    g_free (reading);
    return;
  }
  (void) g_variant_lookup (g_ptr_array_index (reading->rows, reading->rows->len - 1), "account", "&s", &name);
  struct core_account *account = core_account_find (reading->core, name);
  if (account == NULL)
    settle (reading, NULL);
  else
    supervised_call (account->smtp, "decide",
                     g_variant_new_parsed ("{'id': <%s>, 'what': <'record'>}", id_of (reading)), NULL, NULL, on_record,
                     reading);
}

gboolean
outbox_subject_read (struct core *core, GVariant *rows, void (*done) (gpointer data), gpointer data)
{
  g_autoptr (GPtrArray) unknown = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  for (gsize i = 0; i < g_variant_n_children (rows) && unknown->len < READ_MAX; i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
    const char *id = "";
    if (g_variant_lookup (row, "id", "&s", &id) && outbox_subject_of (core, id) == NULL)
      g_ptr_array_add (unknown, g_steal_pointer (&row));
  }
  if (unknown->len == 0 || core->subjects_reading || g_get_monotonic_time () < core->subjects_again_us)
    return FALSE;
  struct reading *reading = g_new0 (struct reading, 1);
  *reading = (struct reading){ .core = core, .rows = g_steal_pointer (&unknown), .done = done, .data = data };
  core->subjects_reading = TRUE;
  read_next (reading);
  return TRUE;
}
