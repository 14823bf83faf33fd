/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What may stand between the angle brackets of MAIL FROM and RCPT TO. Pure; net workers. */
#pragma once
#include <glib.h>
/* RFC 5321 Mailbox in its dot-string form, ASCII, within the RFC's sizes; no quoted strings, no address literals, no blanks or controls. */
gboolean address_is_addr_spec (const char *address);
