/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Inspect: the walk over a message, from its raw bytes to the tree of its parts, opened as far as our keys reach. */
#include "crypto/inspect_p.h"
#include <string.h>

static void
node_free (gpointer data)
{
  struct inspect_node *node = data;
  if (node == NULL)
    return;
  g_ptr_array_unref (node->children);
  g_bytes_unref (node->entity);
  g_free (node->id);
  g_free (node->type);
  g_free (node);
}

void
inspection_free (struct inspection *inspection)
{
  if (inspection == NULL)
    return;
  verdict_clear (&inspection->verdict);
  node_free (inspection->root);
  g_clear_pointer (&inspection->signed_by, g_bytes_unref);
  g_clear_pointer (&inspection->from, g_ptr_array_unref);
  g_ptr_array_unref (inspection->wants);
  g_free (inspection);
}

static void
signature_free (gpointer data)
{
  struct inspect_signature *signature = data;
  g_clear_pointer (&signature->addresses, g_ptr_array_unref);
  g_free (signature->fingerprint);
  g_free (signature);
}

static void
layer_free (gpointer data)
{
  struct inspect_layer *layer = data;
  g_ptr_array_unref (layer->signatures);
  g_clear_pointer (&layer->signed_data, g_bytes_unref);
  g_free (layer->cipher);
  g_free (layer);
}

static void
truncated (struct inspect *inspect)
{
  verdict_warn (&inspect->result->verdict, "truncated_structure",
                "This message is built in so many layers or parts that not all of it was looked at.");
}

static struct inspect_node *
node_new (GBytes *entity, char *id_take, const char *fallback)
{
  struct inspect_node *node = g_new0 (struct inspect_node, 1);
  struct inspect_type type;
  node->id = id_take;
  node->entity = g_bytes_ref (entity);
  node->body_offset = inspect_split_body (entity);
  node->children = g_ptr_array_new_with_free_func (node_free);
  inspect_type_init (&type, entity, fallback);
  node->type = g_steal_pointer (&type.type);
  inspect_type_clear (&type);
  return node;
}

struct inspect_node *
inspect_add_child (struct inspect *inspect, struct inspect_node *parent, GBytes *entity, const char *fallback)
{
  if (inspect->parts_left == 0) {
    truncated (inspect);
    return NULL;
  }
  inspect->parts_left--;
  struct inspect_node *node
      = node_new (entity, g_strdup_printf ("%s.%u", parent->id, parent->children->len + 1), fallback);
  node->encrypted = parent->encrypted;
  node->signed_ = parent->signed_;
  node->unproven = parent->unproven;
  g_ptr_array_add (parent->children, node);
  return node;
}

gboolean
inspect_may_operate (struct inspect *inspect, GBytes *input)
{
  const gsize size = g_bytes_get_size (input);
  if (inspect->operations_left == 0 || size > inspect->operation_bytes_left) {
    truncated (inspect);
    return FALSE;
  }
  inspect->operations_left--;
  inspect->operation_bytes_left -= size;
  return TRUE;
}

gboolean
inspect_take_bytes (struct inspect *inspect, gsize size)
{
  if (size > inspect->bytes_left) {
    truncated (inspect);
    return FALSE;
  }
  inspect->bytes_left -= size;
  return TRUE;
}

void
inspect_set_unproven (struct inspect_node *node)
{
  node->unproven = TRUE;
  for (guint i = 0; i < node->children->len; i++)
    inspect_set_unproven (g_ptr_array_index (node->children, i));
}

struct inspect_layer *
inspect_add_layer (struct inspect *inspect, struct inspect_node *node, enum protection protocol, gboolean whole)
{
  struct inspect_layer *layer = g_new0 (struct inspect_layer, 1);
  layer->node = node;
  layer->whole = whole;
  layer->protocol = protocol;
  layer->signatures = g_ptr_array_new_with_free_func (signature_free);
  node->protection = protocol;
  g_ptr_array_add (inspect->layers, layer);
  return layer;
}

struct inspect_signature *
inspect_add_signature (struct inspect_layer *layer, enum signature_state state)
{
  struct inspect_signature *signature = g_new0 (struct inspect_signature, 1);
  signature->state = state;
  layer->signed_ = TRUE;
  g_ptr_array_add (layer->signatures, signature);
  return signature;
}

/* Each signature stands for itself (RFC 9580, 10.3): one that nobody here can check takes nothing from a valid one. But where
 * one is broken the text was changed, or somebody plays with it. */
gboolean
inspect_layer_valid (const struct inspect_layer *layer)
{
  gboolean valid = FALSE;
  for (guint i = 0; i < layer->signatures->len; i++) {
    const struct inspect_signature *signature = g_ptr_array_index (layer->signatures, i);
    if (signature->state == SIGNATURE_BAD)
      return FALSE;
    valid |= signature->valid;
  }
  return valid;
}

enum signature_state
inspect_layer_state (const struct inspect_layer *layer)
{
  static const enum signature_state worst_first[]
      = { SIGNATURE_BAD,         SIGNATURE_ERROR,     SIGNATURE_REVOKED,  SIGNATURE_EXPIRED,
          SIGNATURE_UNKNOWN_KEY, SIGNATURE_UNTRUSTED, SIGNATURE_MISMATCH, SIGNATURE_GOOD };
  for (gsize i = 0; i < G_N_ELEMENTS (worst_first); i++)
    for (guint j = 0; j < layer->signatures->len; j++)
      if (((struct inspect_signature *) g_ptr_array_index (layer->signatures, j))->state == worst_first[i])
        return worst_first[i];
  return layer->signed_ ? SIGNATURE_ERROR : SIGNATURE_NONE;
}

struct inspect_layer *
inspect_layer_of (struct inspect *inspect, const struct inspect_node *node)
{
  for (guint i = 0; i < inspect->layers->len; i++) {
    struct inspect_layer *layer = g_ptr_array_index (inspect->layers, i);
    if (layer->node == node)
      return layer;
  }
  return NULL;
}

GBytes *
inspect_text_entity (GBytes *text, const char *charset)
{
  gsize size = 0;
  const char *data = g_bytes_get_data (text, &size);
  g_autofree char *name = g_strdup ("utf-8");
  if (charset != NULL && (size == 0 || !g_utf8_validate (data, (gssize) size, NULL))) {
    g_free (name);
    name = g_strcanon (g_strndup (charset, 40), G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "-_.:", '_');
  }
  GString *entity = g_string_sized_new (size + 128);
  g_string_append_printf (entity, "Content-Type: text/plain; charset=\"%s\"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n",
                          name);
  g_string_append_len (entity, data, (gssize) size);
  return g_string_free_to_bytes (entity);
}

GBytes *
inspect_as_entity (GBytes *content)
{
  return inspect_split_is_entity (content) ? g_bytes_ref (content) : inspect_text_entity (content, "iso-8859-1");
}

void
inspect_open_child (struct inspect *inspect, struct inspect_layer *layer, GBytes *content)
{
  g_autoptr (GBytes) entity = inspect_as_entity (content);
  struct inspect_node *child = inspect_add_child (inspect, layer->node, entity, "text/plain");
  if (child == NULL)
    return;
  child->encrypted |= layer->encrypted;
  child->signed_ |= inspect_layer_valid (layer);
  inspect_walk (inspect, child, layer->whole);
}

void
inspect_withhold (struct inspect *inspect, struct inspect_layer *layer, enum integrity integrity, const GError *error)
{
  layer->decrypted = FALSE;
  layer->integrity = integrity;
  layer->reason = "failed";
  layer->node->withheld = TRUE;
  verdict_warn (&inspect->result->verdict, "withheld", "%s",
                error != NULL ? error->message
                              : "This encrypted message is damaged or was changed on its way, so its content is not "
                                "shown. Ask the sender to send it again.");
}

void
inspect_not_opened (struct inspect *inspect, struct inspect_layer *layer, const GError *error)
{
  layer->decrypted = FALSE;
  layer->reason = g_error_matches (error, CRYPTO_ERROR, CRYPTO_ERROR_NO_KEY) ? "no_key" : "failed";
  verdict_warn (&inspect->result->verdict, "not_opened", "%s", error != NULL ? error->message : "It cannot be opened.");
}

static void
walk_parts (struct inspect *inspect, struct inspect_node *node, GPtrArray *parts, const char *fallback,
            gboolean mangled)
{
  for (guint i = 0; i < parts->len; i++) {
    struct inspect_node *child = inspect_add_child (inspect, node, g_ptr_array_index (parts, i), fallback);
    if (child == NULL)
      return;
    if (!mangled || !inspect_mangled_part (inspect, child))
      inspect_walk (inspect, child, FALSE);
  }
}

/* Which engine a multipart/signed is for: what it says, else what its second part is. */
static enum protection
signed_protocol (const struct inspect_type *type, GPtrArray *parts)
{
  struct inspect_type second = { 0 };
  const char *protocol = inspect_type_get (type, "protocol");
  if (protocol == NULL && parts->len > 1) {
    inspect_type_init (&second, g_ptr_array_index (parts, 1), "text/plain");
    protocol = second.type;
  }
  enum protection found = PROTECTION_NONE;
  if (protocol != NULL && g_ascii_strcasecmp (protocol, "application/pgp-signature") == 0)
    found = PROTECTION_PGP;
  else if (protocol != NULL
           && (g_ascii_strcasecmp (protocol, "application/pkcs7-signature") == 0
               || g_ascii_strcasecmp (protocol, "application/x-pkcs7-signature") == 0))
    found = PROTECTION_SMIME;
  if (second.parameters != NULL)
    inspect_type_clear (&second);
  return found;
}

static void
walk_signed (struct inspect *inspect, struct inspect_node *node, const struct inspect_type *type, GPtrArray *parts,
             gboolean whole)
{
  const enum protection protocol = signed_protocol (type, parts);
  if (parts->len == 2 && protocol == PROTECTION_PGP && inspect_pgp_signed (inspect, node, parts, whole))
    return;
  if (parts->len == 2 && protocol == PROTECTION_SMIME && inspect_smime_signed (inspect, node, parts, whole))
    return;
  /* Parts beside the signed one, or none: whatever the signature says, nobody can tell of what. */
  struct inspect_layer *layer = inspect_add_layer (inspect, node, protocol, whole);
  inspect_add_signature (layer, SIGNATURE_ERROR);
  node->protection = PROTECTION_NONE;
  walk_parts (inspect, node, parts, "text/plain", FALSE);
}

static void
walk_multipart (struct inspect *inspect, struct inspect_node *node, const struct inspect_type *type, gboolean whole)
{
  gboolean cut = FALSE;
  g_autoptr (GPtrArray) parts
      = inspect_split_parts (node->entity, inspect_type_get (type, "boundary"), inspect->parts_left, &cut);
  if (cut)
    truncated (inspect);
  if (strcmp (type->type, "multipart/signed") == 0)
    walk_signed (inspect, node, type, parts, whole);
  else
    walk_parts (inspect, node, parts, strcmp (type->type, "multipart/digest") == 0 ? "message/rfc822" : "text/plain",
                inspect_mangled (type, parts));
}

static void
walk_message (struct inspect *inspect, struct inspect_node *node)
{
  g_autoptr (GBytes) inner = inspect_split_decode (node->entity);
  struct inspect_node *child = inspect_add_child (inspect, node, inner, "text/plain");
  if (child != NULL)
    inspect_walk (inspect, child, FALSE);
}

void
inspect_walk (struct inspect *inspect, struct inspect_node *node, gboolean whole)
{
  if (whole)
    inspect->result->payload = node;
  if (inspect->depth >= INSPECT_DEPTH_MAX) {
    truncated (inspect);
    return;
  }
  inspect->depth++;
  struct inspect_type type;
  inspect_type_init (&type, node->entity, node->type);
  if (strcmp (type.type, "message/rfc822") == 0 || strcmp (type.type, "message/global") == 0)
    walk_message (inspect, node);
  else if (strcmp (type.type, "text/html") == 0)
    inspect_html_blocks (inspect, node, &type);
  else if (strcmp (type.type, "text/plain") == 0 || strcmp (type.type, "application/pgp") == 0)
    inspect_inline_text (inspect, node, &type, whole);
  else if (!inspect_pgp_encrypted (inspect, node, &type, whole) && !inspect_smime_entity (inspect, node, &type, whole)
           && g_str_has_prefix (type.type, "multipart/"))
    walk_multipart (inspect, node, &type, whole);
  inspect_type_clear (&type);
  inspect->depth--;
}

struct inspection *
inspect_message (struct keyring *keyring, GBytes *message, gint64 at)
{
  struct inspection *result = g_new0 (struct inspection, 1);
  struct inspect inspect = { .keyring = keyring,
                             .at = at,
                             .result = result,
                             .layers = g_ptr_array_new_with_free_func (layer_free),
                             .parts_left = INSPECT_PARTS_MAX,
                             .operations_left = INSPECT_OPERATIONS_MAX,
                             .bytes_left = INSPECT_BYTES_MAX,
                             .operation_bytes_left = INSPECT_OPERATION_BYTES_MAX };
  verdict_init (&result->verdict);
  result->wants = revocation_wants_new ();
  result->root = result->payload = node_new (message, g_strdup ("1"), "text/plain");
  inspect_walk (&inspect, result->root, TRUE);
  inspect_verdict_compose (&inspect);
  g_ptr_array_unref (inspect.layers);
  return result;
}
