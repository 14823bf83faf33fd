/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The line to a server: a socket, then TLS over it, with a limit on bytes and time for whatever is being asked. Net workers only.
 *
 * Nothing but plaintext greetings and STARTTLS may cross it before stream_start_tls. The first failure stays (stream_error) and all
 * later calls fail at once: after it the stream can only be freed. Errors are ENGINE_ERROR_NETWORK or TLS_ERROR_*. */
#pragma once
#include "mail/net/remote.h"

#include <sys/types.h>

struct stream;
enum stream_event { STREAM_DATA, STREAM_TIMEOUT, STREAM_WOKEN, STREAM_LOST };

/* Somebody who is let in while a line waits, as soon as wake_fd is readable: serve does a bounded part of what is there and must not touch
 * this line. Its time does not count as the server's. */
enum stream_served {
  STREAM_GIVE_UP = 0, /* the stream fails */
  STREAM_SERVED,      /* nothing is left that wake_fd would not tell of */
  STREAM_UNSERVED,    /* call again after the server's turn, whatever wake_fd says */
};
typedef enum stream_served (*stream_serve_fn) (gpointer data);
struct stream_guest {
  int wake_fd;
  stream_serve_fn serve;
  gpointer data;
};

/* Connects; with TLS from the first byte if the server is set up so. remote: borrowed for the stream's life. guest: let in meanwhile; NULL. During
 * the handshake nobody can be: a guest then ends it with ENGINE_ERROR_CANCELLED. */
struct stream *stream_open (const struct remote *remote, const struct stream_guest *guest, GError **error);
/* After such an end: serves the guest, and says that it should be tried anew. tries: counts them, from 0. */
gboolean stream_open_again (const struct stream_guest *guest, guint *tries, GError **problem);
/* Over a socket that is there already (tests); never does TLS by itself. */
struct stream *stream_new_take (int fd, const struct remote *remote);
void stream_free (struct stream *stream);
DEFINE_AUTOFREE (stream, stream_free)

/* After the server agreed to STARTTLS. Bytes that came in clear after its agreement were injected: refused. */
gboolean stream_start_tls (struct stream *stream, gboolean unread, GError **error);
gboolean stream_is_tls (const struct stream *stream);
/* "TLSv1.3, the server's key is sha256/…"; the caller's. TLS only. */
char *stream_protection (const struct stream *stream);
/* After the server agreed to compress (RFC 4978), when nothing more had come from it; over TLS alone. What may come in counts as it is afterwards. The
 * secrets of this connection must have been said before: how well something packs can tell what is in it. */
gboolean stream_start_deflate (struct stream *stream);
gboolean stream_is_deflated (const struct stream *stream);
/* What may come in from now on, and by when: for each command anew. */
void stream_allow (struct stream *stream, guint64 bytes, guint seconds);
void stream_allow_until (struct stream *stream, guint64 bytes, gint64 until); /* of g_get_monotonic_time */
/* Decrypted bytes wait inside, of which no poll of the socket tells. */
gboolean stream_has_pending (const struct stream *stream);
/* At least one byte, or -1; never 0. */
ssize_t stream_read (struct stream *stream, void *buffer, gsize size);
gboolean stream_write (struct stream *stream, const void *bytes, gsize size);
/* One line without its end, at most 8 KB; borrowed until the next call. NULL: see stream_error. Not to be mixed with stream_read. */
const char *stream_line (struct stream *stream);
/* Whether the server has said something that was not read yet, or hung up; waits for nothing. */
gboolean stream_is_ahead (struct stream *stream);
/* The guest is let in while the stream waits, and at most once before what the server has sent is read, so that neither can keep the other
 * away. NULL: no more. */
void stream_set_guest (struct stream *stream, const struct stream_guest *guest);
/* Where no guest may be let in: when fd has been readable for patience_ms of one command, the stream fails, since somebody waits, and a
 * server that takes so long may take for ever. -1: nobody does. */
void stream_set_waiting (struct stream *stream, int fd, guint patience_ms);
/* Until bytes can be read, wake_fd is readable, or timeout_ms has passed. */
enum stream_event stream_wait (struct stream *stream, int wake_fd, gint64 timeout_ms);
const GError *stream_error (const struct stream *stream); /* NULL: none yet */
/* Fails the stream for a reason that the layer above found. */
void stream_fail (struct stream *stream, const char *sentence);
int stream_fd (const struct stream *stream);

/* The line is seen by libetpan as a mailstream: imap_driver.c, smtp_driver.c. */
struct _mailstream;
void stream_etpan_wipe (struct _mailstream *etpan);  /* the buffers, after a credential went through them */
void stream_etpan_close (struct _mailstream *etpan); /* wiped, whatever still lies in them */
