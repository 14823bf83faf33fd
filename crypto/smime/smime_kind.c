/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What kind of CMS structure some bytes are, and the way from bytes to structure and back. RFC 5652 section 3. */
#include <openssl/err.h>
#include "crypto/smime/smime_p.h"

/* The content type's OID; NID_undef if these bytes are no ContentInfo. Reads only the first few bytes, DER or BER. */
static int
content_type (GBytes *cms)
{
  gsize size;
  const guchar *at = g_bytes_get_data (cms, &size);
  long length = 0;
  int tag = 0, class = 0;
  if (size == 0 || size > SMIME_BYTES_MAX)
    return NID_undef;
  const guchar *end = at + size;
  int flags = ASN1_get_object (&at, &length, &tag, &class, (long) size);
  /* A length that is too long for the bytes sets 0x80: such a structure is cut, and parsing it will say so. */
  if (!(flags & V_ASN1_CONSTRUCTED) || tag != V_ASN1_SEQUENCE || at >= end) {
    ERR_clear_error ();
    return NID_undef;
  }
  ASN1_OBJECT *type = d2i_ASN1_OBJECT (NULL, &at, (long) (end - at));
  int nid = type != NULL ? OBJ_obj2nid (type) : NID_undef;
  ASN1_OBJECT_free (type);
  ERR_clear_error ();
  return nid;
}

enum smime_kind
smime_kind (GBytes *cms)
{
  static const struct {
    int nid;
    enum smime_kind kind;
  } kinds[] = {
    { NID_pkcs7_signed, SMIME_SIGNED },
    { NID_pkcs7_enveloped, SMIME_ENVELOPED },
    { NID_id_smime_ct_authEnvelopedData, SMIME_AUTH_ENVELOPED },
    { NID_id_smime_ct_compressedData, SMIME_COMPRESSED },
  };
  int nid = content_type (cms);
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (kinds[i].nid == nid)
      return kinds[i].kind;
  return SMIME_UNKNOWN;
}

/* nid: the content type it must be; NID_undef: any. */
CMS_ContentInfo *
smime_kind_parse (GBytes *bytes, int nid, GError **error)
{
  gsize size;
  const guchar *at = g_bytes_get_data (bytes, &size);
  CMS_ContentInfo *cms = NULL;
  if (size > 0 && size <= SMIME_BYTES_MAX && (nid == NID_undef || content_type (bytes) == nid))
    cms = d2i_CMS_ContentInfo (NULL, &at, (long) size);
  if (cms != NULL && (nid == NID_undef || OBJ_obj2nid (CMS_get0_type (cms)) == nid))
    return cms;
  CMS_ContentInfo_free (cms);
  ERR_clear_error ();
  g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FORMAT,
               "This S/MIME part is damaged or cut off and cannot be read. Ask the sender to send it again.");
  return NULL;
}

static void
free_der (gpointer der)
{
  OPENSSL_free (der);
}

GBytes *
smime_kind_encode (CMS_ContentInfo *cms, GError **error)
{
  unsigned char *der = NULL;
  int size = i2d_CMS_ContentInfo (cms, &der);
  if (size > 0)
    return g_bytes_new_with_free_func (der, (gsize) size, free_der, der);
  ERR_clear_error ();
  g_set_error (
      error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED,
      "The protected message could not be written; nothing was sent. It may be too large: try smaller attachments.");
  return NULL;
}
