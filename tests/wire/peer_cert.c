/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* See peer_cert.h. */
#include "tests/wire/peer_cert.h"

#include <signal.h>

struct openssl_tool peer_tool;
char *peer_cert, *peer_key, *peer_anchors;

int
peer_cert_setup (void **state)
{
  (void) signal (SIGPIPE, SIG_IGN);
  openssl_tool_init (&peer_tool);
  openssl_tool_root (&peer_tool, "root", "ec", "");
  openssl_tool_issue (&peer_tool, "good", "root", "ec", 10, "/CN=x", PEER_LEAF "subjectAltName=DNS:mail.test\n", "");
  peer_cert = openssl_tool_path (&peer_tool, "good.crt");
  peer_key = openssl_tool_path (&peer_tool, "good.key");
  peer_anchors = openssl_tool_path (&peer_tool, "root.crt");
  return 0;
}

int
peer_cert_teardown (void **state)
{
  g_free (peer_cert);
  g_free (peer_key);
  g_free (peer_anchors);
  openssl_tool_clear (&peer_tool);
  return 0;
}
