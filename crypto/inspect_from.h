/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* From, as an attacker may have written it: which addr-specs it shows, and whether it names one sender without any doubt. */
#pragma once
#include <glib.h>

struct inspect_from {
  GPtrArray *addresses; /* char *: addr-specs as shown, of all From fields */
  gboolean
      plain; /* one field, one mailbox, well formed, no second address in its name: only then may a signature be matched with it */
  gboolean name_differs; /* the display name holds another address than the address itself */
};
void inspect_from_init (struct inspect_from *from, GBytes *entity);
void inspect_from_clear (struct inspect_from *from);
