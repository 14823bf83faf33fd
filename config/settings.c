/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* wardmail.conf: who the user is and how the client behaves, by one table. */
#include "config/settings.h"
#include "config/keyfile_p.h"
#include "config/ldapserver.h"
#include "config/text.h"

#include <string.h>

enum kind { KIND_TEXT = 0, KIND_ADDRESS, KIND_SERVERS, KIND_CA, KIND_NUMBER, KIND_CHOICE };
static const char *const at_rest_names[] = { "vault", "volume", "none", NULL };
static const char *const sync_folders_names[] = { "all", "subscribed", NULL };
static const char *const ask_names[] = { "no", "yes", NULL };

/* One setting a row. tests/lint/manual compares the rows with wardmail.conf(5). */
static const struct row {
  const char *group, *key;
  enum kind kind;
  gsize offset;
  gboolean required;
  guint least, most, standard; /* KIND_NUMBER, KIND_CHOICE */
  const char *const *names;    /* KIND_CHOICE */
  const char *standard_text, *help;
} rows[] = {
#define SETTING(group, key, kind, field) group, key, kind, G_STRUCT_OFFSET (struct settings, field)
  { SETTING ("user", "name", KIND_TEXT, name), .required = TRUE, .standard_text = "none",
    .help = "The name that stands in From." },
  { SETTING ("user", "address", KIND_ADDRESS, address), .required = TRUE, .standard_text = "none",
    .help = "The address that stands in From, and whose keys are yours." },
  { SETTING ("profile", "at-rest", KIND_CHOICE, at_rest), .names = at_rest_names, .standard = AT_REST_VAULT,
    .standard_text = "vault",
    .help = "How the profile's data are protected on the disk; none makes it an unprotected test profile." },
  { SETTING ("compose", "editor", KIND_TEXT, editor), .standard_text = "$VISUAL, then $EDITOR",
    .help = "The program that edits a message when you ask for an external editor." },
  { SETTING ("compose", "autosave-seconds", KIND_NUMBER, autosave_s), .least = 1, .most = 3600, .standard = 30,
    .standard_text = "30",
    .help = "How long after a change a message that is being written is kept in Drafts, 1 to 3600." },
  { SETTING ("send", "undo-seconds", KIND_NUMBER, undo_s), .least = 0, .most = 60, .standard = 10,
    .standard_text = "10",
    .help = "How long a message that you send on the screen can be taken back before it goes, 0 to 60." },
  { SETTING ("send", "notice-hours", KIND_NUMBER, notice_h), .least = 1, .most = 240, .standard = 24,
    .standard_text = "24",
    .help = "After how many hours you are told of a message that could not be sent yet, 1 to 240." },
  { SETTING ("folders", "archive", KIND_TEXT, archive_folder), .standard_text = "what the server names",
    .help = "The server's folder for archived mail." },
  { SETTING ("folders", "drafts", KIND_TEXT, drafts_folder), .standard_text = "what the server names",
    .help = "The server's folder for drafts." },
  { SETTING ("folders", "sent", KIND_TEXT, sent_folder), .standard_text = "what the server names",
    .help = "The server's folder for sent mail." },
  { SETTING ("folders", "trash", KIND_TEXT, trash_folder), .standard_text = "what the server names",
    .help = "The server's folder for deleted mail." },
  { SETTING ("sync", "folders", KIND_CHOICE, sync_folders), .names = sync_folders_names, .standard = SYNC_ALL,
    .standard_text = "all",
    .help = "Which of your own folders are kept here: all, or those that you subscribed to, as Thunderbird does." },
  { SETTING ("sending", "ask-reports", KIND_CHOICE, ask_reports), .names = ask_names, .standard = ASK_YES,
    .standard_text = "yes",
    .help = "Whether servers that can do so are asked to report what becomes of a message; it is shown in Sent." },
  { SETTING ("sending", "overdue-hours", KIND_NUMBER, overdue_h), .least = 1, .most = 720, .standard = 24,
    .standard_text = "24",
    .help = "After how many hours without a report of its delivery a message counts as overdue, 1 to 720." },
  { SETTING ("sync", "poll-seconds", KIND_NUMBER, poll_s), .least = 10, .most = 86400, .standard = 60,
    .standard_text = "60", .help = "How often to look for new mail where the server cannot announce it, 10 to 86400." },
  { SETTING ("sync", "keep-days", KIND_NUMBER, keep_days), .least = 0, .most = 36500, .standard = 0,
    .standard_text = "0",
    .help = "How many days of mail are kept here whole, older mail as its header alone; 0 for all, to 36500." },
  { SETTING ("sync", "fetch-limit", KIND_NUMBER, fetch_limit_mb), .least = 1, .most = 150, .standard = 150,
    .standard_text = "150", .help = "Mail of more than so many MB is fetched only when it is opened, 1 to 150." },
  { SETTING ("lookup", "ldap-servers", KIND_SERVERS, ldap_servers), .standard_text = "none",
    .help = "LDAP servers to ask for certificates, beside those of your organisation, as URLs with ; between them." },
  { SETTING ("lookup", "ldap-ca", KIND_CA, ldap_ca), .standard_text = "the system's authorities",
    .help = "Certificates that the chains of these servers must lead to, as a PEM file." },
#undef SETTING
};
#define SEARCHES "searches" /* the group whose keys are names that the user chose */
#define SEARCHES_MAX 200

static gpointer
field (const struct settings *settings, const struct row *row)
{
  return (gpointer) ((const char *) settings + row->offset);
}

guint
settings_count (void)
{
  return G_N_ELEMENTS (rows);
}

struct setting
settings_row (guint index)
{
  const struct row *row = &rows[index];
  const char *type = row->kind == KIND_CHOICE    ? row->names == at_rest_names ? "vault|volume|none"
                                                   : row->names == ask_names   ? "no|yes"
                                                                               : "all|subscribed"
                     : row->kind == KIND_NUMBER  ? "number"
                     : row->kind == KIND_ADDRESS ? "address"
                     : row->kind == KIND_SERVERS ? "URLs"
                     : row->kind == KIND_CA      ? "file"
                                                 : "text";
  return (struct setting){
    .group = row->group, .key = row->key, .type = type, .standard = row->standard_text, .help = row->help
  };
}

static void
saved_search_free (gpointer data)
{
  struct saved_search *search = data;
  g_free (search->name);
  g_free (search->query);
  g_free (search);
}

struct settings *
settings_new (void)
{
  struct settings *settings = g_new0 (struct settings, 1);
  settings->saved_searches = g_ptr_array_new_with_free_func (saved_search_free);
  settings->at_rest = AT_REST_VAULT;
  settings->ask_reports = ASK_YES;
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (rows[i].kind == KIND_NUMBER)
      *(guint *) field (settings, &rows[i]) = rows[i].standard;
  return settings;
}

void
settings_free (struct settings *settings)
{
  if (settings == NULL)
    return;
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (rows[i].kind != KIND_NUMBER && rows[i].kind != KIND_CHOICE)
      g_free (*(char **) field (settings, &rows[i]));
  g_ptr_array_unref (settings->saved_searches);
  g_free (settings);
}

const char *
settings_banner (const struct settings *settings)
{
  return settings != NULL && settings->at_rest == AT_REST_NONE ? "unprotected test profile" : NULL;
}

/* Is this a value for the row? */
static gboolean
fits (const struct row *row, const char *text, const char **why_out)
{
  g_autoptr (GPtrArray) servers = row->kind == KIND_SERVERS ? ldapserver_list (text, why_out) : NULL;
  *why_out = row->kind == KIND_ADDRESS ? "this is not an address such as you@example.org." : *why_out;
  return row->kind == KIND_ADDRESS   ? text_is_address (text)
         : row->kind == KIND_SERVERS ? servers != NULL
         : row->kind == KIND_CA      ? ldapserver_is_ca (text, why_out)
                                     : TRUE;
}

static gboolean
read_row (struct settings *settings, const struct row *row, GKeyFile *file, const char *path, GError **error)
{
  gpointer where = field (settings, row);
  switch (row->kind) {
  case KIND_NUMBER:
    return keyfile_number (file, path, row->group, row->key, row->least, row->most, where, error);
  case KIND_CHOICE: {
    int value = (int) row->standard;
    if (!keyfile_choice (file, path, row->group, row->key, row->names, &value, error))
      return FALSE;
    *(int *) where = value; /* an enum */
    return TRUE;
  }
  case KIND_TEXT:
  case KIND_ADDRESS:
  case KIND_SERVERS:
  case KIND_CA:
    break;
  }
  char **text = where;
  const char *why = NULL;
  if (!keyfile_text (file, path, row->group, row->key, text, error))
    return FALSE;
  if (*text == NULL && row->required)
    return keyfile_refuse (path, row->group, row->key, "this setting is missing; wardmail needs it.", error);
  if (*text != NULL && !fits (row, *text, &why))
    return keyfile_refuse (path, row->group, row->key, why, error);
  return TRUE;
}

static gboolean
read_searches (struct settings *settings, GKeyFile *file, const char *path, GError **error)
{
  g_auto (GStrv) names = g_key_file_get_keys (file, SEARCHES, NULL, NULL);
  for (gsize i = 0; names != NULL && names[i] != NULL; i++) {
    g_autofree char *query = NULL;
    if (i == SEARCHES_MAX)
      return keyfile_refuse (path, SEARCHES, names[i], "there are more than 200 saved searches.", error);
    if (!text_is_line (names[i], 256))
      return keyfile_refuse (path, SEARCHES, "", "the name of a saved search holds characters that cannot be shown.",
                             error);
    if (!keyfile_text (file, path, SEARCHES, names[i], &query, error))
      return FALSE;
    struct saved_search *search = g_new0 (struct saved_search, 1);
    search->name = g_strdup (names[i]);
    search->query = g_steal_pointer (&query);
    g_ptr_array_add (settings->saved_searches, search);
  }
  return TRUE;
}

static gboolean
is_known (const char *group, const char *key)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (strcmp (rows[i].group, group) == 0 && (key == NULL || strcmp (rows[i].key, key) == 0))
      return TRUE;
  return strcmp (group, SEARCHES) == 0;
}

/* A misspelt setting would otherwise be a default in silence. */
static gboolean
all_known (GKeyFile *file, const char *path, GError **error)
{
  g_auto (GStrv) groups = g_key_file_get_groups (file, NULL);
  for (gsize i = 0; groups[i] != NULL; i++) {
    g_auto (GStrv) keys = g_key_file_get_keys (file, groups[i], NULL, NULL);
    if (!is_known (groups[i], NULL))
      return keyfile_refuse (path, groups[i], keys[0] != NULL ? keys[0] : "",
                             "wardmail knows no such group of settings.", error);
    for (gsize j = 0; keys[j] != NULL; j++)
      if (!is_known (groups[i], keys[j]))
        return keyfile_refuse (path, groups[i], keys[j],
                               "wardmail knows no such setting; see wardmail.conf(5) for all of them.", error);
  }
  return TRUE;
}

struct settings *
settings_load (const struct paths *paths, GError **error)
{
  g_autofree char *path = g_build_filename (paths->config_dir, "wardmail.conf", NULL);
  g_autoptr (GError) cause = NULL;
  g_autoptr (GKeyFile) file = keyfile_load (path, &cause);
  if (file == NULL && g_error_matches (cause, CONFIG_ERROR, CONFIG_ERROR_MISSING)) {
    g_set_error (
        error, CONFIG_ERROR, CONFIG_ERROR_MISSING,
        "There is no profile yet: %s does not exist. If yours is in a folder of its own, name it: wardmail --profile "
        "DIR. To make one, start wardmail alone and answer its questions, or use “wardmail setup”.",
        path);
    return NULL;
  }
  if (file == NULL) {
    g_propagate_error (error, g_steal_pointer (&cause));
    return NULL;
  }
  AUTOFREE (settings) settings = settings_new ();
  if (!all_known (file, path, error))
    return NULL;
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (!read_row (settings, &rows[i], file, path, error))
      return NULL;
  if (!read_searches (settings, file, path, error))
    return NULL;
  return g_steal_pointer (&settings);
}

static gboolean
write_row (const struct settings *settings, const struct row *row, GKeyFile *file, const char *path, GError **error)
{
  gpointer where = field (settings, row);
  switch (row->kind) {
  case KIND_NUMBER:
    if (*(guint *) where != row->standard)
      g_key_file_set_uint64 (file, row->group, row->key, *(guint *) where);
    else
      g_key_file_remove_key (file, row->group, row->key, NULL);
    return TRUE;
  case KIND_CHOICE:
    g_key_file_set_string (file, row->group, row->key, row->names[*(int *) where]);
    return TRUE;
  case KIND_TEXT:
  case KIND_ADDRESS:
  case KIND_SERVERS:
  case KIND_CA:
    break;
  }
  const char *text = *(char **) where, *why = NULL;
  if (text == NULL && row->required)
    return keyfile_refuse (path, row->group, row->key, "this setting is missing; nothing was written.", error);
  if (text == NULL) {
    g_key_file_remove_key (file, row->group, row->key, NULL);
    return TRUE;
  }
  if (!text_is_line (text, 4096) || !fits (row, text, &why))
    return keyfile_refuse (path, row->group, row->key, "the value cannot be used; nothing was written.", error);
  g_key_file_set_string (file, row->group, row->key, text);
  return TRUE;
}

gboolean
settings_save (const struct settings *settings, const struct paths *paths, GError **error)
{
  g_autofree char *path = g_build_filename (paths->config_dir, "wardmail.conf", NULL);
  g_autoptr (GKeyFile) file = keyfile_load (path, NULL); /* for the comments in it */
  if (file == NULL)
    file = g_key_file_new ();
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (!write_row (settings, &rows[i], file, path, error))
      return FALSE;
  g_key_file_remove_group (file, SEARCHES, NULL);
  for (guint i = 0; i < settings->saved_searches->len; i++) {
    const struct saved_search *search = g_ptr_array_index (settings->saved_searches, i);
    if (!text_is_line (search->name, 256) || strpbrk (search->name, "=[]#") != NULL || *search->name == ' '
        || g_str_has_suffix (search->name, " ") || !text_is_line (search->query, 4096))
      return keyfile_refuse (path, SEARCHES, search->name != NULL ? search->name : "",
                             "a saved search needs a query, and a name without = [ ] #; nothing was written.", error);
    g_key_file_set_string (file, SEARCHES, search->name, search->query);
  }
  return keyfile_save (file, path, error);
}
