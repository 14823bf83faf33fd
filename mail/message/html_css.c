/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* CSS declarations, of a style attribute or a rule: only the properties by which text can be made invisible, each as a number. What cannot
 * be read is passed over. Bounded. Pure. */
#include "mail/message/html_p.h"

#include <string.h>

#define DECLARATIONS_MAX 200
#define VALUE_MAX 300
#define ROOT_PX 16.0

/* A length in pixels. FALSE: it is none. relative_out: it is a factor of what is around it (em, %). */
static gboolean
length_of (const char *text, double *out, gboolean *relative_out)
{
  static const struct {
    const char *unit;
    double px;
    gboolean relative;
  } units[] = {
    { "px", 1, FALSE },  { "pt", 4.0 / 3, FALSE }, { "rem", ROOT_PX, FALSE }, { "em", 1, TRUE },
    { "%", 0.01, TRUE }, { "ex", 0.5, TRUE },      { "ch", 0.5, TRUE },       { "vw", 10, FALSE },
    { "vh", 8, FALSE },  { "cm", 37.8, FALSE },    { "mm", 3.78, FALSE },     { "in", 96, FALSE },
    { "pc", 16, FALSE },
  };
  char *end = NULL;
  double number = g_ascii_strtod (text, &end);
  if (end == text || !(number > -1e9 && number < 1e9))
    return FALSE;
  *relative_out = FALSE;
  *out = number;
  for (gsize i = 0; i < G_N_ELEMENTS (units); i++)
    if (g_str_has_prefix (end, units[i].unit)) {
      *out = number * units[i].px;
      *relative_out = units[i].relative && number != 0;
      return TRUE;
    }
  return TRUE;
}

static gboolean
take_length (const char *value, struct html_declaration *out)
{
  if (!length_of (value, &out->number, &out->relative))
    return FALSE;
  if (out->relative) /* only fonts know what it is relative to; for all else, a rough guess tells far from near */
    out->number *= ROOT_PX;
  out->relative = FALSE;
  return TRUE;
}

static gboolean
take_font_size (const char *value, struct html_declaration *out)
{
  static const struct {
    const char *word;
    double px;
    gboolean relative;
  } words[]
      = { { "xx-small", 9, FALSE },  { "x-small", 10, FALSE }, { "small", 13, FALSE },    { "medium", 16, FALSE },
          { "large", 18, FALSE },    { "x-large", 24, FALSE }, { "xx-large", 32, FALSE }, { "initial", 16, FALSE },
          { "smaller", 0.83, TRUE }, { "larger", 1.2, TRUE } };
  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    if (strcmp (value, words[i].word) == 0) {
      out->number = words[i].px;
      out->relative = words[i].relative;
      return TRUE;
    }
  return length_of (value, &out->number, &out->relative);
}

/* "font: bold 0/0 a": the size is the first word with a unit, or a zero. */
static gboolean
take_font (const char *value, struct html_declaration *out)
{
  g_auto (GStrv) words = g_strsplit (value, " ", 20);
  for (char **word = words; *word != NULL; word++) {
    char *slash = strchr (*word, '/');
    if (slash != NULL)
      *slash = '\0';
    if (!g_ascii_isdigit (**word) && **word != '.')
      continue;
    if (strcspn (*word, "pre%vcmi") < strlen (*word) || strspn (*word, "0.") == strlen (*word))
      return take_font_size (*word, out);
  }
  return FALSE;
}

static gboolean
take_word (const char *value, struct html_declaration *out, const char *const *words)
{
  g_auto (GStrv) given = g_strsplit (value, " ", 8);
  if (strcmp (value, "inherit") == 0)
    return FALSE;
  out->number = 0;
  for (char **word = given; *word != NULL; word++)
    out->number = out->number > 0 || g_strv_contains (words, *word) ? 1 : 0;
  return TRUE;
}

static gboolean
take_opacity (const char *value, struct html_declaration *out)
{
  gboolean relative = FALSE;
  const char *filter = strstr (value, "opacity(");
  return length_of (filter != NULL ? filter + strlen ("opacity(") : value, &out->number, &relative);
}

/* A ground that is named wins; a picture or a gradient makes it unknown. */
static gboolean
take_background (const char *value, struct html_declaration *out)
{
  if (strstr (value, "url(") != NULL || strstr (value, "gradient") != NULL) {
    out->number = HTML_COLOUR_UNKNOWN;
    return TRUE;
  }
  gint colour = html_colour (value);
  for (const char *word = value; colour == HTML_COLOUR_UNKNOWN && (word = strchr (word, ' ')) != NULL;)
    colour = html_colour (++word);
  if (colour == HTML_COLOUR_INHERIT)
    return FALSE;
  out->number = strcmp (value, "none") == 0 || strcmp (value, "initial") == 0 ? HTML_COLOUR_TRANSPARENT : colour;
  return TRUE;
}

/* rect(0,0,0,0), rect(1px,1px,1px,1px), inset(50%), inset(100%), circle(0). */
static gboolean
take_clip (const char *value, struct html_declaration *out)
{
  gboolean relative = FALSE;
  double first = 100;
  const char *open = strchr (value, '(');
  out->number = 0;
  if (open == NULL || !length_of (open + 1 + strspn (open + 1, " "), &first, &relative))
    return TRUE;
  gboolean rect = g_str_has_prefix (value, "rect(");
  if (rect) /* all four the same: nothing is left */
    for (const char *p = open; p != NULL; p = strpbrk (p + 1, ", ")) {
      double other = first;
      if (length_of (p + 1 + strspn (p + 1, ", "), &other, &relative) && (other < first - 1 || other > first + 1))
        return TRUE;
    }
  out->number = rect || (g_str_has_prefix (value, "inset(") && first >= 0.5)
                || (g_str_has_prefix (value, "circle(") && first < 1);
  return TRUE;
}

/* scale(0), translate(-9999px). */
static gboolean
take_transform (const char *value, struct html_declaration *out)
{
  gboolean relative = FALSE;
  double first = 1;
  const char *scale = strstr (value, "scale"), *move = strstr (value, "translate");
  const char *open = strchr (scale != NULL ? scale : move != NULL ? move : "", '(');
  if (open == NULL || !length_of (open + 1, &first, &relative))
    return FALSE;
  out->property = HTML_CLIP;
  out->number = scale != NULL ? first < 0.05 : (first < -500 || first > 5000);
  return out->number > 0;
}

static gboolean
take_colour (const char *value, struct html_declaration *out)
{
  out->number = html_colour (value);
  return TRUE;
}

static const char *const none_words[] = { "none", NULL }, *const hidden_words[] = { "hidden", "collapse", NULL },
                         *const clip_words[] = { "hidden", "clip", NULL },
                         *const moved_words[] = { "absolute", "fixed", "relative", "sticky", NULL },
                         *const struck_words[] = { "line-through", NULL }, *const all_words[] = { "all", NULL };

static const struct {
  const char *name;
  enum html_property property;
  gboolean (*take) (const char *value, struct html_declaration *out);
  const char *const *words;
} properties[] = {
  { "display", HTML_DISPLAY, NULL, none_words },
  { "mso-hide", HTML_DISPLAY, NULL, all_words },
  { "visibility", HTML_VISIBILITY, NULL, hidden_words },
  { "opacity", HTML_OPACITY, take_opacity, NULL },
  { "filter", HTML_OPACITY, take_opacity, NULL },
  { "font-size", HTML_FONT_SIZE, take_font_size, NULL },
  { "font", HTML_FONT_SIZE, take_font, NULL },
  { "color", HTML_COLOUR, take_colour, NULL },
  { "-webkit-text-fill-color", HTML_COLOUR, take_colour, NULL },
  { "background", HTML_BACKGROUND, take_background, NULL },
  { "background-color", HTML_BACKGROUND, take_background, NULL },
  { "background-image", HTML_BACKGROUND, take_background, NULL },
  { "position", HTML_POSITION, NULL, moved_words },
  { "left", HTML_LEFT, take_length, NULL },
  { "top", HTML_TOP, take_length, NULL },
  { "right", HTML_RIGHT, take_length, NULL },
  { "bottom", HTML_BOTTOM, take_length, NULL },
  { "text-indent", HTML_INDENT, take_length, NULL },
  { "margin-left", HTML_MARGIN_LEFT, take_length, NULL },
  { "margin-top", HTML_MARGIN_TOP, take_length, NULL },
  { "height", HTML_HEIGHT, take_length, NULL },
  { "max-height", HTML_MAX_HEIGHT, take_length, NULL },
  { "width", HTML_WIDTH, take_length, NULL },
  { "max-width", HTML_MAX_WIDTH, take_length, NULL },
  { "overflow", HTML_OVERFLOW, NULL, clip_words },
  { "overflow-y", HTML_OVERFLOW, NULL, clip_words },
  { "clip", HTML_CLIP, take_clip, NULL },
  { "clip-path", HTML_CLIP, take_clip, NULL },
  { "transform", HTML_CLIP, take_transform, NULL },
  { "text-decoration", HTML_STRUCK, NULL, struck_words },
  { "text-decoration-line", HTML_STRUCK, NULL, struck_words },
};

/* Lower-case, on one line, without comments and !important. */
static char *
tidy (const char *text, gsize size, gboolean *important_out)
{
  GString *out = g_string_new (NULL);
  for (gsize i = 0; i < size && out->len < VALUE_MAX; i++) {
    if (text[i] == '/' && i + 1 < size && text[i + 1] == '*') {
      const char *end = g_strstr_len (text + i + 2, (gssize) (size - i - 2), "*/");
      i = end != NULL ? (gsize) (end + 1 - text) : size;
    } else if (g_ascii_isspace (text[i])) {
      if (out->len > 0 && out->str[out->len - 1] != ' ')
        g_string_append_c (out, ' ');
    } else
      g_string_append_c (out, g_ascii_tolower (text[i]));
  }
  char *mark = strchr (out->str, '!');
  if (important_out != NULL)
    *important_out = mark != NULL && strstr (mark, "important") != NULL;
  if (mark != NULL)
    g_string_truncate (out, (gsize) (mark - out->str));
  return g_strstrip (g_string_free (out, FALSE));
}

static void
take_declaration (const char *text, gsize size, GArray *out)
{
  const char *colon = memchr (text, ':', size);
  if (colon == NULL)
    return;
  struct html_declaration made = { 0 };
  g_autofree char *name = tidy (text, (gsize) (colon - text), NULL),
                  *value = tidy (colon + 1, size - (gsize) (colon + 1 - text), &made.important);
  for (gsize i = 0; i < G_N_ELEMENTS (properties); i++)
    if (strcmp (name, properties[i].name) == 0) {
      made.property = properties[i].property;
      if (properties[i].take == take_opacity && *name == 'f' && strstr (value, "opacity(") == NULL)
        return;
      if (strcmp (name, "background-image") == 0 && strcmp (value, "none") == 0)
        return;
      if (strcmp (name, "mso-hide") == 0 && strcmp (value, "all") != 0)
        return;
      if (properties[i].take != NULL ? properties[i].take (value, &made)
                                     : take_word (value, &made, properties[i].words))
        g_array_append_val (out, made);
      return;
    }
}

void
html_css_declarations (const char *text, gsize size, GArray *out)
{
  const char *end = text + size;
  for (guint n = 0; text < end && n < DECLARATIONS_MAX; n++) {
    gsize depth = 0;
    const char *stop = text;
    while (stop < end && (*stop != ';' || depth > 0)) { /* a data: URL in brackets may hold semicolons */
      depth += *stop == '(';
      depth -= *stop == ')' && depth > 0;
      stop++;
    }
    if (stop == end && depth > 0) { /* never closed: then it is no bracket */
      const char *semicolon = memchr (text, ';', (gsize) (end - text));
      stop = semicolon != NULL ? semicolon : end;
    }
    take_declaration (text, (gsize) (stop - text), out);
    text = stop + 1;
  }
}
