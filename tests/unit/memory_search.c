/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A walk over /proc/self/maps and /proc/self/mem. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "crypto/guard/secret.h"
#include "tests/unit/memory_search.h"

#define MASK 0x5a
#define WINDOW ((gsize) 256 * 1024)
#define MAP_BYTES_MAX                                                                                                  \
  ((guint64) 1 << 30) /* what is larger is address space that a checker of memory keeps for itself */

void
memory_search_add (struct memory_search *search, const guint8 *bytes)
{
  assert_true (search->count < G_N_ELEMENTS (search->masked));
  guint8 *masked = search->masked[search->count++];
  for (guint i = 0; i < MEMORY_SEARCH_BYTES; i++)
    masked[i] = bytes[i] ^ MASK;
}

static guint
search_window (const struct memory_search *search, const guint8 *window, gsize size)
{
  gboolean first[256] = { FALSE };
  guint found = 0;
  for (guint k = 0; k < search->count; k++)
    first[search->masked[k][0] ^ MASK] = TRUE;
  for (gsize i = 0; i + MEMORY_SEARCH_BYTES <= size; i++) {
    if (!first[window[i]])
      continue;
    for (guint k = 0; k < search->count; k++) {
      guint same = 0;
      while (same < MEMORY_SEARCH_BYTES && (window[i + same] ^ MASK) == search->masked[k][same])
        same++;
      found += same == MEMORY_SEARCH_BYTES;
    }
  }
  return found;
}

/* Windows overlap by one secret less a byte. The window itself is not looked into: it lies on no page of a map that is read with it. */
static guint
search_map (const struct memory_search *search, int memory, guint64 from, guint64 to, guint8 *window)
{
  guint found = 0;
  for (guint64 at = from; at < to;) {
    ssize_t got = pread (memory, window, MIN (WINDOW, to - at), (off_t) at);
    if (got <= 0)
      break;
    found += search_window (search, window, (gsize) got);
    if (at + (guint64) got >= to)
      break;
    at += (guint64) got > MEMORY_SEARCH_BYTES ? (guint64) got - (MEMORY_SEARCH_BYTES - 1) : (guint64) got;
  }
  return found;
}

guint
memory_search_run (const struct memory_search *search)
{
  /* In the secret's own pages, which are skipped below. */
  g_autofree char *nothing = g_malloc0 (WINDOW);
  AUTOFREE (secret) own = secret_new (nothing, WINDOW);
  guint8 *window = (guint8 *) secret_peek (own);
  FILE *maps = fopen ("/proc/self/maps", "re");
  int memory = open ("/proc/self/mem", O_RDONLY | O_CLOEXEC);
  assert_non_null (maps);
  assert_true (memory >= 0);
  char line[512];
  guint found = 0;
  guint64 read_bytes = 0;
  while (fgets (line, sizeof line, maps) != NULL) {
    guint64 from, to;
    char access[8];
    if (sscanf (line, "%" G_GINT64_MODIFIER "x-%" G_GINT64_MODIFIER "x %7s", &from, &to, access) != 3
        || access[0] != 'r' || strstr (line, "[v") != NULL || to - from > MAP_BYTES_MAX)
      continue;
    const guint64 start = (guint64) (guintptr) window, end = start + WINDOW;
    if (from < start)
      found += search_map (search, memory, from, MIN (to, start), window);
    if (to > end)
      found += search_map (search, memory, MAX (from, end), to, window);
    read_bytes += to - from;
  }
  assert_true (read_bytes > 1024 * 1024);
  fclose (maps);
  close (memory);
  return found;
}
