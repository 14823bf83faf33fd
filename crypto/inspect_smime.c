/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The S/MIME layers of a message: multipart/signed and application/pkcs7-mime. RFC 8551. */
#include "crypto/inspect_p.h"
#include "crypto/protect_frame.h"
#include "crypto/smime/smime.h"
#include <string.h>

static void
take_wants (struct inspect *inspect, GPtrArray *wants)
{
  while (wants != NULL && wants->len > 0 && inspect->result->wants->len < REVOCATION_WANTS_MAX)
    g_ptr_array_add (inspect->result->wants, g_ptr_array_steal_index (wants, 0));
}

static void
take_signature (struct inspect *inspect, struct inspect_layer *layer, const struct smime_signature *from)
{
  for (guint i = 0; i < from->signers->len; i++) {
    const struct smime_signer *signer = g_ptr_array_index (from->signers, i);
    struct inspect_signature *signature = inspect_add_signature (layer, signer->state);
    signature->addresses = g_ptr_array_ref (signer->addresses);
    signature->fingerprint = g_strdup (signer->fingerprint);
    signature->time = signer->time;
    signature->valid = from->valid;
    signature->anchored = signer->anchored;
  }
  if (from->signers->len == 0)
    inspect_add_signature (layer, from->state);
  if (from->detail != NULL && from->state != SIGNATURE_GOOD)
    verdict_warn (&inspect->result->verdict, "signature_detail", "%s", from->detail);
  if (from->unchecked != NULL) /* of one that is good by himself */
    verdict_warn (&inspect->result->verdict, "revocation_unknown", "%s", from->unchecked);
  take_wants (inspect, from->wants);
}

/* part NULL: opaque. Returns what may be shown, NULL if nothing. */
static GBytes *
verify (struct inspect *inspect, struct inspect_layer *layer, GBytes *cms, GBytes *part)
{
  struct smime_signature signature = { 0 };
  GBytes *shown = NULL;
  layer->signed_ = TRUE;
  if (inspect->keyring == NULL) {
    inspect_add_signature (layer, SIGNATURE_UNKNOWN_KEY);
    return NULL;
  }
  if (!inspect_may_operate (inspect, part != NULL ? part : cms)) {
    inspect_add_signature (layer, SIGNATURE_ERROR);
    return NULL;
  }
  g_autoptr (GBytes) content = part != NULL ? protect_frame_crlf (part) : NULL;
  if (smime_verify (keyring_smime (inspect->keyring), cms, content, inspect->at, keyring_trusted (inspect->keyring),
                    &signature, &shown, NULL))
    take_signature (inspect, layer, &signature);
  else
    inspect_add_signature (layer, SIGNATURE_ERROR);
  if (signature.state == SIGNATURE_GOOD)
    layer->signed_data = g_bytes_ref (cms);
  smime_signature_clear (&signature);
  return shown;
}

static void
verify_detached (struct inspect *inspect, struct inspect_layer *layer, GPtrArray *parts)
{
  g_autoptr (GBytes) cms = inspect_split_decode (g_ptr_array_index (parts, 1));
  g_bytes_unref (
      verify (inspect, layer, cms, g_ptr_array_index (parts, 0))); /* NULL or not: what is shown is the part itself */
}

gboolean
inspect_smime_signed (struct inspect *inspect, struct inspect_node *node, GPtrArray *parts, gboolean whole)
{
  struct inspect_layer *layer = inspect_add_layer (inspect, node, PROTECTION_SMIME, whole);
  verify_detached (inspect, layer, parts);
  struct inspect_node *child = inspect_add_child (inspect, node, g_ptr_array_index (parts, 0), "text/plain");
  if (child != NULL) {
    child->signed_ |= inspect_layer_valid (layer);
    inspect_walk (inspect, child, whole);
  }
  return TRUE;
}

static void
open_signed (struct inspect *inspect, struct inspect_node *node, GBytes *cms, gboolean whole)
{
  struct inspect_layer *layer = inspect_add_layer (inspect, node, PROTECTION_SMIME, whole);
  g_autoptr (GBytes) content = verify (inspect, layer, cms, NULL);
  if (content != NULL && inspect_take_bytes (inspect, g_bytes_get_size (content)))
    inspect_open_child (inspect, layer, content);
}

/* The signature right inside the encryption, where there is one. */
static struct inspect_layer *
inner_signature (struct inspect *inspect, struct inspect_layer *layer)
{
  struct inspect_node *node = layer->node;
  while (node->children->len == 1 && node->protection != PROTECTION_NONE) {
    node = g_ptr_array_index (node->children, 0);
    struct inspect_layer *inner = inspect_layer_of (inspect, node);
    if (inner != NULL && inner->signed_)
      return inner;
  }
  return NULL;
}

static void
withhold_child (struct inspect *inspect, struct inspect_layer *layer)
{
  const guint place = inspect->layers->len;
  guint own = 0;
  while (own < place && g_ptr_array_index (inspect->layers, own) != layer)
    own++;
  g_ptr_array_set_size (inspect->layers, (int) own + 1);
  g_ptr_array_set_size (layer->node->children, 0);
  if (layer->whole)
    inspect->result->payload = layer->node;
  inspect_withhold (inspect, layer, INTEGRITY_BAD, NULL);
}

/* The content, and what was opened inside of it by layers that did not show for themselves that it is whole. */
static gboolean
is_damaged (struct inspect *inspect, const struct inspect_layer *layer, GBytes *content)
{
  gboolean found = inspect_damage_found (content), inside = FALSE;
  for (guint i = 0; i < inspect->layers->len && !found; i++) {
    const struct inspect_layer *other = g_ptr_array_index (inspect->layers, i);
    if (inside && other->integrity != INTEGRITY_OK && !inspect_layer_valid (other) && other->node->children->len == 1)
      found = inspect_damage_found (((struct inspect_node *) g_ptr_array_index (other->node->children, 0))->entity);
    inside |= other == layer;
  }
  return found;
}

/* CBC itself shows no change. A signature inside that fits shows that there was none, whoever made it: nobody can sign what he cannot
 * read. Else the content must at least not look changed. */
static void
judge_unauthenticated (struct inspect *inspect, struct inspect_layer *layer, GBytes *content)
{
  const struct inspect_layer *inner = inner_signature (inspect, layer);
  if (inner != NULL && inspect_layer_valid (inner))
    layer->integrity = INTEGRITY_OK;
  else if ((inner != NULL && inspect_layer_state (inner) == SIGNATURE_BAD) || is_damaged (inspect, layer, content))
    withhold_child (inspect, layer);
  else {
    verdict_warn (
        &inspect->result->verdict, "no_integrity",
        "This message was encrypted without a signature, so nothing shows whether it was changed on its way.");
    /* Bare text: its beginning may be anybody's words, and the rest the end of another mail. */
    if (!inspect_damage_has_header (content) && layer->node->children->len == 1)
      inspect_set_unproven (g_ptr_array_index (layer->node->children, 0));
  }
}

static void
open_enveloped (struct inspect *inspect, struct inspect_node *node, GBytes *cms, gboolean whole)
{
  struct inspect_layer *layer = inspect_add_layer (inspect, node, PROTECTION_SMIME, whole);
  struct smime_decryption how = { 0 };
  g_autoptr (GError) error = NULL;
  layer->encrypted = TRUE;
  if (inspect->keyring == NULL) {
    layer->reason = "no_key";
    return;
  }
  g_autoptr (GBytes) content = inspect_may_operate (inspect, cms)
                                   ? smime_decrypt (keyring_smime (inspect->keyring), cms, inspect->at, &how, &error)
                                   : NULL;
  layer->cipher = how.cipher;
  if (content == NULL) {
    /* In the same words as when the content shows it: which step failed is nobody's business. */
    if (g_error_matches (error, CRYPTO_ERROR, CRYPTO_ERROR_INTEGRITY))
      inspect_withhold (inspect, layer, INTEGRITY_BAD, NULL);
    else
      inspect_not_opened (inspect, layer, error);
    return;
  }
  if (!inspect_take_bytes (inspect, g_bytes_get_size (content))) {
    layer->reason = "failed";
    return;
  }
  layer->decrypted = TRUE;
  if (g_strcmp0 (how.cipher, "3DES-CBC") == 0)
    verdict_warn (
        &inspect->result->verdict, "weak_cipher",
        "This message was encrypted with 3DES, an old method that is no longer safe. Ask the sender to use AES.");
  inspect_open_child (inspect, layer, content);
  if (how.authenticated)
    layer->integrity = INTEGRITY_OK;
  else
    judge_unauthenticated (inspect, layer, content);
}

static gboolean
named_p7m (GBytes *entity, const struct inspect_type *type)
{
  const char *name = inspect_type_get (type, "name");
  g_autofree char *disposition = inspect_split_field (entity, "content-disposition", 0);
  g_autofree char *both = g_strconcat (name != NULL ? name : "", "\n", disposition != NULL ? disposition : "", NULL);
  g_autofree char *lower = g_ascii_strdown (both, -1);
  return strstr (lower, ".p7m") != NULL;
}

/* What the header promises and the bytes do not keep. */
static gboolean
promised (struct inspect *inspect, struct inspect_node *node, const struct inspect_type *type, gboolean whole)
{
  const char *promise = inspect_type_get (type, "smime-type");
  if (promise == NULL || g_ascii_strcasecmp (promise, "certs-only") == 0)
    return FALSE;
  struct inspect_layer *layer = inspect_add_layer (inspect, node, PROTECTION_SMIME, whole);
  if (g_ascii_strcasecmp (promise, "signed-data") == 0)
    inspect_add_signature (layer, SIGNATURE_ERROR);
  else {
    layer->encrypted = TRUE;
    layer->reason = "failed";
  }
  return TRUE;
}

gboolean
inspect_smime_entity (struct inspect *inspect, struct inspect_node *node, const struct inspect_type *type,
                      gboolean whole)
{
  const gboolean declared
      = strcmp (type->type, "application/pkcs7-mime") == 0 || strcmp (type->type, "application/x-pkcs7-mime") == 0;
  const gboolean likely = strcmp (type->type, "application/octet-stream") == 0 && named_p7m (node->entity, type);
  if (!declared && !likely)
    return FALSE;
  const char *promise = inspect_type_get (type, "smime-type");
  if (promise != NULL && g_ascii_strcasecmp (promise, "certs-only") == 0)
    return FALSE;
  g_autoptr (GBytes) cms = inspect_split_decode (node->entity);
  switch (smime_kind (cms)) {
  case SMIME_SIGNED:
    open_signed (inspect, node, cms, whole);
    return TRUE;
  case SMIME_ENVELOPED:
  case SMIME_AUTH_ENVELOPED:
    open_enveloped (inspect, node, cms, whole);
    return TRUE;
  case SMIME_COMPRESSED: {
    g_autoptr (GError) error = NULL;
    g_autoptr (GBytes) content = inspect_may_operate (inspect, cms) ? smime_uncompress (cms, &error) : NULL;
    if (error != NULL)
      verdict_warn (&inspect->result->verdict, "not_unpacked", "%s", error->message);
    if (content == NULL || !inspect_take_bytes (inspect, g_bytes_get_size (content)))
      return TRUE;
    g_autoptr (GBytes) entity = inspect_as_entity (content);
    struct inspect_node *child = inspect_add_child (inspect, node, entity, "text/plain");
    if (child != NULL)
      inspect_walk (inspect, child, whole);
    return TRUE;
  }
  case SMIME_UNKNOWN:
    return declared && promised (inspect, node, type, whole);
  }
  return FALSE;
}
