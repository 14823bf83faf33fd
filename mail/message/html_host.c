/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the target of a link leads, read as a browser reads it: blanks and tabs inside it vanish, a backslash is a slash, what stands before
 * an @ is no host, a host in % signs or in another alphabet is the one that it stands for. Pure. */
#include "mail/message/html_p.h"
#include "mail/message/lookalike.h"

#include <gio/gio.h>
#include <string.h>

#define TARGET_MAX 20000
#define HOST_MAX 253

/* One line, valid UTF-8, without what a browser drops. */
static char *
clean_target (const char *raw)
{
  g_autofree char *valid = g_utf8_make_valid (raw, (gssize) MIN (strlen (raw), TARGET_MAX));
  GString *out = g_string_new (NULL);
  for (const char *p = valid; *p != '\0'; p++)
    if (*p != '\t' && *p != '\n' && *p != '\r')
      g_string_append_c (out, *p);
  char *text = g_string_free (out, FALSE);
  gsize lead = 0;
  while ((guchar) text[lead] <= ' ' && text[lead] != '\0')
    lead++;
  memmove (text, text + lead, strlen (text + lead) + 1);
  return g_strchomp (text);
}

static char *
scheme_of (const char *target)
{
  gsize n = g_ascii_isalpha (*target)
                ? strspn (target, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.")
                : 0;
  return n > 0 && n < 40 && target[n] == ':' ? g_ascii_strdown (target, (gssize) n) : g_strdup ("");
}

/* 192.0.2.1 in any of the ways that a browser takes: 3221225985, 0xC0.0.02.1. */
static gboolean
is_number (const char *host)
{
  const char *dot = strrchr (host, '.'), *last = dot != NULL ? dot + 1 : host;
  if (*host == '[')
    return TRUE;
  return g_ascii_isdigit (*last) && strspn (last, "0123456789abcdefx") == strlen (last)
         && strspn (host, "0123456789abcdefx.") == strlen (host);
}

static void
judge_host (struct html_target *target)
{
  if (is_number (target->host)) {
    if (target->note == NULL)
      target->note = "a bare number instead of a name";
    return;
  }
  enum lookalike kind = lookalike_host (target->host, NULL, NULL);
  g_autofree char *shown = lookalike_unicode (target->host);
  if (shown != NULL && strcmp (shown, target->host) != 0) {
    g_free (target->host_shown);
    target->host_shown = g_strdup_printf ("%s (it looks like %s)", target->host, shown);
  }
  if (kind == LOOKALIKE_BROKEN)
    target->note = "no host can have this name";
  else if (kind != LOOKALIKE_NONE)
    target->note = "a look-alike: letters of another alphabet imitate another name";
}

/* authority: "user:password@host:port" of size bytes. */
static void
take_authority (struct html_target *target, const char *authority, gsize size)
{
  const char *at = g_strrstr_len (authority, (gssize) size, "@");
  const char *start = at != NULL ? at + 1 : authority;
  gsize length = size - (gsize) (start - authority);
  g_autofree char *raw = g_strndup (start, length);
  char *close = *raw == '[' ? strchr (raw, ']') : NULL, *colon = strrchr (close != NULL ? close : raw, ':');
  if (colon != NULL)
    *colon = '\0';
  g_autofree char *decoded = g_uri_unescape_string (raw, NULL);
  if (decoded == NULL || !g_utf8_validate (decoded, -1, NULL)) {
    g_free (decoded);
    decoded = g_strdup (raw);
  }
  gsize n = strlen (decoded);
  if (n > 1 && decoded[n - 1] == '.')
    decoded[n - 1] = '\0';
  if (*decoded == '\0' || n > HOST_MAX * 4)
    return;
  g_autofree char *ascii = *decoded == '[' ? NULL : g_hostname_to_ascii (decoded);
  target->host = g_ascii_strdown (ascii != NULL && strlen (ascii) <= HOST_MAX ? ascii : decoded, -1);
  target->host_shown = g_strdup (target->host);
  if (strchr (raw, '%') != NULL)
    target->note = "the host is written in disguise";
  judge_host (target);
  if (at != NULL)
    target->note = "what stands before the @ is no part of the host";
}

static void
take_inert (struct html_target *target)
{
  static const struct {
    const char *scheme, *note;
  } inert[] = {
    { "javascript", "a script, which does nothing here" },
    { "vbscript", "a script, which does nothing here" },
    { "data", "content in place of a link, which does nothing here" },
    { "blob", "content in place of a link, which does nothing here" },
    { "file", "a file on a computer, which is not opened here" },
    { "smb", "a file on a computer, which is not opened here" },
    { "search-ms", "a search on your computer, which is not run here" },
    { "ms-msdt", "a program on your computer, which is not started here" },
  };
  if (g_str_has_prefix (target->clean, "\\\\"))
    target->note = "a file on a computer, which is not opened here";
  for (gsize i = 0; i < G_N_ELEMENTS (inert); i++)
    if (strcmp (target->scheme, inert[i].scheme) == 0)
      target->note = inert[i].note;
}

void
html_target_init (struct html_target *target, const char *raw, const char *base_or_null)
{
  *target = (struct html_target){ .clean = clean_target (raw) };
  target->scheme = scheme_of (target->clean);
  gboolean bare = *target->scheme == '\0' && *target->clean != '#' && *target->clean != '\\' && *target->clean != '\0';
  gboolean own_host = *target->clean == '/' && (target->clean[1] == '/' || target->clean[1] == '\\');
  if (bare && (base_or_null != NULL || own_host)) {
    char *whole = own_host ? g_strconcat ("https:", target->clean, NULL)
                           : g_uri_resolve_relative (base_or_null, target->clean, G_URI_FLAGS_PARSE_RELAXED, NULL);
    if (whole == NULL)
      whole = g_strdup (target->clean); /* nobody can resolve it */
    g_free (target->clean);
    g_free (target->scheme);
    target->clean = whole;
    target->scheme = scheme_of (whole);
  }
  target->web = strcmp (target->scheme, "http") == 0 || strcmp (target->scheme, "https") == 0;
  if (target->web || strcmp (target->scheme, "ftp") == 0) {
    const char *authority = target->clean + strlen (target->scheme) + 1;
    authority += strspn (authority, "/\\");
    take_authority (target, authority, strcspn (authority, "/\\?#"));
  } else
    take_inert (target);
}

void
html_target_clear (struct html_target *target)
{
  g_free (target->clean);
  g_free (target->scheme);
  g_free (target->host);
  g_free (target->host_shown);
}

/* What can be a host name without a scheme before it: "e.g.", "file.pdf" with blanks and so on are words. */
static gboolean
is_host_name (const char *host, const char *dot)
{
  for (const char *p = host; *p != '\0'; p++)
    if (!g_ascii_isalnum (*p) && *p != '-' && *p != '.' && (guchar) *p < 0x80)
      return FALSE;
  for (const char *p = dot + 1; *p != '\0'; p++)
    if (!g_ascii_isalpha (*p) && (guchar) *p < 0x80)
      return FALSE;
  return strstr (host, "..") == NULL;
}

char *
html_target_named (const char *text)
{
  text += strspn (text, " \t\r\n<(\"'");
  const char *scheme = strstr (text, "://");
  gboolean is_url = scheme != NULL && scheme - text <= 12;
  const char *start = is_url ? scheme + 3 : text;
  gsize length = strcspn (start, "/?#\\ \t\r\n>)\"'");
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
  if (dot == NULL || dot == host || strlen (dot + 1) < 2 || strchr (host, '@') != NULL
      || (!is_url && !is_host_name (host, dot)))
    return NULL;
  g_autofree char *ascii = g_hostname_to_ascii (host);
  const char *name = ascii != NULL ? ascii : host;
  return g_strdup (g_str_has_prefix (name, "www.") ? name + 4 : name);
}
