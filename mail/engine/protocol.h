/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What the processes say to each other: every method, with the fields of request and reply, in one table.
 *
 * A message is a GVariant "(uusa{sv})": serial, kind, method, fields. The table says for each field its name, its type and whether
 * it must be there; protocol_check refuses what the table does not know. Any process. */
#pragma once
#include <glib.h>

#define PROTOCOL_MESSAGE_TYPE "(uusa{sv})"
#define PROTOCOL_SIZE_MAX (64u * 1024 * 1024) /* of one message; bigger things travel as file descriptors */
#define PROTOCOL_FDS_MAX 250                  /* the kernel takes 253 in one go */

enum protocol_kind {
  PROTOCOL_CALL = 1,
  PROTOCOL_REPLY,
  PROTOCOL_FAIL,
  PROTOCOL_CANCEL,
  PROTOCOL_EVENT,
  PROTOCOL_ASK,
  PROTOCOL_ANSWER,
};
enum protocol_peer {
  PEER_ENGINE = 0,
  PEER_KEYS,
  PEER_INDEX,
  PEER_IMAP,
  PEER_SMTP,
  PEER_LOOKUP,
  PEER_FILTER,
  PEER_COUNT
};

struct protocol_field {
  const char *name; /* NULL ends a list */
  const char *type; /* GVariant type string */
  gboolean required;
};
struct protocol_method {
  enum protocol_peer peer; /* who answers it: PEER_ENGINE is the door for clients */
  const char *name;
  const struct protocol_field *request, *reply;
  guint timeout_s; /* after which the one who answers is given up (a worker is killed); 0 = none: it shows progress */
  gboolean once;   /* not asked again by itself when the worker died under it */
};
const struct protocol_method *protocol_method (enum protocol_peer peer, const char *name);
const struct protocol_field *protocol_event (enum protocol_peer from, const char *name); /* NULL: no such event */
const char *protocol_peer_name (enum protocol_peer peer);
/* fields: a{sv}, in normal form. Sentence in error names the field. */
gboolean protocol_check (const struct protocol_field *fields, GVariant *dictionary, GError **error);
