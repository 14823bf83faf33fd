/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* How long does a list take to open on few and on many mails? Imports generated mail through the real workers and times the first screenful.
 *
 *   bench_index [SMALL LARGE [WORDS]]       (default 1000 100000 500)
 *
 * Fails if LARGE takes more than twice as long as SMALL. The mails: threads, answers, dates over five years up to now, words with a natural
 * distribution, about 4 KB each; the same ones in each run. Lists do not care for the words: with 20 of them a big archive is there soon. */
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mail/engine/channel.h"
#include "mail/workers/worker.h"

#define YEARS 5
#define WORDS 20000
#define RUNS 31
#define RATIO_MAX 2.0

struct maker {
  guint count, words;
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
  maker->rand = g_rand_new_with_seed (4711);
  guint32 size = 1;
  for (guint i = 0; i < maker->count && size != 0; i++) {
    add_mail (maker, text, i, now - span + span * i / maker->count);
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

struct process {
  pid_t pid;
  struct channel *channel;
};

static void
die (const char *what)
{
  fprintf (stderr, "bench_index: %s\n", what);
  exit (1);
}

static GVariant *
call (struct process *process, const char *method, GVariant *args, GUnixFDList *fds)
{
  struct channel_message *message;
  if (!channel_send (process->channel, PROTOCOL_CALL, 1, method, args, fds) || !channel_flush_wait (process->channel))
    die ("the worker is gone");
  for (;;) {
    if (channel_receive_wait (process->channel, -1, &message) != CHANNEL_MESSAGE)
      die ("the worker died");
    AUTOFREE (channel_message) owned = message;
    if (message->kind == PROTOCOL_FAIL)
      die (method);
    if (message->kind == PROTOCOL_REPLY)
      return g_variant_ref (message->fields);
  }
}

static struct process
start (const char *dir, gboolean writer)
{
  int ends[2];
  g_autofree char *index_dir = g_build_filename (dir, "index", NULL), *mail_dir = g_build_filename (dir, "mail", NULL);
  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    die ("no socket");
  fflush (NULL);
  pid_t pid = fork ();
  if (pid == 0) {
    close (ends[0]);
    _exit (worker_run (&worker_role_index, ends[1]));
  }
  close (ends[1]);
  struct process process = { .pid = pid, .channel = channel_new (ends[0]) };
  g_variant_unref (
      call (&process, "start",
            g_variant_new_parsed ("{'index_dir': <%s>, 'mail_dir': <%s>, 'writer': <%b>}", index_dir, mail_dir, writer),
            NULL));
  return process;
}

static void
end (struct process *process)
{
  channel_free (process->channel);
  (void) waitpid (process->pid, NULL, 0);
}

static void
fill (const char *dir, guint count, guint words)
{
  int ends[2];
  struct process writer = start (dir, TRUE);
  if (pipe (ends) != 0)
    die ("no pipe");
  struct maker maker = { .count = count, .words = words, .fd = ends[1] };
  gint64 begin = g_get_monotonic_time ();
  GThread *thread = g_thread_new ("make", make, &maker);
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new_from_array (ends, 1);
  g_autoptr (GVariant) reply
      = call (&writer, "import", g_variant_new_parsed ("{'stream': <handle 0>, 'folder': <'Bench'>}"), fds);
  g_thread_join (thread);
  guint32 imported = 0;
  g_variant_lookup (reply, "imported", "u", &imported);
  double seconds = (double) (g_get_monotonic_time () - begin) / 1e6;
  printf ("%u mails: %u imported in %.1f s, %.2f ms each\n", count, imported, seconds,
          seconds * 1000 / MAX (imported, 1));
  if (imported != count)
    die ("not all mails were imported");
  end (&writer);
}

static int
compare (const void *a, const void *b)
{
  double one = *(const double *) a, two = *(const double *) b;
  return (one > two) - (one < two);
}

/* Median, in ms, of a warm reader. */
static double
time_list (struct process *reader, const char *query, guint offset)
{
  double times[RUNS];
  for (guint i = 0; i < RUNS + 3; i++) {
    gint64 begin = g_get_monotonic_time ();
    g_autoptr (GVariant) reply
        = call (reader, "threads",
                g_variant_new_parsed ("{'query': <%s>, 'limit': <uint32 50>, 'offset': <%u>}", query, offset), NULL);
    g_autoptr (GVariant) rows = g_variant_lookup_value (reply, "rows", NULL);
    if (offset == 0 && *query != 'f' && g_variant_n_children (rows) == 0)
      die ("the list is empty");
    if (i >= 3)
      times[i - 3] = (double) (g_get_monotonic_time () - begin) / 1000;
  }
  qsort (times, RUNS, sizeof *times, compare);
  return times[RUNS / 2];
}

/* What opening a mail asks of the index beside its file. */
static double
time_known (struct process *reader, const char *from)
{
  double times[RUNS];
  for (guint i = 0; i < RUNS + 3; i++) {
    gint64 begin = g_get_monotonic_time ();
    g_autoptr (GVariant) reply = call (
        reader, "known",
        g_variant_new_parsed ("{'from': <%s>, 'name': <'Person Seven'>, 'id': <'x'>, 'hosts': <['ward1.example', "
                              "'w4rd1.example', 'portal.clinic.example']>, 'own': <['clinic.example']>, "
                              "'domains': <['clinic.example']>}",
                              from),
        NULL);
    if (i >= 3)
      times[i - 3] = (double) (g_get_monotonic_time () - begin) / 1000;
  }
  qsort (times, RUNS, sizeof *times, compare);
  return times[RUNS / 2];
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *child = g_build_filename (path, name, NULL);
    if (g_unlink (child) != 0)
      remove_tree (child);
  }
  (void) g_rmdir (path);
}

static double
measure (guint count, guint words)
{
  g_autofree char *dir = g_dir_make_tmp ("wm-bench-XXXXXX", NULL), *mail_dir = g_build_filename (dir, "mail", NULL);
  if (g_mkdir (mail_dir, 0700) != 0)
    die ("no folder");
  fill (dir, count, words);
  struct process reader = start (dir, FALSE);
  double first = time_list (&reader, "tag:imported", 0);
  printf ("  first 50 threads of tag:imported  %7.2f ms\n", first);
  printf ("  the next 50                       %7.2f ms\n", time_list (&reader, "tag:imported", 50));
  printf ("  first 50 of everything            %7.2f ms\n", time_list (&reader, "*", 0));
  printf ("  first 50 of from:person7          %7.2f ms\n", time_list (&reader, "from:person7", 0));
  printf ("  what is known of person7          %7.2f ms\n", time_known (&reader, "person7@ward0.example"));
  printf ("  what is known of a stranger       %7.2f ms\n", time_known (&reader, "nobody@far.example"));
  fflush (stdout);
  end (&reader);
  remove_tree (dir);
  return first;
}

int
main (int argc, char **argv)
{
  (void) signal (SIGPIPE, SIG_IGN);
  guint small = argc > 2 ? (guint) g_ascii_strtoull (argv[1], NULL, 10) : 1000;
  guint large = argc > 2 ? (guint) g_ascii_strtoull (argv[2], NULL, 10) : 100000;
  guint words = argc > 3 ? (guint) MIN (g_ascii_strtoull (argv[3], NULL, 10), 100000) : 500;
  double one = measure (small, words), two = measure (large, words), ratio = two / one;
  printf ("ratio %.2f (at most %.1f)\n", ratio, RATIO_MAX);
  return ratio <= RATIO_MAX ? 0 : 1;
}
