/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What a ZIP archive says that it holds. */
#pragma once
#include <glib.h>

#define ATTACHMENT_ZIP_NAMES_MAX 10000 /* a study of pictures has some thousand files */

GPtrArray *attachment_zip_names (const guint8 *bytes, gsize size); /* char *, UTF-8, not sanitised; empty: no archive */
