/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The certificate that the scripted server shows, for mail.test, and who issued it; as setup and teardown of a group of tests. */
#pragma once
#include "tests/unit/openssl_tool.h"

#define PEER_LEAF "basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage=serverAuth\n"

extern struct openssl_tool peer_tool;
extern char *peer_cert, *peer_key, *peer_anchors; /* files */
int peer_cert_setup (void **state);
int peer_cert_teardown (void **state);
