/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the filter role share: its methods. */
#pragma once
#include "mail/workers/worker.h"

GVariant *filter_tnef (struct worker *worker, GVariant *args, GError **error);
GVariant *filter_tnef_file (struct worker *worker, GVariant *args, GError **error);
GVariant *filter_chain (struct worker *worker, GVariant *args, GError **error);
