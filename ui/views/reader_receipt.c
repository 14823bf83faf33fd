/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The receipt that somebody asks for: whether the person wants to send it, and what became of that. */
#include "ui/screen/prompt.h"
#include "ui/views/changes.h"
#include "ui/views/fields.h"
#include "ui/views/reader_p.h"

#include <string.h>

static void
receipt_answered (struct view *view, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  if (reply == NULL)
    app_notice (view->app, NOTICE_WARN, "%s", error->message);
  else
    app_notice (view->app, NOTICE_INFO, "%s", fields_text (reply, "text"));
}

void
reader_answer_receipt (struct reader *reader, const char *answer)
{
  const struct item *item = reader_current (reader);
  if (item != NULL)
    app_call (app_changes (reader->view.app), "receipt",
              g_variant_new_parsed ("{'id': <%s>, 'answer': <%s>}", item->id, answer), NULL, receipt_answered, NULL);
}

/* It is not asked twice while the answer is on its way. */
static void
receipt_chosen (struct app *app, char choice, gpointer data)
{
  struct reader *reader = data;
  if (choice == 0 || reader->message == NULL)
    return;
  reader_answer_receipt (reader, choice == 's' ? "send" : "no");
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (reader->message);
  g_variant_dict_remove (&dict, "receipt");
  g_variant_unref (reader->message);
  reader->message = g_variant_ref_sink (g_variant_dict_end (&dict));
  g_clear_pointer (&reader->lines, g_ptr_array_unref);
}

void
reader_ask_receipt (struct reader *reader)
{
  static const char *const choices[] = { "s", "send a receipt", "n", "send none", NULL };
  if (reader->message == NULL)
    return;
  g_autoptr (GVariant) receipt = fields_inner (reader->message, "receipt");
  if (strcmp (fields_text (receipt, "state"), "ask") != 0) {
    app_notice (reader->view.app, NOTICE_INFO, "%s",
                *fields_text (receipt, "text") != '\0' ? fields_text (receipt, "text")
                                                       : "Nobody asks for a receipt of this message.");
    return;
  }
  g_autofree char *question = g_strdup_printf ("Tell %s that you opened this message?", fields_text (receipt, "to"));
  prompt_choice (reader->view.app, question, choices, receipt_chosen, reader);
}
