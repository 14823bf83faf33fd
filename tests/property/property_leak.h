/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Is what nobody may see in these bytes: as it is, in base64 at any place, in quoted-printable, in hexadecimal, or in two bytes a letter? */
#pragma once
#include <glib.h>

gboolean property_leak_in (const void *bytes, gsize size);
