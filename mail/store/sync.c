/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The account as a whole: its folders and their roles, and putting right at the start what a crash left behind. */
#include "mail/store/sync_p.h"

#include "mail/engine.h"
#include "mail/message/message.h"
#include "mail/message/sanitise.h"
#include "mail/net/imap_name.h"
#include "mail/store/maildir.h"
#include "mail/store/tags.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#define REPORT_ROWS 500 /* in one event */
#define NEWS_S 60       /* after that the engine has surely told the index */

char *
sync_dir (const struct sync *sync, const struct state_folder *folder)
{
  return g_build_filename (sync->root, folder->dir, NULL);
}

char *
sync_message_id (GBytes *start)
{
  gsize size = 0;
  const char *bytes = g_bytes_get_data (start, &size);
  for (gsize at = 0; at < size;) {
    const char *end = memchr (bytes + at, '\n', size - at);
    gsize length = end == NULL ? size - at : (gsize) (end - bytes) - at;
    if (length == 0 || (length == 1 && bytes[at] == '\r'))
      break;
    if (length > 11 && g_ascii_strncasecmp (bytes + at, "Message-ID:", 11) == 0) {
      /* The id may stand on the folded line after it. */
      const char *open = memchr (bytes + at, '<', MIN (size - at, 1000));
      const char *close = open == NULL ? NULL : memchr (open, '>', MIN (size - (gsize) (open - bytes), 1000));
      char *id = close == NULL ? g_strdup ("") : g_strndup (open + 1, (gsize) (close - open) - 1);
      if (g_utf8_validate (id, -1, NULL) && strpbrk (id, " \t\r\n") == NULL)
        return id;
      g_free (id);
      break;
    }
    at += length + 1;
  }
  return g_strdup ("");
}

void
sync_mark_noted (struct sync *sync, gint64 folder)
{
  g_hash_table_add (sync->marked, g_memdup2 (&folder, sizeof folder));
  state_folder_set_dirty (sync->state, folder, TRUE);
}

gboolean
sync_mark_dirty (struct sync *sync, struct state_folder *folder, GError **error)
{
  g_autofree char *dir = sync_dir (sync, folder);
  if (!maildir_make (dir, error))
    return FALSE;
  if (folder->dirty)
    return TRUE;
  folder->dirty = TRUE;
  state_begin (sync->state);
  sync_mark_noted (sync, folder->id);
  return state_commit (sync->state, error);
}

struct state_mail *
sync_find (struct sync *sync, const char *path, struct state_folder **folder_out, GError **error)
{
  g_autofree char *dir = NULL, *base = NULL, *prefix = g_strconcat (sync->root, "/", NULL);
  *folder_out = NULL;
  if (g_str_has_prefix (path, prefix) && maildir_split (path, &dir, &base, NULL) && strlen (dir) > strlen (prefix)) {
    AUTOFREE (state_folder) folder = state_folder_find (sync->state, "dir", dir + strlen (prefix));
    struct state_mail *mail = folder == NULL ? NULL : state_mail_by_base (sync->state, folder->id, base);
    /* Its body may have come or gone since the path was told. */
    g_autofree char *other
        = maildir_is_header (base) ? g_strdup (maildir_whole_base (base)) : maildir_header_base (base);
    if (mail == NULL && folder != NULL)
      mail = state_mail_by_base (sync->state, folder->id, other);
    if (mail != NULL) {
      *folder_out = g_steal_pointer (&folder);
      return mail;
    }
  }
  g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_NOT_FOUND, "This mail is not in the mailbox any more.");
  return NULL;
}

/* Some servers keep everything below INBOX, and do not say so by NAMESPACE. */
static gboolean
all_below_inbox (struct sync *sync, char *delimiter_out)
{
  g_autoptr (GPtrArray) folders = state_folders (sync->state);
  gboolean below = FALSE, beside = FALSE;
  *delimiter_out = '/';
  for (guint i = 0; i < folders->len; i++) {
    const struct state_folder *folder = g_ptr_array_index (folders, i);
    if (!folder->present || *folder->space != '\0')
      continue;
    if (folder->delimiter != '\0')
      *delimiter_out = folder->delimiter;
    below = below
            || (g_str_has_prefix (folder->server_path, "INBOX") && folder->server_path[5] != '\0'
                && folder->server_path[5] == folder->delimiter);
    beside = beside || !g_str_has_prefix (folder->server_path, "INBOX");
  }
  return below && !beside;
}

char *
sync_top_path (struct sync *sync, const char *name, char *delimiter_out)
{
  gboolean below = all_below_inbox (sync, delimiter_out);
  g_autofree char *spaces = state_fact (sync->state, "spaces");
  const char *own = spaces == NULL ? NULL : strstr (spaces, "\np");
  g_autofree char *prefix = own != NULL ? g_strndup (own + 2, strcspn (own + 2, "\n"))
                            : below     ? g_strdup_printf ("INBOX%c", *delimiter_out)
                                        : g_strdup ("");
  return g_str_has_prefix (name, prefix) || strcmp (name, "INBOX") == 0 ? g_strdup (name)
                                                                        : g_strconcat (prefix, name, NULL);
}

struct state_folder *
sync_role_folder (struct sync *sync, const char *role)
{
  static const struct {
    const char *role, *name;
  } names[] = {
    { "inbox", "INBOX" },     { "drafts", "Drafts" }, { "sent", "Sent" },
    { "archive", "Archive" }, { "trash", "Trash" },   { "junk", "Junk" },
  };
  struct state_folder *folder = state_folder_find (sync->state, "role", role);
  for (gsize i = 0; folder == NULL && i < G_N_ELEMENTS (names); i++) {
    if (strcmp (names[i].role, role) != 0)
      continue;
    char delimiter = '/';
    g_autofree char *path = i == 0 ? g_strdup ("INBOX") : sync_top_path (sync, names[i].name, &delimiter);
    g_autofree char *dir = imap_name_to_dir (path, delimiter);
    folder = state_folder_find (sync->state, "path", path);
    if (folder == NULL)
      folder = state_folder_add (sync->state, path, delimiter, dir);
    if (folder != NULL) {
      g_free (folder->role);
      folder->role = g_strdup (role);
      state_folder_save (sync->state, folder);
    }
  }
  return folder;
}

GVariant *
sync_folder_rows (struct sync *sync)
{
  g_autoptr (GPtrArray) folders = state_folders (sync->state);
  GVariantBuilder rows;
  g_variant_builder_init (&rows, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < folders->len; i++) {
    const struct state_folder *folder = g_ptr_array_index (folders, i);
    if (folder->removing)
      continue;
    g_autofree char *dir = sync_dir (sync, folder), *text = imap_name_decode (folder->path);
    g_autofree char *name = sanitise (text, -1, SANITISE_LINE);
    g_variant_builder_open (&rows, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add (&rows, "{sv}", "path", g_variant_new_string (folder->path));
    g_variant_builder_add (&rows, "{sv}", "name", g_variant_new_string (name));
    g_variant_builder_add (&rows, "{sv}", "role", g_variant_new_string (folder->role));
    g_variant_builder_add (&rows, "{sv}", "dir", g_variant_new_string (dir));
    g_variant_builder_add (&rows, "{sv}", "space", g_variant_new_string (folder->space));
    g_variant_builder_add (&rows, "{sv}", "subscribed", g_variant_new_boolean (folder->subscribed));
    g_variant_builder_add (&rows, "{sv}", "kept",
                           g_variant_new_boolean (!folder->present || sync_wants (sync, folder)));
    g_variant_builder_close (&rows);
  }
  return g_variant_builder_end (&rows);
}

/* ---- the start ---- */

struct sync *
sync_new (struct state *state_take, const char *root, GVariant *settings, sync_emit_fn emit, gpointer data)
{
  struct sync *sync = g_new0 (struct sync, 1);
  sync->state = state_take;
  sync->root = g_strdup (root);
  sync->settings = g_variant_ref_sink (settings);
  sync->emit = emit;
  sync->data = data;
  sync->guest.wake_fd = -1;
  sync->refused = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
  (void) g_variant_lookup (sync->settings, "only_subscribed", "b", &sync->only_subscribed);
  g_queue_init (&sync->scheduled);
  sync->heads = g_array_new (FALSE, FALSE, sizeof (struct imap_head));
  sync->marked = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  sync->told = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
  sync->outside = g_array_new (FALSE, FALSE, sizeof (struct imap_head));
  sync_progress_clear (&sync->progress);
  sync_window_init (sync);
  g_autoptr (GPtrArray) folders = state_folders (sync->state);
  for (guint i = 0; i < folders->len; i++) {
    struct state_folder *folder = g_ptr_array_index (folders, i);
    if (folder->dirty)
      sync_sweep (sync, folder);
  }
  return sync;
}

void
sync_free (struct sync *sync)
{
  state_free (sync->state);
  g_queue_clear_full (&sync->scheduled, g_free);
  g_array_unref (sync->heads);
  g_hash_table_unref (sync->refused);
  g_hash_table_unref (sync->told);
  g_hash_table_unref (sync->marked);
  g_array_unref (sync->outside);
  g_variant_unref (sync->settings);
  g_free (sync->root);
  g_free (sync);
}

void
sync_set_guest (struct sync *sync, const struct stream_guest *guest)
{
  sync->guest = *guest;
}

void
sync_pause (struct sync *sync)
{
  sync->paused = TRUE;
}

gboolean
sync_serve_now (struct sync *sync, GError **error)
{
  if (sync->guest.wake_fd < 0 || sync->guest.serve (sync->guest.data) != STREAM_GIVE_UP)
    return TRUE;
  g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_NETWORK, "wardmail is being closed.");
  return FALSE;
}

/* New mail that was never confirmed. */
static void
report_mails (struct sync *sync, const struct state_folder *folder)
{
  g_autofree char *dir = sync_dir (sync, folder);
  g_autoptr (GPtrArray) mails = state_mails (sync->state, folder->id, STATE_UNINDEXED);
  GPtrArray *rows = g_ptr_array_new ();
  for (guint m = 0; m < mails->len; m++) {
    const struct state_mail *mail = g_ptr_array_index (mails, m);
    g_autofree char *path = maildir_locate (dir, mail->base, mail->flags);
    g_autoptr (GMappedFile) file = path == NULL ? NULL : g_mapped_file_new (path, FALSE, NULL);
    if (file == NULL)
      continue;
    g_autoptr (GBytes) bytes = g_mapped_file_get_bytes (file);
    g_ptr_array_add (rows, sync_mail_row (path, folder->role, mail->flags, mail->keywords,
                                          !mail->header_only && message_is_encrypted (bytes)));
    if (rows->len < REPORT_ROWS)
      continue;
    sync_emit_mails (sync, rows); /* after the loss of an index it is all mail there is */
    rows = g_ptr_array_new ();
  }
  sync_emit_mails (sync, rows);
}

/* A mail that lies elsewhere than the index may think: NULL if it is gone. Every flag that it has not is taken from it, too. */
static GVariant *
moved_row (struct sync *sync, const struct state_news *news)
{
  AUTOFREE (state_mail) mail = news->mail == 0 ? NULL : state_mail_get (sync->state, news->mail);
  AUTOFREE (state_folder) folder = mail == NULL ? NULL : state_folder_get (sync->state, mail->folder);
  g_autofree char *dir = folder == NULL ? NULL : sync_dir (sync, folder);
  g_autofree char *path = dir == NULL ? NULL : maildir_locate (dir, mail->base, mail->flags),
                  *old_role = sync_role_of_path (sync, news->path);
  char inverse[STATE_FLAGS_SIZE];
  if (path == NULL)
    return NULL;
  tags_flags_change ("DFPRST", "", mail->flags, inverse);
  return sync_move_row (news->path, path, old_role, inverse, NULL, folder->role, mail->flags, mail->keywords);
}

void
sync_report (struct sync *sync)
{
  g_autoptr (GPtrArray) folders = state_folders (sync->state);
  for (guint i = 0; i < folders->len; i++)
    report_mails (sync, g_ptr_array_index (folders, i));
  g_autoptr (GPtrArray) news = state_news_list (sync->state);
  g_autoptr (GPtrArray) gone = g_ptr_array_new ();
  GPtrArray *moved = g_ptr_array_new ();
  for (guint i = 0; i < news->len; i++) {
    const struct state_news *one = g_ptr_array_index (news, i);
    GVariant *row = moved_row (sync, one);
    if (row != NULL)
      g_ptr_array_add (moved, row);
    else if (!g_file_test (one->path, G_FILE_TEST_EXISTS))
      g_ptr_array_add (gone, one->path);
  }
  sync_emit_moved (sync, moved);
  sync_emit_removed (sync, gone);
}

void
sync_settle (struct sync *sync)
{
  state_begin (sync->state);
  state_news_expire (sync->state, g_get_real_time () / G_USEC_PER_SEC - NEWS_S);
  (void) state_commit (sync->state, NULL); /* told once too often is no harm */
}

void
sync_take_counts (struct sync *sync, struct sync_counts *out)
{
  *out = sync->counts;
  sync->counts = (struct sync_counts){ 0 };
}

gboolean
sync_has_changes (struct sync *sync)
{
  return state_has_changes (sync->state);
}
