/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What the archive knows of a sender. Everything is bounded: a few thousand lines in memory, and two searches for one address, of whose
 * results at most FEW are looked at; who has written more often is no stranger. */
#include "mail/archive/index_p.h"

#include <notmuch.h>
#include <string.h>

#include "crypto/addrspec.h"
#include "mail/archive/contacts.h"
#include "mail/message/lookalike.h"

#define FEW 20
#define HOSTS_MAX 60
#define OWN_MAX 100

struct meeting {
  const char *address; /* lower case */
  char *id;            /* of the message that is shown */
  gboolean met, sent;
};

static gboolean
count (notmuch_database_t *notmuch, const char *text, guint *count_out, notmuch_query_t **query_out)
{
  guint status = index_query_open (notmuch, text, TRUE, query_out);
  return status == NOTMUCH_STATUS_SUCCESS
         && notmuch_query_count_messages (*query_out, count_out) == NOTMUCH_STATUS_SUCCESS;
}

/* The search finds words; this is the very address, and another message. */
static gboolean
is_from (notmuch_message_t *message, const struct meeting *meeting)
{
  const char *from = notmuch_message_get_header (message, "from");
  if (from == NULL || !g_utf8_validate (from, -1, NULL)
      || g_strcmp0 (notmuch_message_get_message_id (message), meeting->id) == 0)
    return FALSE;
  g_autofree char *lower = g_utf8_strdown (from, -1), *in_brackets = g_strdup_printf ("<%s>", meeting->address);
  return strcmp (g_strstrip (lower), meeting->address) == 0 || strstr (lower, in_brackets) != NULL;
}

static guint
look_for_mail_from (notmuch_database_t *notmuch, struct meeting *meeting)
{
  g_autofree char *text = g_strdup_printf ("from:\"%s\"", meeting->address);
  notmuch_query_t *query = NULL;
  notmuch_messages_t *messages = NULL;
  guint found = 0;
  if (count (notmuch, text, &found, &query) && found > FEW)
    meeting->met = TRUE;
  else if (found > 0 && notmuch_query_search_messages (query, &messages) == NOTMUCH_STATUS_SUCCESS)
    for (; !meeting->met && notmuch_messages_valid (messages); notmuch_messages_move_to_next (messages)) {
      notmuch_message_t *message = notmuch_messages_get (messages);
      meeting->met = message != NULL && is_from (message, meeting);
      if (message != NULL)
        notmuch_message_destroy (message);
    }
  if (query != NULL)
    notmuch_query_destroy (query);
  return NOTMUCH_STATUS_SUCCESS;
}

static guint
look (notmuch_database_t *notmuch, gpointer data)
{
  struct meeting *meeting = data;
  notmuch_query_t *query = NULL;
  guint found = 0;
  meeting->met = FALSE;
  if (!meeting->sent) { /* a table that is younger than the index does not know them all */
    g_autofree char *text = g_strdup_printf ("tag:sent and to:\"%s\"", meeting->address);
    meeting->sent = count (notmuch, text, &found, &query) && found > 0;
    if (query != NULL)
      notmuch_query_destroy (query);
  }
  meeting->met = meeting->sent;
  return meeting->met ? NOTMUCH_STATUS_SUCCESS : look_for_mail_from (notmuch, meeting);
}

static GVariant *
likes (struct contacts *contacts, const char *const *hosts)
{
  GVariantBuilder out;
  g_variant_builder_init (&out, G_VARIANT_TYPE ("a(sus)"));
  for (gsize i = 0; hosts != NULL && hosts[i] != NULL && i < HOSTS_MAX; i++) {
    const char *like = NULL;
    enum lookalike kind = lookalike_host (hosts[i], contacts_domains (contacts), &like);
    if (kind != LOOKALIKE_NONE)
      g_variant_builder_add (&out, "(sus)", hosts[i], (guint32) kind, like != NULL ? like : "");
  }
  return g_variant_builder_end (&out);
}

GVariant *
index_known_facts (struct index_db *db, const struct index_known *ask, GError **error)
{
  struct contacts *contacts = index_db_contacts (db);
  for (gsize i = 0; ask->domains != NULL && ask->domains[i] != NULL && i < OWN_MAX; i++)
    lookalike_known_add (contacts_domains (contacts), ask->domains[i]);
  contacts_refresh (contacts);
  g_autofree char *normal = addrspec_normalise (ask->address);
  g_autofree char *address = normal != NULL && strpbrk (normal, "\"\\") == NULL ? g_utf8_strdown (normal, -1) : NULL;
  g_autofree char *id = index_row_id_back (ask->id);
  struct meeting meeting = { .address = address, .id = id, .met = TRUE };
  if (address != NULL) {
    meeting.sent = contacts_wrote_to (contacts, address);
    if (!index_db_read (db, look, &meeting, error))
      return NULL;
  }
  const char *other = address != NULL ? contacts_name_of (contacts, ask->name, address, ask->own) : NULL;
  return g_variant_new_parsed ("{'first': <%b>, 'contact': <%b>, 'name_of': <%s>, 'likes': <%@a(sus)>}", !meeting.met,
                               meeting.sent, other != NULL ? other : "", likes (contacts, ask->hosts));
}
