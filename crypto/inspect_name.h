/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The name before an address: does it, once it is decoded as a reader sees it, show another address? */
#pragma once
#include <glib.h>

/* name: as it stands in the header, quotes undone; encoded words (RFC 2047) are decoded here, look-alikes of "@" count as one. */
gboolean inspect_name_holds_other (const char *name, const char *address);
