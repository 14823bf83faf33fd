/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What the imap worker is asked and does without taking the line for itself: changes are done on the local side at once, and the server
 * hears of them when there is a line. */
#include "mail/workers/imap_p.h"

#include "mail/store/maildir.h"

GVariant *
imap_method_report (struct worker *worker, GVariant *args, GError **error)
{
  struct mailbox *box = worker_state (worker);
  sync_report (box->sync);
  box->reported = TRUE;
  return worker_reply_nothing ();
}

GVariant *
imap_method_settle (struct worker *worker, GVariant *args, GError **error)
{
  sync_settle (((struct mailbox *) worker_state (worker))->sync);
  return worker_reply_nothing ();
}

GVariant *
imap_method_folders (struct worker *worker, GVariant *args, GError **error)
{
  return worker_reply_one ("folders", sync_folder_rows (((struct mailbox *) worker_state (worker))->sync));
}

/* A list of strings in args; never NULL. */
static const char **
list (GVariant *args, const char *name)
{
  const char **strings = NULL;
  if (!g_variant_lookup (args, name, "^a&s", &strings))
    strings = g_new0 (const char *, 1);
  return strings;
}

/* A local change is pushed in the next idle turn. */
static GVariant *
changed (struct mailbox *box, const char *name, GVariant *value)
{
  box->next_push = 0;
  return value == NULL ? NULL : worker_reply_one (name, value);
}

GVariant *
imap_method_flags (struct worker *worker, GVariant *args, GError **error)
{
  struct mailbox *box = worker_state (worker);
  g_autofree const char **paths = list (args, "paths"), **add = list (args, "add"), **remove = list (args, "remove");
  g_autofree const char **tags_add = list (args, "tags_add"), **tags_remove = list (args, "tags_remove");
  gboolean tagged
      = (*tags_add == NULL && *tags_remove == NULL) || sync_tags (box->sync, paths, tags_add, tags_remove, error);
  return changed (box, "moves", tagged ? sync_flags (box->sync, paths, add, remove, error) : NULL);
}

GVariant *
imap_method_move (struct worker *worker, GVariant *args, GError **error)
{
  struct mailbox *box = worker_state (worker);
  g_autofree const char **paths = list (args, "paths");
  const char *to = "";
  g_variant_lookup (args, "to", "&s", &to);
  return changed (box, "moves", sync_move (box->sync, paths, to, error));
}

GVariant *
imap_method_move_back (struct worker *worker, GVariant *args, GError **error)
{
  struct mailbox *box = worker_state (worker);
  g_autofree const char **paths = list (args, "paths");
  const char *dir = "";
  g_autofree char *role = NULL;
  g_variant_lookup (args, "dir", "&s", &dir);
  GVariant *moves = sync_move_back (box->sync, paths, dir, &role, error);
  box->next_push = 0;
  return moves != NULL ? g_variant_new_parsed ("{'moves': <%@a(ss)>, 'role': <%s>}", moves, role) : NULL;
}

GVariant *
imap_method_append (struct worker *worker, GVariant *args, GError **error)
{
  struct mailbox *box = worker_state (worker);
  const char *role = "", *replaces = NULL, *key = NULL;
  g_variant_lookup (args, "role", "&s", &role);
  g_variant_lookup (args, "replaces", "&s", &replaces);
  g_variant_lookup (args, "key", "&s", &key);
  g_autofree const char **flags = list (args, "flags");
  int fd = worker_arg_fd (worker, args, "data");
  g_autofree char *path = worker_check_fd (fd, IMAP_MESSAGE_MAX, NULL, error)
                              ? sync_append (box->sync, role, fd, flags, replaces, key, error)
                              : NULL;
  return changed (box, "path", path == NULL ? NULL : g_variant_new_string (path));
}

GVariant *
imap_method_remove (struct worker *worker, GVariant *args, GError **error)
{
  struct mailbox *box = worker_state (worker);
  g_autofree const char **paths = list (args, "paths");
  box->next_push = 0;
  return sync_remove (box->sync, paths, error) ? worker_reply_nothing () : NULL;
}

GVariant *
imap_method_drafts (struct worker *worker, GVariant *args, GError **error)
{
  struct mailbox *box = worker_state (worker);
  const char *id = "";
  g_variant_lookup (args, "id", "&s", &id);
  g_auto (GStrv) paths = sync_drafts (box->sync, id);
  return worker_reply_one ("paths", g_variant_new_strv ((const char *const *) paths, -1));
}

GVariant *
imap_method_folder (struct worker *worker, GVariant *args, GError **error)
{
  struct mailbox *box = worker_state (worker);
  const char *action = "", *name = "", *to = "";
  guint mails = 0;
  g_variant_lookup (args, "action", "&s", &action);
  g_variant_lookup (args, "folder", "&s", &name);
  g_variant_lookup (args, "to", "&s", &to);
  box->next_push = 0;
  return sync_folder (box->sync, action, name, to, &mails, error)
             ? worker_reply_one ("mails", g_variant_new_uint32 (mails))
             : NULL;
}

GVariant *
imap_method_mails (struct worker *worker, GVariant *args, GError **error)
{
  struct mailbox *box = worker_state (worker);
  gint64 before = 0, next = 0;
  guint32 limit = 0;
  guint left = 0;
  gboolean newest = FALSE;
  g_variant_lookup (args, "before", "x", &before);
  g_variant_lookup (args, "limit", "u", &limit);
  g_variant_lookup (args, "newest", "b", &newest);
  GVariant *rows
      = newest ? sync_rows_newest (box->sync, limit, error) : sync_rows (box->sync, before, limit, &next, &left, error);
  return rows == NULL ? NULL
                      : g_variant_new_parsed ("{'rows': <%@aa{sv}>, 'next': <%x>, 'left': <%u>}", rows, next, left);
}

GVariant *
imap_method_indexed (struct worker *worker, GVariant *args, GError **error)
{
  struct mailbox *box = worker_state (worker);
  g_autofree const char **paths = list (args, "paths");
  return sync_indexed (box->sync, paths, error) ? worker_reply_nothing () : NULL;
}

GVariant *
imap_method_fetch (struct worker *worker, GVariant *args, GError **error)
{
  struct mailbox *box = worker_state (worker);
  const char *path = "";
  g_variant_lookup (args, "path", "&s", &path);
  if (box->refused) { /* trying again and again would lock the account at many servers */
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_SIGN_IN, "The server did not take the password.");
    return NULL;
  }
  GVariant *reply = imap_body_fetch (&box->body, box->sync, box->on_line ? NULL : box->imap, box->remote, box->secret,
                                     &box->guest, path, error);
  if (reply != NULL && box->imap == NULL)
    box->next_try = 0; /* there is a line again */
  return reply;
}
