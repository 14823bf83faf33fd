/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What a flow of reading asks of unpack.c: the files in the containers of a message. */
#pragma once
#include "mail/engine/core.h"

/* How to ask the keys worker for a part: fields and handles of its method "part". */
typedef GVariant *(*unpack_part_fn) (gpointer data, const char *part, GUnixFDList **fds_out);
/* The view, with the files of its containers among its parts; owned by the callee. Called once, perhaps at once. */
typedef void (*unpack_done_fn) (GVariant *view, gpointer data);
/* until_us: of the monotonic clock; what was not looked into by then is told as broken. */
void unpack_view (struct core *core, struct request *request, GVariant *view, gint64 until_us, unpack_part_fn part,
                  unpack_done_fn done, gpointer data);
/* Is this the id of a file in a container? container_out: the id of that part. */
gboolean unpack_is_file (const char *id, char **container_out, guint *which_out);
/* What a filter says of a file, floating: names that neither lead to another folder nor act on a terminal, for it may have been taken over. */
GVariant *unpack_clean_reply (GVariant *reply);
/* The file of that number, out of the reply that holds the container. done as of supervised_call. */
void unpack_file (GVariant *reply, GUnixFDList *fds, guint which, supervised_done_fn done, gpointer data);
