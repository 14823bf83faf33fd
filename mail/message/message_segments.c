/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Which parts of a message are its text, in which order, and what stands over each: the segments that the reader shows one below the other.
 *
 * A part that is protected otherwise than the message as a whole stands in a segment of its own with a note, so that no text can
 * borrow the signature or the encryption of its neighbour. Withheld content never comes here. Bounded: text, segments and time. */
#include "mail/message/message_p.h"

#include <string.h>
#include <time.h>

#define TEXT_BYTES_MAX (4u * 1024 * 1024)
#define SEGMENTS_MAX 500
#define HTML_MAX 20 /* each costs a process and may cost its whole time */
#define CPU_MAX_S 2.5
#define DEPTH_MAX 60

struct walk {
  const struct inspection *inspection;
  GVariantBuilder rows;
  gsize left; /* bytes of text that may still come */
  guint count, html_count;
  gboolean cut;
  GPtrArray *notes;                     /* NULL: nobody asks */
  gboolean some_encrypted, some_signed; /* below the whole: then every segment says what it is */
  gboolean show_attached;               /* nothing else is text: then attached text is shown */
  enum header_scheme hide_legacy;       /* how copies of protected fields are marked; OUTER: there are none to hide */
  guint messages;                       /* how deep in messages that this one holds */
  GHashTable *ranks;                    /* struct inspect_node * -> guint, of what was looked at */
  double deadline;
};

static double
cpu_s (void)
{
  struct timespec now = { 0 };
  (void) clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}

static char *
note_for (const struct walk *walk, const struct inspect_node *node)
{
  if (node->unproven)
    return g_strdup ("This was encrypted, but nothing shows that the sender wrote it");
  const char *encrypted = !walk->some_encrypted ? NULL : node->encrypted ? "was encrypted" : "was not encrypted";
  const char *is_signed = !walk->some_signed ? NULL : node->signed_ ? "is signed" : "is not signed";
  if (encrypted != NULL && is_signed != NULL)
    return g_strdup_printf ("This part %s and %s", encrypted, is_signed);
  if (encrypted != NULL || is_signed != NULL)
    return g_strdup_printf ("This part %s", encrypted != NULL ? encrypted : is_signed);
  return g_strdup ("");
}

/* May one more segment come? */
static gboolean
has_room (struct walk *walk)
{
  if (walk->count < SEGMENTS_MAX && walk->left > 0 && cpu_s () < walk->deadline)
    return TRUE;
  walk->cut = TRUE;
  return FALSE;
}

static void
add_row (struct walk *walk, const struct inspect_node *node, const char *kind, GVariant *content, const char *note)
{
  g_variant_builder_open (&walk->rows, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&walk->rows, "{sv}", "part", g_variant_new_string (node->id));
  g_variant_builder_add (&walk->rows, "{sv}", "kind", g_variant_new_string (kind));
  g_variant_builder_add (&walk->rows, "{sv}", kind, content);
  g_variant_builder_add (&walk->rows, "{sv}", "signed", g_variant_new_boolean (node->signed_));
  g_variant_builder_add (&walk->rows, "{sv}", "encrypted", g_variant_new_boolean (node->encrypted));
  g_variant_builder_add (&walk->rows, "{sv}", "unproven", g_variant_new_boolean (node->unproven));
  g_variant_builder_add (&walk->rows, "{sv}", "note", g_variant_new_string (note));
  g_variant_builder_close (&walk->rows);
  walk->count++;
}

static void
add_text (struct walk *walk, const struct inspect_node *node, const char *text, const char *own_note)
{
  g_autofree char *clean = sanitise (text, -1, SANITISE_TEXT),
                  *note = own_note != NULL ? g_strdup (own_note) : note_for (walk, node);
  gsize length = strlen (clean);
  if (length > walk->left) {
    *g_utf8_find_prev_char (clean, clean + walk->left + 1) = '\0';
    length = walk->left;
    walk->cut = TRUE;
  }
  walk->left -= length;
  add_row (walk, node, "text", g_variant_new_string (clean), note);
}

static void
add_html (struct walk *walk, const struct inspect_node *node, const char *html)
{
  if (walk->html_count++ >= HTML_MAX) {
    walk->cut = TRUE;
    return;
  }
  g_autofree char *note = note_for (walk, node);
  gsize length = strlen (html);
  walk->left -= MIN (length, walk->left);
  add_row (walk, node, "html", g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, html, length, 1), note);
}

static gboolean
is_type (const struct inspect_node *node, const char *type)
{
  return strcmp (node->type, type) == 0;
}

/* The leaf kinds that are text to a reader, when they are not attachments. */
static gboolean
is_shown_leaf (const struct walk *walk, const struct message_body *body)
{
  static const char *const types[] = { "text/plain",
                                       "text/html",
                                       "text/calendar",
                                       "text/enriched",
                                       "text/rfc822-headers",
                                       "text/markdown",
                                       "text/richtext",
                                       "message/delivery-status",
                                       "message/global-delivery-status",
                                       "message/disposition-notification",
                                       "message/global-disposition-notification",
                                       "message/partial",
                                       "message/external-body",
                                       "message/feedback-report" };
  if (body->attachment && !walk->show_attached)
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (types); i++)
    if (strcmp (body->type, types[i]) == 0)
      return TRUE;
  return g_str_has_prefix (body->type, "text/") && body->filename == NULL;
}

/* A part of its own that repeats the protected fields: the first one of the payload. */
static gboolean
is_legacy_part (const struct walk *walk, const struct inspect_node *node, const struct message_body *body)
{
  const GPtrArray *parts = walk->inspection->payload->children;
  return walk->hide_legacy == HEADERS_OLD && body->legacy_part && parts->len > 1 && parts->pdata[0] == node;
}

static void
show_leaf (struct walk *walk, const struct inspect_node *node)
{
  AUTOFREE (message_body) body = message_body_new (node);
  if (!is_shown_leaf (walk, body) || !has_room (walk))
    return;
  g_autofree char *absent = message_absent_text (node, walk->notes);
  if (absent != NULL) {
    add_text (walk, node, absent, NULL);
    return;
  }
  g_autofree char *text = message_body_text (node, body, walk->left, &walk->cut, walk->notes);
  if (is_legacy_part (walk, node, body) && message_legacy_is_copy (text))
    return;
  const gboolean legacy = walk->hide_legacy == HEADERS_CIPHER && walk->messages == 0 && body->legacy_text;
  if (strcmp (body->type, "text/html") == 0) {
    g_autofree char *html = legacy ? message_legacy_strip (text) : g_strdup (text);
    add_html (walk, node, html);
  } else if (strcmp (body->type, "text/calendar") == 0) {
    g_autofree char *event = message_calendar_text (text);
    add_text (walk, node, event != NULL ? event : text, NULL);
  } else {
    g_autofree char *report = message_report_text (body->type, text);
    add_text (walk, node, report != NULL ? report : legacy ? message_legacy_skip (text) : text, NULL);
  }
}

static gboolean
is_blank (const char *text)
{
  for (; *text != '\0'; text = g_utf8_next_char (text))
    if (!g_unichar_isspace (g_utf8_get_char (text)))
      return FALSE;
  return TRUE;
}

/* How good an alternative is for a reader of text: 0 nothing to show, 1 some text, 2 HTML, 3 plain text. Plain text that only tells to use
 * another program is no more than some text. */
static guint rank (struct walk *walk, const struct inspect_node *node, guint depth);

static guint
rank_anew (struct walk *walk, const struct inspect_node *node, guint depth)
{
  if (node->children->len > 0) {
    guint best = 0;
    for (guint i = 0; i < node->children->len && i < 50 && depth < DEPTH_MAX; i++)
      best = MAX (best, rank (walk, node->children->pdata[i], depth + 1));
    return best;
  }
  AUTOFREE (message_body) body = message_body_new (node);
  if (!is_shown_leaf (walk, body) || g_str_has_prefix (body->type, "message/")
      || strcmp (body->type, "text/calendar") == 0 || strcmp (body->type, "text/x-amp-html") == 0
      || strcmp (body->type, "text/watch-html") == 0)
    return 0;
  if (strcmp (body->type, "text/html") == 0)
    return 2;
  if (strcmp (body->type, "text/plain") != 0)
    return 1;
  gboolean cut = FALSE;
  g_autofree char *text = message_body_text (node, body, 64 * 1024, &cut, NULL);
  g_autofree char *clean = g_utf8_make_valid (text, -1);
  return is_blank (clean) ? 0 : message_alternative_is_excuse (clean) ? 1 : 3;
}

/* Alternatives within alternatives ask for the same ones again and again. */
static guint
rank (struct walk *walk, const struct inspect_node *node, guint depth)
{
  gpointer known = NULL;
  if (g_hash_table_lookup_extended (walk->ranks, node, NULL, &known))
    return GPOINTER_TO_UINT (known);
  guint own = cpu_s () < walk->deadline ? rank_anew (walk, node, depth) : 0;
  g_hash_table_insert (walk->ranks, (gpointer) node, GUINT_TO_POINTER (own));
  return own;
}

/* The first leaf of a type, as text; NULL: there is none. */
static char *
first_text (const struct inspect_node *node, const char *type, guint depth)
{
  char *found = NULL;
  if (node->children->len == 0 && is_type (node, type)) {
    gboolean cut = FALSE;
    AUTOFREE (message_body) body = message_body_new (node);
    return body->attachment ? NULL : message_body_text (node, body, 256 * 1024, &cut, NULL);
  }
  for (guint i = 0; i < node->children->len && i < 50 && found == NULL && depth < DEPTH_MAX; i++)
    found = first_text (node->children->pdata[i], type, depth + 1);
  return found;
}

static void
compare_versions (struct walk *walk, const struct inspect_node *node, guint depth)
{
  g_autofree char *plain = first_text (node, "text/plain", depth),
                  *html = plain != NULL ? first_text (node, "text/html", depth) : NULL;
  if (html != NULL && message_alternative_differs (plain, html))
    message_notes_add (
        walk->notes, "alternatives_differ",
        "The mail holds its text twice, as plain text and as HTML, and the two say different things. The "
        "plain text is shown; be careful with what it asks of you.");
}

static void show (struct walk *walk, const struct inspect_node *node, guint depth);

/* The best one; a calendar beside it is shown too, for it says what the others may say falsely. */
static void
show_alternative (struct walk *walk, const struct inspect_node *node, guint depth)
{
  const struct inspect_node *best = NULL;
  guint best_rank = 0;
  for (guint i = 0; i < node->children->len && has_room (walk); i++) {
    guint own = rank (walk, node->children->pdata[i], depth);
    if (own > best_rank) {
      best_rank = own;
      best = node->children->pdata[i];
    }
  }
  if (best != NULL)
    show (walk, best, depth + 1);
  if (best_rank == 3 && walk->notes != NULL)
    compare_versions (walk, node, depth);
  for (guint i = 0; i < node->children->len; i++) {
    const struct inspect_node *child = node->children->pdata[i];
    /* A layer, or parts that are no alternative at all, may hold what nobody else says. */
    if (child != best && (is_type (child, "text/calendar") || child->protection != PROTECTION_NONE || best == NULL))
      show (walk, child, depth + 1);
  }
}

/* The root is the part that start names, else the first; text after it that is not referred to is shown too. */
static void
show_related (struct walk *walk, const struct inspect_node *node, guint depth)
{
  AUTOFREE (message_body) body = message_body_new (node);
  guint root = 0;
  for (guint i = 0; body->start != NULL && i < node->children->len; i++) {
    AUTOFREE (message_body) child = message_body_new (node->children->pdata[i]);
    if (child->content_id != NULL && strcmp (child->content_id, body->start) == 0) {
      root = i;
      break;
    }
  }
  if (node->children->len > 0)
    show (walk, node->children->pdata[root], depth + 1);
  for (guint i = 0; i < node->children->len; i++) {
    const struct inspect_node *child = node->children->pdata[i];
    AUTOFREE (message_body) about = message_body_new (child);
    if (i != root && (about->content_id == NULL || child->children->len > 0))
      show (walk, child, depth + 1);
  }
}

static void
append_field (GString *out, const struct message_fields *fields, const char *name, const char *label)
{
  g_autofree char *value = message_fields_text (fields, name);
  if (value != NULL && *value != '\0')
    g_string_append_printf (out, "%s: %s\n", label, value);
}

/* A message in the message: its header lines stand over its text, framed by a note. */
static void
show_message (struct walk *walk, const struct inspect_node *node, guint depth)
{
  const struct inspect_node *inner = node->children->pdata[0];
  if (has_room (walk)) {
    gsize size;
    const char *bytes = g_bytes_get_data (inner->entity, &size);
    AUTOFREE (message_fields) fields = message_fields_new (bytes, MIN (inner->body_offset, size));
    g_autoptr (GString) header = g_string_new (NULL);
    append_field (header, fields, "from", "From");
    append_field (header, fields, "to", "To");
    append_field (header, fields, "date", "Date");
    append_field (header, fields, "subject", "Subject");
    g_autofree char *protection = note_for (walk, node);
    g_autofree char *note
        = g_strdup_printf ("A message inside this message%s%s", *protection != '\0' ? ". " : "", protection);
    add_text (walk, inner, header->str, note);
  }
  walk->messages++;
  show (walk, inner, depth + 1);
  walk->messages--;
}

/* A layer that holds nothing for us: say so in place of its text. */
static void
show_closed_layer (struct walk *walk, const struct inspect_node *node)
{
  if (!has_room (walk))
    return;
  const char *sentence = node->withheld
                             ? "This content is withheld: it was changed on its way, or nothing proves that it was "
                               "not. Ask the sender to send it again.\n"
                             : "This content is encrypted and could not be opened with the keys that are here.\n";
  add_text (walk, node, sentence, "");
}

static void
show (struct walk *walk, const struct inspect_node *node, guint depth)
{
  if (depth > DEPTH_MAX) {
    walk->cut = TRUE;
    return;
  }
  if (node->withheld || (node->protection != PROTECTION_NONE && node->children->len == 0)) {
    show_closed_layer (walk, node);
    return;
  }
  if (node->children->len == 0)
    show_leaf (walk, node);
  else if (is_type (node, "multipart/alternative"))
    show_alternative (walk, node, depth);
  else if (is_type (node, "multipart/related"))
    show_related (walk, node, depth);
  else if (g_str_has_prefix (node->type, "message/") && node->protection == PROTECTION_NONE)
    show_message (walk, node, depth);
  else
    for (guint i = 0; i < node->children->len && has_room (walk); i++)
      show (walk, node->children->pdata[i], depth + 1);
}

/* Is anything below the payload protected in a way that the whole is not? */
static void
find_partial (struct walk *walk, const struct inspect_node *node, guint depth)
{
  const struct inspect_node *whole = walk->inspection->payload;
  walk->some_encrypted |= node->encrypted && !whole->encrypted;
  walk->some_signed |= node->signed_ && !whole->signed_;
  for (guint i = 0; i < node->children->len && depth < DEPTH_MAX; i++)
    find_partial (walk, node->children->pdata[i], depth + 1);
}

/* Where the payload is a whole message that only wraps its header fields (RFC 8551, 3.1), the text is that message's. */
static const struct inspect_node *
text_root (const struct inspection *inspection)
{
  return inspection->header_scheme == HEADERS_WRAPPED ? inspection->header_node : inspection->root;
}

GVariant *
message_segments (const struct inspection *inspection, GPtrArray *notes)
{
  struct walk walk
      = { .inspection = inspection, .notes = notes, .left = TEXT_BYTES_MAX, .deadline = cpu_s () + CPU_MAX_S };
  g_variant_builder_init (&walk.rows, G_VARIANT_TYPE ("aa{sv}"));
  if (inspection->payload->encrypted) /* what is only signed has its fields outside for everybody */
    walk.hide_legacy = inspection->header_scheme;
  walk.ranks = g_hash_table_new (NULL, NULL);
  find_partial (&walk, inspection->root, 0);
  show (&walk, text_root (inspection), 0);
  if (walk.count == 0) {
    walk.show_attached = TRUE;
    g_hash_table_remove_all (walk.ranks);
    show (&walk, text_root (inspection), 0);
  }
  g_hash_table_unref (walk.ranks);
  if (walk.cut)
    message_notes_add (notes, "text_cut",
                       "The message holds more text than can be shown at once; the rest is left out. Save its parts to "
                       "see all of it.");
  return g_variant_builder_end (&walk.rows);
}
