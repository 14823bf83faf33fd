/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* From a view to rows; see reader_lines.h. */
#include "ui/views/reader_lines.h"
#include "ui/screen/here.h"
#include "ui/screen/text.h"
#include "ui/views/delivery.h"
#include "ui/views/fields.h"

#include <string.h>

#define ROWS_MAX 50000u
#define TEXT_COLUMNS_MAX 100
#define LABEL_COLUMNS 10
#define PEOPLE_ROWS 3
#define SUBJECT_ROWS 3u
#define MORE_COLUMNS 30

static void
line_free (gpointer data)
{
  struct reader_line *line = data;
  g_free (line->text);
  g_free (line);
}

static void
add_line (GPtrArray *lines, unsigned style, int label_columns, char *text_take)
{
  struct reader_line *line = g_new0 (struct reader_line, 1);
  line->style = style;
  line->label_columns = label_columns;
  line->text = text_take;
  g_ptr_array_add (lines, line);
}

static void
add_field (GPtrArray *lines, int width, unsigned style, const char *label, const char *value)
{
  if (*value == '\0')
    return;
  g_autofree char *one_line = g_strdelimit (g_strdup (value), "\r\n\t", ' ');
  g_autoptr (GPtrArray) rows = text_wrap (one_line, MAX (width - LABEL_COLUMNS, 10), 12);
  for (guint i = 0; i < rows->len; i++)
    add_line (lines, style, LABEL_COLUMNS,
              g_strdup_printf ("%-*s%s", LABEL_COLUMNS, i == 0 ? label : "", (char *) g_ptr_array_index (rows, i)));
}

static guint64
part_size (GVariant *part)
{
  guint64 size = 0;
  gint64 signed_size = 0;
  guint32 small = 0;
  if (g_variant_lookup (part, "size", "t", &size))
    return size;
  if (g_variant_lookup (part, "size", "x", &signed_size))
    return (guint64) MAX (signed_size, 0);
  return g_variant_lookup (part, "size", "u", &small) ? small : 0;
}

char *
reader_size (guint64 bytes)
{
  if (bytes < 1000)
    return g_strdup_printf ("%u bytes", (guint) bytes);
  if (bytes < 1000 * 1000)
    return g_strdup_printf ("%u kB", (guint) ((bytes + 500) / 1000));
  return g_strdup_printf ("%.1f MB", (double) bytes / 1e6);
}

/* A signature is no attachment: the verdict has told what it is worth. */
static gboolean
is_attachment (GVariant *part)
{
  static const char *const signatures[]
      = { "application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature", NULL };
  const char *type = fields_text (part, "type");
  if (g_strv_contains (signatures, type))
    return FALSE;
  return strcmp (fields_text (part, "disposition"), "attachment") == 0 || *fields_text (part, "filename") != '\0'
         || !g_str_has_prefix (type, "text/");
}

GVariant *
reader_attachments (GVariant *view)
{
  g_autoptr (GVariant) parts = fields_rows (view, "parts");
  GVariantBuilder found;
  g_variant_builder_init (&found, G_VARIANT_TYPE ("aa{sv}"));
  for (gsize i = 0; i < g_variant_n_children (parts); i++) {
    g_autoptr (GVariant) part = g_variant_get_child_value (parts, i);
    if (is_attachment (part))
      g_variant_builder_add_value (&found, part);
  }
  return g_variant_ref_sink (g_variant_builder_end (&found));
}

static void
add_attachments (GPtrArray *lines, GVariant *view, int width)
{
  g_autoptr (GVariant) parts = reader_attachments (view);
  for (gsize i = 0; i < g_variant_n_children (parts); i++) {
    g_autoptr (GVariant) part = g_variant_get_child_value (parts, i);
    g_autofree char *size = reader_size (part_size (part));
    const char *name = fields_text (part, "filename");
    const char *warning = fields_text (part, "warning");
    g_autofree char *text = g_strdup_printf ("%s (%s, %s)%s", *name != '\0' ? name : "without a name",
                                             fields_text (part, "type"), size, i == 0 ? "   v: view, save" : "");
    add_field (lines, width, STYLE_STRONG, i == 0 ? "Attached:" : "", text);
    add_field (lines, width, STYLE_HELD, "Careful:", warning);
  }
}

/* "Name <address>". A name that looks like an address is left out, and a long one is cut: the address is what counts. */
static char *
person (const char *shown)
{
  const char *address = strrchr (shown, '<');
  if (address == NULL || address == shown)
    return g_strdup (shown);
  g_autofree char *whole = g_strndup (shown, (gsize) (address - shown));
  g_autofree char *name = text_cut (g_strstrip (whole), 40);
  if (strchr (name, '@') != NULL || *name == '\0') {
    address++;
    return g_strndup (address, strcspn (address, ">"));
  }
  return g_strdup_printf ("%s %s", name, address);
}

static char *
senders (GVariant *view)
{
  g_auto (GStrv) shown = fields_texts (view, "from_shown");
  GString *text = g_string_new (NULL);
  for (gsize i = 0; shown != NULL && shown[i] != NULL; i++) {
    g_autofree char *one = person (shown[i]);
    g_string_append_printf (text, "%s%s", i > 0 ? ", " : "", one);
  }
  return text->len > 0 ? g_string_free (text, FALSE) : (g_string_free (text, TRUE), fields_joined (view, "from"));
}

/* The first ones of a long list, and how many more there are. */
static char *
some (GVariant *view, const char *name, int columns)
{
  g_auto (GStrv) all = fields_texts (view, name);
  guint count = all != NULL ? g_strv_length (all) : 0;
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < count; i++) {
    if (i > 0 && text_width (text->str) + text_width (all[i]) > columns * PEOPLE_ROWS - MORE_COLUMNS && count - i > 1) {
      g_string_append_printf (text, " and %u more (x: all)", count - i);
      break;
    }
    g_string_append_printf (text, "%s%s", i > 0 ? ", " : "", all[i]);
  }
  return g_string_free (text, FALSE);
}

/* A subject of more than a few rows would push the text off the screen; the details have all of it. */
static void
add_subject (GPtrArray *lines, int width, const char *subject)
{
  static const char more[] = " (x: all)";
  int columns = MAX (width - LABEL_COLUMNS, 10);
  g_autofree char *one_line = g_strdelimit (g_strdup (subject), "\r\n\t", ' ');
  g_autoptr (GPtrArray) rows = text_wrap (one_line, columns, SUBJECT_ROWS + 1);
  for (guint i = 0; i < MIN (rows->len, SUBJECT_ROWS); i++) {
    gboolean cut = i + 1 == SUBJECT_ROWS && rows->len > SUBJECT_ROWS;
    g_autofree char *longer = cut ? g_strconcat (rows->pdata[i], rows->pdata[i + 1], NULL) : g_strdup (rows->pdata[i]);
    g_autofree char *row = cut ? text_cut (longer, columns - (int) strlen (more)) : g_strdup (longer);
    add_line (lines, STYLE_STRONG, LABEL_COLUMNS,
              g_strdup_printf ("%-*s%s%s", LABEL_COLUMNS, i == 0 ? "Subject:" : "", row, cut ? more : ""));
  }
}

static void
add_header (GPtrArray *lines, GVariant *view, gint64 date, int width)
{
  int columns = MAX (width - LABEL_COLUMNS, 10);
  g_autofree char *from = senders (view), *to = some (view, "to", columns), *cc = some (view, "cc", columns);
  const char *iso = fields_text (view, "date");
  g_autoptr (GDateTime) time = *iso != '\0' ? g_date_time_new_from_iso8601 (iso, NULL) : NULL;
  g_autofree char *shown = fields_long_date (time != NULL ? g_date_time_to_unix (time) : date);
  add_field (lines, width, STYLE_STRONG, "From:", from);
  add_field (lines, width, STYLE_TEXT, "To:", to);
  add_field (lines, width, STYLE_TEXT, "Cc:", cc);
  add_field (lines, width, STYLE_TEXT, "Date:", shown);
  add_subject (lines, width, *fields_text (view, "subject") != '\0' ? fields_text (view, "subject") : "(no subject)");
}

static void
add_text (GPtrArray *lines, const char *text, int width, const char *border)
{
  int columns = MIN (width, TEXT_COLUMNS_MAX) - text_width (border);
  g_autoptr (GPtrArray) rows = text_wrap (text, columns, ROWS_MAX);
  for (guint i = 0; i < rows->len && lines->len < ROWS_MAX; i++) {
    const char *row = g_ptr_array_index (rows, i);
    add_line (lines, *row == '>' ? STYLE_QUOTE : STYLE_TEXT, text_width (border), g_strconcat (border, row, NULL));
  }
}

static char *
rule (const char *corner, const char *note, int width)
{
  GString *text = g_string_new (corner);
  if (*note != '\0')
    g_string_append_printf (text, "─ %s ", note);
  for (int used = text_width (text->str); used < MIN (width, TEXT_COLUMNS_MAX); used++)
    g_string_append (text, "─");
  return g_string_free (text, FALSE);
}

static void
add_segment (GPtrArray *lines, GVariant *segment, int width)
{
  const char *note = fields_text (segment, "note"), *text = fields_text (segment, "text");
  if (*note == '\0') {
    add_text (lines, text, width, "");
    return;
  }
  g_autofree char *heading = g_strdelimit (g_strdup (note), "\r\n\t", ' ');
  add_line (lines, STYLE_NOTE, 0, rule ("┌", heading, width));
  add_text (lines, text, width, "│ ");
  add_line (lines, STYLE_NOTE, 0, rule ("└", "", width));
}

/* Somebody asks for a receipt; nothing is sent unless its reader says so. */
static void
add_receipt (GPtrArray *lines, GVariant *view, int width)
{
  g_autoptr (GVariant) receipt = fields_inner (view, "receipt");
  const char *state = fields_text (receipt, "state"), *text = fields_text (receipt, "text");
  if (strcmp (state, "ask") == 0) {
    g_autofree char *question = g_strdup_printf ("%s   o: answer", text);
    add_field (lines, width, STYLE_STRONG, "Receipt:", question);
  } else {
    add_field (lines, width, STYLE_DIM, "Receipt:", text);
  }
}

/* Each recipient, with a sentence that says what is known, and no more. */
static void
add_delivery (GPtrArray *lines, GVariant *rows, int width)
{
  g_autoptr (GPtrArray) pairs = delivery_pairs (rows);
  for (guint i = 0; i + 1 < pairs->len; i += 2) {
    g_autoptr (GVariant) row = g_variant_get_child_value (rows, i / 2);
    const gboolean bad = delivery_is_bad (fields_text (row, "state"));
    add_field (lines, width, bad ? STYLE_HELD : STYLE_STRONG, i == 0 ? "Delivery:" : "", pairs->pdata[i]);
    add_field (lines, width, STYLE_DIM, "", pairs->pdata[i + 1]);
  }
}

gboolean
reader_is_missing (GVariant *view)
{
  g_autoptr (GVariant) verdict = fields_inner (view, "verdict");
  return strcmp (fields_text (verdict, "tone"), "missing") == 0;
}

GPtrArray *
reader_lines (GVariant *view, GVariant *delivery, gint64 date, int width)
{
  GPtrArray *lines = g_ptr_array_new_with_free_func (line_free);
  g_autoptr (GVariant) segments = fields_rows (view, "segments");
  add_header (lines, view, date, width);
  add_attachments (lines, view, width);
  add_receipt (lines, view, width);
  if (delivery != NULL)
    add_delivery (lines, delivery, width);
  add_line (lines, STYLE_TEXT, 0, g_strdup (""));
  guint before = lines->len;
  for (gsize i = 0; i < g_variant_n_children (segments); i++) {
    g_autoptr (GVariant) segment = g_variant_get_child_value (segments, i);
    if (i > 0)
      add_line (lines, STYLE_TEXT, 0, g_strdup (""));
    add_segment (lines, segment, width);
  }
  if (g_variant_n_children (segments) == 0)
    add_text (lines, fields_text (view, "text_body"), width, "");
  if (lines->len == before)
    add_line (lines, STYLE_DIM, 0,
              g_strdup (reader_is_missing (view) ? "(The text of this message is not here.)"
                                                 : "(There is no text to show.)"));
  return lines;
}

/* ---- The verdict ---- */

static const struct {
  const char *tone, *word;
  enum style style;
} tones[] = {
  { "none", "[NOT PROTECTED]", STYLE_VERDICT_NONE }, { "good", "[GOOD]", STYLE_VERDICT_GOOD },
  { "warn", "[WARNING]", STYLE_VERDICT_WARN },       { "bad", "[DANGER]", STYLE_VERDICT_BAD },
  { "missing", "[NOT HERE]", STYLE_VERDICT_NONE },
};

const char *
reader_tone (const char *tone, enum style *style_out)
{
  gsize found = 0;
  for (gsize i = 0; i < G_N_ELEMENTS (tones); i++)
    if (strcmp (tone, tones[i].tone) == 0)
      found = i;
  *style_out = tones[found].style;
  return tones[found].word;
}

static void
add_detail (GPtrArray *lines, const char *label, const char *value)
{
  if (*value != '\0')
    g_ptr_array_add (lines, g_strdup_printf ("%-13s %s", label, value));
}

static const char *
protocol_words (const char *protocol)
{
  return strcmp (protocol, "smime") == 0 ? "S/MIME" : strcmp (protocol, "pgp") == 0 ? "OpenPGP" : "";
}

static const char *
coverage_words (const char *coverage)
{
  return strcmp (coverage, "whole") == 0  ? "the whole message"
         : strcmp (coverage, "part") == 0 ? "only a part of the message"
                                          : "";
}

static void
add_people (GPtrArray *lines, const char *label, GVariant *view, const char *name)
{
  g_auto (GStrv) all = fields_texts (view, name);
  for (gsize i = 0; all != NULL && all[i] != NULL; i++)
    add_detail (lines, i == 0 ? label : "", all[i]);
}

/* What a person can do about a signature that is not good, or a mail that cannot be opened; "": nothing. */
static const char *
advice (GVariant *signature, GVariant *encryption)
{
  static const struct {
    const char *state, *words;
  } all[] = {
    { "bad", "Do not act on this mail. Ask the sender by telephone to send it again." },
    { "mismatch", "Do not act on this mail. Ask the person in From by telephone whether they sent it." },
    { "revoked", "Do not act on this mail. Ask the sender by telephone whether they sent it, and for a new key." },
    { "unknown_key", "Ask the sender for the key or certificate, then import it: " HERE_KEYS ", then i" },
    { "untrusted", "Compare the fingerprint with the sender by telephone: " HERE_KEYS ", then c" },
    { "expired", "Ask the sender for a new key or certificate." },
    { "error", "Take this mail for one that is not signed." },
  };
  if (strcmp (fields_text (encryption, "reason"), "no_key") == 0)
    return "Ask the sender to encrypt to the key you have now, or import your older one: " HERE_KEYS ", then i";
  for (gsize i = 0; i < G_N_ELEMENTS (all); i++)
    if (strcmp (fields_text (signature, "state"), all[i].state) == 0)
      return all[i].words;
  return "";
}

static void
add_protection (GPtrArray *lines, GVariant *signature, GVariant *encryption)
{
  const char *what = advice (signature, encryption);
  if (*what != '\0')
    g_ptr_array_add (lines, g_strdup_printf ("What to do: %s", what));
  g_ptr_array_add (lines, g_strdup (""));
  g_ptr_array_add (lines, g_strdup ("Signature"));
  add_detail (lines, "  state", fields_text (signature, "state"));
  add_detail (lines, "  kind", protocol_words (fields_text (signature, "protocol")));
  add_detail (lines, "  signer", fields_text (signature, "signer"));
  add_detail (lines, "  fingerprint", fields_text (signature, "fingerprint"));
  add_detail (lines, "  covers", coverage_words (fields_text (signature, "covers")));
  add_detail (lines, "  signed at", fields_text (signature, "time"));
  g_ptr_array_add (lines, g_strdup ("Encryption"));
  if (*protocol_words (fields_text (encryption, "protocol")) == '\0')
    add_detail (lines, "  kind", "none: others could read it on its way");
  add_detail (lines, "  kind", protocol_words (fields_text (encryption, "protocol")));
  add_detail (lines, "  cipher", fields_text (encryption, "cipher"));
  add_detail (lines, "  integrity", fields_text (encryption, "integrity"));
  add_detail (lines, "  covers", coverage_words (fields_text (encryption, "covers")));
  add_detail (lines, "  not opened", fields_text (encryption, "reason"));
}

GPtrArray *
reader_details (GVariant *view)
{
  GPtrArray *lines = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GVariant) verdict = fields_inner (view, "verdict"), signature = fields_inner (view, "signature"),
                       encryption = fields_inner (view, "encryption"), warnings = fields_rows (view, "warnings");
  enum style style;
  g_ptr_array_add (lines, g_strdup_printf ("%s %s", reader_tone (fields_text (verdict, "tone"), &style),
                                           fields_text (verdict, "line")));
  for (gsize i = 0; i < g_variant_n_children (warnings); i++) {
    g_autoptr (GVariant) warning = g_variant_get_child_value (warnings, i);
    g_ptr_array_add (lines, g_strdup_printf ("Warning: %s", fields_text (warning, "text")));
  }
  if (!reader_is_missing (view))
    add_protection (lines, signature, encryption);
  add_detail (lines, "Subject", fields_text (view, "subject"));
  g_autofree char *outer = g_strdup (fields_text (view, "outer_subject"));
  if (*outer != '\0' && strcmp (outer, fields_text (view, "subject")) != 0)
    add_detail (lines, "Outer subject", outer);
  g_ptr_array_add (lines, g_strdup ("Addresses"));
  add_people (lines, "  from", view, "from");
  add_people (lines, "  to", view, "to");
  add_people (lines, "  cc", view, "cc");
  add_people (lines, "  hidden (bcc)", view, "bcc");
  return lines;
}
