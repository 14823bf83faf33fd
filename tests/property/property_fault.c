/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* See property_fault.h. */
#include "tests/property/property_fault.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct fault_shared *shared;
int fault_role = -1;

/* usual: about how often a message comes by. */
static const struct {
  const char *name;
  guint kinds, wheres, usual;
} places[PLACE_COUNT] = {
  [PLACE_NONE] = { "none", 0, 1, 1 },
  [PLACE_FILES] = { "files", FILES_GONE, 1, 1 },
  [PLACE_FIND] = { "find", 1, 1, 5 },
  [PLACE_OWN] = { "own", 1, 1, 6 },
  [PLACE_PROTECT] = { "protect", OUTPUT_TRAILER, 1, 1 },
  [PLACE_GPG] = { "gpg", OUTPUT_UNSIGNED, 1, 3 },
  [PLACE_PROGRAM] = { "program", PROGRAM_REFUSES, 1, 2 },
  [PLACE_ENVELOPE] = { "envelope", OUTPUT_OTHER, 1, 4 },
  [PLACE_ALLOC] = { "alloc", 1, 1, 2500 },
  [PLACE_RANDOM] = { "random", 1, 1, 12 },
  [PLACE_DISK] = { "disk", DISK_DIES_AFTER, ROLE_COUNT, 45 },
  [PLACE_READ] = { "read", 1, ROLE_COUNT, 12 },
  [PLACE_OUTBOX] = { "outbox", OUTPUT_OTHER, 1, 1 },
  [PLACE_CALL] = { "call", CALL_ENGINE_DIES, 1, 8 },
  [PLACE_INDEX] = { "index", 1, 1, 2 },
  [PLACE_PEER] = { "peer", PEER_HANGS, STEP_COUNT, 3 },
};

void
fault_init (void)
{
  shared = mmap (NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (shared == MAP_FAILED)
    abort ();
}

guint
fault_next (enum fault_place place, guint where)
{
  if (shared == NULL || !shared->armed)
    return 0;
  const struct fault *fault = &shared->fault;
  const guint count = ++shared->counts[place][where];
  if (fault->place != place || fault->where != where || count < fault->at || (count > fault->at && !fault->stays))
    return 0;
  shared->fired++;
  return fault->kind;
}

guint
fault_kinds (enum fault_place place)
{
  return places[place].kinds;
}

guint
fault_wheres (enum fault_place place)
{
  return places[place].wheres;
}

const char *
fault_place_name (enum fault_place place)
{
  return places[place].name;
}

char *
fault_to_text (const struct fault *fault)
{
  return g_strdup_printf ("%s:%u:%u:%u%s", places[fault->place].name, fault->where, fault->kind, fault->at,
                          fault->stays ? "+" : "");
}

gboolean
fault_from_text (const char *text, struct fault *fault_out)
{
  char name[16] = "", stays = 0;
  memset (fault_out, 0, sizeof *fault_out);
  if (sscanf (text, "%15[a-z]:%u:%u:%u%c", name, &fault_out->where, &fault_out->kind, &fault_out->at, &stays) < 4)
    return FALSE;
  fault_out->stays = stays == '+';
  for (guint i = 0; i < PLACE_COUNT; i++)
    if (strcmp (places[i].name, name) == 0) {
      fault_out->place = (enum fault_place) i;
      return fault_out->where < places[i].wheres;
    }
  return FALSE;
}

struct fault
fault_random (GRand *random)
{
  struct fault fault = { .place = (enum fault_place) g_rand_int_range (random, 1, PLACE_COUNT) };
  if (g_rand_int_range (random, 0, 5) == 0) /* the last steps have most ways to go wrong */
    fault.place = PLACE_PEER;
  fault.where = (guint) g_rand_int_range (random, 0, (gint) places[fault.place].wheres);
  fault.kind = (guint) g_rand_int_range (random, 1, (gint) places[fault.place].kinds + 1);
  fault.at = (guint) g_rand_int_range (random, 1, (gint) places[fault.place].usual + 1);
  if (g_rand_boolean (random)) /* early ones more often: they come by in every run */
    fault.at = (guint) g_rand_int_range (random, 1, (gint) fault.at + 1);
  fault.stays = (fault.place == PLACE_DISK && fault.kind == DISK_FULL) || g_rand_int_range (random, 0, 8) == 0;
  if (fault.place == PLACE_DISK && fault.kind >= DISK_DIES)
    fault.stays = FALSE; /* or no worker would ever come up */
  return fault;
}
