/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether somebody edited the settings meanwhile. */
#pragma once
#include "config/paths.h"

/* What is different once one of the profile's files of settings was written, replaced, made or removed. Caller frees. */
char *stamp_settings (const struct paths *paths);
