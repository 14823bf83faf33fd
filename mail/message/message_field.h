/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* One header field of a message file, to show, without reading more than the head of the file. Any process. */
#pragma once
#include <glib.h>

#define MESSAGE_FIELD_HEAD_MAX (64u * 1024) /* what lies behind is not looked at */

/* The first field of that name: unfolded, RFC 2047 decoded, sanitised, bounded. "" when it or the file is not there. */
char *message_field_read (const char *path, const char *name);
/* The same from bytes. */
char *message_field_find (const char *head, gsize size, const char *name);
/* Whom it goes to, by name where there is one, else by address: "Bob Okafor, carol@x.org". The To field, or where that names nobody Cc,
 * then Bcc. Sanitised, bounded; "" when nobody is named. */
char *message_field_recipients (const char *path);

/* The people that a field of addresses names, groups and all. */
struct message_person {
  char *name;    /* sanitised; "": none */
  char *address; /* a valid addr-spec in lower case */
};
/* struct message_person *, at most 200. */
GPtrArray *message_field_people (const char *head, gsize size, const char *name);
/* The head of a message file, for those that take one; not terminated. Never NULL. */
char *message_field_head (const char *path, gsize *size_out);
/* A Date field's value, in UTC, whatever the locale; NULL: no such time. RFC 5322, 3.3. */
char *message_field_date (gint64 seconds);
