/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Seeds for fuzz_channel: frames as the processes send them, one file a method, in the folder that is named. */
#include "mail/engine/channel.h"
#include <sys/socket.h>
#include <unistd.h>

static const char *const names[]
    = { "hello", "status", "send", "show", "threads", "protect", "key_import", "html", "part", "inspect" };

/* An empty value of each type: what the table asks for, and no more. */
static GVariant *
make_fields (const struct protocol_field *fields)
{
  GVariantBuilder out;
  g_variant_builder_init (&out, G_VARIANT_TYPE_VARDICT);
  for (; fields->name != NULL; fields++) {
    g_autoptr (GVariant) raw
        = g_variant_ref_sink (g_variant_new_from_data (G_VARIANT_TYPE (fields->type), NULL, 0, FALSE, NULL, NULL));
    g_autoptr (GVariant) value = g_variant_get_normal_form (raw);
    g_variant_builder_add (&out, "{sv}", fields->name, value);
  }
  return g_variant_builder_end (&out);
}

static gboolean
store (const char *dir, const char *name, int peer, const struct protocol_method *method)
{
  int fds[2];
  char frames[65536];
  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
    return FALSE;
  AUTOFREE (channel) channel = channel_new (fds[0]);
  frames[0] = 7; /* how the target cuts it */
  (void) channel_send (channel, PROTOCOL_CALL, 1, name, make_fields (method->request), NULL);
  (void) channel_send (channel, PROTOCOL_REPLY, 1, name, make_fields (method->reply), NULL);
  (void) channel_send (channel, PROTOCOL_CANCEL, 2, "", NULL, NULL);
  ssize_t got = read (fds[1], frames + 1, sizeof frames - 1);
  close (fds[1]);
  g_autofree char *path = g_strdup_printf ("%s/%d-%s", dir, peer, name);
  return got > 0 && g_file_set_contents (path, frames, got + 1, NULL);
}

int
main (int argc, char **argv)
{
  for (gsize i = 0; argc == 2 && i < G_N_ELEMENTS (names); i++)
    for (int peer = 0; peer < PEER_COUNT; peer++) {
      const struct protocol_method *method = protocol_method ((enum protocol_peer) peer, names[i]);
      if (method != NULL && !store (argv[1], names[i], peer, method))
        return 1;
    }
  return argc == 2 ? 0 : 2;
}
