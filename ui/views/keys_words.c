/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A key in words; see keys_words.h. */
#include "ui/views/keys_words.h"
#include "ui/views/fields.h"

#include <string.h>

#define GROUP 4
#define GROUPS 8

/* What stands against using a key; then what speaks for it. The first row that fits counts. */
static const struct standing {
  const char *field, *value; /* value NULL: a flag */
  const char *short_words;
  enum key_tone tone;
  const char *sentence;
} standings[] = {
  { "fault", "revoked", "revoked", KEY_TONE_BAD,
    "It was revoked. Nothing is encrypted to it any more; ask for a new one." },
  { "fault", "expired", "expired", KEY_TONE_BAD,
    "It has expired. Nothing is encrypted to it any more; ask for a new one." },
  { "fault", "not_yet_valid", "not valid yet", KEY_TONE_BAD,
    "It is not valid yet. Check the clock of this computer; otherwise ask for one that is valid today." },
  { "fault", "wrong_usage", "can only sign", KEY_TONE_BAD,
    "It can only check signatures. For sending ask for one that can encrypt." },
  { "fault", "weak", "too weak", KEY_TONE_BAD, "It is too weak to protect a message today. Ask for a new one." },
  { "fault", "broken", "damaged", KEY_TONE_BAD, "It is damaged and cannot be used. Ask for it again." },
  { "stopped", NULL, "not used", KEY_TONE_BAD,
    "You have said that it shall not be used any more. Compare it again to use it." },
  { "barred", NULL, "another is set", KEY_TONE_BAD,
    "Your organisation has laid down another key for this address, so this one is not used." },
  { "own", NULL, "yours", KEY_TONE_GOOD, "It is your own: you sign with it, and read what was encrypted to it." },
  { "changed", NULL, "NEW: compare it", KEY_TONE_CAREFUL,
    "It is another key than the one you know of this person. Until you have compared it, mail to this address is "
    "held." },
  { "pinned", NULL, "set for you", KEY_TONE_GOOD, "Your organisation says that it belongs to this address." },
  { "trust", "verified", "compared", KEY_TONE_GOOD, "You have compared it with its owner." },
  { "trust", "chain", "confirmed", KEY_TONE_GOOD,
    "An authority that you or your organisation rely on says that it belongs to this address." },
  { "trust", "wkd", "published", KEY_TONE_PLAIN,
    "The owner's mail domain publishes it for this address. Nobody has compared it yet." },
  { "trust", "first-seen", "not compared", KEY_TONE_PLAIN,
    "Nobody has compared it yet, so that it is not certain whose it is." },
};

static const struct standing *
standing_of (GVariant *key)
{
  static const struct standing unknown
      = { "", NULL, "not trusted", KEY_TONE_CAREFUL, "Nothing speaks for it, so that nothing is encrypted to it." };
  for (gsize i = 0; i < G_N_ELEMENTS (standings); i++) {
    const struct standing *row = &standings[i];
    if (row->value != NULL ? strcmp (fields_text (key, row->field), row->value) == 0 : fields_flag (key, row->field))
      return row;
  }
  return &unknown;
}

const char *
keys_words_kind (GVariant *key)
{
  return strcmp (fields_text (key, "protocol"), "smime") == 0 ? "S/MIME" : "OpenPGP";
}

const char *
keys_words_standing (GVariant *key, enum key_tone *tone_out)
{
  const struct standing *standing = standing_of (key);
  gboolean expiring
      = fields_flag (key, "expiring") && standing->tone != KEY_TONE_BAD && standing->tone != KEY_TONE_CAREFUL;
  *tone_out = expiring ? KEY_TONE_CAREFUL : standing->tone;
  return expiring ? "expires soon" : standing->short_words;
}

char *
keys_words_until (GVariant *key)
{
  gint64 expires = fields_time (key, "expires");
  g_autoptr (GDateTime) date = expires > 0 ? g_date_time_new_from_unix_local (expires) : NULL;
  if (date == NULL)
    return g_strdup (expires > 0 ? "far away" : "no end");
  return g_date_time_format (date, "%Y-%m-%d");
}

char *
keys_words_sentence (GVariant *key)
{
  const char *expiring = !fields_flag (key, "expiring") ? ""
                         : fields_flag (key, "own")     ? " It expires soon: renew it in time."
                                                        : " It expires soon: ask its owner for a new one in time.";
  return g_strconcat (standing_of (key)->sentence, expiring, NULL);
}

const char *
keys_words_source (GVariant *key)
{
  static const char *const words[][2] = {
    { "own", "It is here with its private half." },
    { "card", "Its private half is on a card." },
    { "imported", "It was imported from a file." },
    { "mail", "It came with a signed mail." },
    { "autocrypt", "It stood in the header of a mail (Autocrypt), where anybody could have put it." },
    { "wkd", "It was found at the owner's mail domain." },
    { "ldap", "It was found in a directory." },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    if (strcmp (fields_text (key, "source"), words[i][0]) == 0)
      return words[i][1];
  return "It is in the keyring.";
}

GPtrArray *
keys_words_fingerprint (GVariant *key)
{
  const char *hex = fields_text (key, "fingerprint");
  GPtrArray *lines = g_ptr_array_new_with_free_func (g_free);
  gsize length = strlen (hex);
  GString *line = g_string_new (NULL);
  for (gsize i = 0; i < length; i += GROUP) {
    if (line->len > 0)
      g_string_append_c (line, ' ');
    g_string_append_len (line, hex + i, (gssize) MIN (GROUP, length - i));
    if ((i / GROUP) % GROUPS == GROUPS - 1 || i + GROUP >= length) {
      g_ptr_array_add (lines, g_strdup (line->str));
      g_string_truncate (line, 0);
    }
  }
  g_string_free (line, TRUE);
  return lines;
}
