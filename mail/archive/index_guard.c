/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The mark of the mail under way, the signals that turn it into a verdict, and the list of what is skipped. See index_guard.h. */
#include "mail/archive/index_guard.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "mail/engine.h"

#define SKIPPED_MAX (4u * 1024 * 1024)
#define HASH_LENGTH 64
#define WALL_FACTOR 4

enum mark_state { MARK_NONE = 0, MARK_UNDER_WAY, MARK_CRASHED, MARK_SLOW };

/* Shared with the file, so that it outlives the process. */
struct mark {
  volatile sig_atomic_t state;
  char path[4096];
};

struct index_guard {
  struct mark *mark;
  char *skipped_path;
  GHashTable *skipped; /* hash -> enum index_guard_verdict */
  guint cpu_s;
};

static const int signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS };
static struct mark *marked; /* for the handlers */
static struct sigaction previous[G_N_ELEMENTS (signals)];
static guint8 signal_stack[64 * 1024]; /* deep nesting can use up the other one */

static void
on_crash (int signal_number)
{
  if (marked != NULL && marked->state == MARK_UNDER_WAY)
    marked->state = MARK_CRASHED;
  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    if (signals[i] == signal_number)
      (void) sigaction (signal_number, &previous[i], NULL);
  (void) raise (signal_number);
}

static void
on_slow (int signal_number)
{
  if (marked == NULL || marked->state != MARK_UNDER_WAY)
    return;
  marked->state = MARK_SLOW;
  _exit (1);
}

static void
set_handlers (void)
{
  stack_t stack = { .ss_sp = signal_stack, .ss_size = sizeof signal_stack };
  (void) sigaltstack (&stack, NULL);
  struct sigaction crash = { .sa_handler = on_crash, .sa_flags = SA_ONSTACK };
  struct sigaction slow = { .sa_handler = on_slow, .sa_flags = SA_ONSTACK | SA_RESTART };
  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    (void) sigaction (signals[i], &crash, &previous[i]);
  (void) sigaction (SIGPROF, &slow, NULL);
  (void) sigaction (SIGALRM, &slow, NULL);
}

static void
clear_handlers (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    (void) sigaction (signals[i], &previous[i], NULL);
  (void) signal (SIGPROF, SIG_DFL);
  (void) signal (SIGALRM, SIG_DFL);
  stack_t stack = { .ss_flags = SS_DISABLE };
  (void) sigaltstack (&stack, NULL);
}

/* Processor time, and a time by the clock for what waits for ever. */
static void
set_timer (guint seconds)
{
  struct itimerval timer = { .it_value = { .tv_sec = (time_t) seconds } },
                   wall = { .it_value = { .tv_sec = (time_t) seconds * WALL_FACTOR } };
  (void) setitimer (ITIMER_PROF, &timer, NULL);
  (void) setitimer (ITIMER_REAL, &wall, NULL);
}

static char *
file_hash (const char *path)
{
  g_autoptr (GMappedFile) file = g_mapped_file_new (path, FALSE, NULL);
  if (file == NULL)
    return NULL;
  g_autoptr (GBytes) bytes = g_mapped_file_get_bytes (file);
  return g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, bytes);
}

/* One line more about it: what cannot even be listed by its header is listed without. */
static void
blame (struct index_guard *guard, const char *hash)
{
  gpointer had = g_hash_table_lookup (guard->skipped, hash);
  g_hash_table_replace (guard->skipped, g_strdup (hash),
                        GUINT_TO_POINTER (had != NULL ? INDEX_GUARD_HOPELESS : INDEX_GUARD_DAMAGED));
}

/* Lines: the hash, a space, why. What is not such a line is passed over. */
static void
load_skipped (struct index_guard *guard, const char *path)
{
  g_autofree char *text = NULL;
  gsize size = 0;
  if (!g_file_get_contents (path, &text, &size, NULL) || size > SKIPPED_MAX)
    return;
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  for (char **line = lines; *line != NULL; line++) {
    if (strlen (*line) <= HASH_LENGTH + 1 || (*line)[HASH_LENGTH] != ' ')
      continue;
    (*line)[HASH_LENGTH] = '\0';
    blame (guard, *line);
  }
}

static gboolean
remember (struct index_guard *guard, const char *hash, enum mark_state state, GError **error)
{
  int fd = open (guard->skipped_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
  g_autofree char *line = g_strdup_printf ("%s %s\n", hash, state == MARK_SLOW ? "slow" : "crashed");
  gboolean done = fd >= 0 && write (fd, line, strlen (line)) == (ssize_t) strlen (line) && fdatasync (fd) == 0;
  if (!done)
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_FAILED,
                 "The search index could not note a damaged mail: %s. Look whether the disk is full.",
                 g_strerror (errno));
  if (fd >= 0)
    close (fd);
  if (done)
    blame (guard, hash);
  return done;
}

/* What the last process was at when it ended. */
static gboolean
judge_mark (struct index_guard *guard, const char *mail_dir, GError **error)
{
  gboolean done = TRUE;
  enum mark_state state = (enum mark_state) guard->mark->state;
  guard->mark->path[sizeof guard->mark->path - 1] = 0;
  g_autofree char *below = g_strconcat (mail_dir, "/", NULL);
  if ((state == MARK_CRASHED || state == MARK_SLOW) && g_str_has_prefix (guard->mark->path, below)) {
    g_autofree char *hash = file_hash (guard->mark->path);
    done = hash == NULL || remember (guard, hash, state, error);
  }
  if (done)
    memset (guard->mark, 0, sizeof *guard->mark);
  return done;
}

static struct mark *
map_mark (const char *keep_dir, GError **error)
{
  g_autofree char *path = g_build_filename (keep_dir, "indexing", NULL);
  int fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  void *mark = MAP_FAILED;
  if (fd >= 0
      && posix_fallocate (fd, 0, sizeof (struct mark)) == 0) /* with its blocks: a full disk must not become SIGBUS */
    mark = mmap (NULL, sizeof (struct mark), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (mark == MAP_FAILED)
    g_set_error (
        error, ENGINE_ERROR, ENGINE_ERROR_FAILED,
        "The search index could not be prepared in %s: %s. Look whether the disk is full and the folder is yours.",
        keep_dir, g_strerror (errno));
  if (fd >= 0)
    close (fd);
  return mark == MAP_FAILED ? NULL : mark;
}

struct index_guard *
index_guard_new (const char *keep_dir, const char *index_dir, const char *mail_dir, GError **error)
{
  struct mark *mark = map_mark (keep_dir, error);
  if (mark == NULL)
    return NULL;
  struct index_guard *guard = g_new0 (struct index_guard, 1);
  guard->mark = mark;
  guard->cpu_s = INDEX_GUARD_CPU_S;
  guard->skipped_path = g_build_filename (keep_dir, "skipped", NULL);
  guard->skipped = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autofree char *older = g_build_filename (index_dir, "skipped", NULL); /* of versions that kept it with the index */
  if (strcmp (older, guard->skipped_path) != 0 && g_access (guard->skipped_path, F_OK) != 0)
    if (g_rename (older, guard->skipped_path) != 0)
      load_skipped (guard, older);
  load_skipped (guard, guard->skipped_path);
  if (!judge_mark (guard, mail_dir, error)) {
    index_guard_free (guard);
    return NULL;
  }
  marked = mark;
  set_handlers ();
  return guard;
}

void
index_guard_free (struct index_guard *guard)
{
  if (guard == NULL)
    return;
  if (marked == guard->mark) {
    marked = NULL;
    clear_handlers ();
  }
  (void) munmap (guard->mark, sizeof *guard->mark);
  g_hash_table_unref (guard->skipped);
  g_free (guard->skipped_path);
  g_free (guard);
}

enum index_guard_verdict
index_guard_judge (struct index_guard *guard, const char *path)
{
  if (g_hash_table_size (guard->skipped) == 0)
    return INDEX_GUARD_FINE;
  g_autofree char *hash = file_hash (path);
  return hash != NULL ? (enum index_guard_verdict) GPOINTER_TO_UINT (g_hash_table_lookup (guard->skipped, hash))
                      : INDEX_GUARD_FINE;
}

void
index_guard_enter (struct index_guard *guard, const char *path)
{
  g_strlcpy (guard->mark->path, path, sizeof guard->mark->path);
  guard->mark->state = MARK_UNDER_WAY;
  set_timer (guard->cpu_s);
}

void
index_guard_leave (struct index_guard *guard)
{
  set_timer (0);
  guard->mark->state = MARK_NONE;
}

void
index_guard_set_cpu_s (struct index_guard *guard, guint seconds)
{
  guard->cpu_s = seconds;
}
