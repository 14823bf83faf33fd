/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* See drafts.h. The accounts' own records come first: they are never behind, and tell a draft from the sent message of the same Message-ID. The
 * index knows drafts of other programs without a Message-ID, or in other folders. */
#include "mail/engine/drafts.h"
#include "mail/engine/anew_p.h"

#include <string.h>

struct finding {
  struct core *core;
  char *id;
  guint next; /* account to ask */
  struct core_account *account;
  GError *error; /* of one that could not be asked */
  drafts_done_fn done;
  gpointer data;
};

static void
end (struct finding *finding, struct core_account *account, const char *const *paths)
{
  finding->done (finding->data, account, account != NULL ? paths : NULL, account == NULL ? finding->error : NULL);
  g_clear_error (&finding->error);
  g_free (finding->id);
  g_free (finding);
}

static void
on_indexed_found (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct finding *finding = data;
  g_autoptr (GVariant) rows = error == NULL ? core_rows (reply, "rows") : NULL;
  g_autofree const char **paths = NULL, **tags = NULL;
  if (rows != NULL && g_variant_n_children (rows) > 0) {
    g_autoptr (GVariant) row = g_variant_get_child_value (rows, 0);
    (void) g_variant_lookup (row, "paths", "^a&s", &paths);
    (void) g_variant_lookup (row, "tags", "^a&s", &tags);
    const char *first[] = { paths != NULL ? paths[0] : NULL, NULL };
    struct core_account *account = first[0] != NULL && tags != NULL && g_strv_contains (tags, "draft")
                                       ? core_account_for_path (finding->core, first[0])
                                       : NULL;
    end (finding, account, first);
    return;
  }
  if (finding->error == NULL && error != NULL)
    finding->error = g_error_copy (error);
  else if (finding->error == NULL && !anew_is_whole (finding->core) && g_str_has_prefix (finding->id, "notmuch-"))
    finding->error = g_error_new_literal (
        ENGINE_ERROR, ENGINE_ERROR_NOT_FOUND,
        "The list of mail is being made anew, and this draft is not in it yet. Try again in a moment.");
  end (finding, NULL, NULL);
}

static void ask_next (struct finding *finding);

static void
on_account_found (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct finding *finding = data;
  g_autofree const char **paths = NULL;
  if (error != NULL && finding->error == NULL)
    finding->error = g_error_copy (error);
  if (error == NULL && g_variant_lookup (reply, "paths", "^a&s", &paths) && paths[0] != NULL)
    end (finding, finding->account, paths);
  else
    ask_next (finding);
}

static void
ask_next (struct finding *finding)
{
  struct core *core = finding->core;
  if (finding->next < core->accounts->len) {
    finding->account = g_ptr_array_index (core->accounts, finding->next++);
    supervised_call (finding->account->imap, "drafts", g_variant_new_parsed ("{'id': <%s>}", finding->id), NULL, NULL,
                     on_account_found, finding);
    return;
  }
  const char *ids[] = { finding->id, NULL };
  supervised_call (core->reader, "find", g_variant_new_parsed ("{'ids': <%^as>}", ids), NULL, NULL, on_indexed_found,
                   finding);
}

void
drafts_find (struct core *core, const char *id, drafts_done_fn done, gpointer data)
{
  struct finding *finding = g_new0 (struct finding, 1);
  finding->core = core;
  finding->id = g_strdup (id);
  finding->done = done;
  finding->data = data;
  ask_next (finding);
}
