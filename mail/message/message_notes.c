/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What a reader has to be told of how a message was read: guesses, cuts, repairs. One sentence for each code, however often it happened. */
#include "mail/message/message_p.h"

#include <string.h>

#define NAME_HEAD 24 /* characters of a file's name that a sentence repeats */
#define NAME_TAIL 10

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

/* In quotation marks that it cannot end, its beginning and its ending: what a stranger calls a file is not to read like a sentence of ours. */
char *
message_notes_name (const char *name)
{
  g_autoptr (GString) plain = g_string_new (NULL);
  for (const char *p = name; *p != '\0'; p = g_utf8_next_char (p)) {
    const gunichar c = g_utf8_get_char (p);
    const gboolean quotes = c == '"' || c == 0xAB || c == 0xBB || (c >= 0x201C && c <= 0x201F);
    g_string_append_unichar (plain, quotes ? '\'' : c);
  }
  const glong length = g_utf8_strlen (plain->str, -1);
  if (length <= NAME_HEAD + NAME_TAIL)
    return g_strdup_printf ("\xE2\x80\x9C%s\xE2\x80\x9D", plain->str);
  g_autofree char *head = g_utf8_substring (plain->str, 0, NAME_HEAD),
                  *tail = g_utf8_substring (plain->str, length - NAME_TAIL, length);
  return g_strdup_printf ("\xE2\x80\x9C%s\xE2\x80\xA6%s\xE2\x80\x9D", head, tail);
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
