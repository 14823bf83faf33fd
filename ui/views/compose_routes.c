/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* How each recipient's copy will be protected, shown while the recipients are typed. */
#include "ui/screen/here.h"
#include "ui/screen/text.h"
#include "ui/views/compose_p.h"
#include "ui/views/fields.h"
#include "ui/views/recipients.h"

#include <string.h>

#define DEBOUNCE_MS 300
#define ROWS_MAX 6
#define NEXT_INDENT 4
#define NEXT_ROWS_MAX 2

static void
answered (struct view *view, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct compose *compose = (struct compose *) view;
  compose->route_call = NULL;
  g_clear_pointer (&compose->routes, g_variant_unref);
  if (reply == NULL) {
    app_notice (view->app, NOTICE_WARN, "%s", error->message);
    return;
  }
  compose->routes = fields_rows (reply, "routes");
  compose->held = fields_number (reply, "held");
}

/* Only what looks finished is asked about: half an address is not a problem yet. */
static guint
add_addresses (GVariantBuilder *args, const char *name, const char *text)
{
  g_auto (GStrv) pieces = recipients_split (text);
  g_autoptr (GStrvBuilder) complete = g_strv_builder_new ();
  guint count = 0;
  for (char **piece = pieces; *piece != NULL; piece++) {
    if (!recipients_complete (*piece))
      continue;
    g_autofree char *address = recipients_address (*piece);
    g_strv_builder_add (complete, address);
    count++;
  }
  g_auto (GStrv) addresses = g_strv_builder_end (complete);
  g_variant_builder_add (args, "{sv}", name, g_variant_new_strv ((const char *const *) addresses, -1));
  return count;
}

static void
ask_now (struct view *view)
{
  struct compose *compose = (struct compose *) view;
  const struct settings *settings = app_settings (view->app);
  const struct line *typed = compose->focus <= FIELD_BCC ? &compose->fields[compose->focus] : NULL;
  g_autofree char *unfinished = typed != NULL ? recipients_unfinished (typed->text->str, typed->cursor) : NULL;
  app_call_cancel (compose->route_call);
  compose->route_call = NULL;
  GVariantBuilder args;
  g_variant_builder_init (&args, G_VARIANT_TYPE_VARDICT);
  guint count = add_addresses (&args, "to", compose->fields[FIELD_TO].text->str);
  count += add_addresses (&args, "cc", compose->fields[FIELD_CC].text->str);
  count += add_addresses (&args, "bcc", compose->fields[FIELD_BCC].text->str);
  if (settings != NULL && settings->address != NULL)
    g_variant_builder_add (&args, "{sv}", "from", g_variant_new_string (settings->address));
  g_autoptr (GVariant) parent
      = compose->origin != NULL ? g_variant_lookup_value (compose->origin, "parent_protected", G_VARIANT_TYPE_BOOLEAN)
                                : NULL;
  if (parent != NULL)
    g_variant_builder_add (&args, "{sv}", "parent_protected", parent);
  if (unfinished != NULL) /* nobody on the network is asked for it yet */
    g_variant_builder_add (&args, "{sv}", "unfinished",
                           g_variant_new_strv ((const char *const[]){ unfinished, NULL }, 1));
  if (count > 0) {
    compose->route_call = app_call (view, "routes", g_variant_builder_end (&args), NULL, answered, NULL);
    return;
  }
  g_variant_builder_clear (&args);
  g_clear_pointer (&compose->routes, g_variant_unref);
  compose->held = 0;
}

void
compose_routes_ask (struct compose *compose)
{
  app_timer (&compose->view, DEBOUNCE_MS, ask_now);
}

void
compose_routes_event (struct compose *compose, const char *event, GVariant *fields)
{
  const char *address = fields_text (fields, "address");
  for (gsize i = 0;
       strcmp (event, "keys") == 0 && compose->routes != NULL && i < g_variant_n_children (compose->routes); i++) {
    g_autoptr (GVariant) route = g_variant_get_child_value (compose->routes, i);
    if (strcmp (fields_text (route, "address"), address) == 0)
      compose_routes_ask (compose);
  }
}

/* The recipients' routes; what is said about the sender comes only where it stands in the way. */
static GPtrArray *
shown_routes (const struct compose *compose)
{
  GPtrArray *shown = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  for (gsize i = 0; compose->routes != NULL && i < g_variant_n_children (compose->routes); i++) {
    GVariant *route = g_variant_get_child_value (compose->routes, i);
    gboolean sender = strcmp (fields_text (route, "kind"), "from") == 0;
    if (sender && strcmp (fields_text (route, "route"), "hold") != 0)
      g_variant_unref (route);
    else
      g_ptr_array_add (shown, route);
  }
  return shown;
}

static gboolean
method_is_good (GVariant *route)
{
  enum route_tone tone;
  g_free (recipients_route (route, &tone));
  return tone == ROUTE_TONE_GOOD;
}

/* One row on the screen: a recipient with its route, or what to do about one that is held. */
struct route_row {
  GVariant *route;
  char *next;
};

static void
row_free (gpointer data)
{
  struct route_row *row = data;
  g_free (row->next);
  g_free (row);
}

static void
add_row (GPtrArray *rows, GVariant *route, char *next_take)
{
  struct route_row *row = g_new0 (struct route_row, 1);
  row->route = route;
  row->next = next_take;
  g_ptr_array_add (rows, row);
}

/* routes: borrowed by the rows. */
static GPtrArray *
route_rows (GPtrArray *routes, int width)
{
  GPtrArray *rows = g_ptr_array_new_with_free_func (row_free);
  for (guint i = 0; i < routes->len; i++) {
    GVariant *route = g_ptr_array_index (routes, i);
    g_autofree char *next = here_words (fields_text (route, "next"), "^Y");
    add_row (rows, route, NULL);
    if (method_is_good (route) || *next == '\0' || fields_flag (route, "looking"))
      continue;
    g_autoptr (GPtrArray) wrapped = text_wrap (next, width - NEXT_INDENT, NEXT_ROWS_MAX);
    for (guint k = 0; k < wrapped->len; k++)
      add_row (rows, NULL, g_strdup (g_ptr_array_index (wrapped, k)));
    if (fields_flag (route, "tell"))
      add_row (rows, NULL, g_strdup ("Or press ^N: it shows a ready note that asks for one."));
  }
  return rows;
}

int
compose_routes_rows (const struct compose *compose, int width)
{
  g_autoptr (GPtrArray) shown = shown_routes (compose);
  g_autoptr (GPtrArray) rows = route_rows (shown, width);
  return CLAMP ((int) rows->len, 1, ROWS_MAX);
}

static void
draw_route (const struct route_row *row, const struct area *area, int y)
{
  if (row->next != NULL) {
    draw_text (area, y, NEXT_INDENT, area->width - NEXT_INDENT, STYLE_TEXT, row->next);
    return;
  }
  enum route_tone tone;
  g_autofree char *words = recipients_route (row->route, &tone);
  int columns = MIN (34, area->width * 2 / 5);
  draw_text (area, y, 2, columns, STYLE_TEXT, fields_text (row->route, "address"));
  draw_text (area, y, 3 + columns, area->width - 3 - columns,
             (tone == ROUTE_TONE_GOOD ? STYLE_GOOD : STYLE_HELD) | STYLE_BOLD, words);
}

void
compose_routes_draw (struct compose *compose, const struct area *area)
{
  g_autoptr (GPtrArray) shown = shown_routes (compose);
  g_autoptr (GPtrArray) rows = route_rows (shown, area->width);
  if (rows->len == 0)
    draw_text (area, 0, 2, area->width - 2, STYLE_DIM, "How each recipient's copy is encrypted appears here.");
  gboolean cut = (int) rows->len > area->height;
  for (int y = 0; y < area->height - (cut ? 1 : 0) && y < (int) rows->len; y++)
    draw_route (g_ptr_array_index (rows, (guint) y), area, y);
  if (cut && compose->held > 0) {
    g_autofree char *more = g_strdup_printf ("More; %u of %u HELD in all. ^P shows all.", compose->held, shown->len);
    draw_text (area, area->height - 1, 2, area->width - 2, STYLE_HELD, more);
  } else if (cut)
    draw_text (area, area->height - 1, 2, area->width - 2, STYLE_TEXT, "More; all can be encrypted. ^P shows all.");
}

void
compose_routes_page (struct compose *compose)
{
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) shown = shown_routes (compose);
  for (guint i = 0; i < shown->len; i++) {
    GVariant *route = g_ptr_array_index (shown, i);
    enum route_tone tone;
    g_autofree char *words = recipients_route (route, &tone);
    if (i > 0)
      g_ptr_array_add (lines, g_strdup (""));
    g_ptr_array_add (lines, g_strdup_printf ("%s   %s", fields_text (route, "address"), words));
    if (*fields_text (route, "sentence") != '\0')
      g_ptr_array_add (lines, g_strdup (fields_text (route, "sentence")));
    g_autofree char *next = here_words (fields_text (route, "next"), "^Y");
    if (*next != '\0')
      g_ptr_array_add (lines, g_strdup_printf ("What to do: %s", next));
  }
  app_push (compose->view.app,
            text_view_lines (compose->view.app, "Recipients", lines, "No recipient has been typed yet."));
}
