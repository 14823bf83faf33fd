/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Cautions: what a reader should know of a sender before trusting a message. Rows for the view's warnings, made of what the view shows,
 * of what its header tells (origin, of message_origin) and of what the archive knows (facts, of the index worker's "known").
 *
 * Pure; engine. Texts are plain and short, and there are few of them: a good signature of somebody whom the user has written to silences all that
 * only says "a stranger". In the order in which they matter:
 *   lookalike_domain   the domain of From, of Reply-To or of a link is made to be taken for another
 *   auth_failed        the user's own server found that the message does not come from where it says
 *   name_of_other      somebody whom the user knows goes by this name, with another address
 *   reply_to_elsewhere an answer would go to another domain
 *   reply_to_list      the same, to what the mail calls its mailing list
 *   first_contact      no other mail from this address, and none to it
 *   external_sender    from outside of the user's organisation */
#pragma once
#include <glib.h>

/* The hosts that the index worker is asked about: of From, Reply-To, and of links in the text. char *, each once, at most 60. */
GPtrArray *caution_hosts (GVariant *view);

/* The view with the cautions in its warnings, floating. facts: NULL where there is no account. own: the domains of the user's organisation,
 * empty where that is not known, and then nobody is outside of it. */
GVariant *caution_view (GVariant *view, GVariant *origin, GVariant *facts_or_null, const char *const *own);

/* FALSE for the large providers, whose domain says nothing about who belongs together. */
gboolean caution_is_organisation (const char *domain);
