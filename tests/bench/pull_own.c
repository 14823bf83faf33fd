/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* One sync by wardmail as it is: starts the real imap worker, as the engine would, has it sync an account, and says what that took.
 *
 *   pull_own PORT USER PASSWORDS CA DIR [leave] [again] [index]
 *
 * DIR: where mail and state are kept. Prints "KEY VALUE" lines: seconds (from before the process is there until it has answered), first (until mail
 * could be shown), new, changed, removed, peak_kb (the most memory that the process had), cpu (seconds of it). leave: then the process is killed, before it can go on to watch
 * INBOX. again: a second sync on the same line: again (seconds). index: afterwards what came is indexed by the real index worker, as it is while mail comes in: index (seconds). */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mail/engine/channel.h"

#define INDEX_BATCH 200

struct process {
  pid_t pid;
  struct channel *channel;
  GPtrArray *rows; /* of events "mails" */
  gint64 begin;
  double first;
};

static void G_GNUC_NORETURN
die (const char *what)
{
  fprintf (stderr, "pull_own: %s\n", what);
  exit (1);
}

static double
since (gint64 begin)
{
  return (double) (g_get_monotonic_time () - begin) / 1e6;
}

/* The socket is there before the process is, so that it can be asked first. */
static int
prepare (struct process *process)
{
  int ends[2];
  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    die ("no socket");
  process->channel = channel_new (ends[0]);
  process->rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  return ends[1];
}

static void
spawn (struct process *process, const char *role, int fd)
{
  process->begin = g_get_monotonic_time ();
  process->pid = fork ();
  if (process->pid == 0) {
    if (fd == 3 ? fcntl (3, F_SETFD, 0) != 0 : dup2 (fd, 3) != 3)
      _exit (127);
    if (g_getenv ("PULL_PRELOAD") != NULL)
      (void) setenv ("LD_PRELOAD", g_getenv ("PULL_PRELOAD"), 1);
    (void) execl (g_getenv ("WARDMAIL"), "wardmail", "--process", role, NULL);
    _exit (127);
  }
  close (fd);
}

static void
take_event (struct process *process, const struct channel_message *message)
{
  g_autoptr (GVariant) mails = g_variant_lookup_value (message->fields, "mails", G_VARIANT_TYPE ("aa{sv}"));
  for (gsize i = 0; mails != NULL && i < g_variant_n_children (mails); i++)
    g_ptr_array_add (process->rows, g_variant_get_child_value (mails, i));
  if (mails != NULL && process->first == 0)
    process->first = since (process->begin);
}

static void
ask (struct process *process, const char *method, GVariant *args)
{
  if (!channel_send (process->channel, PROTOCOL_CALL, 1, method, args, NULL) || !channel_flush_wait (process->channel))
    die ("the worker is gone");
}

static GVariant *
answer (struct process *process)
{
  struct channel_message *message;
  for (;;) {
    if (channel_receive_wait (process->channel, -1, &message) != CHANNEL_MESSAGE)
      die ("the worker died");
    AUTOFREE (channel_message) owned = message;
    if (message->kind == PROTOCOL_EVENT)
      take_event (process, message);
    else if (message->kind == PROTOCOL_REPLY)
      return g_variant_ref (message->fields);
    else if (message->kind == PROTOCOL_FAIL) {
      g_autoptr (GError) error = channel_error_from (message->fields);
      die (error->message);
    }
  }
}

static GVariant *
call (struct process *process, const char *method, GVariant *args)
{
  ask (process, method, args);
  return answer (process);
}

static guint
peak_kb (pid_t pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/status", (int) pid), *text = NULL;
  const char *at = g_file_get_contents (path, &text, NULL, NULL) ? strstr (text, "VmHWM:") : NULL;
  return at == NULL ? 0 : (guint) g_ascii_strtoull (at + 6, NULL, 10);
}

static void
end (struct process *process)
{
  g_clear_pointer (&process->channel, channel_free);
  (void) waitpid (process->pid, NULL, 0);
}

static GVariant *
password_of (const char *file, const char *user)
{
  g_autofree char *all = NULL, *prefix = g_strconcat (user, ":", NULL);
  if (!g_file_get_contents (file, &all, NULL, NULL))
    die ("no passwords");
  g_auto (GStrv) lines = g_strsplit (all, "\n", -1);
  for (gsize i = 0; lines[i] != NULL; i++) {
    const char *word = lines[i] + strlen (prefix);
    if (g_str_has_prefix (lines[i], prefix))
      return g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, word, strlen (word), 1);
  }
  die ("no password");
}

static GVariant *
config (char **argv, const char *mail_dir, const char *store_dir)
{
  return g_variant_new_parsed (
      "{'account': <{'name': <'bench'>, 'address': <'bench@demo.test'>, 'imap_host': <'localhost'>, 'imap_port': <%u>, "
      "'imap_security': <'tls'>, 'auth': <'password'>, 'user': <%s>, 'ca_file': <%s>}>, "
      "'mail_dir': <%s>, 'store_dir': <%s>, 'secret': <%@ay>, 'settings': <@a{sv} {}>}",
      (guint32) atoi (argv[1]), argv[2], argv[4], mail_dir, store_dir, password_of (argv[3], argv[2]));
}

static void
index_all (const char *dir, const char *mail_dir, GPtrArray *rows)
{
  struct process writer = { 0 };
  g_autofree char *index_dir = g_build_filename (dir, "index", NULL);
  spawn (&writer, "index", prepare (&writer));
  g_variant_unref (
      call (&writer, "start",
            g_variant_new_parsed ("{'index_dir': <%s>, 'mail_dir': <%s>, 'writer': <true>}", index_dir, mail_dir)));
  gint64 begin = g_get_monotonic_time ();
  for (guint from = 0; from < rows->len; from += INDEX_BATCH) {
    GVariantBuilder batch;
    g_variant_builder_init (&batch, G_VARIANT_TYPE ("aa{sv}"));
    for (guint i = from; i < MIN (from + INDEX_BATCH, rows->len); i++) {
      GVariantDict row;
      g_variant_dict_init (&row, g_ptr_array_index (rows, i));
      g_variant_dict_remove (&row, "protected");
      g_variant_builder_add_value (&batch, g_variant_dict_end (&row));
    }
    g_variant_unref (
        call (&writer, "add", g_variant_new_parsed ("{'mails': <%@aa{sv}>}", g_variant_builder_end (&batch))));
  }
  printf ("index %.3f\n", since (begin));
  end (&writer);
  g_ptr_array_unref (writer.rows);
}

/* As the engine does when the index has them. */
static void
confirm (struct process *imap)
{
  for (guint from = 0; from < imap->rows->len; from += INDEX_BATCH) {
    g_autoptr (GPtrArray) paths = g_ptr_array_new ();
    for (guint i = from; i < MIN (from + INDEX_BATCH, imap->rows->len); i++) {
      const char *path = NULL;
      if (g_variant_lookup (g_ptr_array_index (imap->rows, i), "path", "&s", &path))
        g_ptr_array_add (paths, (gpointer) path);
    }
    GVariant *list = g_variant_new_strv ((const char *const *) paths->pdata, (gssize) paths->len);
    g_variant_unref (call (imap, "indexed", g_variant_new_parsed ("{'paths': <%@as>}", list)));
  }
}

int
main (int argc, char **argv)
{
  if (argc < 6 || g_getenv ("WARDMAIL") == NULL)
    die ("PORT USER PASSWORDS CA DIR [leave] [again] [index], and WARDMAIL in the environment");
  g_autofree char *mail_dir = g_build_filename (argv[5], "mail", NULL),
                  *store_dir = g_build_filename (argv[5], "store", NULL);
  if (g_mkdir_with_parents (mail_dir, 0700) != 0 || g_mkdir_with_parents (store_dir, 0700) != 0)
    die ("no folder");
  struct process imap = { 0 };
  struct rusage used;
  guint fresh = 0, changed = 0, removed = 0;
  GVariant *start = g_variant_ref_sink (config (argv, mail_dir, store_dir));
  int fd = prepare (&imap);
  ask (&imap, "start", start);
  ask (&imap, "sync", NULL); /* before it can begin by itself */
  spawn (&imap, "imap", fd);
  g_variant_unref (answer (&imap));
  g_autoptr (GVariant) reply = answer (&imap);
  g_variant_lookup (reply, "new", "u", &fresh);
  g_variant_lookup (reply, "changed", "u", &changed);
  g_variant_lookup (reply, "removed", "u", &removed);
  printf ("seconds %.3f\nfirst %.3f\nnew %u\nchanged %u\nremoved %u\n", since (imap.begin), imap.first, fresh, changed,
          removed);
  if (argc > 6 && g_strv_contains ((const char *const *) argv + 6, "leave")) {
    (void) kill (imap.pid, SIGKILL);
    return 0;
  }
  if (argc > 6 && g_strv_contains ((const char *const *) argv + 6, "again")) {
    gint64 begin = g_get_monotonic_time ();
    g_variant_unref (call (&imap, "sync", NULL));
    printf ("again %.4f\n", since (begin));
  }
  confirm (&imap);
  printf ("peak_kb %u\n", peak_kb (imap.pid));
  end (&imap);
  (void) getrusage (RUSAGE_CHILDREN, &used);
  printf ("cpu %.3f\n", (double) used.ru_utime.tv_sec + (double) used.ru_stime.tv_sec
                            + (double) (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6);
  if (argc > 6 && g_strv_contains ((const char *const *) argv + 6, "index"))
    index_all (argv[5], mail_dir, imap.rows);
  g_ptr_array_unref (imap.rows);
  g_variant_unref (start);
  return 0;
}
