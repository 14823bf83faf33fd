/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* One header field of a message file, to show, without reading more than the head of the file. Any process. */
#pragma once
#include <glib.h>

/* The first field of that name: unfolded, RFC 2047 decoded, sanitised, bounded. "" when it or the file is not there. */
char *message_field_read (const char *path, const char *name);
/* The same from bytes. */
char *message_field_find (const char *head, gsize size, const char *name);
/* Whom it goes to, by name where there is one, else by address: "Bob Okafor, carol@x.org". The To field, or where that names nobody Cc,
 * then Bcc. Sanitised, bounded; "" when nobody is named. */
char *message_field_recipients (const char *path);
