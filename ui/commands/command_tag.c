/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* `tag`: add and remove tags of all messages that a query finds. */
#include "ui/commands/command_out.h"

#include <string.h>

static gboolean
is_tag (const char *text)
{
  gsize size = strlen (text);
  if (size < 2 || size > 200 || (text[0] != '+' && text[0] != '-') || text[1] == '-')
    return FALSE;
  for (const char *p = text + 1; *p != '\0'; p++)
    if ((guchar) *p <= ' ' || *p == 127 || *p == '"')
      return FALSE;
  return TRUE;
}

enum command_exit
command_tag (struct command_context *context, int argc, char **argv)
{
  g_autoptr (GPtrArray) add = g_ptr_array_new (), removed = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  int i = 1;
  if (!command_texts ((const char *const *) argv, &error))
    return command_out_fail (error);
  for (; i < argc && strcmp (argv[i], "--") != 0; i++) {
    if (!is_tag (argv[i]))
      return command_out_misuse ("tag", "“%s” is no change of a tag; write +TAG or -TAG, and the query after “--”.",
                                 argv[i]);
    g_ptr_array_add (argv[i][0] == '+' ? add : removed, argv[i] + 1);
  }
  if (i == 1 || i + 1 >= argc)
    return command_out_misuse ("tag", "tag needs at least one +TAG or -TAG, then “--”, then a query.");
  if (!command_need_settings (context, &error))
    return command_out_fail (error);
  g_autofree char *query = g_strjoinv (" ", argv + i + 1);
  g_auto (GVariantDict) args = G_VARIANT_DICT_INIT (NULL);
  g_variant_dict_insert (&args, "query", "s", query);
  g_variant_dict_insert_value (&args, "add", g_variant_new_strv ((const char *const *) add->pdata, add->len));
  g_variant_dict_insert_value (&args, "remove",
                               g_variant_new_strv ((const char *const *) removed->pdata, removed->len));
  g_autoptr (GVariant) reply = command_call (context, "tag", g_variant_dict_end (&args), NULL, NULL, &error);
  guint32 changed = 0;
  if (reply == NULL)
    return command_out_fail (error);
  g_variant_lookup (reply, "changed", "u", &changed);
  command_out (changed == 1 ? "%u message changed\n" : "%u messages changed\n", changed);
  return COMMAND_DONE;
}
