/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The second connection of an account, in IDLE; one socket more to wait for, no thread. */
#include "mail/workers/imap_watch.h"

#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#define ANSWER_S 10     /* the server's time to say what there is; the first connection waits meanwhile */
#define PATIENCE_MS 500 /* of an engine that wants something meanwhile: then the second connection is given up */
#define RENEW_S 1500    /* RFC 2177: less than 29 minutes */
#define AGAIN_S 600     /* after it was lost */
#define REFUSED_S 3600  /* after it was refused */

struct imap_watch {
  const struct remote *server;
  const struct secret *secret;
  struct imap *imap; /* NULL: none */
  int wake_fd;       /* the engine's */
  int fd;            /* of epoll; -1: there is none, and never a second connection */
  gboolean told;     /* its socket is left out until imap_watch_take */
  gint64 next_try_s, renew_s;
};

static gint64
now_s (void)
{
  return g_get_monotonic_time () / G_USEC_PER_SEC;
}

struct imap_watch *
imap_watch_new (int wake_fd, const struct remote *server, const struct secret *secret)
{
  struct imap_watch *watch = g_new0 (struct imap_watch, 1);
  struct epoll_event event = { .events = EPOLLIN };
  watch->server = server;
  watch->secret = secret;
  watch->wake_fd = wake_fd;
  watch->fd = epoll_create1 (EPOLL_CLOEXEC);
  if (watch->fd >= 0 && epoll_ctl (watch->fd, EPOLL_CTL_ADD, wake_fd, &event) == 0)
    return watch;
  if (watch->fd >= 0)
    (void) close (watch->fd);
  watch->fd = -1;
  return watch;
}

void
imap_watch_free (struct imap_watch *watch)
{
  imap_watch_close (watch);
  if (watch->fd >= 0)
    (void) close (watch->fd);
  g_free (watch);
}

int
imap_watch_fd (const struct imap_watch *watch)
{
  return watch->fd;
}

gboolean
imap_watch_is_on (const struct imap_watch *watch)
{
  return watch->imap != NULL;
}

gboolean
imap_watch_is_due (const struct imap_watch *watch)
{
  return watch->fd >= 0 && watch->imap == NULL && now_s () >= watch->next_try_s;
}

static void
listen_again (struct imap_watch *watch)
{
  struct epoll_event event = { .events = EPOLLIN };
  watch->told = FALSE;
  watch->renew_s = now_s () + RENEW_S;
  if (epoll_ctl (watch->fd, EPOLL_CTL_ADD, imap_fd (watch->imap), &event) != 0)
    imap_watch_close (watch);
}

static void
keep_silent (struct imap_watch *watch)
{
  if (!watch->told)
    (void) epoll_ctl (watch->fd, EPOLL_CTL_DEL, imap_fd (watch->imap), NULL);
  watch->told = TRUE;
}

void
imap_watch_open (struct imap_watch *watch, const struct stream_guest *guest)
{
  struct imap_selected info;
  gboolean changed = FALSE;
  watch->next_try_s = now_s () + REFUSED_S;
  watch->imap = imap_open (watch->server, watch->secret, guest, NULL);
  if (watch->imap == NULL)
    return;
  imap_set_waiting (watch->imap, watch->wake_fd, PATIENCE_MS);
  g_autofree char *name = imap_server_name (watch->imap); /* it hears who we are where nobody waits for it */
  if (!imap_select (watch->imap, "INBOX", TRUE, &info, NULL)
      || !imap_idle_begin (watch->imap, ANSWER_S, &changed, NULL)) {
    imap_watch_close (watch);
    return;
  }
  watch->next_try_s = 0;
  listen_again (watch);
}

void
imap_watch_close (struct imap_watch *watch)
{
  if (watch->imap == NULL)
    return;
  keep_silent (watch);
  g_clear_pointer (&watch->imap, imap_close);
}

gboolean
imap_watch_has_news (struct imap_watch *watch)
{
  if (watch->imap == NULL)
    return FALSE;
  if (!watch->told && !imap_idle_has_more (watch->imap) && now_s () < watch->renew_s)
    return FALSE;
  keep_silent (watch);
  return TRUE;
}

gboolean
imap_watch_take (struct imap_watch *watch)
{
  gboolean changed = FALSE;
  if (watch->imap == NULL)
    return FALSE;
  keep_silent (watch);
  if (!imap_idle_end (watch->imap, ANSWER_S, &changed, NULL)
      || !imap_idle_begin (watch->imap, ANSWER_S, &changed, NULL)) {
    imap_watch_close (watch);
    watch->next_try_s = now_s () + AGAIN_S;
    return TRUE;
  }
  listen_again (watch);
  return changed;
}
