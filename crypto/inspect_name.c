/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The name before an address: does it, once it is decoded as a reader sees it, show another address? */
#include "crypto/inspect_name.h"
#include "crypto/addrspec.h"
#include <string.h>

#define WORDS_MAX 64
#define CHARSET_SIZE_MAX 40

static GString *
decode_quoted (const char *text, gsize size)
{
  GString *out = g_string_sized_new (size);
  for (gsize i = 0; i < size; i++)
    if (text[i] == '=' && size - i > 2 && g_ascii_isxdigit (text[i + 1]) && g_ascii_isxdigit (text[i + 2])) {
      g_string_append_c (out, (char) (g_ascii_xdigit_value (text[i + 1]) * 16 + g_ascii_xdigit_value (text[i + 2])));
      i += 2;
    } else
      g_string_append_c (out, text[i] == '_' ? ' ' : text[i]);
  return out;
}

static GString *
decode_base64 (const char *text, gsize size)
{
  int state = 0;
  guint save = 0;
  GString *out = g_string_sized_new (size + 4);
  g_string_set_size (out, g_base64_decode_step (text, size, (guchar *) out->str, &state, &save));
  return out;
}

/* =?charset?coding?text?= at c; what it says is appended. Returns behind it, or NULL when it is none. */
static const char *
take_word (const char *c, GString *out)
{
  const char *charset = c + 2, *coding = strchr (charset, '?'), *text = NULL, *end = NULL;
  if (coding == NULL || coding == charset || coding - charset > CHARSET_SIZE_MAX || coding[1] == '\0'
      || coding[2] != '?')
    return NULL;
  text = coding + 3;
  end = strstr (text, "?=");
  if (end == NULL || strchr ("QqBb", coding[1]) == NULL)
    return NULL;
  g_autoptr (GString) bytes = g_ascii_toupper (coding[1]) == 'Q' ? decode_quoted (text, (gsize) (end - text))
                                                                 : decode_base64 (text, (gsize) (end - text));
  g_autofree char *from = g_strndup (charset, strcspn (charset, "?*"));
  gsize size = 0;
  g_autofree char *read = g_convert (bytes->str, (gssize) bytes->len, "UTF-8", from, NULL, &size, NULL);
  g_string_append_len (out, read != NULL ? read : bytes->str, (gssize) (read != NULL ? size : bytes->len));
  return end + 2;
}

static char *
decode_words (const char *name)
{
  g_autoptr (GString) out = g_string_new (NULL);
  gsize after_word = G_MAXSIZE; /* where the last word ended: blanks between two words say nothing */
  for (const char *c = name; *c != '\0';) {
    const gsize blanks = strspn (c, " \t");
    const char *next = NULL;
    if (after_word == out->len && blanks > 0 && g_str_has_prefix (c + blanks, "=?"))
      c += blanks;
    if (g_str_has_prefix (c, "=?") && (next = take_word (c, out)) != NULL) {
      c = next;
      after_word = out->len;
    } else
      g_string_append_c (out, *c++);
  }
  for (gsize i = 0; i < out->len; i++)
    if (out->str[i] == '\0')
      out->str[i] = ' ';
  return g_utf8_make_valid (out->str, (gssize) out->len);
}

/* As it looks: compatibility forms made plain, what has no width left out. */
static char *
as_seen (const char *name)
{
  g_autofree char *decoded = decode_words (name), *plain = g_utf8_normalize (decoded, -1, G_NORMALIZE_NFKC);
  GString *out = g_string_new (NULL);
  for (const char *c = plain != NULL ? plain : decoded; *c != '\0'; c = g_utf8_next_char (c)) {
    const gunichar letter = g_utf8_get_char (c);
    if (g_unichar_type (letter) == G_UNICODE_FORMAT || g_unichar_iszerowidth (letter))
      continue;
    if (g_unichar_isspace (letter) || g_unichar_iscntrl (letter))
      g_string_append_c (out, ' ');
    else
      g_string_append_unichar (out, letter);
  }
  return g_string_free (out, FALSE);
}

gboolean
inspect_name_holds_other (const char *name, const char *address)
{
  g_autofree char *seen = as_seen (name);
  g_auto (GStrv) words = g_strsplit_set (seen, " \"'()[]<>,;:", WORDS_MAX);
  for (char **word = words; *word != NULL; word++)
    if (strchr (*word, '@') != NULL && !addrspec_equal (*word, address))
      return TRUE;
  return FALSE;
}
