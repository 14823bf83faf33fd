/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* GMime is started once a process, by whoever needs it first. */
#include "mail/message/message_p.h"

#include <gmime/gmime.h>

void
message_init (void)
{
  static gsize done = 0;
  if (g_once_init_enter (&done)) {
    g_mime_init ();
    g_once_init_leave (&done, 1);
  }
}
