/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The draft of a message that the outbox has. It goes as soon as the outbox has the message (flow_send.c); where the engine died between the two, it
 * goes with the next run, and until then it cannot be sent a second time. */
#include "mail/engine/sending.h"

#include <string.h>

static void
on_removed (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
}

void
outbox_draft_sweep (struct core_account *account, GVariant *rows)
{
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  if (account->drafts_swept)
    return;
  account->drafts_swept = TRUE;
  for (gsize i = 0; i < g_variant_n_children (rows); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
    const char *path = "";
    if (g_variant_lookup (row, "draft_path", "&s", &path) && *path != '\0')
      g_ptr_array_add (paths, g_strdup (path));
  }
  if (paths->len == 0)
    return;
  g_ptr_array_add (paths, NULL);
  supervised_call (account->imap, "remove",
                   g_variant_new_parsed ("{'paths': <%^as>}", (const char *const *) paths->pdata), NULL, NULL,
                   on_removed, NULL);
}

/* One file, whatever flags stand in its name now. */
static gboolean
is_same_file (const char *a, const char *b)
{
  g_autofree char *one = g_path_get_basename (a), *other = g_path_get_basename (b);
  const gsize size = strcspn (one, ":");
  return size > 0 && size == strcspn (other, ":") && strncmp (one, other, size) == 0;
}

struct looking {
  struct sending *sending;
  outbox_draft_fn done;
};

static void
on_listed (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct looking *looking = data;
  struct sending *sending = looking->sending;
  outbox_draft_fn done = looking->done;
  g_autoptr (GVariant) rows = error == NULL ? core_rows (reply, "rows") : NULL;
  gboolean waits = FALSE;
  for (gsize i = 0; rows != NULL && i < g_variant_n_children (rows); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
    const char *path = "";
    waits = waits
            || (g_variant_lookup (row, "draft_path", "&s", &path) && *path != '\0'
                && is_same_file (path, sending->draft_path));
  }
  g_free (looking);
  done (sending, waits);
}

void
outbox_draft_look (struct sending *sending, outbox_draft_fn done)
{
  if (sending->draft_path == NULL || sending->account == NULL || sending->draft_account != sending->account) {
    done (sending, FALSE);
    return;
  }
  struct looking *looking = g_new0 (struct looking, 1);
  looking->sending = sending;
  looking->done = done;
  supervised_call (sending->account->smtp, "list", NULL, NULL, NULL, on_listed, looking);
}
