/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* PGP/MIME that does not have the form of RFC 3156, as some servers leave it: more parts than two, in another order, under another
 * type. Nobody can tell what belongs together, so the encrypted part is opened as a part of its own, never as the whole. */
#include "crypto/inspect_p.h"
#include <string.h>

static gboolean
is_type (GBytes *part, const char *name)
{
  struct inspect_type type;
  inspect_type_init (&type, part, "text/plain");
  const gboolean is = strcmp (type.type, name) == 0;
  inspect_type_clear (&type);
  return is;
}

/* The part that announces it: "Version: 1" and nothing else. */
static gboolean
is_control (GBytes *part)
{
  static const char version[] = "version:";
  if (!is_type (part, "application/pgp-encrypted"))
    return FALSE;
  g_autoptr (GBytes) body = inspect_split_decode (part);
  gsize size = 0;
  const char *text = g_bytes_get_data (body, &size);
  while (size > 0 && g_ascii_isspace (*text)) {
    text++;
    size--;
  }
  return size < 64
         && (size == 0 || (size >= sizeof version - 1 && g_ascii_strncasecmp (text, version, sizeof version - 1) == 0));
}

gboolean
inspect_mangled (const struct inspect_type *type, GPtrArray *parts)
{
  gboolean control = strcmp (type->type, "multipart/encrypted") == 0;
  if (!control && strcmp (type->type, "multipart/mixed") != 0)
    return FALSE;
  for (guint i = 0; i < parts->len && !control; i++)
    control = is_control (g_ptr_array_index (parts, i));
  return control;
}

gboolean
inspect_mangled_part (struct inspect *inspect, struct inspect_node *node)
{
  static const char mark[] = "-----BEGIN PGP MESSAGE-----";
  if (strcmp (node->type, "application/octet-stream") != 0 && strcmp (node->type, "application/pgp-encrypted") != 0)
    return FALSE;
  g_autoptr (GBytes) body = inspect_split_decode (node->entity);
  gsize size = 0;
  const char *text = g_bytes_get_data (body, &size);
  while (size > 0 && g_ascii_isspace (*text)) {
    text++;
    size--;
  }
  if (size < sizeof mark - 1 || memcmp (text, mark, sizeof mark - 1) != 0)
    return FALSE;
  verdict_warn (
      &inspect->result->verdict, "mangled_pgp_mime",
      "This message was encrypted, but not left in its form on its way here, as some mail servers do. What was "
      "encrypted is shown as a part of its own.");
  inspect_pgp_open (inspect, node, body, FALSE);
  return TRUE;
}
