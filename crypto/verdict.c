/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The verdict on one received message as plain data, and the one line in which a person reads it. */
#include "crypto/verdict.h"
#include <string.h>

static void
warning_free (gpointer data)
{
  struct verdict_warning *warning = data;
  g_free (warning->code);
  g_free (warning->text);
  g_free (warning);
}

void
verdict_init (struct verdict *verdict)
{
  *verdict = (struct verdict){ 0 };
  verdict->signature.parts = g_ptr_array_new_with_free_func (g_free);
  verdict->warnings = g_ptr_array_new_with_free_func (warning_free);
}

void
verdict_clear (struct verdict *verdict)
{
  g_free (verdict->signature.signer);
  g_free (verdict->signature.fingerprint);
  g_clear_pointer (&verdict->signature.parts, g_ptr_array_unref);
  g_free (verdict->encryption.cipher);
  g_free (verdict->encryption.reason);
  g_clear_pointer (&verdict->warnings, g_ptr_array_unref);
  *verdict = (struct verdict){ 0 };
}

void
verdict_warn (struct verdict *verdict, const char *code, const char *format, ...)
{
  for (guint i = 0; i < verdict->warnings->len; i++)
    if (strcmp (((struct verdict_warning *) g_ptr_array_index (verdict->warnings, i))->code, code) == 0)
      return;
  struct verdict_warning *warning = g_new0 (struct verdict_warning, 1);
  va_list arguments;
  va_start (arguments, format);
  warning->code = g_strdup (code);
  warning->text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_ptr_array_add (verdict->warnings, warning);
}

const char *
signature_state_name (enum signature_state state)
{
  switch (state) {
  case SIGNATURE_NONE:
    return "none";
  case SIGNATURE_GOOD:
    return "good";
  case SIGNATURE_BAD:
    return "bad";
  case SIGNATURE_UNKNOWN_KEY:
    return "unknown_key";
  case SIGNATURE_UNTRUSTED:
    return "untrusted";
  case SIGNATURE_EXPIRED:
    return "expired";
  case SIGNATURE_REVOKED:
    return "revoked";
  case SIGNATURE_MISMATCH:
    return "mismatch";
  case SIGNATURE_ERROR:
    return "error";
  }
  return "none";
}

const char *
protection_name (enum protection protection)
{
  switch (protection) {
  case PROTECTION_NONE:
    return NULL;
  case PROTECTION_PGP:
    return "pgp";
  case PROTECTION_SMIME:
    return "smime";
  }
  return NULL;
}

const char *
coverage_name (enum coverage coverage)
{
  switch (coverage) {
  case COVERS_NOTHING:
    return "nothing";
  case COVERS_PART:
    return "part";
  case COVERS_WHOLE:
    return "whole";
  }
  return "nothing";
}

const char *
integrity_name (enum integrity integrity)
{
  switch (integrity) {
  case INTEGRITY_UNKNOWN:
    return NULL;
  case INTEGRITY_OK:
    return "ok";
  case INTEGRITY_NONE:
    return "none";
  case INTEGRITY_BAD:
    return "bad";
  }
  return NULL;
}

static const char *
trust_words (const struct signature_verdict *signature)
{
  switch (signature->trust) {
  case KEY_TRUST_VERIFIED:
    return ", compared by you";
  case KEY_TRUST_CHAIN:
    return ", certified by an authority you trust";
  case KEY_TRUST_WKD:
    return ", published by the sender's domain";
  case KEY_TRUST_NONE:
  case KEY_TRUST_FIRST_SEEN:
    return "";
  }
  return "";
}

static char *
signature_words (const struct verdict *verdict, enum verdict_tone *tone)
{
  const struct signature_verdict *s = &verdict->signature;
  const char *who = s->signer != NULL ? s->signer : "somebody unknown";
  const char *how = s->protocol == PROTECTION_SMIME ? "S/MIME" : "OpenPGP";
  const gboolean whole = s->covers == COVERS_WHOLE;
  *tone = VERDICT_TONE_WARN;
  switch (s->state) {
  case SIGNATURE_NONE:
    return g_strdup (verdict->encryption.protocol != PROTECTION_NONE ? "NOT SIGNED." : "Not signed.");
  case SIGNATURE_GOOD:
    if (whole)
      *tone = VERDICT_TONE_GOOD;
    return g_strdup_printf ("%s %s (%s%s).", whole ? "Signed by" : "ONLY A PART is signed, by", who, how,
                            trust_words (s));
  case SIGNATURE_BAD:
    *tone = VERDICT_TONE_BAD;
    return g_strdup (whole
                         ? "The signature is BROKEN: the text was changed after signing, do not trust it."
                         : "The signature of a part is BROKEN: that part was changed after signing, do not trust it.");
  case SIGNATURE_UNKNOWN_KEY:
    return g_strdup_printf ("Signed (%s), but the signer's key is NOT KNOWN here: it may be from anybody.", how);
  case SIGNATURE_UNTRUSTED:
    return g_strdup_printf ("Signed (%s) with a key that names %s but is NOT TRUSTED: it may be from anybody.", how,
                            who);
  case SIGNATURE_EXPIRED:
    return g_strdup_printf ("Signed by %s (%s), but with an EXPIRED key.", who, how);
  case SIGNATURE_REVOKED:
    *tone = VERDICT_TONE_BAD;
    return g_strdup_printf ("Signed (%s) with a REVOKED key of %s: do not trust it.", how, who);
  case SIGNATURE_MISMATCH:
    *tone = VERDICT_TONE_BAD;
    return g_strdup_printf ("Signed by %s, who is NOT the sender in From: do not trust it.", who);
  case SIGNATURE_ERROR:
    return g_strdup ("There is a signature, but it CANNOT BE CHECKED.");
  }
  return g_strdup ("Not signed.");
}

/* "AES256.MDC", "AES-256-CBC" -> "AES-256". */
static char *
cipher_words (const char *cipher)
{
  if (cipher == NULL)
    return g_strdup ("");
  for (const char *c = cipher; *c != '\0'; c++)
    if (!g_ascii_isalnum (*c) && strchr (".-_ ", *c) == NULL)
      return g_strdup ("");
  g_autofree char *name = g_strndup (cipher, MIN (strcspn (cipher, "."), (gsize) 32));
  for (guint bits = 0; bits < 3; bits++) {
    static const char *const sizes[] = { "128", "192", "256" };
    g_autofree char *joined = g_strconcat ("AES", sizes[bits], NULL), *dashed = g_strconcat ("AES-", sizes[bits], NULL);
    if (g_str_has_prefix (name, joined) || g_str_has_prefix (name, dashed))
      return g_strconcat (", ", dashed, NULL);
  }
  return g_strconcat (", ", strcmp (name, "AES") == 0 ? "AES-128" : name, NULL);
}

static char *
encryption_words (const struct verdict *verdict, enum verdict_tone *tone)
{
  const struct encryption_verdict *e = &verdict->encryption;
  *tone = VERDICT_TONE_NONE;
  if (e->protocol == PROTECTION_NONE)
    return g_strdup (verdict->signature.state == SIGNATURE_NONE ? "Not encrypted." : "NOT ENCRYPTED.");
  if (!e->decrypted) {
    *tone = VERDICT_TONE_BAD;
    if (g_strcmp0 (e->reason, "no_key") == 0)
      return g_strdup ("Encrypted, but with no key that is here: it CANNOT BE OPENED.");
    if (e->integrity == INTEGRITY_BAD)
      return g_strdup ("Encrypted, but DAMAGED or changed on its way: it is not shown.");
    if (e->integrity == INTEGRITY_NONE)
      return g_strdup ("Encrypted in an old way that anybody could have CHANGED: it is not shown.");
    return g_strdup ("Encrypted, but it CANNOT BE OPENED.");
  }
  g_autofree char *cipher = cipher_words (e->cipher);
  const char *doubt = e->integrity == INTEGRITY_OK ? "" : " Nothing shows whether it was changed on its way.";
  if (*doubt != '\0')
    *tone = VERDICT_TONE_WARN;
  if (e->covers == COVERS_WHOLE)
    return g_strdup_printf ("Encrypted%s.%s", cipher, doubt);
  *tone = VERDICT_TONE_WARN;
  return g_strdup_printf ("ONLY A PART is encrypted%s.%s", cipher, doubt);
}

char *
verdict_sentence (const struct verdict *verdict, enum verdict_tone *tone_out)
{
  enum verdict_tone signed_tone, encrypted_tone;
  g_autofree char *signed_words = signature_words (verdict, &signed_tone);
  g_autofree char *encrypted_words = encryption_words (verdict, &encrypted_tone);
  enum verdict_tone tone = MAX (signed_tone, encrypted_tone);
  if (verdict->signature.state == SIGNATURE_NONE && verdict->encryption.protocol == PROTECTION_NONE)
    tone = VERDICT_TONE_NONE;
  if (tone_out != NULL)
    *tone_out = tone;
  return g_strconcat (signed_words, " ", encrypted_words, NULL);
}
