/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A channel: one socket between two of wardmail's processes, carrying framed messages and file descriptors.
 *
 * A frame is a 16-byte header (magic, size, number of descriptors; host byte order: both ends are one binary on one machine)
 * and a GVariant of PROTOCOL_MESSAGE_TYPE. Writing queues and never blocks; reading never blocks; who may block calls the _wait
 * functions. Whatever the peer sends is checked for size and form before it is looked at. */
#pragma once
#include <gio/gunixfdlist.h>
#include "mail/engine/protocol.h"

struct channel;

struct channel_message {
  guint32 serial;
  enum protocol_kind kind;
  const char *method; /* borrowed from the message */
  GVariant *fields;   /* a{sv}, in normal form */
  GUnixFDList *fds;   /* never NULL */
  GVariant *whole;    /* what method is borrowed from */
};
void channel_message_free (struct channel_message *message);
DEFINE_AUTOFREE (channel_message, channel_message_free)

enum channel_result { CHANNEL_CLOSED = 0, CHANNEL_AGAIN, CHANNEL_MESSAGE };

struct channel *channel_new (int fd_take);
/* Is it small enough for one message? FALSE with a sentence in error. */
gboolean channel_takes (GVariant *fields, GUnixFDList *fds, GError **error);
int channel_fd (struct channel *channel);
/* Queue a message and write as much as goes at once. fields: floating is sunk; NULL = empty. fds may be NULL; they are duplicated.
 * FALSE: the peer has gone, or it is more than channel_takes. */
gboolean channel_send (struct channel *channel, enum protocol_kind kind, guint32 serial, const char *method,
                       GVariant *fields, GUnixFDList *fds);
gboolean channel_unsent (struct channel *channel); /* wait for writability and flush */
gboolean channel_flush (struct channel *channel);  /* FALSE: the peer has gone */
gboolean channel_flush_wait (struct channel *channel);
enum channel_result channel_receive (struct channel *channel, struct channel_message **message_out);
/* timeout_ms -1: for ever. CHANNEL_AGAIN: the time has passed. */
enum channel_result channel_receive_wait (struct channel *channel, int timeout_ms,
                                          struct channel_message **message_out);
void channel_free (struct channel *channel);
DEFINE_AUTOFREE (channel, channel_free)

/* "FAIL" and back. */
GVariant *channel_error_fields (const GError *error);
GError *channel_error_from (GVariant *fields);
