/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* From a finished plaintext message, as programs hand it to sendmail, to a draft that wardmail protects and sends by itself. Keys worker:
 * the input is as hostile as any received mail. */
#pragma once
#include <gio/gio.h>

#define DRAFT_PARSE_ATTACHMENTS_MAX 60
/* Returns a floating draft a{sv} (fields: protocol.c). attachments_out: GBytes *, one for each attachment and in its order; the "h" of the draft's
 * attachments are positions in it. Text of the body is the first plain text; every other part becomes an attachment, nothing is dropped but
 * the other forms of the same text (multipart/alternative). USAGE: it is no message, it is signed or encrypted already, or it is too much. */
GVariant *draft_parse (GBytes *message, GPtrArray **attachments_out, GError **error);
