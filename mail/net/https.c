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

GBytes *
https_get (const char *url, const char *ca_file, guint timeout_ms, gsize size_max, GError **error)
{
  static gsize ready = 0;
  if (g_once_init_enter (&ready)) {
    (void) curl_global_init (CURL_GLOBAL_DEFAULT);
    g_once_init_leave (&ready, 1);
  }
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
