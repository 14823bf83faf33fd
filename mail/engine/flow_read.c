/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading at the door: find the file, let the keys worker open it, let a filter turn its HTML into text. */
#include "mail/engine/core.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "mail/engine/pace.h"
#include "mail/engine/revocation.h"
#include "mail/engine/unpack.h"
#include "mail/message/message.h"
#include "mail/message/receipt.h"
#include "mail/store/maildir.h"

#define FETCH_WAIT_S 20                      /* for the body of a mail whose header alone is here */
#define FETCH_WAIT_SHOW_S 3                  /* ... where the header is shown meanwhile */
#define FILTERS_MAX 20                       /* HTML parts of one message that are shown */
#define FILTERS_TIME_US (3 * G_USEC_PER_SEC) /* of all of them together; the last may end later */
#define UNPACK_TIME_US (2 * G_USEC_PER_SEC)  /* since its text is made, in which a look into a container may begin */
#define LOOKS_MAX 3 /* times that one message is inspected: a responder may send us on to a list */

struct reading;

struct reading {
  struct core *core;
  struct request *request;
  void (*opened) (struct reading *reading, int fd); /* fd: owned by the callee */
  GVariant *view, *origin;                          /* a{sv} of the keys worker */
  struct core_account *account;                     /* whose mail it is; NULL: anybody's */
  char **tags;                                      /* of it; NULL: it is no mail of the index */
  gboolean shows;                                   /* a header is better than nothing */
  char *path;                                       /* of the file that the index knows, until the body is here */
  char *missing;                                    /* why only the header is here; NULL: all of it is */
  GPtrArray *segments;                              /* GVariant *: a{sv}; html ones are replaced by text */
  guint next;
  guint filters;
  gint64 filters_until_us;
  gint64 unpack_until_us; /* 0: no part has been turned into text yet */
  struct supervised *filter;
  void (*finished) (struct reading *reading, GVariant *view);
  int again;       /* the file, as long as something may be learnt about its signers; else -1 */
  guint looks;     /* times that it was inspected */
  gint64 look_end; /* when fetching ends, by the monotonic clock; 0: it has not begun */

  int file;    /* the mail, for the parts that are asked for one by one; -1: none */
  guint which; /* of the files in a container, the one that is wanted; 0: the part itself */
  supervised_done_fn handed_out;
  GVariant *draft;    /* that forwards it */
  GPtrArray *carried; /* char *: ids of the parts that go along */
  guint carried_next, left_behind;
  GVariantBuilder attachments; /* a(ssh), once carried is there */
  GUnixFDList *attached;
};

static void
reading_free (struct reading *reading)
{
  request_unref (reading->request);
  g_clear_pointer (&reading->view, g_variant_unref);
  g_clear_pointer (&reading->origin, g_variant_unref);
  g_clear_pointer (&reading->segments, g_ptr_array_unref);
  g_clear_pointer (&reading->draft, g_variant_unref);
  if (reading->carried != NULL)
    g_variant_builder_clear (&reading->attachments);
  g_clear_pointer (&reading->carried, g_ptr_array_unref);
  g_clear_object (&reading->attached);
  g_strfreev (reading->tags);
  g_free (reading->path);
  g_free (reading->missing);
  if (reading->file >= 0)
    close (reading->file);
  if (reading->again >= 0)
    close (reading->again);
  g_free (reading);
}

static void
reading_fail (struct reading *reading, const GError *error)
{
  request_fail (reading->request, error);
  reading_free (reading);
}

static void
reading_fail_text (struct reading *reading, gint code, const char *text)
{
  request_fail_text (reading->request, code, "%s", text);
  reading_free (reading);
}

/* ---- find the message's file ---- */

static int
open_mail (struct core *core, const char *path)
{
  gsize root = strlen (core->paths->mail_dir);
  if (strncmp (path, core->paths->mail_dir, root) != 0 || path[root] != '/' || strstr (path, "/../") != NULL)
    return -1;
  return open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

static void
not_found (struct reading *reading)
{
  reading_fail_text (reading, ENGINE_ERROR_NOT_FOUND,
                     "That message is not here. It may have been moved or deleted; search for it again.");
}

/* Only the header is here, and stays so for now. */
static void
open_header (struct reading *reading, const char *why)
{
  g_autofree char *path = maildir_path_is_header (reading->path) ? maildir_find (reading->path) : NULL;
  int fd = path != NULL ? open_mail (reading->core, path) : -1;
  if (fd < 0) {
    not_found (reading);
  } else if (!reading->shows) {
    close (fd);
    reading_fail_text (reading, ENGINE_ERROR_NETWORK, why);
  } else {
    reading->missing = g_strdup (why);
    reading->opened (reading, fd);
  }
}

static void
on_fetched (gpointer data, const char *path_or_null, const char *sentence)
{
  struct reading *reading = data;
  int fd = path_or_null != NULL ? open_mail (reading->core, path_or_null) : -1;
  if (fd >= 0)
    reading->opened (reading, fd);
  else
    open_header (reading, sentence);
}

/* No whole file is here: reading->path is the header, or where the mail was. */
static void
fetch_body (struct reading *reading)
{
  gboolean wait = FALSE, here = FALSE;
  (void) g_variant_lookup (reading->request->fields, "wait", "b", &wait);
  (void) g_variant_lookup (reading->request->fields, "here", "b", &here);
  reading->account = core_account_for_path (reading->core, reading->path);
  if (reading->account == NULL)
    not_found (reading);
  else if (here)
    open_header (reading, "Only sender and subject of this message are here.");
  else
    flow_fetch (reading->account, reading->request, reading->path,
                reading->shows && !wait ? FETCH_WAIT_SHOW_S : FETCH_WAIT_S, on_fetched, reading);
}

/* The path that a body may be fetched by: a header's rather than that of a file which has just gone. */
static void
note_path (struct reading *reading, const char *path)
{
  if (reading->path != NULL && !maildir_path_is_header (path))
    return;
  g_free (reading->path);
  reading->path = g_strdup (path);
}

static void
on_found (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct reading *reading = data;
  if (error != NULL) {
    reading_fail (reading, error);
    return;
  }
  g_autoptr (GVariant) rows = core_rows (reply, "rows");
  for (gsize i = 0; i < g_variant_n_children (rows); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
    g_autofree const char **paths = NULL;
    (void) g_variant_lookup (row, "paths", "^a&s", &paths);
    for (guint k = 0; paths != NULL && paths[k] != NULL; k++) {
      int fd = maildir_path_is_header (paths[k]) ? -1 : open_mail (reading->core, paths[k]);
      if (fd >= 0) {
        reading->account = core_account_for_path (reading->core, paths[k]);
        g_clear_pointer (&reading->tags, g_strfreev);
        (void) g_variant_lookup (row, "tags", "^as", &reading->tags);
        reading->opened (reading, fd);
        return;
      }
      note_path (reading, paths[k]);
      if (reading->tags == NULL)
        (void) g_variant_lookup (row, "tags", "^as", &reading->tags);
    }
  }
  if (reading->path != NULL)
    fetch_body (reading);
  else
    not_found (reading);
}

static void
locate (struct reading *reading)
{
  const char *id = NULL;
  int fd = request_fd (reading->request, "file");
  if (fd >= 0) {
    reading->opened (reading, fcntl (fd, F_DUPFD_CLOEXEC, 0));
    return;
  }
  if (!g_variant_lookup (reading->request->fields, "id", "&s", &id) || *id == '\0') {
    reading_fail_text (reading, ENGINE_ERROR_USAGE, "Which message? A file or a Message-ID is needed.");
    return;
  }
  const char *ids[] = { id, NULL };
  supervised_call (reading->core->reader, "find", g_variant_new_parsed ("{'ids': <%^as>}", ids), NULL, NULL, on_found,
                   reading);
}

static struct reading *
reading_new (struct core *core, struct request *request, void (*opened) (struct reading *, int))
{
  struct reading *reading = g_new0 (struct reading, 1);
  reading->core = core;
  reading->request = request_ref (request);
  reading->opened = opened;
  reading->file = reading->again = -1;
  return reading;
}

/* The fields of a call to the keys worker about the file fd, which is taken. */
static GVariant *
message_fields (struct reading *reading, int fd, const char *part_or_null, GUnixFDList **fds_out)
{
  GVariantBuilder builder;
  gint64 at;
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  *fds_out = g_unix_fd_list_new_from_array (&fd, 1);
  g_variant_builder_add (&builder, "{sv}", "message", g_variant_new_handle (0));
  if (g_variant_lookup (reading->request->fields, "at", "x", &at))
    g_variant_builder_add (&builder, "{sv}", "at", g_variant_new_int64 (at));
  if (part_or_null != NULL)
    g_variant_builder_add (&builder, "{sv}", "part", g_variant_new_string (part_or_null));
  return g_variant_builder_end (&builder);
}

/* The same for one part of the mail that is open already. */
static GVariant *
part_fields (gpointer data, const char *part, GUnixFDList **fds_out)
{
  struct reading *reading = data;
  return message_fields (reading, fcntl (reading->file, F_DUPFD_CLOEXEC, 0), part, fds_out);
}

static void
unpacked (GVariant *view, gpointer data)
{
  struct reading *reading = data;
  reading->finished (reading, view);
  g_variant_unref (view);
}

/* ---- HTML: a process for each part ---- */

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
  unpack_view (reading->core, reading->request, view, reading->unpack_until_us, part_fields, unpacked, reading);
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
  g_autoptr (GVariant) message = g_variant_ref_sink (message_fields (reading, fd, NULL, &fds));
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

static void
inspect_opened (struct reading *reading, int fd)
{
  reading->again = fcntl (fd, F_DUPFD_CLOEXEC, 0);
  reading->file = fcntl (fd, F_DUPFD_CLOEXEC, 0);
  inspect (reading, fd);
}

/* ---- what is asked of the reader ---- */

/* Own addresses; ends with NULL; borrowed. */
static GPtrArray *
own_addresses (struct core *core)
{
  GPtrArray *own = g_ptr_array_new ();
  g_ptr_array_add (own, (gpointer) core_own_address (core));
  for (guint i = 0; i < core->accounts->len; i++)
    g_ptr_array_add (own, ((struct core_account *) g_ptr_array_index (core->accounts, i))->account->address);
  g_ptr_array_add (own, NULL);
  return own;
}

/* NULL: nobody asks for a receipt, or the mail is none of the index, which could not remember the answer. */
static GVariant *
receipt_of (struct reading *reading, GVariant *view)
{
  if (reading->tags == NULL || reading->account == NULL || reading->origin == NULL || reading->missing != NULL)
    return NULL;
  g_autoptr (GPtrArray) own = own_addresses (reading->core);
  const enum receipt_policy policy
      = reading->core->policy != NULL ? (enum receipt_policy) reading->core->policy->receipts : RECEIPT_NEVER;
  return receipt_asked (view, reading->origin, (const char *const *) reading->tags, (const char *const *) own->pdata,
                        policy);
}

static void
receipt_finished (struct reading *reading, GVariant *view)
{
  GVariant *asked = receipt_of (reading, view);
  receipt_answer (reading->core, reading->account, reading->request, view,
                  asked != NULL ? asked
                                : g_variant_new_parsed ("{'state': <'never'>, 'to': <''>, 'text': <'Nobody asks for a "
                                                        "receipt of this message. None was sent.'>}"));
  reading_free (reading);
}

void
flow_receipt (struct core *core, struct request *request)
{
  struct reading *reading = reading_new (core, request, inspect_opened);
  reading->finished = receipt_finished;
  locate (reading);
}

/* ---- show ---- */

static void
show_reply (gpointer data, GVariant *view)
{
  struct reading *reading = data;
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (view);
  GVariant *asked = receipt_of (reading, view);
  if (asked != NULL)
    g_variant_dict_insert_value (&dict, "receipt", asked);
  request_reply (reading->request, g_variant_new_parsed ("{'view': <%@a{sv}>}", g_variant_dict_end (&dict)), NULL);
  reading_free (reading);
}

static void
show_finished (struct reading *reading, GVariant *view)
{
  flow_caution_add (reading->core, reading->request, view, reading->origin, show_reply, reading);
}

void
flow_show (struct core *core, struct request *request)
{
  struct reading *reading = reading_new (core, request, inspect_opened);
  reading->finished = show_finished;
  reading->shows = TRUE;
  locate (reading);
}

/* ---- reply, forward ---- */

/* The draft with its attachments, and with a line where some of them stayed behind. */
static void
forward_end (struct reading *reading)
{
  g_auto (GVariantDict) draft = G_VARIANT_DICT_INIT (reading->draft);
  const char *body = "";
  (void) g_variant_dict_lookup (&draft, "body", "&s", &body);
  if (reading->left_behind > 0) {
    g_autofree char *told = g_strdup_printf ("%s\n[%u attachment%s of this message could not be forwarded.]\n", body,
                                             reading->left_behind, reading->left_behind == 1 ? "" : "s");
    g_variant_dict_insert (&draft, "body", "s", told);
  }
  g_variant_dict_insert_value (&draft, "attachments", g_variant_builder_end (&reading->attachments));
  g_variant_builder_init (&reading->attachments, G_VARIANT_TYPE ("a(ssh)"));
  request_reply (reading->request, g_variant_new_parsed ("{'draft': <%@a{sv}>}", g_variant_dict_end (&draft)),
                 reading->attached);
  reading_free (reading);
}

static void carry_next (struct reading *reading);

static void
on_carried (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct reading *reading = data;
  const char *filename = "", *type = "";
  gint32 handle = -1;
  int fd = -1;
  if (error == NULL && fds != NULL && g_variant_lookup (reply, "data", "h", &handle) && handle >= 0
      && handle < g_unix_fd_list_get_length (fds))
    fd = g_unix_fd_list_peek_fds (fds, NULL)[handle];
  int at = fd >= 0 ? g_unix_fd_list_append (reading->attached, fd, NULL) : -1;
  if (at >= 0) {
    (void) g_variant_lookup (reply, "filename", "&s", &filename);
    (void) g_variant_lookup (reply, "type", "&s", &type);
    g_variant_builder_add (&reading->attachments, "(ssh)", filename, type, at);
  } else {
    reading->left_behind++;
  }
  carry_next (reading);
}

static void
carry_next (struct reading *reading)
{
  if (reading->carried_next >= reading->carried->len) {
    forward_end (reading);
    return;
  }
  g_autoptr (GUnixFDList) fds = NULL;
  const char *part = g_ptr_array_index (reading->carried, reading->carried_next++);
  GVariant *fields = part_fields (reading, part, &fds);
  supervised_call (reading->core->keys, "part", fields, fds, reading->request, on_carried, reading);
}

static void
reply_finished (struct reading *reading, GVariant *view)
{
  gboolean all = FALSE, forward = FALSE;
  (void) g_variant_lookup (reading->request->fields, "all", "b", &all);
  (void) g_variant_lookup (reading->request->fields, "forward", "b", &forward);
  g_autoptr (GPtrArray) own = own_addresses (reading->core);
  GVariant *draft = message_reply (view, (const char *const *) own->pdata, all, forward);
  if (forward) {
    reading->draft = g_variant_ref_sink (draft);
    reading->carried = message_forward_parts (view, &reading->left_behind);
    reading->attached = g_unix_fd_list_new ();
    g_variant_builder_init (&reading->attachments, G_VARIANT_TYPE ("a(ssh)"));
    carry_next (reading);
    return;
  }
  request_reply (reading->request, g_variant_new_parsed ("{'draft': <%@a{sv}>}", draft), NULL);
  reading_free (reading);
}

void
flow_reply (struct core *core, struct request *request)
{
  struct reading *reading = reading_new (core, request, inspect_opened);
  reading->finished = reply_finished;
  locate (reading);
}

/* ---- one part, or a draft ---- */

static void
on_passed_on (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct reading *reading = data;
  if (error != NULL) {
    reading_fail (reading, error);
    return;
  }
  request_reply (reading->request, reply, fds);
  reading_free (reading);
}

static void
on_part (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct reading *reading = data;
  if (error == NULL && reading->which > 0)
    unpack_file (reply, fds, reading->which, reading->handed_out, reading);
  else
    reading->handed_out (reply, fds, error, reading);
}

static void
ask_part (struct reading *reading, int fd, supervised_done_fn handed_out)
{
  const char *part = "";
  g_autofree char *container = NULL;
  (void) g_variant_lookup (reading->request->fields, "part", "&s", &part);
  reading->handed_out = handed_out;
  if (unpack_is_file (part, &container, &reading->which))
    part = container;
  g_autoptr (GUnixFDList) fds = NULL;
  GVariant *fields = message_fields (reading, fd, part, &fds);
  supervised_call (reading->core->keys, "part", fields, fds, reading->request, on_part, reading);
}

static void
part_opened (struct reading *reading, int fd)
{
  ask_part (reading, fd, on_passed_on);
}

void
flow_part (struct core *core, struct request *request)
{
  locate (reading_new (core, request, part_opened));
}

static void
on_part_for_text (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct reading *reading = data;
  if (error != NULL) {
    reading_fail (reading, error);
    return;
  }
  flow_part_show (reading->request, reply, fds);
  reading_free (reading);
}

static void
part_text_opened (struct reading *reading, int fd)
{
  ask_part (reading, fd, on_part_for_text);
}

void
flow_part_text (struct core *core, struct request *request)
{
  locate (reading_new (core, request, part_text_opened));
}

static void
draft_opened (struct reading *reading, int fd)
{
  g_autoptr (GUnixFDList) fds = NULL;
  GVariant *fields = message_fields (reading, fd, NULL, &fds);
  supervised_call (reading->core->keys, "draft_parse", fields, fds, reading->request, on_passed_on, reading);
}

void
flow_draft_open (struct core *core, struct request *request)
{
  locate (reading_new (core, request, draft_opened));
}
