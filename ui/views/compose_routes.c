/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* How each recipient's copy will be protected, shown while the recipients are typed. */
#include "ui/screen/text.h"
#include "ui/views/compose_p.h"
#include "ui/views/fields.h"
#include "ui/views/recipients.h"

#include <string.h>

#define DEBOUNCE_MS 300
#define ROWS_MAX 5

static void
answered (struct view *view, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct compose *compose = (struct compose *)view;
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
  g_variant_builder_add (args, "{sv}", name, g_variant_new_strv ((const char *const *)addresses, -1));
  return count;
}

static void
ask_now (struct view *view)
{
  struct compose *compose = (struct compose *)view;
  const struct settings *settings = app_settings (view->app);
  app_call_cancel (compose->route_call);
  compose->route_call = NULL;
  GVariantBuilder args;
  g_variant_builder_init (&args, G_VARIANT_TYPE_VARDICT);
  guint count = add_addresses (&args, "to", compose->fields[FIELD_TO].text->str);
  count += add_addresses (&args, "cc", compose->fields[FIELD_CC].text->str);
  count += add_addresses (&args, "bcc", compose->fields[FIELD_BCC].text->str);
  if (settings != NULL && settings->address != NULL)
    g_variant_builder_add (&args, "{sv}", "from", g_variant_new_string (settings->address));
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

/* The recipients' routes; what is said about the sender comes only where it stands in the way. */
static GPtrArray *
shown_routes (const struct compose *compose)
{
  GPtrArray *shown = g_ptr_array_new_with_free_func ((GDestroyNotify)g_variant_unref);
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

int
compose_routes_rows (const struct compose *compose)
{
  g_autoptr (GPtrArray) shown = shown_routes (compose);
  return CLAMP ((int)shown->len, 1, ROWS_MAX);
}

static void
draw_route (GVariant *route, const struct area *area, int y)
{
  enum route_tone tone;
  g_autofree char *words = recipients_route (route, &tone);
  unsigned style = tone == ROUTE_TONE_GOOD ? STYLE_GOOD : STYLE_HELD;
  int columns = MIN (34, area->width * 2 / 5);
  draw_text (area, y, 2, columns, STYLE_TEXT, fields_text (route, "address"));
  int x = 3 + columns;
  x += draw_text (area, y, x, area->width - x, style | STYLE_BOLD, words);
  const char *next = fields_text (route, "next");
  if (tone == ROUTE_TONE_HELD && *next != '\0' && area->width - x > 12) {
    x += draw_text (area, y, x, area->width - x, STYLE_TEXT, ". ");
    draw_text (area, y, x, area->width - x, STYLE_TEXT, next);
  }
}

void
compose_routes_draw (struct compose *compose, const struct area *area)
{
  g_autoptr (GPtrArray) shown = shown_routes (compose);
  if (shown->len == 0)
    draw_text (area, 0, 2, area->width - 2, STYLE_DIM, "How each recipient's copy is encrypted appears here.");
  for (int y = 0; y < area->height && y < (int)shown->len; y++) {
    gboolean rest = y == area->height - 1 && (int)shown->len > area->height;
    if (!rest) {
      draw_route (g_ptr_array_index (shown, (guint)y), area, y);
      continue;
    }
    g_autofree char *more = g_strdup_printf ("and %u more%s (^P shows all)", shown->len - (guint)y,
                                             compose->held > 0 ? ", some of them may be HELD" : "");
    draw_text (area, y, 2, area->width - 2, compose->held > 0 ? STYLE_HELD : STYLE_TEXT, more);
  }
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
    if (*fields_text (route, "next") != '\0')
      g_ptr_array_add (lines, g_strdup_printf ("What to do: %s", fields_text (route, "next")));
  }
  app_push (compose->view.app, text_view_lines (compose->view.app, "Recipients", lines, "No recipient has been typed yet."));
}
