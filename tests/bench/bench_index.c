/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* How long does a list take to open on few and on many mails? Imports generated mail through the real workers and times the first screenful.
 *
 *   bench_index [SMALL LARGE [WORDS]]       (default 1000 100000 500)
 *
 * Fails if LARGE takes more than twice as long as SMALL. The mails: threads, answers, dates over five years up to now, words with a natural
 * distribution, about 4 KB each; the same ones in each run. Lists do not care for the words: with 20 of them a big archive is there soon. */
#include "tests/bench/bench_world.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define RUNS 31
#define RATIO_MAX 2.0

/* Median, in ms, of a warm reader. */
static double
time_list (struct bench_process *reader, const char *query, guint offset)
{
  double times[RUNS];
  for (guint i = 0; i < RUNS + 3; i++) {
    gint64 begin = g_get_monotonic_time ();
    g_autoptr (GVariant) reply = bench_call (
        reader, "threads",
        g_variant_new_parsed ("{'query': <%s>, 'limit': <uint32 50>, 'offset': <%u>}", query, offset), NULL);
    g_autoptr (GVariant) rows = g_variant_lookup_value (reply, "rows", NULL);
    if (offset == 0 && *query != 'f' && g_variant_n_children (rows) == 0)
      bench_die ("the list is empty");
    if (i >= 3)
      times[i - 3] = (double) (g_get_monotonic_time () - begin) / 1000;
  }
  return bench_percentile (times, RUNS, 0.5);
}

/* What opening a mail asks of the index beside its file. */
static double
time_known (struct bench_process *reader, const char *from)
{
  double times[RUNS];
  for (guint i = 0; i < RUNS + 3; i++) {
    gint64 begin = g_get_monotonic_time ();
    g_autoptr (GVariant) reply = bench_call (
        reader, "known",
        g_variant_new_parsed ("{'from': <%s>, 'name': <'Person Seven'>, 'id': <'x'>, 'hosts': <['ward1.example', "
                              "'w4rd1.example', 'portal.clinic.example']>, 'own': <['clinic.example']>, "
                              "'domains': <['clinic.example']>}",
                              from),
        NULL);
    if (i >= 3)
      times[i - 3] = (double) (g_get_monotonic_time () - begin) / 1000;
  }
  return bench_percentile (times, RUNS, 0.5);
}

static double
measure (guint count, guint words)
{
  g_autofree char *dir = g_dir_make_tmp ("wm-bench-XXXXXX", NULL), *mail_dir = g_build_filename (dir, "mail", NULL);
  if (g_mkdir (mail_dir, 0700) != 0)
    bench_die ("no folder");
  double seconds = bench_fill (dir, "Bench", 0, count, words);
  printf ("%u mails imported in %.1f s, %.2f ms each\n", count, seconds, seconds * 1000 / MAX (count, 1));
  struct bench_process reader = bench_start (dir, FALSE);
  double first = time_list (&reader, "tag:imported", 0);
  printf ("  first 50 threads of tag:imported  %7.2f ms\n", first);
  printf ("  the next 50                       %7.2f ms\n", time_list (&reader, "tag:imported", 50));
  printf ("  first 50 of everything            %7.2f ms\n", time_list (&reader, "*", 0));
  printf ("  first 50 of from:person7          %7.2f ms\n", time_list (&reader, "from:person7", 0));
  printf ("  what is known of person7          %7.2f ms\n", time_known (&reader, "person7@ward0.example"));
  printf ("  what is known of a stranger       %7.2f ms\n", time_known (&reader, "nobody@far.example"));
  fflush (stdout);
  bench_end (&reader);
  bench_remove_tree (dir);
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
