/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Messages as dictionaries: what a reader sees of one (view), what is answered to it (reply), and what a writer makes (compose).
 * GMime stays inside this folder. Views and drafts are a{sv} with the fields that protocol.c names. */
#pragma once
#include "crypto/inspect.h"
#include "crypto/protect.h"
#include "crypto/plan.h"
#include "mail/message/auth_results.h"

/* view: floating a{sv} as "show --json" wants it (text_body left out: it is joined later from the segments); segments: floating aa{sv} as of
 * keys.inspect. Every text is sanitised. Keys worker. */
void message_view (struct inspection *inspection, GBytes *message, GVariant **view_out, GVariant **segments_out);
/* The same where the message is but a header, and the rest of it is not here: sentence says why. Floating. Pure. */
GVariant *message_missing_view (GVariant *header_view_take, const char *sentence);
/* What the header tells of where it comes from, floating a{sv}: name s (of the first From), list_post s (address of the mailing list; ""), deceptive as
 * (domains of From and Reply-To with letters that deceive), failed s (what our own server found to fail; ""), receipt_to as (who asks for a receipt), return_path as, machine b (it comes
 * from a list or an automaton). Keys worker. */
GVariant *message_origin (const struct inspection *inspection, const struct auth_servers *servers);
/* What the message reports of one that was sent, floating a{sv} as "report" of keys.shadow; NULL: it is no report. Keys worker. */
GVariant *message_report_fields (const struct inspection *inspection);
/* The decoded bytes of one leaf part. NULL with NOT_FOUND-like error. */
struct message_part {
  GBytes *bytes;
  char *filename, *type;
  char *charset; /* NULL */
  char *warning; /* a sentence where it is dangerous, or not what it says; NULL */
};
struct message_part *message_part_new (struct inspection *inspection, const char *part, GError **error);
void message_part_free (struct message_part *part);
DEFINE_AUTOFREE (message_part, message_part_free)
/* A file name that is safe to save under: no folder, no control or invisible characters, no leading dot, never empty, at most 200 bytes. */
char *message_clean_filename (const char *name);
/* A plaintext message for the index: header of the original with protected fields put in, text parts in clear. NULL: nothing was encrypted, nor other fields protected than those outside, or it is withheld. */
GBytes *message_shadow (struct inspection *inspection, GBytes *message);
/* The same of a payload that was composed here just now: what message_shadow would make of the record of it. NULL: something in it is
 * signed or encrypted by itself (a block that was pasted, a mail), so that only the record tells. */
GBytes *message_shadow_composed (GBytes *payload);
/* Cheap look at a raw message: does any part of it look encrypted (multipart/encrypted, enveloped pkcs7-mime, inline PGP MESSAGE), or its header protected, or is it a report? Bounded to the first size_max bytes. */
gboolean message_is_encrypted (GBytes *message);

/* Put text into the view: joins segments whose html the filter has turned into text. Engine. Pure. */
GVariant *message_finish_view (GVariant *view, GVariant *segments);
/* The draft that answers (or forwards) what the view shows. own: addr-specs of the user (never answered to). Quoted text holds only what the
 * view may show; encrypted parts inside a larger mail are never quoted. Pure. */
GVariant *message_reply (GVariant *view, const char *const *own, gboolean all, gboolean forward);

#define MESSAGE_FORWARD_MAX 50                       /* attachments that go along */
#define MESSAGE_FORWARD_BYTES_MAX (50 * 1024 * 1024) /* and their size together */
/* The parts that go along when what the view shows is forwarded: char *, their ids. left_out: how many attachments stay behind. Pure. */
GPtrArray *message_forward_parts (GVariant *view, guint *left_out);

/* addresses: "Name <a@b>, c@d" -> addr-specs. Returns NULL with a sentence when a piece is no address. CR, LF, NUL are refused. */
GPtrArray *message_addresses (const char *const *texts, GError **error); /* char *: addr-specs */
char *message_address_display (const char *text); /* "Name <a@b>", RFC 2047 encoded for a header */

/* From a draft to the request for protect: the payload with its protected fields (protected-headers="v1", hp="cipher"), and the outer fields.
 * fds: the draft's attachments by handle. message_id_out: without angle brackets. Keys worker. */
gboolean message_compose (GVariant *draft, GPtrArray *attachments /* GBytes *, in the draft's order */, gint64 now,
                          GPtrArray **outer_headers_out, GBytes **payload_out, char **message_id_out, GError **error);
/* What the sender's record of it, in Sent and Drafts (which only he can read), has before the payload: a Bcc field; "": nobody is blind. */
char *message_record_prefix (GVariant *draft, GError **error);
