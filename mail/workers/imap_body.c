/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* See imap_body.h. */
#include "mail/workers/imap_body.h"

#define KEPT_US (60 * G_USEC_PER_SEC)

void
imap_body_clear (struct imap_body *body)
{
  g_clear_pointer (&body->side, imap_close);
}

void
imap_body_rest (struct imap_body *body)
{
  if (body->side != NULL && g_get_monotonic_time () - body->used_us > KEPT_US)
    imap_body_clear (body);
}

static enum sync_body
fetch_aside (struct imap_body *body, struct sync *sync, const struct remote *remote, const struct secret *secret,
             const struct stream_guest *guest, const char *path, char **path_out, GError **error)
{
  g_autoptr (GError) lost = NULL;
  enum sync_body result = SYNC_BODY_FAILED;
  gboolean again = body->side != NULL; /* the server may have closed it meanwhile */
  if (again) {
    result = sync_fetch_body (sync, body->side, path, path_out, &lost);
    again = imap_is_lost (body->side);
    if (again)
      imap_body_clear (body);
    else if (lost != NULL)
      g_propagate_error (error, g_steal_pointer (&lost));
    if (!again)
      return result;
  }
  body->side = imap_open (remote, secret, guest, error);
  if (body->side != NULL)
    result = sync_fetch_body (sync, body->side, path, path_out, error);
  if (body->side != NULL && imap_is_lost (body->side))
    imap_body_clear (body);
  return result;
}

static GVariant *
reply (enum sync_body result, const char *path_or_null, guint64 size)
{
  static const char *const names[] = { "failed", "here", "large", "gone" };
  GVariantBuilder fields;
  g_variant_builder_init (&fields, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&fields, "{sv}", "state", g_variant_new_string (names[result]));
  g_variant_builder_add (&fields, "{sv}", "size", g_variant_new_uint64 (size));
  if (path_or_null != NULL)
    g_variant_builder_add (&fields, "{sv}", "path", g_variant_new_string (path_or_null));
  return g_variant_builder_end (&fields);
}

GVariant *
imap_body_fetch (struct imap_body *body, struct sync *sync, struct imap *idle, const struct remote *remote,
                 const struct secret *secret, const struct stream_guest *guest, const char *path, GError **error)
{
  g_autofree char *whole = NULL;
  g_autoptr (GError) problem = NULL;
  guint64 size = 0;
  enum sync_body result = sync_look_body (sync, path, &whole, &size, &problem);
  if (result == SYNC_BODY_FAILED && problem == NULL && idle != NULL) {
    result = sync_fetch_body (sync, idle, path, &whole, &problem);
    if (problem != NULL && imap_is_lost (idle)) /* it had died unnoticed */
      g_clear_error (&problem);
  }
  if (result == SYNC_BODY_FAILED && problem == NULL)
    result = fetch_aside (body, sync, remote, secret, guest, path, &whole, &problem);
  body->used_us = g_get_monotonic_time ();
  if (result != SYNC_BODY_FAILED)
    return reply (result, whole, size);
  g_propagate_error (error, g_steal_pointer (&problem));
  return NULL;
}
