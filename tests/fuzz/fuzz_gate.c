/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Whole messages at the gate. The plan names exactly the keys that the message names, so only its form decides. What passes is, for other
 * parsers than the gate's, an encrypted envelope to these keys, and nothing else: with a field, a line, a key or a byte more it does not pass. */
#include "tests/fuzz/fuzz.h"
#include "crypto/inspect_split.h"
#include "crypto/pgp/pgp.h"
#include "crypto/smime/smime.h"
#include "mail/message/message_p.h"
#include "mail/net/gate_p.h"

#include <string.h>

static const char *const recipients[] = { "bob@demo.test", NULL };

static gboolean
passes (const void *message, gsize size, enum route_method method, GPtrArray *ids)
{
  g_autofree uint8_t *exact = g_memdup2 (message, size);
  g_autoptr (GError) error = NULL;
  struct gate_plan plan
      = { .method = method, .recipients = recipients, .recipient_ids = (const char *const *) ids->pdata };
  gboolean passed = gate_check (exact, size, &plan, &error);
  FUZZ_TRUE (passed == (error == NULL));
  FUZZ_TRUE (passed || error->domain == GATE_ERROR);
  return passed;
}

/* As a note only the note passes: the very bytes that the gate makes from the addresses and the minute. */
static void
check_note (const void *message, gsize size)
{
  static const struct gate_note note = { "alice@demo.test", 1795321440 };
  static const char *const none[] = { NULL };
  static char *wanted;
  if (wanted == NULL)
    wanted = gate_note_make (note.from, recipients[0], note.date);
  g_autofree uint8_t *exact = g_memdup2 (message, size);
  struct gate_plan plan = { .recipients = recipients, .recipient_ids = none, .note = &note };
  gboolean same = size == strlen (wanted) && memcmp (exact, wanted, size) == 0;
  FUZZ_TRUE (gate_check (exact, size, &plan, NULL) == same);
}

static GPtrArray *
ids_new (void)
{
  return g_ptr_array_new_with_free_func (g_free);
}

/* The keys that are named, as other code than the gate's finds the envelope; NULL-terminated. */
static GPtrArray *
smime_ids (GBytes *message)
{
  g_autoptr (GBytes) der = inspect_split_decode (message);
  GPtrArray *ids = ids_new ();
  gsize size = 0;
  const guint8 *bytes = g_bytes_get_data (der, &size);
  enum smime_kind kind = smime_kind (der);
  if (kind == SMIME_ENVELOPED || kind == SMIME_AUTH_ENVELOPED)
    (void) gate_cms_recipients ((struct gate_span){ .at = bytes, .size = size }, kind == SMIME_AUTH_ENVELOPED, ids,
                                NULL);
  g_ptr_array_add (ids, NULL);
  return ids;
}

static GPtrArray *
pgp_ids (GBytes *message, enum pgp_kind *kind_out)
{
  GPtrArray *ids = ids_new ();
  struct inspect_type type;
  inspect_type_init (&type, message, "text/plain");
  const char *boundary = inspect_type_get (&type, "boundary");
  gboolean cut = FALSE;
  g_autoptr (GPtrArray) parts = boundary != NULL ? inspect_split_parts (message, boundary, 10, &cut) : NULL;
  if (parts != NULL && parts->len == 2) {
    g_autoptr (GBytes) armor = inspect_split_decode (parts->pdata[1]);
    *kind_out = pgp_packet_kind (armor, ids);
  }
  inspect_type_clear (&type);
  g_ptr_array_add (ids, NULL);
  return ids;
}

/* What passed, seen by the code that reads received mail. */
static void
check_form (GBytes *message, gboolean smime)
{
  gsize size = 0;
  const char *bytes = g_bytes_get_data (message, &size);
  AUTOFREE (message_fields) fields = message_fields_new (bytes, inspect_split_body (message));
  FUZZ_TRUE (g_strcmp0 (message_fields_raw (fields, "subject"), "[...]") == 0);
  FUZZ_TRUE (message_fields_raw (fields, "bcc") == NULL && message_fields_raw (fields, "x-patient") == NULL);
  struct inspect_type type;
  inspect_type_init (&type, message, "text/plain");
  FUZZ_TRUE (strcmp (type.type, smime ? "application/pkcs7-mime" : "multipart/encrypted") == 0);
  inspect_type_clear (&type);
  FUZZ_TRUE (message_is_encrypted (message));
}

/* However it is changed that somebody could read something, or somebody else could: it does not pass. */
static void
check_changes (GBytes *message, enum route_method method, GPtrArray *ids)
{
  gsize size = 0;
  const char *bytes = g_bytes_get_data (message, &size);
  static const char *const before[] = { "X-Patient: Moreno\r\n", "Bcc: eve@demo.test\r\n", "Subject: MRI\r\n", "\r\n" };
  static const char *const behind[]
      = { "The patient is ill.\r\n", "\r\n--x\r\nThe patient is ill.\r\n", "\xC3\xA9\r\n" };
  for (gsize i = 0; i < G_N_ELEMENTS (before); i++) {
    g_autoptr (GString) changed = g_string_new (before[i]);
    g_string_append_len (changed, bytes, (gssize) size);
    FUZZ_TRUE (!passes (changed->str, changed->len, method, ids));
  }
  for (gsize i = 0; i < G_N_ELEMENTS (behind); i++) {
    g_autoptr (GString) changed = g_string_new_len (bytes, (gssize) size);
    g_string_append (changed, behind[i]);
    FUZZ_TRUE (!passes (changed->str, changed->len, method, ids));
  }
  FUZZ_TRUE (!passes (bytes, size, method == ROUTE_PGP ? ROUTE_SMIME : ROUTE_PGP, ids));
  FUZZ_TRUE (!passes (bytes, size, ROUTE_HOLD, ids));
  g_autoptr (GPtrArray) other = ids_new ();
  g_ptr_array_add (other, NULL);
  FUZZ_TRUE (!passes (bytes, size, method, other));
  for (guint i = 0; i + 1 < ids->len; i++)
    g_ptr_array_insert (other, 0, g_strdup (ids->pdata[i]));
  g_ptr_array_insert (other, 0, g_strdup ("pgp:0000000000000000"));
  FUZZ_TRUE (!passes (bytes, size, method, other));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  if (size == 0)
    return 0;
  check_note (data, size);
  g_autoptr (GBytes) message = g_bytes_new (data, size);
  enum pgp_kind kind = PGP_UNKNOWN;
  g_autoptr (GPtrArray) cms = smime_ids (message), pgp = pgp_ids (message, &kind);
  if (passes (data, size, ROUTE_SMIME, cms)) {
    FUZZ_TRUE (cms->len > 1);
    check_form (message, TRUE);
    check_changes (message, ROUTE_SMIME, cms);
  }
  if (passes (data, size, ROUTE_PGP, pgp)) {
    FUZZ_TRUE (pgp->len > 1 && kind == PGP_ENCRYPTED_MDC);
    check_form (message, FALSE);
    check_changes (message, ROUTE_PGP, pgp);
  }
  return 0;
}
