/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The seconds in which a message that was sent can be taken back: it lies in the outbox, durably, and the window waits in the background
 * with all that was typed. Leaving wardmail meanwhile changes nothing: the engine sends it. */
#include "ui/views/changes.h"
#include "ui/views/compose_p.h"
#include "ui/views/fields.h"

#define GRACE_MS 500 /* the engine's clock and this one are not the same */

static void
over (struct view *view)
{
  struct compose *compose = (struct compose *) view;
  if (!compose->taking_back && app_in_background (view))
    app_end (view);
}

static void take_back (struct view *view);

static void
taken_back (struct view *view, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct compose *compose = (struct compose *) view;
  compose->taking_back = FALSE;
  app_work_done (view->app);
  if (reply == NULL && g_error_matches (error, ENGINE_ERROR, ENGINE_ERROR_LOST)
      && compose->lost++ < COMPOSE_LOST_TRIES) {
    take_back (view);
    return;
  }
  if (reply != NULL && fields_flag (reply, "gone")) {
    g_clear_pointer (&compose->outbox_id, g_free);
    compose->changed = compose->dirty = TRUE;
    compose->tried = FALSE; /* nobody has it */
    compose->lost = 0;
    compose_kept_as (compose, reply);
    app_foreground (view);
    app_notice (view->app, NOTICE_INFO, "Taken back: nothing was sent to anybody. The message is here again.");
    return;
  }
  /* The engine died over it, and who knows what it had done. Sent again, the message is known by its Message-ID. */
  if (reply == NULL && compose->lost > 0) {
    compose->changed = TRUE;
    app_foreground (view);
    app_notice (view->app, NOTICE_WARN, "%s The message is still here; look in Sent before you send it again.",
                error->message);
    return;
  }
  app_notice (view->app, NOTICE_WARN, "%s", error != NULL ? error->message : fields_text (reply, "text"));
  app_end (view);
}

static void
take_back (struct view *view)
{
  struct compose *compose = (struct compose *) view;
  GVariantBuilder args;
  if (compose->outbox_id == NULL || compose->taking_back)
    return;
  g_variant_builder_init (&args, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&args, "{sv}", "id", g_variant_new_string (compose->outbox_id));
  g_variant_builder_add (&args, "{sv}", "what", g_variant_new_string ("take-back"));
  compose->taking_back = TRUE;
  app_notice (view->app, NOTICE_INFO, "Taking it back…");
  app_call (view, "outbox_decide", g_variant_builder_end (&args), NULL, taken_back, NULL);
}

void
compose_undo_wait (struct compose *compose, GVariant *reply)
{
  struct view *view = &compose->view;
  const gint64 undo_us = (gint64) app_settings (view->app)->undo_s * G_USEC_PER_SEC;
  const gint64 left_us = CLAMP (fields_time (reply, "not_before") * G_USEC_PER_SEC - g_get_real_time (), 0, undo_us);
  g_free (compose->outbox_id);
  compose->outbox_id = g_strdup (fields_text (reply, "outbox"));
  compose->changed = compose->dirty = FALSE;
  if (!app_in_background (view)) {
    app_background (view);
    if (!app_in_background (view)) { /* there is nothing to stand on */
      app_close (view);
      return;
    }
  }
  changes_offer (view->app, view, take_back);
  app_timer (view, (guint) (left_us / 1000) + GRACE_MS, over);
  app_count_down (view, left_us);
}
