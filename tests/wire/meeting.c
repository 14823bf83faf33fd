/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* See meeting.h. */
#include "tests/wire/meeting.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static struct secret *
password (void)
{
  return secret_new ("secret", 6);
}

void
meeting_begin (struct meeting *meeting, const char *const *script, guint timeout_ms, const char *certificate,
               const char *private_key, const char *ca)
{
  *meeting = (struct meeting){ .remote = { .host = (char *) "mail.test",
                                           .port = 143,
                                           .starttls = TRUE,
                                           .auth = (char *) "password",
                                           .user = (char *) "alice",
                                           .ca_file = (char *) ca,
                                           .timeout_ms = timeout_ms } };
  int fd;
  meeting->peer = peer_start (script, certificate, private_key, &fd);
  struct stream *stream = stream_new_take (fd, &meeting->remote);
  AUTOFREE (secret) secret = password ();
  meeting->imap = imap_open_over (stream, &meeting->remote, secret, &meeting->error);
  assert_true ((meeting->imap == NULL) == (meeting->error != NULL));
}

void
meeting_part (struct meeting *meeting)
{
  g_clear_pointer (&meeting->imap, imap_close);
  meeting->problem = peer_stop (meeting->peer, &meeting->heard);
}

void
meeting_forget (struct meeting *meeting)
{
  g_clear_error (&meeting->error);
  g_free (meeting->heard);
  g_free (meeting->problem);
}

void
meeting_select (struct meeting *meeting, const char *const *script)
{
  struct imap_selected info;
  g_autoptr (GError) error = NULL;
  meeting_begin (meeting, script, 5000, peer_cert, peer_key, peer_anchors);
  assert_null (meeting->error);
  assert_true (imap_select (meeting->imap, "INBOX", TRUE, &info, &error));
  assert_int_equal (info.uidvalidity, 7);
  assert_int_equal (info.uidnext, 9);
  assert_int_equal (info.exists, 2);
}
