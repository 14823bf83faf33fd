/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Content-Type of an entity: its type and its parameters, read leniently and bounded. RFC 2045, 5.1; RFC 2231. */
#include "crypto/inspect_split.h"
#include <string.h>

#define PARAMETERS_MAX 64

/* Blanks and comments, however they nest. */
static const char *
skip_blanks (const char *c)
{
  guint depth = 0;
  for (; *c != '\0'; c++) {
    if (*c == '(')
      depth++;
    else if (*c == ')' && depth > 0)
      depth--;
    else if (*c == '\\' && depth > 0 && c[1] != '\0')
      c++;
    else if (depth == 0 && *c != ' ' && *c != '\t')
      break;
  }
  return c;
}

static gboolean
is_token (char c)
{
  return c > 32 && c != 127 && strchr ("()<>@,;:\\\"/[]?=", c) == NULL;
}

static char *
take_token (const char **at)
{
  const char *start = *at;
  while (**at != '\0' && is_token (**at))
    (*at)++;
  return g_ascii_strdown (start, *at - start);
}

static char *
take_value (const char **at)
{
  GString *value = g_string_new (NULL);
  const char *c = *at;
  if (*c == '"') {
    for (c++; *c != '\0' && *c != '"'; c++) {
      if (*c == '\\' && c[1] != '\0')
        c++;
      g_string_append_c (value, *c);
    }
    if (*c == '"')
      c++;
  } else
    for (; *c != '\0' && *c != ';' && *c != ' ' && *c != '\t' && *c != '('; c++)
      g_string_append_c (value, *c);
  *at = c;
  return g_string_free (value, FALSE);
}

/* Append a value of RFC 2231's extended form, %xx undone; first: without the charset and language before it. */
static void
append_extended (GString *out, const char *value, gboolean first)
{
  const char *language = first ? strchr (value, '\'') : NULL,
             *text = language != NULL ? strchr (language + 1, '\'') : NULL;
  for (const char *c = text != NULL ? text + 1 : value; *c != '\0'; c++)
    if (*c == '%' && g_ascii_isxdigit (c[1]) && g_ascii_isxdigit (c[2])) {
      g_string_append_c (out, (char) (g_ascii_xdigit_value (c[1]) * 16 + g_ascii_xdigit_value (c[2])));
      c += 2;
    } else
      g_string_append_c (out, *c);
}

/* Append the piece under a key, or under the key with a star, which is the extended form. */
static gboolean
append_piece (GHashTable *parameters, const char *key, gboolean first, GString *out)
{
  g_autofree char *extended = g_strconcat (key, "*", NULL);
  const char *piece = g_hash_table_lookup (parameters, key), *encoded = g_hash_table_lookup (parameters, extended);
  if (piece != NULL)
    g_string_append (out, piece);
  else if (encoded != NULL)
    append_extended (out, encoded, first);
  return piece != NULL || encoded != NULL;
}

/* name*=..., or name*0=..., name*1*=... put together in their order. What they say is bytes: the charset does not matter here. */
static void
join_continuations (GHashTable *parameters)
{
  static const char *const names[] = { "boundary", "protocol", "charset", "name", "smime-type" };
  for (guint n = 0; n < G_N_ELEMENTS (names); n++) {
    if (g_hash_table_contains (parameters, names[n]))
      continue;
    g_autoptr (GString) joined = g_string_new (NULL);
    gboolean more = !append_piece (parameters, names[n], TRUE, joined);
    for (guint i = 0; more && i < PARAMETERS_MAX; i++) {
      g_autofree char *key = g_strdup_printf ("%s*%u", names[n], i);
      more = append_piece (parameters, key, i == 0, joined);
    }
    /* A %00 would end the text early, and no two programs would agree on what it is. */
    if (joined->len > 0 && strlen (joined->str) == joined->len)
      g_hash_table_insert (parameters, g_strdup (names[n]), g_strdup (joined->str));
  }
}

static void
read_parameters (GHashTable *parameters, const char *at)
{
  for (guint i = 0; i < PARAMETERS_MAX; i++) {
    at = strchr (at, ';');
    if (at == NULL)
      break;
    at = skip_blanks (at + 1);
    g_autofree char *name = take_token (&at);
    at = skip_blanks (at);
    if (*name == '\0' || *at != '=')
      continue;
    at = skip_blanks (at + 1);
    char *value = take_value (&at);
    /* The first one counts. */
    if (g_hash_table_contains (parameters, name))
      g_free (value);
    else
      g_hash_table_insert (parameters, g_steal_pointer (&name), value);
  }
  join_continuations (parameters);
}

void
inspect_type_init (struct inspect_type *type, GBytes *entity, const char *fallback)
{
  type->parameters = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autofree char *field = inspect_split_field (entity, "content-type", 0);
  const char *at = field != NULL ? skip_blanks (field) : "";
  g_autofree char *major = take_token (&at);
  at = skip_blanks (at);
  g_autofree char *minor = NULL;
  if (*at == '/') {
    at = skip_blanks (at + 1);
    minor = take_token (&at);
  }
  if (minor == NULL || *major == '\0' || *minor == '\0') {
    type->type = g_strdup (field == NULL ? fallback : "text/plain");
    return;
  }
  type->type = g_strconcat (major, "/", minor, NULL);
  read_parameters (type->parameters, at);
}

void
inspect_type_clear (struct inspect_type *type)
{
  g_clear_pointer (&type->type, g_free);
  g_clear_pointer (&type->parameters, g_hash_table_unref);
}

const char *
inspect_type_get (const struct inspect_type *type, const char *name)
{
  return g_hash_table_lookup (type->parameters, name);
}
