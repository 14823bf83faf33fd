/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* One bounded HTTPS request by libcurl. See https.h. */
#include "mail/net/https.h"

#include <curl/curl.h>
#include <string.h>

#include "mail/engine.h"

struct body {
  GByteArray *bytes;
  gsize size_max;
  gboolean overflow;
};

static size_t
receive (char *data, size_t one, size_t size, void *user)
{
  struct body *body = user;
  if (size > body->size_max - body->bytes->len) {
    body->overflow = TRUE;
    return 0; /* ends the transfer */
  }
  g_byte_array_append (body->bytes, (const guint8 *) data, (guint) size);
  return size;
}

static gboolean
configure (CURL *curl, const char *url, const char *ca_file, guint timeout_ms, struct body *body)
{
  gboolean done = curl_easy_setopt (curl, CURLOPT_PROTOCOLS_STR, "https") == CURLE_OK
                  && curl_easy_setopt (curl, CURLOPT_REDIR_PROTOCOLS_STR, "https") == CURLE_OK
                  && curl_easy_setopt (curl, CURLOPT_URL, url) == CURLE_OK
                  && curl_easy_setopt (curl, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK
                  && curl_easy_setopt (curl, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK
                  && curl_easy_setopt (curl, CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2) == CURLE_OK
                  && curl_easy_setopt (curl, CURLOPT_FOLLOWLOCATION, 1L) == CURLE_OK
                  && curl_easy_setopt (curl, CURLOPT_MAXREDIRS, 3L) == CURLE_OK
                  && curl_easy_setopt (curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK
                  && curl_easy_setopt (curl, CURLOPT_TIMEOUT_MS, (long) timeout_ms) == CURLE_OK
                  && curl_easy_setopt (curl, CURLOPT_FAILONERROR, 1L) == CURLE_OK
                  && curl_easy_setopt (curl, CURLOPT_NETRC, (long) CURL_NETRC_IGNORED) == CURLE_OK
                  && curl_easy_setopt (curl, CURLOPT_WRITEFUNCTION, receive) == CURLE_OK
                  && curl_easy_setopt (curl, CURLOPT_WRITEDATA, body) == CURLE_OK;
  return done && (ca_file == NULL || curl_easy_setopt (curl, CURLOPT_CAINFO, ca_file) == CURLE_OK);
}

static void
set_error (CURLcode code, const struct body *body, GError **error)
{
  if (body->overflow)
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_FAILED, "The server's answer is too big, so it was not used.");
  else if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CONNECT_ERROR || code == CURLE_SSL_ISSUER_ERROR)
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_TLS,
                 "The server could not prove who it is (%s), so nothing was taken from it.", curl_easy_strerror (code));
  else if (code == CURLE_HTTP_RETURNED_ERROR)
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_NOT_FOUND, "The server does not have what was asked for.");
  else
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_NETWORK, "The server could not be reached (%s).",
                 curl_easy_strerror (code));
}

static void
init_once (void)
{
  static gsize ready = 0;
  if (g_once_init_enter (&ready)) {
    (void) curl_global_init (CURL_GLOBAL_DEFAULT);
    g_once_init_leave (&ready, 1);
  }
}

GBytes *
https_get (const char *url, const char *ca_file, guint timeout_ms, gsize size_max, GError **error)
{
  init_once ();
  struct body body = { .bytes = g_byte_array_new (), .size_max = size_max };
  CURL *curl = curl_easy_init ();
  CURLcode code = CURLE_FAILED_INIT;
  if (curl != NULL && configure (curl, url, ca_file, timeout_ms, &body))
    code = curl_easy_perform (curl);
  if (curl != NULL)
    curl_easy_cleanup (curl);
  if (code == CURLE_OK)
    return g_byte_array_free_to_bytes (body.bytes);
  set_error (code, &body, error);
  g_byte_array_unref (body.bytes);
  return NULL;
}

/* ---- a document of one host ---- */

#define HOPS_MAX 3

static char *
url_part (const char *url, CURLUPart part)
{
  CURLU *parsed = curl_url ();
  char *value = NULL, *copy = NULL;
  if (parsed != NULL && curl_url_set (parsed, CURLUPART_URL, url, 0) == CURLUE_OK
      && curl_url_get (parsed, part, &value, CURLU_DEFAULT_PORT) == CURLUE_OK)
    copy = g_ascii_strdown (value, -1);
  curl_free (value);
  curl_url_cleanup (parsed);
  return copy;
}

static gboolean
same_place (const char *url, const char *other)
{
  static const CURLUPart parts[] = { CURLUPART_SCHEME, CURLUPART_HOST, CURLUPART_PORT };
  g_autofree char *user = url_part (other, CURLUPART_USER);
  gboolean same = user == NULL;
  for (gsize i = 0; i < G_N_ELEMENTS (parts) && same; i++) {
    g_autofree char *one = url_part (url, parts[i]), *two = url_part (other, parts[i]);
    same = one != NULL && g_strcmp0 (one, two) == 0;
  }
  return same;
}

static enum https_outcome
outcome_of (CURL *curl, CURLcode code, GBytes *body, GBytes **document_out, char **next_out)
{
  long status = 0;
  char *next = NULL;
  if (code == CURLE_COULDNT_RESOLVE_HOST)
    return HTTPS_NO_HOST;
  (void) curl_easy_getinfo (curl, CURLINFO_RESPONSE_CODE, &status);
  if (code == CURLE_HTTP_RETURNED_ERROR)
    return status == 404 || status == 410 ? HTTPS_NOT_THERE : HTTPS_FAILED;
  if (code != CURLE_OK)
    return HTTPS_FAILED;
  if (curl_easy_getinfo (curl, CURLINFO_REDIRECT_URL, &next) == CURLE_OK && next != NULL)
    *next_out = g_strdup (next);
  else if (status == 200 && g_bytes_get_size (body) > 0) {
    *document_out = g_bytes_ref (body);
    return HTTPS_FOUND;
  }
  return HTTPS_FAILED;
}

/* One request. next_out: where the server sends us, if it does. */
static enum https_outcome
find_once (const char *url, const char *ca_file, guint limit_ms, gsize size_max, CURLcode *code_out,
           GBytes **document_out, char **next_out)
{
  struct body body = { .bytes = g_byte_array_new (), .size_max = size_max };
  CURL *curl = curl_easy_init ();
  const gboolean ready = curl != NULL && configure (curl, url, ca_file, limit_ms, &body)
                         && curl_easy_setopt (curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK
                         && curl_easy_setopt (curl, CURLOPT_QUICK_EXIT, 1L) == CURLE_OK;
  *code_out = ready ? curl_easy_perform (curl) : CURLE_FAILED_INIT;
  g_autoptr (GBytes) bytes = g_byte_array_free_to_bytes (body.bytes);
  const enum https_outcome outcome = outcome_of (curl, *code_out, bytes, document_out, next_out);
  curl_easy_cleanup (curl);
  return outcome;
}

static gboolean
unproven (CURLcode code)
{
  return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_ISSUER_ERROR;
}

enum https_outcome
https_find (const char *url, const char *ca_file, guint limit_ms, gsize size_max, GBytes **document_out)
{
  const gint64 end = g_get_monotonic_time () + (gint64) limit_ms * 1000;
  g_autofree char *where = g_strdup (url);
  enum https_outcome outcome = HTTPS_FAILED;
  init_once ();
  for (guint hop = 0; hop <= HOPS_MAX && where != NULL; hop++) {
    g_autofree char *next = NULL;
    CURLcode code = CURLE_PEER_FAILED_VERIFICATION;
    gint64 left_ms = (end - g_get_monotonic_time ()) / 1000;
    if (ca_file != NULL && left_ms > 0)
      outcome = find_once (where, ca_file, (guint) left_ms, size_max, &code, document_out, &next);
    left_ms = (end - g_get_monotonic_time ()) / 1000;
    if (unproven (code) && left_ms > 0) /* nothing was said to it yet */
      outcome = find_once (where, NULL, (guint) left_ms, size_max, &code, document_out, &next);
    if (next != NULL && !same_place (url, next))
      return HTTPS_FAILED;
    g_free (where);
    where = g_steal_pointer (&next);
  }
  return outcome;
}

/* ---- documents that are signed ---- */

struct transfer {
  CURL *curl;
  struct body body;
  gboolean done;
};

static gboolean
configure_signed (CURL *curl, const struct https_document *document, struct curl_slist *headers, struct body *body)
{
  gboolean done = configure (curl, document->url, NULL, document->limit_ms, body)
                  && curl_easy_setopt (curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK
                  && curl_easy_setopt (curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https") == CURLE_OK
                  /* a name server that does not answer must not hold up the end */
                  && curl_easy_setopt (curl, CURLOPT_QUICK_EXIT, 1L) == CURLE_OK;
  if (document->request != NULL)
    done = done && headers != NULL
           && curl_easy_setopt (curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) g_bytes_get_size (document->request))
                  == CURLE_OK
           && curl_easy_setopt (curl, CURLOPT_POSTFIELDS, g_bytes_get_data (document->request, NULL)) == CURLE_OK
           && curl_easy_setopt (curl, CURLOPT_HTTPHEADER, headers) == CURLE_OK;
  return done;
}

static void
note_done (CURLM *multi, struct transfer *transfers, guint count)
{
  int left = 0;
  for (CURLMsg *message; (message = curl_multi_info_read (multi, &left)) != NULL;)
    for (guint i = 0; i < count; i++)
      if (message->msg == CURLMSG_DONE && message->easy_handle == transfers[i].curl)
        transfers[i].done = message->data.result == CURLE_OK;
}

static void
run_all (CURLM *multi, struct transfer *transfers, guint count, guint limit_ms)
{
  const gint64 end = g_get_monotonic_time () + ((gint64) limit_ms + 100) * 1000; /* each has a limit of its own */
  int running = 0;
  while (curl_multi_perform (multi, &running) == CURLM_OK && running > 0) {
    const gint64 left_ms = (end - g_get_monotonic_time ()) / 1000;
    if (left_ms <= 0 || curl_multi_poll (multi, NULL, 0, (int) MIN (left_ms, 1000), NULL) != CURLM_OK)
      break;
  }
  note_done (multi, transfers, count);
}

void
https_fetch_signed (struct https_document *documents, guint count)
{
  guint limit_ms = 0;
  init_once ();
  CURLM *multi = curl_multi_init ();
  struct transfer *transfers = g_new0 (struct transfer, count);
  /* "Expect:" is left out, or some responders keep a request waiting for a second. */
  struct curl_slist *type = curl_slist_append (NULL, "Content-Type: application/ocsp-request");
  struct curl_slist *headers = type != NULL ? curl_slist_append (type, "Expect:") : NULL;
  for (guint i = 0; i < count && multi != NULL; i++) {
    transfers[i].body = (struct body){ .bytes = g_byte_array_new (), .size_max = documents[i].size_max };
    transfers[i].curl = curl_easy_init ();
    limit_ms = MAX (limit_ms, documents[i].limit_ms);
    if (transfers[i].curl != NULL && configure_signed (transfers[i].curl, &documents[i], headers, &transfers[i].body))
      curl_multi_add_handle (multi, transfers[i].curl);
  }
  if (multi != NULL)
    run_all (multi, transfers, count, limit_ms);
  for (guint i = 0; i < count && multi != NULL; i++) {
    if (transfers[i].curl != NULL) {
      curl_multi_remove_handle (multi, transfers[i].curl);
      curl_easy_cleanup (transfers[i].curl);
    }
    if (transfers[i].done && transfers[i].body.bytes->len > 0)
      documents[i].answer = g_byte_array_free_to_bytes (transfers[i].body.bytes);
    else
      g_byte_array_unref (transfers[i].body.bytes);
  }
  if (multi != NULL)
    curl_multi_cleanup (multi);
  curl_slist_free_all (headers != NULL ? headers : type);
  g_free (transfers);
}
