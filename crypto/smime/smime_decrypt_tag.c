/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The length of the authentication tag of AuthEnvelopedData (RFC 5083 section 2.1).
 *
 * OpenSSL takes a tag of any length that the message holds, also of one byte, which anybody can guess in 256 tries; and it has no
 * function that tells the length. This is a small walk over the BER down to the tag, which is the first OCTET STRING (or constructed
 * one) after the encrypted content. */
#include <openssl/err.h>
#include "crypto/smime/smime_p.h"

#define NEST_MAX 32

struct span {
  const guchar *at, *end;
};

struct element {
  int tag, class;
  gboolean constructed, endless;
  struct span content; /* of an endless element: up to the end of what is around it */
};

static gboolean
next_header (struct span *rest, struct element *element)
{
  long length = 0;
  if (rest->at >= rest->end)
    return FALSE;
  const guchar *at = rest->at;
  int flags = ASN1_get_object (&at, &length, &element->tag, &element->class, (long) (rest->end - rest->at));
  if (flags & 0x80)
    return FALSE;
  element->constructed = (flags & V_ASN1_CONSTRUCTED) != 0;
  element->endless = (flags & 1) != 0;
  element->content = (struct span){ at, element->endless ? rest->end : at + length };
  rest->at = at;
  return TRUE;
}

static gboolean
is_end_mark (struct span rest)
{
  return rest.end - rest.at >= 2 && rest.at[0] == 0 && rest.at[1] == 0;
}

/* Go past one element, whose header is returned. */
static gboolean
skip (struct span *rest, struct element *element, int depth)
{
  if (depth > NEST_MAX || !next_header (rest, element))
    return FALSE;
  if (!element->endless) {
    rest->at = element->content.end;
    return TRUE;
  }
  while (!is_end_mark (*rest)) {
    struct element inner;
    if (!skip (rest, &inner, depth + 1))
      return FALSE;
  }
  element->content.end = rest->at;
  rest->at += 2;
  return TRUE;
}

/* The bytes of an OCTET STRING, whole or in pieces. */
static gsize
octets (const struct element *element, int depth)
{
  gsize size = 0;
  if (!element->constructed)
    return (gsize) (element->content.end - element->content.at);
  struct span rest = element->content;
  struct element piece;
  while (depth < NEST_MAX && rest.at < rest.end && !is_end_mark (rest) && skip (&rest, &piece, depth + 1))
    size += octets (&piece, depth + 1);
  return size;
}

gsize
smime_decrypt_tag_size (GBytes *cms)
{
  gsize size;
  const guchar *bytes = g_bytes_get_data (cms, &size);
  struct span rest = { bytes, bytes + size };
  struct element element;
  ERR_set_mark ();
  /* ContentInfo, its OID, [0], AuthEnvelopedData: then its members one by one. */
  gboolean fine = size <= SMIME_BYTES_MAX && next_header (&rest, &element) && element.tag == V_ASN1_SEQUENCE
                  && skip (&rest, &element, 0) && element.tag == V_ASN1_OBJECT && next_header (&rest, &element)
                  && next_header (&rest, &element) && element.tag == V_ASN1_SEQUENCE;
  gboolean content = FALSE;
  gsize tag_size = 0;
  while (fine && rest.at < rest.end && !is_end_mark (rest) && skip (&rest, &element, 0)) {
    if (element.class == V_ASN1_UNIVERSAL && element.tag == V_ASN1_SEQUENCE)
      content = TRUE;
    if (content && element.class == V_ASN1_UNIVERSAL && element.tag == V_ASN1_OCTET_STRING) {
      tag_size = octets (&element, 0);
      break;
    }
  }
  ERR_pop_to_mark ();
  return tag_size;
}
