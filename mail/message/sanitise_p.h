/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What the sanitiser knows of single characters, for its own two files. */
#pragma once
#include <glib.h>

enum sanitise_kind {
  SANITISE_KIND_CONTROL, /* never passes */
  SANITISE_KIND_PLAIN,
  SANITISE_KIND_SEPARATOR,
  SANITISE_KIND_INVISIBLE,
  SANITISE_KIND_JOINER,   /* U+200C, U+200D: invisible, and rightly so within some scripts and emoji */
  SANITISE_KIND_SELECTOR, /* U+FE0E, U+FE0F: the same after an emoji */
  SANITISE_KIND_MARK,     /* combines with the character before it and takes no room of its own */
  SANITISE_KIND_BLANK,    /* looks like a space and is none */
};
enum sanitise_kind sanitise_kind (gunichar c);
gboolean sanitise_kind_is_emoji (gunichar c);
/* A letter or mark of a script that is written with joiners: Arabic and its relatives, and the scripts of India and South-East Asia. */
gboolean sanitise_kind_is_joining (gunichar c);
