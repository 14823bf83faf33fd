/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The header fields of one entity, as strangers write them: split by us, decoded by GMime in its loose mode, sanitised before they leave.
 *
 * The first field of a name counts. NUL bytes end nothing: they become U+FFFD. RFC 5322, 2047, 2231. */
#include "mail/message/message_p.h"

#include <gmime/gmime.h>
#include <string.h>

#define HEADER_MAX (1024u * 1024)
#define FIELDS_MAX 1000
#define VALUE_MAX (256u * 1024)
#define ADDRESSES_MAX 1000
#define IDS_MAX 200

struct field {
  char *name, *value;
};
struct message_fields {
  GArray *list;
};

static void
field_clear (gpointer data)
{
  struct field *field = data;
  g_free (field->name);
  g_free (field->value);
}

static gsize
line_length (const char *p, const char *end)
{
  const char *newline = memchr (p, '\n', (gsize) (end - p));
  return newline != NULL ? (gsize) (newline - p) + 1 : (gsize) (end - p);
}

/* The line without its end, NUL made visible. */
static void
append_line (GString *value, const char *p, gsize length)
{
  while (length > 0 && (p[length - 1] == '\n' || p[length - 1] == '\r'))
    length--;
  for (gsize i = 0; i < length && value->len < VALUE_MAX; i++)
    if (p[i] == '\0')
      g_string_append (value, "\xEF\xBF\xBD");
    else
      g_string_append_c (value, p[i]);
}

static gboolean
is_name (const char *p, gsize length)
{
  for (gsize i = 0; i < length; i++)
    if ((guchar) p[i] <= 0x20 || (guchar) p[i] >= 0x7F)
      return FALSE;
  return length > 0;
}

/* One field at p; returns the place after it, folded lines included. Lines that are no field are passed over. */
static const char *
read_field (GArray *list, const char *p, const char *end)
{
  gsize length = line_length (p, end);
  const char *colon = memchr (p, ':', length);
  gsize name = colon != NULL ? (gsize) (colon - p) : 0;
  while (name > 0 && (p[name - 1] == ' ' || p[name - 1] == '\t'))
    name--;
  gboolean good = is_name (p, name);
  g_autoptr (GString) value = g_string_new (NULL);
  if (good)
    append_line (value, colon + 1, length - (gsize) (colon + 1 - p));
  const char *next = p + length;
  while (next < end && (*next == ' ' || *next == '\t')) {
    length = line_length (next, end);
    if (good)
      append_line (value, next, length);
    next += length;
  }
  if (good) {
    struct field field = { g_ascii_strdown (p, (gssize) name), g_strdup (g_strstrip (value->str)) };
    g_array_append_val (list, field);
  }
  return next;
}

struct message_fields *
message_fields_new (const char *bytes, gsize size)
{
  message_init ();
  struct message_fields *fields = g_new0 (struct message_fields, 1);
  fields->list = g_array_new (FALSE, FALSE, sizeof (struct field));
  g_array_set_clear_func (fields->list, field_clear);
  const char *p = bytes, *end = size > 0 ? bytes + MIN (size, HEADER_MAX) : bytes;
  while (p != NULL && p < end && fields->list->len < FIELDS_MAX)
    p = read_field (fields->list, p, end);
  return fields;
}

void
message_fields_free (struct message_fields *fields)
{
  g_array_unref (fields->list);
  g_free (fields);
}

const char *
message_fields_same (const struct message_fields *fields, const char *name, guint n)
{
  for (guint i = 0; i < fields->list->len; i++) {
    const struct field *field = &g_array_index (fields->list, struct field, i);
    if (strcmp (field->name, name) == 0 && n-- == 0)
      return field->value;
  }
  return NULL;
}

const char *
message_fields_raw (const struct message_fields *fields, const char *name)
{
  return message_fields_same (fields, name, 0);
}

const char *
message_fields_nth (const struct message_fields *fields, guint i, const char **name_out)
{
  if (i >= fields->list->len)
    return NULL;
  const struct field *field = &g_array_index (fields->list, struct field, i);
  *name_out = field->name;
  return field->value;
}

/* Loose everywhere, and a guess for raw 8-bit text: UTF-8, then windows-1252. */
GMimeParserOptions *
message_fields_options (void)
{
  static GMimeParserOptions *options = NULL;
  static gsize done = 0;
  if (g_once_init_enter (&done)) {
    message_init ();
    options = g_mime_parser_options_new ();
    g_mime_parser_options_set_address_compliance_mode (options, GMIME_RFC_COMPLIANCE_LOOSE);
    g_mime_parser_options_set_parameter_compliance_mode (options, GMIME_RFC_COMPLIANCE_LOOSE);
    g_mime_parser_options_set_rfc2047_compliance_mode (options, GMIME_RFC_COMPLIANCE_LOOSE);
    g_mime_parser_options_set_allow_addresses_without_domain (options, TRUE);
    g_mime_parser_options_set_fallback_charsets (options, (const char *[]){ "utf-8", "windows-1252", NULL });
    g_once_init_leave (&done, 1);
  }
  return options;
}

/* Decoded text on one line: any run of blanks and line ends is one blank. */
char *
message_fields_clean (const char *decoded)
{
  GString *out = g_string_new (NULL);
  for (const char *p = decoded; *p != '\0'; p++) {
    gboolean blank = *p == ' ' || *p == '\t' || *p == '\r' || *p == '\n';
    if (!blank)
      g_string_append_c (out, *p);
    else if (out->len > 0 && out->str[out->len - 1] != ' ')
      g_string_append_c (out, ' ');
  }
  char *text = sanitise (out->str, (gssize) out->len, SANITISE_LINE);
  g_string_free (out, TRUE);
  return g_strchomp (text);
}

char *
message_fields_text (const struct message_fields *fields, const char *name)
{
  const char *raw = message_fields_raw (fields, name);
  if (raw == NULL)
    return NULL;
  g_autofree char *decoded = message_words_decode (raw, NULL);
  return message_fields_clean (decoded);
}

static void
collect_addresses (InternetAddressList *list, gboolean named, GPtrArray *out, guint depth)
{
  int count = internet_address_list_length (list);
  for (int i = 0; i < count && out->len < ADDRESSES_MAX; i++) {
    InternetAddress *address = internet_address_list_get_address (list, i);
    if (INTERNET_ADDRESS_IS_GROUP (address)) {
      InternetAddressList *members = internet_address_group_get_members (INTERNET_ADDRESS_GROUP (address));
      if (members != NULL && depth < 4)
        collect_addresses (members, named, out, depth + 1);
      continue;
    }
    const char *spec = internet_address_mailbox_get_addr (INTERNET_ADDRESS_MAILBOX (address));
    const char *name = internet_address_get_name (address);
    if (spec == NULL || *spec == '\0')
      continue;
    g_autofree char *clean = message_fields_clean (spec), *clean_name = message_fields_clean (name != NULL ? name : "");
    g_ptr_array_add (out,
                     named && *clean_name != '\0' ? g_strdup_printf ("%s <%s>", clean_name, clean) : g_strdup (clean));
  }
}

GPtrArray *
message_fields_addresses (const struct message_fields *fields, const char *name, gboolean named)
{
  GPtrArray *out = g_ptr_array_new_with_free_func (g_free);
  const char *raw = message_fields_raw (fields, name);
  g_autofree char *mended = raw != NULL ? message_words_mend (raw) : NULL;
  InternetAddressList *list = raw != NULL ? internet_address_list_parse (message_fields_options (), mended) : NULL;
  if (list != NULL) {
    collect_addresses (list, named, out, 0);
    g_object_unref (list);
  }
  return out;
}

char *
message_fields_date (const struct message_fields *fields)
{
  const char *raw = message_fields_raw (fields, "date");
  g_autoptr (GDateTime) date = raw != NULL ? g_mime_utils_header_decode_date (raw) : NULL;
  return date != NULL ? g_date_time_format (date, "%Y-%m-%dT%H:%M:%S%:z") : NULL;
}

GPtrArray *
message_fields_ids (const struct message_fields *fields, const char *name)
{
  GPtrArray *ids = g_ptr_array_new_with_free_func (g_free);
  const char *p = message_fields_raw (fields, name);
  while (p != NULL && ids->len < IDS_MAX && (p = strchr (p, '<')) != NULL) {
    const char *end = strchr (++p, '>');
    if (end == NULL)
      break;
    g_autofree char *id = g_strndup (p, (gsize) (end - p));
    g_autofree char *clean = message_fields_clean (id);
    if (*clean != '\0')
      g_ptr_array_add (ids, g_steal_pointer (&clean));
    p = end;
  }
  return ids;
}
