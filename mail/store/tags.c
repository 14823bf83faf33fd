/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* From folders and flags to tags. See tags.h for the table. */
#include "mail/store/tags.h"

#include <string.h>

static const char letters[] = "DFPRST";

const char *
tags_of_role (const char *role)
{
  static const struct {
    const char *role, *tag;
  } tags[] = {
    { "inbox", "inbox" },     { "sent", "sent" },     { "drafts", "draft" },
    { "archive", "archive" }, { "trash", "deleted" }, { "junk", "spam" },
  };
  for (gsize i = 0; role != NULL && i < G_N_ELEMENTS (tags); i++)
    if (strcmp (role, tags[i].role) == 0)
      return tags[i].tag;
  return NULL;
}

static void
flag_tag (const char *old_flags, const char *new_flags, char letter, gboolean inverse, const char *tag, GPtrArray *add,
          GPtrArray *remove)
{
  gboolean had = old_flags != NULL && (strchr (old_flags, letter) != NULL) != inverse;
  gboolean has = (strchr (new_flags, letter) != NULL) != inverse;
  if (has && (!had || old_flags == NULL))
    g_ptr_array_add (add, (gpointer) tag);
  else if (had && !has)
    g_ptr_array_add (remove, (gpointer) tag);
}

void
tags_between (const char *old_role, const char *old_flags, const char *new_role, const char *new_flags, GPtrArray *add,
              GPtrArray *remove)
{
  const char *from = tags_of_role (old_role), *to = tags_of_role (new_role);
  if (from != NULL && from != to)
    g_ptr_array_add (remove, (gpointer) from);
  if (to != NULL && from != to)
    g_ptr_array_add (add, (gpointer) to);
  flag_tag (old_flags, new_flags, 'S', TRUE, "unread", add, remove);
  flag_tag (old_flags, new_flags, 'F', FALSE, "flagged", add, remove);
  flag_tag (old_flags, new_flags, 'R', FALSE, "replied", add, remove);
  flag_tag (old_flags, new_flags, 'P', FALSE, "passed", add, remove);
}

void
tags_of_flags (const char *flags, GPtrArray *add, GPtrArray *remove)
{
  char others[sizeof letters];
  tags_flags_change (letters, "", flags, others);
  tags_between (NULL, others, NULL, flags, add, remove);
}

char
tags_flag_letter (const char *name)
{
  static const struct {
    const char *name;
    char letter;
  } flags[] = {
    { "seen", 'S' }, { "flagged", 'F' }, { "answered", 'R' }, { "draft", 'D' }, { "forwarded", 'P' },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (flags); i++)
    if (strcmp (name, flags[i].name) == 0)
      return flags[i].letter;
  return '\0';
}

void
tags_flags_change (const char *flags, const char *add, const char *remove, char *out)
{
  char result[sizeof letters];
  gsize size = 0;
  for (gsize i = 0; i < sizeof letters - 1; i++) {
    gboolean has = strchr (flags, letters[i]) != NULL;
    if ((has || strchr (add, letters[i]) != NULL) && strchr (remove, letters[i]) == NULL)
      result[size++] = letters[i];
  }
  result[size] = '\0';
  memcpy (out, result, size + 1);
}

void
tags_flags_merge (const char *base, const char *here, const char *server, char *out)
{
  char add[sizeof letters] = "", remove[sizeof letters] = "";
  for (gsize i = 0, added = 0, removed = 0; i < sizeof letters - 1; i++) {
    gboolean had = strchr (base, letters[i]) != NULL, has = strchr (here, letters[i]) != NULL;
    if (has && !had)
      add[added++] = letters[i];
    else if (had && !has)
      remove[removed++] = letters[i];
  }
  tags_flags_change (server, add, remove, out);
}
