/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* CompressedData (RFC 3274), which no program here can make. */
#pragma once
#include <glib.h>

GBytes *cms_compressed (const guchar *packed, gsize size);
/* What to pack: the text, and so many zeros behind it. */
GBytes *cms_compressed_deflate (const char *text, gsize zeros);
