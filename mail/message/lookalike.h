/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Host names made to be taken for others: by their letters alone, or beside the domains that the reader knows.
 *
 * Pure, no files, no network; any bytes may come in. Punycode is decoded and letters are compared by ICU (UTS #46, UTS #39: what looks alike
 * has the same skeleton); what one organisation owns is told by the Public Suffix List. Few false alarms count for more than catching
 * everything: a domain that is known, or below a known one, is never a look-alike, and short names are not compared by their spelling. */
#pragma once
#include <glib.h>

enum lookalike {
  LOOKALIKE_NONE = 0,
  LOOKALIKE_BROKEN,  /* no host name, or an encoded one that does not decode */
  LOOKALIKE_MIXED,   /* letters of several alphabets in one word */
  LOOKALIKE_FOREIGN, /* letters of another alphabet, every one of which looks like a Latin one */
  LOOKALIKE_SAME,    /* reads like a known domain: paypa1, rn for m, a Cyrillic a */
  LOOKALIKE_TYPO,    /* one letter more, less, other or swapped; known names of 6 letters and more */
  LOOKALIKE_INSIDE,  /* a known domain as words of another: known.example.evil.test, known-example.test */
};

/* The domains that a reader knows. */
struct lookalike_known;
#define LOOKALIKE_KNOWN_MAX 2000 /* those added later are left out */
struct lookalike_known *lookalike_known_new (void);
void lookalike_known_add (struct lookalike_known *known, const char *domain);
void lookalike_known_free (struct lookalike_known *known);
DEFINE_AUTOFREE (lookalike_known, lookalike_known_free)

/* host: a name alone, without port or user; Unicode or punycode. An IP address is none. known: may be NULL, then only the first three
 * are found. like_out (may be NULL): the known domain that is meant, borrowed from known; NULL where there is none. */
enum lookalike lookalike_host (const char *host, const struct lookalike_known *known, const char **like_out);

/* The name as people read it: lower case, punycode decoded. NULL for LOOKALIKE_BROKEN. */
char *lookalike_unicode (const char *host);

/* What everything that looks like text has in common (UTS #39, in lower case): equal for two texts that an eye takes for one. */
char *lookalike_skeleton (const char *text);

/* Both lie in the domain of one organisation. */
gboolean lookalike_same_owner (const char *a, const char *b);
