/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A run, and what must be true after it. Each check fails the test, and says how to have the same run again. */
#pragma once
#include "tests/property/property.h"

struct run {
  guint64 number;
  guint32 seed;
  gboolean fixed; /* the message that is the same in all runs of one failure each */
  struct draft draft;
  struct route_policy rules; /* for this message */
  gboolean expect_nothing;   /* somebody cannot be written to: nothing may leave, whatever goes wrong beside */
  guint decided;             /* how often a person let it be sent again not knowing whether it was */
  struct outcome outcome;
  GHashTable *named_low; /* set of all who are named in To and Cc, in lower case */
};

void property_fail (const char *format, ...) G_GNUC_PRINTF (1, 2) G_GNUC_NORETURN;
void property_check_begin (const struct run *run);
void property_check_wire (const struct run *run);
void property_check_people (const struct run *run, GVariant *rows);
void property_check_calm (const struct run *run, GVariant *rows);
