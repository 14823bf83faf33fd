/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Sign-in lines, with every buffer on the way wiped. */
#include "mail/net/sasl.h"

#include <string.h>

struct secret *
sasl_plain (const char *user, const struct secret *password)
{
  if (user == NULL || *user == '\0' || password == NULL || secret_size (password) == 0
      || strlen (secret_peek (password)) != secret_size (password))
    return NULL;
  gsize user_size = strlen (user), size = user_size + secret_size (password) + 2;
  guchar *line = g_malloc (size);
  line[0] = 0;
  memcpy (line + 1, user, user_size);
  line[user_size + 1] = 0;
  memcpy (line + user_size + 2, secret_peek (password), secret_size (password));
  char *text = g_base64_encode (line, size);
  secret_wipe (line, size);
  g_free (line);
  return secret_new_take (text, strlen (text));
}

struct secret *
sasl_external (const char *user)
{
  if (user == NULL || *user == '\0')
    return secret_new ("=", 1);
  char *text = g_base64_encode ((const guchar *) user, strlen (user));
  return secret_new_take (text, strlen (text));
}
