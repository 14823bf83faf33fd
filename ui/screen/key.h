/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What a pressed key is, apart from ncurses: a Unicode character, a control character, or one of these. */
#pragma once

#define KEY_CONTROL(letter) ((letter) &0x1f)

enum special_key {
  SPECIAL_UP = 0x110000,
  SPECIAL_DOWN,
  SPECIAL_LEFT,
  SPECIAL_RIGHT,
  SPECIAL_PAGE_UP,
  SPECIAL_PAGE_DOWN,
  SPECIAL_HOME,
  SPECIAL_END,
  SPECIAL_DELETE,
  SPECIAL_BACKSPACE,
  SPECIAL_ENTER,
  SPECIAL_TAB,
  SPECIAL_BACKTAB,
  SPECIAL_ESCAPE,
  SPECIAL_WORD_LEFT,
  SPECIAL_WORD_RIGHT,
  SPECIAL_ALT, /* a key with Alt: bound to nothing, swallowed */
};
