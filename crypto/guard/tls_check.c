/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A chain file before the judge of tls_chain.c, as if a server had shown it. */
#include <openssl/err.h>
#include "crypto/guard/tls_p.h"
#include "crypto/guard/x509_text.h"

#define CHAIN_FILE_MAX (1024 * 1024)

void
tls_verdict_clear (struct tls_verdict *verdict)
{
  g_free (verdict->sentence);
  g_free (verdict->pin);
  g_free (verdict->subject);
  *verdict = (struct tls_verdict){ .holds = FALSE };
}

static struct tls_trust *
trust_of (const struct tls_check *check, GError **error)
{
  AUTOFREE (tls_trust) trust = check->anchors != NULL ? tls_trust_empty () : tls_trust_system (error);
  gboolean fine = trust != NULL;
  for (guint i = 0; fine && check->anchors != NULL && i < check->anchors->len; i++)
    fine = tls_trust_add_own (trust, check->anchors->pdata[i], NULL, error);
  for (guint i = 0; fine && check->lists != NULL && i < check->lists->len; i++)
    fine = tls_trust_add_lists (trust, check->lists->pdata[i], NULL, error);
  return fine ? g_steal_pointer (&trust) : NULL;
}

/* A file that is no chain is what a server with a broken certificate shows. */
static void
judge_nothing (struct tls_verdict *verdict)
{
  verdict->reason = "malformed";
  verdict->sentence = g_strdup ("The file holds no certificate that can be read, or a damaged one. Check that it is in "
                                "PEM form, the server's own certificate first.");
}

static char *
describe (const struct tls_check *check, const char *subject)
{
  if (check->host != NULL)
    return g_strdup_printf ("The certificate “%s” holds for %s.", subject, check->host);
  return g_strdup_printf ("The certificate “%s” holds; no host name was compared.", subject);
}

static void
judge (const struct tls_check *check, const struct tls_trust *trust, STACK_OF (X509) * certificates,
       struct tls_verdict *verdict)
{
  const struct tls_terms terms = { .trust = trust, .host = check->host, .at = check->at, .pins = check->pins };
  struct tls_fault fault = { .code = X509_V_OK };
  X509 *end = sk_X509_value (certificates, 0);
  verdict->holds = tls_chain_judge (&terms, end, certificates, NULL, &fault);
  verdict->reason = tls_fault_reason (fault.code);
  verdict->subject = x509_text_subject (end);
  verdict->pin = tls_pin_of (end);
  (void) x509_text_epoch (X509_get0_notBefore (end), &verdict->from);
  (void) x509_text_epoch (X509_get0_notAfter (end), &verdict->until);
  verdict->sentence = verdict->holds ? describe (check, verdict->subject) : tls_fault_sentence (&fault, check->host);
  tls_fault_clear (&fault);
}

gboolean
tls_check_chain (const struct tls_check *check, struct tls_verdict *verdict, GError **error)
{
  *verdict = (struct tls_verdict){ .holds = FALSE };
  gboolean is_address = FALSE;
  g_autofree char *name = tls_chain_name (check->host, &is_address);
  if (check->host != NULL && name == NULL) {
    g_set_error (error, CRYPTO_ERROR, TLS_ERROR_HOSTNAME,
                 "“%s” is not a host name, so that no certificate can be checked against it.", check->host);
    return FALSE;
  }
  AUTOFREE (tls_trust) trust = trust_of (check, error);
  if (trust == NULL)
    return FALSE;
  STACK_OF (X509) *certificates
      = g_bytes_get_size (check->chain) <= CHAIN_FILE_MAX ? tls_trust_parse (check->chain) : NULL;
  if (certificates == NULL)
    judge_nothing (verdict);
  else
    judge (check, trust, certificates, verdict);
  sk_X509_pop_free (certificates, X509_free);
  ERR_clear_error ();
  return TRUE;
}
