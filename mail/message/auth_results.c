/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Authentication-Results: see auth_results.h. */
#include "mail/message/auth_results.h"

#include <string.h>

#include "mail/message/lookalike.h"

#define VALUE_MAX (16u * 1024)
#define RESULTS_MAX 100
#define COMMENT_DEPTH_MAX 20

/* Behind blanks and comments. NULL: a comment that does not end. */
static const char *
skip_blank (const char *p)
{
  guint depth = 0;
  for (; *p != '\0'; p++) {
    if (depth > 0 && *p == '\\' && p[1] != '\0')
      p++;
    else if (*p == '(' && depth < COMMENT_DEPTH_MAX)
      depth++;
    else if (*p == ')' && depth > 0)
      depth--;
    else if (depth == 0 && !g_ascii_isspace (*p))
      return p;
  }
  return depth == 0 ? p : NULL;
}

/* Behind a quoted string; NULL: it does not end. p: at its first quotation mark. */
static const char *
skip_quoted (const char *p, GString *text)
{
  for (p++; *p != '\0' && *p != '"'; p++) {
    if (*p == '\\' && p[1] != '\0')
      p++;
    if (text != NULL)
      g_string_append_c (text, *p);
  }
  return *p == '"' ? p + 1 : NULL;
}

/* A word in lower case, quoted or not, and what follows it without blanks. *at is NULL where that cannot be read. */
static char *
take_word (const char **at)
{
  GString *text = g_string_new (NULL);
  const char *p = skip_blank (*at);
  if (p != NULL && *p == '"')
    p = skip_quoted (p, text);
  else if (p != NULL) {
    gsize length = strcspn (p, " \t\r\n;=()\"/");
    g_string_append_len (text, p, (gssize) length);
    p += length;
  }
  *at = p != NULL ? skip_blank (p) : NULL;
  g_string_ascii_down (text);
  return g_string_free (text, FALSE);
}

/* Behind the next ';' that is neither in quotes nor in a comment. NULL: there is none. */
static const char *
next_result (const char *p)
{
  while (p != NULL && *p != '\0' && *p != ';') {
    if (*p == '"')
      p = skip_quoted (p, NULL);
    else if (*p == '(')
      p = skip_blank (p);
    else
      p++;
  }
  return p != NULL && *p == ';' ? p + 1 : NULL;
}

static gboolean
is_ours (const char *id, const struct auth_servers *servers)
{
  for (gsize i = 0; servers->ids != NULL && servers->ids[i] != NULL; i++)
    if (g_ascii_strcasecmp (id, servers->ids[i]) == 0)
      return TRUE;
  for (gsize i = 0; servers->hosts != NULL && servers->hosts[i] != NULL; i++)
    if (g_ascii_strcasecmp (id, servers->hosts[i]) == 0
        || (strchr (servers->hosts[i], '.') != NULL && lookalike_same_owner (id, servers->hosts[i])))
      return TRUE;
  return FALSE;
}

/* Of several results for one method (signatures of several domains), one that passed is enough. */
static void
note (struct auth_results *results, const char *method, const char *result)
{
  enum auth_result *where = strcmp (method, "spf") == 0     ? &results->spf
                            : strcmp (method, "dkim") == 0  ? &results->dkim
                            : strcmp (method, "dmarc") == 0 ? &results->dmarc
                                                            : NULL;
  if (where == NULL)
    return;
  if (strcmp (result, "pass") == 0 || strcmp (result, "bestguesspass") == 0)
    *where = AUTH_PASSED;
  else if ((strcmp (result, "fail") == 0 || strcmp (result, "hardfail") == 0) && *where != AUTH_PASSED)
    *where = AUTH_FAILED;
}

/* method [/ version] = result, and then reasons and properties, which tell nothing here. p: behind the ';'. */
static void
read_result (struct auth_results *results, const char *p)
{
  g_autofree char *method = take_word (&p);
  if (p != NULL && *p == '/') {
    p++;
    g_autofree char *version = take_word (&p);
    if (strspn (version, "0123456789") != strlen (version))
      return;
  }
  if (p == NULL || *p != '=')
    return;
  p++;
  g_autofree char *result = take_word (&p);
  note (results, method, result);
}

gboolean
auth_results_read (struct auth_results *results, const char *value, const struct auth_servers *servers)
{
  const char *p = value;
  if (strlen (value) > VALUE_MAX)
    return FALSE;
  g_autofree char *id = take_word (&p);
  if (p == NULL || *id == '\0' || !is_ours (id, servers))
    return FALSE;
  if (g_ascii_isdigit (*p)) { /* the version of the field; there is one */
    g_autofree char *version = take_word (&p);
    if (strcmp (version, "1") != 0)
      return FALSE;
  }
  if (p == NULL || (*p != ';' && *p != '\0'))
    return FALSE;
  results->found = TRUE;
  p = next_result (p);
  for (guint i = 0; p != NULL && i < RESULTS_MAX; i++) {
    read_result (results, p);
    p = next_result (p);
  }
  return TRUE;
}

const char *
auth_results_failed (const struct auth_results *results)
{
  if (results->dmarc != AUTH_UNKNOWN)
    return results->dmarc == AUTH_FAILED ? "DMARC" : NULL;
  if (results->spf == AUTH_PASSED || results->dkim == AUTH_PASSED)
    return NULL;
  if (results->spf == AUTH_FAILED && results->dkim == AUTH_FAILED)
    return "SPF and DKIM";
  return results->spf == AUTH_FAILED ? "SPF" : results->dkim == AUTH_FAILED ? "DKIM" : NULL;
}
