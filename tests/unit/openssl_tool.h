/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The openssl program as a maker of test certificates and as the other side of what we test: in a folder of its own. */
#pragma once
#include <glib.h>

struct openssl_tool {
  char *dir;
};
void openssl_tool_init (struct openssl_tool *tool);
void openssl_tool_clear (struct openssl_tool *tool); /* removes the folder */
/* Run "openssl" with these arguments (split as by a shell) inside the folder. TRUE if it exits with 0. */
gboolean openssl_tool_try (struct openssl_tool *tool, const char *format, ...) G_GNUC_PRINTF (2, 3);
void openssl_tool_run (struct openssl_tool *tool, const char *format, ...)
    G_GNUC_PRINTF (2, 3); /* fails the test otherwise */
char *openssl_tool_path (struct openssl_tool *tool, const char *name);
GBytes *openssl_tool_read (struct openssl_tool *tool, const char *name);
void openssl_tool_write (struct openssl_tool *tool, const char *name, GBytes *bytes);

/* Certificate makers; files NAME.key, NAME.crt. key: "ec" (P-256), "p384", "p521", "rsa" (2048), "rsa1024", "pss"
 * (RSA for PSS alone), "ed25519", "ed448", "x25519". */
void openssl_tool_root (struct openssl_tool *tool, const char *name, const char *key, const char *extensions);
/* issuer: whose .key and .crt sign. extensions: lines of an openssl extension section. more: further arguments of x509. */
void openssl_tool_issue (struct openssl_tool *tool, const char *name, const char *issuer, const char *key, int days,
                         const char *subject, const char *extensions, const char *more);
