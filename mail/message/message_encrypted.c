/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A cheap look at raw bytes: might any part of this message be encrypted, its header be protected, or does it report of another? Any process; no parser, so nothing in it can be deep or slow.
 *
 * It only decides whether the keys worker is asked. A wrong yes costs one call; a wrong no would cost a search hit, so it looks for the
 * marks of every form anywhere in the message, not only where a well-formed message has them. */
#include "mail/message/message.h"

#include <string.h>

#define LOOK_MAX (64u * 1024 * 1024)

/* Each in lower case, beginning with the letter that is searched for (its rarest); behind: what must stand before that. */
static const struct {
  const char *behind, *mark;
} marks[] = {
  { "multipart", "/encrypted" },
  { "multipart", "/report" },
  { "", "/pkcs7-mime" },
  { "", "/x-pkcs7-mime" },
  { "", ".p7m" },
  { "", "-----begin pgp message-----" },
};
/* The base64 of "-----BEGIN PGP MESSAGE-----" where it opens a part. Case matters here. */
static const char base64_mark[] = "LS0tLS1CRUdJTiBQR1AgTUVTU0FHRS0tLS0";

static gboolean
begins (const char *p, gsize left, const char *mark)
{
  gsize length = strlen (mark);
  return left >= length && g_ascii_strncasecmp (p, mark, length) == 0;
}

/* A parameter by which a payload says that it protects the header. */
static gboolean
is_parameter (const char *p, gsize left)
{
  static const char *const names[] = { "hp=", "protected-headers=", "forwarded=" };
  gsize blanks = 0;
  while (blanks < left && blanks < 80 && g_ascii_isspace (p[blanks]))
    blanks++;
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    if (begins (p + blanks, left - blanks, names[i]))
      return TRUE;
  return FALSE;
}

/* Whether one of the marks stands here, where such a letter does. */
static gboolean
is_mark (const char *text, gsize size, gsize at)
{
  for (gsize k = 0; k < G_N_ELEMENTS (marks); k++) {
    gsize behind = strlen (marks[k].behind);
    if (text[at] == marks[k].mark[0] && begins (text + at, size - at, marks[k].mark) && at >= behind
        && begins (text + at - behind, behind, marks[k].behind))
      return TRUE;
  }
  return text[at] == ';' && is_parameter (text + at + 1, size - at - 1);
}

/* memchr is many times as fast as a look at each byte, and none of these letters is frequent. */
static gboolean
has_mark (const char *text, gsize size)
{
  for (const char *letter = "/.-;"; *letter != '\0'; letter++)
    for (const char *p = memchr (text, *letter, size); p != NULL;) {
      gsize at = (gsize) (p - text);
      if (is_mark (text, size, at))
        return TRUE;
      /* A run of dashes (a drawn line) is looked at once, not at each of its bytes. */
      while (*letter == '-' && at + 6 < size && text[at + 1] == '-' && text[at + 6] == '-')
        at++;
      p = memchr (text + at + 1, *letter, size - at - 1);
    }
  return FALSE;
}

gboolean
message_is_encrypted (GBytes *message)
{
  gsize size;
  const char *text = g_bytes_get_data (message, &size);
  size = MIN (size, LOOK_MAX);
  if (size == 0)
    return FALSE;
  return has_mark (text, size) || memmem (text, size, base64_mark, sizeof base64_mark - 1) != NULL;
}
