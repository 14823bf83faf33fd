/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What is told of a sender. Any bytes as an Authentication-Results field: only what our own server says is taken. Lines as host names: a domain
 * that is known is never called an imitation, a name comes out safe to show, and what two names have in common is the same each time. */
#include "tests/fuzz/fuzz.h"
#include "mail/message/auth_results.h"
#include "mail/message/lookalike.h"

#define SERVER "mx.demo.test"
#define HOSTS_MAX 6

static void
check_results (const char *value)
{
  static const char *const ids[] = { SERVER, NULL };
  const struct auth_servers ours = { .ids = ids }, none = { NULL, NULL };
  struct auth_results results = { .found = FALSE }, nothing = { .found = FALSE };
  g_autofree char *lower = g_ascii_strdown (value, -1);
  FUZZ_TRUE (!auth_results_read (&nothing, value, &none) && !nothing.found && auth_results_failed (&nothing) == NULL);
  if (auth_results_read (&results, value, &ours)) {
    FUZZ_TRUE (results.found && strstr (lower, SERVER) != NULL);
  } else {
    FUZZ_TRUE (!results.found && results.spf == AUTH_UNKNOWN && results.dkim == AUTH_UNKNOWN
               && results.dmarc == AUTH_UNKNOWN);
  }
  const char *failed = auth_results_failed (&results);
  FUZZ_TRUE (failed == NULL || (results.found && fuzz_is_ascii (failed)));
}

/* Ours in front of it: whatever follows cannot be worse than a result. */
static void
check_own (const char *value)
{
  g_autofree char *own = g_strconcat (SERVER "; ", value, NULL);
  check_results (own);
}

static void
check_host (const char *host)
{
  static const char *const known_names[] = { "demo.test", "hospital.example", "paypal.com", "mail.co.uk" };
  AUTOFREE (lookalike_known) known = lookalike_known_new ();
  for (gsize i = 0; i < G_N_ELEMENTS (known_names); i++)
    lookalike_known_add (known, known_names[i]);
  const char *like = NULL;
  enum lookalike alone = lookalike_host (host, NULL, NULL), beside = lookalike_host (host, known, &like);
  g_autofree char *shown = lookalike_unicode (host);
  FUZZ_TRUE (shown == NULL || g_utf8_validate (shown, -1, NULL));
  FUZZ_TRUE (shown != NULL || (alone == beside && alone <= LOOKALIKE_BROKEN)); /* NONE: an IP address */
  FUZZ_TRUE (like == NULL || beside >= LOOKALIKE_SAME);
  FUZZ_TRUE (alone < LOOKALIKE_SAME);
  lookalike_known_add (known, host); /* the reader knows this one too */
  FUZZ_TRUE (shown == NULL || lookalike_host (host, known, NULL) < LOOKALIKE_SAME);
  for (gsize i = 0; i < G_N_ELEMENTS (known_names); i++)
    FUZZ_TRUE (lookalike_host (known_names[i], known, NULL) == LOOKALIKE_NONE);
}

static void
check_skeleton (const char *text)
{
  g_autofree char *one = lookalike_skeleton (text);
  FUZZ_TRUE (g_utf8_validate (one, -1, NULL) || !g_utf8_validate (text, -1, NULL));
  g_autofree char *two = lookalike_skeleton (text);
  FUZZ_TRUE (g_strcmp0 (one, two) == 0);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = fuzz_text (data, size);
  check_results (text);
  check_own (text);
  check_skeleton (text);
  g_auto (GStrv) hosts = g_strsplit (text, "\n", HOSTS_MAX);
  for (char **host = hosts; *host != NULL; host++) {
    g_auto (GStrv) pair = g_strsplit (*host, " ", 2);
    check_host (*host);
    if (pair[0] != NULL && pair[1] != NULL)
      FUZZ_TRUE (lookalike_same_owner (pair[0], pair[1]) == lookalike_same_owner (pair[1], pair[0]));
  }
  return 0;
}
