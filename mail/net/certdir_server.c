/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* One directory server, asked by libldap over a connection of our own. libldap writes and reads the protocol, and nothing else: it cannot be
 * held to a time while it resolves, connects or greets by TLS (with GnuTLS it spins), so that all bytes go through our stream, which
 * bounds time and size and checks the server's certificate. No file of the system's or the user's LDAP settings is read.
 *
 * The first thing that goes wrong ends the conversation: libldap would connect anew by itself. */
#include "mail/net/certdir_p.h"

#include <errno.h>
#include <lber.h>
#include <ldap.h>
#include <openldap.h>
#include <string.h>

#include "mail/net/stream.h"

#define LINE_BYTES_MAX (8u * 1024 * 1024) /* in all, from one server */
#define MESSAGE_SIZE_MAX (256u * 1024)    /* one entry, whatever it holds */
#define ENTRIES_MAX 20                    /* for one address below one base */
#define MESSAGES_MORE 8                   /* beside the entries: the result, references to elsewhere */
#define BASES_MAX 4
#define BASE_SIZE_MAX 1000u
#define ATTRIBUTES_MAX 32
#define ADDRESS_BYTES_MAX (256u * 1024) /* of all values of one address */

struct talk {
  LDAP *ldap;
  struct stream *stream;
  gint64 until;
  guint messages_left;
};

struct search {
  int id;
  struct certdir_answer *answer;
  gsize bytes;
  gboolean done;
};

static gboolean
time_left (const struct talk *talk, struct timeval *left)
{
  const gint64 us = talk->until - g_get_monotonic_time ();
  left->tv_sec = us / G_USEC_PER_SEC;
  left->tv_usec = us % G_USEC_PER_SEC;
  return us > 0;
}

/* The next message of whatever was asked; NULL: nothing more comes that could be used. */
static LDAPMessage *
next_message (struct talk *talk)
{
  struct timeval left;
  LDAPMessage *message = NULL;
  if (talk->messages_left == 0 || !time_left (talk, &left))
    return NULL;
  talk->messages_left--;
  if (ldap_result (talk->ldap, LDAP_RES_ANY, LDAP_MSG_ONE, &left, &message) > 0)
    return message;
  if (message != NULL)
    ldap_msgfree (message);
  return NULL;
}

/* What a result says; the message is freed. */
static int
result_code_take (struct talk *talk, LDAPMessage *message)
{
  int code = LDAP_OTHER;
  return ldap_parse_result (talk->ldap, message, &code, NULL, NULL, NULL, NULL, 1) == LDAP_SUCCESS ? code : LDAP_OTHER;
}

/* ---- the line ---- */

static int
line_setup (Sockbuf_IO_Desc *line, void *stream)
{
  line->sbiod_pvt = stream;
  return 0;
}

static int
line_remove (Sockbuf_IO_Desc *line)
{
  return 0;
}

static int
line_control (Sockbuf_IO_Desc *line, int option, void *argument)
{
  return option == LBER_SB_OPT_DATA_READY && stream_has_pending (line->sbiod_pvt);
}

static ber_slen_t
line_read (Sockbuf_IO_Desc *line, void *buffer, ber_len_t size)
{
  const ssize_t got = stream_read (line->sbiod_pvt, buffer, size);
  errno = got < 0 ? ECONNRESET : 0; /* nothing that is tried again */
  return got;
}

static ber_slen_t
line_write (Sockbuf_IO_Desc *line, void *bytes, ber_len_t size)
{
  const gboolean sent = stream_write (line->sbiod_pvt, bytes, size);
  errno = sent ? 0 : ECONNRESET;
  return sent ? (ber_slen_t) size : -1;
}

static int
line_close (Sockbuf_IO_Desc *line)
{
  return 0; /* the stream is its owner's */
}

static gboolean
set_up (LDAP *ldap, struct stream *stream)
{
  static Sockbuf_IO line_io = { .sbi_setup = line_setup,
                                .sbi_remove = line_remove,
                                .sbi_ctrl = line_control,
                                .sbi_read = line_read,
                                .sbi_write = line_write,
                                .sbi_close = line_close };
  static const int version = LDAP_VERSION3;
  Sockbuf *line = NULL;
  ber_len_t size_max = MESSAGE_SIZE_MAX;
  return ldap_set_option (ldap, LDAP_OPT_PROTOCOL_VERSION, &version) == LDAP_SUCCESS
         && ldap_set_option (ldap, LDAP_OPT_REFERRALS, LDAP_OPT_OFF) == LDAP_SUCCESS
         && ldap_set_option (ldap, LDAP_OPT_RESTART, LDAP_OPT_OFF) == LDAP_SUCCESS
         && ldap_get_option (ldap, LDAP_OPT_SOCKBUF, &line) == LDAP_SUCCESS && line != NULL
         && ber_sockbuf_add_io (line, &line_io, LBER_SBIOD_LEVEL_PROVIDER, stream) == 0
         && ber_sockbuf_ctrl (line, LBER_SB_OPT_SET_MAX_INCOMING, &size_max) == 1;
}

static LDAP *
open_line (struct stream *stream)
{
  LDAP *ldap = NULL;
  if (ldap_init_fd (stream_fd (stream), LDAP_PROTO_EXT, NULL, &ldap) != LDAP_SUCCESS)
    return NULL;
  if (set_up (ldap, stream))
    return ldap;
  (void) ldap_unbind_ext (ldap, NULL, NULL);
  return NULL;
}

static gboolean
agree_on_tls (struct talk *talk)
{
  int id = 0;
  if (ldap_extended_operation (talk->ldap, LDAP_EXOP_START_TLS, NULL, NULL, NULL, &id) != LDAP_SUCCESS)
    return FALSE;
  LDAPMessage *message = next_message (talk);
  if (message == NULL || ldap_msgtype (message) != LDAP_RES_EXTENDED || ldap_msgid (message) != id) {
    ldap_msgfree (message);
    return FALSE;
  }
  return result_code_take (talk, message) == LDAP_SUCCESS;
}

static gboolean
start_tls (struct talk *talk, enum certdir_tls tls)
{
  return tls != CERTDIR_STARTTLS || (agree_on_tls (talk) && stream_start_tls (talk->stream, FALSE, NULL));
}

/* ---- where ---- */

static void
take_bases (LDAP *ldap, LDAPMessage *entry, GPtrArray *bases)
{
  struct berval **values = ldap_get_values_len (ldap, entry, "namingContexts");
  for (gsize i = 0; values != NULL && values[i] != NULL && bases->len < BASES_MAX; i++)
    if (values[i]->bv_len > 0 && values[i]->bv_len <= BASE_SIZE_MAX
        && g_utf8_validate_len (values[i]->bv_val, values[i]->bv_len, NULL))
      g_ptr_array_add (bases, g_strndup (values[i]->bv_val, values[i]->bv_len));
  ldap_value_free_len (values);
}

/* The root of the server names what it holds (RFC 4512, 5.1). */
static gboolean
find_bases (struct talk *talk, GPtrArray *bases)
{
  char name[] = "namingContexts", *const wanted[] = { name, NULL };
  struct timeval left;
  int id = 0;
  if (!time_left (talk, &left)
      || ldap_search_ext (talk->ldap, "", LDAP_SCOPE_BASE, "(objectClass=*)", (char **) wanted, 0, NULL, NULL, &left, 1,
                          &id)
             != LDAP_SUCCESS)
    return FALSE;
  talk->messages_left = 1 + MESSAGES_MORE;
  for (LDAPMessage *message = NULL; (message = next_message (talk)) != NULL;) {
    if (ldap_msgid (message) == id && ldap_msgtype (message) == LDAP_RES_SEARCH_RESULT)
      return result_code_take (talk, message) == LDAP_SUCCESS;
    if (ldap_msgid (message) == id && ldap_msgtype (message) == LDAP_RES_SEARCH_ENTRY)
      take_bases (talk->ldap, message, bases);
    ldap_msgfree (message);
  }
  return FALSE;
}

/* ---- what ---- */

char *
certdir_server_filter (const char *address)
{
  GString *filter = g_string_new ("(mail=");
  for (const char *c = address; *c != '\0'; c++)
    if (g_ascii_isalnum (*c) || strchr ("@.-_+", *c) != NULL)
      g_string_append_c (filter, *c);
    else
      g_string_append_printf (filter, "\\%02x", (guchar) *c);
  g_string_append_c (filter, ')');
  return g_string_free (filter, FALSE);
}

/* With options or without: some servers leave ";binary" out, others add options of their own. */
static gboolean
is_wanted (const char *attribute)
{
  const gsize size = strcspn (attribute, ";");
  return (size == strlen ("userCertificate") && g_ascii_strncasecmp (attribute, "userCertificate", size) == 0)
         || (size == strlen ("userSMIMECertificate")
             && g_ascii_strncasecmp (attribute, "userSMIMECertificate", size) == 0);
}

static void
take_value (struct search *search, const struct berval *value)
{
  if (value->bv_len < 2 || value->bv_len > CERTDIR_VALUE_SIZE_MAX || value->bv_val[0] != 0x30 /* a SEQUENCE */
      || search->answer->values->len >= CERTDIR_VALUES_MAX || search->bytes + value->bv_len > ADDRESS_BYTES_MAX)
    return;
  GBytes *bytes = g_bytes_new (value->bv_val, value->bv_len);
  if (g_ptr_array_find_with_equal_func (search->answer->values, bytes, g_bytes_equal, NULL)) {
    g_bytes_unref (bytes);
    return;
  }
  search->bytes += value->bv_len;
  g_ptr_array_add (search->answer->values, bytes);
}

static void
take_entry (LDAP *ldap, LDAPMessage *entry, struct search *search)
{
  BerElement *at = NULL;
  char *name = ldap_first_attribute (ldap, entry, &at);
  for (guint i = 0; name != NULL && i < ATTRIBUTES_MAX; i++) {
    struct berval **values = is_wanted (name) ? ldap_get_values_len (ldap, entry, name) : NULL;
    for (gsize k = 0; values != NULL && values[k] != NULL; k++)
      take_value (search, values[k]);
    ldap_value_free_len (values);
    ldap_memfree (name);
    name = ldap_next_attribute (ldap, entry, at);
  }
  ldap_memfree (name);
  ber_free (at, 0);
}

/* All questions go out before the first answer is read. */
static gboolean
send_search (struct talk *talk, const char *base, const char *address, struct certdir_answer *answer, GArray *searches)
{
  static const char *const wanted[]
      = { "userCertificate;binary", "userCertificate", "userSMIMECertificate;binary", "userSMIMECertificate", NULL };
  g_autofree char *filter = certdir_server_filter (address);
  struct search search = { .answer = answer };
  struct timeval left;
  const gboolean sent = time_left (talk, &left)
                        && ldap_search_ext (talk->ldap, base, LDAP_SCOPE_SUBTREE, filter, (char **) wanted, 0, NULL,
                                            NULL, &left, ENTRIES_MAX, &search.id)
                               == LDAP_SUCCESS;
  g_array_append_val (searches, search);
  return sent;
}

static struct search *
search_of (GArray *searches, int id)
{
  for (guint i = 0; i < searches->len; i++)
    if (g_array_index (searches, struct search, i).id == id)
      return &g_array_index (searches, struct search, i);
  return NULL;
}

/* Too many entries: those that came are used, and the server was asked for no more. No such base: nobody below it. */
static gboolean
is_answer (int code)
{
  return code == LDAP_SUCCESS || code == LDAP_NO_SUCH_OBJECT || code == LDAP_SIZELIMIT_EXCEEDED;
}

static gboolean
collect (struct talk *talk, GArray *searches)
{
  guint open = searches->len;
  talk->messages_left = searches->len * (ENTRIES_MAX + MESSAGES_MORE);
  while (open > 0) {
    LDAPMessage *message = next_message (talk);
    struct search *search = message != NULL ? search_of (searches, ldap_msgid (message)) : NULL;
    if (search == NULL || search->done) { /* it hung up, was too slow, sent what is no answer, or says good-bye */
      ldap_msgfree (message);
      return FALSE;
    }
    if (ldap_msgtype (message) == LDAP_RES_SEARCH_RESULT) {
      if (!is_answer (result_code_take (talk, message)))
        return FALSE;
      search->done = TRUE;
      open--;
      continue;
    }
    if (ldap_msgtype (message) == LDAP_RES_SEARCH_ENTRY)
      take_entry (talk->ldap, message, search);
    ldap_msgfree (message);
  }
  return TRUE;
}

static gboolean
ask_all (struct talk *talk, const struct certdir_server *server, const char *const *addresses, guint count,
         struct certdir_answer *answers)
{
  g_autoptr (GPtrArray) bases = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GArray) searches = g_array_new (FALSE, FALSE, sizeof (struct search));
  gboolean fine = TRUE;
  if (server->base != NULL)
    g_ptr_array_add (bases, g_strdup (server->base));
  else
    fine = find_bases (talk, bases);
  for (guint i = 0; fine && i < count; i++)
    for (guint k = 0; fine && k < bases->len; k++)
      fine = send_search (talk, bases->pdata[k], addresses[i], &answers[i], searches);
  return fine && collect (talk, searches);
}

gboolean
certdir_server_ask (int fd_take, const struct certdir_server *server, const char *const *addresses, guint count,
                    struct certdir_answer *answers, gint64 until)
{
  const struct remote remote = { .host = (char *) server->host,
                                 .port = server->port,
                                 .ca_file = (char *) server->ca_file,
                                 .timeout_ms = (guint) certdir_left_ms (until) };
  AUTOFREE (stream) stream = stream_new_take (fd_take, &remote);
  struct talk talk = { .stream = stream, .until = until, .messages_left = MESSAGES_MORE };
  stream_allow_until (stream, LINE_BYTES_MAX, until);
  if (server->tls == CERTDIR_TLS && !stream_start_tls (stream, FALSE, NULL))
    return FALSE;
  talk.ldap = open_line (stream);
  if (talk.ldap == NULL)
    return FALSE;
  const gboolean answered = start_tls (&talk, server->tls) && ask_all (&talk, server, addresses, count, answers);
  (void) ldap_unbind_ext (talk.ldap, NULL, NULL);
  return answered;
}
