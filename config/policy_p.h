/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The levels of policy from named files, for tests. */
#pragma once
#include "config/policy.h"

#define POLICY_ORGANISATION_FILE "/etc/wardmail/policy.conf"
struct policy *policy_load_files (const char *organisation_file, const char *user_file, gboolean test_profile,
                                  GError **error);
