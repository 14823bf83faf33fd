/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A message that is being read for a request: its file is found, the keys worker opens it, filters turn its HTML into text. */
#pragma once
#include "mail/engine/core.h"

struct reading {
  struct core *core;
  struct request *request;
  void (*opened) (struct reading *reading, int fd); /* fd: owned by the callee */
  GVariant *view, *origin;                          /* a{sv} of the keys worker */
  struct core_account *account;                     /* whose mail it is; NULL: anybody's */
  char **tags;                                      /* of it; NULL: it is no mail of the index */
  gboolean shows;                                   /* a header is better than nothing */
  char *path;                                       /* of the file that the index knows, until the body is here */
  char *missing;                                    /* why only the header is here; NULL: all of it is */
  GPtrArray *segments;                              /* GVariant *: a{sv}; html ones are replaced by text */
  guint next;
  guint filters;
  gint64 filters_until_us;
  gint64 unpack_until_us; /* 0: no part has been turned into text yet */
  struct supervised *filter;
  void (*finished) (struct reading *reading, GVariant *view);
  int again;       /* the file, as long as something may be learnt about its signers; else -1 */
  guint looks;     /* times that it was inspected */
  gint64 look_end; /* when fetching ends, by the monotonic clock; 0: it has not begun */

  int file;    /* the mail, for the parts that are asked for one by one; -1: none */
  guint which; /* of the files in a container, the one that is wanted; 0: the part itself */
  supervised_done_fn handed_out;
  GVariant *draft;    /* that forwards it */
  GPtrArray *carried; /* char *: ids of the parts that go along */
  guint carried_next, left_behind;
  GVariantBuilder attachments; /* a(ssh), once carried is there */
  GUnixFDList *attached;
};

/* opened: called once the file is found, or never, and then the request has failed and the reading is freed. */
struct reading *reading_new (struct core *core, struct request *request, void (*opened) (struct reading *, int));
void reading_free (struct reading *reading);
void reading_fail (struct reading *reading, const GError *error); /* the request has failed; freed */
/* By what the request names: a file, or a Message-ID. A body that is not here is fetched. */
void reading_locate (struct reading *reading);
/* The fields of a call to the keys worker about the file fd, which is taken. */
GVariant *reading_message_fields (struct reading *reading, int fd, const char *part_or_null, GUnixFDList **fds_out);
/* The same for one part of the mail that is open already. */
GVariant *reading_part_fields (gpointer reading, const char *part, GUnixFDList **fds_out);
/* reading_view.c: "opened" of whoever wants a view; ends in "finished". */
void reading_inspect (struct reading *reading, int fd);
