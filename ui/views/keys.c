/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The keys: people, their keys, how far each is known to be theirs and how long it lasts. What can be done with one is in keys_compare.c and
 * keys_life.c. */
#include "ui/screen/prompt.h"
#include "ui/screen/text.h"
#include "ui/views/fields.h"
#include "ui/views/keys_p.h"
#include "ui/views/keys_words.h"

#include <string.h>
#include <unistd.h>

#define KIND_COLUMNS 8
#define STANDING_COLUMNS 16
#define UNTIL_COLUMNS 11
#define TOLD_ROWS 3

/* The user's own first, then by address; of one address the order of the keyring, which is best first. */
static int
compare (gconstpointer a, gconstpointer b)
{
  GVariant *left = *(GVariant *const *) a, *right = *(GVariant *const *) b;
  gboolean own_left = fields_flag (left, "own"), own_right = fields_flag (right, "own");
  if (own_left != own_right)
    return own_left ? -1 : 1;
  return g_utf8_collate (fields_text (left, "address"), fields_text (right, "address"));
}

static gboolean
matches (GVariant *key, const char *filter)
{
  static const char *const searched[] = { "address", "owner", "fingerprint" };
  g_autofree char *wanted = g_utf8_casefold (filter, -1);
  for (gsize i = 0; i < G_N_ELEMENTS (searched); i++) {
    g_autofree char *folded = g_utf8_casefold (fields_text (key, searched[i]), -1);
    if (strstr (folded, wanted) != NULL)
      return TRUE;
  }
  return FALSE;
}

static char *
name_of (GVariant *key)
{
  return g_strconcat (fields_text (key, "fingerprint"), fields_text (key, "address"), NULL);
}

static void
choose_shown (struct keys_view *keys)
{
  g_autofree char *kept = g_steal_pointer (&keys->wanted);
  g_autoptr (GVariant) here = keys_current (keys);
  if (kept == NULL && here != NULL)
    kept = name_of (here);
  g_ptr_array_set_size (keys->shown, 0);
  for (gsize i = 0; keys->all != NULL && i < g_variant_n_children (keys->all); i++) {
    g_autoptr (GVariant) key = g_variant_get_child_value (keys->all, i);
    if (keys->filter == NULL || matches (key, keys->filter))
      g_ptr_array_add (keys->shown, g_steal_pointer (&key));
  }
  g_ptr_array_sort (keys->shown, compare);
  for (guint i = 0; kept != NULL && i < keys->shown->len; i++) {
    GVariant *key = g_ptr_array_index (keys->shown, i);
    g_autofree char *name = name_of (key);
    if (strcmp (name, kept) == 0)
      keys->rows.cursor = (int) i;
  }
}

void
keys_go_to (struct keys_view *keys, GVariant *key)
{
  g_free (keys->wanted);
  keys->wanted = name_of (key);
  g_clear_pointer (&keys->filter, g_free);
}

GVariant *
keys_current (const struct keys_view *keys)
{
  if (keys->rows.cursor < 0 || keys->rows.cursor >= (int) keys->shown->len)
    return NULL;
  return g_variant_ref (g_ptr_array_index (keys->shown, (guint) keys->rows.cursor));
}

static void
listed (struct view *view, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct keys_view *keys = (struct keys_view *) view;
  keys->asked = FALSE;
  if (reply == NULL) {
    app_notice (view->app, NOTICE_WARN, "%s", error->message);
    return;
  }
  g_clear_pointer (&keys->all, g_variant_unref);
  keys->all = fields_rows (reply, "keys");
  choose_shown (keys);
}

void
keys_ask (struct keys_view *keys)
{
  if (keys->asked)
    return;
  keys->asked = TRUE;
  app_call (&keys->view, "key_list", NULL, NULL, listed, NULL);
}

/* ---- Drawing ---- */

static unsigned
tone_style (enum key_tone tone)
{
  switch (tone) {
  case KEY_TONE_GOOD:
    return STYLE_GOOD;
  case KEY_TONE_CAREFUL:
  case KEY_TONE_BAD:
    return STYLE_HELD;
  case KEY_TONE_PLAIN:
    break;
  }
  return STYLE_TEXT;
}

static void
draw_columns (const struct area *area, int y, unsigned style, unsigned standing_style, const char *const texts[4])
{
  int address = MAX (area->width - KIND_COLUMNS - STANDING_COLUMNS - UNTIL_COLUMNS - 1, 10);
  draw_text (area, y, 1, address - 1, style, texts[0]);
  draw_text (area, y, address + 1, KIND_COLUMNS - 1, style, texts[1]);
  draw_text (area, y, address + 1 + KIND_COLUMNS, STANDING_COLUMNS - 1, standing_style, texts[2]);
  draw_text (area, y, address + 1 + KIND_COLUMNS + STANDING_COLUMNS, UNTIL_COLUMNS, style, texts[3]);
}

static void
draw_key (GVariant *key, const struct area *area, int y, gboolean here)
{
  enum key_tone tone;
  unsigned style = here ? STYLE_SELECTED : STYLE_TEXT;
  const char *address = fields_text (key, "address"), *standing = keys_words_standing (key, &tone);
  g_autofree char *until = keys_words_until (key);
  const char *const texts[]
      = { *address != '\0' ? address : fields_text (key, "owner"), keys_words_kind (key), standing, until };
  draw_row (area, y, style);
  draw_columns (area, y, style, here ? style : tone_style (tone), texts);
}

/* Below the list: what the one under the cursor is. */
static void
draw_told (struct keys_view *keys, const struct area *area, int y)
{
  g_autoptr (GVariant) key = keys_current (keys);
  if (key == NULL)
    return;
  g_autofree char *sentence = keys_words_sentence (key);
  g_autofree char *text = g_strdup_printf ("%s. %s %s", fields_text (key, "owner"), sentence, keys_words_source (key));
  g_autoptr (GPtrArray) rows = text_wrap (text, MAX (area->width - 2, 1), TOLD_ROWS);
  draw_horizontal (area, y, STYLE_FRAME);
  for (guint i = 0; i < rows->len; i++)
    draw_text (area, y + 1 + (int) i, 1, area->width - 1, STYLE_TEXT, g_ptr_array_index (rows, i));
}

static void
keys_draw (struct view *view, const struct area *area, gboolean focused)
{
  static const char *const headings[] = { "Address", "Kind", "Standing", "Valid until" };
  struct keys_view *keys = (struct keys_view *) view;
  int told = area->height > TOLD_ROWS + 4 ? TOLD_ROWS + 1 : 0, count = (int) keys->shown->len;
  draw_clear (area, STYLE_TEXT);
  draw_columns (area, 0, STYLE_HEADING, STYLE_HEADING, headings);
  rows_settle (&keys->rows, area->height - 1 - told, count);
  if (count == 0)
    draw_text (area, 2, 2, area->width - 2, STYLE_DIM,
               keys->all == NULL      ? "Loading…"
               : keys->filter != NULL ? "No key matches. Press / and Enter to see all of them."
                                      : "There are no keys yet. Press i to take one in from a file.");
  for (int i = keys->rows.top, y = 1; i < count && y < area->height - told; i++, y++)
    draw_key (g_ptr_array_index (keys->shown, (guint) i), area, y, i == keys->rows.cursor);
  if (told > 0)
    draw_told (keys, area, area->height - told);
}

/* ---- Acting ---- */

static void
filtered (struct app *app, const char *text, gpointer data)
{
  struct keys_view *keys = data;
  if (text == NULL)
    return;
  g_free (keys->filter);
  keys->filter = *text != '\0' ? g_strdup (text) : NULL;
  choose_shown (keys);
  app_dirty (app);
}

static gboolean
keys_act (struct view *view, enum action action)
{
  struct keys_view *keys = (struct keys_view *) view;
  if (rows_act (&keys->rows, action, (int) keys->shown->len))
    return TRUE;
  switch ((int) action) {
  case ACTION_OPEN:
    keys_page (keys);
    return TRUE;
  case ACTION_COMPARE:
    keys_compare (keys);
    return TRUE;
  case ACTION_NEW:
    keys_make (keys);
    return TRUE;
  case ACTION_SAVE:
    keys_export (keys);
    return TRUE;
  case ACTION_RENEW:
    keys_renew (keys);
    return TRUE;
  case ACTION_BACKUP:
    keys_backup (keys);
    return TRUE;
  case ACTION_DELETE:
    keys_stop (keys);
    return TRUE;
  case ACTION_IMPORT:
    keys_import (keys);
    return TRUE;
  case ACTION_SEARCH:
    prompt_line (view->app, "Show keys with:", keys->filter, PROMPT_PLAIN, NULL, filtered, keys);
    return TRUE;
  case ACTION_WRITE:
    app_push (view->app, compose_new (view->app));
    return TRUE;
  case ACTION_BACK:
    app_close (view);
    return TRUE;
  default:
    return FALSE;
  }
}

static void
keys_event (struct view *view, const char *event, GVariant *fields)
{
  if (strcmp (event, "keys") == 0)
    keys_ask ((struct keys_view *) view);
}

static char *
keys_title (struct view *view)
{
  const struct keys_view *keys = (const struct keys_view *) view;
  return keys->filter != NULL ? g_strdup_printf ("Keys with “%s”", keys->filter) : g_strdup ("Keys");
}

static void
keys_free (struct view *view)
{
  struct keys_view *keys = (struct keys_view *) view;
  g_clear_pointer (&keys->all, g_variant_unref);
  g_ptr_array_unref (keys->shown);
  g_free (keys->filter);
  g_free (keys->wanted);
  keys_file_drop (keys);
  g_clear_pointer (&keys->passphrase, secret_free);
  g_clear_pointer (&keys->about, g_variant_unref);
  if (keys->importing >= 0)
    close (keys->importing);
  g_free (keys);
}

static const struct view_class keys_class = {
  .place = PLACE_KEYS,
  .draw = keys_draw,
  .act = keys_act,
  .event = keys_event,
  .title = keys_title,
  .free = keys_free,
};

void
keys_open (struct app *app)
{
  if (app_find (app, PLACE_KEYS) == NULL)
    app_push (app, keys_new (app));
  app_focus_sidebar (app, FALSE);
}

struct view *
keys_new (struct app *app)
{
  struct keys_view *keys = g_new0 (struct keys_view, 1);
  keys->view.class = &keys_class;
  keys->view.app = app;
  keys->importing = -1;
  keys->shown = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  keys_ask (keys);
  return &keys->view;
}
