/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The OpenPGP engine: contexts of GPGME, data in memory, and how a passphrase is asked for. */
#include "crypto/pgp/pgp_p.h"
#include "crypto/guard/secret.h"
#include <errno.h>
#include <string.h>

static gboolean
start_gpgme (GError **error)
{
  static gsize once = 0;
  if (g_once_init_enter (&once)) {
    /* 2: usable, 1: not. */
    const gboolean usable = gpgme_check_version ("1.18.0") != NULL
                            && gpgme_engine_check_version (GPGME_PROTOCOL_OpenPGP) == GPG_ERR_NO_ERROR;
    g_once_init_leave (&once, usable ? 2 : 1);
  }
  if (once == 2)
    return TRUE;
  g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED,
               "OpenPGP cannot be used, as gpg is missing or too old. Install it: apt install gnupg");
  return FALSE;
}

struct pgp_engine *
pgp_engine_open (const char *keys_dir, GError **error)
{
  if (!start_gpgme (error))
    return NULL;
  AUTOFREE (pgp_engine) engine = g_new0 (struct pgp_engine, 1);
  if (!pgp_home_open (engine, keys_dir, error))
    return NULL;
  return g_steal_pointer (&engine);
}

void
pgp_engine_free (struct pgp_engine *engine)
{
  if (engine == NULL)
    return;
  g_clear_pointer (&engine->keys, g_ptr_array_unref);
  g_clear_pointer (&engine->foreign, g_ptr_array_unref);
  g_free (engine->card);
  pgp_home_close (engine);
  g_free (engine);
}

void
pgp_engine_set_ask (struct pgp_engine *engine, keyring_ask_fn ask, gpointer data)
{
  engine->ask = ask;
  engine->ask_data = data;
}

static gpgme_error_t
answer (int fd, const struct secret *secret)
{
  if (gpgme_io_writen (fd, secret_peek (secret), secret_size (secret)) != 0 || gpgme_io_writen (fd, "\n", 1) != 0)
    return gpgme_error_from_errno (errno);
  return GPG_ERR_NO_ERROR;
}

/* hint: a key's id and its owner. */
static struct secret *
ask_for_key (struct pgp_engine *engine, const char *hint)
{
  const char *owner = strchr (hint, ' ');
  g_autofree char *text = g_strdup_printf ("Passphrase of your OpenPGP key (%s)", owner != NULL ? owner + 1 : hint);
  return engine->ask (text, engine->ask_data);
}

static gpgme_error_t
on_passphrase (void *data, const char *hint, const char *info, int was_bad, int fd)
{
  struct pgp_engine *engine = data;
  if (engine->card != NULL && !was_bad && !engine->asked) {
    g_autofree char *text = g_strdup_printf ("PIN of the card “%s”", engine->card);
    AUTOFREE (secret) pin = engine->ask != NULL ? engine->ask (text, engine->ask_data) : NULL;
    engine->asked = TRUE;
    engine->given = pin != NULL;
    return pin != NULL ? answer (fd, pin) : gpgme_error (GPG_ERR_CANCELED);
  }
  /* One try: whoever asks says what went wrong, and may come again. Without a hint it is not about a key of ours but
   * about a message that was encrypted with a passphrase, and such are not opened. */
  AUTOFREE (secret)
  passphrase
      = engine->ask != NULL && !was_bad && hint != NULL && engine->card == NULL ? ask_for_key (engine, hint) : NULL;
  if (passphrase == NULL)
    return gpgme_error (GPG_ERR_CANCELED);
  return answer (fd, passphrase);
}

static gpgme_error_t
on_given (void *data, const char *hint, const char *info, int was_bad, int fd)
{
  const struct secret *passphrase = data;
  if (was_bad)
    return gpgme_error (GPG_ERR_CANCELED);
  return answer (fd, passphrase);
}

void
pgp_context_give (gpgme_ctx_t context, const struct secret *passphrase)
{
  gpgme_set_passphrase_cb (context, on_given, (void *) passphrase);
}

gpgme_ctx_t
pgp_context_new (struct pgp_engine *engine, GError **error)
{
  AUTOFREE (gpgme_context) context = NULL;
  g_clear_pointer (&engine->card, g_free);
  engine->asked = engine->given = FALSE;
  gpgme_error_t failed = gpgme_new (&context);
  if (failed == 0)
    failed = gpgme_set_protocol (context, GPGME_PROTOCOL_OpenPGP);
  if (failed == 0)
    failed = gpgme_ctx_set_engine_info (context, GPGME_PROTOCOL_OpenPGP, GPG_PATH, engine->home);
  if (failed == 0)
    failed = gpgme_set_pinentry_mode (context, GPGME_PINENTRY_MODE_LOOPBACK);
  if (failed != 0) {
    pgp_set_error (error, CRYPTO_ERROR_FAILED, failed, "OpenPGP could not be started");
    return NULL;
  }
  gpgme_set_offline (context, 1);
  gpgme_set_passphrase_cb (context, on_passphrase, engine);
  return g_steal_pointer (&context);
}

void
pgp_set_error (GError **error, int code, gpgme_error_t reason, const char *what)
{
  const gpgme_err_code_t why = gpgme_err_code (reason);
  if (why == GPG_ERR_BAD_PASSPHRASE || why == GPG_ERR_CANCELED || why == GPG_ERR_NO_PASSPHRASE)
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_PASSPHRASE,
                 "%s: the passphrase of your OpenPGP key is missing or wrong. Try again with the right one.", what);
  else if (reason == 0)
    g_set_error (error, CRYPTO_ERROR, code, "%s.", what);
  else
    g_set_error (error, CRYPTO_ERROR, code, "%s: %s.", what, gpgme_strerror (reason));
}

static ssize_t
sink_write (void *handle, const void *buffer, size_t size)
{
  struct pgp_sink *sink = handle;
  if (size > sink->size_max - sink->bytes->len) {
    sink->full = TRUE;
    errno = EFBIG;
    return -1;
  }
  g_byte_array_append (sink->bytes, buffer, (guint) size);
  return (ssize_t) size;
}

gpgme_data_t
pgp_in_big_pieces (gpgme_data_t data)
{
  gpgme_data_set_flag (data, "io-buffer-size", "65536");
  return data;
}

gpgme_data_t
pgp_sink_open (struct pgp_sink *sink, gsize size_max)
{
  static struct gpgme_data_cbs callbacks = { .write = sink_write };
  *sink = (struct pgp_sink){ .bytes = g_byte_array_new (), .size_max = MIN (size_max, G_MAXINT / 2) };
  gpgme_data_t data = NULL;
  /* NULL, when memory is short, is refused by every operation. */
  return gpgme_data_new_from_cbs (&data, &callbacks, sink) == 0 ? pgp_in_big_pieces (data) : NULL;
}

void
pgp_sink_reserve (struct pgp_sink *sink, gsize size)
{
  g_byte_array_unref (sink->bytes);
  sink->bytes = g_byte_array_sized_new ((guint) MIN (size, sink->size_max));
}

void
pgp_sink_clear (struct pgp_sink *sink)
{
  if (sink->bytes == NULL)
    return;
  secret_wipe (sink->bytes->data, sink->bytes->len);
  g_clear_pointer (&sink->bytes, g_byte_array_unref);
}

GBytes *
pgp_sink_steal (struct pgp_sink *sink)
{
  return g_byte_array_free_to_bytes (g_steal_pointer (&sink->bytes));
}

gpgme_data_t
pgp_source_open (GBytes *bytes)
{
  gpgme_data_t data = NULL;
  gsize size = 0;
  const char *start = g_bytes_get_data (bytes, &size);
  return gpgme_data_new_from_mem (&data, start != NULL ? start : "", size, 0) == 0 ? pgp_in_big_pieces (data) : NULL;
}
