/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Fetch one small document over HTTPS: the only place where libcurl is used. Lookup worker.
 *
 * HTTPS only, at the first address and after each redirection (at most 3); certificate and host name are always verified; nothing is stored, no
 * cookies, no credentials are sent. Bounded in time and size. */
#pragma once
#include <glib.h>

/* ca_file: NULL for the system's authorities. Errors: ENGINE_ERROR_NETWORK, ENGINE_ERROR_TLS, ENGINE_ERROR_NOT_FOUND (the server has no
 * such document), ENGINE_ERROR_FAILED (too big). */
GBytes *https_get (const char *url, const char *ca_file, guint timeout_ms, gsize size_max, GError **error);
