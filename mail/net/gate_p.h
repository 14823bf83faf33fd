/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The pieces of the gate: for gate*.c and their test only. All of them are pure, bounded, and read nothing beyond the span they are given. */
#pragma once
#include "mail/net/gate.h"

#define GATE_SIZE_MAX (256u * 1024 * 1024) /* of a whole message */
#define GATE_HEADER_MAX (1024u * 1024)     /* of one header section */
#define GATE_FIELDS_MAX 64
#define GATE_IDS_MAX 10000

struct gate_span {
  const guint8 *at;
  gsize size;
  gboolean mapped; /* the bytes of a file: what of them was gone through need not stay in memory */
};

/* Sets the error to one sentence around the reason and returns FALSE. */
gboolean gate_fail (GError **error, enum gate_error code, const char *reason);

/* ---- gate_mime.c: RFC 5322 and RFC 2045 as far as our own messages use them ---- */
struct gate_field {
  char *name;  /* lower case */
  char *value; /* unfolded, without blanks around it */
};
void gate_field_free (struct gate_field *field);
/* The first done bytes of the span were gone through; gone: up to where that was said before, 0 at first. They come back from the file when
 * they are looked at again. */
void gate_let_go (struct gate_span span, gsize done, gsize *gone);
/* Every line ends in CRLF, has at most 998 characters, and is plain printable ASCII (or tab). */
gboolean gate_mime_lines (struct gate_span all, GError **error);
/* Reads the header section at the start of *rest and moves *rest to the body. Returns struct gate_field *; NULL: malformed. */
GPtrArray *gate_mime_fields (struct gate_span *rest, GError **error);
const char *gate_mime_find (const GPtrArray *fields, const char *name); /* NULL: not there */
/* "type/subtype; name=value": lower-case type, and its parameters by lower-case name. No comments, no RFC 2231. */
gboolean gate_mime_parameters (const char *value, char **type_out, GHashTable **parameters_out, GError **error);
/* Lines of base64 and nothing else. */
GByteArray *gate_mime_base64 (struct gate_span text, GError **error);
/* The parts between the delimiters; nothing but empty lines before the first and after the last. */
GArray *gate_mime_split (struct gate_span body, const char *boundary, GError **error); /* of struct gate_span */
/* Plain prose where there should be noise: no byte of it has its high bit set. */
gboolean gate_mime_readable (struct gate_span bytes);

/* ---- gate_cms.c: RFC 5652 and RFC 5083, DER. gate_pgp.c: RFC 4880 ---- */
/* Both fill ids_out (char *) with every recipient info found, in order. */
gboolean gate_cms_recipients (struct gate_span der, gboolean authenticated, GPtrArray *ids_out, GError **error);
gboolean gate_pgp_recipients (struct gate_span armor, GPtrArray *ids_out, GError **error);

/* A public key and nothing else: the key, a user id, its signature, and perhaps a subkey and its signature. */
gboolean gate_pgp_is_public_key (GByteArray *key); /* its bytes may be moved */

/* ---- gate_autocrypt.c: the key in the header, where there is one ---- */
gboolean gate_autocrypt_check (const GPtrArray *fields, GError **error);

/* ---- gate_note.c: the one plaintext message ---- */
gboolean gate_note_check (const guint8 *message, gsize size, const struct gate_plan *plan, GError **error);
