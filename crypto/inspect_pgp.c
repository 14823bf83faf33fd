/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The OpenPGP layers of a message: PGP/MIME (RFC 3156) and single armored blocks. */
#include "crypto/inspect_p.h"
#include "crypto/pgp/pgp.h"
#include "crypto/protect_frame.h"
#include <string.h>

static void
take_signatures (struct inspect *inspect, struct inspect_layer *layer, GPtrArray *found)
{
  for (guint i = 0; i < found->len; i++) {
    const struct pgp_signature *from = g_ptr_array_index (found, i);
    if (from->state == SIGNATURE_ERROR && from->weak)
      verdict_warn (
          &inspect->result->verdict, "weak_digest",
          "A signature was made in an old way that can be forged, so it does not count. Ask the sender to sign "
          "with a current program.");
    else if (from->state == SIGNATURE_ERROR && from->early)
      verdict_warn (
          &inspect->result->verdict, "signed_in_future",
          "A signature says that it was made later than now, so it does not count. The clock of the sender or of "
          "this computer is wrong.");
    struct inspect_signature *signature = inspect_add_signature (layer, from->state);
    signature->addresses = g_ptr_array_ref (from->addresses);
    signature->fingerprint = g_strdup (from->fingerprint);
    signature->time = from->time;
    signature->valid = from->valid;
  }
}

static GPtrArray *
signatures_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) pgp_signature_free);
}

/* What is copied for it is gone again when it returns: layers inside layers must not pile up copies. */
static void
verify_detached (struct inspect *inspect, struct inspect_layer *layer, GBytes *part, GBytes *signature_part)
{
  layer->signed_ = TRUE;
  if (inspect->keyring == NULL) {
    inspect_add_signature (layer, SIGNATURE_UNKNOWN_KEY);
    return;
  }
  if (!inspect_may_operate (inspect, part)) {
    inspect_add_signature (layer, SIGNATURE_ERROR);
    return;
  }
  g_autoptr (GPtrArray) found = signatures_new ();
  g_autoptr (GBytes) content = protect_frame_crlf (part);
  g_autoptr (GBytes) signature = inspect_split_decode (signature_part);
  if (pgp_verify_detached (keyring_pgp (inspect->keyring), content, signature, inspect->at,
                           keyring_trusted (inspect->keyring), found, NULL))
    take_signatures (inspect, layer, found);
  else
    inspect_add_signature (layer, SIGNATURE_ERROR);
}

gboolean
inspect_pgp_signed (struct inspect *inspect, struct inspect_node *node, GPtrArray *parts, gboolean whole)
{
  struct inspect_layer *layer = inspect_add_layer (inspect, node, PROTECTION_PGP, whole);
  verify_detached (inspect, layer, g_ptr_array_index (parts, 0), g_ptr_array_index (parts, 1));
  struct inspect_node *child = inspect_add_child (inspect, node, g_ptr_array_index (parts, 0), "text/plain");
  if (child != NULL) {
    child->signed_ |= inspect_layer_valid (layer);
    inspect_walk (inspect, child, whole);
  }
  return TRUE;
}

/* Returns the content, or NULL when there is none to show; the layer then says why. */
static GBytes *
decrypt (struct inspect *inspect, struct inspect_layer *layer, GBytes *encrypted)
{
  g_autoptr (GPtrArray) found = signatures_new ();
  g_autoptr (GError) error = NULL;
  layer->encrypted = TRUE;
  if (inspect->keyring == NULL) {
    layer->reason = "no_key";
    return NULL;
  }
  GBytes *content = inspect_may_operate (inspect, encrypted)
                        ? pgp_decrypt (keyring_pgp (inspect->keyring), encrypted, inspect->at,
                                       keyring_trusted (inspect->keyring), &layer->cipher, found, &error)
                        : NULL;
  if (content == NULL) {
    if (g_error_matches (error, CRYPTO_ERROR, CRYPTO_ERROR_INTEGRITY))
      inspect_withhold (inspect, layer,
                        pgp_packet_kind (encrypted, NULL) == PGP_ENCRYPTED_PLAIN ? INTEGRITY_NONE : INTEGRITY_BAD,
                        error);
    else
      inspect_not_opened (inspect, layer, error);
    return NULL;
  }
  if (!inspect_take_bytes (inspect, g_bytes_get_size (content))) {
    g_bytes_unref (content);
    layer->reason = "failed";
    return NULL;
  }
  layer->decrypted = TRUE;
  layer->integrity = INTEGRITY_OK;
  if (pgp_cipher_weak (layer->cipher))
    verdict_warn (
        &inspect->result->verdict, "weak_cipher",
        "This message was encrypted in an old, weak way. Somebody with much computing time may have read it: ask "
        "the sender to use a current program.");
  take_signatures (inspect, layer, found);
  return content;
}

void
inspect_pgp_open (struct inspect *inspect, struct inspect_node *node, GBytes *encrypted, gboolean whole)
{
  struct inspect_layer *layer = inspect_add_layer (inspect, node, PROTECTION_PGP, whole);
  g_autoptr (GBytes) content = decrypt (inspect, layer, encrypted);
  if (content != NULL)
    inspect_open_child (inspect, layer, content);
}

gboolean
inspect_pgp_encrypted (struct inspect *inspect, struct inspect_node *node, const struct inspect_type *type,
                       gboolean whole)
{
  if (strcmp (type->type, "multipart/encrypted") != 0)
    return FALSE;
  gboolean cut = FALSE;
  g_autoptr (GPtrArray) parts = inspect_split_parts (node->entity, inspect_type_get (type, "boundary"), 3, &cut);
  struct inspect_type control;
  if (parts->len != 2)
    return FALSE;
  inspect_type_init (&control, g_ptr_array_index (parts, 0), "text/plain");
  const gboolean pgp = strcmp (control.type, "application/pgp-encrypted") == 0;
  inspect_type_clear (&control);
  if (!pgp)
    return FALSE;
  g_autoptr (GBytes) encrypted = inspect_split_decode (g_ptr_array_index (parts, 1));
  inspect_pgp_open (inspect, node, encrypted, whole);
  return TRUE;
}

/* Text that was inside a block is text: header fields in it mean nothing. */
static void
open_text (struct inspect *inspect, struct inspect_layer *layer, GBytes *text, const char *charset)
{
  g_autoptr (GBytes) entity = inspect_text_entity (text, charset != NULL ? charset : "iso-8859-1");
  struct inspect_node *child = inspect_add_child (inspect, layer->node, entity, "text/plain");
  if (child == NULL)
    return;
  child->encrypted |= layer->encrypted;
  child->signed_ |= inspect_layer_valid (layer);
  if (layer->whole)
    inspect->result->payload = child;
}

/* A block that is signed, or only says so. Text that can be read anyway is shown for what it is: not signed. */
static GBytes *
verify_block (struct inspect *inspect, struct inspect_layer *layer, GBytes *armor, gboolean clearsigned)
{
  g_autoptr (GPtrArray) found = signatures_new ();
  g_autoptr (GBytes) content = NULL;
  if (inspect->keyring == NULL) {
    inspect_add_signature (layer, SIGNATURE_UNKNOWN_KEY);
    return NULL;
  }
  if (inspect_may_operate (inspect, armor))
    content = pgp_verify_inline (keyring_pgp (inspect->keyring), armor, inspect->at, keyring_trusted (inspect->keyring),
                                 found, NULL);
  take_signatures (inspect, layer, found);
  if (found->len == 0 && (content == NULL || clearsigned))
    inspect_add_signature (layer, SIGNATURE_ERROR);
  if (found->len == 0 && clearsigned)
    return g_bytes_ref (armor);
  if (content != NULL)
    return g_steal_pointer (&content);
  layer->node->withheld = TRUE;
  verdict_warn (
      &inspect->result->verdict, "unreadable_block",
      "A signed block in this message is damaged or holds more than one text, so it is not shown. Ask the sender "
      "to send it again.");
  return NULL;
}

gboolean
inspect_pgp_block (struct inspect *inspect, struct inspect_node *node, GBytes *armor, const char *charset,
                   gboolean whole)
{
  static const char clear[] = "-----BEGIN PGP SIGNED MESSAGE";
  gsize size = 0;
  const char *data = g_bytes_get_data (armor, &size);
  const gboolean clearsigned = size >= sizeof clear - 1 && memcmp (data, clear, sizeof clear - 1) == 0;
  struct inspect_layer *layer = inspect_add_layer (inspect, node, PROTECTION_PGP, whole);
  g_autoptr (GBytes) content = clearsigned || pgp_packet_kind (armor, NULL) == PGP_SIGNED
                                   ? verify_block (inspect, layer, armor, clearsigned)
                                   : decrypt (inspect, layer, armor);
  if (content != NULL && inspect_take_bytes (inspect, g_bytes_get_size (content)))
    open_text (inspect, layer, content, charset);
  return TRUE;
}
