/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Attachments: which of them can be read as text, that text, and what is dangerous about them. The text is made in a filter worker. */
#pragma once
#include <gio/gio.h>

enum attachment_kind {
  ATTACHMENT_NONE = 0, /* there is no safe way to show it */
  ATTACHMENT_PLAIN,
  ATTACHMENT_HTML,
  ATTACHMENT_CSV,
  ATTACHMENT_TSV,
  ATTACHMENT_JSON,
  ATTACHMENT_CALENDAR,
  ATTACHMENT_VCARD,
  ATTACHMENT_PDF,
  ATTACHMENT_KIND_COUNT,
};

/* By its declared type, or by its name where the type says nothing. Pure. */
enum attachment_kind attachment_kind (const char *type, const char *filename);
/* UTF-8, not yet sanitised, bounded with a sentence where it was cut. NULL with ENGINE_ERROR and a sentence. data: of the whole file. */
char *attachment_text (enum attachment_kind kind, const char *bytes, gsize size, const char *charset_or_null,
                       GError **error);
char *attachment_pdf_text (int fd, GError **error); /* may start a program */

/* A sentence where opening the file could do harm, or where it is not what it says; NULL. filename: sanitised; NULL: none. Pure, bounded. */
char *attachment_danger (const char *type, const char *filename_or_null, const guint8 *bytes, gsize size);

#define ATTACHMENT_SHOWN_MAX (16u * 1024 * 1024) /* bytes that blanks and line ends may make of one */
/* attachment_table.c, attachment_json.c, attachment_vcard.c: one kind each. */
char *attachment_table_text (const char *text, char separator);
char *attachment_json_text (const char *text);
char *attachment_vcard_text (const char *text);
