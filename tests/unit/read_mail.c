/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A message read with all that follows from it: view, answers, shadow, parts. */
#include "tests/unit/read_mail.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "mail/message/message.h"
#include "tests/unit/shown.h"

static const char *const own[] = { "calice@demo.test", NULL };

static char *
open_shadow (GBytes *shadow)
{
  if (shadow == NULL)
    return g_strdup ("");
  gsize size = 0;
  const char *bytes = g_bytes_get_data (shadow, &size);
  g_autofree char *text = g_strndup (bytes, size);
  char *body = strstr (text, "\r\n\r\n");
  assert_non_null (body);
  gsize length = 0;
  g_autofree guchar *decoded = g_base64_decode (body + 4, &length);
  body[4] = '\0';
  g_autofree char *words = g_strndup ((const char *) decoded, length);
  return g_strconcat (text, words, NULL);
}

/* One after the other, NUL as a space. */
static char *
save_parts (struct read_mail *mail)
{
  g_autoptr (GVariant) rows = g_variant_lookup_value (mail->view, "parts", G_VARIANT_TYPE ("aa{sv}"));
  GString *all = g_string_new (NULL);
  for (gsize i = 0; i < g_variant_n_children (rows); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
    AUTOFREE (message_part) part = message_part_new (mail->inspection, read_mail_text (row, "id"), NULL);
    if (part == NULL) /* a layer that did not open is listed, too */
      continue;
    gsize size = 0;
    const char *data = g_bytes_get_data (part->bytes, &size);
    for (gsize k = 0; k < size; k++)
      g_string_append_c (all, data[k] != '\0' ? data[k] : ' ');
  }
  return g_string_free (all, FALSE);
}

void
read_mail_init (struct read_mail *mail, struct keyring *keyring, const char *message)
{
  g_autoptr (GBytes) bytes = g_bytes_new (message, strlen (message));
  GVariant *view, *segments;
  *mail = (struct read_mail){ .inspection = inspect_message (keyring, bytes, 0) };
  message_view (mail->inspection, bytes, &view, &segments);
  g_variant_ref_sink (view);
  g_variant_ref_sink (segments);
  mail->view = shown_finish (view, segments);
  g_variant_unref (view);
  g_variant_unref (segments);
  mail->reply = g_variant_ref_sink (message_reply (mail->view, own, TRUE, FALSE));
  mail->forward = g_variant_ref_sink (message_reply (mail->view, own, FALSE, TRUE));
  g_autoptr (GBytes) shadow = message_shadow (mail->inspection, bytes);
  mail->shadow = open_shadow (shadow);
  mail->parts = save_parts (mail);
}

void
read_mail_clear (struct read_mail *mail)
{
  inspection_free (mail->inspection);
  g_variant_unref (mail->view);
  g_variant_unref (mail->reply);
  g_variant_unref (mail->forward);
  g_free (mail->shadow);
  g_free (mail->parts);
}

const char *
read_mail_text (GVariant *dictionary, const char *name)
{
  const char *text = "";
  if (!g_variant_lookup (dictionary, name, "&s", &text))
    (void) g_variant_lookup (dictionary, name, "m&s", &text);
  return text != NULL ? text : "";
}

char *
read_mail_list (GVariant *dictionary, const char *name)
{
  g_autofree const char **list = NULL;
  (void) g_variant_lookup (dictionary, name, "^a&s", &list);
  return list != NULL ? g_strjoinv ("|", (char **) list) : g_strdup ("");
}

gboolean
read_mail_warned (const struct read_mail *mail, const char *code)
{
  g_autoptr (GVariant) rows = g_variant_lookup_value (mail->view, "warnings", G_VARIANT_TYPE ("aa{sv}"));
  for (gsize i = 0; i < g_variant_n_children (rows); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
    if (strcmp (read_mail_text (row, "code"), code) == 0)
      return TRUE;
  }
  return FALSE;
}

gboolean
read_mail_repeats (const struct read_mail *mail, const char *text)
{
  g_autofree char *reply = g_variant_print (mail->reply, FALSE), *forward = g_variant_print (mail->forward, FALSE);
  return strstr (reply, text) != NULL || strstr (forward, text) != NULL || strstr (mail->shadow, text) != NULL;
}

gboolean
read_mail_holds (const struct read_mail *mail, const char *text)
{
  g_autofree char *view = g_variant_print (mail->view, FALSE);
  return strstr (view, text) != NULL || read_mail_repeats (mail, text) || strstr (mail->parts, text) != NULL;
}
