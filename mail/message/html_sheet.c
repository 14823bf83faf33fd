/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Style sheets, as far as they can hide text: selectors of tags, classes, ids, attributes and ancestors, with !important and specificity.
 *
 * Of media queries those count that hold for a screen of ordinary width. States that only a mouse makes (:hover) and sibling selectors match
 * nothing. A rule is kept under the most telling name of its last part, so that an element asks few of them. Bounded: rules, parts, and
 * comparisons; beyond that nothing more is said to be hidden. Pure. */
#include "mail/message/html_p.h"

#include <string.h>

#define SHEET_MAX (512u * 1024)
#define RULES_MAX 4000
#define PARTS_MAX 8
#define NESTING_MAX 4
#define COMPARISONS_MAX 3000000u
#define SCREEN_PX 1000.0

enum part_flags { PART_CHILD = 1, PART_ODD = 2, PART_EVEN = 4, PART_FIRST = 8 };

struct part {
  char *tag, *id, *attribute, *attribute_value; /* NULL: any */
  char attribute_kind;                          /* '=', '~', '^', '$', '*', '|'; 0: it is there */
  GPtrArray *classes;                           /* char *; NULL: none */
  guint flags;
};

struct rule {
  struct part *parts[PARTS_MAX]; /* the last is the element's own */
  guint count;
  guint64 rank;
  GArray *declarations; /* shared by the selectors of one rule */
};

struct html_sheet {
  GHashTable *by_key; /* char * -> GPtrArray of struct rule *; ".class", "#id", "tag" or "*" */
  GPtrArray *rules;
  guint comparisons;
  gsize size;
};

static void
part_free (struct part *part)
{
  g_free (part->tag);
  g_free (part->id);
  g_free (part->attribute);
  g_free (part->attribute_value);
  g_clear_pointer (&part->classes, g_ptr_array_unref);
  g_free (part);
}

static void
rule_free (gpointer data)
{
  struct rule *rule = data;
  for (guint i = 0; i < rule->count; i++)
    part_free (rule->parts[i]);
  g_clear_pointer (&rule->declarations, g_array_unref);
  g_free (rule);
}

struct html_sheet *
html_sheet_new (void)
{
  struct html_sheet *sheet = g_new0 (struct html_sheet, 1);
  sheet->by_key = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_ptr_array_unref);
  sheet->rules = g_ptr_array_new_with_free_func (rule_free);
  return sheet;
}

void
html_sheet_free (struct html_sheet *sheet)
{
  if (sheet == NULL)
    return;
  g_hash_table_unref (sheet->by_key);
  g_ptr_array_unref (sheet->rules);
  g_free (sheet);
}

/* ---- Selectors ---- */

static gsize
name_length (const char *p)
{
  gsize n = 0;
  while (g_ascii_isalnum (p[n]) || p[n] == '-' || p[n] == '_' || p[n] == '\\' || (guchar) p[n] >= 0x80)
    n++;
  return n;
}

static gboolean
take_pseudo (struct part *part, const char **at)
{
  static const char *const always[]
      = { "root", "link", "any-link", "not", "is", "where", "only-child", "nth-of-type", NULL };
  const char *p = *at + 1;
  if (*p == ':')
    return FALSE;
  gsize n = name_length (p);
  g_autofree char *name = g_ascii_strdown (p, (gssize) n), *argument = NULL;
  p += n;
  if (*p == '(') {
    const char *close = strchr (p, ')');
    if (close == NULL)
      return FALSE;
    argument = g_ascii_strdown (p + 1, close - p - 1);
    g_strstrip (argument);
    p = close + 1;
  }
  *at = p;
  if (strcmp (name, "first-child") == 0 || (strcmp (name, "nth-child") == 0 && g_strcmp0 (argument, "1") == 0)) {
    part->flags |= PART_FIRST;
    return TRUE;
  }
  if (strcmp (name, "nth-child") == 0 && argument != NULL) {
    if (strcmp (argument, "odd") == 0 || strcmp (argument, "2n+1") == 0)
      part->flags |= PART_ODD;
    else if (strcmp (argument, "even") == 0 || strcmp (argument, "2n") == 0)
      part->flags |= PART_EVEN;
    return (part->flags & (PART_ODD | PART_EVEN)) != 0 || strcmp (argument, "n") == 0;
  }
  return g_strv_contains (always, name);
}

static gboolean
take_attribute (struct part *part, const char **at)
{
  const char *p = *at + 1, *close = strchr (p, ']');
  if (close == NULL)
    return FALSE;
  p += strspn (p, " ");
  gsize n = name_length (p);
  g_free (part->attribute);
  part->attribute = g_ascii_strdown (p, (gssize) n);
  p += n;
  p += strspn (p, " ");
  if (p < close) {
    part->attribute_kind = *p;
    p += *p == '=' ? 1 : 2;
    g_autofree char *value = p <= close ? g_strndup (p, (gsize) (close - p)) : g_strdup ("");
    g_strstrip (value);
    gsize length = strlen (value);
    gboolean quoted = length >= 2 && (*value == '"' || *value == '\'') && value[length - 1] == *value;
    g_free (part->attribute_value);
    part->attribute_value = quoted ? g_strndup (value + 1, length - 2) : g_strdup (value);
  }
  *at = close + 1;
  return TRUE;
}

/* One part: "p.note#x[hidden]:first-child". NULL: it is of a kind that matches nothing here. */
static struct part *
take_part (const char **at)
{
  struct part *part = g_new0 (struct part, 1);
  const char *p = *at;
  gboolean known = TRUE;
  if (*p == '*')
    p++;
  else if (name_length (p) > 0) {
    part->tag = g_ascii_strdown (p, (gssize) name_length (p));
    p += name_length (p);
  }
  while (known && *p != '\0' && strchr (".#[:", *p) != NULL) {
    gsize n = name_length (p + 1);
    if (*p == '.' && n > 0) {
      if (part->classes == NULL)
        part->classes = g_ptr_array_new_with_free_func (g_free);
      g_ptr_array_add (part->classes, g_strndup (p + 1, n));
      p += n + 1;
    } else if (*p == '#' && n > 0) {
      g_free (part->id);
      part->id = g_strndup (p + 1, n);
      p += n + 1;
    } else
      known = (*p == ':' && take_pseudo (part, &p)) || (*p == '[' && take_attribute (part, &p));
  }
  known = known && p > *at;
  *at = p;
  if (!known)
    g_clear_pointer (&part, part_free);
  return part;
}

static guint64
specificity (const struct rule *rule)
{
  guint ids = 0, classes = 0, tags = 0;
  for (guint i = 0; i < rule->count; i++) {
    const struct part *part = rule->parts[i];
    ids += part->id != NULL;
    classes += (part->classes != NULL ? MIN (part->classes->len, 20) : 0) + (part->attribute != NULL)
               + (part->flags > PART_CHILD);
    tags += part->tag != NULL;
  }
  return (guint64) ids << 16 | (guint64) MIN (classes, 255) << 8 | tags;
}

static char *
key_of (const struct part *part)
{
  if (part->id != NULL)
    return g_strconcat ("#", part->id, NULL);
  if (part->classes != NULL)
    return g_strconcat (".", part->classes->pdata[0], NULL);
  return g_strdup (part->tag != NULL ? part->tag : "*");
}

static void
add_rule (struct html_sheet *sheet, struct rule *rule_take, GArray *declarations)
{
  rule_take->declarations = g_array_ref (declarations);
  rule_take->rank = specificity (rule_take) << 24 | sheet->rules->len;
  g_ptr_array_add (sheet->rules, rule_take);
  g_autofree char *key = key_of (rule_take->parts[rule_take->count - 1]);
  GPtrArray *same = g_hash_table_lookup (sheet->by_key, key);
  if (same == NULL) {
    same = g_ptr_array_new ();
    g_hash_table_insert (sheet->by_key, g_steal_pointer (&key), same);
  }
  g_ptr_array_add (same, rule_take);
}

/* One selector without commas. */
static void
take_selector (struct html_sheet *sheet, char *text, GArray *declarations)
{
  struct rule *rule = g_new0 (struct rule, 1);
  const char *p = g_strstrip (text);
  guint flags = 0;
  while (*p != '\0' && rule->count < PARTS_MAX) {
    struct part *part = take_part (&p);
    if (part == NULL)
      break;
    part->flags |= flags;
    rule->parts[rule->count++] = part;
    p += strspn (p, " \t\r\n");
    flags = *p == '>' ? PART_CHILD : 0;
    if (*p == '>')
      p++;
    p += strspn (p, " \t\r\n");
  }
  if (*p == '\0' && rule->count > 0 && sheet->rules->len < RULES_MAX)
    add_rule (sheet, rule, declarations);
  else
    rule_free (rule);
}

/* ---- The sheet ---- */

/* The lengths that a query names: does a screen of ordinary width fulfil them? */
static gboolean
widths_hold (const char *query)
{
  for (const char *p = query; (p = strstr (p, "-width")) != NULL; p++) {
    const char *colon = strchr (p, ':');
    double px = colon != NULL ? g_ascii_strtod (colon + 1, NULL) : 0;
    if (colon != NULL && strstr (colon, "em") != NULL)
      px *= 16;
    gboolean least = p - query >= 3 && memcmp (p - 3, "min", 3) == 0;
    if (least ? px > SCREEN_PX : px < SCREEN_PX)
      return FALSE;
  }
  return TRUE;
}

static gboolean
media_holds (const char *text, gsize size)
{
  static const char *const others[] = { "print",    "speech",      "aural",        "handheld", "projection", "tty",
                                        "prefers-", "orientation", "device-pixel", "-moz-",    "-ms-",       "not " };
  g_autofree char *all = g_ascii_strdown (text, (gssize) MIN (size, 1000));
  g_auto (GStrv) queries = g_strsplit (all, ",", 20);
  for (char **query = queries; *query != NULL; query++) {
    gboolean holds = widths_hold (*query);
    for (gsize i = 0; i < G_N_ELEMENTS (others) && holds; i++)
      holds = strstr (*query, others[i]) == NULL;
    if (holds)
      return TRUE;
  }
  return FALSE;
}

/* The place behind the } that belongs to the { before p. */
static const char *
block_end (const char *p, const char *end)
{
  guint depth = 1;
  while (p < end && depth > 0) {
    depth += *p == '{';
    depth -= *p == '}';
    p++;
  }
  return p;
}

static void
take_rule (struct html_sheet *sheet, const char *selectors, gsize selectors_size, const char *body, gsize body_size)
{
  g_autoptr (GArray) declarations = g_array_new (FALSE, FALSE, sizeof (struct html_declaration));
  html_css_declarations (body, body_size, declarations);
  if (declarations->len == 0)
    return;
  g_autofree char *text = g_strndup (selectors, selectors_size);
  g_auto (GStrv) each = g_strsplit (text, ",", 200);
  for (char **selector = each; *selector != NULL; selector++)
    take_selector (sheet, *selector, declarations);
}

static void
take_rules (struct html_sheet *sheet, const char *p, const char *end, guint nesting)
{
  while (p < end && sheet->rules->len < RULES_MAX) {
    while (p < end && (g_ascii_isspace (*p) || *p == ';' || *p == '}'))
      p++;
    const char *start = p;
    while (p < end && *p != '{' && !(*p == ';' && *start == '@'))
      p++;
    if (p >= end)
      return;
    if (*p == ';') { /* @import, @charset */
      p++;
      continue;
    }
    const char *body = p + 1, *after = block_end (body, end);
    gsize head = (gsize) (p - start), body_size = (gsize) (after - body) - (after > body && after[-1] == '}');
    if (*start != '@')
      take_rule (sheet, start, head, body, body_size);
    else if (nesting < NESTING_MAX
             && (g_ascii_strncasecmp (start, "@supports", 9) == 0 || g_ascii_strncasecmp (start, "@layer", 6) == 0
                 || (g_ascii_strncasecmp (start, "@media", 6) == 0 && media_holds (start + 6, head - MIN (head, 6)))))
      take_rules (sheet, body, body + body_size, nesting + 1);
    p = after;
  }
}

/* Without comments, and without the brackets by which old mail hides its style from older programs. */
static GString *
without_comments (const char *css, gsize size)
{
  GString *out = g_string_sized_new (size);
  for (gsize i = 0; i < size; i++) {
    if (css[i] == '/' && i + 1 < size && css[i + 1] == '*') {
      const char *end = g_strstr_len (css + i + 2, (gssize) (size - i - 2), "*/");
      i = end != NULL ? (gsize) (end + 1 - css) : size;
    } else if (size - i >= 4 && memcmp (css + i, "<!--", 4) == 0)
      i += 3;
    else if (size - i >= 3 && memcmp (css + i, "-->", 3) == 0)
      i += 2;
    else
      g_string_append_c (out, css[i] != '\0' ? css[i] : ' ');
  }
  return out;
}

void
html_sheet_add (struct html_sheet *sheet, const char *css, gsize size)
{
  if (sheet->size >= SHEET_MAX)
    return;
  size = MIN (size, SHEET_MAX - sheet->size);
  sheet->size += size;
  GString *plain = without_comments (css, size);
  take_rules (sheet, plain->str, plain->str + plain->len, 0);
  g_string_free (plain, TRUE);
}

/* ---- Matching ---- */

static gboolean
has_word (const char *words, const char *word)
{
  gsize length = strlen (word);
  for (const char *p = words; (p = strstr (p, word)) != NULL; p += length)
    if ((p == words || g_ascii_isspace (p[-1])) && (p[length] == '\0' || g_ascii_isspace (p[length])))
      return TRUE;
  return FALSE;
}

static gboolean
attribute_matches (const struct part *part, const char *const *attributes)
{
  const char *value = html_style_attribute (attributes, part->attribute), *wanted = part->attribute_value;
  if (value == NULL || wanted == NULL || part->attribute_kind == 0)
    return value != NULL;
  switch (part->attribute_kind) {
  case '=':
    return g_ascii_strcasecmp (value, wanted) == 0;
  case '~':
    return has_word (value, wanted);
  case '^':
  case '|':
    return g_str_has_prefix (value, wanted);
  case '$':
    return g_str_has_suffix (value, wanted);
  case '*':
    return strstr (value, wanted) != NULL;
  default:
    return FALSE;
  }
}

/* attributes NULL: an ancestor, whose attributes are not kept. */
static gboolean
part_matches (const struct part *part, const struct html_identity *element, const char *const *attributes)
{
  if (part->tag != NULL && g_ascii_strcasecmp (part->tag, element->tag) != 0)
    return FALSE;
  if (part->id != NULL && strcmp (part->id, element->id) != 0)
    return FALSE;
  for (guint i = 0; part->classes != NULL && i < part->classes->len; i++)
    if (!has_word (element->classes, part->classes->pdata[i]))
      return FALSE;
  if (part->attribute != NULL && !attribute_matches (part, attributes))
    return FALSE;
  if (((part->flags & PART_FIRST) != 0 && element->place != 1)
      || ((part->flags & PART_ODD) != 0 && element->place % 2 == 0)
      || ((part->flags & PART_EVEN) != 0 && element->place % 2 != 0))
    return FALSE;
  return TRUE;
}

/* From the element outwards. "a > b c": where c is found, b may be any ancestor, and a only the one right around b. Nearest first, with no
 * second try: a chain that would need one is rarer than one built to be slow. */
static gboolean
rule_matches (struct html_sheet *sheet, const struct rule *rule, const struct html_identity *path, guint count,
              const char *const *attributes)
{
  guint at = count - 1;
  sheet->comparisons++;
  if (!part_matches (rule->parts[rule->count - 1], &path[at], attributes))
    return FALSE;
  for (guint i = rule->count - 1; i > 0; i--) {
    gboolean child = (rule->parts[i]->flags & PART_CHILD) != 0, found = FALSE;
    while (at > 0 && !found) {
      sheet->comparisons++;
      found = part_matches (rule->parts[i - 1], &path[--at], NULL);
      if (child)
        break;
    }
    if (!found)
      return FALSE;
  }
  return TRUE;
}

struct asked {
  struct html_sheet *sheet;
  const struct html_identity *path;
  guint count;
  const char *const *attributes;
  html_sheet_found_fn found;
  gpointer data;
};

static void
ask (const struct asked *asked, const char *key)
{
  const GPtrArray *rules = g_hash_table_lookup (asked->sheet->by_key, key);
  for (guint i = 0; rules != NULL && i < rules->len && asked->sheet->comparisons < COMPARISONS_MAX; i++) {
    const struct rule *rule = rules->pdata[i];
    if (!rule_matches (asked->sheet, rule, asked->path, asked->count, asked->attributes))
      continue;
    for (guint k = 0; k < rule->declarations->len; k++)
      asked->found (&g_array_index (rule->declarations, struct html_declaration, k), rule->rank, asked->data);
  }
}

void
html_sheet_match (struct html_sheet *sheet, const struct html_identity *path, guint count,
                  const char *const *attributes, html_sheet_found_fn found, gpointer data)
{
  static const char *const no_attributes[] = { NULL };
  const struct html_identity *own = &path[count - 1];
  if (sheet->rules->len == 0)
    return;
  const struct asked asked = { sheet, path, count, attributes != NULL ? attributes : no_attributes, found, data };
  ask (&asked, "*");
  g_autofree char *tag = g_ascii_strdown (own->tag, -1), *id = g_strconcat ("#", own->id, NULL);
  ask (&asked, tag);
  if (*own->id != '\0')
    ask (&asked, id);
  g_auto (GStrv) classes = g_strsplit_set (own->classes, " \t\r\n", 30);
  for (char **class = classes; *class != NULL; class ++) {
    g_autofree char *key = g_strconcat (".", *class, NULL);
    if (**class != '\0')
      ask (&asked, key);
  }
}
