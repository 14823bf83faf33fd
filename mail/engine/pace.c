/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* See pace.h. Found out, not told: no setting can stretch the limits of the program that people use. */
#include "mail/engine/pace.h"

#ifdef HAVE_VALGRIND_VALGRIND_H
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#endif

#define PACE_SANITIZERS 4
#define PACE_VALGRIND 20

guint
pace (void)
{
#ifdef WITH_SANITIZERS
  return PACE_SANITIZERS;
#else
  return RUNNING_ON_VALGRIND ? PACE_VALGRIND : 1;
#endif
}

gboolean
pace_watched (void)
{
  return pace () > 1;
}
