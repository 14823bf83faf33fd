/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* One header field from the head of a message file. See message_field.h. */
#include "mail/message/message_field.h"

#include <errno.h>
#include <fcntl.h>
#include <gmime/gmime.h>
#include <string.h>
#include <unistd.h>

#include "crypto/addrspec.h"
#include "mail/message/message_p.h"
#include "mail/message/sanitise.h"

#define FIELD_MAX 4096
#define PEOPLE_MAX 200
#define GROUPS_MAX 4 /* one in the other */
#define NAME_MAX_BYTES 200
#define IS_EMPTY_GROUP(address)                                                                                        \
  (INTERNET_ADDRESS_IS_GROUP (address)                                                                                 \
   && internet_address_list_length (internet_address_group_get_members (INTERNET_ADDRESS_GROUP (address))) == 0)

/* One line, without its end; NULL at the end of the head. */
static const char *
next_line (const char **at, const char *end, gsize *length_out)
{
  const char *line = *at;
  if (line >= end)
    return NULL;
  const char *newline = memchr (line, '\n', (gsize) (end - line));
  *at = newline != NULL ? newline + 1 : end;
  *length_out = (gsize) ((newline != NULL ? newline : end) - line);
  if (*length_out > 0 && line[*length_out - 1] == '\r')
    (*length_out)--;
  return *length_out == 0 ? NULL : line;
}

/* As it stands in the mail, unfolded and bounded; NULL: there is none. */
static char *
find_raw (const char *head, gsize size, const char *name)
{
  const char *at = head, *end = head + size, *line;
  gsize length = 0, name_length = strlen (name);
  g_autoptr (GString) field = NULL;
  while ((line = next_line (&at, end, &length)) != NULL) {
    gboolean folded = *line == ' ' || *line == '\t';
    if (field != NULL && !folded)
      break;
    if (field == NULL
        && (length <= name_length || line[name_length] != ':' || g_ascii_strncasecmp (line, name, name_length) != 0))
      continue;
    gsize skip = field == NULL ? name_length + 1 : 0;
    if (field == NULL)
      field = g_string_new (NULL);
    g_string_append_len (field, line + skip, (gssize) MIN (length - skip, FIELD_MAX - MIN (field->len, FIELD_MAX)));
  }
  if (field == NULL)
    return NULL;
  for (char *nul = memchr (field->str, 0, field->len); nul != NULL; nul = memchr (field->str, 0, field->len))
    *nul = ' ';
  return g_strdup (g_strstrip (field->str));
}

char *
message_field_find (const char *head, gsize size, const char *name)
{
  g_autofree char *raw = find_raw (head, size, name);
  if (raw == NULL)
    return g_strdup ("");
  message_init ();
  g_autofree char *decoded = message_words_decode (raw, NULL);
  return sanitise (decoded, -1, SANITISE_LINE);
}

char *
message_field_head (const char *path, gsize *size_out)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  char *head = g_malloc (MESSAGE_FIELD_HEAD_MAX);
  gsize size = 0;
  while (fd >= 0 && size < MESSAGE_FIELD_HEAD_MAX) {
    ssize_t got = read (fd, head + size, MESSAGE_FIELD_HEAD_MAX - size);
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      break;
    size += (gsize) got;
  }
  if (fd >= 0)
    close (fd);
  *size_out = size;
  return head;
}

char *
message_field_read (const char *path, const char *name)
{
  gsize size = 0;
  g_autofree char *head = message_field_head (path, &size);
  return message_field_find (head, size, name);
}

/* The field is parsed before it is decoded: a name may hold a comma. */
static void
add_names (GString *names, InternetAddressList *list)
{
  gint count = internet_address_list_length (list);
  for (gint i = 0; i < count && names->len < FIELD_MAX; i++) {
    InternetAddress *address = internet_address_list_get_address (list, i);
    const char *name = internet_address_get_name (address);
    if (IS_EMPTY_GROUP (address)) /* "undisclosed-recipients:;" */
      continue;
    if ((name == NULL || *name == '\0') && INTERNET_ADDRESS_IS_MAILBOX (address))
      name = internet_address_mailbox_get_addr (INTERNET_ADDRESS_MAILBOX (address));
    if (name != NULL && *name != '\0')
      g_string_append_printf (names, "%s%s", names->len > 0 ? ", " : "", name);
  }
}

char *
message_field_recipients (const char *path)
{
  static const char *const fields[] = { "To", "Cc", "Bcc" };
  gsize size = 0;
  g_autofree char *head = message_field_head (path, &size);
  g_autoptr (GString) names = g_string_new (NULL);
  message_init ();
  for (gsize i = 0; i < G_N_ELEMENTS (fields) && names->len == 0; i++) {
    g_autofree char *raw = find_raw (head, size, fields[i]);
    g_autofree char *mended = raw != NULL ? message_words_mend (raw) : NULL;
    InternetAddressList *list = raw != NULL ? internet_address_list_parse (message_fields_options (), mended) : NULL;
    if (list == NULL)
      continue;
    add_names (names, list);
    g_object_unref (list);
  }
  return sanitise (names->str, (gssize) MIN (names->len, FIELD_MAX), SANITISE_LINE);
}

static void
person_free (gpointer data)
{
  struct message_person *person = data;
  g_free (person->name);
  g_free (person->address);
  g_free (person);
}

static void
add_person (GPtrArray *people, InternetAddress *address)
{
  const char *name = internet_address_get_name (address),
             *spec = internet_address_mailbox_get_addr (INTERNET_ADDRESS_MAILBOX (address));
  g_autofree char *normal = spec != NULL ? addrspec_normalise (spec) : NULL;
  if (normal == NULL || !g_utf8_validate (normal, -1, NULL))
    return;
  struct message_person *person = g_new0 (struct message_person, 1);
  person->address = g_utf8_strdown (normal, -1);
  person->name = message_fields_clean (name != NULL && strlen (name) <= NAME_MAX_BYTES ? name : "");
  g_ptr_array_add (people, person);
}

static void
add_people (GPtrArray *people, InternetAddressList *list, guint depth)
{
  gint count = internet_address_list_length (list);
  for (gint i = 0; i < count && people->len < PEOPLE_MAX; i++) {
    InternetAddress *address = internet_address_list_get_address (list, i);
    if (INTERNET_ADDRESS_IS_MAILBOX (address))
      add_person (people, address);
    else if (depth < GROUPS_MAX && INTERNET_ADDRESS_IS_GROUP (address)
             && internet_address_group_get_members (INTERNET_ADDRESS_GROUP (address)) != NULL)
      add_people (people, internet_address_group_get_members (INTERNET_ADDRESS_GROUP (address)), depth + 1);
  }
}

GPtrArray *
message_field_people (const char *head, gsize size, const char *name)
{
  GPtrArray *people = g_ptr_array_new_with_free_func (person_free);
  message_init ();
  g_autofree char *raw = find_raw (head, size, name);
  g_autofree char *mended = raw != NULL ? message_words_mend (raw) : NULL;
  InternetAddressList *list = raw != NULL ? internet_address_list_parse (message_fields_options (), mended) : NULL;
  if (list != NULL) {
    add_people (people, list, 0);
    g_object_unref (list);
  }
  return people;
}

char *
message_field_date (gint64 seconds)
{
  static const char *const days[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
  static const char *const months[]
      = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (seconds);
  if (time == NULL)
    return NULL;
  return g_strdup_printf ("%s, %d %s %d %02d:%02d:%02d +0000", days[g_date_time_get_day_of_week (time) - 1],
                          g_date_time_get_day_of_month (time), months[g_date_time_get_month (time) - 1],
                          g_date_time_get_year (time), g_date_time_get_hour (time), g_date_time_get_minute (time),
                          g_date_time_get_second (time));
}
