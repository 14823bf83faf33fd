/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as OpenPGP packets, armored or not, and as text with blocks inside; no gpg. What the gate takes for an encrypted message the other
 * reader of packets takes for one to the same keys. Blocks cut a text into pieces, and nothing of it gets lost between them.
 * Keys are cut down to one address and stay keys. */
#include "tests/fuzz/fuzz.h"
#include "crypto/inspect_p.h"
#include "crypto/pgp/pgp.h"
#include "mail/net/gate_p.h"

#define BLOCKS_MAX 8

static gboolean
is_id (const char *id)
{
  if (strcmp (id, "pgp:passphrase") == 0 || strcmp (id, "pgp:unknown") == 0)
    return TRUE;
  return g_str_has_prefix (id, "pgp:") && strlen (id) == 20 && strspn (id + 4, "0123456789ABCDEF") == 16;
}

static void
check_packets (const uint8_t *data, size_t size)
{
  g_autofree uint8_t *exact = g_memdup2 (data, size);
  g_autoptr (GBytes) bytes = g_bytes_new_static (exact, size);
  g_autoptr (GPtrArray) ids = g_ptr_array_new_with_free_func (g_free),
                        gate_ids = g_ptr_array_new_with_free_func (g_free);
  enum pgp_kind kind = pgp_packet_kind (bytes, ids);
  FUZZ_TRUE (kind == pgp_packet_kind (bytes, NULL));
  for (guint i = 0; i < ids->len; i++)
    FUZZ_TRUE (is_id (ids->pdata[i]));
  g_autoptr (GError) error = NULL;
  gboolean passed = gate_pgp_recipients ((struct gate_span){ .at = exact, .size = size }, gate_ids, &error);
  FUZZ_TRUE (passed == (error == NULL));
  if (!passed)
    return;
  FUZZ_TRUE (kind == PGP_ENCRYPTED_MDC && ids->len == gate_ids->len);
  for (guint i = 0; i < ids->len; i++)
    FUZZ_TRUE (strcmp (ids->pdata[i], gate_ids->pdata[i]) == 0);
}

static void
append_visible (GString *out, const char *text, gsize size)
{
  for (gsize i = 0; i < size; i++)
    if (!g_ascii_isspace (text[i]))
      g_string_append_c (out, text[i]);
}

static void
check_inline (const uint8_t *data, size_t size)
{
  static const char head[] = "From: a@b.test\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n";
  g_autoptr (GString) message = g_string_new (head), whole = g_string_new (NULL), pieces = g_string_new (NULL);
  g_string_append_len (message, (const char *) data, (gssize) size);
  g_autoptr (GBytes) bytes = g_bytes_new (message->str, message->len);
  AUTOFREE (inspection) inspection = inspect_message (NULL, bytes, 0);
  const GPtrArray *children = inspection->root->children;
  for (guint i = 0; i < children->len; i++) {
    const struct inspect_node *child = children->pdata[i];
    gsize length = 0;
    const char *entity = g_bytes_get_data (child->entity, &length);
    FUZZ_TRUE (child->body_offset <= length && !child->encrypted && !child->signed_);
    append_visible (pieces, entity + child->body_offset, length - child->body_offset);
  }
  append_visible (whole, (const char *) data, size);
  FUZZ_TRUE (children->len == 0 || g_string_equal (whole, pieces));
  FUZZ_TRUE (children->len <= 2 * BLOCKS_MAX + 1);
}

/* What is cut out of keys is keys, no more than there was, and cutting again takes nothing more away. */
static void
check_trim (const uint8_t *data, size_t size)
{
  g_autofree uint8_t *exact = g_memdup2 (data, size);
  g_autoptr (GBytes) bytes = g_bytes_new_static (exact, size);
  g_autoptr (GPtrArray) keys = pgp_trim (bytes, "bob@demo.test", NULL);
  gsize sum = 0;
  for (guint i = 0; keys != NULL && i < keys->len; i++) {
    GBytes *key = keys->pdata[i];
    g_autoptr (GPtrArray) again = pgp_trim (key, "bob@demo.test", NULL);
    FUZZ_TRUE (pgp_packet_kind (key, NULL) == PGP_KEYS);
    FUZZ_TRUE (again != NULL && again->len == 1 && g_bytes_equal (again->pdata[0], key));
    sum += g_bytes_get_size (key);
  }
  FUZZ_TRUE (sum <= size);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  check_packets (data, size);
  check_inline (data, size);
  check_trim (data, size);
  return 0;
}
