/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A message that is handed in once more, and that the outbox has forgotten: the ledger knows what became of it for each recipient. A Message-ID
 * alone says little: programs give one to several mails, and a person may have taken somebody out. */
#include "mail/engine/sending.h"

#include <string.h>

struct asking {
  struct sending *sending;
  sending_known_fn done;
};

enum has { HAS_NO_ROW = 0, HAS_NOT, HAS_IT };

static enum has
has_it (GVariant *rows, const char *address)
{
  static const char *const got[] = { "accepted", "relayed", "delivered", "displayed", "overdue", NULL };
  enum has has = HAS_NO_ROW;
  for (gsize i = 0; i < g_variant_n_children (rows) && has != HAS_IT; i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
    const char *of = "", *state = "";
    (void) g_variant_lookup (row, "address", "&s", &of);
    (void) g_variant_lookup (row, "state", "&s", &state);
    if (g_ascii_strcasecmp (of, address) == 0)
      has = g_strv_contains (got, state) ? HAS_IT : HAS_NOT;
  }
  return has;
}

static enum sending_known
judge (GVariant *draft, GVariant *rows, GString *missing)
{
  static const char *const fields[] = { "to", "cc", "bcc" };
  gboolean any = FALSE;
  if (g_variant_n_children (rows) == 0)
    return SENDING_KNOWN_NOT;
  for (gsize f = 0; f < G_N_ELEMENTS (fields); f++) {
    g_autofree const char **list = NULL;
    if (!g_variant_lookup (draft, fields[f], "^a&s", &list))
      continue;
    for (gsize i = 0; list[i] != NULL; i++) {
      g_autofree char *address = sending_address (list[i]);
      const enum has has = has_it (rows, address);
      any |= has != HAS_NO_ROW;
      if (has != HAS_IT)
        g_string_append_printf (missing, "%s%s", missing->len > 0 ? ", " : "", address);
    }
  }
  if (!any)
    return SENDING_KNOWN_OTHER;
  return missing->len > 0 ? SENDING_KNOWN_PARTLY : SENDING_KNOWN_SENT;
}

static void
on_told (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct asking *asking = data;
  g_autoptr (GVariant) rows = error == NULL ? core_rows (reply, "rows") : NULL;
  GString *missing = g_string_new (NULL);
  const enum sending_known known = rows != NULL ? judge (asking->sending->draft, rows, missing) : SENDING_KNOWN_NOT;
  asking->done (asking->sending, known, missing->str);
  g_string_free (missing, TRUE);
  g_free (asking);
}

void
sending_known (struct sending *sending, sending_known_fn done)
{
  const char *ids[] = { sending->message_id, NULL };
  if (sending->account == NULL) {
    done (sending, SENDING_KNOWN_NOT, "");
    return;
  }
  struct asking *asking = g_new0 (struct asking, 1);
  asking->sending = sending;
  asking->done = done;
  supervised_call (sending->account->smtp, "delivery", g_variant_new_parsed ("{'ids': <%^as>}", ids), NULL, NULL,
                   on_told, asking);
}
