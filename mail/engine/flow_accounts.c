/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Accounts at the door: their state, their credentials, their folders, and fetching their mail. */
#include "mail/engine/anew_p.h"
#include "mail/engine/core.h"

#include <string.h>

#include "crypto/guard/secret.h"
#include "mail/engine/secrets.h"

static void
add_worker (GVariantBuilder *rows, struct supervised *worker)
{
  g_variant_builder_add (rows, "@a{sv}",
                         g_variant_new_parsed ("{'name': <%s>, 'pid': <%u>, 'restarts': <%u>}",
                                               supervised_name (worker), (guint32) supervised_pid (worker),
                                               supervised_restarts (worker)));
}

void
flow_status (struct core *core, struct request *request)
{
  GVariantBuilder accounts, workers;
  guint waiting = 0;
  g_variant_builder_init (&accounts, G_VARIANT_TYPE ("aa{sv}"));
  g_variant_builder_init (&workers, G_VARIANT_TYPE ("aa{sv}"));
  add_worker (&workers, core->keys);
  add_worker (&workers, core->reader);
  add_worker (&workers, core->writer);
  add_worker (&workers, core->lookup);
  add_worker (&workers, core->lists);
  for (guint i = 0; i < core->accounts->len; i++) {
    struct core_account *account = g_ptr_array_index (core->accounts, i);
    g_variant_builder_add (&accounts, "@a{sv}",
                           g_variant_new_parsed ("{'name': <%s>, 'address': <%s>, 'state': <%s>, 'text': <%s>}",
                                                 account->account->name, account->account->address, account->state,
                                                 account->text));
    add_worker (&workers, account->imap);
    add_worker (&workers, account->smtp);
    waiting += account->filing;
  }
  request_reply (
      request,
      g_variant_new_parsed ("{'accounts': <%@aa{sv}>, 'workers': <%@aa{sv}>, 'outbox': <%u>, 'indexing': <%b>}",
                            g_variant_builder_end (&accounts), g_variant_builder_end (&workers), waiting,
                            !anew_is_whole (core)),
      NULL);
}

void
flow_reload (struct core *core, struct request *request)
{
  core->closed = !core_load (core);
  if (core->closed)
    request_fail (request, core->unread);
  else
    request_reply (request, NULL, NULL);
}

void
flow_account_secret (struct core *core, struct request *request)
{
  const char *name = "";
  (void) g_variant_lookup (request->fields, "account", "&s", &name);
  struct core_account *account = core_account_find (core, name);
  if (account == NULL) {
    request_fail_text (request, ENGINE_ERROR_NOT_FOUND, "There is no account “%s”.", name);
    return;
  }
  g_autoptr (GVariant) bytes = g_variant_lookup_value (request->fields, "secret", G_VARIANT_TYPE_BYTESTRING);
  gsize size = 0;
  const void *data = g_variant_get_fixed_array (bytes, &size, 1);
  g_autoptr (GError) error = NULL;
  gboolean done = secrets_store (core->paths, name, data, size, &error);
  secret_wipe ((void *) data, size);
  supervised_stop (account->imap); /* they hold the old one */
  supervised_stop (account->smtp);
  if (done && !account->filing) /* what the old one kept from going */
    outbox_run (account, NULL, "all", NULL, NULL);
  if (done)
    request_reply (request, NULL, NULL);
  else
    request_fail (request, error);
}

void
flow_account_forget (struct core *core, struct request *request)
{
  const char *name = "";
  (void) g_variant_lookup (request->fields, "account", "&s", &name);
  if (*name == '\0' || strchr (name, '/') != NULL || *name == '.') {
    request_fail_text (request, ENGINE_ERROR_USAGE, "“%s” is no account's name.", name);
    return;
  }
  secrets_remove (core->paths, name);
  flow_reload (core, request);
}

/* ---- account_test: IMAP, then SMTP ---- */

struct test {
  struct core_account *account;
  struct request *request;
  char *imap;
};

static void
on_tested (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct test *test = data;
  const char *text = "";
  if (error != NULL)
    request_fail (test->request, error);
  else {
    (void) g_variant_lookup (reply, "text", "&s", &text);
    if (test->imap == NULL) {
      test->imap = g_strdup (text);
      supervised_call (test->account->smtp, "test", NULL, NULL, NULL, on_tested, test);
      return;
    }
    request_reply (test->request, g_variant_new_parsed ("{'imap': <%s>, 'smtp': <%s>}", test->imap, text), NULL);
  }
  request_unref (test->request);
  g_free (test->imap);
  g_free (test);
}

void
flow_account_test (struct core *core, struct request *request)
{
  const char *name = "";
  (void) g_variant_lookup (request->fields, "account", "&s", &name);
  struct core_account *account = core_account_find (core, name);
  if (account == NULL) {
    request_fail_text (request, ENGINE_ERROR_NOT_FOUND,
                       "There is no account “%s”; `wardmail account list` names those there are.", name);
    return;
  }
  struct test *test = g_new0 (struct test, 1);
  test->account = account;
  test->request = request_ref (request);
  supervised_call (account->imap, "test", NULL, NULL, NULL, on_tested, test);
}

/* ---- folders: those of every account, then how many mails each has ---- */

struct folders {
  struct core *core;
  struct request *request;
  guint next;         /* account to ask */
  GPtrArray *rows;    /* GVariant *: a{sv} of the imap worker, with the account added */
  GPtrArray *queries; /* char *: two a row: all, unread */
};

static void folders_next (struct folders *folders);

static void
folders_free (struct folders *folders)
{
  request_unref (folders->request);
  g_ptr_array_unref (folders->rows);
  g_ptr_array_unref (folders->queries);
  g_free (folders);
}

/* What is in a folder that is not listed there, and what is deleted or spam, which is left out of lists unless a query asks for it. */
static const char *
role_query (const char *role)
{
  return strcmp (role, "trash") == 0   ? " and (tag:deleted or not tag:deleted)"
         : strcmp (role, "junk") == 0  ? " and (tag:spam or not tag:spam)"
         : strcmp (role, "inbox") == 0 ? " and not tag:" LEDGER_SETTLED
                                       : "";
}

/* A query that names a folder by its path below mail_dir; quotes in names are doubled. */
static char *
folder_query (struct core *core, const char *dir, const char *role)
{
  const char *below = g_str_has_prefix (dir, core->paths->mail_dir) ? dir + strlen (core->paths->mail_dir) + 1 : dir;
  g_auto (GStrv) pieces = g_strsplit (below, "\"", -1);
  g_autofree char *quoted = g_strjoinv ("\"\"", pieces);
  return g_strdup_printf ("folder:\"%s\"%s", quoted, role_query (role));
}

static void
add_folder (struct folders *folders, const char *account, GVariant *row)
{
  const char *dir = "", *role = "";
  (void) g_variant_lookup (row, "dir", "&s", &dir);
  (void) g_variant_lookup (row, "role", "&s", &role);
  g_autofree char *query = folder_query (folders->core, dir, role);
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (row);
  g_variant_dict_remove (&dict, "dir");
  g_variant_dict_insert (&dict, "account", "s", account);
  g_variant_dict_insert (&dict, "query", "s", query);
  g_ptr_array_add (folders->rows, g_variant_ref_sink (g_variant_dict_end (&dict)));
  g_ptr_array_add (folders->queries, g_strdup (query));
  g_ptr_array_add (folders->queries, g_strconcat (query, " and tag:unread", NULL));
}

static void
on_counts (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct folders *folders = data;
  g_autoptr (GVariant) counts = error == NULL ? g_variant_lookup_value (reply, "counts", G_VARIANT_TYPE ("au")) : NULL;
  gsize length = counts != NULL ? g_variant_n_children (counts) : 0;
  GVariantBuilder rows;
  g_variant_builder_init (&rows, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < folders->rows->len; i++) {
    guint32 total = 0, unread = 0;
    if (2 * i + 1 < length) {
      g_variant_get_child (counts, 2 * i, "u", &total);
      g_variant_get_child (counts, 2 * i + 1, "u", &unread);
    }
    g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (g_ptr_array_index (folders->rows, i));
    g_variant_dict_insert (&dict, "total", "u", total);
    g_variant_dict_insert (&dict, "unread", "u", unread);
    g_variant_builder_add (&rows, "@a{sv}", g_variant_dict_end (&dict));
  }
  request_reply (folders->request, g_variant_new_parsed ("{'folders': <%@aa{sv}>}", g_variant_builder_end (&rows)),
                 NULL);
  folders_free (folders);
}

static void
on_folders (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct folders *folders = data;
  if (error == NULL && folders->next - 1 < folders->core->accounts->len) {
    struct core_account *account = g_ptr_array_index (folders->core->accounts, folders->next - 1);
    g_autoptr (GVariant) rows = core_rows (reply, "folders");
    for (gsize i = 0; i < g_variant_n_children (rows); i++) {
      g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
      add_folder (folders, account->account->name, row);
    }
  }
  folders_next (folders);
}

/* Imported mail has folders as well: those that are there on disk. */
static void
add_local (struct folders *folders)
{
  g_autofree char *local = g_build_filename (folders->core->paths->mail_dir, "local", NULL);
  GDir *dir = g_dir_open (local, 0, NULL);
  const char *name;
  while (dir != NULL && folders->rows->len < 100 && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (local, name, NULL);
    g_autofree char *cur = g_build_filename (path, "cur", NULL);
    if (!g_file_test (cur, G_FILE_TEST_IS_DIR) || !g_utf8_validate (name, -1, NULL))
      continue;
    g_autoptr (GVariant) row = g_variant_ref_sink (
        g_variant_new_parsed ("{'path': <%s>, 'name': <%s>, 'role': <''>, 'dir': <%s>}", name, name, path));
    add_folder (folders, "local", row);
  }
  if (dir != NULL)
    g_dir_close (dir);
}

static void
folders_next (struct folders *folders)
{
  if (folders->next < folders->core->accounts->len) {
    struct core_account *account = g_ptr_array_index (folders->core->accounts, folders->next++);
    supervised_call (account->imap, "folders", NULL, NULL, NULL, on_folders, folders);
    return;
  }
  add_local (folders);
  g_ptr_array_set_size (folders->queries, (gint) MIN (folders->queries->len, 200));
  g_autoptr (GVariant) queries = g_variant_ref_sink (
      g_variant_new_strv ((const char *const *) folders->queries->pdata, (gssize) folders->queries->len));
  supervised_call (folders->core->reader, "counts", g_variant_new_parsed ("{'queries': <%@as>}", queries), NULL, NULL,
                   on_counts, folders);
}

void
flow_folders (struct core *core, struct request *request)
{
  struct folders *folders = g_new0 (struct folders, 1);
  folders->core = core;
  folders->request = request_ref (request);
  folders->rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  folders->queries = g_ptr_array_new_with_free_func (g_free);
  core_wake_accounts (core); /* who looks at folders wants their mail to come in */
  folders_next (folders);
}

/* ---- folder: something done to one of them ---- */

struct foldering {
  struct core_account *account;
  struct request *request;
};

static void
on_folder (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct foldering *foldering = data;
  const char *state = foldering->account->state;
  if (error != NULL) {
    request_fail (foldering->request, error);
  } else {
    g_auto (GVariantDict) fields = G_VARIANT_DICT_INIT (reply);
    g_variant_dict_insert (&fields, "online", "b", strcmp (state, "idle") == 0 || strcmp (state, "syncing") == 0);
    request_reply (foldering->request, g_variant_dict_end (&fields), NULL);
  }
  request_unref (foldering->request);
  g_free (foldering);
}

void
flow_folder (struct core *core, struct request *request)
{
  const char *action = "", *folder = "", *to = "";
  (void) g_variant_lookup (request->fields, "action", "&s", &action);
  (void) g_variant_lookup (request->fields, "folder", "&s", &folder);
  (void) g_variant_lookup (request->fields, "to", "&s", &to);
  g_autofree char *name = g_strndup (folder, strcspn (folder, "/"));
  struct core_account *account = core_account_find (core, name);
  if (account == NULL || strchr (folder, '/') == NULL) {
    request_fail_text (
        request, ENGINE_ERROR_NOT_FOUND,
        "“%s” names no account's folder. Write ACCOUNT/FOLDER; `wardmail account list` names the accounts.", folder);
    return;
  }
  core_wake_accounts (core); /* so that the server hears of it */
  struct foldering *foldering = g_new0 (struct foldering, 1);
  foldering->account = account; /* is there as long as its calls */
  foldering->request = request_ref (request);
  supervised_call (
      account->imap, "folder",
      g_variant_new_parsed ("{'action': <%s>, 'folder': <%s>, 'to': <%s>}", action, strchr (folder, '/') + 1, to), NULL,
      NULL, on_folder, foldering);
}

/* ---- sync: done when everything that came is in the index ---- */

struct sync {
  struct core *core;
  struct request *request;
  guint left;
  GVariantBuilder rows;
  char *problem; /* with the settings; NULL */
};

struct sync_account {
  struct sync *sync;
  struct core_account *account;
  guint32 new, changed, removed, bodies;
  guint64 bytes;
};

static void
sync_end_one (struct sync *sync)
{
  if (--sync->left > 0)
    return;
  sync->core->busy--;
  core_tell_changed (sync->core);
  g_auto (GVariantDict) reply = G_VARIANT_DICT_INIT (NULL);
  g_variant_dict_insert_value (&reply, "accounts", g_variant_builder_end (&sync->rows));
  if (sync->problem != NULL)
    g_variant_dict_insert (&reply, "problem", "s", sync->problem);
  request_reply (sync->request, g_variant_dict_end (&reply), NULL);
  request_unref (sync->request);
  g_free (sync->problem);
  g_free (sync);
}

static void
sync_account_end (struct sync_account *one, const char *sentence)
{
  g_variant_builder_add (
      &one->sync->rows, "@a{sv}",
      g_variant_new_parsed ("{'account': <%s>, 'new': <%u>, 'changed': <%u>, 'removed': <%u>, 'bodies': <%u>, "
                            "'bytes': <%t>, 'error': <%s>}",
                            one->account->account->name, one->new, one->changed, one->removed, one->bodies, one->bytes,
                            sentence));
  sync_end_one (one->sync);
  g_free (one);
}

static void
on_drained (gpointer data, const GError *error)
{
  sync_account_end (data, error != NULL ? error->message : "");
}

static void
on_synced (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct sync_account *one = data;
  if (error != NULL) {
    sync_account_end (one, error->message);
    return;
  }
  (void) g_variant_lookup (reply, "new", "u", &one->new);
  (void) g_variant_lookup (reply, "changed", "u", &one->changed);
  (void) g_variant_lookup (reply, "removed", "u", &one->removed);
  (void) g_variant_lookup (reply, "bodies", "u", &one->bodies);
  (void) g_variant_lookup (reply, "bytes", "t", &one->bytes);
  arrive_when_done (one->account, on_drained, one);
}

void
flow_sync (struct core *core, struct request *request)
{
  const char *name = NULL;
  (void) g_variant_lookup (request->fields, "account", "&s", &name);
  (void) core_load_edited (core);
  if (name != NULL && core_account_find (core, name) == NULL) {
    request_fail_text (request, ENGINE_ERROR_NOT_FOUND, "There is no account “%s”.", name);
    return;
  }
  struct sync *sync = g_new0 (struct sync, 1);
  sync->core = core;
  sync->request = request_ref (request);
  sync->left = 1;
  if (core->unread != NULL)
    sync->problem = g_strdup_printf ("%s Until that is mended wardmail goes on with the settings of before.",
                                     core->unread->message);
  core->busy++;
  g_variant_builder_init (&sync->rows, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < core->accounts->len; i++) {
    struct core_account *account = g_ptr_array_index (core->accounts, i);
    if (name != NULL && strcmp (account->account->name, name) != 0)
      continue;
    struct sync_account *one = g_new0 (struct sync_account, 1);
    one->sync = sync;
    one->account = account;
    sync->left++;
    if (!account->filing)
      outbox_run (account, NULL, "now", NULL, NULL);
    arrive_again_now (account);
    supervised_call (account->imap, "sync", NULL, NULL, NULL, on_synced, one);
  }
  sync_end_one (sync);
}
