/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of inspect share: the walk over one message, and what each of its cryptographic layers turned out to be. */
#pragma once
#include "crypto/inspect.h"
#include "crypto/inspect_split.h"

#define INSPECT_OPERATIONS_MAX 20                        /* runs of gpg or CMS for one message, */
#define INSPECT_OPERATION_BYTES_MAX (128u * 1024 * 1024) /* and what they are fed altogether */

struct inspect_signature {
  enum signature_state state; /* before From was looked at */
  GPtrArray *addresses;       /* char * */
  char *fingerprint;          /* NULL */
  gint64 time;
  gboolean valid;    /* the mathematics hold */
  gboolean anchored; /* S/MIME: an authority vouches for every address of the certificate */
};

/* One layer of signature, encryption, or (OpenPGP) both. */
struct inspect_layer {
  struct inspect_node *node;
  gboolean whole; /* it is the root, or the only content of layers from the root on */
  enum protection protocol;
  gboolean signed_, encrypted;
  GPtrArray *signatures; /* struct inspect_signature *; may be empty: then it cannot be checked */
  GBytes *signed_data;   /* S/MIME, where all signatures are good; else NULL */
  gboolean decrypted;
  char *cipher;
  enum integrity integrity;
  const char *reason; /* "no_key", "failed", NULL */
};

struct inspect {
  struct keyring *keyring; /* NULL: no keys */
  gint64 at;
  struct inspection *result;
  GPtrArray *layers; /* struct inspect_layer *, in document order */
  guint parts_left, operations_left, depth;
  gsize bytes_left, operation_bytes_left;
};

/* inspect.c */
struct inspect_node *inspect_add_child (struct inspect *inspect, struct inspect_node *parent, GBytes *entity,
                                        const char *fallback);
void inspect_walk (struct inspect *inspect, struct inspect_node *node, gboolean whole);
gboolean inspect_may_operate (struct inspect *inspect, GBytes *input);
gboolean inspect_take_bytes (struct inspect *inspect, gsize size);
struct inspect_layer *inspect_add_layer (struct inspect *inspect, struct inspect_node *node, enum protection protocol,
                                         gboolean whole);
void inspect_set_unproven (struct inspect_node *node); /* it and all that is in it */
struct inspect_signature *inspect_add_signature (struct inspect_layer *layer, enum signature_state state);
gboolean inspect_layer_valid (const struct inspect_layer *layer);             /* one is valid, and none is broken */
enum signature_state inspect_layer_state (const struct inspect_layer *layer); /* the worst; From not looked at */
struct inspect_layer *inspect_layer_of (struct inspect *inspect, const struct inspect_node *node);
/* The decrypted (or opened) content becomes the one child of the layer. */
void inspect_open_child (struct inspect *inspect, struct inspect_layer *layer, GBytes *content);
/* Content that is no MIME entity is text. charset: NULL = UTF-8. */
GBytes *inspect_as_entity (GBytes *content);
GBytes *inspect_text_entity (GBytes *text, const char *charset);
void inspect_withhold (struct inspect *inspect, struct inspect_layer *layer, enum integrity integrity,
                       const GError *error);
void inspect_not_opened (struct inspect *inspect, struct inspect_layer *layer, const GError *error);

/* inspect_pgp.c, inspect_smime.c, inspect_inline.c, inspect_html.c: TRUE when the node is a layer of theirs and has been dealt with. */
gboolean inspect_pgp_signed (struct inspect *inspect, struct inspect_node *node, GPtrArray *parts, gboolean whole);
gboolean inspect_pgp_encrypted (struct inspect *inspect, struct inspect_node *node, const struct inspect_type *type,
                                gboolean whole);
/* The node is encrypted OpenPGP; what comes out is an entity. */
void inspect_pgp_open (struct inspect *inspect, struct inspect_node *node, GBytes *encrypted, gboolean whole);
gboolean inspect_pgp_block (struct inspect *inspect, struct inspect_node *node, GBytes *armor, const char *charset,
                            gboolean whole);
gboolean inspect_inline_text (struct inspect *inspect, struct inspect_node *node, const struct inspect_type *type,
                              gboolean whole);
gboolean inspect_smime_signed (struct inspect *inspect, struct inspect_node *node, GPtrArray *parts, gboolean whole);
gboolean inspect_smime_entity (struct inspect *inspect, struct inspect_node *node, const struct inspect_type *type,
                               gboolean whole);

/* inspect_damage.c: does this plaintext show that it was changed while it was encrypted? */
gboolean inspect_damage_found (GBytes *content);
gboolean inspect_damage_has_header (GBytes *content); /* not bare text, nor an entity without a single field */

/* The lines around a block in text. */
#define INSPECT_INLINE_KINDS 2
struct inspect_inline_kind {
  const char *begin, *end;
};
extern const struct inspect_inline_kind inspect_inline_kinds[INSPECT_INLINE_KINDS];
/* The blocks in HTML, each a part of its own. */
gboolean inspect_html_blocks (struct inspect *inspect, struct inspect_node *node, const struct inspect_type *type);

/* inspect_mangled.c: may the parts of this multipart be PGP/MIME in disorder; is this one the encrypted part (it is opened then). */
gboolean inspect_mangled (const struct inspect_type *type, GPtrArray *parts);
gboolean inspect_mangled_part (struct inspect *inspect, struct inspect_node *node);

/* inspect_headers.c: sets header_scheme and header_node. */
void inspect_headers_find (struct inspection *inspection);

/* inspect_verdict.c: From, and the verdict from the layers. */
void inspect_verdict_compose (struct inspect *inspect);
