/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Addresses, one or a list of them as somebody types or writes them. Those that we understand are written so that we and another parser read the
 * same; what may go to SMTP is an address to the rest of us too, but for a leading hyphen or RFC 2047 word. */
#include "tests/fuzz/fuzz.h"
#include "crypto/addrspec.h"
#include "mail/message/message_field.h"
#include "mail/message/message_p.h"
#include "mail/message/sanitise.h"
#include "mail/net/address.h"

static void
check_same (const GPtrArray *a, const GPtrArray *b)
{
  FUZZ_TRUE (b != NULL && a->len == b->len);
  for (guint i = 0; i < a->len; i++)
    FUZZ_TRUE (strcmp (a->pdata[i], b->pdata[i]) == 0);
}

static GPtrArray *
read_again (const char *text)
{
  return message_addresses ((const char *[]){ text, NULL }, NULL);
}

/* An xn-- domain whose letters are not written so, or cannot be seen: what it stands for is anybody's guess, and on the way it is as it is. */
static gboolean
has_odd_domain (const GPtrArray *addresses)
{
  for (guint i = 0; i < addresses->len; i++) {
    const char *domain = strrchr (addresses->pdata[i], '@') + 1;
    if (!g_hostname_is_ascii_encoded (domain))
      continue;
    g_autofree char *letters = g_hostname_to_unicode (domain);
    g_autofree char *back = letters != NULL ? g_hostname_to_ascii (letters) : NULL,
                    *shown = letters != NULL ? sanitise (letters, -1, SANITISE_LINE) : NULL;
    if (back == NULL || g_ascii_strcasecmp (back, domain) != 0 || strcmp (shown, letters) != 0)
      return TRUE;
  }
  return FALSE;
}

/* What a recipient's program makes of the field that we write. */
static void
check_others_reading (const GPtrArray *addresses, const char *shown)
{
  g_autoptr (GString) field = g_string_new (NULL);
  g_autofree char *line = g_strdup_printf ("To: %s", shown);
  message_header_append (field, line);
  AUTOFREE (message_fields) fields = message_fields_new (field->str, field->len);
  g_autoptr (GPtrArray) read = message_fields_addresses (fields, "to", FALSE);
  g_ptr_array_add (read, NULL);
  /* That program shows international domains in their own letters. */
  g_autoptr (GPtrArray) plain = message_addresses ((const char *const *) read->pdata, NULL);
  check_same (addresses, plain);
}

static void
check_addresses (const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) addresses = message_addresses ((const char *[]){ text, NULL }, &error);
  FUZZ_TRUE ((addresses == NULL) == (error != NULL));
  g_autofree char *shown = message_address_display (text);
  if (addresses == NULL) {
    FUZZ_TRUE (shown == NULL && fuzz_is_clean (error->message, FALSE));
    return;
  }
  g_ptr_array_add (addresses, NULL);
  g_autofree char *joined = g_strjoinv (", ", (char **) addresses->pdata);
  g_ptr_array_set_size (addresses, (gint) addresses->len - 1);
  g_autoptr (GPtrArray) again = read_again (joined);
  check_same (addresses, again);
  FUZZ_TRUE ((shown == NULL) == (addresses->len == 0));
  if (shown == NULL)
    return;
  FUZZ_TRUE (fuzz_is_ascii (shown));
  g_autoptr (GPtrArray) from_shown = read_again (shown);
  check_same (addresses, from_shown);
  if (!fuzz_has_held (addresses) && !has_odd_domain (addresses))
    check_others_reading (addresses, shown);
}

static void
check_spec (const char *text)
{
  gboolean strange = *text == '-' || strstr (text, "=?") != NULL;
  FUZZ_TRUE (!address_is_addr_spec (text) || strange || (addrspec_valid (text) && fuzz_is_ascii (text)));
  g_autofree char *normal = addrspec_normalise (text);
  FUZZ_TRUE (normal == NULL || addrspec_valid (normal));
  FUZZ_TRUE (!addrspec_valid (text) || (normal != NULL && addrspec_equal (text, normal)));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = fuzz_text (data, size);
  message_init ();
  check_addresses (text);
  check_spec (text);
  return 0;
}
