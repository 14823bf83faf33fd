/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What a reader has to be told of how a message was read: guesses, cuts, repairs. One sentence for each code, however often it happened. */
#include "mail/message/message_p.h"

#include <string.h>

static void
note_free (gpointer data)
{
  struct message_note *note = data;
  g_free (note->text);
  g_free (note);
}

GPtrArray *
message_notes_new (void)
{
  return g_ptr_array_new_with_free_func (note_free);
}

void
message_notes_add (GPtrArray *notes, const char *code, const char *format, ...)
{
  for (guint i = 0; notes != NULL && i < notes->len; i++)
    if (strcmp (((struct message_note *) notes->pdata[i])->code, code) == 0)
      return;
  if (notes == NULL)
    return;
  struct message_note *note = g_new0 (struct message_note, 1);
  va_list args;
  note->code = code;
  va_start (args, format);
  note->text = g_strdup_vprintf (format, args);
  va_end (args);
  g_ptr_array_add (notes, note);
}
