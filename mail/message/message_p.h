/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of this folder share. */
#pragma once
#include "mail/message/message.h"
#include "mail/message/sanitise.h"

#include <gmime/gmime.h>

void message_init (void); /* GMime, once a process */

/* Writing (message_header.c). text: valid UTF-8 without control characters. */
char *message_header_encode (const char *text);
char *message_header_encode_name (const char *name);
void message_header_append (GString *out, const char *line);
/* A random Message-ID in the domain of an addr-spec, without angle brackets. */
char *message_id_new (const char *address);
gboolean message_id_is_valid (const char *id);

/* Reading header fields (message_fields.c). Bounded to the first 1 MB and 1000 fields. */
struct message_fields;
struct message_fields *message_fields_new (const char *bytes, gsize size); /* size: up to the body */
void message_fields_free (struct message_fields *fields);
DEFINE_AUTOFREE (message_fields, message_fields_free)
const char *message_fields_raw (const struct message_fields *fields,
                                const char *name); /* unfolded, undecoded; NULL: not there */
/* Field i from the top, as raw; NULL behind the last one. */
const char *message_fields_nth (const struct message_fields *fields, guint i, const char **name_out);
/* The n-th field of that name. */
const char *message_fields_same (const struct message_fields *fields, const char *name, guint n);
GMimeParserOptions *message_fields_options (void);
char *message_fields_clean (const char *decoded); /* one line, sanitised */
char *message_fields_text (const struct message_fields *fields,
                           const char *name); /* decoded, one line, sanitised; NULL: not there */
GPtrArray *message_fields_addresses (const struct message_fields *fields, const char *name,
                                     gboolean named);            /* char *, sanitised */
char *message_fields_date (const struct message_fields *fields); /* RFC 3339; NULL */
GPtrArray *message_fields_ids (const struct message_fields *fields,
                               const char *name); /* char *, without angle brackets */

struct message_charset; /* how text was read, see below */
/* RFC 2047 (message_words.c). mend: the same, in a form that GMime decodes whole; for its parsers of addresses and parameters. */
char *message_words_mend (const char *raw);
char *message_words_decode (const char *raw, struct message_charset *told /* may be NULL */); /* not sanitised */

/* What the header of one part says of it (message_body.c). */
struct message_body {
  char *type;             /* lower-case, as of the node */
  char *charset;          /* NULL */
  char *filename;         /* decoded, sanitised; NULL */
  char *content_id;       /* without angle brackets; NULL */
  char *start;            /* of multipart/related; NULL */
  gboolean attachment;    /* Content-Disposition says so */
  gboolean disposed;      /* there is a disposition */
  gboolean flowed, delsp; /* RFC 3676 */
  gboolean legacy_part;   /* a Legacy Display part: protected-headers="v1" on a text leaf */
  gboolean legacy_text;   /* hp-legacy-display="1": the text begins with a copy of the protected fields */
};
struct message_body *message_body_new (const struct inspect_node *node);
void message_body_free (struct message_body *body);
DEFINE_AUTOFREE (message_body, message_body_free)
GBytes *message_body_decode (const struct inspect_node *node); /* transfer encoding undone */
char *message_body_charset (const struct message_body *body, const char *bytes, gsize size); /* as declared; NULL */
/* UTF-8, unsanitised, without the files that stand in it; notes: what was guessed, NULL: nobody asks. */
char *message_body_text (const struct inspect_node *node, const struct message_body *body, gsize size_max,
                         gboolean *cut_out, GPtrArray *notes);
/* The files that stand uuencoded in a text that is no attachment; NULL: there are none. */
struct message_uu *message_body_uu (const struct inspect_node *node, const struct message_body *body);

/* What a reader is told of how the message was read (message_notes.c): one sentence for each code. code: a literal. */
struct message_note {
  const char *code;
  char *text;
};
GPtrArray *message_notes_new (void);         /* struct message_note * */
char *message_notes_name (const char *name); /* the name of a file (UTF-8, sanitised) as a sentence may have it */
void message_notes_add (GPtrArray *notes, const char *code, const char *format, ...) G_GNUC_PRINTF (3, 4);

/* Files in a text (message_uu.c). */
struct message_uu_file {
  char *filename; /* sanitised */
  GBytes *bytes;
  gboolean whole; /* its end was there */
};
struct message_uu {
  GPtrArray *files; /* struct message_uu_file * */
  GBytes *rest;     /* the text without them */
};
struct message_uu *message_uu_split (GBytes *text); /* NULL: no file in it */
void message_uu_free (struct message_uu *uu);
DEFINE_AUTOFREE (message_uu, message_uu_free)

/* Any bytes to UTF-8 (message_charset.c): the charset as claimed, else as it looks. Never NULL. told: how it was read; may be NULL. */
struct message_charset {
  const char *guess; /* NULL: it is what was claimed */
  gboolean broken;   /* some bytes were no characters */
  gboolean hiding;   /* UTF-7 */
};
char *message_charset_to_utf8 (const char *bytes, gsize size, const char *charset, struct message_charset *told);
void message_charset_note (GPtrArray *notes, const struct message_charset *told);
char *message_flowed_unwrap (const char *text, gboolean delsp);
char *message_calendar_text (const char *ics); /* NULL: nothing to tell */
/* Delivery reports and receipts (message_report.c), in words. type: as of the part. NULL: nothing to tell. */
char *message_report_text (const char *type, const char *text);
GPtrArray *message_report_blocks (const char *text,
                                  guint blocks_max); /* struct message_fields *, of its blocks of fields */
/* Behind the first block: at an empty line, or at the end. */
const char *message_report_block_end (const char *text, gsize size);
/* The body of a receipt of ours (message_receipt.c): text, which is taken, and receipt, of the draft. NULL with error: it is not what it must be. */
GMimeObject *message_receipt_body (GMimeObject *text_take, GVariant *receipt, GError **error);
/* What stands in place of a part whose content is not in this mail: a piece of a larger one, or a pointer to elsewhere (message_absent.c). NULL: the
 * part is none such. */
char *message_absent_text (const struct inspect_node *node, GPtrArray *notes);
/* Alternatives (message_alternative.c): a text that only tells to use another program; two versions that say different things. */
gboolean message_alternative_is_excuse (const char *plain);
gboolean message_alternative_differs (const char *plain, const char *html);

/* The parts that multipart/signed and multipart/encrypted hold beside what the tree shows (message_layer.c). */
struct message_extra {
  char *id, *type, *filename;
  GBytes *bytes;
};
void message_extra_free (struct message_extra *extra);
DEFINE_AUTOFREE (message_extra, message_extra_free)
struct message_extra *message_layer_extra (const struct inspect_node *node); /* NULL: none */

/* Header fields as shown: those of the protected header where there is one. */
struct message_shown {
  struct message_fields *outer, *inner; /* inner NULL: nothing is protected */
  struct message_fields *none;          /* holds nothing */
  struct message_fields *reference;     /* HP-Outer: what the sender let be seen outside; NULL: he did not say */
  enum header_scheme scheme;
  gboolean from_inner, encrypted, signed_;
};
void message_shown_init (struct message_shown *shown, const struct inspection *inspection);
void message_shown_clear (struct message_shown *shown);
const struct message_fields *message_shown_for (const struct message_shown *shown, const char *name);
const char *message_shown_name (guint n); /* the fields that can be protected and are shown; NULL at the end */
/* "unprotected", "signed", "encrypted", "signed_and_encrypted": RFC 9788, 4.3.1. */
const char *message_shown_state (const struct message_shown *shown, const char *name);
gboolean message_shown_is_confidential (const struct message_shown *shown, const char *name);
GPtrArray *
message_shown_secret_addresses (const struct message_shown *shown);        /* char *: those that stood inside only */
GPtrArray *message_shown_draft_secrets (const struct message_fields *own); /* the same, of a draft of ours */

/* Legacy Display (message_legacy.c). */
gboolean message_legacy_is_copy (const char *text); /* nothing but field lines */
const char *message_legacy_skip (const char *text); /* behind the field lines and the empty line after them */
char *message_legacy_strip (const char *html);      /* without the div that is the first thing in the body */

/* message_segments.c */
GVariant *message_segments (const struct inspection *inspection, GPtrArray *notes);  /* aa{sv}, floating */
GVariant *message_part_rows (const struct inspection *inspection, GPtrArray *notes); /* aa{sv} of "parts", floating */
