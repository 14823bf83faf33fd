/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* MAIL FROM and RCPT TO as lines, with what is asked of the servers on the way: to report what becomes of the mail (RFC 3461).
 *
 * The lines are made here, since libetpan's buffers for them hold 513 bytes and it writes whatever name it is given. A report brings
 * back the envelope's id (ENVID): it is random, of this copy alone, and tells nobody anything. Only the header comes back (RET=HDRS),
 * which is what everybody could read on the way. An answer of the machine's own (from nobody) asks for no reports, so that
 * none can go round in a ring. */
#include "mail/net/smtp_p.h"

#include <string.h>

#define ENVID_MAX 100 /* RFC 3461, 4.4 */
#define ORCPT_MAX 500 /* RFC 3461, 4.2 */

static gboolean
is_envid (const char *id)
{
  gsize size = 0;
  for (; id[size] != '\0'; size++)
    if (!g_ascii_isalnum (id[size]) && id[size] != '-')
      return FALSE;
  return size > 0 && size <= ENVID_MAX;
}

gboolean
smtp_reports (const struct smtp *smtp)
{
  return (smtp->session->esmtp & MAILSMTP_ESMTP_DSN) != 0;
}

void
smtp_ask_reports (struct smtp *smtp, const char *envid_or_null)
{
  smtp->envid = envid_or_null != NULL && smtp_reports (smtp) && is_envid (envid_or_null) ? envid_or_null : NULL;
}

char *
smtp_xtext (const char *text)
{
  GString *out = g_string_new (NULL);
  for (; *text != '\0'; text++)
    if (*text > ' ' && *text < 0x7F && *text != '+' && *text != '=')
      g_string_append_c (out, *text);
    else
      g_string_append_printf (out, "+%02X", (guint) (guchar) *text);
  return g_string_free (out, FALSE);
}

char *
smtp_mail_line (const struct smtp *smtp, const char *from, gsize size)
{
  GString *line = g_string_new (NULL);
  g_string_append_printf (line, "MAIL FROM:<%s>", from);
  if ((smtp->session->esmtp & MAILSMTP_ESMTP_SIZE) != 0)
    g_string_append_printf (line, " SIZE=%" G_GSIZE_FORMAT, size);
  if (smtp->envid != NULL && *from != '\0')
    g_string_append_printf (line, " RET=HDRS ENVID=%s", smtp->envid);
  return g_string_free (g_string_append (line, "\r\n"), FALSE);
}

char *
smtp_rcpt_line (const struct smtp *smtp, const char *from, const char *recipient)
{
  GString *line = g_string_new (NULL);
  g_string_append_printf (line, "RCPT TO:<%s>", recipient);
  if (*from == '\0' && smtp_reports (smtp)) {
    g_string_append (line, " NOTIFY=NEVER");
  } else if (smtp->envid != NULL && *from != '\0') {
    g_autofree char *original = smtp_xtext (recipient);
    g_string_append (line, " NOTIFY=SUCCESS,FAILURE,DELAY");
    if (strlen ("rfc822;") + strlen (original) <= ORCPT_MAX)
      g_string_append_printf (line, " ORCPT=rfc822;%s", original);
  }
  return g_string_free (g_string_append (line, "\r\n"), FALSE);
}

int
smtp_say (struct smtp *smtp, char *line_take)
{
  g_autofree char *line = line_take;
  gboolean sent = mailsmtp_send_command (smtp->session, line) != -1;
  if (sent)
    (void) mailsmtp_read_response (smtp->session);
  return smtp_code (smtp, sent ? MAILSMTP_NO_ERROR : MAILSMTP_ERROR_STREAM);
}
