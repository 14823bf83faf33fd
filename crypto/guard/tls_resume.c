/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Sessions that may be taken up again: in this process's memory, for the same user, server and settings alone, and for an hour at most.
 *
 * A session is offered only after the certificates that it began with were judged anew, by what is true now (tls.c does that). A ticket of
 * TLS 1.3 is used once, so that nobody can tell by it that two connections belong together. */
#include <string.h>
#include "crypto/guard/tls_p.h"

#define SESSIONS_MAX 16
#define SESSIONS_MAX_ONE_SCOPE 3
#define AGE_MAX_S 3600

struct kept {
  char *scope;
  SSL_SESSION *session;
  gint64 begun;
};

static GMutex mutex;
static GQueue sessions = G_QUEUE_INIT; /* struct kept *, the newest first */

static void
kept_free (struct kept *kept)
{
  g_free (kept->scope);
  SSL_SESSION_free (kept->session);
  g_free (kept);
}

gint64
tls_resume_now (void)
{
  return g_get_real_time () / G_USEC_PER_SEC;
}

/* Who signs in by another certificate is somebody else, also where the file has kept its name. */
static char *
client_of (SSL *ssl)
{
  guint8 digest[32];
  unsigned int size = 0;
  X509 *certificate = SSL_get_certificate (ssl);
  if (certificate == NULL || X509_digest (certificate, EVP_sha256 (), digest, &size) != 1)
    return g_strdup ("");
  return g_base64_encode (digest, size);
}

char *
tls_resume_scope (SSL *ssl, const struct tls_settings *settings)
{
  if (settings->scope == NULL)
    return NULL;
  g_autofree char *client = client_of (ssl);
  const char *parts[] = { settings->scope, settings->host, settings->anchors_file, settings->lists_file, client };
  GString *scope = g_string_new (NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (parts); i++)
    g_string_append_printf (scope, "%s\n", parts[i] != NULL ? parts[i] : "");
  for (gsize i = 0; settings->pins != NULL && settings->pins[i] != NULL; i++)
    g_string_append_printf (scope, "%s\n", settings->pins[i]);
  return g_string_free (scope, FALSE);
}

static gboolean
is_usable (const struct kept *kept, gint64 now)
{
  return kept->begun <= now && now - kept->begun < AGE_MAX_S && SSL_SESSION_is_resumable (kept->session) == 1;
}

/* The oldest of this scope go, then the oldest of all. */
static void
bound (const char *scope)
{
  guint same = 0;
  for (GList *link = sessions.head, *next; link != NULL; link = next) {
    struct kept *kept = link->data;
    next = link->next;
    if (strcmp (kept->scope, scope) == 0 && ++same > SESSIONS_MAX_ONE_SCOPE) {
      g_queue_delete_link (&sessions, link);
      kept_free (kept);
    }
  }
  while (sessions.length > SESSIONS_MAX)
    kept_free (g_queue_pop_tail (&sessions));
}

void
tls_resume_keep (const char *scope, SSL_SESSION *session_take, gint64 begun)
{
  struct kept *kept = g_new0 (struct kept, 1);
  kept->scope = g_strdup (scope);
  kept->session = session_take;
  kept->begun = begun;
  g_mutex_lock (&mutex);
  g_queue_push_head (&sessions, kept);
  bound (scope);
  g_mutex_unlock (&mutex);
}

SSL_SESSION *
tls_resume_take (const char *scope, gint64 *begun_out)
{
  SSL_SESSION *found = NULL;
  const gint64 now = tls_resume_now ();
  g_mutex_lock (&mutex);
  for (GList *link = sessions.head, *next; link != NULL; link = next) {
    struct kept *kept = link->data;
    const gboolean usable = is_usable (kept, now), ours = strcmp (kept->scope, scope) == 0;
    next = link->next;
    if (usable && (!ours || found != NULL))
      continue;
    if (usable) {
      found = g_steal_pointer (&kept->session);
      *begun_out = kept->begun;
    }
    g_queue_delete_link (&sessions, link);
    kept_free (kept);
  }
  g_mutex_unlock (&mutex);
  return found;
}

void
tls_resume_forget (const char *scope)
{
  g_mutex_lock (&mutex);
  for (GList *link = sessions.head, *next; link != NULL; link = next) {
    struct kept *kept = link->data;
    next = link->next;
    if (scope == NULL || strcmp (kept->scope, scope) == 0) {
      g_queue_delete_link (&sessions, link);
      kept_free (kept);
    }
  }
  g_mutex_unlock (&mutex);
}
