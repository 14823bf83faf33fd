/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The program's front door. */
int
main (void)
{
  return 0;
}
