/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Links of an HTML text: each true target once, as a footnote, and a warning in place where a link's text names another host. Pure. */
#include "mail/message/html_p.h"

#include <string.h>

#define LINKS_MAX 1000
#define TARGET_MAX 2000

void
html_links_init (struct html_links *links)
{
  links->targets = g_ptr_array_new_with_free_func (g_free);
}

/* The host that a text names, lower-case, if it looks like a web address at all; NULL otherwise. */
static char *
host_of (const char *text)
{
  text += strspn (text, " \t\r\n");
  const char *scheme = strstr (text, "://");
  gboolean is_url = scheme != NULL && scheme - text <= 12;
  const char *start = is_url ? scheme + 3 : text;
  gsize length = strcspn (start, "/?#\\ \t\r\n");
  const char *at = is_url ? g_strrstr_len (start, (gssize) length, "@") : NULL;
  if (at != NULL) {
    length -= (gsize) (at + 1 - start);
    start = at + 1;
  }
  g_autofree char *host = g_ascii_strdown (start, (gssize) length);
  char *colon = strchr (host, ':');
  if (colon != NULL && host[0] != '[')
    *colon = '\0';
  char *dot = strrchr (host, '.');
  if (dot == NULL || dot == host || strlen (dot + 1) < 2 || strchr (host, '@') != NULL)
    return NULL;
  /* Without a scheme, only what can be a host name is one: "e.g.", "file.pdf" with blanks and so on are words. */
  if (!is_url
      && (strspn (dot + 1, "abcdefghijklmnopqrstuvwxyz") != strlen (dot + 1)
          || strspn (host, "abcdefghijklmnopqrstuvwxyz0123456789-.") != strlen (host)))
    return NULL;
  return g_strdup (g_str_has_prefix (host, "www.") ? host + 4 : host);
}

/* One is the other or a name below it. */
static gboolean
same_site (const char *a, const char *b)
{
  gsize la = strlen (a), lb = strlen (b);
  const char *wide = la >= lb ? a : b, *narrow = la >= lb ? b : a;
  gsize cut = la >= lb ? la - lb : lb - la;
  return strcmp (wide + cut, narrow) == 0 && (cut == 0 || wide[cut - 1] == '.');
}

static gboolean
is_web (const char *target)
{
  return g_ascii_strncasecmp (target, "http://", 7) == 0 || g_ascii_strncasecmp (target, "https://", 8) == 0;
}

static guint
number_of (struct html_links *links, const char *target)
{
  for (guint i = 0; i < links->targets->len; i++)
    if (strcmp (links->targets->pdata[i], target) == 0)
      return i + 1;
  g_ptr_array_add (links->targets, g_strdup (target));
  return links->targets->len;
}

static char *
clean_target (const char *target)
{
  g_autofree char *valid = g_utf8_make_valid (target, (gssize) MIN (strlen (target), TARGET_MAX));
  for (char *p = valid; *p != '\0'; p++)
    if (*p == '\n' || *p == '\r' || *p == '\t')
      *p = ' ';
  g_strstrip (valid);
  return strlen (target) > TARGET_MAX ? g_strconcat (valid, "…", NULL) : g_steal_pointer (&valid);
}

char *
html_links_mark (struct html_links *links, const char *target, const char *text)
{
  g_autofree char *clean = clean_target (target), *shown = g_strstrip (g_strdup (text));
  if (*clean == '\0' || *clean == '#' || strcmp (clean, shown) == 0 || links->targets->len >= LINKS_MAX)
    return NULL;
  guint number = number_of (links, clean);
  g_autofree char *named = host_of (shown), *true_host = is_web (clean) ? host_of (clean) : NULL;
  if (named == NULL || (true_host != NULL && same_site (named, true_host)))
    return g_strdup_printf ("[%u]", number);
  if (true_host == NULL && !is_web (clean))
    return g_strdup_printf ("[%u: not a web link]", number);
  return g_strdup_printf ("[%u: leads to %s]", number, true_host != NULL ? true_host : "another host");
}

char *
html_links_footnotes (struct html_links *links)
{
  GString *out = g_string_new (NULL);
  for (guint i = 0; i < links->targets->len; i++)
    g_string_append_printf (out, "[%u] %s\n", i + 1, (char *) links->targets->pdata[i]);
  g_clear_pointer (&links->targets, g_ptr_array_unref);
  return g_string_free (out, FALSE);
}
