/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A key in words, for the screen: from a row of "key_list" (see protocol.c), without jargon where there is a plain word. Pure. */
#pragma once
#include <glib.h>

enum key_tone { KEY_TONE_PLAIN = 0, KEY_TONE_GOOD, KEY_TONE_CAREFUL, KEY_TONE_BAD };

const char *keys_words_kind (GVariant *key); /* "S/MIME", "OpenPGP" */
/* At most 16 columns: whether it is used, and why (not). Borrowed. */
const char *keys_words_standing (GVariant *key, enum key_tone *tone_out);
char *keys_words_until (GVariant *key);        /* "2027-03-01", "no end" */
char *keys_words_sentence (GVariant *key);     /* the standing, whole */
const char *keys_words_source (GVariant *key); /* where it comes from: ends "It ..." */
/* The fingerprint in groups of four, eight to a line: as people read it to each other. char *, caller frees. */
GPtrArray *keys_words_fingerprint (GVariant *key);
