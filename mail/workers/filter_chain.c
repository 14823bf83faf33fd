/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A chain of certificates that somebody wants judged: by the code that judges servers, in a process that dies of it alone. */
#include "crypto/guard/tls.h"
#include "mail/workers/filter_p.h"

#define FILE_SIZE_MAX (8 * 1024 * 1024)
#define FILES_MAX 20

/* *out stays NULL where the field is not there. */
static gboolean
take_files (struct worker *worker, GVariant *args, const char *field, GPtrArray **out, GError **error)
{
  g_autoptr (GVariant) handles = g_variant_lookup_value (args, field, G_VARIANT_TYPE ("ah"));
  if (handles == NULL)
    return TRUE;
  *out = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  for (gsize i = 0; i < MIN (g_variant_n_children (handles), FILES_MAX); i++) {
    g_autoptr (GVariant) handle = g_variant_get_child_value (handles, i);
    GBytes *bytes = worker_read_fd (worker_fd_at (worker, g_variant_get_handle (handle)), FILE_SIZE_MAX, error);
    if (bytes == NULL)
      return FALSE;
    g_ptr_array_add (*out, bytes);
  }
  return TRUE;
}

static GVariant *
reply (const struct tls_verdict *verdict)
{
  GVariantDict dict;
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "result", "s", verdict->holds ? "SUCCESS" : "FAILURE");
  g_variant_dict_insert (&dict, "reason", "s", verdict->reason);
  g_variant_dict_insert (&dict, "sentence", "s", verdict->sentence);
  g_variant_dict_insert (&dict, "pin", "s", verdict->pin != NULL ? verdict->pin : "");
  g_variant_dict_insert (&dict, "subject", "s", verdict->subject != NULL ? verdict->subject : "");
  g_variant_dict_insert (&dict, "from", "x", verdict->from);
  g_variant_dict_insert (&dict, "until", "x", verdict->until);
  return g_variant_dict_end (&dict);
}

GVariant *
filter_chain (struct worker *worker, GVariant *args, GError **error)
{
  g_autoptr (GBytes) chain = worker_read_fd (worker_arg_fd (worker, args, "chain"), FILE_SIZE_MAX, error);
  g_autoptr (GPtrArray) trust = NULL, lists = NULL;
  g_autofree const char **pins = NULL;
  struct tls_check check = { .chain = chain };
  struct tls_verdict verdict;
  if (chain == NULL || !take_files (worker, args, "trust", &trust, error)
      || !take_files (worker, args, "crl", &lists, error))
    return NULL;
  (void) g_variant_lookup (args, "host", "&s", &check.host);
  (void) g_variant_lookup (args, "at", "x", &check.at);
  (void) g_variant_lookup (args, "pins", "^a&s", &pins);
  check.anchors = trust;
  check.lists = lists;
  check.pins = pins;
  if (!tls_check_chain (&check, &verdict, error))
    return NULL;
  GVariant *said = reply (&verdict);
  tls_verdict_clear (&verdict);
  return said;
}
