/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Header fields. A text encoded for a header decodes to itself; fields of strangers, RFC 2047 and RFC 2231 included, come out safe to show. */
#include "tests/fuzz/fuzz.h"
#include "crypto/inspect_split.h"
#include "mail/message/auth_results.h"
#include "mail/message/lookalike.h"
#include "mail/message/message_field.h"
#include "mail/message/message_p.h"

static void
check_encoding (const char *text)
{
  if (!fuzz_is_clean (text, FALSE))
    return;
  g_autofree char *encoded = message_header_encode (text);
  FUZZ_TRUE (fuzz_is_ascii (encoded));
  g_autoptr (GString) field = g_string_new (NULL);
  g_autofree char *line = g_strdup_printf ("Subject: %s", encoded);
  message_header_append (field, line);
  for (const char *p = field->str; *p != '\0'; p = strchr (p, '\n') + 1)
    FUZZ_TRUE (strcspn (p, "\r") <= 998 && strstr (p, "\r\n") != NULL && (p == field->str || *p == ' '));
  AUTOFREE (message_fields) fields = message_fields_new (field->str, field->len);
  const char *raw = message_fields_raw (fields, "subject");
  FUZZ_TRUE (raw != NULL);
  g_autofree char *decoded = g_mime_utils_header_decode_text (message_fields_options (), raw);
  FUZZ_TRUE (strcmp (decoded, text) == 0);
}

static void
check_fields (const uint8_t *data, size_t size)
{
  static const char *const names[] = { "from", "to", "subject", "date", "references", "content-type" };
  AUTOFREE (message_fields) fields = message_fields_new ((const char *) data, size);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *text = message_fields_text (fields, names[i]);
    FUZZ_TRUE (text == NULL || fuzz_is_clean (text, FALSE));
    g_autofree char *found = message_field_find ((const char *) data, size, names[i]);
    FUZZ_TRUE (fuzz_is_clean (found, FALSE));
    for (int named = 0; named < 2; named++) {
      g_autoptr (GPtrArray) list = message_fields_addresses (fields, names[i], named);
      for (guint k = 0; k < list->len; k++)
        FUZZ_TRUE (fuzz_is_clean (list->pdata[k], FALSE));
    }
  }
  g_autofree char *date = message_fields_date (fields);
  FUZZ_TRUE (date == NULL || fuzz_is_ascii (date));
  g_autoptr (GPtrArray) ids = message_fields_ids (fields, "references");
  for (guint k = 0; k < ids->len; k++)
    FUZZ_TRUE (fuzz_is_clean (ids->pdata[k], FALSE));
}

/* What is told of a sender: results of our own server alone, host names that are what they look like, people. */
static void
check_origin (const uint8_t *data, size_t size, const char *text)
{
  static const char *const ids[] = { "mx.example", NULL };
  const struct auth_servers servers = { .ids = ids, .hosts = NULL };
  struct auth_results results = { .found = FALSE };
  gboolean ours = auth_results_read (&results, text, &servers);
  FUZZ_TRUE (results.found == ours && (ours || auth_results_failed (&results) == NULL));
  AUTOFREE (lookalike_known) known = lookalike_known_new ();
  const char *like = NULL;
  lookalike_known_add (known, "hospital.example");
  enum lookalike kind = lookalike_host (text, known, &like);
  FUZZ_TRUE ((kind >= LOOKALIKE_SAME) == (like != NULL));
  lookalike_known_add (known, text); /* once it is known, it is itself and nothing else */
  FUZZ_TRUE (lookalike_host (text, known, NULL) <= LOOKALIKE_FOREIGN || kind >= LOOKALIKE_SAME);
  g_autofree char *name = lookalike_unicode (text), *again = name != NULL ? lookalike_unicode (name) : NULL;
  FUZZ_TRUE (name == NULL || again == NULL || strcmp (name, again) == 0);
  g_autoptr (GPtrArray) people = message_field_people ((const char *) data, size, "from");
  for (guint i = 0; i < people->len; i++) {
    const struct message_person *person = people->pdata[i];
    FUZZ_TRUE (fuzz_is_clean (person->name, FALSE) && fuzz_is_clean (person->address, FALSE));
  }
}

/* The file name of a part, from Content-Type and Content-Disposition. */
static void
check_filename (const uint8_t *data, size_t size)
{
  g_autoptr (GBytes) entity = g_bytes_new (data, size);
  struct inspect_node node
      = { .type = (char *) "text/plain", .entity = entity, .body_offset = inspect_split_body (entity) };
  AUTOFREE (message_body) body = message_body_new (&node);
  FUZZ_TRUE (body->filename == NULL || fuzz_is_clean (body->filename, FALSE));
  g_autofree char *name = body->filename != NULL ? message_clean_filename (body->filename) : NULL;
  if (name == NULL)
    return;
  FUZZ_TRUE (*name != '\0' && *name != '.' && strlen (name) <= 200 && fuzz_is_clean (name, FALSE)
             && strpbrk (name, "/\\") == NULL);
  g_autofree char *again = message_clean_filename (name);
  FUZZ_TRUE (strcmp (name, again) == 0);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = fuzz_text (data, size);
  message_init ();
  check_encoding (text);
  check_fields (data, size);
  check_origin (data, size, text);
  check_filename (data, size);
  return 0;
}
