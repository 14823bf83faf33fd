/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Raw MIME: header, body, fields, parts and decoded body of an entity, on the bytes as they came. */
#include "crypto/inspect_split.h"
#include <string.h>

#define FIELD_SIZE_MAX 65536u
#define HEADER_SIZE_MAX (4u * 1024 * 1024)

GBytes *
inspect_split_slice (GBytes *bytes, gsize offset, gsize size)
{
  const gsize all = g_bytes_get_size (bytes);
  offset = MIN (offset, all);
  return g_bytes_new_from_bytes (bytes, offset, MIN (size, all - offset));
}

static gsize
line_end (const char *data, gsize size, gsize at)
{
  const char *end = at < size ? memchr (data + at, '\n', size - at) : NULL;
  return end != NULL ? (gsize) (end - data) + 1 : size;
}

static gboolean
is_empty_line (const char *data, gsize from, gsize to)
{
  return to > from && (data[from] == '\n' || (to - from == 2 && data[from] == '\r'));
}

/* Length of the field name that begins here, 0 if none does. */
static gsize
field_name (const char *data, gsize from, gsize to)
{
  gsize i = from;
  while (i < to && data[i] > 32 && data[i] < 127 && data[i] != ':')
    i++;
  gsize size = i - from;
  while (i < to && (data[i] == ' ' || data[i] == '\t'))
    i++;
  return i < to && data[i] == ':' ? size : 0;
}

/* The header ends at the first empty line. A line that can be no field ends it too, as readers show it as text. */
static gsize
header_end (const char *data, gsize size, gsize *body_out)
{
  gsize at = 0;
  while (at < size) {
    const gsize next = line_end (data, size, at);
    if (is_empty_line (data, at, next)) {
      *body_out = next;
      return at;
    }
    if (at > HEADER_SIZE_MAX)
      break;
    at = next;
  }
  *body_out = at;
  return at;
}

gsize
inspect_split_body (GBytes *entity)
{
  gsize size = 0, body = 0;
  const char *data = g_bytes_get_data (entity, &size);
  if (size > 0)
    header_end (data, size, &body);
  return body;
}

struct field {
  gsize name, name_size, value, end;
};

static gboolean
next_field (const char *data, gsize end, gsize *at, struct field *field)
{
  while (*at < end) {
    const gsize start = *at;
    gsize next = line_end (data, end, start);
    while (next < end && (data[next] == ' ' || data[next] == '\t'))
      next = line_end (data, end, next);
    *at = next;
    field->name_size = field_name (data, start, next);
    if (field->name_size == 0)
      continue;
    const char *colon = memchr (data + start, ':', next - start);
    *field = (struct field){ start, field->name_size, (gsize) (colon - data) + 1, next };
    return TRUE;
  }
  return FALSE;
}

static char *
unfold (const char *data, gsize size)
{
  if (size > FIELD_SIZE_MAX || memchr (data, '\0', size) != NULL)
    return g_strdup (""); /* it is there, and says nothing */
  char *value = g_malloc (size + 1);
  gsize used = 0;
  for (gsize i = 0; i < size; i++)
    if (data[i] != '\r' && data[i] != '\n')
      value[used++] = data[i];
  value[used] = '\0';
  return g_strstrip (value);
}

char *
inspect_split_field (GBytes *entity, const char *name, guint n)
{
  gsize size = 0, body = 0, at = 0;
  const char *data = g_bytes_get_data (entity, &size);
  const gsize end = size > 0 ? header_end (data, size, &body) : 0;
  struct field field;
  while (next_field (data, end, &at, &field))
    if (field.name_size == strlen (name) && g_ascii_strncasecmp (data + field.name, name, field.name_size) == 0
        && n-- == 0)
      return unfold (data + field.value, field.end - field.value);
  return NULL;
}

gboolean
inspect_split_has_field (GBytes *entity, const char *prefix)
{
  gsize size = 0, body = 0, at = 0;
  const char *data = g_bytes_get_data (entity, &size);
  const gsize end = size > 0 ? header_end (data, size, &body) : 0;
  struct field field;
  while (next_field (data, end, &at, &field))
    if (field.name_size >= strlen (prefix) && g_ascii_strncasecmp (data + field.name, prefix, strlen (prefix)) == 0)
      return TRUE;
  return FALSE;
}

gboolean
inspect_split_is_entity (GBytes *content)
{
  gsize size = 0;
  const char *data = g_bytes_get_data (content, &size);
  return size > 0
         && (data[0] == '\n' || data[0] == '\r' || inspect_split_has_field (content, "content-")
             || inspect_split_has_field (content, "mime-version"));
}

gboolean
inspect_split_header_has_nul (GBytes *entity)
{
  gsize size = 0, body = 0;
  const char *data = g_bytes_get_data (entity, &size);
  const gsize end = size > 0 ? header_end (data, size, &body) : 0;
  return end > 0 && memchr (data, '\0', end) != NULL;
}

/* Where the next delimiter line begins, its end in *next_out; size when there is none. */
static gsize
next_delimiter (const char *data, gsize size, gsize from, const char *mark, gsize *next_out, gboolean *last_out)
{
  const gsize mark_size = strlen (mark);
  for (const char *hit; from < size && (hit = memmem (data + from, size - from, mark, mark_size)) != NULL;) {
    const gsize start = (gsize) (hit - data);
    gsize at = start + mark_size;
    *last_out = size - at >= 2 && data[at] == '-' && data[at + 1] == '-';
    if (*last_out)
      at += 2;
    while (at < size && (data[at] == ' ' || data[at] == '\t' || data[at] == '\r'))
      at++;
    if ((start == 0 || data[start - 1] == '\n') && (at == size || data[at] == '\n')) {
      *next_out = MIN (at + 1, size);
      return start;
    }
    from = start + 1;
  }
  return size;
}

GPtrArray *
inspect_split_parts (GBytes *entity, const char *boundary, guint parts_max, gboolean *cut_out)
{
  GPtrArray *parts = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  if (boundary == NULL || *boundary == '\0')
    return parts;
  g_autofree char *mark = g_strconcat ("--", boundary, NULL);
  gsize size = 0, start = 0, next = 0;
  const char *data = g_bytes_get_data (entity, &size);
  gboolean inside = FALSE, last = FALSE;
  for (gsize at = inspect_split_body (entity); !last; at = next) {
    at = next_delimiter (data, size, at, mark, &next, &last);
    if (at == size)
      break;
    if (inside) {
      /* The line end before a delimiter belongs to the delimiter. RFC 2046, 5.1.1. */
      gsize end = at;
      if (end > start && data[end - 1] == '\n')
        end -= end - 1 > start && data[end - 2] == '\r' ? 2 : 1;
      g_ptr_array_add (parts, inspect_split_slice (entity, start, end - start));
    }
    inside = !last;
    start = next;
    if (inside && parts->len >= parts_max) {
      *cut_out = TRUE;
      return parts;
    }
  }
  if (inside) /* the last delimiter is missing: the rest is the last part */
    g_ptr_array_add (parts, inspect_split_slice (entity, start, size - start));
  return parts;
}

static GBytes *
decode_quoted_printable (const char *data, gsize size)
{
  char *out = g_malloc (size + 1);
  gsize used = 0;
  for (gsize i = 0; i < size; i++) {
    if (data[i] != '=') {
      out[used++] = data[i];
      continue;
    }
    if (size - i > 2 && g_ascii_isxdigit (data[i + 1]) && g_ascii_isxdigit (data[i + 2])) {
      out[used++] = (char) (g_ascii_xdigit_value (data[i + 1]) << 4 | g_ascii_xdigit_value (data[i + 2]));
      i += 2;
      continue;
    }
    gsize j = i + 1;
    while (j < size && (data[j] == ' ' || data[j] == '\t' || data[j] == '\r'))
      j++;
    if (j < size && data[j] == '\n')
      i = j;
    else
      out[used++] = '=';
  }
  return g_bytes_new_take (out, used);
}

static GBytes *
decode_base64 (const char *data, gsize size)
{
  guint8 *out = g_malloc (size / 4 * 3 + 6);
  int state = 0;
  guint save = 0;
  const gsize used = g_base64_decode_step (data, size, out, &state, &save);
  return g_bytes_new_take (out, used);
}

GBytes *
inspect_split_decode (GBytes *entity)
{
  const gsize offset = inspect_split_body (entity);
  g_autoptr (GBytes) body = inspect_split_slice (entity, offset, G_MAXSIZE);
  g_autofree char *encoding = inspect_split_field (entity, "content-transfer-encoding", 0);
  gsize size = 0;
  const char *data = g_bytes_get_data (body, &size);
  if (encoding == NULL || size == 0)
    return g_steal_pointer (&body);
  encoding[strcspn (encoding, " \t;(")] = '\0';
  if (g_ascii_strcasecmp (encoding, "base64") == 0)
    return decode_base64 (data, size);
  if (g_ascii_strcasecmp (encoding, "quoted-printable") == 0)
    return decode_quoted_printable (data, size);
  return g_steal_pointer (&body);
}

gboolean
inspect_split_is_attachment (GBytes *entity)
{
  g_autofree char *disposition = inspect_split_field (entity, "content-disposition", 0);
  return disposition != NULL && g_ascii_strncasecmp (disposition, "attachment", 10) == 0;
}
