/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Links of an HTML text: each true target once, as a footnote that begins with its host, and a warning in place where a link's text names
 * another host, or its target is made to mislead. Pure. */
#include "mail/message/html_p.h"

#include <string.h>

#define LINKS_MAX 1000
#define SHOWN_MAX 300 /* bytes of a target; what is longer is cut in its middle */
#define SHOWN_HEAD 200
#define SHOWN_TAIL 60
#define INERT_MAX 80
#define BASE_MAX 2000
#define HOST_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:"

void
html_links_init (struct html_links *links)
{
  *links = (struct html_links){ .targets = g_ptr_array_new_with_free_func (g_free) };
}

/* Up to its query, and with a path: GLib resolves nothing against a bare host. */
void
html_links_base (struct html_links *links, const char *base)
{
  gsize scheme = g_ascii_strncasecmp (base, "http://", 7) == 0    ? 7
                 : g_ascii_strncasecmp (base, "https://", 8) == 0 ? 8
                                                                  : 0;
  if (links->base != NULL || scheme == 0)
    return;
  g_autofree char *valid = g_utf8_make_valid (base, (gssize) MIN (strlen (base), BASE_MAX));
  valid[strcspn (valid, "?#")] = '\0';
  gsize host = strcspn (valid + scheme, "/");
  if (strspn (valid + scheme, HOST_CHARACTERS) != host) /* GLib and browsers differ on where that one leads */
    return;
  links->base = g_strconcat (valid, strchr (valid + scheme, '/') == NULL ? "/" : "", NULL);
}

/* One is the other or a name below it. */
static gboolean
same_site (const char *a, const char *b)
{
  a += g_str_has_prefix (a, "www.") ? 4 : 0;
  b += g_str_has_prefix (b, "www.") ? 4 : 0;
  gsize la = strlen (a), lb = strlen (b);
  const char *wide = la >= lb ? a : b, *narrow = la >= lb ? b : a;
  gsize cut = la >= lb ? la - lb : lb - la;
  return strcmp (wide + cut, narrow) == 0 && (cut == 0 || wide[cut - 1] == '.');
}

static const char *
forward_to_character (const char *text, gsize at)
{
  const char *p = text + at;
  while (((guchar) *p & 0xC0) == 0x80)
    p++;
  return p;
}

/* The beginning, with the host, and the end; and how much is missing between them. */
static char *
shorten (const char *target, gsize max)
{
  gsize length = strlen (target);
  if (length <= max)
    return g_strdup (target);
  gsize head_size = max * SHOWN_HEAD / SHOWN_MAX, tail_size = max * SHOWN_TAIL / SHOWN_MAX;
  const char *head = forward_to_character (target, head_size),
             *tail = forward_to_character (target, length - tail_size);
  return g_strdup_printf ("%.*s…%s (%" G_GSIZE_FORMAT " bytes in its middle are left out)", (int) (head - target),
                          target, tail, (gsize) (tail - head));
}

static char *
footnote (const struct html_target *target)
{
  g_autofree char *shown
      = shorten (target->clean, target->host == NULL && target->note != NULL ? INERT_MAX : SHOWN_MAX);
  GString *out = g_string_new (NULL);
  if (target->host_shown != NULL)
    g_string_append_printf (out, "%s: ", target->host_shown);
  g_string_append (out, shown);
  if (target->note != NULL)
    g_string_append_printf (out, " (careful: %s)", target->note);
  return g_string_free (out, FALSE);
}

static guint
number_of (struct html_links *links, char *note_take)
{
  for (guint i = 0; i < links->targets->len; i++)
    if (strcmp (links->targets->pdata[i], note_take) == 0) {
      g_free (note_take);
      return i + 1;
    }
  g_ptr_array_add (links->targets, note_take);
  return links->targets->len;
}

/* The address that a mailto: target writes to, where the text names another one; NULL. */
static char *
other_address (const struct html_target *target, const char *shown)
{
  if (strcmp (target->scheme, "mailto") != 0 || strchr (shown, '@') == NULL || strpbrk (shown, " \t\n") != NULL)
    return NULL;
  const char *address = target->clean + strlen ("mailto:");
  g_autofree char *plain = g_uri_unescape_segment (address, address + strcspn (address, "?"), NULL);
  return plain != NULL && g_ascii_strcasecmp (plain, shown) != 0 && g_utf8_validate (plain, -1, NULL) ? g_strdup (plain)
                                                                                                      : NULL;
}

char *
html_links_mark (struct html_links *links, const char *raw, const char *text)
{
  struct html_target target;
  html_target_init (&target, raw, links->base);
  g_autofree char *shown = g_strstrip (g_utf8_make_valid (text, -1)), *mark = NULL;
  gboolean nothing
      = *target.clean == '\0' || *target.clean == '#' || (strcmp (target.clean, shown) == 0 && target.note == NULL);
  if (!nothing && links->targets->len >= LINKS_MAX) {
    links->left_out++;
    nothing = TRUE;
  }
  if (!nothing) {
    guint number = number_of (links, footnote (&target));
    g_autofree char *named = html_target_named (shown), *address = other_address (&target, shown);
    gboolean other = named != NULL && (target.host == NULL || !same_site (named, target.host));
    if (address != NULL && strlen (address) < 300)
      mark = g_strdup_printf ("[%u: writes to %s]", number, address);
    else if (address != NULL)
      mark = g_strdup_printf ("[%u: writes to another address]", number);
    else if (target.host == NULL && (other || target.note != NULL))
      mark = g_strdup_printf ("[%u: not a web link]", number);
    else if (target.host != NULL && (other || target.note != NULL))
      mark = g_strdup_printf ("[%u: %sleads to %s]", number, target.note != NULL ? "careful, " : "", target.host_shown);
    else
      mark = g_strdup_printf ("[%u]", number);
  }
  html_target_clear (&target);
  return g_steal_pointer (&mark);
}

char *
html_links_footnotes (struct html_links *links)
{
  GString *out = g_string_new (NULL);
  for (guint i = 0; i < links->targets->len; i++)
    g_string_append_printf (out, "[%u] %s\n", i + 1, (char *) links->targets->pdata[i]);
  if (links->left_out > 0)
    g_string_append_printf (out, "[%u more links are left out.]\n", links->left_out);
  g_clear_pointer (&links->targets, g_ptr_array_unref);
  g_clear_pointer (&links->base, g_free);
  return g_string_free (out, FALSE);
}
