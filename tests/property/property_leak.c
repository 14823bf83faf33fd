/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* See property_leak.h. Line ends within a word, as base64 and quoted-printable have them, are taken out first. */
#include "tests/property/property_leak.h"
#include "tests/property/property.h"
#include <string.h>

#define FORMS 8
static struct {
  char *bytes;
  gsize size;
} forms[FORMS];
static guint forms_count;

static void
add_form (const char *bytes, gsize size)
{
  forms[forms_count].bytes = g_memdup2 (bytes, size);
  forms[forms_count++].size = size;
}

/* What base64 makes of it whatever stands before and behind: without the letters that their bits are in, too. */
static void
add_base64 (guint before)
{
  g_autofree char *text = g_strdup_printf ("%.*s" PROPERTY_CANARY, (int) before, "\1\1");
  g_autofree char *base = g_base64_encode ((const guchar *) text, strlen (text));
  const gsize begin = before == 0 ? 0 : before + 1, end = strlen (text) * 8 / 6;
  add_form (base + begin, end - begin);
}

static void
make_forms (void)
{
  char hex[2 * sizeof PROPERTY_CANARY], wide[2 * sizeof PROPERTY_CANARY];
  static const char canary[] = PROPERTY_CANARY;
  add_form (canary, sizeof canary - 1);
  for (guint before = 0; before < 3; before++)
    add_base64 (before);
  for (gsize i = 0; i < sizeof canary - 1; i++) {
    g_snprintf (hex + 2 * i, 3, "%02x", (guint) canary[i]);
    wide[2 * i] = canary[i];
    wide[2 * i + 1] = 0;
  }
  add_form (hex, 2 * (sizeof canary - 1));
  for (char *c = hex; *c != '\0'; c++)
    *c = g_ascii_toupper (*c);
  add_form (hex, 2 * (sizeof canary - 1));
  add_form (wide, 2 * (sizeof canary - 1) - 1);
}

static gboolean
holds (const char *bytes, gsize size)
{
  for (guint i = 0; i < forms_count; i++)
    if (size >= forms[i].size && memmem (bytes, size, forms[i].bytes, forms[i].size) != NULL)
      return TRUE;
  return FALSE;
}

gboolean
property_leak_in (const void *bytes, gsize size)
{
  if (forms_count == 0)
    make_forms ();
  if (size == 0)
    return FALSE;
  if (holds (bytes, size))
    return TRUE;
  const char *from = bytes;
  g_autofree char *joined = g_malloc (size);
  gsize joined_size = 0;
  for (gsize i = 0; i < size; i++)
    if (from[i] == '\r' || from[i] == '\n'
        || (from[i] == '=' && i + 1 < size && (from[i + 1] == '\r' || from[i + 1] == '\n')))
      continue;
    else
      joined[joined_size++] = from[i];
  return holds (joined, joined_size);
}
