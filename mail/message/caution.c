/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Cautions about senders; see caution.h. */
#include "mail/message/caution.h"

#include <string.h>

#include "mail/message/lookalike.h"

#define HOSTS_MAX 60
#define HOST_BYTES_MAX 253
#define TEXT_SCANNED_MAX (1024u * 1024)
#define SHOWN_MAX 40 /* characters of a name or an address in a sentence */

struct sender {
  char *address, *domain; /* of the first From; "" */
  const char *name;
  gboolean ours, known_where; /* of the organisation; whether there is one to ask about */
  gboolean contact, first, vouched;
};

static const char *
text_of (GVariant *dict, const char *name)
{
  const char *text = NULL;
  return dict != NULL && g_variant_lookup (dict, name, "&s", &text) ? text : "";
}

static gboolean
flag_of (GVariant *dict, const char *name)
{
  gboolean flag = FALSE;
  return dict != NULL && g_variant_lookup (dict, name, "b", &flag) && flag;
}

static char **
texts_of (GVariant *dict, const char *name)
{
  char **texts = NULL;
  if (!g_variant_lookup (dict, name, "^as", &texts))
    texts = g_new0 (char *, 1);
  return texts;
}

static const char *
domain_of (const char *address)
{
  const char *at = strrchr (address, '@');
  return at != NULL ? at + 1 : "";
}

/* Short enough for one row of a small terminal. */
static char *
shorten (const char *text)
{
  if (g_utf8_strlen (text, -1) <= SHOWN_MAX)
    return g_strdup (text);
  g_autofree char *head = g_utf8_substring (text, 0, SHOWN_MAX - 1);
  return g_strconcat (head, "…", NULL);
}

/* The same of a host or an address: who it belongs to stands at its end. */
static char *
shorten_host (const char *text)
{
  const glong length = g_utf8_strlen (text, -1);
  if (length <= SHOWN_MAX)
    return g_strdup (text);
  g_autofree char *tail = g_utf8_substring (text, length - (SHOWN_MAX - 1), length);
  return g_strconcat ("…", tail, NULL);
}

gboolean
caution_is_organisation (const char *domain)
{
  static const char *const providers[]
      = { "gmail.com",  "googlemail.com", "outlook.com", "hotmail.com", "live.com",       "msn.com",
          "yahoo.com",  "yahoo.co.uk",    "ymail.com",   "icloud.com",  "me.com",         "mac.com",
          "aol.com",    "gmx.de",         "gmx.net",     "gmx.at",      "gmx.ch",         "gmx.com",
          "web.de",     "t-online.de",    "freenet.de",  "mail.com",    "mail.ru",        "yandex.ru",
          "yandex.com", "qq.com",         "163.com",     "proton.me",   "orange.fr",      "free.fr",
          "wanadoo.fr", "libero.it",      "posteo.de",   "mailbox.org", "protonmail.com", "fastmail.com",
          "zoho.com",   "comcast.net",    "bluewin.ch",  "hotmail.de",  "hotmail.co.uk",  NULL };
  g_autofree char *lower = g_ascii_strdown (domain, -1);
  return *domain != '\0' && !g_strv_contains (providers, lower);
}

/* ---- hosts ---- */

static void
add_host (GPtrArray *hosts, const char *host, gsize length)
{
  if (length == 0 || length > HOST_BYTES_MAX || hosts->len >= HOSTS_MAX)
    return;
  g_autofree char *name = g_strndup (host, length);
  if (!g_ptr_array_find_with_equal_func (hosts, name, g_str_equal, NULL))
    g_ptr_array_add (hosts, g_steal_pointer (&name));
}

static void
add_links (GPtrArray *hosts, const char *text)
{
  const char *end = text + MIN (strlen (text), TEXT_SCANNED_MAX);
  for (const char *at = text; (at = strstr (at, "://")) != NULL && at < end && hosts->len < HOSTS_MAX;) {
    at += 3;
    gsize length = strcspn (at, "/?#\\ \t\r\n<>\"'()[]{}|,;");
    const char *user = g_strrstr_len (at, (gssize) length, "@");
    const char *host = user != NULL ? user + 1 : at;
    gsize left = length - (gsize) (host - at);
    const char *colon = memchr (host, ':', left);
    add_host (hosts, host, colon != NULL ? (gsize) (colon - host) : left);
    at += length;
  }
}

GPtrArray *
caution_hosts (GVariant *view)
{
  GPtrArray *hosts = g_ptr_array_new_with_free_func (g_free);
  g_auto (GStrv) from = texts_of (view, "from"), reply_to = texts_of (view, "reply_to");
  if (from[0] != NULL)
    add_host (hosts, domain_of (from[0]), strlen (domain_of (from[0])));
  for (gsize i = 0; reply_to[i] != NULL && i < 5; i++)
    add_host (hosts, domain_of (reply_to[i]), strlen (domain_of (reply_to[i])));
  add_links (hosts, text_of (view, "text_body"));
  return hosts;
}

/* ---- rows ---- */

static void G_GNUC_PRINTF (3, 4) add (GPtrArray *rows, const char *code, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  g_ptr_array_add (rows, g_variant_ref_sink (g_variant_new_parsed ("{'code': <%s>, 'text': <%s>}", code, text)));
}

/* What the index worker found about a host; what is broken is no deception by itself. */
static enum lookalike
kind_of (const char *host, GVariant *origin, GVariant *facts, char **like_out)
{
  g_autoptr (GVariant) likes
      = facts != NULL ? g_variant_lookup_value (facts, "likes", G_VARIANT_TYPE ("a(sus)")) : NULL;
  for (gsize i = 0; likes != NULL && i < g_variant_n_children (likes); i++) {
    const char *name, *like;
    guint32 kind;
    g_variant_get_child (likes, i, "(&su&s)", &name, &kind, &like);
    if (strcmp (name, host) == 0 && kind > LOOKALIKE_BROKEN && kind <= LOOKALIKE_INSIDE) {
      *like_out = g_strdup (like);
      return (enum lookalike) kind;
    }
  }
  g_auto (GStrv) alone = texts_of (origin, "deceptive");
  *like_out = g_strdup ("");
  return g_strv_contains ((const char *const *) alone, host) ? LOOKALIKE_FOREIGN : LOOKALIKE_NONE;
}

/* TRUE: there is something to say of this host. where: what it is to the message; "": its sender's. */
static gboolean
add_lookalike (GPtrArray *rows, const char *host, const char *where, GVariant *origin, GVariant *facts)
{
  g_autofree char *like = NULL, *shown = shorten_host (host);
  if (*host == '\0' || kind_of (host, origin, facts, &like) == LOOKALIKE_NONE)
    return FALSE;
  g_autofree char *real = shorten_host (like);
  const char *relative = *where != '\0' ? ", which" : "", *advice = *where != '\0' ? "" : " Do not trust this mail.";
  if (*real != '\0')
    add (rows, "lookalike_domain", "%s%s%s only looks like %s.%s", where, shown, relative, real, advice);
  else
    add (rows, "lookalike_domain", "%s%s%s deceives by its letters.%s", where, shown, relative, advice);
  return TRUE;
}

static void
add_lookalikes (GPtrArray *rows, GVariant *view, const struct sender *sender, GVariant *origin, GVariant *facts)
{
  g_auto (GStrv) reply_to = texts_of (view, "reply_to");
  gboolean found = add_lookalike (rows, sender->domain, "", origin, facts);
  for (gsize i = 0; reply_to[i] != NULL && i < 5 && !found; i++)
    found = add_lookalike (rows, domain_of (reply_to[i]), "Answers would go to ", origin, facts);
  g_autoptr (GPtrArray) hosts = found ? NULL : caution_hosts (view);
  for (guint i = 0; !found && i < hosts->len; i++)
    found = add_lookalike (rows, hosts->pdata[i], "A link leads to ", origin, facts);
}

static void
add_auth (GPtrArray *rows, const struct sender *sender, GVariant *origin)
{
  const char *failed = text_of (origin, "failed");
  g_autofree char *shown = shorten_host (sender->domain);
  if (*failed != '\0')
    add (rows, "auth_failed", "Perhaps forged: your server doubts that it is from %s (%s).",
         *shown != '\0' ? shown : "the sender", failed);
}

static void
add_name (GPtrArray *rows, const struct sender *sender, GVariant *facts)
{
  const char *other = text_of (facts, "name_of");
  g_autofree char *name = shorten (sender->name), *address = shorten_host (other);
  if (*other != '\0' && !sender->vouched && !sender->ours)
    add (rows, "name_of_other", "The %s you know is %s. This is another address.", name, address);
}

/* A list's own address is where answers to a list belong; but anybody can call himself a list, so it is told in other words. */
static void
add_reply_to (GPtrArray *rows, GVariant *view, const struct sender *sender, GVariant *origin)
{
  const char *list = text_of (origin, "list_post"), *answered = NULL;
  g_auto (GStrv) reply_to = texts_of (view, "reply_to");
  for (gsize i = 0; reply_to[i] != NULL && *sender->domain != '\0'; i++) {
    const char *domain = domain_of (reply_to[i]);
    if (lookalike_same_owner (domain, sender->domain))
      continue;
    if (*list != '\0' && lookalike_same_owner (domain, domain_of (list))) {
      answered = reply_to[i];
      continue;
    }
    g_autofree char *shown = shorten_host (reply_to[i]);
    add (rows, "reply_to_elsewhere", "An answer would go to %s, not to the sender.", shown);
    return;
  }
  g_autofree char *shown = answered != NULL ? shorten_host (answered) : NULL;
  if (shown != NULL)
    add (rows, "reply_to_list", "An answer would go to the mailing list %s.", shown);
}

static void
add_stranger (GPtrArray *rows, const struct sender *sender)
{
  if (sender->first && !sender->ours && !sender->vouched)
    add (rows, "first_contact", "The first mail from this address. Be sure who it is.");
  if (sender->known_where && !sender->ours && !sender->vouched)
    add (rows, "external_sender", "From outside your organisation.");
}

/* ---- all of it ---- */

static gboolean
is_good (GVariant *view)
{
  g_autoptr (GVariant) signature = g_variant_lookup_value (view, "signature", G_VARIANT_TYPE_VARDICT);
  return strcmp (text_of (signature, "state"), "good") == 0 && strcmp (text_of (signature, "covers"), "whole") == 0;
}

static void
sender_init (struct sender *sender, GVariant *view, GVariant *origin, GVariant *facts, const char *const *own)
{
  g_auto (GStrv) from = texts_of (view, "from");
  memset (sender, 0, sizeof *sender);
  sender->address = g_strdup (from[0] != NULL ? from[0] : "");
  sender->domain = g_strdup (domain_of (sender->address));
  sender->name = text_of (origin, "name");
  sender->known_where = own[0] != NULL && *sender->domain != '\0';
  for (gsize i = 0; own[i] != NULL; i++)
    sender->ours |= lookalike_same_owner (sender->domain, own[i]);
  sender->first = flag_of (facts, "first");
  sender->contact = flag_of (facts, "contact");
  sender->vouched = sender->contact && is_good (view);
}

static void
sender_clear (struct sender *sender)
{
  g_free (sender->address);
  g_free (sender->domain);
}

/* What is dangerous stands first, then what the verdict warns of, then what is only worth knowing. */
static GVariant *
merge (GVariant *view, GPtrArray *severe, GPtrArray *mild)
{
  g_autoptr (GVariant) old = g_variant_lookup_value (view, "warnings", G_VARIANT_TYPE ("aa{sv}"));
  GVariantBuilder out;
  g_variant_builder_init (&out, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < severe->len; i++)
    g_variant_builder_add_value (&out, severe->pdata[i]);
  for (gsize i = 0; old != NULL && i < g_variant_n_children (old); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (old, i);
    g_variant_builder_add_value (&out, row);
  }
  for (guint i = 0; i < mild->len; i++)
    g_variant_builder_add_value (&out, mild->pdata[i]);
  return g_variant_builder_end (&out);
}

GVariant *
caution_view (GVariant *view, GVariant *origin, GVariant *facts_or_null, const char *const *own)
{
  g_autoptr (GPtrArray) severe = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref),
                        mild = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  struct sender sender;
  sender_init (&sender, view, origin, facts_or_null, own);
  add_lookalikes (severe, view, &sender, origin, facts_or_null);
  if (!is_good (view))
    add_auth (severe, &sender, origin);
  add_name (severe, &sender, facts_or_null);
  add_reply_to (mild, view, &sender, origin);
  add_stranger (mild, &sender);
  sender_clear (&sender);
  GVariantDict dict;
  g_variant_dict_init (&dict, view);
  g_variant_dict_insert_value (&dict, "warnings", merge (view, severe, mild));
  return g_variant_dict_end (&dict);
}
