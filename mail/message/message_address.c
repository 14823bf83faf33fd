/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Addresses as people type them: "Name <a@b>, c@d" to addr-specs, strictly, and back to a header line.
 *
 * What is typed decides who gets a copy, so this reader has no loose mode: what it does not understand wholly is refused with a sentence.
 * Received headers, which must be read whatever they look like, do not come here. Any process. RFC 5322, 3.4. */
#include "mail/message/message_p.h"
#include "mail/engine.h"

#include <string.h>

#define TEXT_MAX (64u * 1024)
#define ADDRESSES_MAX 1000

struct mailbox {
  char *name, *address;
};

static void
mailbox_free (gpointer data)
{
  struct mailbox *mailbox = data;
  g_free (mailbox->name);
  g_free (mailbox->address);
  g_free (mailbox);
}

static gboolean
is_atext (char c)
{
  return g_ascii_isalnum (c) || (c != '\0' && strchr ("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

/* dot-atom: atoms with single dots between them. */
static gboolean
is_dot_atom (const char *text, gsize length)
{
  if (length == 0 || text[0] == '.' || text[length - 1] == '.')
    return FALSE;
  for (gsize i = 0; i < length; i++)
    if (!is_atext (text[i]) && !(text[i] == '.' && text[i - 1] != '.'))
      return FALSE;
  return TRUE;
}

static gboolean
is_quoted (const char *text, gsize length)
{
  if (length < 3 || text[0] != '"' || text[length - 1] != '"')
    return FALSE;
  for (gsize i = 1; i < length - 1; i++) {
    gboolean escaped = text[i] == '\\';
    if (escaped && ++i == length - 1)
      return FALSE;
    if ((text[i] == '"' && !escaped) || text[i] < 0x20 || text[i] > 0x7E)
      return FALSE;
  }
  return TRUE;
}

static gboolean
is_domain (const char *text)
{
  gsize length = strlen (text);
  if (length == 0 || length > 253)
    return FALSE;
  if (text[0] == '[')
    return length > 2 && text[length - 1] == ']' && strspn (text + 1, "0123456789abcdefABCDEF:.IPv") == length - 2;
  g_auto (GStrv) labels = g_strsplit (text, ".", -1);
  for (char **label = labels; *label != NULL; label++) {
    gsize n = strlen (*label);
    if (n == 0 || n > 63 || (*label)[0] == '-' || (*label)[n - 1] == '-')
      return FALSE;
    for (gsize i = 0; i < n; i++)
      if (!g_ascii_isalnum ((*label)[i]) && (*label)[i] != '-' && (*label)[i] != '_')
        return FALSE;
  }
  return TRUE;
}

/* An addr-spec with its domain in ASCII (international names become xn--), or NULL. */
static char *
clean_spec (const char *text)
{
  const char *at = strrchr (text, '@');
  if (at == NULL || at - text > 64)
    return NULL;
  gsize local = (gsize) (at - text);
  if (!is_dot_atom (text, local) && !is_quoted (text, local))
    return NULL;
  g_autofree char *domain = at[1] == '[' ? g_strdup (at + 1) : g_hostname_to_ascii (at + 1);
  if (domain == NULL || !is_domain (domain) || local + strlen (domain) > 253)
    return NULL;
  return g_strdup_printf ("%.*s@%s", (int) local, text, domain);
}

/* The end of one piece of a list: the next comma or semicolon outside quotes, angles and comments. NULL where something stays open. */
static const char *
piece_end (const char *p)
{
  gboolean quoted = FALSE;
  int angle = 0, comment = 0;
  for (; *p != '\0'; p++) {
    if (*p == '\\' && (quoted || comment > 0)) {
      if (*++p == '\0')
        return NULL;
    } else if (quoted)
      quoted = *p != '"';
    else if (comment > 0)
      comment += *p == '(' ? 1 : *p == ')' ? -1 : 0;
    else if (*p == '"')
      quoted = TRUE;
    else if (*p == '(')
      comment = 1;
    else if (*p == '<' || *p == '>')
      angle += *p == '<' ? 1 : -1;
    else if ((*p == ',' || *p == ';') && angle == 0)
      return p;
  }
  return quoted || comment > 0 || angle != 0 ? NULL : p;
}

/* The name before the angle, without its quotes and comments. */
static char *
clean_name (const char *text, gsize length)
{
  g_autofree char *name = g_strstrip (g_strndup (text, length));
  gsize n = strlen (name);
  if (n < 2 || name[0] != '"' || name[n - 1] != '"')
    return g_steal_pointer (&name);
  GString *out = g_string_new (NULL);
  for (gsize i = 1; i < n - 1; i++) {
    if (name[i] == '\\' && i + 1 < n - 1)
      i++;
    g_string_append_c (out, name[i]);
  }
  return g_string_free (out, FALSE);
}

static struct mailbox *
read_piece (const char *text, gsize length)
{
  g_autofree char *piece = g_strstrip (g_strndup (text, length));
  const char *open = strrchr (piece, '<');
  gsize n = strlen (piece);
  g_autofree char *spec = NULL, *name = NULL;
  if (open == NULL) {
    /* The old form: a@b (Name). */
    char *comment = strchr (piece, '(');
    if (comment != NULL && piece[n - 1] == ')' && piece[0] != '"') {
      name = g_strndup (comment + 1, (gsize) (piece + n - 1 - (comment + 1)));
      *comment = '\0';
    }
    spec = g_strstrip (g_strdup (piece));
  } else {
    if (piece[n - 1] != '>')
      return NULL;
    spec = g_strstrip (g_strndup (open + 1, (gsize) (piece + n - 1 - (open + 1))));
    name = clean_name (piece, (gsize) (open - piece));
  }
  /* A name with an address in it is how one address is made to look like another. */
  if (name != NULL && strpbrk (name, "<>") != NULL)
    return NULL;
  char *address = clean_spec (spec);
  if (address == NULL)
    return NULL;
  struct mailbox *mailbox = g_new0 (struct mailbox, 1);
  mailbox->address = address;
  mailbox->name = name != NULL && *name != '\0' ? g_steal_pointer (&name) : NULL;
  return mailbox;
}

static gboolean
is_one_line (const char *text)
{
  if (strlen (text) > TEXT_MAX || !g_utf8_validate (text, -1, NULL))
    return FALSE;
  for (const char *p = text; *p != '\0'; p++)
    if ((guchar) *p < 0x20 || *p == 0x7F)
      return FALSE;
  return TRUE;
}

static gboolean
read_list (const char *text, GPtrArray *mailboxes, GError **error)
{
  if (!is_one_line (text)) {
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_USAGE,
                 "An address holds a line break or another control character, or is far too long; nothing was done "
                 "with it. Please type it anew.");
    return FALSE;
  }
  for (const char *p = text; *p != '\0';) {
    const char *end = piece_end (p);
    gsize length = end == NULL ? strlen (p) : (gsize) (end - p);
    if (strspn (p, " ") < length) {
      if (mailboxes->len >= ADDRESSES_MAX) {
        g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_USAGE,
                     "A message can have at most %d recipients, and this one has more; nothing was done with it. "
                     "Please use several messages.",
                     ADDRESSES_MAX);
        return FALSE;
      }
      struct mailbox *mailbox = end == NULL ? NULL : read_piece (p, length);
      if (mailbox == NULL) {
        g_autofree char *shown = sanitise (p, (gssize) MIN (length, 120), SANITISE_LINE);
        g_set_error (
            error, ENGINE_ERROR, ENGINE_ERROR_USAGE,
            "“%s” is not a mail address. An address looks like name@example.org; several are separated by commas.",
            g_strstrip (shown));
        return FALSE;
      }
      g_ptr_array_add (mailboxes, mailbox);
    }
    p += length + (end != NULL && *end != '\0' ? 1 : 0);
  }
  return TRUE;
}

GPtrArray *
message_addresses (const char *const *texts, GError **error)
{
  g_autoptr (GPtrArray) mailboxes = g_ptr_array_new_with_free_func (mailbox_free);
  for (gsize i = 0; texts != NULL && texts[i] != NULL; i++)
    if (!read_list (texts[i], mailboxes, error))
      return NULL;
  GPtrArray *addresses = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < mailboxes->len; i++) {
    struct mailbox *mailbox = mailboxes->pdata[i];
    g_ptr_array_add (addresses, g_steal_pointer (&mailbox->address));
  }
  return addresses;
}

char *
message_address_display (const char *text)
{
  g_autoptr (GPtrArray) mailboxes = g_ptr_array_new_with_free_func (mailbox_free);
  if (!read_list (text, mailboxes, NULL) || mailboxes->len == 0)
    return NULL;
  GString *out = g_string_new (NULL);
  for (guint i = 0; i < mailboxes->len; i++) {
    struct mailbox *mailbox = mailboxes->pdata[i];
    if (i > 0)
      g_string_append (out, ", ");
    if (mailbox->name == NULL) {
      g_string_append (out, mailbox->address);
      continue;
    }
    g_autofree char *name = message_header_encode_name (mailbox->name);
    g_string_append_printf (out, "%s <%s>", name, mailbox->address);
  }
  return g_string_free (out, FALSE);
}
