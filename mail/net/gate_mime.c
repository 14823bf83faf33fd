/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Just enough MIME to take apart what protect makes: header fields, parameters, base64, and the parts of a multipart. */
#include "mail/net/gate_p.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LET_GO_BYTES (1024u * 1024)

void
gate_field_free (struct gate_field *field)
{
  g_free (field->name);
  g_free (field->value);
  g_free (field);
}

void
gate_let_go (struct gate_span span, gsize done, gsize *gone)
{
  if (!span.mapped || done - *gone < LET_GO_BYTES)
    return;
  const guintptr page = (guintptr) sysconf (_SC_PAGESIZE);
  const guintptr from = ((guintptr) span.at + *gone) / page * page, to = ((guintptr) span.at + done) / page * page;
  (void) madvise ((void *) from, to - from, MADV_DONTNEED);
  *gone = done;
}

gboolean
gate_mime_lines (struct gate_span all, GError **error)
{
  gsize column = 0, gone = 0;
  for (gsize i = 0; i < all.size; i++) {
    guint8 c = all.at[i];
    gate_let_go (all, i, &gone);
    if (c == '\r' && i + 1 < all.size && all.at[i + 1] == '\n') {
      column = 0;
      i++;
      continue;
    }
    if (c == '\r' || c == '\n')
      return gate_fail (error, GATE_ERROR_FORMAT, "a line of it ends wrongly");
    if ((c < 0x20 && c != '\t') || c >= 0x7f)
      return gate_fail (error, GATE_ERROR_FORMAT, "there is a character in it that may not cross the wire");
    if (++column > 998)
      return gate_fail (error, GATE_ERROR_FORMAT, "a line of it is too long");
  }
  if (all.size < 2 || all.at[all.size - 1] != '\n')
    return gate_fail (error, GATE_ERROR_FORMAT, "its last line has no end");
  return TRUE;
}

/* One line without its CRLF; moves *rest behind it. FALSE: there is no whole line. */
static gboolean
next_line (struct gate_span *rest, struct gate_span *line_out)
{
  const guint8 *end = rest->size == 0 ? NULL : memchr (rest->at, '\n', rest->size);
  if (end == NULL || end == rest->at || end[-1] != '\r')
    return FALSE;
  *line_out = (struct gate_span){ .at = rest->at, .size = (gsize) (end - rest->at) - 1 };
  rest->size -= (gsize) (end - rest->at) + 1;
  rest->at = end + 1;
  return TRUE;
}

static gboolean
begin_field (struct gate_span line, GPtrArray *fields)
{
  gsize name = 0;
  while (name < line.size && (g_ascii_isalnum ((char) line.at[name]) || line.at[name] == '-'))
    name++;
  if (name == 0 || name > 76 || name == line.size || line.at[name] != ':')
    return FALSE;
  struct gate_field *field = g_new0 (struct gate_field, 1);
  field->name = g_ascii_strdown ((const char *) line.at, (gssize) name);
  field->value = g_strndup ((const char *) line.at + name + 1, line.size - name - 1);
  g_ptr_array_add (fields, field);
  return TRUE;
}

static void
continue_field (struct gate_span line, GPtrArray *fields)
{
  struct gate_field *field = g_ptr_array_index (fields, fields->len - 1);
  g_autofree char *more = g_strndup ((const char *) line.at, line.size);
  char *joined = g_strconcat (field->value, more, NULL);
  g_free (field->value);
  field->value = joined;
}

GPtrArray *
gate_mime_fields (struct gate_span *rest, GError **error)
{
  g_autoptr (GPtrArray) fields = g_ptr_array_new_with_free_func ((GDestroyNotify) gate_field_free);
  const guint8 *start = rest->at;
  struct gate_span line;
  while (next_line (rest, &line) && (gsize) (rest->at - start) <= GATE_HEADER_MAX) {
    if (line.size == 0) {
      for (guint i = 0; i < fields->len; i++)
        g_strstrip (((struct gate_field *) g_ptr_array_index (fields, i))->value);
      return g_steal_pointer (&fields);
    }
    if (line.at[0] == ' ' || line.at[0] == '\t') {
      if (fields->len == 0)
        break;
      continue_field (line, fields);
    } else if (fields->len >= GATE_FIELDS_MAX || !begin_field (line, fields)) {
      break;
    }
  }
  gate_fail (error, GATE_ERROR_FORMAT, "its header cannot be read");
  return NULL;
}

const char *
gate_mime_find (const GPtrArray *fields, const char *name)
{
  for (guint i = 0; i < fields->len; i++) {
    const struct gate_field *field = g_ptr_array_index (fields, i);
    if (strcmp (field->name, name) == 0)
      return field->value;
  }
  return NULL;
}

/* A token or a quoted string at *at, without backslashes. NULL: neither. */
static char *
take_value (const char **at)
{
  const char *from = *at;
  gsize size = strcspn (from, "\"; \t()<>@,\\");
  if (*from == '"') {
    size = strcspn (++from, "\"\\");
    if (from[size] != '"')
      return NULL;
    *at = from + size + 1;
  } else {
    *at = from + size;
  }
  return size == 0 ? NULL : g_strndup (from, size);
}

gboolean
gate_mime_parameters (const char *value, char **type_out, GHashTable **parameters_out, GError **error)
{
  g_autoptr (GHashTable) parameters = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  const char *at = value + strcspn (value, "; \t");
  g_autofree char *type = g_ascii_strdown (value, at - value);
  for (;;) {
    at += strspn (at, " \t");
    if (*at == '\0')
      break;
    if (*at++ != ';')
      return gate_fail (error, GATE_ERROR_FORMAT, "a parameter in its header cannot be read");
    at += strspn (at, " \t");
    if (*at == '\0')
      break;
    gsize size = strspn (at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");
    g_autofree char *name = g_ascii_strdown (at, (gssize) size);
    at += size;
    if (size == 0 || *at++ != '=')
      return gate_fail (error, GATE_ERROR_FORMAT, "a parameter in its header cannot be read");
    char *text = take_value (&at);
    if (text == NULL || g_hash_table_contains (parameters, name)) {
      g_free (text);
      return gate_fail (error, GATE_ERROR_FORMAT, "a parameter in its header cannot be read");
    }
    g_hash_table_insert (parameters, g_steal_pointer (&name), text);
  }
  *type_out = g_steal_pointer (&type);
  *parameters_out = g_steal_pointer (&parameters);
  return TRUE;
}

static int
base64_value (guint8 c)
{
  if (c >= 'A' && c <= 'Z')
    return c - 'A';
  if (c >= 'a' && c <= 'z')
    return c - 'a' + 26;
  if (c >= '0' && c <= '9')
    return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

GByteArray *
gate_mime_base64 (struct gate_span text, GError **error)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  gsize size = 0, gone = 0;
  g_byte_array_set_size (bytes, (guint) (text.size / 4 * 3 + 3));
  guint32 group = 0;
  guint have = 0, pads = 0;
  gboolean fine = TRUE, ended = FALSE;
  for (gsize i = 0; i < text.size && fine; i++) {
    guint8 c = text.at[i];
    gate_let_go (text, i, &gone);
    if (c == '\r' || c == '\n')
      continue;
    int value = c == '=' ? 0 : base64_value (c);
    fine = !ended && value >= 0 && !(pads > 0 && c != '=') && !(c == '=' && have < 2);
    if (!fine)
      break;
    pads += c == '=';
    group = group << 6 | (guint32) value;
    if (++have < 4)
      continue;
    guint8 three[3] = { (guint8) (group >> 16), (guint8) (group >> 8), (guint8) group };
    /* Bits that decoding throws away could carry something: they must be zero. */
    fine = (pads < 1 || three[2] == 0) && (pads < 2 || three[1] == 0);
    memcpy (bytes->data + size, three, 3);
    size += 3 - pads;
    ended = pads > 0;
    have = 0;
    group = 0;
  }
  g_byte_array_set_size (bytes, (guint) size);
  if (fine && have == 0 && size > 0)
    return g_steal_pointer (&bytes);
  gate_fail (error, GATE_ERROR_PLAINTEXT, "there is something in it beside the encoded envelope");
  return NULL;
}

/* 0: an ordinary line; 1: a delimiter; 2: the last delimiter. */
static int
delimiter (struct gate_span line, const char *boundary)
{
  gsize size = strlen (boundary);
  if (line.size < size + 2 || memcmp (line.at, "--", 2) != 0 || memcmp (line.at + 2, boundary, size) != 0)
    return 0;
  if (line.size == size + 2)
    return 1;
  return line.size == size + 4 && memcmp (line.at + size + 2, "--", 2) == 0 ? 2 : 0;
}

GArray *
gate_mime_split (struct gate_span body, const char *boundary, GError **error)
{
  g_autoptr (GArray) parts = g_array_new (FALSE, TRUE, sizeof (struct gate_span));
  const struct gate_span whole = body;
  struct gate_span line, part = { .mapped = body.mapped };
  gboolean ended = FALSE;
  gsize gone = 0;
  while (next_line (&body, &line)) {
    gate_let_go (whole, (gsize) (line.at - whole.at), &gone);
    int kind = ended ? 0 : delimiter (line, boundary);
    if (kind == 0 && part.at == NULL && line.size > 0) {
      gate_fail (error, GATE_ERROR_PLAINTEXT, "there is something readable around its encrypted part");
      return NULL;
    }
    if (kind == 0)
      continue;
    if (part.at != NULL) {
      part.size = (gsize) (line.at - part.at);
      g_array_append_val (parts, part);
    }
    ended = kind == 2;
    part.at = ended ? NULL : body.at;
    if (parts->len > 2)
      break;
  }
  if (ended && body.size == 0)
    return g_steal_pointer (&parts);
  gate_fail (error, GATE_ERROR_FORMAT, "its parts cannot be told apart");
  return NULL;
}

gboolean
gate_mime_readable (struct gate_span bytes)
{
  gsize high = 0;
  for (gsize i = 0; i < bytes.size; i++)
    high += bytes.at[i] >> 7;
  /* Half of noise has the high bit; below 64 bytes the count says nothing. UTF-8 prose in most scripts stays under a third. */
  return bytes.size >= 256 ? high < bytes.size / 4 : bytes.size >= 64 && high == 0;
}
