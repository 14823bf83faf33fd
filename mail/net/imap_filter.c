/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* One byte after the other, and whole literals at once. See imap_filter.h. */
#include "mail/net/imap_filter.h"

#include "crypto/guard/secret.h"

#include <string.h>

#define WORD_MAX 64   /* of the words that say what kind of a reply it is */
#define HELD_MAX 4096 /* of what comes before the first item, and of an item's name */
#define LITERAL_MAX (G_GUINT64_CONSTANT (1) << 40)
#define DEPTH_MAX 1000

enum place {
  AT_START,    /* of a reply: its kind is not known yet */
  IN_TEXT,     /* passes up to the end of the line */
  IN_REPLY,    /* passes up to its end, with the literals in it */
  IN_FOREIGN,  /* is left out up to its end, with the literals in it */
  IN_SPACES,   /* of a NAMESPACE: prefix and delimiter of each pass */
  IN_NUMBERS,  /* of a SEARCH */
  IN_REST,     /* of it: left out up to the end of the line */
  BEFORE_LIST, /* FETCH, STATUS: held back up to the parenthesis */
  BEFORE_ITEM,
  IN_NAME,
  IN_VALUE,
  IN_FOREIGN_VALUE,
};

struct imap_filter {
  GByteArray *out;
  gsize taken;
  GString *held;   /* what waits for being judged */
  GString *prefix; /* of FETCH and STATUS, until there is an item to keep */
  enum place place;
  guint depth;
  gboolean quoted, escaped, bracket;
  enum { NO_BRACE, OPEN_BRACE, CLOSED_BRACE } brace;
  guint64 number, literal; /* literal: bytes of it still to come */
  guint words;             /* of one namespace so far */
  gboolean items;          /* some were kept */
  gboolean raw;            /* not understood: everything passes from here on */
  char tag[WORD_MAX];      /* of the last tagged reply */
  gboolean bad;
  GQueue tagged; /* char *: see imap_filter_next_tagged */
};

struct imap_filter *
imap_filter_new (void)
{
  struct imap_filter *filter = g_new0 (struct imap_filter, 1);
  g_queue_init (&filter->tagged);
  filter->out = g_byte_array_new ();
  filter->held = g_string_new (NULL);
  filter->prefix = g_string_new (NULL);
  return filter;
}

void
imap_filter_free (struct imap_filter *filter)
{
  secret_wipe (filter->out->data, filter->out->len);
  secret_wipe (filter->held->str, filter->held->len);
  g_byte_array_unref (filter->out);
  g_string_free (filter->held, TRUE);
  g_string_free (filter->prefix, TRUE);
  g_queue_clear_full (&filter->tagged, g_free);
  g_free (filter);
}

static void
put (struct imap_filter *filter, const void *bytes, gsize size)
{
  g_byte_array_append (filter->out, bytes, (guint) size);
}

static void
put_held (struct imap_filter *filter)
{
  put (filter, filter->held->str, filter->held->len);
  g_string_truncate (filter->held, 0);
}

static void
begin_reply (struct imap_filter *filter)
{
  filter->place = AT_START;
  filter->depth = filter->words = 0;
  filter->quoted = filter->escaped = filter->bracket = filter->items = FALSE;
  filter->brace = NO_BRACE;
  g_string_truncate (filter->held, 0);
  g_string_truncate (filter->prefix, 0);
}

static void
give_up (struct imap_filter *filter)
{
  put (filter, filter->prefix->str, filter->prefix->len);
  put_held (filter);
  g_string_truncate (filter->prefix, 0);
  filter->raw = TRUE;
}

/* Keeps count of quotes, parentheses and literals. FALSE at the end of the reply. */
static gboolean
goes_on (struct imap_filter *filter, char c)
{
  if (filter->quoted && c != '\n') {
    filter->quoted = filter->escaped || c != '"';
    filter->escaped = !filter->escaped && c == '\\';
    return TRUE;
  }
  const gboolean closed = filter->brace == CLOSED_BRACE;
  if (c == '\n') {
    filter->literal = closed ? filter->number : 0;
    filter->brace = NO_BRACE;
    filter->quoted = FALSE;
    return closed;
  }
  if (filter->brace == OPEN_BRACE && g_ascii_isdigit (c) && filter->number < LITERAL_MAX) {
    filter->number = filter->number * 10 + (guint64) (c - '0');
    return TRUE;
  }
  filter->brace = filter->brace == OPEN_BRACE && c == '}'                              ? CLOSED_BRACE
                  : (filter->brace == OPEN_BRACE && c == '+') || (closed && c == '\r') ? filter->brace
                  : c == '{'                                                           ? OPEN_BRACE
                                                                                       : NO_BRACE;
  filter->number = c == '{' ? 0 : filter->number;
  filter->quoted = c == '"';
  filter->depth += c == '(' && filter->depth < DEPTH_MAX ? 1 : 0;
  filter->depth -= c == ')' && filter->depth > 0 ? 1 : 0;
  return TRUE;
}

/* ---- the kind of a reply ---- */

static enum place
kind_of (const char *word, gboolean numbered)
{
  static const struct {
    const char *word;
    gboolean numbered;
    enum place place;
  } kinds[] = {
    { "OK", FALSE, IN_TEXT },         { "NO", FALSE, IN_TEXT },          { "BAD", FALSE, IN_TEXT },
    { "BYE", FALSE, IN_TEXT },        { "PREAUTH", FALSE, IN_TEXT },     { "EXISTS", TRUE, IN_TEXT },
    { "RECENT", TRUE, IN_TEXT },      { "EXPUNGE", TRUE, IN_TEXT },      { "FETCH", TRUE, BEFORE_LIST },
    { "CAPABILITY", FALSE, IN_TEXT }, { "FLAGS", FALSE, IN_TEXT },       { "ENABLED", FALSE, IN_TEXT },
    { "VANISHED", FALSE, IN_TEXT },   { "LIST", FALSE, IN_REPLY },       { "LSUB", FALSE, IN_REPLY },
    { "ID", FALSE, IN_REPLY },        { "NAMESPACE", FALSE, IN_SPACES }, { "STATUS", FALSE, BEFORE_LIST },
    { "SEARCH", FALSE, IN_NUMBERS },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (kinds[i].numbered == numbered && g_ascii_strcasecmp (kinds[i].word, word) == 0)
      return kinds[i].place;
  return IN_FOREIGN;
}

static gboolean
is_number (const char *word)
{
  return *word != '\0' && strspn (word, "0123456789") == strlen (word);
}

/* A space or the end of the line has come: is it known now what this is? */
static void
judge (struct imap_filter *filter, gboolean line_ends)
{
  g_auto (GStrv) words = g_strsplit_set (filter->held->str, " \r\n", 4);
  const char *first = words[0], *second = first != NULL ? words[1] : NULL, *third = second != NULL ? words[2] : NULL;
  const gboolean star = strcmp (first, "*") == 0, numbered = star && second != NULL && is_number (second);
  const char *word = numbered ? third : second;
  if (!line_ends && (*first != '+') && (word == NULL || (*word == '\0' && filter->held->len < WORD_MAX)))
    return;
  if (!star && *first != '+') {
    g_strlcpy (filter->tag, first, sizeof filter->tag);
    filter->bad = second != NULL && g_ascii_strcasecmp (second, "BAD") == 0;
    g_queue_push_tail (&filter->tagged, g_strconcat (filter->tag, " ", second, NULL));
    if (filter->tagged.length > IMAP_FILTER_TAGGED)
      g_free (g_queue_pop_head (&filter->tagged));
  }
  filter->place = !star ? IN_TEXT : word == NULL ? IN_FOREIGN : kind_of (word, numbered);
  if (filter->place == IN_FOREIGN)
    g_string_truncate (filter->held, 0);
  else if (filter->place != BEFORE_LIST)
    put_held (filter);
}

static void
at_start (struct imap_filter *filter, char c)
{
  const gboolean line_ends = c == '\n';
  g_string_append_c (filter->held, c);
  if (c == ' ' || c == '\r' || line_ends || filter->held->len >= WORD_MAX)
    judge (filter, line_ends || filter->held->len >= WORD_MAX);
  if (line_ends) {
    if (filter->place != IN_FOREIGN)
      put_held (filter);
    begin_reply (filter);
  }
}

/* ---- items: names and values in a list ---- */

static gboolean
is_known_item (const char *name)
{
  static const char *const names[]
      = { "UID",    "FLAGS",         "RFC822.SIZE", "INTERNALDATE",  "MODSEQ",       "ENVELOPE",
          "BODY",   "BODYSTRUCTURE", "RFC822",      "RFC822.HEADER", "RFC822.TEXT",  "MESSAGES",
          "RECENT", "UIDNEXT",       "UIDVALIDITY", "UNSEEN",        "HIGHESTMODSEQ" };
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_ascii_strcasecmp (names[i], name) == 0)
      return TRUE;
  return g_ascii_strncasecmp (name, "BODY[", 5) == 0;
}

/* The list is closed: what was kept of it passes, or there was nothing. */
static void
end_list (struct imap_filter *filter)
{
  if (filter->items)
    put (filter, ")", 1);
  filter->place = filter->items ? IN_TEXT : IN_FOREIGN;
}

static void
name_ended (struct imap_filter *filter)
{
  if (!is_known_item (filter->held->str)) {
    g_string_truncate (filter->held, 0);
    filter->place = IN_FOREIGN_VALUE;
    return;
  }
  if (filter->items)
    put (filter, " ", 1);
  else
    put (filter, filter->prefix->str, filter->prefix->len);
  g_string_truncate (filter->prefix, 0);
  filter->items = TRUE;
  put_held (filter);
  put (filter, " ", 1);
  filter->place = IN_VALUE;
}

static void
in_name (struct imap_filter *filter, char c)
{
  if (c == ' ' && !filter->bracket) {
    name_ended (filter);
    return;
  }
  g_string_append_c (filter->held, c);
  filter->bracket = (filter->bracket || c == '[') && c != ']';
  if (c == '\n' || (strchr ("()\"{", c) != NULL && !filter->bracket) || filter->held->len > HELD_MAX)
    give_up (filter);
}

static void
in_value (struct imap_filter *filter, char c)
{
  const gboolean keep = filter->place == IN_VALUE, was_quoted = filter->quoted;
  if (!goes_on (filter, c)) { /* it should have been closed first */
    if (keep)
      put (filter, &c, 1);
    else if (filter->items)
      put (filter, "\r\n", 2);
    begin_reply (filter);
  } else if (!was_quoted && filter->depth == 0) {
    end_list (filter);
  } else if (!was_quoted && c == ' ' && filter->depth == 1) {
    filter->place = BEFORE_ITEM;
  } else if (keep) {
    put (filter, &c, 1);
  }
}

static void
before_item (struct imap_filter *filter, char c)
{
  if (c == ' ')
    return;
  if (c == ')') {
    filter->depth = 0;
    end_list (filter);
  } else {
    filter->place = IN_NAME;
    in_name (filter, c);
  }
}

static void
before_list (struct imap_filter *filter, char c)
{
  const gboolean more = goes_on (filter, c);
  g_string_append_c (filter->held, c);
  if (!more) {
    put_held (filter);
    begin_reply (filter);
  } else if (filter->depth == 1) {
    g_string_assign (filter->prefix, filter->held->str);
    g_string_truncate (filter->held, 0);
    filter->place = BEFORE_ITEM;
  } else if (filter->held->len > HELD_MAX) {
    give_up (filter);
  }
}

/* ---- all ---- */

/* RFC 2342 lets more follow; libetpan does not. */
static void
in_spaces (struct imap_filter *filter, char c)
{
  const gboolean more = goes_on (filter, c);
  if (filter->depth < 2)
    filter->words = 0;
  else if (c == ' ' && !filter->quoted && filter->depth == 2)
    filter->words++;
  if (filter->words < 2)
    put (filter, &c, 1);
  if (!more)
    begin_reply (filter);
}

static void
in_numbers (struct imap_filter *filter, char c)
{
  if (c == '(') {
    filter->place = IN_REST;
    return;
  }
  if (c != ' ' && filter->held->len > 0)
    put_held (filter);
  if (c == ' ')
    g_string_assign (filter->held, " ");
  else
    put (filter, &c, 1);
  if (c == '\n')
    begin_reply (filter);
}

static void
take_byte (struct imap_filter *filter, char c)
{
  switch (filter->place) {
  case AT_START:
    at_start (filter, c);
    break;
  case IN_TEXT:
    put (filter, &c, 1);
    if (c == '\n')
      begin_reply (filter);
    break;
  case IN_REPLY:
    put (filter, &c, 1);
    if (!goes_on (filter, c))
      begin_reply (filter);
    break;
  case IN_FOREIGN:
    if (!goes_on (filter, c))
      begin_reply (filter);
    break;
  case IN_SPACES:
    in_spaces (filter, c);
    break;
  case IN_NUMBERS:
    in_numbers (filter, c);
    break;
  case IN_REST:
    if (c == '\r' || c == '\n')
      put (filter, &c, 1);
    if (c == '\n')
      begin_reply (filter);
    break;
  case BEFORE_LIST:
    before_list (filter, c);
    break;
  case BEFORE_ITEM:
    before_item (filter, c);
    break;
  case IN_NAME:
    in_name (filter, c);
    break;
  case IN_VALUE:
  case IN_FOREIGN_VALUE:
    in_value (filter, c);
    break;
  }
}

/* As much of a literal as is there. */
static gsize
take_literal (struct imap_filter *filter, const guint8 *bytes, gsize size)
{
  const gsize part = (gsize) MIN ((guint64) size, filter->literal);
  if (filter->place == IN_REPLY || filter->place == IN_VALUE || (filter->place == IN_SPACES && filter->words < 2))
    put (filter, bytes, part);
  else if (filter->place == BEFORE_LIST)
    g_string_append_len (filter->held, (const char *) bytes, (gssize) part);
  filter->literal -= part;
  if (filter->held->len > HELD_MAX)
    give_up (filter);
  return part;
}

void
imap_filter_feed (struct imap_filter *filter, const void *bytes, gsize size)
{
  const guint8 *at = bytes, *end = at + size;
  while (at < end && !filter->raw)
    if (filter->literal > 0)
      at += take_literal (filter, at, (gsize) (end - at));
    else
      take_byte (filter, (char) *at++);
  put (filter, at, (gsize) (end - at));
}

gsize
imap_filter_take (struct imap_filter *filter, void *buffer, gsize size)
{
  const gsize part = MIN (size, filter->out->len - filter->taken);
  if (part > 0)
    memcpy (buffer, filter->out->data + filter->taken, part);
  filter->taken += part;
  if (filter->taken == filter->out->len) {
    g_byte_array_set_size (filter->out, 0);
    filter->taken = 0;
  }
  return part;
}

gboolean
imap_filter_has_more (const struct imap_filter *filter)
{
  return filter->taken < filter->out->len;
}

gboolean
imap_filter_is_amid (const struct imap_filter *filter)
{
  return imap_filter_has_more (filter) || filter->place != AT_START || filter->held->len > 0 || filter->raw;
}

gboolean
imap_filter_said_bad (const struct imap_filter *filter, const char *tag)
{
  return filter->bad && strcmp (filter->tag, tag) == 0;
}

char *
imap_filter_next_tagged (struct imap_filter *filter)
{
  return g_queue_pop_head (&filter->tagged);
}
