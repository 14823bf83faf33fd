/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The error domain of crypto/. */
#include "crypto/error.h"

G_DEFINE_QUARK (crypto - error - quark, crypto_error)
