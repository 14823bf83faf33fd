/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What must be true after a run, from what the server heard, what the sender was told and what lies on the disk. */
#include "tests/property/property_check.h"
#include "mail/net/gate.h"
#include "tests/property/property_fault.h"
#include "tests/property/property_leak.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define OPENED_EVERY 9
#define OPENED_BY_GPG_EVERY 29

static const struct run *now;

void
property_fail (const char *format, ...)
{
  va_list values;
  va_start (values, format);
  g_autofree char *text = g_strdup_vprintf (format, values), *fault = fault_to_text (&shared->fault);
  va_end (values);
  const struct outcome *outcome = &now->outcome;
  print_error (
      "run %" G_GUINT64_FORMAT " with seed %u: %s\n  fault %s, come by %u time(s)\n  the sender was told: %s%s %s\n"
      "  again: WARDMAIL_TEST_SEED=%u WARDMAIL_TEST_ONLY=%" G_GUINT64_FORMAT "%s%s tests/property/test_property\n",
      now->number, now->seed, text, fault, shared->fired, outcome->failed ? "(error) " : "",
      outcome->state != NULL ? outcome->state : "", outcome->text != NULL ? outcome->text : "nothing", now->seed,
      now->number, now->fixed ? " WARDMAIL_TEST_FAULT=" : "", now->fixed ? fault : "");
  fail ();
  abort ();
}

void
property_check_begin (const struct run *run)
{
  now = run;
}

/* ---- the copies that left ---- */

static void
add_id (GPtrArray *ids, const struct person *person, enum route_method method)
{
  const char *id = method == ROUTE_SMIME ? person->smime_id : person->pgp_id;
  if (id == NULL)
    property_fail ("a copy went to %s, who has no such key", person->name);
  if (!g_ptr_array_find_with_equal_func (ids, id, g_str_equal, NULL))
    g_ptr_array_add (ids, (gpointer) id);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* The gate lets it pass with these readers, and with none less, none more and no other method. */
static void
check_gate (GBytes *message, char **rcpt, GPtrArray *ids, enum route_method method)
{
  gsize size = 0;
  const guint8 *bytes = g_bytes_get_data (message, &size);
  g_autoptr (GPtrArray) list = g_ptr_array_copy (ids, NULL, NULL);
  g_ptr_array_set_free_func (list, NULL);
  g_ptr_array_add (list, NULL);
  struct gate_plan plan = { .method = method,
                            .recipients = (const char *const *) rcpt,
                            .recipient_ids = (const char *const *) list->pdata };
  gboolean exact = gate_check (bytes, size - 3, &plan, NULL); /* without the dot */
  plan.recipient_ids++;
  exact &= !gate_check (bytes, size - 3, &plan, NULL);
  list->pdata[list->len - 1] = (gpointer) (method == ROUTE_PGP ? "pgp:0123456789ABCDEF" : "ski:0123");
  g_ptr_array_add (list, NULL);
  plan.recipient_ids = (const char *const *) list->pdata;
  exact &= !gate_check (bytes, size - 3, &plan, NULL);
  list->pdata[list->len - 2] = NULL;
  plan.method = method == ROUTE_PGP ? ROUTE_SMIME : ROUTE_PGP;
  exact &= !gate_check (bytes, size - 3, &plan, NULL);
  if (!exact)
    property_fail ("the gate does not know exactly who can open what left");
}

/* Who can open it are those whom it went to and the sender. */
static void
check_readers (const struct draft *draft, GBytes *message, char **rcpt, enum route_method *method_out)
{
  g_autoptr (GPtrArray) found = people_readers (message, method_out), wanted = g_ptr_array_new ();
  if (found == NULL)
    property_fail ("what left is no encrypted message");
  add_id (wanted, draft->sender, *method_out);
  for (char **one = rcpt; *one != NULL; one++)
    add_id (wanted, people_find (*one), *method_out);
  g_ptr_array_sort (wanted, compare);
  gboolean same = found->len == wanted->len;
  for (guint i = 0; same && i < found->len; i++)
    same = strcmp (found->pdata[i], wanted->pdata[i]) == 0;
  if (!same)
    property_fail ("a copy can be opened by %u, and should be by %u", found->len, wanted->len);
  check_gate (message, rcpt, found, *method_out);
}

static void
check_opens (const struct draft *draft, GBytes *message, char **rcpt, enum route_method method)
{
  static guint count, pgp_count;
  if (method == ROUTE_PGP ? !shared->real_gpg || pgp_count++ % OPENED_BY_GPG_EVERY != 0 : count++ % OPENED_EVERY != 0)
    return;
  const guint readers = g_strv_length (rcpt);
  const struct person *reader = count % 3 == 0 ? draft->sender : people_find (rcpt[count % readers]);
  g_autofree char *text = people_open (message, method, reader);
  if (text == NULL || strstr (text, PROPERTY_CANARY) == NULL)
    property_fail ("%s cannot open a copy", reader->name);
}

static void
check_blind (const struct draft *draft, GBytes *message, char **rcpt)
{
  gsize size = 0;
  const char *bytes = g_bytes_get_data (message, &size);
  const char *end = g_strstr_len (bytes, (gssize) size, "\r\n\r\n");
  g_autofree char *header = g_ascii_strdown (bytes, end != NULL ? end - bytes : (gssize) size);
  GHashTableIter iter;
  gpointer address;
  g_hash_table_iter_init (&iter, draft->blind);
  while (g_hash_table_iter_next (&iter, &address, NULL)) {
    g_autofree char *low = g_ascii_strdown (address, -1);
    if (g_strv_contains ((const char *const *) rcpt, address) && g_strv_length (rcpt) > 1)
      property_fail ("%s, who is blind, shares a copy", (char *) address);
    for (const char *at = strstr (header, low); at != NULL; at = strstr (at + 1, low))
      if ((at == header || strchr (" <,:", at[-1]) != NULL) && !g_ascii_isalnum (at[strlen (low)])
          && at[strlen (low)] != '.' && !g_hash_table_contains (now->named_low, low))
        property_fail ("%s, who is blind, is named in a copy", (char *) address);
  }
}

static GStrv
rcpt_of (const struct delivery *delivery)
{
  g_autofree char *text = g_strndup ((const char *) shared->heard + delivery->rcpt, delivery->rcpt_size);
  g_auto (GStrv) list = g_strsplit (text, "\n", -1);
  g_autoptr (GStrvBuilder) normal = g_strv_builder_new ();
  for (char **one = list; *one != NULL; one++)
    if (**one != '\0') {
      g_autofree char *address = draft_normal (*one);
      g_strv_builder_add (normal, address);
    }
  return g_strv_builder_end (normal);
}

static void
check_delivery (const struct run *run, const struct delivery *delivery)
{
  if (delivery->data == 0)
    return;
  if (run->expect_nothing)
    property_fail ("somebody should have been held, and a copy left");
  if (!delivery->whole)
    return;
  g_auto (GStrv) rcpt = rcpt_of (delivery);
  g_autoptr (GBytes) message = property_peer_heard (delivery->data, delivery->data_size);
  for (char **one = rcpt; *one != NULL; one++)
    if (!g_hash_table_contains (run->draft.wanted, *one))
      property_fail ("a copy went to %s, whom nobody named", *one);
  if (*rcpt == NULL)
    property_fail ("a copy went to nobody");
  enum route_method method = ROUTE_HOLD;
  check_readers (&run->draft, message, rcpt, &method);
  for (char **one = rcpt; shared->fired == 0 && *one != NULL; one++)
    if (people_route (people_find (*one), run->draft.sender, &run->rules) != method)
      property_fail ("%s should have been written to in another way", *one);
  check_opens (&run->draft, message, rcpt, method);
  check_blind (&run->draft, message, rcpt);
}

/* How often the server took a copy for each of them. */
static GHashTable *
taken (void)
{
  GHashTable *counts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < shared->deliveries_count; i++) {
    if (!shared->deliveries[i].accepted || !shared->deliveries[i].whole)
      continue;
    g_auto (GStrv) rcpt = rcpt_of (&shared->deliveries[i]);
    for (char **one = rcpt; *one != NULL; one++)
      g_hash_table_replace (counts, g_strdup (*one),
                            GUINT_TO_POINTER (GPOINTER_TO_UINT (g_hash_table_lookup (counts, *one)) + 1));
  }
  return counts;
}

void
property_check_wire (const struct run *run)
{
  property_peer_settle ();
  if (property_leak_in (shared->heard, shared->heard_size))
    property_fail ("plain text left");
  for (guint i = 0; i < shared->deliveries_count; i++)
    check_delivery (run, &shared->deliveries[i]);
  g_autoptr (GHashTable) counts = taken ();
  GHashTableIter iter;
  gpointer address, count;
  g_hash_table_iter_init (&iter, counts);
  while (g_hash_table_iter_next (&iter, &address, &count))
    if (GPOINTER_TO_UINT (count) > 1 + run->decided)
      property_fail ("the server has %u copies for %s", GPOINTER_TO_UINT (count), (char *) address);
}

/* ---- nobody is dropped ---- */

/* What the outbox says of one of them is true, and says something. */
static void
check_person (GVariant *person, GHashTable *counts, GHashTable *waiting)
{
  const char *address = "", *state = "", *text = "";
  (void) g_variant_lookup (person, "address", "&s", &address);
  (void) g_variant_lookup (person, "state", "&s", &state);
  (void) g_variant_lookup (person, "text", "&s", &text);
  g_autofree char *normal = draft_normal (address);
  const gboolean has_it = g_hash_table_contains (counts, normal), accepted = strcmp (state, "accepted") == 0;
  if (accepted && !has_it)
    property_fail ("the server is said to have taken it for %s, and has not", address);
  if (has_it && (strcmp (state, "failed") == 0 || strcmp (state, "ready") == 0) && now->decided == 0)
    property_fail ("the server has it for %s, who is said to be %s", address, state);
  if (!accepted && *text == '\0')
    property_fail ("the outbox says nothing about %s, who is %s", address, state);
  if (!accepted)
    g_hash_table_add (waiting, g_steal_pointer (&normal));
}

static void
add_row (GHashTable *counts, GHashTable *waiting, GVariant *row)
{
  g_autoptr (GVariant) people = g_variant_lookup_value (row, "people", G_VARIANT_TYPE ("aa{sv}"));
  const char *text = "", *state = "";
  (void) g_variant_lookup (row, "text", "&s", &text);
  (void) g_variant_lookup (row, "state", "&s", &state);
  if (*text == '\0')
    property_fail ("the outbox says nothing about what is %s", state);
  for (gsize i = 0; i < g_variant_n_children (people); i++) {
    g_autoptr (GVariant) person = g_variant_get_child_value (people, i);
    check_person (person, counts, waiting);
  }
}

/* rows: the outbox, settled. */
void
property_check_people (const struct run *run, GVariant *rows)
{
  const struct outcome *outcome = &run->outcome;
  g_autoptr (GHashTable) counts = taken (), waiting = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (gsize i = 0; i < g_variant_n_children (rows); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
    add_row (counts, waiting, row);
  }
  const gboolean anything = g_hash_table_size (counts) + g_hash_table_size (waiting) > 0;
  const gboolean sent = g_strcmp0 (outcome->state, "sent") == 0, partly = g_strcmp0 (outcome->state, "partly") == 0,
                 held = g_strcmp0 (outcome->state, "held") == 0;
  if (!outcome->answered || outcome->text == NULL || *outcome->text == '\0')
    property_fail ("the sender was told nothing");
  if (held && (outcome->held->len == 0 || outcome->held_without_sentence))
    property_fail ("the message is held, and nothing says for whom and why");
  if (held && !outcome->kept && strstr (outcome->text, "no key of your own") == NULL)
    property_fail ("the message is held, and is nowhere");
  if (outcome->held_untrue)
    property_fail ("somebody who has a key is said to have none");
  if ((held || (outcome->failed && !outcome->lost)) && anything)
    property_fail ("the sender was told that nothing was sent, and it was");
  if (partly && g_hash_table_size (counts) == 0)
    property_fail ("“partly”, and the server has it for nobody");
  if (!anything && !held && !outcome->failed)
    property_fail ("nothing left and nothing waits, and the sender was not told so");
  GHashTableIter iter;
  gpointer address;
  g_hash_table_iter_init (&iter, run->draft.wanted);
  while (g_hash_table_iter_next (&iter, &address, NULL)) {
    if (sent && !g_hash_table_contains (counts, address))
      property_fail ("“sent”, and the server has nothing for %s", (char *) address);
    if (anything && !g_hash_table_contains (counts, address) && !g_hash_table_contains (waiting, address))
      property_fail ("%s was dropped", (char *) address);
  }
}

/* Where nothing went wrong, what must be is known. */
void
property_check_calm (const struct run *run, GVariant *rows)
{
  const struct outcome *outcome = &run->outcome;
  if (run->expect_nothing) {
    if (!outcome->failed && g_strcmp0 (outcome->state, "held") != 0)
      property_fail ("somebody should have been held");
    return;
  }
  if (g_strcmp0 (outcome->state, "sent") != 0)
    property_fail ("everything was well, and it was not sent");
  if (g_variant_n_children (rows) > 0)
    property_fail ("it was sent, and waits in the outbox");
  if (!engine_filed (run->draft.message_id))
    property_fail ("it was sent, and is not in Sent");
}
