/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* From a message's file to its view: the keys worker inspects it, anew where something was learnt about its signers, and filters turn its
 * HTML into text, a process for each part. */
#include "mail/engine/reading.h"

#include <fcntl.h>

#include "mail/engine/pace.h"
#include "mail/engine/revocation.h"
#include "mail/engine/unpack.h"
#include "mail/message/message.h"

#define FILTERS_MAX 20                       /* HTML parts of one message that are shown */
#define FILTERS_TIME_US (3 * G_USEC_PER_SEC) /* of all of them together; the last may end later */
#define UNPACK_TIME_US (2 * G_USEC_PER_SEC)  /* since its text is made, in which a look into a container may begin */
#define LOOKS_MAX 3 /* times that one message is inspected: a responder may send us on to a list */

static void
unpacked (GVariant *view, gpointer data)
{
  struct reading *reading = data;
  reading->finished (reading, view);
  g_variant_unref (view);
}

static void segments_next (struct reading *reading);

static gboolean
free_filter (gpointer data)
{
  supervised_free (data);
  return G_SOURCE_REMOVE;
}

/* The segment's html becomes text, or a sentence why not. */
static void
set_segment_text (struct reading *reading, guint which, const char *text)
{
  GVariant *segment = g_ptr_array_index (reading->segments, which);
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (segment);
  g_variant_dict_remove (&dict, "html");
  g_variant_dict_insert (&dict, "kind", "s", "text");
  g_variant_dict_insert (&dict, "text", "s", text);
  g_variant_unref (segment);
  reading->segments->pdata[which] = g_variant_ref_sink (g_variant_dict_end (&dict));
}

static void
on_filtered (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct reading *reading = data;
  const char *text = "";
  if (error == NULL)
    (void) g_variant_lookup (reply, "text", "&s", &text);
  set_segment_text (reading, reading->next,
                    error == NULL ? text
                                  : "[This HTML part could not be turned into text safely, so it is not shown.]");
  g_idle_add (free_filter, g_steal_pointer (&reading->filter)); /* not from within its own call */
  reading->next++;
  segments_next (reading);
}

static GVariant *
start_filter (gpointer owner, GError **error)
{
  return g_variant_new_parsed ("@a{sv} {}");
}

static void
segments_next (struct reading *reading)
{
  static const struct supervised_hooks hooks = { .start = start_filter };
  if (reading->unpack_until_us == 0)
    reading->unpack_until_us = g_get_monotonic_time () + UNPACK_TIME_US * pace ();
  for (; reading->next < reading->segments->len; reading->next++) {
    g_autoptr (GVariant) html = g_variant_lookup_value (g_ptr_array_index (reading->segments, reading->next), "html",
                                                        G_VARIANT_TYPE_BYTESTRING);
    if (html == NULL)
      continue;
    if (reading->filters++ >= FILTERS_MAX) {
      set_segment_text (reading, reading->next, "[This message has more HTML parts than are shown.]");
      continue;
    }
    if (reading->filters_until_us == 0)
      reading->filters_until_us = g_get_monotonic_time () + FILTERS_TIME_US;
    else if (g_get_monotonic_time () > reading->filters_until_us) {
      set_segment_text (reading, reading->next,
                        "[The HTML parts before this one took so long that this one is not shown.]");
      continue;
    }
    reading->filter = supervised_new (PEER_FILTER, "filter", "The part that reads HTML", &hooks, NULL);
    supervised_call (reading->filter, "html", g_variant_new_parsed ("{'html': <%@ay>}", html), NULL, NULL, on_filtered,
                     reading);
    return;
  }
  g_autoptr (GVariant) segments = g_variant_ref_sink (g_variant_new_array (
      G_VARIANT_TYPE_VARDICT, (GVariant *const *) reading->segments->pdata, reading->segments->len));
  g_autoptr (GVariant) view = g_variant_ref_sink (message_finish_view (reading->view, segments));
  unpack_view (reading->core, reading->request, view, reading->unpack_until_us, reading_part_fields, unpacked, reading);
}

static void inspect_again (struct reading *reading);

/* The verdict stands as it is, or is worth another look. */
static void
on_learnt (gpointer data, gboolean more)
{
  struct reading *reading = data;
  if (more && reading->looks < LOOKS_MAX)
    inspect_again (reading);
  else
    segments_next (reading);
}

/* Is there anything to fetch about the signers, and time for it? Then the message is inspected again afterwards. */
static gboolean
fetch_wanted (struct reading *reading, GVariant *reply)
{
  g_autoptr (GVariant) wants = core_rows (reply, "wants");
  const gint64 now = g_get_monotonic_time ();
  if (g_variant_n_children (wants) == 0 || reading->looks >= LOOKS_MAX)
    return FALSE;
  if (reading->look_end == 0)
    reading->look_end = now + (gint64) REVOCATION_WAIT_MS * 1000 * pace ();
  if (now >= reading->look_end)
    return FALSE;
  /* The first round leaves time for a second: where a responder is silent, a list may still be had. */
  const gint64 left_ms = (reading->look_end - now) / 1000 / (reading->looks == 1 ? 2 : 1);
  revocation_fetch (reading->core, wants, (guint) left_ms + 1, on_learnt, reading);
  return TRUE;
}

static void
on_inspected (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct reading *reading = data;
  if (error != NULL) {
    reading_fail (reading, error);
    return;
  }
  reading->looks++;
  g_clear_pointer (&reading->view, g_variant_unref);
  g_clear_pointer (&reading->origin, g_variant_unref);
  g_clear_pointer (&reading->segments, g_ptr_array_unref);
  reading->view = g_variant_lookup_value (reply, "view", G_VARIANT_TYPE_VARDICT);
  reading->origin = g_variant_lookup_value (reply, "origin", G_VARIANT_TYPE_VARDICT);
  reading->segments = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  g_autoptr (GVariant) rows = core_rows (reply, "segments");
  for (gsize i = 0; i < g_variant_n_children (rows); i++)
    g_ptr_array_add (reading->segments, g_variant_get_child_value (rows, i));
  if (!fetch_wanted (reading, reply))
    segments_next (reading);
}

/* fd: taken. */
static void
inspect (struct reading *reading, int fd)
{
  g_autoptr (GUnixFDList) fds = NULL;
  g_autoptr (GVariant) message = g_variant_ref_sink (reading_message_fields (reading, fd, NULL, &fds));
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (message);
  g_variant_dict_insert_value (&dict, "servers", flow_caution_servers (reading->core, reading->account));
  if (reading->missing != NULL)
    g_variant_dict_insert (&dict, "missing", "s", reading->missing);
  GVariant *fields = g_variant_dict_end (&dict);
  supervised_call (reading->core->keys, "inspect", fields, fds, reading->request, on_inspected, reading);
}

static void
inspect_again (struct reading *reading)
{
  int fd = fcntl (reading->again, F_DUPFD_CLOEXEC, 0);
  if (fd >= 0)
    inspect (reading, fd);
  else
    segments_next (reading);
}

void
reading_inspect (struct reading *reading, int fd)
{
  reading->again = fcntl (fd, F_DUPFD_CLOEXEC, 0);
  reading->file = fcntl (fd, F_DUPFD_CLOEXEC, 0);
  inspect (reading, fd);
}
