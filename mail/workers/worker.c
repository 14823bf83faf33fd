/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The loop of every worker: read a request, check it against the table, call the role's function, answer. See worker.h. */
#include "mail/workers/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/error.h"
#include "crypto/guard/secret.h"
#include "mail/engine/channel.h"
#include "mail/workers/sandbox.h"

#define SERVE_MAX 8 /* requests answered in one turn of worker_serve */

struct worker {
  const struct worker_role *role;
  struct channel *channel;
  gpointer state;
  gboolean started;
  struct channel_message *call; /* the one under way */
  GUnixFDList *reply_fds;       /* of the reply being made */
  GQueue waiting;               /* struct channel_message *: came while a person was asked */
  guint asks;
};

void
worker_set_state (struct worker *worker, gpointer state)
{
  worker->state = state;
}

gpointer
worker_state (struct worker *worker)
{
  return worker->state;
}

int
worker_fd (struct worker *worker)
{
  return channel_fd (worker->channel);
}

int
worker_fd_at (struct worker *worker, gint32 handle)
{
  gint count = 0;
  const int *fds = g_unix_fd_list_peek_fds (worker->call->fds, &count);
  return handle >= 0 && handle < count ? fds[handle] : -1;
}

int
worker_arg_fd (struct worker *worker, GVariant *args, const char *field)
{
  gint32 handle = -1;
  return g_variant_lookup (args, field, "h", &handle) ? worker_fd_at (worker, handle) : -1;
}

gint32
worker_reply_fd_take (struct worker *worker, int fd)
{
  gint handle = g_unix_fd_list_append (worker->reply_fds, fd, NULL);
  close (fd);
  return handle;
}

gboolean
worker_emit (struct worker *worker, const char *event, GVariant *fields)
{
  return channel_send (worker->channel, PROTOCOL_EVENT, 0, event, fields, NULL) && channel_flush_wait (worker->channel);
}

struct secret *
worker_ask (struct worker *worker, const char *kind, const char *text)
{
  GVariantBuilder builder;
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  guint32 ask = ++worker->asks;
  g_variant_builder_add (&builder, "{sv}", "ask", g_variant_new_uint32 (ask));
  g_variant_builder_add (&builder, "{sv}", "kind", g_variant_new_string (kind));
  g_variant_builder_add (&builder, "{sv}", "text", g_variant_new_string (text));
  if (!channel_send (worker->channel, PROTOCOL_ASK, worker->call->serial, "ask", g_variant_builder_end (&builder), NULL)
      || !channel_flush_wait (worker->channel))
    return NULL;
  struct channel_message *message;
  while (channel_receive_wait (worker->channel, -1, &message) == CHANNEL_MESSAGE) {
    guint32 which = 0;
    if (message->kind != PROTOCOL_ANSWER || !g_variant_lookup (message->fields, "ask", "u", &which) || which != ask) {
      g_queue_push_tail (&worker->waiting, message);
      continue;
    }
    const char *answer = NULL;
    struct secret *secret = NULL;
    if (g_variant_lookup (message->fields, "answer", "&s", &answer))
      secret = secret_new (answer, strlen (answer));
    channel_message_free (message);
    return secret;
  }
  return NULL;
}

/* Errors of the rooms below, as the codes that a client can act on. */
static enum engine_error
error_code (const GError *error)
{
  if (error->domain == ENGINE_ERROR)
    return (enum engine_error) error->code;
  if (error->domain != CRYPTO_ERROR)
    return ENGINE_ERROR_FAILED;
  switch ((enum crypto_error) error->code) {
  case CRYPTO_ERROR_PASSPHRASE:
    return ENGINE_ERROR_PASSPHRASE;
  case CRYPTO_ERROR_NO_KEY:
    return ENGINE_ERROR_NOT_FOUND;
  case CRYPTO_ERROR_HELD:
    return ENGINE_ERROR_HELD;
  case TLS_ERROR_HANDSHAKE:
  case TLS_ERROR_UNTRUSTED:
  case TLS_ERROR_EXPIRED:
  case TLS_ERROR_HOSTNAME:
  case TLS_ERROR_REVOKED:
  case TLS_ERROR_PIN:
    return ENGINE_ERROR_TLS;
  case CRYPTO_ERROR_FAILED:
  case CRYPTO_ERROR_FORMAT:
  case CRYPTO_ERROR_INTEGRITY:
  case CRYPTO_ERROR_CARD:
    return ENGINE_ERROR_FAILED;
  }
  return ENGINE_ERROR_FAILED;
}

static gboolean
enter_sandbox (struct worker *worker, GVariant *config, GError **error)
{
  struct sandbox sandbox;
  sandbox_init (&sandbox);
  worker->role->sandbox (config, &sandbox);
  gboolean done = sandbox_enter (&sandbox, error);
  sandbox_clear (&sandbox);
  return done;
}

static GVariant *
start (struct worker *worker, GVariant *config, GError **error)
{
  if (worker->started || !enter_sandbox (worker, config, error))
    return NULL;
  GVariant *reply = worker->role->start (worker, config, error);
  worker->started = reply != NULL;
  return reply;
}

static GVariant *
run_method (struct worker *worker, struct channel_message *call, GError **error)
{
  const struct protocol_method *method = protocol_method (worker->role->peer, call->method);
  if (method == NULL) {
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_USAGE, "The %s worker has no method “%s”.",
                 protocol_peer_name (worker->role->peer), call->method);
    return NULL;
  }
  if (!protocol_check (method->request, call->fields, error))
    return NULL;
  if (strcmp (call->method, "start") == 0)
    return start (worker, call->fields, error);
  for (const struct worker_method *own = worker->role->methods; worker->started && own->name != NULL; own++)
    if (strcmp (own->name, call->method) == 0)
      return own->run (worker, call->fields, error);
  g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_USAGE, "The %s worker cannot answer “%s” now.",
               protocol_peer_name (worker->role->peer), call->method);
  return NULL;
}

static gboolean
answer (struct worker *worker, struct channel_message *call)
{
  g_autoptr (GError) error = NULL;
  worker->call = call;
  worker->reply_fds = g_unix_fd_list_new ();
  GVariant *reply = run_method (worker, call, &error);
  if (reply == NULL && error == NULL)
    g_set_error (&error, ENGINE_ERROR, ENGINE_ERROR_FAILED, "The %s worker failed without a reason.",
                 protocol_peer_name (worker->role->peer));
  if (error != NULL && error->domain != ENGINE_ERROR) {
    enum engine_error code = error_code (error);
    error->domain = ENGINE_ERROR;
    error->code = (gint) code;
  }
  if (worker->role->after != NULL && worker->started)
    worker->role->after (worker);
  if (reply != NULL && !channel_takes (reply, worker->reply_fds, &error))
    g_clear_pointer (&reply, g_variant_unref);
  gboolean done
      = channel_send (worker->channel, reply != NULL ? PROTOCOL_REPLY : PROTOCOL_FAIL, call->serial, call->method,
                      reply != NULL ? reply : channel_error_fields (error), reply != NULL ? worker->reply_fds : NULL);
  done = done && channel_flush_wait (worker->channel);
  g_clear_object (&worker->reply_fds);
  worker->call = NULL;
  channel_message_free (call);
  return done;
}

gboolean
worker_has_waiting (const struct worker *worker)
{
  return worker->waiting.length > 0;
}

gboolean
worker_is_called (struct worker *worker)
{
  struct channel_message *message = NULL;
  if (worker->waiting.length == 0 && channel_receive (worker->channel, &message) == CHANNEL_MESSAGE)
    g_queue_push_tail (&worker->waiting, message);
  return worker->waiting.length > 0;
}

/* Whether a request may be answered in the middle of another one. */
static gboolean
fits_inside (const struct worker *worker, const struct channel_message *call, const struct channel_message *outer)
{
  const char *const *alone = worker->role->alone;
  return call->kind == PROTOCOL_CALL && (outer == NULL || strcmp (call->method, outer->method) != 0)
         && (alone == NULL || !g_strv_contains (alone, call->method));
}

enum worker_served
worker_serve (struct worker *worker)
{
  struct channel_message *message = NULL, *outer = worker->call;
  GUnixFDList *outer_fds = g_steal_pointer (&worker->reply_fds);
  enum worker_served served = WORKER_MORE;
  for (guint i = 0; i < SERVE_MAX && served == WORKER_MORE; i++) {
    enum channel_result result = channel_receive (worker->channel, &message);
    if (result == CHANNEL_AGAIN)
      served = WORKER_SERVED;
    else if (result != CHANNEL_MESSAGE)
      served = WORKER_GONE;
    else if (!fits_inside (worker, message, outer))
      g_queue_push_tail (&worker->waiting, message);
    else if (!answer (worker, message))
      served = WORKER_GONE;
  }
  worker->call = outer;
  worker->reply_fds = outer_fds;
  return served;
}

/* The next request; waits for it, or lets the role do its idle work meanwhile. NULL: the engine has gone. */
static struct channel_message *
next_call (struct worker *worker)
{
  for (;;) {
    struct channel_message *message = g_queue_pop_head (&worker->waiting);
    if (message == NULL) {
      gboolean idle = worker->role->idle != NULL && worker->started;
      enum channel_result result
          = idle ? channel_receive (worker->channel, &message) : channel_receive_wait (worker->channel, -1, &message);
      if (result == CHANNEL_CLOSED)
        return NULL;
      if (result == CHANNEL_AGAIN) {
        worker->role->idle (worker);
        continue;
      }
    }
    if (message->kind == PROTOCOL_CALL)
      return message;
    channel_message_free (message); /* a late answer, or a cancel: who cancels kills */
  }
}

int
worker_run (const struct worker_role *role, int fd)
{
  (void) prctl (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (getppid () == 1)
    return 0; /* the engine died before that was set */
  (void) signal (SIGPIPE, SIG_IGN);
  (void) signal (SIGINT, SIG_IGN); /* Ctrl-C belongs to the screen */
  struct worker worker = { .role = role, .channel = channel_new (fd) };
  g_queue_init (&worker.waiting);
  struct channel_message *call;
  while ((call = next_call (&worker)) != NULL)
    if (!answer (&worker, call))
      break;
  if (role->stop != NULL && worker.started)
    role->stop (&worker);
  g_queue_clear_full (&worker.waiting, (GDestroyNotify) channel_message_free);
  channel_free (worker.channel);
  return 0;
}

gboolean
worker_check_fd (int fd, gsize size_max, gsize *size_out_or_null, GError **error)
{
  struct stat info;
  if (fd < 0 || fstat (fd, &info) != 0 || !S_ISREG (info.st_mode)) {
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_USAGE, "That is not a file that can be read.");
    return FALSE;
  }
  if ((guint64) info.st_size > size_max) {
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_FAILED,
                 "The file is larger than %" G_GSIZE_FORMAT " MB, which is the most that is read.", size_max >> 20);
    return FALSE;
  }
  if (size_out_or_null != NULL)
    *size_out_or_null = (gsize) info.st_size;
  return TRUE;
}

GBytes *
worker_read_fd (int fd, gsize size_max, GError **error)
{
  gsize size = 0, done = 0;
  if (!worker_check_fd (fd, size_max, &size, error))
    return NULL;
  guint8 *bytes = g_malloc (size + 1);
  while (done < size) {
    ssize_t got = pread (fd, bytes + done, size - done, (off_t) done);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0) {
      g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_FAILED, "A file could not be read: %s.", g_strerror (errno));
      g_free (bytes);
      return NULL;
    }
    if (got == 0)
      break;
    done += (gsize) got;
  }
  bytes[done] = 0;
  return g_bytes_new_take (bytes, done);
}

struct mapping {
  void *at;
  gsize size;
};

static void
unmap (gpointer data)
{
  struct mapping *mapping = data;
  (void) munmap (mapping->at, mapping->size);
  g_free (mapping);
}

GBytes *
worker_map_fd (int fd, gsize size_max, GError **error)
{
  const int wanted = F_SEAL_SHRINK | F_SEAL_WRITE;
  const int seals = fd >= 0 ? fcntl (fd, F_GET_SEALS) : -1; /* -1: no memory file */
  gsize size = 0;
  if (!worker_check_fd (fd, size_max, &size, error))
    return NULL;
  if (seals < 0 || (seals & wanted) != wanted || size == 0)
    return worker_read_fd (fd, size_max, error);
  void *at = mmap (NULL, size, PROT_READ, MAP_SHARED, fd, 0);
  if (at == MAP_FAILED)
    return worker_read_fd (fd, size_max, error);
  struct mapping *mapping = g_new (struct mapping, 1);
  *mapping = (struct mapping){ at, size };
  return g_bytes_new_with_free_func (at, size, unmap, mapping);
}

GVariant *
worker_reply_nothing (void)
{
  return g_variant_new ("a{sv}", NULL);
}

GVariant *
worker_reply_one (const char *name, GVariant *value)
{
  GVariantBuilder fields;
  g_variant_builder_init (&fields, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&fields, "{sv}", name, value);
  return g_variant_builder_end (&fields);
}

int
worker_memfd (const char *name, const void *bytes, gsize size, GError **error)
{
  int fd = memfd_create (name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  gsize done = 0;
  while (fd >= 0 && done < size) {
    ssize_t wrote = write (fd, (const guint8 *) bytes + done, size - done);
    if (wrote < 0 && errno == EINTR)
      continue;
    if (wrote <= 0)
      break;
    done += (gsize) wrote;
  }
  if (fd < 0 || done < size || lseek (fd, 0, SEEK_SET) != 0) {
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_FAILED, "There is not enough memory to pass on a message: %s.",
                 g_strerror (errno));
    if (fd >= 0)
      close (fd);
    return -1;
  }
  (void) fcntl (fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
  return fd;
}
