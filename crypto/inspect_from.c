/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* From, as an attacker may have written it: which addr-specs it shows, and whether it names one sender without any doubt. */
#include "crypto/inspect_from.h"
#include "crypto/addrspec.h"
#include "crypto/inspect_name.h"
#include "crypto/inspect_split.h"
#include <string.h>

#define ADDRESSES_MAX 64

/* One mailbox while it is read. */
struct mailbox {
  GString *text;  /* what stands outside of <>: a display name, or the address itself */
  GString *angle; /* what stands in <>; NULL: none */
  gboolean doubt;
  gboolean dressed; /* quotes or comments stand outside of <>: fine around a name, but not in an address */
};

static void
mailbox_reset (struct mailbox *box)
{
  g_string_truncate (box->text, 0);
  if (box->angle != NULL)
    g_string_free (box->angle, TRUE);
  box->angle = NULL;
  box->dressed = FALSE;
}

static void
mailbox_end (struct mailbox *box, struct inspect_from *from)
{
  g_autofree char *name = g_strstrip (g_strdup (box->text->str));
  if (box->angle == NULL && *name == '\0')
    return; /* nothing between two commas */
  box->doubt |= box->angle == NULL && box->dressed;
  g_autofree char *address = addrspec_normalise (box->angle != NULL ? box->angle->str : name);
  if (address == NULL) {
    box->doubt = TRUE;
    return;
  }
  if (box->angle != NULL && inspect_name_holds_other (name, address))
    from->name_differs = TRUE;
  if (from->addresses->len < ADDRESSES_MAX)
    g_ptr_array_add (from->addresses, g_steal_pointer (&address));
  else
    box->doubt = TRUE;
}

/* A comment; one that holds something like an address is there to mislead. */
static const char *
skip_comment (const char *c, struct mailbox *box)
{
  guint depth = 0;
  for (; *c != '\0'; c++) {
    if (*c == '\\' && c[1] != '\0') {
      c++;
      continue;
    }
    if (*c == '(')
      depth++;
    else if (*c == ')' && --depth == 0)
      return c + 1;
    else if (*c == '@' || *c == '<' || *c == '>')
      box->doubt = TRUE;
  }
  box->doubt = TRUE;
  return c;
}

static const char *
take_quoted (const char *c, struct mailbox *box)
{
  for (c++; *c != '\0' && *c != '"'; c++) {
    if (*c == '\\' && c[1] != '\0')
      c++;
    g_string_append_c (box->text, *c);
  }
  if (*c == '"')
    return c + 1;
  box->doubt = TRUE;
  return c;
}

static const char *
take_angle (const char *c, struct mailbox *box)
{
  const char *end = strchr (c, '>');
  if (box->angle != NULL || end == NULL) {
    box->doubt = TRUE;
    return c + 1;
  }
  box->angle = g_string_new_len (c + 1, end - c - 1);
  return end + 1;
}

static void
read_field (struct inspect_from *from, const char *field, gboolean *doubt)
{
  struct mailbox box = { .text = g_string_new (NULL) };
  for (const char *c = field; *c != '\0';) {
    box.dressed |= *c == '(' || *c == '"';
    if (*c == '(')
      c = skip_comment (c, &box);
    else if (*c == '"')
      c = take_quoted (c, &box);
    else if (*c == '<')
      c = take_angle (c, &box);
    else if (*c == ',' || *c == ';') {
      mailbox_end (&box, from);
      mailbox_reset (&box);
      box.doubt |= *c == ';';
      c++;
    } else {
      /* Groups, stray brackets and control characters are not how a person's mail is sent. */
      if (strchr (":>)", *c) != NULL || ((guchar) *c < 0x20 && *c != '\t') || *c == 0x7f)
        box.doubt = TRUE;
      if (box.angle != NULL && !g_ascii_isspace (*c))
        box.doubt = TRUE;
      g_string_append_c (box.text, *c);
      c++;
    }
  }
  mailbox_end (&box, from);
  mailbox_reset (&box);
  *doubt |= box.doubt;
  g_string_free (box.text, TRUE);
}

void
inspect_from_init (struct inspect_from *from, GBytes *entity)
{
  *from = (struct inspect_from){ .addresses = g_ptr_array_new_with_free_func (g_free) };
  gboolean doubt = inspect_split_header_has_nul (entity);
  guint fields = 0;
  for (; fields < ADDRESSES_MAX; fields++) {
    g_autofree char *field = inspect_split_field (entity, "from", fields);
    if (field == NULL)
      break;
    read_field (from, field, &doubt);
  }
  from->plain = !doubt && !from->name_differs && fields == 1 && from->addresses->len == 1;
}

void
inspect_from_clear (struct inspect_from *from)
{
  g_clear_pointer (&from->addresses, g_ptr_array_unref);
}
