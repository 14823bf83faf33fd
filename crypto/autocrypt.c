/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The Autocrypt header of a mail. */
#include "crypto/autocrypt.h"
#include "crypto/addrspec.h"
#include "crypto/inspect_from.h"
#include "crypto/inspect_split.h"
#include <string.h>

#define HEADERS_MAX 16
#define GOSSIP_MAX 100
#define HEADER_SIZE_MAX (2 * AUTOCRYPT_KEY_SIZE_MAX)
#define ATTRIBUTES_MAX 32

static GBytes *
decode (const char *value)
{
  g_autoptr (GString) text = g_string_new (NULL);
  for (const char *c = value; *c != '\0'; c++)
    if (g_ascii_isalnum (*c) || *c == '+' || *c == '/' || *c == '=')
      g_string_append_c (text, *c);
    else if (!g_ascii_isspace (*c))
      return NULL;
  gsize size = 0;
  guchar *key = text->len > 0 ? g_base64_decode (text->str, &size) : NULL;
  if (key != NULL && size > 0 && size <= AUTOCRYPT_KEY_SIZE_MAX)
    return g_bytes_new_take (key, size);
  g_free (key);
  return NULL;
}

/* One attribute; FALSE: it makes the header invalid. Names that begin with "_" may be unknown, others not. people: of whom it may be, char *. */
static gboolean
take_attribute (char *attribute, const GPtrArray *people, const char **address_out, GBytes **key_out)
{
  char *value = strchr (attribute, '=');
  if (value == NULL)
    return *g_strstrip (attribute) == '\0';
  *value++ = '\0';
  const char *name = g_strstrip (attribute);
  if (*key_out != NULL) /* keydata is the last one */
    return FALSE;
  if (g_ascii_strcasecmp (name, "addr") == 0 && *address_out == NULL) {
    g_strstrip (value);
    for (guint i = 0; i < people->len && *address_out == NULL; i++)
      if (addrspec_equal (value, g_ptr_array_index (people, i)))
        *address_out = g_ptr_array_index (people, i);
    return *address_out != NULL;
  }
  if (g_ascii_strcasecmp (name, "keydata") == 0) {
    *key_out = decode (value);
    return *key_out != NULL;
  }
  return g_ascii_strcasecmp (name, "prefer-encrypt") == 0 || *name == '_';
}

/* The key of one header that is for one of these; NULL. */
static GBytes *
read_header (const char *field, const GPtrArray *people, const char **address_out)
{
  const char *address = NULL;
  gboolean fine = strlen (field) <= HEADER_SIZE_MAX;
  GBytes *key = NULL;
  g_auto (GStrv) attributes = g_strsplit (fine ? field : "", ";", ATTRIBUTES_MAX);
  for (char **attribute = attributes; fine && *attribute != NULL; attribute++)
    fine = take_attribute (*attribute, people, &address, &key);
  if (!fine || address == NULL)
    g_clear_pointer (&key, g_bytes_unref);
  *address_out = address;
  return key;
}

static gboolean
is_report (GBytes *entity)
{
  struct inspect_type type;
  inspect_type_init (&type, entity, "text/plain");
  const gboolean report = g_strcmp0 (type.type, "multipart/report") == 0;
  inspect_type_clear (&type);
  return report;
}

gboolean
autocrypt_read (GBytes *entity, struct autocrypt *autocrypt_out)
{
  struct inspect_from from;
  *autocrypt_out = (struct autocrypt){ NULL, NULL };
  inspect_from_init (&from, entity);
  gboolean single = from.plain && !is_report (entity);
  for (guint i = 0; single && i < HEADERS_MAX; i++) {
    g_autofree char *field = inspect_split_field (entity, "autocrypt", i);
    const char *address = NULL;
    GBytes *key = field != NULL ? read_header (field, from.addresses, &address) : NULL;
    if (field == NULL)
      break;
    single = key == NULL || autocrypt_out->key == NULL;
    if (single && key != NULL)
      autocrypt_out->key = key;
    else if (key != NULL)
      g_bytes_unref (key);
  }
  if (single && autocrypt_out->key != NULL)
    autocrypt_out->address = g_strdup (g_ptr_array_index (from.addresses, 0));
  else
    autocrypt_clear (autocrypt_out);
  inspect_from_clear (&from);
  return autocrypt_out->key != NULL;
}

void
autocrypt_clear (struct autocrypt *autocrypt)
{
  g_clear_pointer (&autocrypt->address, g_free);
  g_clear_pointer (&autocrypt->key, g_bytes_unref);
}

void
autocrypt_free (gpointer data)
{
  autocrypt_clear (data);
  g_free (data);
}

static gboolean
is_there (const GPtrArray *gossip, const char *address)
{
  for (guint i = 0; i < gossip->len; i++)
    if (addrspec_equal (((const struct autocrypt *) g_ptr_array_index (gossip, i))->address, address))
      return TRUE;
  return FALSE;
}

GPtrArray *
autocrypt_read_gossip (GBytes *payload, const GPtrArray *people)
{
  GPtrArray *gossip = g_ptr_array_new_with_free_func (autocrypt_free);
  for (guint i = 0; i < GOSSIP_MAX; i++) {
    g_autofree char *field = inspect_split_field (payload, "autocrypt-gossip", i);
    const char *address = NULL;
    g_autoptr (GBytes) key = field != NULL ? read_header (field, people, &address) : NULL;
    if (field == NULL)
      break;
    if (key == NULL || is_there (gossip, address))
      continue;
    struct autocrypt *one = g_new0 (struct autocrypt, 1);
    one->address = g_strdup (address);
    one->key = g_steal_pointer (&key);
    g_ptr_array_add (gossip, one);
  }
  return gossip;
}
