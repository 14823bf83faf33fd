/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Does a secret stand anywhere in the memory of this process? What is looked for is kept masked, so that the search does not find
 * itself; who makes it should do so in a process of its own. */
#pragma once
#include <glib.h>

#define MEMORY_SEARCH_BYTES 24 /* of each secret that are looked for */

struct memory_search {
  guint8 masked[16][MEMORY_SEARCH_BYTES];
  guint count;
};
/* Masks the bytes; does not wipe them. At most 16. */
void memory_search_add (struct memory_search *search, const guint8 *bytes);
/* How often any of them stands in memory that can be read: heap, stacks, everything that is mapped. */
guint memory_search_run (const struct memory_search *search);
