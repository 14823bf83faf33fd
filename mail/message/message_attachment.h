/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether lists should say of a mail that something is attached. Index worker: parses the file, as libnotmuch did just before. */
#pragma once
#include <glib.h>

/* A part sent as an attachment that is neither a signature nor the wrapping of encrypted mail. FALSE too when the file cannot be read. */
gboolean message_has_attachment (const char *path);
