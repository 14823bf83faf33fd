/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Which key does what where: the one table that input, the help line and the help page are made from. */
#pragma once
#include <glib.h>

enum place {
  PLACE_ANYWHERE = 0,
  PLACE_LIST,
  PLACE_FOLDERS,
  PLACE_READER,
  PLACE_COMPOSE,
  PLACE_OUTBOX,
  PLACE_PARTS,
  PLACE_KEYS,
  PLACE_TEXT,
  PLACE_NOTE,
  PLACE_WIZARD,
  PLACE_COUNT,
};

enum action {
  ACTION_NONE = 0,
  ACTION_REDRAW,
  ACTION_SUSPEND,
  ACTION_HELP,
  ACTION_MESSAGES,
  ACTION_BACK,
  ACTION_OPEN,
  ACTION_DOWN,
  ACTION_UP,
  ACTION_PAGE_DOWN,
  ACTION_PAGE_UP,
  ACTION_FIRST,
  ACTION_LAST,
  ACTION_WRITE,
  ACTION_REPLY,
  ACTION_REPLY_ALL,
  ACTION_FORWARD,
  ACTION_DELETE,
  ACTION_ARCHIVE,
  ACTION_UNDO,
  ACTION_FLAG,
  ACTION_READ,
  ACTION_SEARCH,
  ACTION_SIDEBAR,
  ACTION_SIDEBAR_TOGGLE,
  ACTION_FETCH,
  ACTION_PARTS,
  ACTION_SAVE,
  ACTION_DETAILS,
  ACTION_RECEIPT,
  ACTION_NEXT_MESSAGE,
  ACTION_PREVIOUS_MESSAGE,
  ACTION_NEXT_THREAD,
  ACTION_PREVIOUS_THREAD,
  ACTION_SCROLL_ON,
  ACTION_SEND,
  ACTION_SEND_LATER,
  ACTION_POSTPONE,
  ACTION_ATTACH,
  ACTION_ATTACH_OWN,
  ACTION_PROTECTION,
  ACTION_EDITOR,
  ACTION_TELL,
  ACTION_CANCEL,
  ACTION_NEXT_FIELD,
  ACTION_PREVIOUS_FIELD,
  ACTION_RETRY,
  ACTION_STOP,
  ACTION_ARRIVED,
  ACTION_KEYS,
  ACTION_COMPARE,
  ACTION_RENEW,
  ACTION_RENAME,
  ACTION_BACKUP,
  ACTION_NEW,
  ACTION_IMPORT,
  ACTION_RAW_CUT,
  ACTION_RAW_PASTE,
};

struct binding {
  enum place place;
  int keys[4];        /* the first one is shown; 0 ends */
  enum action action; /* ACTION_RAW_...: only shown, the place itself takes the key */
  const char *shown;  /* how the key is written, where several are shown together; NULL: from keys[0] */
  const char *word;   /* for the help line; NULL: only on the help page */
  const char *help;   /* for the help page: one line */
};

enum action keymap_action (enum place place, int key);
char *keymap_key_name (int key);
/* The bindings of a place, its own first, PLACE_ANYWHERE's after; const struct binding *, caller frees the array. */
GPtrArray *keymap_of (enum place place);
/* Those that fit the help line of that width, the way to all keys always among them where anything fits. Each takes the width of
 * its key, a space and its word, and two columns stand between them. Caller frees the array. */
GPtrArray *keymap_fit (enum place place, int width);
char *keymap_shown (const struct binding *binding);
