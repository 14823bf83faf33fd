/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes from the other end of a channel: what comes out does not depend on how they were cut, is of the right form, and sent on it comes out
 * the same. What protocol_check lets pass has every field that must be there. */
#include "tests/fuzz/fuzz.h"
#include "mail/engine/channel.h"
#include <sys/socket.h>
#include <unistd.h>

#define INPUT_MAX (32u * 1024) /* fits into the socket at once */
#define MESSAGES_MAX 64

static GPtrArray *
messages_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) channel_message_free);
}

static void
write_all (int fd, const uint8_t *data, size_t size)
{
  while (size > 0) {
    ssize_t wrote = write (fd, data, size);
    FUZZ_TRUE (wrote > 0);
    data += wrote;
    size -= (size_t) wrote;
  }
}

/* TRUE: the channel can go on. */
static gboolean
take_all (struct channel *channel, GPtrArray *messages)
{
  for (;;) {
    struct channel_message *message = NULL;
    enum channel_result result = channel_receive (channel, &message);
    if (result != CHANNEL_MESSAGE)
      return result == CHANNEL_AGAIN;
    g_ptr_array_add (messages, message);
  }
}

/* In pieces of that size. */
static GPtrArray *
receive (const uint8_t *data, size_t size, size_t step)
{
  int fds[2];
  GPtrArray *messages = messages_new ();
  FUZZ_TRUE (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
  AUTOFREE (channel) channel = channel_new (fds[0]);
  gboolean open = TRUE;
  for (size_t at = 0; open && at < size; at += step) {
    write_all (fds[1], data + at, MIN (step, size - at));
    open = take_all (channel, messages);
  }
  close (fds[1]);
  if (open)
    FUZZ_TRUE (!take_all (channel, messages));
  return messages;
}

static void
check_protocol (const struct channel_message *message)
{
  for (int peer = 0; peer < PEER_COUNT; peer++) {
    const struct protocol_method *method = protocol_method ((enum protocol_peer) peer, message->method);
    const struct protocol_field *lists[]
        = { method != NULL ? method->request : NULL, method != NULL ? method->reply : NULL,
            protocol_event ((enum protocol_peer) peer, message->method) };
    for (gsize i = 0; i < G_N_ELEMENTS (lists); i++) {
      g_autoptr (GError) error = NULL;
      gboolean good = lists[i] != NULL && protocol_check (lists[i], message->fields, &error);
      FUZZ_TRUE (lists[i] == NULL || good == (error == NULL));
      for (const struct protocol_field *field = lists[i]; good && field->name != NULL; field++) {
        g_autoptr (GVariant) value
            = g_variant_lookup_value (message->fields, field->name, G_VARIANT_TYPE (field->type));
        FUZZ_TRUE (value != NULL || !field->required);
      }
    }
  }
  g_autoptr (GError) error = channel_error_from (message->fields);
  FUZZ_TRUE (error != NULL && error->message != NULL);
}

static void
check_sent_on (const struct channel_message *message)
{
  int fds[2];
  FUZZ_TRUE (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
  AUTOFREE (channel) from = channel_new (fds[0]);
  AUTOFREE (channel) to = channel_new (fds[1]);
  FUZZ_TRUE (channel_send (from, message->kind, message->serial, message->method, message->fields, NULL));
  AUTOFREE (channel_message) got = NULL;
  FUZZ_TRUE (channel_receive (to, &got) == CHANNEL_MESSAGE);
  FUZZ_TRUE (got->serial == message->serial && got->kind == message->kind
             && strcmp (got->method, message->method) == 0);
  FUZZ_TRUE (g_variant_equal (got->fields, message->fields));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  if (size == 0 || size > INPUT_MAX)
    return 0;
  g_autoptr (GPtrArray) whole = receive (data + 1, size - 1, INPUT_MAX),
                        cut = receive (data + 1, size - 1, data[0] % 61u + 1u);
  FUZZ_TRUE (whole->len == cut->len);
  for (guint i = 0; i < whole->len && i < MESSAGES_MAX; i++) {
    const struct channel_message *message = whole->pdata[i], *other = cut->pdata[i];
    FUZZ_TRUE (g_variant_equal (message->whole, other->whole) && g_utf8_validate (message->method, -1, NULL));
    check_protocol (message);
    check_sent_on (message);
  }
  return 0;
}
