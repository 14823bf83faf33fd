/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What a person does to mail: read, flag, archive, delete, move, tag. The imap worker first (it journals for the server),
 * then the index, then the answer, so that the screen never shows what could still be lost. */
#include "mail/engine/core.h"

#include <string.h>

#include "mail/store/keywords.h"
#include "mail/store/tags.h"

/* A tag that stands for an IMAP flag; inverted: the tag means that the flag is not set. */
static const struct {
  const char *tag, *flag;
  gboolean inverted;
} flag_tags[] = {
  { "unread", "seen", TRUE },
  { "flagged", "flagged", FALSE },
  { "replied", "answered", FALSE },
  { "passed", "forwarded", FALSE },
};

struct action {
  const char *name;
  const char *method; /* of the imap worker */
  const char *flags_add, *flags_remove;
  const char *to;                     /* role, for "move" */
  const char *tags_add, *tags_remove; /* space-separated */
};
static const struct action actions[] = {
  { "read", "flags", "seen", NULL, NULL, NULL, "unread" },
  { "unread", "flags", NULL, "seen", NULL, "unread", NULL },
  { "flag", "flags", "flagged", NULL, NULL, "flagged", NULL },
  { "unflag", "flags", NULL, "flagged", NULL, NULL, "flagged" },
  { "archive", "move", NULL, NULL, "archive", "archive", "inbox deleted spam" },
  { "delete", "move", NULL, NULL, "trash", "deleted", "inbox archive" },
  { "move", "move", NULL, NULL, NULL, NULL, "inbox archive deleted spam" },
  { "back", "move_back", NULL, NULL, NULL, NULL, "inbox archive deleted spam" },
};

struct change {
  struct core *core;
  struct request *request;                                     /* NULL: nobody waits for it */
  const struct action *action;                                 /* NULL for "tag" */
  GVariant *flags_add, *flags_remove, *tags_add, *tags_remove; /* as */
  char *to;                  /* for move: role or path; for back: the folder's place on disk; NULL: flags only */
  struct core_account *only; /* the account that it is about; NULL: all */
  GVariantBuilder homes;     /* a(ss): of what is taken away */
  GPtrArray *ids;            /* char * */
  GHashTable *paths;         /* struct core_account * -> GPtrArray of char * */
  GHashTableIter iter;
  GVariantBuilder moves; /* a(ss) */
  guint moved;
};

static void change_next (struct change *change);

static void
clear_variant (GVariant **variant)
{
  g_clear_pointer (variant, g_variant_unref);
}

static void
change_free (struct change *change)
{
  if (change->request != NULL)
    request_unref (change->request);
  clear_variant (&change->flags_add);
  clear_variant (&change->flags_remove);
  clear_variant (&change->tags_add);
  clear_variant (&change->tags_remove);
  g_free (change->to);
  g_ptr_array_unref (change->ids);
  g_hash_table_unref (change->paths);
  g_variant_builder_clear (&change->moves);
  g_variant_builder_clear (&change->homes);
  g_free (change);
}

static void
change_fail (struct change *change, const GError *error)
{
  if (change->request != NULL)
    request_fail (change->request, error);
  change_free (change);
}

static GVariant *
words (const char *text_or_null)
{
  g_auto (GStrv) list = g_strsplit (text_or_null != NULL ? text_or_null : "", " ", -1);
  return g_variant_ref_sink (g_variant_new_strv ((const char *const *) list, text_or_null == NULL ? 0 : -1));
}

static struct change *
change_new (struct core *core, struct request *request)
{
  struct change *change = g_new0 (struct change, 1);
  change->core = core;
  change->request = request != NULL ? request_ref (request) : NULL;
  change->ids = g_ptr_array_new_with_free_func (g_free);
  change->paths = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) g_ptr_array_unref);
  g_variant_builder_init (&change->moves, G_VARIANT_TYPE ("a(ss)"));
  g_variant_builder_init (&change->homes, G_VARIANT_TYPE ("a(ss)"));
  return change;
}

/* Where a file lies, for "back": "account/folder", or "local/folder". */
static void
note_home (struct change *change, const char *id, const char *path)
{
  g_autofree char *cur = g_path_get_dirname (path), *folder = g_path_get_dirname (cur);
  gsize root = strlen (change->core->paths->mail_dir);
  if (change->to != NULL && strncmp (folder, change->core->paths->mail_dir, root) == 0 && folder[root] == '/')
    g_variant_builder_add (&change->homes, "(ss)", id, folder + root + 1);
}

/* Sort the files of the index's rows by the account whose worker keeps them; local mail has none. */
static void
collect_paths (struct change *change, GVariant *reply)
{
  g_autoptr (GVariant) rows = core_rows (reply, "rows");
  for (gsize i = 0; i < g_variant_n_children (rows); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
    const char *id = "";
    g_autofree const char **paths = NULL;
    (void) g_variant_lookup (row, "id", "&s", &id);
    (void) g_variant_lookup (row, "paths", "^a&s", &paths);
    g_ptr_array_add (change->ids, g_strdup (id));
    for (guint k = 0; paths != NULL && paths[k] != NULL; k++) {
      struct core_account *account = core_account_for_path (change->core, paths[k]);
      note_home (change, id, paths[k]);
      if (account == NULL || (change->only != NULL && account != change->only))
        continue;
      GPtrArray *list = g_hash_table_lookup (change->paths, account);
      if (list == NULL) {
        list = g_ptr_array_new_with_free_func (g_free);
        g_hash_table_insert (change->paths, account, list);
      }
      g_ptr_array_add (list, g_strdup (paths[k]));
    }
  }
  g_hash_table_iter_init (&change->iter, change->paths);
}

static void
change_end (struct change *change)
{
  GVariantBuilder reply;
  core_changed (change->core);
  g_variant_builder_init (&reply, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&reply, "{sv}", "changed", g_variant_new_uint32 (change->ids->len));
  GVariant *homes = g_variant_builder_end (&change->homes);
  g_variant_builder_init (&change->homes, G_VARIANT_TYPE ("a(ss)"));
  if (change->to != NULL) /* only what was taken away has somewhere to come back to */
    g_variant_builder_add (&reply, "{sv}", "homes", homes);
  else
    g_variant_unref (g_variant_ref_sink (homes));
  g_autoptr (GVariant) fields = g_variant_ref_sink (g_variant_builder_end (&reply));
  if (change->request != NULL)
    request_reply (change->request, fields, NULL);
  change_free (change);
}

/* The index failed after it was done: the imap workers will report it anew. */
static void
change_fail_index (struct change *change, const GError *error)
{
  for (guint i = 0; i < change->core->accounts->len; i++)
    arrive_again (g_ptr_array_index (change->core->accounts, i));
  change_fail (change, error);
}

static void
on_tagged (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  if (error != NULL)
    change_fail_index (data, error);
  else
    change_end (data);
}

static void
on_paths_moved (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct change *change = data;
  if (error != NULL) {
    change_fail_index (change, error);
    return;
  }
  if (change->action == NULL || change->ids->len == 0) {
    change_end (change); /* "tag" has tagged already */
    return;
  }
  g_autoptr (GVariant) ids
      = g_variant_ref_sink (g_variant_new_strv ((const char *const *) change->ids->pdata, (gssize) change->ids->len));
  supervised_call (change->core->writer, "tag",
                   g_variant_new_parsed ("{'ids': <%@as>, 'add': <%@as>, 'remove': <%@as>, 'named': <true>}", ids,
                                         change->tags_add, change->tags_remove),
                   NULL, NULL, on_tagged, change);
}

static void
on_imap_changed (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct change *change = data;
  if (error != NULL) {
    change_fail (change, error);
    return;
  }
  g_autoptr (GVariant) moves = g_variant_lookup_value (reply, "moves", G_VARIANT_TYPE ("a(ss)"));
  const char *role = NULL;
  if (g_variant_lookup (reply, "role", "&s", &role)) {
    g_autoptr (GPtrArray) add = g_ptr_array_new (), remove = g_ptr_array_new ();
    tags_between (NULL, NULL, role, "S", add, remove); /* as seen: the flags stay as they are */
    clear_variant (&change->tags_add);
    change->tags_add = g_variant_ref_sink (g_variant_new_strv ((const char *const *) add->pdata, (gssize) add->len));
  }
  for (gsize i = 0; i < g_variant_n_children (moves); i++) {
    const char *old, *new;
    g_variant_get_child (moves, i, "(&s&s)", &old, &new);
    if (strcmp (old, new) != 0) {
      g_variant_builder_add (&change->moves, "(ss)", old, new);
      change->moved++;
    }
  }
  change_next (change);
}

/* What a person tags is told as it is; the tags of an action follow from its flags. */
static GVariant *
flags_fields (const struct change *change, GVariant *paths)
{
  g_auto (GVariantDict) fields = G_VARIANT_DICT_INIT (NULL);
  g_variant_dict_insert_value (&fields, "paths", paths);
  g_variant_dict_insert_value (&fields, "add", change->flags_add);
  g_variant_dict_insert_value (&fields, "remove", change->flags_remove);
  if (change->action == NULL) {
    g_variant_dict_insert_value (&fields, "tags_add", change->tags_add);
    g_variant_dict_insert_value (&fields, "tags_remove", change->tags_remove);
  }
  return g_variant_dict_end (&fields);
}

/* One account after the other, then the index. */
static void
change_next (struct change *change)
{
  gpointer key, value;
  if (g_hash_table_iter_next (&change->iter, &key, &value)) {
    struct core_account *account = key;
    GPtrArray *list = value;
    g_autoptr (GVariant) paths
        = g_variant_ref_sink (g_variant_new_strv ((const char *const *) list->pdata, (gssize) list->len));
    gboolean back = change->action != NULL && strcmp (change->action->method, "move_back") == 0;
    GVariant *fields = back                 ? g_variant_new_parsed ("{'paths': <%@as>, 'dir': <%s>}", paths, change->to)
                       : change->to != NULL ? g_variant_new_parsed ("{'paths': <%@as>, 'to': <%s>}", paths, change->to)
                                            : flags_fields (change, paths);
    supervised_call (account->imap,
                     back                 ? "move_back"
                     : change->to != NULL ? "move"
                                          : "flags",
                     fields, NULL, NULL, on_imap_changed, change);
    return;
  }
  GVariant *moves = g_variant_builder_end (&change->moves);
  g_variant_builder_init (&change->moves, G_VARIANT_TYPE ("a(ss)"));
  if (change->moved == 0) {
    g_variant_unref (g_variant_ref_sink (moves));
    on_paths_moved (NULL, NULL, NULL, change);
    return;
  }
  supervised_call (change->core->writer, "moved", g_variant_new_parsed ("{'moves': <%@a(ss)>}", moves), NULL, NULL,
                   on_paths_moved, change);
}

static void
on_found (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct change *change = data;
  if (error != NULL) {
    change_fail (change, error);
    return;
  }
  collect_paths (change, reply);
  change_next (change);
}

void
flow_change (struct core *core, struct request *request)
{
  const char *name = "", *folder = NULL;
  (void) g_variant_lookup (request->fields, "action", "&s", &name);
  (void) g_variant_lookup (request->fields, "folder", "&s", &folder);
  const struct action *action = NULL;
  for (guint i = 0; i < G_N_ELEMENTS (actions); i++)
    if (strcmp (actions[i].name, name) == 0)
      action = &actions[i];
  gboolean named = action != NULL && strcmp (action->method, "flags") != 0 && action->to == NULL;
  if (action == NULL || (named && (folder == NULL || strchr (folder, '/') == NULL))) {
    request_fail_text (request, ENGINE_ERROR_USAGE, "“%s” is nothing that can be done to mail.", name);
    return;
  }
  struct change *change = change_new (core, request);
  change->action = action;
  change->flags_add = words (action->flags_add);
  change->flags_remove = words (action->flags_remove);
  change->tags_add = words (action->tags_add);
  change->tags_remove = words (action->tags_remove);
  if (action->to != NULL)
    change->to = g_strdup (action->to);
  if (named) {
    g_autofree char *account = g_strndup (folder, strcspn (folder, "/"));
    change->only = core_account_find (core, account);
    change->to = g_strdup (strchr (folder, '/') + 1);
  }
  g_autoptr (GVariant) ids = g_variant_lookup_value (request->fields, "ids", G_VARIANT_TYPE_STRING_ARRAY);
  supervised_call (core->reader, "find", g_variant_new_parsed ("{'ids': <%@as>}", ids), NULL, NULL, on_found, change);
}

/* ---- tag: the index first (it knows what the query means), then the flags that some tags stand for ---- */

static gboolean
has_word (GVariant *list, const char *word)
{
  g_autofree const char **strings = g_variant_get_strv (list, NULL);
  return g_strv_contains (strings, word);
}

static GVariant *
flags_for (GVariant *set, GVariant *cleared)
{
  GVariantBuilder flags;
  g_variant_builder_init (&flags, G_VARIANT_TYPE_STRING_ARRAY);
  for (guint i = 0; i < G_N_ELEMENTS (flag_tags); i++)
    if (has_word (flag_tags[i].inverted ? cleared : set, flag_tags[i].tag))
      g_variant_builder_add (&flags, "s", flag_tags[i].flag);
  return g_variant_ref_sink (g_variant_builder_end (&flags));
}

/* Some tag that the server keeps as a keyword. */
static gboolean
is_for_server (GVariant *tags)
{
  g_autofree const char **strings = g_variant_get_strv (tags, NULL);
  for (gsize i = 0; strings[i] != NULL; i++) {
    g_autofree char *keyword = keywords_of_tag (strings[i]);
    if (keyword != NULL)
      return TRUE;
  }
  return FALSE;
}

static void
on_query_tagged (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct change *change = data;
  if (error != NULL) {
    change_fail (change, error);
    return;
  }
  collect_paths (change, reply);
  if (g_variant_n_children (change->flags_add) == 0 && g_variant_n_children (change->flags_remove) == 0
      && !is_for_server (change->tags_add) && !is_for_server (change->tags_remove))
    g_hash_table_remove_all (change->paths);
  g_hash_table_iter_init (&change->iter, change->paths);
  change_next (change);
}

void
flow_tag (struct core *core, struct request *request)
{
  struct change *change = change_new (core, request);
  change->tags_add = g_variant_lookup_value (request->fields, "add", G_VARIANT_TYPE_STRING_ARRAY);
  change->tags_remove = g_variant_lookup_value (request->fields, "remove", G_VARIANT_TYPE_STRING_ARRAY);
  change->flags_add = flags_for (change->tags_add, change->tags_remove);
  change->flags_remove = flags_for (change->tags_remove, change->tags_add);
  supervised_call (core->writer, "tag", request->fields, NULL, NULL, on_query_tagged, change);
}

void
change_mark (struct core *core, const char *id, const char *tag)
{
  change_marks (core, id, tag, NULL);
}

void
change_marks (struct core *core, const char *id, const char *add, const char *remove_or_null)
{
  const char *ids[] = { id, NULL };
  struct change *change = change_new (core, NULL);
  change->tags_add = words (add);
  change->tags_remove = words (remove_or_null);
  change->flags_add = flags_for (change->tags_add, change->tags_remove);
  change->flags_remove = flags_for (change->tags_remove, change->tags_add);
  supervised_call (core->writer, "tag",
                   g_variant_new_parsed ("{'ids': <%^as>, 'add': <%@as>, 'remove': <%@as>}", ids, change->tags_add,
                                         change->tags_remove),
                   NULL, NULL, on_query_tagged, change);
}
