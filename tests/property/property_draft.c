/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A random message: whom it names and how they are written, what it says and what is attached. What nobody may see begins with the same
 * word wherever it stands. */
#include "mail/workers/worker.h"
#include "tests/property/property.h"
#include "tests/property/property_fault.h"
#include <string.h>
#include <unistd.h>

static const char *const nonsense[] = {
  "no address",
  "a@@demo.test",
  "<>",
  "x@",
  "@demo.test",
  "a b@demo.test",
  "pgp1@demo.test\r\nBcc: thief@demo.test",
  "pgp1@demo.test\nX: y",
  "\"open <pgp1@demo.test>",
  "pgp1@demo.test cert1@demo.test",
  "-rf@demo.test",
  "..@demo.test",
  "pgp1@[127.0.0.1",
  "j\xc3\xb6rg@demo.test",
  "pgp1@demo.test>",
  "<pgp1@demo.test",
  "=?utf-8?q?pgp1?=@demo.test",
};
/* Addresses that can be written to, and that nobody has a key for. */
static const char *const strangers[] = { "info@xn--mller-kva.test", "a+b@demo.test",    "pgp1@other.test",
                                         "pgp1@sub.demo.test",      "o'neil@demo.test", "pgp1@demo.test.example" };
static const char *const forms[] = { "%s",
                                     "%s",
                                     "Somebody <%s>",
                                     "\"Last, First (x)\" <%s>",
                                     "  %s  ",
                                     "<%s>",
                                     "Dr. K\xc3\xa4the M\xc3\xbcller <%s>",
                                     "%s (a comment)" };

char *
draft_normal (const char *address)
{
  const char *at = strrchr (address, '@');
  if (at == NULL)
    return g_strdup (address);
  g_autofree char *domain = g_ascii_strdown (at, -1);
  return g_strdup_printf ("%.*s%s", (int) (at - address), address, domain);
}

static gboolean
one_in (GRand *random, gint n)
{
  return g_rand_int_range (random, 0, n) == 0;
}

#define PICK(random, list) ((list)[g_rand_int_range (random, 0, G_N_ELEMENTS (list))])

/* An address of the person, in one of its spellings. */
static char *
spell (GRand *random, const struct person *person)
{
  char *name = g_strdup (person->name);
  if (one_in (random, 6))
    name[0] = g_ascii_toupper (name[0]);
  char *address = g_strconcat (name, one_in (random, 4) ? "@Demo.TEST" : "@demo.test", NULL);
  g_free (name);
  return address;
}

static void
name_one (struct draft *draft, const char *address, const struct person *person, gboolean blind)
{
  char *normal = draft_normal (address);
  if (!blind)
    g_hash_table_remove (draft->blind, normal);
  else if (!g_hash_table_contains (draft->wanted, normal))
    g_hash_table_add (draft->blind, g_strdup (normal));
  g_hash_table_replace (draft->wanted, normal, (gpointer) person);
}

static char *
random_address (struct draft *draft, GRand *random, gboolean likely, gboolean blind)
{
  if (!likely && one_in (random, 12)) {
    const char *stranger = PICK (random, strangers);
    name_one (draft, stranger, NULL, blind);
    return g_strdup (stranger);
  }
  const gint limit = (gint) (likely ? people_reachable_count () : people_count ());
  const struct person *person
      = one_in (random, 25) ? people_sender (0) : people_at ((guint) g_rand_int_range (random, 0, limit));
  char *address = spell (random, person);
  name_one (draft, address, person, blind);
  return address;
}

/* One entry of a field as a person types it: an address, a list of them, or nonsense. */
static char *
random_entry (struct draft *draft, GRand *random, gboolean likely, gboolean blind)
{
  if (!likely && one_in (random, 20)) {
    draft->nonsense = TRUE;
    return g_strdup (PICK (random, nonsense));
  }
  g_autofree char *first = random_address (draft, random, likely, blind);
  if (one_in (random, 8)) {
    g_autofree char *second = random_address (draft, random, likely, blind);
    return g_strdup_printf (one_in (random, 2) ? "%s, Somebody <%s>" : "%s; %s", first, second);
  }
  g_auto (GStrv) around = g_strsplit (PICK (random, forms), "%s", 2);
  return g_strconcat (around[0], first, around[1], NULL);
}

static void
add_fields (struct draft *draft, GVariantDict *dict, GRand *random)
{
  static const char *const names[] = { "to", "cc", "bcc" };
  GStrvBuilder *fields[3] = { g_strv_builder_new (), g_strv_builder_new (), g_strv_builder_new () };
  /* All are well, or all but one, or anybody. */
  const gint mode = g_rand_int_range (random, 0, 3);
  const gint most = one_in (random, 40) ? 61 : one_in (random, 10) ? 16 : 5;
  const gint count = g_rand_int_range (random, one_in (random, 60) ? 0 : 1, most);
  const gint odd = g_rand_int_range (random, 0, MAX (count, 1));
  for (gint i = 0; i < count; i++) {
    const gboolean likely = mode == 0 || (mode == 1 && i != odd);
    const gint which = g_rand_int_range (random, 0, most > 16 ? 2 : 3); /* not fifty copies */
    g_autofree char *entry = random_entry (draft, random, likely, which == 2);
    g_strv_builder_add (fields[which], entry);
    draft->has_bcc |= which == 2;
  }
  for (guint i = 0; i < 3; i++) {
    g_auto (GStrv) list = g_strv_builder_end (fields[i]);
    g_strv_builder_unref (fields[i]);
    g_variant_dict_insert (dict, names[i], "^as", list);
  }
}

/* ---- what it says ---- */

static char *
random_text (GRand *random)
{
  static const char *const pieces[] = { "The finding is normal. ",
                                        ".",
                                        "\r\n",
                                        "\n.\n",
                                        "\nFrom the ward ",
                                        "=3D= ",
                                        "\xc3\xa4\xc3\xb6 ",
                                        "\t",
                                        "-----BEGIN PGP MESSAGE-----\n",
                                        "\n--\n",
                                        "a very long word without any blank in it " };
  GString *text = g_string_new (PROPERTY_CANARY);
  const gint most = one_in (random, 15) ? 900 : 30;
  for (gint left = g_rand_int_range (random, 0, most); left > 0; left--)
    g_string_append (text, one_in (random, 9) ? PROPERTY_CANARY : PICK (random, pieces));
  return g_string_free (text, FALSE);
}

static void
add_attachments (struct draft *draft, GVariantDict *dict, GRand *random, gint count)
{
  GVariantBuilder rows;
  g_variant_builder_init (&rows, G_VARIANT_TYPE ("a(ssh)"));
  for (gint i = 0; i < count; i++) {
    g_autofree char *bytes = g_malloc (6000);
    const gsize size = (gsize) g_rand_int_range (random, 40, 6000);
    const gsize at = (gsize) g_rand_int_range (random, 0, 3);
    for (gsize k = 0; k < size; k++)
      bytes[k] = (char) g_rand_int (random);
    memcpy (bytes + at, PROPERTY_CANARY, strlen (PROPERTY_CANARY));
    g_autofree char *name = g_strdup_printf (PROPERTY_CANARY "-%d%s", i, one_in (random, 2) ? " \xc3\xa4.pdf" : ".csv");
    const int fd = worker_memfd ("attachment", bytes, size, NULL);
    const gint handle = g_unix_fd_list_append (draft->fds, fd, NULL);
    close (fd);
    g_variant_builder_add (&rows, "(ssh)", name, "", handle);
  }
  g_variant_dict_insert_value (dict, "attachments", g_variant_builder_end (&rows));
}

static void
begin (struct draft *draft, guint64 number)
{
  memset (draft, 0, sizeof *draft);
  draft->fds = g_unix_fd_list_new ();
  draft->wanted = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  draft->blind = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  draft->message_id = g_strdup_printf ("run-%" G_GUINT64_FORMAT "@demo.test", number);
}

void
draft_make (struct draft *draft, GRand *random, guint64 number)
{
  begin (draft, number);
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
  const gint who = g_rand_int_range (random, 0, (gint) people_senders () + 4);
  draft->sender = one_in (random, 40) ? NULL : people_sender ((guint) MAX (0, who - 4));
  g_autofree char *from = g_strdup_printf (one_in (random, 2) ? "%s@demo.test" : "The Sender <%s@demo.test>",
                                           draft->sender != NULL ? draft->sender->name : "nils");
  g_autofree char *subject = g_strdup_printf ("%s" PROPERTY_CANARY " %s", one_in (random, 2) ? "" : "Bef\xc3\xbcnde ",
                                              one_in (random, 5) ? "a subject that goes on and on, far over the end of "
                                                                   "any line, as people who are in a hurry write them"
                                                                 : "");
  g_autofree char *body = random_text (random);
  g_variant_dict_insert (&dict, "from", "s", from);
  g_variant_dict_insert (&dict, "subject", "s", subject);
  g_variant_dict_insert (&dict, "body", "s", body);
  g_variant_dict_insert (&dict, "message_id", "s", draft->message_id);
  add_fields (draft, &dict, random);
  draft->answer = one_in (random, 4);
  if (draft->answer) {
    g_variant_dict_insert (&dict, "in_reply_to", "s", "parent@demo.test");
    g_variant_dict_insert (&dict, "parent_protected", "b", TRUE);
  }
  if (one_in (random, 3))
    add_attachments (draft, &dict, random, g_rand_int_range (random, 1, 3));
  draft->fields = g_variant_ref_sink (g_variant_dict_end (&dict));
}

void
draft_make_fixed (struct draft *draft, guint64 number)
{
  static const char *const to[]
      = { "pgp1@demo.test", "cert1@demo.test", NULL },
      *const cc[] = { "both1@demo.test", NULL }, *const bcc[] = { "cert2@demo.test", "pgp2@demo.test", NULL };
  static const char *const *const lists[] = { to, cc, bcc };
  g_autoptr (GRand) random = g_rand_new_with_seed ((guint32) number);
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
  begin (draft, number);
  draft->sender = people_sender (0);
  draft->has_bcc = TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (lists); i++)
    for (gsize k = 0; lists[i][k] != NULL; k++)
      name_one (draft, lists[i][k], people_find (lists[i][k]), i == 2);
  g_variant_dict_insert (&dict, "from", "s", "Alice <alice@demo.test>");
  g_variant_dict_insert (&dict, "to", "^as", to);
  g_variant_dict_insert (&dict, "cc", "^as", cc);
  g_variant_dict_insert (&dict, "bcc", "^as", bcc);
  g_variant_dict_insert (&dict, "subject", "s", PROPERTY_CANARY);
  g_variant_dict_insert (&dict, "body", "s", "Dear all,\n" PROPERTY_CANARY "\n.\nYours\n");
  g_variant_dict_insert (&dict, "message_id", "s", draft->message_id);
  add_attachments (draft, &dict, random, 1);
  draft->fields = g_variant_ref_sink (g_variant_dict_end (&dict));
}

void
draft_clear (struct draft *draft)
{
  g_clear_pointer (&draft->fields, g_variant_unref);
  g_clear_object (&draft->fds);
  g_clear_pointer (&draft->wanted, g_hash_table_unref);
  g_clear_pointer (&draft->blind, g_hash_table_unref);
  g_clear_pointer (&draft->message_id, g_free);
}
