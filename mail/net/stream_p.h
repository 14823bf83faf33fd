/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What stream.c and stream_connect.c share. */
#pragma once
#include "mail/net/stream.h"

/* 1: ready; 0: timeout_ms passed; -1: poll failed. */
int stream_poll (int fd, short events, int timeout_ms);
/* stream_connect.c: a connected socket; -1 with ENGINE_ERROR_NETWORK. guest: let in meanwhile; NULL. */
int stream_connect (const struct remote *remote, const struct stream_guest *guest, GError **error);
