/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* See bench_world.h. */
#include "tests/bench/bench_world.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mail/workers/worker.h"

#define YEARS 5
#define WORDS 20000

struct maker {
  guint first, count, words;
  int fd;
  GRand *rand;
};

/* Frequent words are short and come first: the product of two uniform numbers leans towards 0. */
static void
add_words (GString *text, GRand *rand, guint count)
{
  for (guint i = 0; i < count; i++) {
    guint word = (guint) (g_rand_double (rand) * g_rand_double (rand) * g_rand_double (rand) * WORDS);
    for (guint rest = word + 8; rest > 0; rest /= 8) {
      g_string_append_c (text, "bdgklmrt"[rest % 8]);
      g_string_append_c (text, "aeiou"[rest % 5]);
    }
    g_string_append_c (text, i % 9 == 8 ? '\n' : ' ');
  }
}

static void
add_mail (struct maker *maker, GString *text, guint number, gint64 date)
{
  static const char *const months[]
      = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
  g_autoptr (GDateTime) when = g_date_time_new_from_unix_utc (date);
  guint from = (guint) g_rand_int_range (maker->rand, 0, 300);
  gboolean answer = number > 0 && g_rand_int_range (maker->rand, 0, 10) < 7;
  g_string_printf (
      text, "Message-ID: <%u@bench.example>\nFrom: Person %u <person%u@ward%u.example>\nTo: alice@clinic.example\n",
      number, from, from, from % 7);
  if (answer) {
    guint back = 1 + (guint) g_rand_int_range (maker->rand, 0, (gint32) MIN (number, 200));
    g_string_append_printf (text, "In-Reply-To: <%u@bench.example>\nReferences: <%u@bench.example>\n", number - back,
                            number - back);
  }
  g_string_append_printf (text, "Date: %d %s %d %02d:%02d:%02d +0000\nSubject: %s", g_date_time_get_day_of_month (when),
                          months[g_date_time_get_month (when) - 1], g_date_time_get_year (when),
                          g_date_time_get_hour (when), g_date_time_get_minute (when), g_date_time_get_second (when),
                          answer ? "Re: " : "");
  add_words (text, maker->rand, 5);
  g_string_append (text, "\nContent-Type: text/plain; charset=utf-8\n\n");
  add_words (text, maker->rand,
             maker->words / 2 + (guint) g_rand_int_range (maker->rand, 0, (gint32) maker->words + 1));
}

static gboolean
put (int fd, const char *bytes, gsize size)
{
  while (size > 0) {
    ssize_t wrote = write (fd, bytes, size);
    if (wrote <= 0)
      return FALSE;
    bytes += wrote;
    size -= (gsize) wrote;
  }
  return TRUE;
}

static gpointer
make (gpointer data)
{
  struct maker *maker = data;
  gint64 now = g_get_real_time () / G_USEC_PER_SEC, span = (gint64) YEARS * 365 * 86400;
  g_autoptr (GString) text = g_string_new (NULL);
  maker->rand = g_rand_new_with_seed (4711 + maker->first);
  guint32 size = 1;
  for (guint i = 0; i < maker->count && size != 0; i++) {
    add_mail (maker, text, maker->first + i, now - span + span * i / maker->count);
    size = GUINT32_TO_BE ((guint32) text->len);
    if (!put (maker->fd, (const char *) &size, sizeof size) || !put (maker->fd, "\1", 1)
        || !put (maker->fd, text->str, text->len))
      size = 0;
  }
  size = 0;
  (void) put (maker->fd, (const char *) &size, sizeof size);
  close (maker->fd);
  g_rand_free (maker->rand);
  return NULL;
}

void
bench_die (const char *what)
{
  fprintf (stderr, "bench: %s\n", what);
  exit (1);
}

GVariant *
bench_call (struct bench_process *process, const char *method, GVariant *args, GUnixFDList *fds)
{
  struct channel_message *message;
  if (!channel_send (process->channel, PROTOCOL_CALL, 1, method, args, fds) || !channel_flush_wait (process->channel))
    bench_die ("the worker is gone");
  for (;;) {
    if (channel_receive_wait (process->channel, -1, &message) != CHANNEL_MESSAGE)
      bench_die ("the worker died");
    AUTOFREE (channel_message) owned = message;
    if (message->kind == PROTOCOL_FAIL)
      bench_die (method);
    if (message->kind == PROTOCOL_REPLY)
      return g_variant_ref (message->fields);
  }
}

struct bench_process
bench_start (const char *dir, gboolean writer)
{
  int ends[2];
  g_autofree char *index_dir = g_build_filename (dir, "index", NULL), *mail_dir = g_build_filename (dir, "mail", NULL);
  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    bench_die ("no socket");
  fflush (NULL);
  pid_t pid = fork ();
  if (pid == 0) {
    close (ends[0]);
    _exit (worker_run (&worker_role_index, ends[1]));
  }
  close (ends[1]);
  struct bench_process process = { .pid = pid, .channel = channel_new (ends[0]) };
  g_variant_unref (bench_call (
      &process, "start",
      g_variant_new_parsed ("{'index_dir': <%s>, 'mail_dir': <%s>, 'writer': <%b>}", index_dir, mail_dir, writer),
      NULL));
  return process;
}

void
bench_end (struct bench_process *process)
{
  channel_free (process->channel);
  (void) kill (process->pid, SIGTERM); /* others may hold its line as well: they were made by fork */
  (void) waitpid (process->pid, NULL, 0);
}

double
bench_fill (const char *dir, const char *folder, guint first, guint count, guint words)
{
  int ends[2];
  struct bench_process writer = bench_start (dir, TRUE);
  if (pipe (ends) != 0)
    bench_die ("no pipe");
  struct maker maker = { .first = first, .count = count, .words = words, .fd = ends[1] };
  gint64 begin = g_get_monotonic_time ();
  GThread *thread = g_thread_new ("make", make, &maker);
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new_from_array (ends, 1);
  g_autoptr (GVariant) reply
      = bench_call (&writer, "import", g_variant_new_parsed ("{'stream': <handle 0>, 'folder': <%s>}", folder), fds);
  g_thread_join (thread);
  guint32 imported = 0;
  g_variant_lookup (reply, "imported", "u", &imported);
  double seconds = (double) (g_get_monotonic_time () - begin) / 1e6;
  if (imported != count)
    bench_die ("not all mails were imported");
  bench_end (&writer);
  return seconds;
}

double
bench_peak_mb (const struct bench_process *process)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/status", (int) process->pid), *text = NULL;
  const char *line = g_file_get_contents (path, &text, NULL, NULL) ? strstr (text, "VmHWM:") : NULL;
  return line != NULL ? (double) g_ascii_strtoull (line + strlen ("VmHWM:"), NULL, 10) / 1024 : 0;
}

static int
compare (const void *a, const void *b)
{
  double one = *(const double *) a, two = *(const double *) b;
  return (one > two) - (one < two);
}

void
bench_remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *child = g_build_filename (path, name, NULL);
    if (g_unlink (child) != 0)
      bench_remove_tree (child);
  }
  (void) g_rmdir (path);
}

double
bench_percentile (double *values, guint count, double share)
{
  qsort (values, count, sizeof *values, compare);
  return values[MIN ((guint) (share * count), count - 1)];
}
