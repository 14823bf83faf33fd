/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Framing and file descriptors over a socket. See channel.h. */
#include "mail/engine/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mail/engine.h"

#define CHANNEL_MAGIC 0x574d4331u /* "WMC1" */
#define CHANNEL_READ_AT_ONCE (256 * 1024)
#define FRAME_ROOM 4096u /* for what a message has besides its fields */

struct frame_header {
  guint32 magic, size, fds, spare; /* 16 bytes: the GVariant behind it must lie on a multiple of 8 */
};

/* What waits to be written: one frame and the descriptors that go with its first byte. */
struct outgoing {
  GBytes *bytes;
  gsize done;
  GUnixFDList *fds;
};

struct channel {
  int fd;
  GByteArray *in;
  gsize in_used;  /* bytes of in that were handed out already */
  GArray *in_fds; /* int: received, not yet claimed by a message */
  GQueue out;     /* struct outgoing * */
};

struct channel *
channel_new (int fd_take)
{
  struct channel *channel = g_new0 (struct channel, 1);
  channel->fd = fd_take;
  (void) fcntl (fd_take, F_SETFL, fcntl (fd_take, F_GETFL) | O_NONBLOCK);
  (void) fcntl (fd_take, F_SETFD, FD_CLOEXEC);
  channel->in = g_byte_array_sized_new (CHANNEL_READ_AT_ONCE);
  channel->in_fds = g_array_new (FALSE, FALSE, sizeof (int));
  g_queue_init (&channel->out);
  return channel;
}

static void
outgoing_free (gpointer data)
{
  struct outgoing *outgoing = data;
  g_bytes_unref (outgoing->bytes);
  g_clear_object (&outgoing->fds);
  g_free (outgoing);
}

void
channel_free (struct channel *channel)
{
  if (channel == NULL)
    return;
  close (channel->fd);
  for (guint i = 0; i < channel->in_fds->len; i++)
    close (g_array_index (channel->in_fds, int, i));
  g_array_unref (channel->in_fds);
  g_byte_array_unref (channel->in);
  g_queue_clear_full (&channel->out, outgoing_free);
  g_free (channel);
}

int
channel_fd (struct channel *channel)
{
  return channel->fd;
}

void
channel_message_free (struct channel_message *message)
{
  if (message == NULL)
    return;
  g_clear_pointer (&message->fields, g_variant_unref);
  g_clear_pointer (&message->whole, g_variant_unref);
  g_clear_object (&message->fds);
  g_free (message);
}

/* One sendmsg of what is left of a frame; the descriptors go with its first byte. */
static ssize_t
outgoing_write (int fd, struct outgoing *outgoing)
{
  gsize size;
  const guint8 *bytes = g_bytes_get_data (outgoing->bytes, &size);
  struct iovec iov = { .iov_base = (void *) (bytes + outgoing->done), .iov_len = size - outgoing->done };
  struct msghdr header = { .msg_iov = &iov, .msg_iovlen = 1 };
  union {
    struct cmsghdr align;
    char space[CMSG_SPACE (sizeof (int) * PROTOCOL_FDS_MAX)];
  } control;
  gint count = 0;
  if (outgoing->done == 0 && outgoing->fds != NULL) {
    const int *fds = g_unix_fd_list_peek_fds (outgoing->fds, &count);
    if (count > 0) {
      memset (&control, 0, sizeof control);
      header.msg_control = control.space;
      header.msg_controllen = CMSG_SPACE (sizeof (int) * (gsize) count);
      struct cmsghdr *cmsg = CMSG_FIRSTHDR (&header);
      cmsg->cmsg_level = SOL_SOCKET;
      cmsg->cmsg_type = SCM_RIGHTS;
      cmsg->cmsg_len = CMSG_LEN (sizeof (int) * (gsize) count);
      memcpy (CMSG_DATA (cmsg), fds, sizeof (int) * (gsize) count);
    }
  }
  ssize_t done;
  do
    done = sendmsg (fd, &header, MSG_NOSIGNAL);
  while (done < 0 && errno == EINTR);
  return done;
}

gboolean
channel_flush (struct channel *channel)
{
  struct outgoing *first;
  while ((first = g_queue_peek_head (&channel->out)) != NULL) {
    ssize_t done = outgoing_write (channel->fd, first);
    if (done < 0)
      return errno == EAGAIN || errno == EWOULDBLOCK;
    first->done += (gsize) done;
    if (first->done == g_bytes_get_size (first->bytes))
      outgoing_free (g_queue_pop_head (&channel->out));
  }
  return TRUE;
}

gboolean
channel_unsent (struct channel *channel)
{
  return !g_queue_is_empty (&channel->out);
}

gboolean
channel_flush_wait (struct channel *channel)
{
  while (channel_flush (channel)) {
    if (!channel_unsent (channel))
      return TRUE;
    struct pollfd wait = { .fd = channel->fd, .events = POLLOUT };
    if (poll (&wait, 1, -1) < 0 && errno != EINTR)
      return FALSE;
  }
  return FALSE;
}

gboolean
channel_takes (GVariant *fields, GUnixFDList *fds, GError **error)
{
  gint count = fds != NULL ? g_unix_fd_list_get_length (fds) : 0;
  if (fields != NULL && g_variant_get_size (fields) > PROTOCOL_SIZE_MAX - FRAME_ROOM)
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_USAGE,
                 "That is too big to be handled at once, so nothing was done. Use less of it at a time.");
  else if (count > PROTOCOL_FDS_MAX)
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_USAGE,
                 "These are %d files or copies, and %d can be handled at once; nothing was done. "
                 "Put the files into an archive, or do it in several steps.",
                 count, PROTOCOL_FDS_MAX);
  else
    return TRUE;
  return FALSE;
}

gboolean
channel_send (struct channel *channel, enum protocol_kind kind, guint32 serial, const char *method, GVariant *fields,
              GUnixFDList *fds)
{
  if (fields == NULL)
    fields = g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0);
  g_autoptr (GVariant) whole
      = g_variant_ref_sink (g_variant_new ("(uus@a{sv})", serial, (guint32) kind, method, fields));
  gsize size = g_variant_get_size (whole);
  gint count = fds != NULL ? g_unix_fd_list_get_length (fds) : 0;
  if (size > PROTOCOL_SIZE_MAX || !channel_takes (fields, fds, NULL))
    return FALSE;
  struct frame_header header = { CHANNEL_MAGIC, (guint32) size, (guint32) count, 0 };
  guint8 *frame = g_malloc (sizeof header + size);
  memcpy (frame, &header, sizeof header);
  g_variant_store (whole, frame + sizeof header);
  struct outgoing *outgoing = g_new0 (struct outgoing, 1);
  outgoing->bytes = g_bytes_new_take (frame, sizeof header + size);
  outgoing->fds = fds != NULL ? g_object_ref (fds) : NULL;
  g_queue_push_tail (&channel->out, outgoing);
  return channel_flush (channel);
}

/* Keep the descriptors of one recvmsg. FALSE: the peer sends more than anybody claims. */
static gboolean
take_fds (struct channel *channel, struct msghdr *header)
{
  for (struct cmsghdr *cmsg = CMSG_FIRSTHDR (header); cmsg != NULL; cmsg = CMSG_NXTHDR (header, cmsg)) {
    if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
      continue;
    gsize count = (cmsg->cmsg_len - CMSG_LEN (0)) / sizeof (int);
    for (gsize i = 0; i < count; i++) {
      int fd;
      memcpy (&fd, CMSG_DATA (cmsg) + i * sizeof (int), sizeof fd);
      g_array_append_val (channel->in_fds, fd);
    }
  }
  return channel->in_fds->len <= 4 * PROTOCOL_FDS_MAX && (header->msg_flags & MSG_CTRUNC) == 0;
}

/* CHANNEL_MESSAGE here: something was read. */
static enum channel_result
read_some (struct channel *channel)
{
  if (channel->in_used > 0) {
    g_byte_array_remove_range (channel->in, 0, (guint) channel->in_used);
    channel->in_used = 0;
  }
  guint before = channel->in->len;
  g_byte_array_set_size (channel->in, before + CHANNEL_READ_AT_ONCE);
  struct iovec iov = { .iov_base = channel->in->data + before, .iov_len = CHANNEL_READ_AT_ONCE };
  union {
    struct cmsghdr align;
    char space[CMSG_SPACE (sizeof (int) * PROTOCOL_FDS_MAX)];
  } control;
  struct msghdr header
      = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof control.space };
  ssize_t done;
  do
    done = recvmsg (channel->fd, &header, MSG_CMSG_CLOEXEC);
  while (done < 0 && errno == EINTR);
  int failure = errno;
  g_byte_array_set_size (channel->in, before + (done > 0 ? (guint) done : 0));
  if (done < 0)
    return failure == EAGAIN || failure == EWOULDBLOCK ? CHANNEL_AGAIN : CHANNEL_CLOSED;
  if (done == 0 || !take_fds (channel, &header))
    return CHANNEL_CLOSED;
  return CHANNEL_MESSAGE;
}

static GUnixFDList *
claim_fds (struct channel *channel, guint count)
{
  GUnixFDList *list = count > 0 ? g_unix_fd_list_new_from_array ((int *) (void *) channel->in_fds->data, (gint) count)
                                : g_unix_fd_list_new ();
  if (count > 0)
    g_array_remove_range (channel->in_fds, 0, count);
  return list;
}

/* Take one whole frame out of what was read. CHANNEL_AGAIN: it is not all there yet. */
static enum channel_result
take_frame (struct channel *channel, struct channel_message **message_out)
{
  struct frame_header header;
  const guint8 *start = channel->in->data + channel->in_used;
  gsize there = channel->in->len - channel->in_used;
  if (there < sizeof header)
    return CHANNEL_AGAIN;
  memcpy (&header, start, sizeof header);
  if (header.magic != CHANNEL_MAGIC || header.size > PROTOCOL_SIZE_MAX || header.fds > PROTOCOL_FDS_MAX)
    return CHANNEL_CLOSED;
  if (there < sizeof header + header.size)
    return CHANNEL_AGAIN;
  if (channel->in_fds->len < header.fds)
    return CHANNEL_CLOSED;
  g_autoptr (GBytes) bytes = g_bytes_new (start + sizeof header, header.size);
  channel->in_used += sizeof header + header.size;
  g_autoptr (GVariant) whole
      = g_variant_ref_sink (g_variant_new_from_bytes (G_VARIANT_TYPE (PROTOCOL_MESSAGE_TYPE), bytes, FALSE));
  g_autoptr (GUnixFDList) fds = claim_fds (channel, header.fds);
  if (!g_variant_is_normal_form (whole))
    return CHANNEL_CLOSED;
  struct channel_message *message = g_new0 (struct channel_message, 1);
  guint32 kind;
  g_variant_get (whole, "(uu&s@a{sv})", &message->serial, &kind, &message->method, &message->fields);
  message->kind = (enum protocol_kind) kind;
  message->whole = g_steal_pointer (&whole);
  message->fds = g_steal_pointer (&fds);
  *message_out = message;
  return CHANNEL_MESSAGE;
}

enum channel_result
channel_receive (struct channel *channel, struct channel_message **message_out)
{
  for (;;) {
    enum channel_result result = take_frame (channel, message_out);
    if (result != CHANNEL_AGAIN)
      return result;
    result = read_some (channel);
    if (result != CHANNEL_MESSAGE)
      return result;
  }
}

enum channel_result
channel_receive_wait (struct channel *channel, int timeout_ms, struct channel_message **message_out)
{
  gint64 end = timeout_ms < 0 ? G_MAXINT64 : g_get_monotonic_time () + (gint64) timeout_ms * 1000;
  for (;;) {
    enum channel_result result = channel_receive (channel, message_out);
    if (result != CHANNEL_AGAIN)
      return result;
    gint64 left_ms = timeout_ms < 0 ? -1 : (end - g_get_monotonic_time () + 999) / 1000;
    if (timeout_ms >= 0 && left_ms <= 0)
      return CHANNEL_AGAIN;
    struct pollfd wait = { .fd = channel->fd, .events = (short) (POLLIN | (channel_unsent (channel) ? POLLOUT : 0)) };
    if (poll (&wait, 1, (int) left_ms) < 0 && errno != EINTR)
      return CHANNEL_CLOSED;
    if (channel_unsent (channel) && !channel_flush (channel))
      return CHANNEL_CLOSED;
  }
}

GVariant *
channel_error_fields (const GError *error)
{
  GVariantBuilder builder;
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  guint32 code = error->domain == ENGINE_ERROR ? (guint32) error->code : ENGINE_ERROR_FAILED;
  g_autofree char *text = g_utf8_make_valid (error->message, -1);
  g_variant_builder_add (&builder, "{sv}", "code", g_variant_new_uint32 (code));
  g_variant_builder_add (&builder, "{sv}", "text", g_variant_new_string (text));
  return g_variant_builder_end (&builder);
}

GError *
channel_error_from (GVariant *fields)
{
  guint32 code = ENGINE_ERROR_FAILED;
  const char *text = "Something failed without saying why.";
  (void) g_variant_lookup (fields, "code", "u", &code);
  (void) g_variant_lookup (fields, "text", "&s", &text);
  return g_error_new_literal (ENGINE_ERROR, (gint) code, text);
}
