/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Host names made to be taken for others; see lookalike.h. */
#include "mail/message/lookalike.h"

#include <libpsl.h>
#include <string.h>
#include <unicode/uidna.h>
#include <unicode/uscript.h>
#include <unicode/uspoof.h>

#define HOST_MAX 1024 /* bytes of UTF-8; 253 bytes of punycode are never more */
#define SKELETON_MAX 8192
#define TYPO_LETTERS 6
#define EDIT_BYTES_MAX 8 /* of two letters */
#define INSIDE_LETTERS 6
#define WORDS_MAX 10 /* of a known domain */

struct one {
  char *domain;   /* what one organisation owns, as people read it */
  char *skeleton; /* of it: equal for all that look like it */
  char *words;    /* the skeleton, dots for hyphens */
};
struct lookalike_known {
  GPtrArray *list;                      /* struct one * */
  GHashTable *have, *skeletons, *words; /* those of list, by each of these */
};

static void
one_free (gpointer data)
{
  struct one *one = data;
  g_free (one->domain);
  g_free (one->skeleton);
  g_free (one->words);
  g_free (one);
}

/* ---- What ICU knows ---- */

static const UIDNA *
idna (void)
{
  static UIDNA *opened = NULL;
  static gsize done = 0;
  if (g_once_init_enter (&done)) {
    UErrorCode status = U_ZERO_ERROR;
    opened = uidna_openUTS46 (UIDNA_NONTRANSITIONAL_TO_UNICODE | UIDNA_CHECK_BIDI | UIDNA_CHECK_CONTEXTJ, &status);
    g_once_init_leave (&done, 1);
  }
  return opened;
}

static const USpoofChecker *
spoof (void)
{
  static USpoofChecker *opened = NULL;
  static gsize done = 0;
  if (g_once_init_enter (&done)) {
    UErrorCode status = U_ZERO_ERROR;
    opened = uspoof_open (&status);
    if (opened != NULL) {
      uspoof_setChecks (opened, USPOOF_RESTRICTION_LEVEL | USPOOF_INVISIBLE | USPOOF_MIXED_NUMBERS, &status);
      uspoof_setRestrictionLevel (opened, USPOOF_HIGHLY_RESTRICTIVE);
    }
    g_once_init_leave (&done, 1);
  }
  return opened;
}

static gboolean
is_host_text (const char *name)
{
  for (const char *p = name; *p != '\0'; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);
    gboolean fine = c == '.' || c == '-' || c == '_' || c == 0xB7 || c == 0x30FB || c == 0x200C || c == 0x200D
                    || g_unichar_isalnum (c) || g_unichar_ismark (c);
    if (!fine)
      return FALSE;
  }
  return *name != '\0' && *name != '.' && strstr (name, "..") == NULL;
}

char *
lookalike_unicode (const char *host)
{
  gsize length = strlen (host);
  if (length > HOST_MAX || !g_utf8_validate (host, (gssize) length, NULL))
    return NULL;
  g_autofree char *name = g_utf8_strdown (host, -1);
  if (g_str_has_suffix (name, "."))
    name[strlen (name) - 1] = '\0';
  if (g_str_has_suffix (name, ".")) /* only one of them is the root's */
    return NULL;
  if (g_str_is_ascii (name) && strstr (name, "xn--") == NULL)
    return is_host_text (name) ? g_steal_pointer (&name) : NULL;
  if (idna () == NULL)
    return NULL;
  g_autofree char *out = g_malloc (HOST_MAX * 4);
  UIDNAInfo info = UIDNA_INFO_INITIALIZER;
  UErrorCode status = U_ZERO_ERROR;
  uidna_nameToUnicodeUTF8 (idna (), name, (int32_t) strlen (name), out, HOST_MAX * 4, &info, &status);
  const guint32 harmless = UIDNA_ERROR_LEADING_HYPHEN | UIDNA_ERROR_TRAILING_HYPHEN | UIDNA_ERROR_HYPHEN_3_4;
  if (U_FAILURE (status) || status == U_STRING_NOT_TERMINATED_WARNING || (info.errors & ~harmless) != 0
      || !g_utf8_validate (out, -1, NULL) || !is_host_text (out))
    return NULL;
  return g_steal_pointer (&out);
}

/* UTS #39 as ICU has it, in lower case; NULL: it cannot. */
static char *
confusable (const char *text, gsize length)
{
  g_autofree char *buffer = g_malloc (SKELETON_MAX);
  UErrorCode status = U_ZERO_ERROR;
  if (length > SKELETON_MAX || !g_utf8_validate (text, (gssize) length, NULL) || spoof () == NULL)
    return NULL;
  (void) uspoof_getSkeletonUTF8 (spoof (), 0, text, (int32_t) length, buffer, SKELETON_MAX, &status);
  if (U_FAILURE (status) || status == U_STRING_NOT_TERMINATED_WARNING)
    return NULL;
  for (char *p = buffer; *p != '\0'; p++) /* 0 is an O to UTS #39, and O is no o */
    *p = g_ascii_tolower (*p);
  return g_steal_pointer (&buffer);
}

/* Of each ASCII character, asked once: most texts are made of nothing else. */
static const char *const *
confusable_ascii (void)
{
  static char *table[128];
  static gsize done = 0;
  if (g_once_init_enter (&done)) {
    for (char c = 1; c > 0; c++) {
      table[(guchar) c] = confusable (&c, 1);
      if (table[(guchar) c] == NULL)
        table[(guchar) c] = g_strndup (&c, 1);
    }
    g_once_init_leave (&done, 1);
  }
  return (const char *const *) table;
}

/* UTS #39, and the pairs of letters that it leaves out. */
char *
lookalike_skeleton (const char *text)
{
  g_autofree char *other = g_str_is_ascii (text) ? NULL : confusable (text, strlen (text));
  g_autoptr (GString) same = g_string_new (other);
  for (const char *p = other == NULL ? text : ""; *p != '\0'; p++) {
    if ((guchar) *p < 128)
      g_string_append (same, confusable_ascii ()[(guchar) *p]);
    else
      g_string_append_c (same, *p);
  }
  GString *out = g_string_sized_new (same->len);
  for (const char *p = same->str; *p != '\0'; p++) {
    gboolean w = p[0] == 'v' && p[1] == 'v', d = p[0] == 'c' && p[1] == 'l';
    g_string_append_c (out, w ? 'w' : d ? 'd' : *p);
    p += w || d;
  }
  return g_string_free (out, FALSE);
}

static gboolean
has_latin (const char *label)
{
  for (const char *p = label; *p != '\0'; p = g_utf8_next_char (p)) {
    UErrorCode status = U_ZERO_ERROR;
    if (uscript_getScript ((UChar32) g_utf8_get_char (p), &status) == USCRIPT_LATIN)
      return TRUE;
  }
  return FALSE;
}

/* One label by itself; among ASCII labels, if ascii_top. */
static enum lookalike
judge_label (const char *label, gboolean ascii_top)
{
  UErrorCode status = U_ZERO_ERROR;
  if (g_str_is_ascii (label) || spoof () == NULL)
    return LOOKALIKE_NONE;
  if (uspoof_check2UTF8 (spoof (), label, (int32_t) strlen (label), NULL, &status) != 0 || U_FAILURE (status))
    return LOOKALIKE_MIXED;
  g_autofree char *bones = lookalike_skeleton (label);
  return ascii_top && g_str_is_ascii (bones) && !has_latin (label) ? LOOKALIKE_FOREIGN : LOOKALIKE_NONE;
}

static enum lookalike
judge_alone (const char *name)
{
  g_auto (GStrv) labels = g_strsplit (name, ".", 0);
  guint count = g_strv_length (labels);
  for (guint i = 0; i < count; i++) {
    enum lookalike found = judge_label (labels[i], g_str_is_ascii (labels[count - 1]));
    if (found != LOOKALIKE_NONE)
      return found;
  }
  return LOOKALIKE_NONE;
}

/* ---- Beside those that are known ---- */

/* The part of name that one organisation owns; name itself where there is none. Borrowed. */
static const char *
owned (const char *name)
{
  const char *domain = psl_registrable_domain (psl_builtin (), name);
  return domain != NULL ? domain : name;
}

static gboolean
is_ip (const char *host)
{
  return g_hostname_is_ip_address (host) || *host == '[';
}

gboolean
lookalike_same_owner (const char *a, const char *b)
{
  g_autofree char *one = lookalike_unicode (a), *other = lookalike_unicode (b);
  return one != NULL && other != NULL && strcmp (owned (one), owned (other)) == 0;
}

struct lookalike_known *
lookalike_known_new (void)
{
  struct lookalike_known *known = g_new0 (struct lookalike_known, 1);
  known->list = g_ptr_array_new_with_free_func (one_free);
  known->have = g_hash_table_new (g_str_hash, g_str_equal);
  known->skeletons = g_hash_table_new (g_str_hash, g_str_equal);
  known->words = g_hash_table_new (g_str_hash, g_str_equal);
  return known;
}

void
lookalike_known_free (struct lookalike_known *known)
{
  g_hash_table_unref (known->have);
  g_hash_table_unref (known->skeletons);
  g_hash_table_unref (known->words);
  g_ptr_array_unref (known->list);
  g_free (known);
}

void
lookalike_known_add (struct lookalike_known *known, const char *domain)
{
  g_autofree char *name = is_ip (domain) ? NULL : lookalike_unicode (domain);
  const char *mine = name != NULL ? owned (name) : NULL;
  if (mine == NULL || strchr (mine, '.') == NULL || known->list->len >= LOOKALIKE_KNOWN_MAX
      || g_hash_table_contains (known->have, mine))
    return;
  struct one *one = g_new0 (struct one, 1);
  one->domain = g_strdup (mine);
  one->skeleton = lookalike_skeleton (mine);
  one->words = g_strdelimit (g_strdup (one->skeleton), "-", '.');
  g_ptr_array_add (known->list, one);
  g_hash_table_add (known->have, one->domain);
  g_hash_table_insert (known->skeletons, one->skeleton, one);
  g_hash_table_insert (known->words, one->words, one);
}

static gboolean
both_digits (const char *a, const char *b)
{
  return g_ascii_isdigit (*a) && g_ascii_isdigit (*b);
}

/* One letter more, less, other, or two neighbours swapped. Another number is another ward, not another spelling. */
static gboolean
is_one_edit (const char *a, const char *b)
{
  while (*a != '\0' && g_utf8_get_char (a) == g_utf8_get_char (b)) {
    a = g_utf8_next_char (a);
    b = g_utf8_next_char (b);
  }
  const char *a_end = a + strlen (a), *b_end = b + strlen (b);
  while (a_end > a && b_end > b) {
    const char *a_last = g_utf8_prev_char (a_end), *b_last = g_utf8_prev_char (b_end);
    if (g_utf8_get_char (a_last) != g_utf8_get_char (b_last))
      break;
    a_end = a_last;
    b_end = b_last;
  }
  glong left_a = g_utf8_strlen (a, a_end - a), left_b = g_utf8_strlen (b, b_end - b);
  if (left_a + left_b == 1)
    return !g_ascii_isdigit (left_a == 1 ? *a : *b);
  if (left_a == 1 && left_b == 1)
    return !both_digits (a, b);
  return left_a == 2 && left_b == 2 && g_utf8_get_char (a) == g_utf8_get_char (g_utf8_next_char (b))
         && g_utf8_get_char (b) == g_utf8_get_char (g_utf8_next_char (a)) && !both_digits (a, b);
}

/* Words between hyphens are compared one by one, so that tu-berlin is not taken for fu-berlin. */
static gboolean
is_misspelt (const char *real, const char *name)
{
  g_auto (GStrv) ours = g_strsplit (real, "-", 0), theirs = g_strsplit (name, "-", 0);
  if (g_strv_length (ours) != g_strv_length (theirs))
    return g_utf8_strlen (real, -1) >= TYPO_LETTERS && is_one_edit (real, name);
  guint at = 0;
  while (ours[at] != NULL && strcmp (ours[at], theirs[at]) == 0)
    at++;
  if (ours[at] == NULL || g_utf8_strlen (ours[at], -1) < TYPO_LETTERS || !is_one_edit (ours[at], theirs[at]))
    return FALSE;
  for (guint i = at + 1; ours[i] != NULL; i++)
    if (strcmp (ours[i], theirs[i]) != 0)
      return FALSE;
  return TRUE;
}

/* What differs is more than one edit can do. */
static gboolean
is_far (const char *a, gsize a_length, const char *b, gsize b_length)
{
  gsize least = MIN (a_length, b_length), most = MAX (a_length, b_length), begin = 0, end = 0;
  while (begin < least && a[begin] == b[begin])
    begin++;
  while (end < least - begin && a[a_length - 1 - end] == b[b_length - 1 - end])
    end++;
  return most - begin - end > EDIT_BYTES_MAX
         || (most - begin - end > 2 && (guchar) a[begin] < 128 && (guchar) b[begin] < 128);
}

/* The name misspelt, under the same suffix; or the same name under a suffix that lost a letter (.co, .cm for .com). */
static gboolean
is_typo (const struct one *one, const char *mine)
{
  gsize name = strcspn (mine, "."), real = strcspn (one->domain, ".");
  const char *suffix = mine + name, *real_suffix = one->domain + real;
  if (is_far (mine, name, one->domain, real)) /* most of them, and cheaply */
    return FALSE;
  if (strcmp (suffix, real_suffix) == 0) {
    g_autofree char *theirs = g_strndup (mine, name), *ours = g_strndup (one->domain, real);
    return is_misspelt (ours, theirs);
  }
  return name == real && memcmp (mine, one->domain, name) == 0 && name >= TYPO_LETTERS && strlen (real_suffix) >= 4
         && strlen (suffix) < strlen (real_suffix) && strchr (suffix + 1, '.') == NULL
         && is_one_edit (real_suffix, suffix);
}

/* All words of a known one, one after the other, and others behind them: t-online.de is not meant to be online.de. */
static const struct one *
find_inside (const struct lookalike_known *known, const char *name)
{
  g_autofree char *bones = lookalike_skeleton (name);
  g_auto (GStrv) words = g_strsplit_set (bones, ".-", 0);
  guint count = g_strv_length (words);
  g_autoptr (GString) some = g_string_new (NULL);
  for (guint i = 0; i + 1 < count; i++) {
    g_string_truncate (some, 0);
    for (guint k = i; k + 1 < count && k < i + WORDS_MAX; k++) {
      g_string_append_printf (some, "%s%s", k > i ? "." : "", words[k]);
      const struct one *one = k > i ? g_hash_table_lookup (known->words, some->str) : NULL;
      if (one != NULL && strlen (one->domain) >= INSIDE_LETTERS)
        return one;
    }
  }
  return NULL;
}

static const struct one *
find_typo (const struct lookalike_known *known, const char *mine)
{
  for (guint i = 0; i < known->list->len; i++)
    if (is_typo (known->list->pdata[i], mine))
      return known->list->pdata[i];
  return NULL;
}

static enum lookalike
judge_beside (const struct lookalike_known *known, const char *name, const char **like_out)
{
  const char *mine = owned (name);
  if (g_hash_table_contains (known->have, mine))
    return LOOKALIKE_NONE;
  g_autofree char *bones = lookalike_skeleton (mine);
  enum lookalike found = LOOKALIKE_SAME;
  const struct one *one = g_hash_table_lookup (known->skeletons, bones);
  if (one == NULL) {
    found = LOOKALIKE_TYPO;
    one = find_typo (known, mine);
  }
  if (one == NULL) {
    found = LOOKALIKE_INSIDE;
    one = find_inside (known, name);
  }
  *like_out = one != NULL ? one->domain : NULL;
  return one != NULL ? found : LOOKALIKE_NONE;
}

enum lookalike
lookalike_host (const char *host, const struct lookalike_known *known, const char **like_out)
{
  const char *like = NULL;
  if (like_out != NULL)
    *like_out = NULL;
  if (is_ip (host))
    return LOOKALIKE_NONE;
  g_autofree char *name = lookalike_unicode (host);
  if (name == NULL)
    return LOOKALIKE_BROKEN;
  enum lookalike found
      = known != NULL && strchr (name, '.') != NULL ? judge_beside (known, name, &like) : LOOKALIKE_NONE;
  if (like_out != NULL)
    *like_out = like;
  return found != LOOKALIKE_NONE ? found : judge_alone (name);
}
