/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of keys; see keymap.h. Rows stand in the order in which they deserve room on the help line. */
#include "ui/screen/keymap.h"
#include "ui/screen/key.h"
#include "ui/screen/text.h"

#define CTRL(letter) KEY_CONTROL (letter)

static const struct binding bindings[] = {
  { PLACE_LIST,
    { SPECIAL_ENTER, SPECIAL_RIGHT, 'l' },
    ACTION_OPEN,
    NULL,
    "Open",
    "open the conversation (a draft: go on writing)" },
  { PLACE_LIST, { 'm', 'c' }, ACTION_WRITE, NULL, "Write", "write a new message" },
  { PLACE_LIST, { 'r' }, ACTION_REPLY, NULL, "Reply", "reply to the newest message" },
  { PLACE_LIST, { '/' }, ACTION_SEARCH, NULL, "Search", "search, for example: from:bob subject:lab" },
  { PLACE_LIST, { 'd', SPECIAL_DELETE }, ACTION_DELETE, NULL, "Delete", "move to the trash" },
  { PLACE_LIST, { 'a' }, ACTION_ARCHIVE, NULL, "Archive", "move to the archive" },
  { PLACE_LIST, { SPECIAL_TAB }, ACTION_SIDEBAR, NULL, "Folders", "go to the folders at the left" },
  { PLACE_LIST, { 'q' }, ACTION_BACK, NULL, "Back/Quit", "go back; in a folder: leave wardmail" },
  { PLACE_LIST, { 'R', 'g' }, ACTION_REPLY_ALL, NULL, "Reply all", "reply to everybody" },
  { PLACE_LIST, { 'f' }, ACTION_FORWARD, NULL, "Forward", "forward the newest message" },
  { PLACE_LIST, { 'N' }, ACTION_READ, NULL, "Read/unread", "mark as read or unread" },
  { PLACE_LIST, { 'F' }, ACTION_FLAG, NULL, "Flag", "set or remove the flag" },
  { PLACE_LIST, { 'u' }, ACTION_UNDO, NULL, "Undo", "take back the last deletion, archiving or sending" },
  { PLACE_LIST, { 'K' }, ACTION_KEYS, NULL, "Keys", "people and their keys" },
  { PLACE_LIST, { '$' }, ACTION_FETCH, NULL, "Fetch", "fetch new mail now" },
  { PLACE_LIST, { 'j', SPECIAL_DOWN }, ACTION_DOWN, "j, Down", NULL, "next conversation" },
  { PLACE_LIST, { 'k', SPECIAL_UP }, ACTION_UP, "k, Up", NULL, "previous conversation" },
  { PLACE_LIST, { SPECIAL_PAGE_DOWN, ' ', CTRL ('V') }, ACTION_PAGE_DOWN, "PgDn, Space", NULL, "a page down" },
  { PLACE_LIST, { SPECIAL_PAGE_UP, '-', CTRL ('Y') }, ACTION_PAGE_UP, "PgUp, -", NULL, "a page up" },
  { PLACE_LIST, { SPECIAL_HOME }, ACTION_FIRST, NULL, NULL, "the newest" },
  { PLACE_LIST, { SPECIAL_END, 'G' }, ACTION_LAST, "End, G", NULL, "the last that is loaded" },
  { PLACE_LIST, { SPECIAL_ESCAPE, SPECIAL_LEFT }, ACTION_CANCEL, "Esc, Left", NULL, "go back from a search" },
  { PLACE_LIST, { 'b' }, ACTION_SIDEBAR_TOGGLE, NULL, NULL, "show or hide the folders" },

  { PLACE_FOLDERS,
    { SPECIAL_ENTER, SPECIAL_RIGHT, 'l' },
    ACTION_OPEN,
    NULL,
    "Open",
    "open the folder or saved search" },
  { PLACE_FOLDERS, { SPECIAL_TAB, SPECIAL_ESCAPE }, ACTION_SIDEBAR, NULL, "To the list", "back to the list" },
  { PLACE_FOLDERS, { 'm', 'c' }, ACTION_WRITE, NULL, "Write", "write a new message" },
  { PLACE_FOLDERS, { '/' }, ACTION_SEARCH, NULL, "Search", "search in all mail" },
  { PLACE_FOLDERS, { 'q', SPECIAL_LEFT }, ACTION_BACK, NULL, "Back", "back to the list" },
  { PLACE_FOLDERS, { 'n' }, ACTION_NEW, NULL, "New folder", "make a folder in this account" },
  { PLACE_FOLDERS, { 'r' }, ACTION_RENAME, NULL, "Rename", "give the folder another name" },
  { PLACE_FOLDERS,
    { 'd', SPECIAL_DELETE },
    ACTION_DELETE,
    NULL,
    "Remove",
    "remove the folder with all mail in it; asks first" },
  { PLACE_FOLDERS, { 'K' }, ACTION_KEYS, NULL, "Keys", "people and their keys" },
  { PLACE_FOLDERS, { 'u' }, ACTION_UNDO, NULL, NULL, "take back the last deletion, archiving or sending" },
  { PLACE_FOLDERS, { '$' }, ACTION_FETCH, NULL, "Fetch", "fetch new mail now" },
  { PLACE_FOLDERS, { 'j', SPECIAL_DOWN }, ACTION_DOWN, "j, Down", NULL, "next folder" },
  { PLACE_FOLDERS, { 'k', SPECIAL_UP }, ACTION_UP, "k, Up", NULL, "previous folder" },
  { PLACE_FOLDERS, { SPECIAL_HOME }, ACTION_FIRST, NULL, NULL, "first folder" },
  { PLACE_FOLDERS, { SPECIAL_END, 'G' }, ACTION_LAST, NULL, NULL, "last folder" },
  { PLACE_FOLDERS, { 'b' }, ACTION_SIDEBAR_TOGGLE, NULL, NULL, "show or hide the folders" },

  { PLACE_READER, { 'q', SPECIAL_LEFT, SPECIAL_ESCAPE }, ACTION_BACK, NULL, "Back", "back to the list" },
  { PLACE_READER, { 'r' }, ACTION_REPLY, NULL, "Reply", "reply to this message" },
  { PLACE_READER, { 'R', 'g' }, ACTION_REPLY_ALL, NULL, "Reply all", "reply to everybody" },
  { PLACE_READER, { 'f' }, ACTION_FORWARD, NULL, "Forward", "forward this message" },
  { PLACE_READER, { 'd', SPECIAL_DELETE }, ACTION_DELETE, NULL, "Delete", "move this message to the trash" },
  { PLACE_READER, { 'a' }, ACTION_ARCHIVE, NULL, "Archive", "move this message to the archive" },
  { PLACE_READER, { 'v', 's' }, ACTION_PARTS, NULL, "Attachments", "attachments: read and save them (s too)" },
  { PLACE_READER, { 'n' }, ACTION_NEXT_MESSAGE, NULL, "Next", "next message of the conversation" },
  { PLACE_READER, { 'p' }, ACTION_PREVIOUS_MESSAGE, NULL, "Previous", "previous message of the conversation" },
  { PLACE_READER, { 'x' }, ACTION_DETAILS, NULL, "Security", "who signed, how it was encrypted" },
  { PLACE_READER, { 'F' }, ACTION_FLAG, NULL, "Flag", "set or remove the flag" },
  { PLACE_READER, { 'N' }, ACTION_READ, NULL, "Unread", "mark as unread, or read again" },
  { PLACE_READER, { 'm', 'c' }, ACTION_WRITE, NULL, "Write", "write a new message" },
  { PLACE_READER, { '/' }, ACTION_SEARCH, NULL, "Search", "search in all mail" },
  { PLACE_READER, { 'u' }, ACTION_UNDO, NULL, NULL, "take back the last deletion, archiving or sending" },
  { PLACE_READER, { 'j', SPECIAL_DOWN, SPECIAL_ENTER }, ACTION_DOWN, "j, Down", NULL, "a line down" },
  { PLACE_READER, { 'k', SPECIAL_UP }, ACTION_UP, "k, Up", NULL, "a line up" },
  { PLACE_READER, { ' ' }, ACTION_SCROLL_ON, NULL, NULL, "a page down, then the next message" },
  { PLACE_READER, { SPECIAL_PAGE_DOWN, CTRL ('V') }, ACTION_PAGE_DOWN, NULL, NULL, "a page down" },
  { PLACE_READER, { SPECIAL_PAGE_UP, '-', CTRL ('Y') }, ACTION_PAGE_UP, "PgUp, -", NULL, "a page up" },
  { PLACE_READER, { SPECIAL_HOME }, ACTION_FIRST, NULL, NULL, "start of the message" },
  { PLACE_READER, { SPECIAL_END, 'G' }, ACTION_LAST, "End, G", NULL, "end of the message" },
  { PLACE_READER, { 'J' }, ACTION_NEXT_THREAD, NULL, NULL, "next conversation of the list" },
  { PLACE_READER, { 'K' }, ACTION_PREVIOUS_THREAD, NULL, NULL, "previous conversation of the list" },
  { PLACE_READER, { SPECIAL_TAB }, ACTION_SIDEBAR, NULL, NULL, "go to the folders at the left" },
  { PLACE_READER, { 'b' }, ACTION_SIDEBAR_TOGGLE, NULL, NULL, "show or hide the folders" },
  { PLACE_READER, { 'o' }, ACTION_RECEIPT, NULL, NULL, "answer who asks to be told that you opened it" },

  { PLACE_COMPOSE, { CTRL ('X') }, ACTION_SEND, NULL, "Send", "send, encrypted to every recipient" },
  { PLACE_COMPOSE,
    { CTRL ('C'), SPECIAL_ESCAPE },
    ACTION_CANCEL,
    NULL,
    "Cancel",
    "stop writing (asks what to do with the text); Esc too" },
  { PLACE_COMPOSE, { CTRL ('O') }, ACTION_POSTPONE, NULL, "Postpone", "keep as a draft and go back" },
  { PLACE_COMPOSE, { CTRL ('S') }, ACTION_SEND_LATER, NULL, NULL, "send later: asks when" },
  { PLACE_COMPOSE, { CTRL ('R') }, ACTION_ATTACH, NULL, "Attach", "attach a file" },
  { PLACE_COMPOSE, { CTRL ('V') }, ACTION_ATTACH_OWN, NULL, NULL, "attach your own public key" },
  { PLACE_COMPOSE, { CTRL ('Q') }, ACTION_RECEIPT, NULL, NULL, "ask to be told when it is opened, or not" },
  { PLACE_COMPOSE, { CTRL ('P') }, ACTION_PROTECTION, NULL, "Recipients", "how each recipient's copy is protected" },
  { PLACE_COMPOSE, { CTRL ('Y') }, ACTION_KEYS, NULL, "Keys", "people and their keys: compare them, take in new ones" },
  { PLACE_COMPOSE, { CTRL ('K') }, ACTION_RAW_CUT, NULL, "Cut line", "cut the line" },
  { PLACE_COMPOSE, { CTRL ('U') }, ACTION_RAW_PASTE, NULL, "Paste", "put back what was cut (in a field: erase)" },
  { PLACE_COMPOSE,
    { CTRL ('T') },
    ACTION_EDITOR,
    NULL,
    "Editor",
    "edit the text in your own editor (outside wardmail)" },
  { PLACE_COMPOSE,
    { CTRL ('N') },
    ACTION_TELL,
    NULL,
    "Ask for a key",
    "ask a recipient who is held for a key, with a fixed note" },
  { PLACE_COMPOSE, { SPECIAL_TAB }, ACTION_NEXT_FIELD, NULL, NULL, "next field" },
  { PLACE_COMPOSE, { SPECIAL_BACKTAB }, ACTION_PREVIOUS_FIELD, NULL, NULL, "previous field" },
  { PLACE_COMPOSE, { CTRL ('G') }, ACTION_HELP, NULL, "Help", "all keys" },

  { PLACE_OUTBOX,
    { SPECIAL_ENTER, 'v' },
    ACTION_OPEN,
    NULL,
    "Look",
    "all about this message: each recipient, and what to do" },
  { PLACE_OUTBOX, { 't' }, ACTION_RETRY, NULL, "Send now", "send it now, or once more to those who have not got it" },
  { PLACE_OUTBOX, { 'e' }, ACTION_EDITOR, NULL, "Edit", "take it back and go on writing" },
  { PLACE_OUTBOX, { 'u' }, ACTION_UNDO, NULL, NULL, "the same: take it back and go on writing" },
  { PLACE_OUTBOX, { 's' }, ACTION_STOP, NULL, "Stop", "stop it: it waits here until you decide" },
  { PLACE_OUTBOX,
    { 'd', SPECIAL_DELETE },
    ACTION_DELETE,
    NULL,
    "Remove",
    "remove it: who has not got it will not get it" },
  { PLACE_OUTBOX, { 'y' }, ACTION_ARRIVED, NULL, "It arrived", "where it is not sure: you know that it arrived" },
  { PLACE_OUTBOX, { SPECIAL_TAB }, ACTION_SIDEBAR, NULL, "Folders", "go to the folders at the left" },
  { PLACE_OUTBOX, { 'q', SPECIAL_LEFT, SPECIAL_ESCAPE }, ACTION_BACK, NULL, "Back", "go back" },
  { PLACE_OUTBOX, { 'm', 'c' }, ACTION_WRITE, NULL, "Write", "write a new message" },
  { PLACE_OUTBOX, { 'j', SPECIAL_DOWN }, ACTION_DOWN, "j, Down", NULL, "next" },
  { PLACE_OUTBOX, { 'k', SPECIAL_UP }, ACTION_UP, "k, Up", NULL, "previous" },
  { PLACE_OUTBOX, { 'b' }, ACTION_SIDEBAR_TOGGLE, NULL, NULL, "show or hide the folders" },

  { PLACE_KEYS, { SPECIAL_ENTER, 'v' }, ACTION_OPEN, NULL, "Look", "all about this key" },
  { PLACE_KEYS, { 'c' }, ACTION_COMPARE, NULL, "Compare", "compare the fingerprint with the owner's" },
  { PLACE_KEYS, { 'i' }, ACTION_IMPORT, NULL, "Import", "take in a key or certificate from a file" },
  { PLACE_KEYS, { 'n' }, ACTION_NEW, NULL, "New", "make a new key of your own" },
  { PLACE_KEYS, { 'e' }, ACTION_SAVE, NULL, "Export", "save the public half of this key, to give it to others" },
  { PLACE_KEYS, { 'r' }, ACTION_RENEW, NULL, "Renew", "make your own key last longer" },
  { PLACE_KEYS, { 'B' }, ACTION_BACKUP, NULL, "Back up", "save your own keys to a sealed file" },
  { PLACE_KEYS, { 'd', SPECIAL_DELETE }, ACTION_DELETE, NULL, "End", "revoke your own key, or stop using somebody's" },
  { PLACE_KEYS, { '/' }, ACTION_SEARCH, NULL, "Find", "show only keys with a name, an address or a fingerprint" },
  { PLACE_KEYS, { SPECIAL_TAB }, ACTION_SIDEBAR, NULL, "Folders", "go to the folders at the left" },
  { PLACE_KEYS, { 'q', SPECIAL_LEFT, SPECIAL_ESCAPE }, ACTION_BACK, NULL, "Back", "go back" },
  { PLACE_KEYS, { 'm' }, ACTION_WRITE, NULL, NULL, "write a new message" },
  { PLACE_KEYS, { 'j', SPECIAL_DOWN }, ACTION_DOWN, "j, Down", NULL, "next" },
  { PLACE_KEYS, { 'k', SPECIAL_UP }, ACTION_UP, "k, Up", NULL, "previous" },
  { PLACE_KEYS, { SPECIAL_PAGE_DOWN, ' ' }, ACTION_PAGE_DOWN, NULL, NULL, "a page down" },
  { PLACE_KEYS, { SPECIAL_PAGE_UP, '-' }, ACTION_PAGE_UP, NULL, NULL, "a page up" },
  { PLACE_KEYS, { SPECIAL_HOME }, ACTION_FIRST, NULL, NULL, "the first" },
  { PLACE_KEYS, { SPECIAL_END, 'G' }, ACTION_LAST, "End, G", NULL, "the last" },
  { PLACE_KEYS, { 'b' }, ACTION_SIDEBAR_TOGGLE, NULL, NULL, "show or hide the folders" },

  { PLACE_PARTS, { SPECIAL_ENTER, 'v' }, ACTION_OPEN, NULL, "View", "read this attachment as text" },
  { PLACE_PARTS, { 's' }, ACTION_SAVE, NULL, "Save", "save this attachment to a file" },
  { PLACE_PARTS, { 'q', SPECIAL_ESCAPE, SPECIAL_LEFT }, ACTION_BACK, NULL, "Close", "back to the message" },
  { PLACE_PARTS, { 'j', SPECIAL_DOWN }, ACTION_DOWN, "j, Down", NULL, "next" },
  { PLACE_PARTS, { 'k', SPECIAL_UP }, ACTION_UP, "k, Up", NULL, "previous" },

  { PLACE_TEXT, { 'q', SPECIAL_ESCAPE, SPECIAL_ENTER }, ACTION_BACK, "q, Enter", "Close", "close this page" },
  { PLACE_TEXT, { 'j', SPECIAL_DOWN }, ACTION_DOWN, "j, Down", "Scroll down", "a line down" },
  { PLACE_TEXT, { 'k', SPECIAL_UP }, ACTION_UP, "k, Up", "Scroll up", "a line up" },
  { PLACE_TEXT, { SPECIAL_PAGE_DOWN, ' ' }, ACTION_PAGE_DOWN, NULL, NULL, "a page down" },
  { PLACE_TEXT, { SPECIAL_PAGE_UP, '-' }, ACTION_PAGE_UP, NULL, NULL, "a page up" },
  { PLACE_TEXT, { SPECIAL_HOME }, ACTION_FIRST, NULL, NULL, "start of the page" },
  { PLACE_TEXT, { SPECIAL_END, 'G' }, ACTION_LAST, "End, G", NULL, "end of the page" },

  { PLACE_NOTE, { 's' }, ACTION_SEND, NULL, "Send it", "send this note as it is, without protection" },
  { PLACE_NOTE, { 'q', SPECIAL_ESCAPE }, ACTION_BACK, NULL, "Do not send", "close this page; nothing is sent" },
  { PLACE_NOTE, { 'j', SPECIAL_DOWN }, ACTION_DOWN, "j, Down", "Scroll down", "a line down" },
  { PLACE_NOTE, { 'k', SPECIAL_UP }, ACTION_UP, "k, Up", "Scroll up", "a line up" },
  { PLACE_NOTE, { SPECIAL_PAGE_DOWN, ' ' }, ACTION_PAGE_DOWN, NULL, NULL, "a page down" },
  { PLACE_NOTE, { SPECIAL_PAGE_UP, '-' }, ACTION_PAGE_UP, NULL, NULL, "a page up" },

  { PLACE_WIZARD, { SPECIAL_ENTER }, ACTION_OPEN, NULL, "Next", "next field; on the last one: go on" },
  { PLACE_WIZARD, { SPECIAL_TAB, SPECIAL_DOWN }, ACTION_NEXT_FIELD, NULL, "Next field", "next field" },
  { PLACE_WIZARD, { SPECIAL_BACKTAB, SPECIAL_UP }, ACTION_PREVIOUS_FIELD, "Up", "Field before", "previous field" },
  { PLACE_WIZARD, { SPECIAL_ESCAPE, CTRL ('C') }, ACTION_CANCEL, NULL, "Leave", "leave without setting up" },
  { PLACE_WIZARD, { CTRL ('G') }, ACTION_HELP, NULL, "Help", "all keys" },

  { PLACE_ANYWHERE, { '?' }, ACTION_HELP, NULL, "Help", "this page" },
  { PLACE_ANYWHERE, { '!' }, ACTION_MESSAGES, NULL, NULL, "what wardmail said so far" },
  { PLACE_ANYWHERE, { CTRL ('L') }, ACTION_REDRAW, NULL, NULL, "draw the screen anew" },
  { PLACE_ANYWHERE, { CTRL ('Z') }, ACTION_SUSPEND, NULL, NULL, "leave to the shell for a while (fg comes back)" },
};

static gboolean
is_typing_place (enum place place)
{
  return place == PLACE_COMPOSE || place == PLACE_WIZARD;
}

/* Where text is typed, "?" and "!" are text. */
static gboolean
counts_in (const struct binding *binding, enum place place)
{
  if (binding->place == place)
    return TRUE;
  return binding->place == PLACE_ANYWHERE && !(is_typing_place (place) && binding->keys[0] >= 0x20);
}

enum action
keymap_action (enum place place, int key)
{
  if (key == 0)
    return ACTION_NONE;
  for (gsize i = 0; i < G_N_ELEMENTS (bindings); i++) {
    if (!counts_in (&bindings[i], place))
      continue;
    for (gsize k = 0; k < G_N_ELEMENTS (bindings[i].keys) && bindings[i].keys[k] != 0; k++)
      if (bindings[i].keys[k] == key)
        return bindings[i].action >= ACTION_RAW_CUT ? ACTION_NONE : bindings[i].action;
  }
  return ACTION_NONE;
}

static const struct {
  int key;
  const char *name;
} names[] = {
  { SPECIAL_UP, "Up" },
  { SPECIAL_DOWN, "Down" },
  { SPECIAL_LEFT, "Left" },
  { SPECIAL_RIGHT, "Right" },
  { SPECIAL_PAGE_UP, "PgUp" },
  { SPECIAL_PAGE_DOWN, "PgDn" },
  { SPECIAL_HOME, "Home" },
  { SPECIAL_END, "End" },
  { SPECIAL_DELETE, "Del" },
  { SPECIAL_BACKSPACE, "Backspace" },
  { SPECIAL_ENTER, "Enter" },
  { SPECIAL_TAB, "Tab" },
  { SPECIAL_BACKTAB, "Shift-Tab" },
  { SPECIAL_ESCAPE, "Esc" },
  { ' ', "Space" },
};

char *
keymap_key_name (int key)
{
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    if (names[i].key == key)
      return g_strdup (names[i].name);
  if (key > 0 && key < 0x20)
    return g_strdup_printf ("^%c", key + 0x40);
  char bytes[7] = { 0 };
  g_unichar_to_utf8 ((gunichar) key, bytes);
  return g_strdup (bytes);
}

char *
keymap_shown (const struct binding *binding)
{
  return binding->shown != NULL ? g_strdup (binding->shown) : keymap_key_name (binding->keys[0]);
}

GPtrArray *
keymap_of (enum place place)
{
  GPtrArray *found = g_ptr_array_new ();
  for (gsize i = 0; i < G_N_ELEMENTS (bindings); i++)
    if (counts_in (&bindings[i], place))
      g_ptr_array_add (found, (gpointer) &bindings[i]);
  return found;
}

static int
help_width (const struct binding *binding)
{
  g_autofree char *shown = keymap_shown (binding);
  return text_width (shown) + 1 + text_width (binding->word);
}

GPtrArray *
keymap_fit (enum place place, int width)
{
  g_autoptr (GPtrArray) all = keymap_of (place);
  GPtrArray *fit = g_ptr_array_new ();
  const struct binding *help = NULL;
  for (guint i = 0; i < all->len; i++)
    if (((const struct binding *) g_ptr_array_index (all, i))->action == ACTION_HELP)
      help = g_ptr_array_index (all, i);
  if (help == NULL || help_width (help) > width)
    return fit;
  int used = help_width (help);
  for (guint i = 0; i < all->len; i++) {
    const struct binding *binding = g_ptr_array_index (all, i);
    if (binding->word == NULL || binding == help)
      continue;
    if (used + 2 + help_width (binding) > width)
      break;
    used += 2 + help_width (binding);
    g_ptr_array_add (fit, (gpointer) binding);
  }
  g_ptr_array_add (fit, (gpointer) help);
  return fit;
}
