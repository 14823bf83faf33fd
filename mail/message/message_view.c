/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What a reader sees of a message, as the object that "show --json" prints. Everything in it has passed the sanitiser; what was withheld
 * is not in it at all. Keys worker. */
#include "mail/message/message_p.h"

#include <string.h>

#define BOOL(value) g_variant_new_boolean (value)
#define TEXT(value) g_variant_new_string (value)

static void
add (GVariantBuilder *out, const char *name, GVariant *value)
{
  g_variant_builder_add (out, "{sv}", name, value);
}

/* A string that may be missing, sanitised. */
static GVariant *
maybe (const char *text)
{
  g_autofree char *clean = text != NULL ? sanitise (text, -1, SANITISE_LINE) : NULL;
  return g_variant_new ("ms", clean);
}

static GVariant *
strings (const GPtrArray *array)
{
  GVariantBuilder out;
  g_variant_builder_init (&out, G_VARIANT_TYPE_STRING_ARRAY);
  for (guint i = 0; array != NULL && i < array->len; i++) {
    g_autofree char *clean = sanitise (array->pdata[i], -1, SANITISE_LINE);
    g_variant_builder_add (&out, "s", clean);
  }
  return g_variant_builder_end (&out);
}

static GVariant *
addresses (const struct message_shown *shown, const char *name, gboolean named)
{
  g_autoptr (GPtrArray) list = message_fields_addresses (message_shown_for (shown, name), name, named);
  return strings (list);
}

static GVariant *
text_field (const struct message_fields *fields, const char *name)
{
  g_autofree char *text = message_fields_text (fields, name);
  return TEXT (text != NULL ? text : "");
}

static GVariant *
rfc3339 (gint64 seconds)
{
  g_autoptr (GDateTime) time = seconds > 0 ? g_date_time_new_from_unix_utc (seconds) : NULL;
  g_autofree char *text = time != NULL ? g_date_time_format (time, "%Y-%m-%dT%H:%M:%SZ") : NULL;
  return g_variant_new ("ms", text);
}

static GVariant *
signature (const struct signature_verdict *verdict)
{
  GVariantBuilder out;
  g_variant_builder_init (&out, G_VARIANT_TYPE_VARDICT);
  add (&out, "state", TEXT (signature_state_name (verdict->state)));
  add (&out, "protocol", maybe (protection_name (verdict->protocol)));
  add (&out, "signer", maybe (verdict->signer));
  add (&out, "fingerprint", maybe (verdict->fingerprint));
  add (&out, "covers", TEXT (coverage_name (verdict->covers)));
  add (&out, "parts", strings (verdict->parts));
  add (&out, "time", rfc3339 (verdict->time));
  return g_variant_builder_end (&out);
}

static GVariant *
encryption (const struct encryption_verdict *verdict)
{
  GVariantBuilder out;
  g_variant_builder_init (&out, G_VARIANT_TYPE_VARDICT);
  add (&out, "protocol", maybe (protection_name (verdict->protocol)));
  add (&out, "decrypted", BOOL (verdict->decrypted));
  add (&out, "cipher", maybe (verdict->cipher));
  add (&out, "integrity", maybe (integrity_name (verdict->integrity)));
  add (&out, "covers", TEXT (coverage_name (verdict->covers)));
  add (&out, "reason", maybe (verdict->reason));
  return g_variant_builder_end (&out);
}

static void
add_warning (GVariantBuilder *out, const char *code, const char *text)
{
  g_autofree char *clean = sanitise (text, -1, SANITISE_LINE);
  g_variant_builder_open (out, G_VARIANT_TYPE_VARDICT);
  add (out, "code", TEXT (code));
  add (out, "text", TEXT (clean));
  g_variant_builder_close (out);
}

static GVariant *
warnings (const struct verdict *verdict, const GPtrArray *notes)
{
  GVariantBuilder out;
  g_variant_builder_init (&out, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; verdict->warnings != NULL && i < verdict->warnings->len; i++) {
    const struct verdict_warning *warning = verdict->warnings->pdata[i];
    add_warning (&out, warning->code, warning->text);
  }
  for (guint i = 0; i < notes->len; i++) {
    const struct message_note *note = notes->pdata[i];
    add_warning (&out, note->code, note->text);
  }
  return g_variant_builder_end (&out);
}

static GVariant *
verdict_line (const struct verdict *verdict)
{
  static const char *const tones[] = {
    [VERDICT_TONE_NONE] = "none", [VERDICT_TONE_GOOD] = "good", [VERDICT_TONE_WARN] = "warn", [VERDICT_TONE_BAD] = "bad"
  };
  enum verdict_tone tone = VERDICT_TONE_NONE;
  g_autofree char *sentence = verdict_sentence (verdict, &tone);
  GVariantBuilder out;
  g_variant_builder_init (&out, G_VARIANT_TYPE_VARDICT);
  g_autofree char *line = sanitise (sentence, -1, SANITISE_LINE);
  add (&out, "line", TEXT (line));
  add (&out, "tone", TEXT (tones[tone]));
  return g_variant_builder_end (&out);
}

static GVariant *
protected_names (const struct message_shown *shown, gboolean confidential)
{
  GVariantBuilder out;
  const char *name;
  g_variant_builder_init (&out, G_VARIANT_TYPE_STRING_ARRAY);
  for (guint i = 0; (name = message_shown_name (i)) != NULL; i++)
    if (confidential ? message_shown_is_confidential (shown, name)
                     : shown->inner != NULL && message_fields_raw (shown->inner, name) != NULL
                           && message_shown_for (shown, name) == shown->inner)
      g_variant_builder_add (&out, "s", name);
  return g_variant_builder_end (&out);
}

/* The header lines that stand over the text, with the names people gave themselves. */
static GVariant *
header_rows (const struct message_shown *shown)
{
  static const struct {
    const char *name, *label;
    gboolean address;
  } fields[] = {
    { "from", "From", TRUE }, { "reply-to", "Reply-To", TRUE }, { "to", "To", TRUE },
    { "cc", "Cc", TRUE },     { "date", "Date", FALSE },        { "subject", "Subject", FALSE },
  };
  GVariantBuilder out;
  g_variant_builder_init (&out, G_VARIANT_TYPE ("aa{sv}"));
  for (gsize i = 0; i < G_N_ELEMENTS (fields); i++) {
    const struct message_fields *from = message_shown_for (shown, fields[i].name);
    g_autofree char *value = NULL;
    if (fields[i].address) {
      g_autoptr (GPtrArray) list = message_fields_addresses (from, fields[i].name, TRUE);
      g_ptr_array_add (list, NULL);
      value = g_strjoinv (", ", (char **) list->pdata);
    } else
      value = message_fields_text (from, fields[i].name);
    if (value == NULL || *value == '\0')
      continue;
    g_variant_builder_open (&out, G_VARIANT_TYPE_VARDICT);
    add (&out, "name", TEXT (fields[i].label));
    add (&out, "value", TEXT (value));
    add (&out, "protection", TEXT (message_shown_state (shown, fields[i].name)));
    g_variant_builder_close (&out);
  }
  return g_variant_builder_end (&out);
}

static char *
first_id (const struct message_fields *fields, const char *name)
{
  g_autoptr (GPtrArray) ids = message_fields_ids (fields, name);
  if (ids->len > 0)
    return g_strdup (ids->pdata[0]);
  char *text = message_fields_text (fields, name);
  return text != NULL ? text : g_strdup ("");
}

/* What was guessed to show the header lines. */
static void
note_header (GPtrArray *notes, const struct message_shown *shown)
{
  static const char *const names[] = { "subject", "from", "to", "cc" };
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    const char *raw = message_fields_raw (message_shown_for (shown, names[i]), names[i]);
    struct message_charset told = { 0 };
    if (raw != NULL)
      g_free (message_words_decode (raw, &told));
    told.guess = g_strcmp0 (told.guess, "utf-8") == 0 && !told.broken ? NULL : told.guess; /* RFC 6532 allows it */
    message_charset_note (notes, &told);
  }
}

static void
add_fields (GVariantBuilder *out, const struct message_shown *shown, const struct inspection *inspection)
{
  g_autofree char *date = message_fields_date (message_shown_for (shown, "date"));
  /* The outer Message-ID, which is the one that the index and other people's replies know. */
  g_autofree char *id = first_id (shown->outer, "message-id");
  g_autofree char *parent = first_id (message_shown_for (shown, "in-reply-to"), "in-reply-to");
  g_autoptr (GPtrArray) references = message_fields_ids (message_shown_for (shown, "references"), "references");
  add (out, "subject", text_field (message_shown_for (shown, "subject"), "subject"));
  add (out, "outer_subject", text_field (shown->outer, "subject"));
  add (out, "from", strings (inspection->from));
  add (out, "from_shown", addresses (shown, "from", TRUE));
  add (out, "reply_to", addresses (shown, "reply-to", FALSE));
  add (out, "to", addresses (shown, "to", FALSE));
  add (out, "cc", addresses (shown, "cc", FALSE));
  add (out, "bcc", addresses (shown, "bcc", FALSE));
  add (out, "date", maybe (date));
  add (out, "message_id", TEXT (id));
  add (out, "in_reply_to", TEXT (parent));
  add (out, "references", strings (references));
  add (out, "headers", header_rows (shown));
  add (out, "protected_headers", protected_names (shown, FALSE));
  add (out, "confidential_headers", protected_names (shown, TRUE));
  g_autoptr (GPtrArray) secret = message_shown_secret_addresses (shown);
  add (out, "confidential_addresses", strings (secret));
}

void
message_view (struct inspection *inspection, GBytes *message, GVariant **view_out, GVariant **segments_out)
{
  struct message_shown shown;
  GVariantBuilder out;
  g_autoptr (GPtrArray) notes = message_notes_new ();
  message_init ();
  message_shown_init (&shown, inspection);
  g_variant_builder_init (&out, G_VARIANT_TYPE_VARDICT);
  add_fields (&out, &shown, inspection);
  note_header (notes, &shown);
  *segments_out = message_segments (inspection, notes);
  add (&out, "parts", message_part_rows (inspection, notes));
  add (&out, "signature", signature (&inspection->verdict.signature));
  add (&out, "encryption", encryption (&inspection->verdict.encryption));
  add (&out, "remote_loads", g_variant_new_strv (NULL, 0));
  add (&out, "warnings", warnings (&inspection->verdict, notes));
  add (&out, "verdict", verdict_line (&inspection->verdict));
  add (&out, "protected", BOOL (inspection->verdict.encryption.protocol != PROTECTION_NONE));
  message_shown_clear (&shown);
  *view_out = g_variant_builder_end (&out);
}
