/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Writing a message: recipients with their routes, subject, attachments, text. */
#include "ui/screen/key.h"
#include "ui/screen/prompt.h"
#include "ui/screen/text.h"
#include "ui/views/changes.h"
#include "ui/views/compose_p.h"
#include "ui/views/fields.h"
#include "ui/views/reader_lines.h"

#include <string.h>

#define LABEL_COLUMNS 10
#define BODY_COLUMNS_MAX 100

static const char *const labels[FIELD_COUNT] = { "To:", "Cc:", "Bcc:", "Subject:" };

/* ---- How it looks ---- */

static void
draw_field (struct compose *compose, const struct area *area, int y, int field, gboolean focused)
{
  int cursor;
  int width = area->width - LABEL_COLUMNS;
  g_autofree char *text = line_visible (&compose->fields[field], width, &cursor);
  gboolean here = focused && compose->focus == field;
  draw_text (area, y, 0, LABEL_COLUMNS, here ? (STYLE_LABEL | STYLE_BOLD) : STYLE_LABEL, labels[field]);
  draw_text (area, y, LABEL_COLUMNS, width, STYLE_TEXT, text);
  if (here)
    draw_cursor (area, y, LABEL_COLUMNS + cursor);
}

static void
draw_attached (struct compose *compose, const struct area *area, int y, gboolean focused)
{
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; i < compose->attached->len; i++) {
    const struct attached *attached = g_ptr_array_index (compose->attached, i);
    g_autofree char *size = reader_size (attached->size);
    g_string_append_printf (text, "%s%s (%s)", i > 0 ? ", " : "", attached->filename, size);
  }
  gboolean here = focused && compose->focus == FOCUS_ATTACHMENTS;
  draw_text (area, y, 0, LABEL_COLUMNS, here ? (STYLE_LABEL | STYLE_BOLD) : STYLE_LABEL, "Attached:");
  draw_text (area, y, LABEL_COLUMNS, area->width - LABEL_COLUMNS, STYLE_TEXT, text->str);
  if (here) {
    draw_cursor (area, y, LABEL_COLUMNS);
    draw_right (area, y, area->width - 29, 29, STYLE_DIM, "  Del takes the last one away");
  }
}

static void
draw_divider (struct compose *compose, const struct area *area, int y)
{
  struct area row = { area->y + y, area->x, 1, area->width };
  draw_horizontal (&row, 0, STYLE_FRAME);
  draw_text (&row, 0, 2, row.width - 4, STYLE_FRAME, compose->working ? " Please wait " : " Message ");
}

static void
draw_body (struct compose *compose, const struct area *area, gboolean focused)
{
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func (g_free);
  int y, x;
  compose->body_width = MIN (area->width, BODY_COLUMNS_MAX);
  compose->body_height = area->height;
  editor_rows (compose->body, compose->body_width, area->height, rows, &y, &x);
  for (guint i = 0; i < rows->len; i++) {
    const char *row = g_ptr_array_index (rows, i);
    draw_text (area, (int) i, 0, area->width, *row == '>' ? STYLE_QUOTE : STYLE_TEXT, row);
  }
  if (focused && compose->focus == FOCUS_BODY)
    draw_cursor (area, y, x);
}

static void
compose_draw (struct view *view, const struct area *area, gboolean focused)
{
  struct compose *compose = (struct compose *) view;
  gboolean typing = focused && !compose->working;
  int y = 0;
  draw_clear (area, STYLE_TEXT);
  for (int field = FIELD_TO; field < FIELD_COUNT; field++)
    draw_field (compose, area, y++, field, typing);
  if (compose->attached->len > 0)
    draw_attached (compose, area, y++, typing);
  int rows = CLAMP (compose_routes_rows (compose, area->width), 1, MAX (area->height - y - 4, 1));
  struct area routes = { area->y + y, area->x, rows, area->width };
  compose_routes_draw (compose, &routes);
  y += rows;
  draw_divider (compose, area, y++);
  struct area body = { area->y + y, area->x, MAX (area->height - y, 1), area->width };
  draw_body (compose, &body, typing);
}

static char *
compose_title (struct view *view)
{
  struct compose *compose = (struct compose *) view;
  const char *state = compose->working                                                             ? " · working…"
                      : compose->changed && (compose->dirty || compose->keeping || !compose->kept) ? " · not saved"
                      : compose->changed ? " · kept in Drafts"
                                         : "";
  return g_strconcat ("Write", state, compose->receipt ? " · asks for a receipt" : "", NULL);
}

/* ---- What the keys do ---- */

/* Whoever leaves a field has finished what stands in it. */
static void
step_focus (struct compose *compose, int step)
{
  int count = FOCUS_BODY + 1;
  if (compose->focus <= FIELD_BCC && compose->fields[compose->focus].text->len > 0)
    compose_routes_ask (compose);
  compose->focus = (compose->focus + step + count) % count;
  if (compose->focus == FOCUS_ATTACHMENTS && compose->attached->len == 0)
    compose->focus = (compose->focus + step + count) % count;
}

static void
field_key (struct compose *compose, int key)
{
  struct line *line = &compose->fields[compose->focus];
  g_autofree char *before = g_strdup (line->text->str);
  if (key == SPECIAL_ENTER || key == SPECIAL_DOWN)
    step_focus (compose, 1);
  else if (key == SPECIAL_UP) {
    if (compose->focus > 0)
      step_focus (compose, -1);
  } else
    line_key (line, key);
  if (strcmp (before, line->text->str) == 0)
    return;
  compose_touched (compose);
  if (compose->focus != FIELD_SUBJECT)
    compose_routes_ask (compose);
}

static void
attachments_key (struct compose *compose, int key)
{
  if (key == SPECIAL_DELETE || key == SPECIAL_BACKSPACE)
    compose_detach_last (compose);
  if (key == SPECIAL_UP || key == SPECIAL_DOWN || key == SPECIAL_ENTER || compose->attached->len == 0)
    step_focus (compose, key == SPECIAL_UP ? -1 : 1);
}

static void
body_key (struct compose *compose, int key)
{
  int width = MAX (compose->body_width, 1);
  if (key == SPECIAL_UP && editor_at_top (compose->body, width)) {
    step_focus (compose, -1);
    return;
  }
  guint before = editor_changes (compose->body);
  editor_key (compose->body, key, width, MAX (compose->body_height, 2));
  if (editor_changes (compose->body) != before)
    compose_touched (compose);
}

static void
compose_type (struct view *view, int key)
{
  struct compose *compose = (struct compose *) view;
  if (compose->working)
    return;
  if (compose->focus < FIELD_COUNT)
    field_key (compose, key);
  else if (compose->focus == FOCUS_ATTACHMENTS)
    attachments_key (compose, key);
  else
    body_key (compose, key);
}

static void
compose_paste (struct view *view, const char *text)
{
  struct compose *compose = (struct compose *) view;
  if (compose->working || compose->focus == FOCUS_ATTACHMENTS)
    return;
  compose_touched (compose);
  if (compose->focus == FOCUS_BODY) {
    editor_insert (compose->body, text);
    return;
  }
  line_insert (&compose->fields[compose->focus], text);
  if (compose->focus != FIELD_SUBJECT)
    compose_routes_ask (compose);
}

static void
cancel_answered (struct app *app, char choice, gpointer data)
{
  struct compose *compose = data;
  if (choice == 's')
    compose_save (compose);
  else if (choice == 'd')
    compose_discard (compose);
}

static void
cancel (struct compose *compose)
{
  static const char *const choices[] = { "s", "Save as draft", "d", "Discard", "c", "Continue writing", NULL };
  if (compose->working)
    app_background (&compose->view);
  else if (compose->changed)
    prompt_choice (compose->view.app, "This message was not sent. What shall happen to it?", choices, cancel_answered,
                   compose);
  else
    app_close (&compose->view);
}

static void
attach_answered (struct app *app, const char *text, gpointer data)
{
  g_autoptr (GError) error = NULL;
  if (text != NULL && *text != '\0' && !compose_attach (data, text, &error))
    app_notice (app, NOTICE_WARN, "%s", error->message);
}

static gboolean
compose_act (struct view *view, enum action action)
{
  struct compose *compose = (struct compose *) view;
  if (compose->working && action != ACTION_CANCEL)
    return action != ACTION_REDRAW && action != ACTION_SUSPEND && action != ACTION_HELP;
  switch ((int) action) {
  case ACTION_SEND:
    compose_send (compose);
    return TRUE;
  case ACTION_SEND_LATER:
    compose_send_later (compose);
    return TRUE;
  case ACTION_CANCEL:
    cancel (compose);
    return TRUE;
  case ACTION_POSTPONE:
    compose_save (compose);
    return TRUE;
  case ACTION_ATTACH:
    prompt_line (view->app, "File to attach:", "~/", PROMPT_PLAIN, NULL, attach_answered, compose);
    return TRUE;
  case ACTION_ATTACH_OWN:
    compose_own (compose);
    return TRUE;
  case ACTION_RECEIPT:
    compose->receipt = !compose->receipt;
    compose_touched (compose);
    app_notice (view->app, NOTICE_INFO,
                compose->receipt
                    ? "Readers will be asked to tell you that they opened it; they need not. ^Q: do not ask."
                    : "Readers are not asked to tell you that they opened it.");
    return TRUE;
  case ACTION_PROTECTION:
    compose_routes_page (compose);
    return TRUE;
  case ACTION_KEYS:
    keys_open (view->app);
    return TRUE;
  case ACTION_TELL:
    compose_tell (compose);
    return TRUE;
  case ACTION_EDITOR:
    compose_external (compose);
    return TRUE;
  case ACTION_NEXT_FIELD:
  case ACTION_PREVIOUS_FIELD:
    step_focus (compose, action == ACTION_NEXT_FIELD ? 1 : -1);
    return TRUE;
  default:
    return FALSE;
  }
}

static void
compose_event (struct view *view, const char *event, GVariant *fields)
{
  compose_routes_event ((struct compose *) view, event, fields);
}

static gboolean
compose_unsaved (struct view *view)
{
  const struct compose *compose = (struct compose *) view;
  return compose->changed || compose->working;
}

/* What was written while it was being kept is kept too; a second time only where the first one did not fail. */
static void
rescued (struct compose *compose)
{
  if (!(compose->dirty && compose->trouble == NULL && compose_keep (compose)
        && compose_after_keeping (compose, rescued)))
    app_rescued (compose->view.app);
}

static gboolean
compose_rescue (struct view *view)
{
  struct compose *compose = (struct compose *) view;
  if (!compose->working && compose->dirty)
    (void) compose_keep (compose);
  return compose_after_keeping (compose, rescued);
}

/* ---- Start and end ---- */

static void
compose_free (struct view *view)
{
  struct compose *compose = (struct compose *) view;
  for (int field = 0; field < FIELD_COUNT; field++)
    line_clear (&compose->fields[field]);
  editor_free (compose->body);
  g_ptr_array_unref (compose->attached);
  g_clear_pointer (&compose->origin, g_variant_unref);
  g_clear_pointer (&compose->routes, g_variant_unref);
  g_clear_pointer (&compose->told, g_hash_table_unref);
  changes_offer_ends (view->app, view);
  g_free (compose->draft_id);
  g_free (compose->message_id);
  g_free (compose->outbox_id);
  g_free (compose->trouble);
  g_clear_pointer (&compose->saved, g_variant_unref);
  g_clear_object (&compose->saved_fds);
  g_free (compose->edit_path);
  g_free (compose);
}

static const struct view_class compose_class = {
  .place = PLACE_COMPOSE,
  .draw = compose_draw,
  .act = compose_act,
  .type = compose_type,
  .event = compose_event,
  .paste = compose_paste,
  .title = compose_title,
  .unsaved = compose_unsaved,
  .rescue = compose_rescue,
  .free = compose_free,
};

struct view *
compose_new (struct app *app)
{
  struct compose *compose = g_new0 (struct compose, 1);
  compose->view.class = &compose_class;
  compose->view.app = app;
  for (int field = 0; field < FIELD_COUNT; field++)
    line_init (&compose->fields[field], FALSE);
  compose->body = editor_new ();
  compose->attached = g_ptr_array_new_with_free_func (compose_attached_free);
  compose->body_width = 80;
  return &compose->view;
}

struct view *
compose_draft (struct app *app, GVariant *draft, GUnixFDList *fds, const char *draft_id)
{
  struct view *view = compose_new (app);
  struct compose *compose = (struct compose *) view;
  compose_from_draft (compose, draft, fds);
  compose->draft_id = g_strdup (draft_id);
  if (draft_id != NULL)
    compose_saved_as (compose, draft, fds);
  compose->focus = compose->fields[FIELD_TO].text->len == 0 ? FIELD_TO : FOCUS_BODY;
  compose_routes_ask (compose);
  return view;
}

/* What is typed first stands above the quote, not in its first line. */
static void
make_room (struct compose *compose)
{
  g_autofree char *text = editor_text (compose->body), *below = g_strconcat ("\n\n", text, NULL);
  if (*text != '\0' && *text != '\n')
    editor_set_text (compose->body, below);
}

static void
answer_ready (struct view *view, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  if (reply == NULL) {
    app_notice (view->app, NOTICE_WARN, "%s", error->message);
    return;
  }
  g_autoptr (GVariant) draft = fields_inner (reply, "draft");
  struct view *answer = compose_draft (view->app, draft, fds, NULL);
  make_room ((struct compose *) answer);
  app_push (view->app, answer);
}

void
compose_answer (struct view *view, const char *id, gboolean all, gboolean forward)
{
  GVariantBuilder args;
  g_variant_builder_init (&args, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&args, "{sv}", "id", g_variant_new_string (id));
  if (all)
    g_variant_builder_add (&args, "{sv}", "all", g_variant_new_boolean (TRUE));
  if (forward)
    g_variant_builder_add (&args, "{sv}", "forward", g_variant_new_boolean (TRUE));
  app_call (view, "reply", g_variant_builder_end (&args), NULL, answer_ready, NULL);
}

static void
draft_ready (struct view *view, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  if (reply == NULL) {
    app_notice (view->app, NOTICE_WARN, "%s", error->message);
    return;
  }
  g_autoptr (GVariant) draft = fields_inner (reply, "draft");
  app_push (view->app, compose_draft (view->app, draft, fds, data));
}

void
compose_open_draft (struct view *view, const char *id)
{
  GVariantBuilder args;
  g_variant_builder_init (&args, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&args, "{sv}", "id", g_variant_new_string (id));
  app_call_take (view, "draft_open", g_variant_builder_end (&args), draft_ready, g_strdup (id), g_free);
}
