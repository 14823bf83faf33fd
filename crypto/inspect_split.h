/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Raw MIME: where header and body of an entity are, its fields, its parameters, its parts, its decoded body.
 *
 * Works on the bytes as they came and copies as little as it can, so that a signature is checked over what was sent and not over
 * what a parser made of it. Tolerates LF and CRLF. All input is hostile: bounded by its size, at most INSPECT_PARTS_MAX parts. */
#pragma once
#include <glib.h>

gsize inspect_split_body (GBytes *entity); /* offset of the body; its size when there is none */
/* The n-th field of that name, unfolded and stripped; NULL when there is none; "" when it is longer than 64 KiB or holds NUL. */
char *inspect_split_field (GBytes *entity, const char *name, guint n);
gboolean inspect_split_has_field (GBytes *entity, const char *prefix); /* any field whose name begins so */
/* Does it begin as a MIME entity does: with a field of MIME, or with no header at all? Else it is bare text. */
gboolean inspect_split_is_entity (GBytes *content);
gboolean inspect_split_header_has_nul (GBytes *entity);

struct inspect_type {
  char *type;             /* "text/plain", lower case; RFC 2045's default where it is missing or broken */
  GHashTable *parameters; /* lower-case name -> value; continuations (RFC 2231) joined */
};
void inspect_type_init (struct inspect_type *type, GBytes *entity, const char *fallback);
void inspect_type_clear (struct inspect_type *type);
const char *inspect_type_get (const struct inspect_type *type, const char *name); /* NULL */
/* The first word of Content-Disposition is "attachment". */
gboolean inspect_split_is_attachment (GBytes *entity);

/* GBytes * slices of the entity, one for each part, without preamble and epilogue. Stops at parts_max; *cut_out then TRUE. */
GPtrArray *inspect_split_parts (GBytes *entity, const char *boundary, guint parts_max, gboolean *cut_out);
/* The body with its Content-Transfer-Encoding undone. */
GBytes *inspect_split_decode (GBytes *entity);
GBytes *inspect_split_slice (GBytes *bytes, gsize offset, gsize size);
