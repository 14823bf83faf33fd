/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What a person does to mail: done here at once, written down for the server. */
#include "mail/store/sync_p.h"

#include "mail/engine.h"
#include "mail/message/message.h"
#include "mail/store/maildir.h"
#include "mail/store/tags.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define START_BYTES (1024u * 1024) /* of a mail of our own, whose header says what it is */

static gboolean
letters_of (const char *const *names, char *out, GError **error)
{
  char text[8] = "";
  gsize size = 0;
  for (gsize i = 0; names[i] != NULL; i++) {
    char letter = tags_flag_letter (names[i]);
    if (letter == '\0') {
      g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_USAGE, "“%s” is no flag that a mail can have.", names[i]);
      return FALSE;
    }
    if (strchr (text, letter) == NULL && size < sizeof text - 1)
      text[size++] = letter;
    text[size] = '\0';
  }
  memcpy (out, text, size + 1);
  return TRUE;
}

/* Another flag set for one mail. A file that is gone is left to the next sweep. */
static gboolean
reflag (struct sync *sync, const char *path, const char *add, const char *remove, GArray *renames,
        GVariantBuilder *moves, GError **error)
{
  struct state_folder *found = NULL;
  AUTOFREE (state_mail) mail = sync_find (sync, path, &found, error);
  AUTOFREE (state_folder) folder = found;
  if (mail == NULL)
    return FALSE;
  char before[STATE_FLAGS_SIZE];
  memcpy (before, mail->flags, sizeof before);
  tags_flags_change (before, add, remove, mail->flags);
  g_autofree char *dir = NULL, *base = NULL, *named = NULL;
  if (strcmp (before, mail->flags) == 0 && maildir_split (path, &dir, &base, &named) && strcmp (named, before) == 0)
    return TRUE; /* by another name, whoever asks has not heard of the new one */
  state_mail_save (sync->state, mail);
  if (!sync_rename_note (sync, folder, mail, before, renames)) {
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_NOT_FOUND,
                 "The file of this mail is not there any more; wardmail fetches it again.");
    return FALSE;
  }
  g_variant_builder_add (moves, "(ss)", path, g_array_index (renames, struct sync_rename, renames->len - 1).to);
  return TRUE;
}

GVariant *
sync_flags (struct sync *sync, const char *const *paths, const char *const *add, const char *const *remove,
            GError **error)
{
  char adds[8], removes[8];
  if (!letters_of (add, adds, error) || !letters_of (remove, removes, error))
    return NULL;
  GVariantBuilder moves;
  g_variant_builder_init (&moves, G_VARIANT_TYPE ("a(ss)"));
  gboolean done = FALSE;
  g_autoptr (GError) first = NULL;
  g_autoptr (GArray) renames = sync_renames_new ();
  state_begin (sync->state);
  for (gsize i = 0; paths[i] != NULL; i++)
    done = reflag (sync, paths[i], adds, removes, renames, &moves, first == NULL ? &first : NULL) || done;
  if (!state_commit (sync->state, error) || (!done && first != NULL)) {
    if (first != NULL && error != NULL && *error == NULL)
      g_propagate_error (error, g_steal_pointer (&first));
    g_variant_builder_clear (&moves);
    return NULL;
  }
  sync_renames_settle (sync, renames);
  return g_variant_builder_end (&moves);
}

static struct state_folder *
target_of (struct sync *sync, const char *to, GError **error)
{
  struct state_folder *folder = state_folder_find (sync->state, "path", to);
  if (folder == NULL)
    folder = sync_role_folder (sync, to);
  if (folder == NULL)
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_NOT_FOUND, "There is no folder “%s” in this account.", to);
  return folder;
}

/* The journal for a mail that goes to another folder: one row, whatever its way was. */
static void
note_move (struct sync *sync, struct state_mail *mail, gint64 to)
{
  AUTOFREE (state_change) change = state_change_of_mail (sync->state, mail->id);
  if (change != NULL && change->kind == STATE_MOVE && change->folder == to && change->uid != 0) {
    mail->uid = change->uid; /* back to where the server still has it */
    state_change_delete (sync->state, change->id);
  } else if (change == NULL) {
    struct state_change move
        = { .kind = STATE_MOVE, .mail = mail->id, .folder = mail->folder, .uid = mail->uid, .msgid = mail->msgid };
    state_change_save (sync->state, &move);
    mail->uid = 0;
  }
  mail->folder = to;
}

struct moved {
  char *old_path, *new_path;
};

/* A second name in the new folder, and the record; the first name goes when the record is safe. */
static gboolean
move_one (struct sync *sync, const char *path, struct state_folder *to, GArray *moved, GError **error)
{
  struct state_folder *found = NULL;
  AUTOFREE (state_mail) mail = sync_find (sync, path, &found, error);
  AUTOFREE (state_folder) folder = found;
  if (mail == NULL || folder->id == to->id)
    return mail != NULL;
  g_autofree char *from_dir = sync_dir (sync, folder), *to_dir = sync_dir (sync, to), *unique = maildir_unique ();
  g_autofree char *base = mail->header_only ? maildir_header_base (unique) : g_steal_pointer (&unique);
  struct moved names = { NULL, NULL };
  if (!maildir_link (from_dir, mail->base, mail->flags, to_dir, base, &names.old_path, &names.new_path, error))
    return FALSE;
  note_move (sync, mail, to->id);
  g_free (mail->base);
  mail->base = g_steal_pointer (&base);
  state_mail_save (sync->state, mail);
  state_news_add (sync->state, names.old_path, mail->id);
  g_array_append_val (moved, names);
  return TRUE;
}

static gboolean
mark_all_dirty (struct sync *sync, const char *const *paths, GError **error)
{
  for (gsize i = 0; paths[i] != NULL; i++) {
    struct state_folder *found = NULL;
    AUTOFREE (state_mail) mail = sync_find (sync, paths[i], &found, NULL);
    AUTOFREE (state_folder) folder = found;
    if (mail != NULL && !sync_mark_dirty (sync, folder, error))
      return FALSE;
  }
  return TRUE;
}

static GVariant *
move_all (struct sync *sync, const char *const *paths, struct state_folder *target, GError **error)
{
  if (!sync_mark_dirty (sync, target, error) || !mark_all_dirty (sync, paths, error))
    return NULL;
  g_autoptr (GArray) moved = g_array_new (FALSE, FALSE, sizeof (struct moved));
  g_autoptr (GError) first = NULL;
  gboolean any = FALSE;
  state_begin (sync->state);
  for (gsize i = 0; paths[i] != NULL; i++)
    any = move_one (sync, paths[i], target, moved, first == NULL ? &first : NULL) || any;
  gboolean done = state_commit (sync->state, error) && (any || first == NULL);
  if (!done && first != NULL && error != NULL && *error == NULL)
    g_propagate_error (error, g_steal_pointer (&first));
  GVariantBuilder moves;
  g_variant_builder_init (&moves, G_VARIANT_TYPE ("a(ss)"));
  for (guint i = 0; i < moved->len; i++) {
    struct moved *names = &g_array_index (moved, struct moved, i);
    (void) g_unlink (done ? names->old_path : names->new_path);
    g_variant_builder_add (&moves, "(ss)", names->old_path, names->new_path);
    g_free (names->old_path);
    g_free (names->new_path);
  }
  if (done)
    return g_variant_builder_end (&moves);
  sync->doubt = TRUE;
  g_variant_builder_clear (&moves);
  return NULL;
}

GVariant *
sync_move (struct sync *sync, const char *const *paths, const char *to, GError **error)
{
  AUTOFREE (state_folder) target = target_of (sync, to, error);
  return target != NULL ? move_all (sync, paths, target, error) : NULL;
}

GVariant *
sync_move_back (struct sync *sync, const char *const *paths, const char *dir, char **role_out, GError **error)
{
  AUTOFREE (state_folder) target = state_folder_find (sync->state, "dir", dir);
  if (target == NULL) {
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_NOT_FOUND,
                 "The folder that it came from is not there any more, so it stays where it is.");
    return NULL;
  }
  GVariant *moves = move_all (sync, paths, target, error);
  if (moves != NULL)
    *role_out = g_strdup (target->role != NULL ? target->role : "");
  return moves;
}

gboolean
sync_remove (struct sync *sync, const char *const *paths, GError **error)
{
  g_autoptr (GPtrArray) gone = g_ptr_array_new_with_free_func (g_free);
  if (!mark_all_dirty (sync, paths, error))
    return FALSE;
  state_begin (sync->state);
  for (gsize i = 0; paths[i] != NULL; i++) {
    struct state_folder *found = NULL;
    AUTOFREE (state_mail) mail = sync_find (sync, paths[i], &found, NULL);
    AUTOFREE (state_folder) folder = found;
    if (mail == NULL)
      continue; /* gone already: that is what was asked for */
    (void) sync_gone_note (sync, folder, mail, gone);
    sync_gone_journal (sync, mail, FALSE);
    state_mail_delete (sync->state, mail->id);
  }
  if (!state_commit (sync->state, error))
    return FALSE;
  sync_gone_settle (sync, gone);
  return TRUE;
}

char **
sync_drafts (struct sync *sync, const char *msgid)
{
  g_autoptr (GStrvBuilder) paths = g_strv_builder_new ();
  AUTOFREE (state_folder) folder = *msgid != '\0' ? state_folder_find (sync->state, "role", "drafts") : NULL;
  g_autoptr (GPtrArray) mails = folder != NULL ? state_mails (sync->state, folder->id, STATE_ALL) : NULL;
  g_autofree char *dir = folder != NULL ? sync_dir (sync, folder) : NULL;
  for (guint i = 0; mails != NULL && i < mails->len; i++) {
    const struct state_mail *mail = g_ptr_array_index (mails, i);
    g_autofree char *path = strcmp (mail->msgid, msgid) == 0 ? maildir_locate (dir, mail->base, mail->flags) : NULL;
    if (path != NULL)
      g_strv_builder_add (paths, path);
  }
  return g_strv_builder_end (paths);
}

static gboolean
is_same (const char *path, int fd)
{
  g_autoptr (GMappedFile) there = g_mapped_file_new (path, FALSE, NULL);
  g_autoptr (GMappedFile) given = g_mapped_file_new_from_fd (fd, FALSE, NULL);
  const gsize size = there == NULL ? 0 : g_mapped_file_get_length (there);
  return size > 0 && given != NULL && g_mapped_file_get_length (given) == size
         && memcmp (g_mapped_file_get_contents (there), g_mapped_file_get_contents (given), size) == 0;
}

/* What is handed in once more, as whoever died after storing it does. Not by its Message-ID: different mails may have one. What has no key on
 * record (of an earlier version, or of a record that was lost) is known by its bytes. NULL: it is not here. */
static char *
stored_before (struct sync *sync, const char *role, const struct state_folder *folder, const char *msgid,
               const char *key, int fd)
{
  const gint64 id = key != NULL ? state_kept (sync->state, key) : 0;
  if (id != 0) {
    AUTOFREE (state_mail) kept = state_mail_get (sync->state, id);
    AUTOFREE (state_folder) in = kept != NULL ? state_folder_get (sync->state, kept->folder) : NULL;
    const gboolean its = in != NULL && strcmp (kept->msgid, msgid) == 0;
    g_autofree char *dir = its ? sync_dir (sync, in) : NULL;
    char *path = dir != NULL ? maildir_locate (dir, kept->base, kept->flags) : NULL;
    return path != NULL ? path : g_strdup ("");
  }
  AUTOFREE (state_mail)
  mail = strcmp (role, "sent") == 0 && *msgid != '\0' ? state_mail_by_msgid (sync->state, folder->id, msgid) : NULL;
  g_autofree char *dir = sync_dir (sync, folder),
                  *path = mail != NULL ? maildir_locate (dir, mail->base, mail->flags) : NULL;
  return path != NULL && is_same (path, fd) ? g_steal_pointer (&path) : NULL;
}

/* As much of it as its Message-ID and its kind are looked for in. */
static GBytes *
read_start (int fd, GError **error)
{
  g_autofree char *start = g_malloc (START_BYTES);
  gsize size = 0;
  for (ssize_t got = 1; got > 0 && size<START_BYTES; size += got> 0 ? (gsize) got : 0) {
    got = pread (fd, start + size, START_BYTES - size, (off_t) size);
    if (got < 0) {
      g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_FAILED, "A mail that is to be kept could not be read: %s.",
                   g_strerror (errno));
      return NULL;
    }
  }
  return g_bytes_new_take (g_steal_pointer (&start), size);
}

char *
sync_append (struct sync *sync, const char *role, int fd, const char *const *flags, const char *replaces,
             const char *key, GError **error)
{
  struct state_mail mail = { .indexed = STATE_NEW };
  char letters[8];
  AUTOFREE (state_folder) folder = target_of (sync, role, error);
  if (folder == NULL || !letters_of (flags, letters, error) || !sync_mark_dirty (sync, folder, error))
    return NULL;
  g_autoptr (GBytes) start = read_start (fd, error);
  if (start == NULL)
    return NULL;
  g_autofree char *dir = sync_dir (sync, folder), *base = maildir_unique (), *msgid = sync_message_id (start);
  char *stored = stored_before (sync, role, folder, msgid, key, fd);
  if (stored != NULL)
    return stored;
  tags_flags_change ("", letters, "", mail.flags);
  memcpy (mail.server_flags, mail.flags, sizeof mail.server_flags);
  if (!maildir_store (dir, base, mail.flags, fd, error)) {
    sync->doubt = TRUE;
    return NULL;
  }
  mail.folder = folder->id;
  mail.base = base;
  mail.msgid = msgid;
  state_begin (sync->state);
  state_mail_save (sync->state, &mail);
  struct state_change change = { .kind = STATE_APPEND, .mail = mail.id, .folder = folder->id, .msgid = msgid };
  state_change_save (sync->state, &change);
  if (key != NULL)
    state_kept_add (sync->state, key, mail.id);
  if (!state_commit (sync->state, error)) {
    maildir_remove (dir, base, mail.flags);
    return NULL;
  }
  char *path = maildir_path (dir, base, mail.flags);
  GPtrArray *rows = g_ptr_array_new ();
  g_ptr_array_add (rows, sync_mail_row (path, folder->role, mail.flags, NULL, message_is_encrypted (start)));
  sync_emit_mails (sync, rows);
  const char *const old[] = { replaces, NULL };
  if (replaces != NULL && *replaces != '\0')
    (void) sync_remove (sync, old, NULL); /* the new draft is safe; an old one that stays is only one too many */
  return path;
}

gboolean
sync_indexed (struct sync *sync, const char *const *paths, GError **error)
{
  state_begin (sync->state);
  for (gsize i = 0; paths[i] != NULL; i++) {
    struct state_folder *found = NULL;
    AUTOFREE (state_mail) mail = sync_find (sync, paths[i], &found, NULL);
    g_clear_pointer (&found, state_folder_free);
    g_autofree char *dir = NULL, *base = NULL;
    /* What the index has is that file; the mail may have another one by now. */
    if (mail == NULL || mail->indexed != STATE_NEW || !maildir_split (paths[i], &dir, &base, NULL)
        || strcmp (base, mail->base) != 0)
      continue;
    mail->indexed = STATE_INDEXED;
    state_mail_save (sync->state, mail);
  }
  return state_commit (sync->state, error);
}
