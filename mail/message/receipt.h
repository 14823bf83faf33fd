/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A receipt that the sender of a message asks for: may it be given, and who decides? RFC 8098, 2.1. Pure; engine. */
#pragma once
#include <glib.h>

enum receipt_policy {
  RECEIPT_NEVER = 0,
  RECEIPT_ASK,
  RECEIPT_SIGNED /* those whose signature is good get it by itself */
};

/* view: as it is shown; origin: as of message_origin; tags: of the message; own: addr-specs of the user. Floating a{sv}: state s
 * ("ask", "auto", "sent", "refused": answered so before, "never"), to s (who would get it), text s (a sentence for a person). NULL: nobody asks, or it
 * is a mail of one's own. */
GVariant *receipt_asked (GVariant *view, GVariant *origin, const char *const *tags, const char *const *own,
                         enum receipt_policy policy);
/* The first stands for the keyword $MDNSent (RFC 3503), which says that the request was answered, one way or the other. */
#define RECEIPT_TAG_ANSWERED "mdn-sent"
#define RECEIPT_TAG_REFUSED "receipt-refused"
