/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The one plaintext message that there is: a note that asks somebody for a key. It is made here, from two addresses and a minute, and
 * nothing else; the gate makes it anew and compares every byte, so that no byte of it can carry anything. */
#include "mail/net/gate_p.h"
#include "mail/net/address.h"

#include <string.h>

#define LAST_DATE G_GINT64_CONSTANT (253402300799) /* the end of the year 9999 */

/* Nothing in it may ever depend on what was written, or to whom else. What differs: date, from, to, id, to, from. */
#define NOTE                                                                                                           \
  "Date: %s\r\n"                                                                                                       \
  "From: %s\r\n"                                                                                                       \
  "To: %s\r\n"                                                                                                         \
  "Subject: " GATE_NOTE_SUBJECT "\r\n"                                                                                 \
  "Message-ID: <%s>\r\n"                                                                                               \
  "MIME-Version: 1.0\r\n"                                                                                              \
  "Content-Type: text/plain; charset=us-ascii\r\n"                                                                     \
  "Content-Transfer-Encoding: 7bit\r\n"                                                                                \
  "\r\n"                                                                                                               \
  "Hello,\r\n"                                                                                                         \
  "\r\n"                                                                                                               \
  "I wanted to send you protected (encrypted) mail at this address:\r\n"                                               \
  "\r\n"                                                                                                               \
  "    %s\r\n"                                                                                                         \
  "\r\n"                                                                                                               \
  "My mail program could not do that, because it has no key of yours that\r\n"                                         \
  "it can use. It never sends my mail without protection, so you did not\r\n"                                          \
  "get anything but this note.\r\n"                                                                                    \
  "\r\n"                                                                                                               \
  "A key is a small piece of data with which others can lock a mail so\r\n"                                            \
  "that you alone can open it. It is not secret: you can send it to me by\r\n"                                         \
  "ordinary mail. One of these is enough:\r\n"                                                                         \
  "\r\n"                                                                                                               \
  "  - If you have an S/MIME certificate, send me a signed mail.\r\n"                                                  \
  "  - If you have an OpenPGP key, send me a mail with your public key as\r\n"                                         \
  "    an attachment. Never send the secret key.\r\n"                                                                  \
  "  - If your mail program knows Autocrypt, switch it on and send me any\r\n"                                         \
  "    mail. Your key goes along by itself.\r\n"                                                                       \
  "\r\n"                                                                                                               \
  "My address is:\r\n"                                                                                                 \
  "\r\n"                                                                                                               \
  "    %s\r\n"                                                                                                         \
  "\r\n"                                                                                                               \
  "If you are not sure what this means, please show this note to somebody\r\n"                                         \
  "who looks after your mail or your computer. Please do not write\r\n"                                                \
  "anything confidential to me before my protected mail has reached you.\r\n"                                          \
  "\r\n"                                                                                                               \
  "This text is always the same. It tells nothing about what I wanted to\r\n"                                          \
  "write, it has no links and no attachments, and it asks for no password.\r\n"

/* RFC 5322, in UTC, to the minute; the names are not those of a locale. */
static char *
date_text (gint64 date)
{
  static const char *const days[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
  static const char *const months[]
      = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (date);
  return g_strdup_printf ("%s, %02d %s %04d %02d:%02d:00 +0000", days[g_date_time_get_day_of_week (time) - 1],
                          g_date_time_get_day_of_month (time), months[g_date_time_get_month (time) - 1],
                          g_date_time_get_year (time), g_date_time_get_hour (time), g_date_time_get_minute (time));
}

char *
gate_note_id (const char *from, const char *to, gint64 date)
{
  if (!address_is_addr_spec (from) || !address_is_addr_spec (to) || date <= 0 || date > LAST_DATE || date % 60 != 0)
    return NULL;
  g_autofree char *seed = g_strdup_printf ("note\n%s\n%s\n%" G_GINT64_FORMAT, from, to, date);
  g_autofree char *digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, seed, -1);
  return g_strdup_printf ("note.%.32s%s", digest, strrchr (from, '@'));
}

char *
gate_note_make (const char *from, const char *to, gint64 date)
{
  g_autofree char *id = gate_note_id (from, to, date);
  if (id == NULL)
    return NULL;
  g_autofree char *when = date_text (date);
  return g_strdup_printf (NOTE, when, from, to, id, to, from);
}

gboolean
gate_note_check (const guint8 *message, gsize size, const struct gate_plan *plan, GError **error)
{
  const char *const *to = plan->recipients;
  if (plan->method != ROUTE_HOLD || (plan->recipient_ids != NULL && plan->recipient_ids[0] != NULL))
    return gate_fail (error, GATE_ERROR_FORMAT, "it is planned as a note, and as something else");
  if (to == NULL || to[0] == NULL || to[1] != NULL)
    return gate_fail (error, GATE_ERROR_AUDIENCE, "a note goes to one person");
  g_autofree char *wanted = gate_note_make (plan->note->from, to[0], plan->note->date);
  if (wanted == NULL)
    return gate_fail (error, GATE_ERROR_FORMAT, "one of its two addresses is not a plain one, or its date is none");
  if (message == NULL || size != strlen (wanted) || memcmp (message, wanted, size) != 0)
    return gate_fail (error, GATE_ERROR_PLAINTEXT, "it is not encrypted, and it is not the one note that may be sent");
  return TRUE;
}
