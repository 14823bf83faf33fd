/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What a report may change in the ledger, and in which words it is told. Pure. */
#include "mail/store/ledger.h"

#include <string.h>

/* A receipt that failed says nothing of the delivery. */
static const struct {
  const char *name;
  gboolean receipt;
  enum ledger_action action;
  enum ledger_state state;
} actions[] = {
  { "delayed", FALSE, LEDGER_SAYS_DELAYED, LEDGER_ACCEPTED },
  { "relayed", FALSE, LEDGER_SAYS_RELAYED, LEDGER_RELAYED },
  { "expanded", FALSE, LEDGER_SAYS_EXPANDED, LEDGER_RELAYED },
  { "delivered", FALSE, LEDGER_SAYS_DELIVERED, LEDGER_DELIVERED },
  { "failed", FALSE, LEDGER_SAYS_FAILED, LEDGER_FAILED },
  { "displayed", TRUE, LEDGER_SAYS_DISPLAYED, LEDGER_DISPLAYED },
  { "deleted", TRUE, LEDGER_SAYS_DELETED, LEDGER_DELIVERED },
};

const char *
ledger_state_name (enum ledger_state state)
{
  static const char *const names[]
      = { "queued", "withdrawn", "unknown", "accepted", "relayed", "delivered", "failed", "displayed" };
  return names[state];
}

enum ledger_action
ledger_action_from (const char *name, gboolean receipt)
{
  for (gsize i = 0; i < G_N_ELEMENTS (actions); i++)
    if (actions[i].receipt == receipt && g_ascii_strcasecmp (actions[i].name, name) == 0)
      return actions[i].action;
  return LEDGER_SAYS_NOTHING;
}

enum ledger_state
ledger_rule_state (enum ledger_action action)
{
  for (gsize i = 0; i < G_N_ELEMENTS (actions); i++)
    if (actions[i].action == action)
      return actions[i].state;
  return LEDGER_QUEUED;
}

/* Those two contradict each other: what is known better counts, and of two that are known alike the bad news, except that
 * whoever signed that he has opened it has got it. */
static enum ledger_step
against_failure (enum ledger_state told, enum ledger_trust known_by, enum ledger_trust told_by)
{
  if (told == LEDGER_FAILED)
    return told_by >= known_by ? LEDGER_TAKE : LEDGER_NOTE;
  return told_by > known_by && (told != LEDGER_DISPLAYED || told_by == LEDGER_SIGNED) ? LEDGER_TAKE : LEDGER_NOTE;
}

enum ledger_step
ledger_rule (enum ledger_state known, enum ledger_trust known_by, enum ledger_state told, enum ledger_trust told_by)
{
  if (known < LEDGER_UNKNOWN || told < LEDGER_ACCEPTED) /* our server never had it; or nothing is told */
    return LEDGER_IGNORE;
  if (known == told) /* the same again, perhaps known better or with other words */
    return told_by > known_by || told == LEDGER_ACCEPTED ? LEDGER_TAKE : LEDGER_IGNORE;
  if ((told == LEDGER_FAILED && known >= LEDGER_DELIVERED) || known == LEDGER_FAILED)
    return told > LEDGER_RELAYED ? against_failure (told, known_by, told_by) : LEDGER_IGNORE;
  return told > known ? LEDGER_TAKE : LEDGER_IGNORE;
}

static const char *
said_by (enum ledger_trust by, gboolean receipt)
{
  if (by != LEDGER_SAID)
    return "";
  return receipt ? " The receipt is not signed, so that others could have written it."
                 : " The report does not have this message's secret number, so that others could have written it.";
}

static char *
receipt_words (const struct ledger_line *line, const char *who, enum ledger_trust by)
{
  const char *proof = by == LEDGER_SIGNED ? "Signed receipt: " : "Receipt: ";
  switch (line->action) {
  case LEDGER_SAYS_DISPLAYED:
    return g_strdup_printf ("%sopened at %s, which does not say that it was read.%s", proof, who, said_by (by, TRUE));
  case LEDGER_SAYS_DELETED:
    return g_strdup_printf ("%sdeleted at %s, perhaps without being opened.%s", proof, who, said_by (by, TRUE));
  case LEDGER_SAYS_NOTHING:
  case LEDGER_SAYS_FAILED:
  case LEDGER_SAYS_DELAYED:
  case LEDGER_SAYS_RELAYED:
  case LEDGER_SAYS_EXPANDED:
  case LEDGER_SAYS_DELIVERED:
    break;
  }
  return g_strdup_printf ("%s%s says “%s”.%s", proof, who, line->words, said_by (by, TRUE));
}

char *
ledger_rule_words (const struct ledger_report *report, const struct ledger_line *line, enum ledger_trust by)
{
  const char *who = *report->reporter != '\0' ? report->reporter : "the recipient's server";
  const char *address = *line->final != '\0' ? line->final : line->original;
  g_autofree char *words = *line->words != '\0' ? g_strdup_printf (": “%s”", line->words) : g_strdup ("");
  if (report->receipt)
    return receipt_words (line, *address != '\0' ? address : who, by);
  switch (line->action) {
  case LEDGER_SAYS_DELIVERED:
    return g_strdup_printf ("%s reports that it was delivered, which does not say that it was read.%s", who,
                            said_by (by, FALSE));
  case LEDGER_SAYS_RELAYED:
    return g_strdup_printf ("%s handed it on to a server that does not report, so that it is not known whether it "
                            "arrived. If it matters, ask the recipient.%s",
                            who, said_by (by, FALSE));
  case LEDGER_SAYS_EXPANDED:
    return g_strdup_printf ("%s gave it to a list, which passes it on; nobody reports who of them gets it.%s", who,
                            said_by (by, FALSE));
  case LEDGER_SAYS_DELAYED:
    return g_strdup_printf ("Not delivered yet; %s keeps trying%s.%s", who, words, said_by (by, FALSE));
  case LEDGER_SAYS_FAILED:
    return g_strdup_printf ("Not delivered. %s says why%s. Check the address, or call.%s", who,
                            *words != '\0' ? words : ": nothing", said_by (by, FALSE));
  case LEDGER_SAYS_NOTHING:
  case LEDGER_SAYS_DISPLAYED:
  case LEDGER_SAYS_DELETED:
    break;
  }
  return g_strdup_printf ("%s says something that wardmail does not know%s.%s", who, words, said_by (by, FALSE));
}
