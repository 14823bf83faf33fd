/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* How long does a new mail take from the disk to the list on the screen, and does a list wait while much mail comes in?
 *
 *   bench_arrival [MAILS [WORDS [FOLDER]]]        (default 100000 20 bench-archive)
 *
 * The archive is made in FOLDER and kept there for the next run. One new mail at a time: into the index by the writer, and asked for by the
 * reader until the list begins with it, through the real workers; and by turns `notmuch new` on an equal folder of mail with an equal index. Fails
 * if ours takes more than RATIO_MAX of that. Then lists and searches are asked for while the writer takes a tenth of the archive, 10,000 mails at
 * most; fails if the slowest of a
 * hundred takes SLOWER_MAX times what it takes alone, and more than SLOW_MS. The peer needs the program notmuch; without it that part is left out. */
#include "tests/bench/bench_world.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define RUNS 11
#define RATIO_MAX 0.4
#define BUSY_MAX 10000
#define ASKED_MAX 20000
#define SLOWER_MAX 5
#define SLOW_MS 150
#define MEMORY_MAX_MB 256

struct archive {
  char *dir, *folder;             /* ours, and its folder of mail */
  char *peer, *peer_folder, *ini; /* the peer's */
};

static void
run (const char *const *argv, const char *ini)
{
  g_auto (GStrv) environment = g_environ_setenv (g_get_environ (), "NOTMUCH_CONFIG", ini != NULL ? ini : "", TRUE);
  g_autoptr (GError) error = NULL;
  int status = 0;
  if (!g_spawn_sync (NULL, (char **) argv, environment, G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL,
                     NULL, NULL, &status, &error)
      || !g_spawn_check_wait_status (status, NULL))
    bench_die (argv[0]);
}

static void
run_new (const struct archive *archive)
{
  const char *const argv[] = { "notmuch", "new", "--quiet", NULL };
  run (argv, archive->ini);
}

/* ---- the archive and its twin ---- */

static void
make_archive (const struct archive *archive, guint mails, guint words)
{
  g_autofree char *mark = g_build_filename (archive->dir, "whole", NULL),
                  *mail = g_build_filename (archive->dir, "mail", NULL);
  if (g_file_test (mark, G_FILE_TEST_EXISTS))
    return;
  bench_remove_tree (archive->dir);
  bench_remove_tree (archive->peer);
  if (g_mkdir_with_parents (mail, 0700) != 0)
    bench_die ("no folder");
  double seconds = bench_fill (archive->dir, "Bench", 0, mails, words);
  printf ("%u mails imported in %.1f s, kept in %s\n", mails, seconds, archive->dir);
  if (!g_file_set_contents (mark, "", 0, NULL))
    bench_die ("no mark");
}

/* The same mail, and a copy of the index that we made. */
static gboolean
make_peer (const struct archive *archive)
{
  g_autofree char *mail = g_build_filename (archive->dir, "mail", NULL), *program = g_find_program_in_path ("notmuch"),
                  *number_file = g_build_filename (archive->dir, "index", "current", NULL), *number = NULL;
  if (program == NULL)
    return FALSE;
  bench_remove_tree (archive->peer);
  (void) g_file_get_contents (number_file, &number, NULL, NULL);
  g_autofree char *made = number != NULL ? g_strconcat ("made-", g_strchomp (number), NULL) : g_strdup ("."),
                  *index = g_build_filename (archive->dir, "index", made, ".notmuch", NULL),
                  *settings
                  = g_strdup_printf ("[database]\npath=%s\nmail_root=%s\n[user]\nname=A\nprimary_email=a@x.org\n"
                                     "[new]\ntags=inbox;unread\n[maildir]\nsynchronize_flags=false\n",
                                     archive->peer, archive->peer);
  const char *const links[] = { "cp", "-al", mail, archive->peer, NULL }, *const copy[]
                                                                          = { "cp", "-a", index, archive->peer, NULL };
  run (links, NULL);
  run (copy, NULL);
  if (!g_file_set_contents (archive->ini, settings, -1, NULL))
    bench_die ("no settings");
  run_new (archive); /* it looks at all folders once */
  run_new (archive);
  return TRUE;
}

/* ---- one new mail ---- */

static char *
new_mail (guint number, gint64 now)
{
  return g_strdup_printf ("Message-ID: <arrival-%u-%" G_GINT64_FORMAT
                          "@bench.example>\nFrom: Person <p@ward1.example>\n"
                          "To: alice@clinic.example\nSubject: new one %u\nDate: @DATE@\n\nbadego limara tuke\n",
                          number, now, number);
}

static char *
deliver (const char *folder, guint number, gint64 now)
{
  g_autofree char *text = new_mail (number, now),
                  *name = g_strdup_printf ("arrival-%u-%" G_GINT64_FORMAT ":2,", number, now);
  g_autoptr (GDateTime) when = g_date_time_new_from_unix_utc (now + number);
  g_autofree char *date = g_date_time_format (when, "%d %b %Y %H:%M:%S +0000");
  g_autoptr (GString) whole = g_string_new (text);
  (void) g_string_replace (whole, "@DATE@", date, 1);
  char *path = g_build_filename (folder, name, NULL);
  if (!g_file_set_contents_full (path, whole->str, (gssize) whole->len, G_FILE_SET_CONTENTS_NONE, 0600, NULL))
    bench_die ("no mail");
  return path;
}

static gboolean
is_first (struct bench_process *reader, const char *subject)
{
  g_autoptr (GVariant) reply = bench_call (
      reader, "threads", g_variant_new_parsed ("{'query': <'tag:inbox or tag:imported'>, 'limit': <uint32 50>}"), NULL);
  g_autoptr (GVariant) rows = g_variant_lookup_value (reply, "rows", NULL);
  if (g_variant_n_children (rows) == 0)
    return FALSE;
  g_autoptr (GVariant) row = g_variant_get_child_value (rows, 0);
  const char *found = "";
  (void) g_variant_lookup (row, "subject", "&s", &found);
  return strcmp (found, subject) == 0;
}

static double
time_ours (const struct archive *archive, struct bench_process *writer, struct bench_process *reader, guint number,
           gint64 now)
{
  g_autofree char *path = deliver (archive->folder, number, now), *subject = g_strdup_printf ("new one %u", number);
  gint64 begin = g_get_monotonic_time ();
  g_variant_unref (bench_call (
      writer, "add", g_variant_new_parsed ("{'mails': <[{'path': <%s>, 'add': <['inbox', 'unread']>}]>}", path), NULL));
  if (!is_first (reader, subject))
    bench_die ("the new mail is not on the list");
  return (double) (g_get_monotonic_time () - begin) / 1000;
}

static double
time_peer (const struct archive *archive, guint number, gint64 now)
{
  g_free (deliver (archive->peer_folder, number, now));
  gint64 begin = g_get_monotonic_time ();
  run_new (archive);
  return (double) (g_get_monotonic_time () - begin) / 1000;
}

static gboolean
compare_arrivals (const struct archive *archive)
{
  struct bench_process writer = bench_start (archive->dir, TRUE), reader = bench_start (archive->dir, FALSE);
  gint64 now = g_get_real_time () / G_USEC_PER_SEC - 60; /* newer than all that is there */
  gboolean peer = make_peer (archive);
  double ours[RUNS], theirs[RUNS];
  (void) time_ours (archive, &writer, &reader, 0, now);
  for (guint i = 0; i < RUNS; i++) {
    ours[i] = time_ours (archive, &writer, &reader, i + 1, now);
    theirs[i] = peer ? time_peer (archive, i + 1, now) : 0;
  }
  double writer_mb = bench_peak_mb (&writer), reader_mb = bench_peak_mb (&reader);
  double mine = bench_percentile (ours, RUNS, 0.5), its = bench_percentile (theirs, RUNS, 0.5);
  printf ("a new mail is on the list after %.1f ms (%.1f to %.1f)\n", mine, ours[0], ours[RUNS - 1]);
  printf ("memory: writer %.0f MB, reader %.0f MB (at most %d)\n", writer_mb, reader_mb, MEMORY_MAX_MB);
  bench_end (&writer);
  bench_end (&reader);
  gboolean small = writer_mb <= MEMORY_MAX_MB && reader_mb <= MEMORY_MAX_MB;
  if (!peer) {
    printf ("notmuch is not installed: nothing to compare with\n");
    return small;
  }
  printf ("notmuch new takes %.1f ms (%.1f to %.1f); ratio %.2f (at most %.1f)\n", its, theirs[0], theirs[RUNS - 1],
          mine / its, RATIO_MAX);
  return small && mine / its <= RATIO_MAX;
}

/* ---- lists while mail comes in ---- */

struct filling {
  const char *dir;
  guint mails;
  gint done;
  double seconds;
};

static gpointer
fill (gpointer data)
{
  struct filling *filling = data;
  filling->seconds = bench_fill (filling->dir, "Busy", 5000000, filling->mails, 100);
  g_atomic_int_set (&filling->done, 1);
  return NULL;
}

/* Until filling is done, or 300 times. */
static guint
ask (const char *dir, const struct filling *filling, double *times)
{
  static const char *const queries[] = { "tag:imported", "*", "from:person7", "bade" };
  struct bench_process reader = bench_start (dir, FALSE);
  guint count = 0;
  while (count < (filling != NULL ? ASKED_MAX : 300) && (filling == NULL || !g_atomic_int_get (&filling->done))) {
    gint64 begin = g_get_monotonic_time ();
    g_variant_unref (bench_call (
        &reader, "threads",
        g_variant_new_parsed ("{'query': <%s>, 'limit': <uint32 50>}", queries[count % G_N_ELEMENTS (queries)]), NULL));
    times[count++] = (double) (g_get_monotonic_time () - begin) / 1000;
    g_usleep (5000); /* people look at what they get */
  }
  bench_end (&reader);
  return count;
}

static gboolean
compare_lists (const char *parent, guint mails)
{
  g_autofree char *dir = g_build_filename (parent, "busy", NULL), *mail = g_build_filename (dir, "mail", NULL);
  g_autofree double *times = g_new0 (double, ASKED_MAX);
  bench_remove_tree (dir);
  if (g_mkdir_with_parents (mail, 0700) != 0)
    bench_die ("no folder");
  (void) bench_fill (dir, "Bench", 0, mails, 100);
  guint count = ask (dir, NULL, times);
  double alone = bench_percentile (times, count, 0.99);
  printf ("lists alone: median %.1f ms, 99 %% within %.1f ms\n", bench_percentile (times, count, 0.5), alone);
  struct filling filling = { .dir = dir, .mails = mails };
  GThread *thread = g_thread_new ("fill", fill, &filling);
  count = ask (dir, &filling, times);
  g_thread_join (thread);
  double beside = bench_percentile (times, count, 0.99);
  printf (
      "while %u mails come in (%.1f s, %.2f ms each): median %.1f ms, 99 %% within %.1f ms, the slowest of %u %.1f ms; "
      "the reader did not end once\n",
      mails, filling.seconds, filling.seconds * 1000 / mails, bench_percentile (times, count, 0.5), beside, count,
      times[count - 1]);
  bench_remove_tree (dir);
  return beside <= SLOW_MS || beside <= SLOWER_MAX * alone;
}

int
main (int argc, char **argv)
{
  (void) signal (SIGPIPE, SIG_IGN);
  guint mails = argc > 1 ? (guint) g_ascii_strtoull (argv[1], NULL, 10) : 100000;
  guint words = argc > 2 ? (guint) MIN (g_ascii_strtoull (argv[2], NULL, 10), 100000) : 20;
  g_autofree char *parent = g_canonicalize_filename (argc > 3 ? argv[3] : "bench-archive", NULL),
                  *name = g_strdup_printf ("%u-%u", mails, words);
  struct archive archive = { .dir = g_build_filename (parent, name, NULL) };
  archive.folder = g_build_filename (archive.dir, "mail", "local", "Bench", "cur", NULL);
  archive.peer = g_strconcat (archive.dir, "-peer", NULL);
  archive.peer_folder = g_build_filename (archive.peer, "local", "Bench", "cur", NULL);
  archive.ini = g_strconcat (archive.dir, ".ini", NULL);
  make_archive (&archive, mails, words);
  gboolean arrivals = compare_arrivals (&archive), lists = compare_lists (parent, CLAMP (mails / 10, 100, BUSY_MAX));
  g_free (archive.dir);
  g_free (archive.folder);
  g_free (archive.peer);
  g_free (archive.peer_folder);
  g_free (archive.ini);
  return lists && arrivals ? 0 : 1;
}
