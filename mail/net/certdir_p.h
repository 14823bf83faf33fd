/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the look-up share. Times are those of g_get_monotonic_time. */
#pragma once
#include "mail/net/certdir.h"

/* certdir_walk.c: connections to the servers of a list, in its order. Who has not answered yet does not hold up the next one for long. */
struct certdir_walk;
struct certdir_walk *certdir_walk_new (const struct certdir_server *servers, guint count); /* borrowed */
void certdir_walk_free (struct certdir_walk *walk);
DEFINE_AUTOFREE (certdir_walk, certdir_walk_free)
/* The next one that can be reached, as a connected socket that does not block, which the caller owns. -1: there is none, or none until then. */
int certdir_walk_next (struct certdir_walk *walk, gint64 until, const struct certdir_server **server_out);
guint certdir_walk_left (const struct certdir_walk *walk); /* how many were not returned and have not failed yet */

/* certdir_server.c: ask one server over this connection for all addresses. TRUE: it has answered for all of them. Values are added to
 * answers; whole is not touched. */
gboolean certdir_server_ask (int fd_take, const struct certdir_server *server, const char *const *addresses,
                             guint count, struct certdir_answer *answers, gint64 until);
/* ADDRESS as it stands in a filter (RFC 4515). Pure. */
char *certdir_server_filter (const char *address);

static inline gint64
certdir_left_ms (gint64 until)
{
  const gint64 left = (until - g_get_monotonic_time ()) / 1000;
  return MAX (left, 0);
}
