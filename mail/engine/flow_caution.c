/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Cautions for a message that is shown: asks the index what it knows of the sender, and adds what follows. Whatever fails on the way, the message is
 * shown. */
#include "mail/engine/core.h"

#include <string.h>

#include "mail/message/caution.h"

struct cautious {
  struct core *core;
  GVariant *view, *origin;
  caution_done_fn done;
  gpointer data;
};

static const char *
domain_of (const char *address)
{
  const char *at = strrchr (address, '@');
  return at != NULL ? at + 1 : "";
}

static void
add_domain (GPtrArray *domains, const char *domain)
{
  if (*domain != '\0')
    g_ptr_array_add (domains, (gpointer) domain);
}

/* Borrowed; ends with NULL. organisation: only those that say who belongs together. */
static GPtrArray *
own_domains (struct core *core, gboolean organisation)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new ();
  add_domain (all, domain_of (core_own_address (core)));
  for (guint i = 0; i < core->accounts->len; i++)
    add_domain (all, domain_of (((struct core_account *) g_ptr_array_index (core->accounts, i))->account->address));
  for (gsize i = 0; core->policy != NULL && core->policy->own_domains[i] != NULL; i++)
    add_domain (all, core->policy->own_domains[i]);
  GPtrArray *domains = g_ptr_array_new ();
  for (guint i = 0; i < all->len; i++)
    if (!organisation || caution_is_organisation (all->pdata[i]))
      g_ptr_array_add (domains, all->pdata[i]);
  g_ptr_array_add (domains, NULL);
  return domains;
}

static void
finish (struct cautious *cautious, GVariant *facts_or_null)
{
  g_autoptr (GPtrArray) own = own_domains (cautious->core, TRUE);
  static const char *const nobody[] = { NULL };
  g_autoptr (GVariant) view
      = g_variant_ref_sink (caution_view (cautious->view, cautious->origin, facts_or_null,
                                          facts_or_null != NULL ? (const char *const *) own->pdata : nobody));
  cautious->done (cautious->data, view);
  g_variant_unref (cautious->view);
  g_variant_unref (cautious->origin);
  g_free (cautious);
}

static void
on_known (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  finish (data, error == NULL ? reply : NULL);
}

static GVariant *
question (struct cautious *cautious)
{
  g_autoptr (GPtrArray) own = own_domains (cautious->core, TRUE), domains = own_domains (cautious->core, FALSE),
                        hosts = caution_hosts (cautious->view);
  g_autofree const char **from = NULL;
  const char *name = "", *id = "";
  (void) g_variant_lookup (cautious->view, "from", "^a&s", &from);
  (void) g_variant_lookup (cautious->view, "message_id", "&s", &id);
  (void) g_variant_lookup (cautious->origin, "name", "&s", &name);
  g_ptr_array_add (hosts, NULL);
  return g_variant_new_parsed (
      "{'from': <%s>, 'name': <%s>, 'id': <%s>, 'hosts': <%^as>, 'own': <%^as>, 'domains': <%^as>}",
      from != NULL && from[0] != NULL ? from[0] : "", name, id, (const char *const *) hosts->pdata,
      (const char *const *) own->pdata, (const char *const *) domains->pdata);
}

void
flow_caution_add (struct core *core, struct request *request, GVariant *view, GVariant *origin, caution_done_fn done,
                  gpointer data)
{
  struct cautious *cautious = g_new0 (struct cautious, 1);
  cautious->core = core;
  cautious->view = g_variant_ref (view);
  cautious->origin = g_variant_ref (origin);
  cautious->done = done;
  cautious->data = data;
  if (core->accounts->len == 0)
    finish (cautious, NULL);
  else /* for somebody, so that it waits behind a long search no longer than it may take itself */
    supervised_call (core->reader, "known", question (cautious), NULL, request, on_known, cautious);
}

GVariant *
flow_caution_servers (struct core *core, struct core_account *account_or_null)
{
  GVariantBuilder ids, hosts;
  g_variant_builder_init (&ids, G_VARIANT_TYPE_STRING_ARRAY);
  g_variant_builder_init (&hosts, G_VARIANT_TYPE_STRING_ARRAY);
  for (guint i = 0; i < core->accounts->len; i++) {
    const struct core_account *one = g_ptr_array_index (core->accounts, i);
    if (account_or_null != NULL && account_or_null != one)
      continue;
    if (one->account->authserv_id != NULL)
      g_variant_builder_add (&ids, "s", one->account->authserv_id);
    else
      g_variant_builder_add (&hosts, "s", one->account->imap_host);
  }
  return g_variant_new_parsed ("{'ids': <%@as>, 'hosts': <%@as>}", g_variant_builder_end (&ids),
                               g_variant_builder_end (&hosts));
}
