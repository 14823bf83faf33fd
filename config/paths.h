/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Where a profile keeps its things. Either one folder (--profile DIR) or the XDG folders. Plain strings, made absolute. */
#pragma once
#include <glib.h>

struct paths {
  gboolean single;   /* --profile DIR was given */
  char *config_dir;  /* DIR/config   or $XDG_CONFIG_HOME/wardmail */
  char *data_dir;    /* DIR/data     or $XDG_DATA_HOME/wardmail/vault: everything that can hold patient data */
  char *state_dir;   /* DIR/state    or $XDG_STATE_HOME/wardmail */
  char *runtime_dir; /* DIR/run      or $XDG_RUNTIME_DIR/wardmail (or a private folder in /tmp): the engine's socket */
  /* below data_dir */
  char *
      mail_dir; /* data/mail:  one Maildir++-free tree an account: mail/<account>/<folder path>/{cur,new,tmp}; "local" for imports */
  char *index_dir;   /* data/index */
  char *keys_dir;    /* data/keys */
  char *secrets_dir; /* data/secrets: one file an account */
  char *store_dir;   /* data/store: SQLite state, one file an account and role; data/store/outbox/<account>/ */
};
/* profile_dir NULL: the XDG folders. Makes nothing on disk. */
struct paths *paths_new (const char *profile_dir);
/* Makes the folders, 0700; error names the one that failed. Refuses a folder that is not ours or that others can write. */
gboolean paths_make (const struct paths *paths, GError **error);
void paths_free (struct paths *paths);
DEFINE_AUTOFREE (paths, paths_free)
