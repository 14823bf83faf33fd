/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A compressed connection (RFC 4978): one raw deflate stream (RFC 1951) in each direction. Pure: bytes in, bytes out. What comes in is hostile: only as
 * much of it is opened as there is room for, and a stream that goes on and on without holding anything is a fault. */
#pragma once
#include <glib.h>

struct deflate;
struct deflate *deflate_new (void); /* NULL: no memory */
void deflate_free (struct deflate *deflate);
DEFINE_AUTOFREE (deflate, deflate_free)
/* Where what comes in is to be put, when there is nothing to take; deflate_came tells how much it was. */
guint8 *deflate_room (struct deflate *deflate, gsize *size_out);
void deflate_came (struct deflate *deflate, gsize size);
/* At most size bytes of what it held; 0: more has to come first; -1: it is damaged, or has ended. */
gssize deflate_take (struct deflate *deflate, void *buffer, gsize size);
gboolean deflate_has_more (const struct deflate *deflate); /* there may be something to take */
/* All of bytes, so that the other end can read it at once. NULL: no memory. Borrowed until the next call. */
const guint8 *deflate_pack (struct deflate *deflate, const void *bytes, gsize size, gsize *size_out);
