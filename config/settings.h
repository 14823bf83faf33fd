/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* config_dir/wardmail.conf (GKeyFile): who the user is and how the client behaves. No secrets. One table (settings.c) has each setting's
 * name, type, default, range and help; the man page and `config check` are made from it. A broken file gets one sentence with file and
 * line or key, and no default is silently put in the place of a value that cannot be read. */
#pragma once
#include "config/paths.h"

#define CONFIG_ERROR (config_error_quark ())
GQuark config_error_quark (void);
enum config_error {
  CONFIG_ERROR_MISSING,
  CONFIG_ERROR_BROKEN,
  CONFIG_ERROR_FORBIDDEN /* policy says no: exit 3 */,
  CONFIG_ERROR_FAILED
};

enum at_rest { AT_REST_VAULT = 0, AT_REST_VOLUME, AT_REST_NONE };
enum sync_folders { SYNC_ALL = 0, SYNC_SUBSCRIBED };
enum asks { ASK_NO = 0, ASK_YES };
struct settings {
  char *name, *address; /* the user */
  enum at_rest at_rest; /* AT_REST_NONE: a test profile; every screen and report says "unprotected test profile" */
  guint undo_s;         /* how long a message that was sent from the screen can be taken back; 0: it goes at once */
  guint notice_h;       /* after how many hours a message that could not be sent yet is told of */
  guint autosave_s;     /* after how many seconds a change of what is being written is kept in Drafts */
  char *editor;         /* for the external editor on request; NULL: $VISUAL, $EDITOR */
  char *archive_folder, *drafts_folder, *sent_folder, *trash_folder; /* NULL: by special-use, then by usual names */
  GPtrArray *saved_searches;                                         /* struct saved_search * */
  char *ldap_servers, *ldap_ca;   /* the user's own (see ldapserver.h), beside those of the organisation; NULL: none */
  enum sync_folders sync_folders; /* of one's own; of others' folders always those that are subscribed */
  enum asks ask_reports;          /* of delivery, where the server offers them; default ASK_YES */
  guint overdue_h;                /* after how many hours without a report a message counts as overdue */
  guint poll_s;                   /* where IDLE is not offered; default 60 */
  guint keep_days;                /* of which mail is kept whole, older as its header; 0: all */
  guint fetch_limit_mb;           /* larger mails are fetched when they are opened */
};
struct saved_search {
  char *name, *query;
};
struct settings *settings_new (void);                                       /* the defaults, and nobody's name */
struct settings *settings_load (const struct paths *paths, GError **error); /* MISSING: there is no profile yet */
gboolean settings_save (const struct settings *settings, const struct paths *paths, GError **error); /* atomic, 0600 */
void settings_free (struct settings *settings);
DEFINE_AUTOFREE (settings, settings_free)

/* One row of the table: what help, the man page and `config check` say of a setting. */
struct setting {
  const char *group, *key;
  const char *type;     /* "text", "address", "number" or the words it may be, "a|b|c" */
  const char *standard; /* its default in words */
  const char *help;     /* one sentence */
};
guint settings_count (void);
struct setting settings_row (guint index);
/* The words that a screen or report shows of a profile whose data lie unprotected; NULL for any other. */
const char *settings_banner (const struct settings *settings);
