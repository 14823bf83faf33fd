/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What the lookup worker has to know to ask LDAP directories: the organisation's servers, then the user's, and whether domains may be asked. */
#include "mail/engine/directory.h"

#include "config/ldapserver.h"

static void
add_servers (GVariantBuilder *rows, GPtrArray *servers, const char *ca_file)
{
  for (guint i = 0; servers != NULL && i < servers->len; i++) {
    const struct ldapserver *server = g_ptr_array_index (servers, i);
    g_auto (GVariantDict) row = G_VARIANT_DICT_INIT (NULL);
    g_variant_dict_insert (&row, "host", "s", server->host);
    g_variant_dict_insert (&row, "port", "u", (guint32) server->port);
    g_variant_dict_insert (&row, "tls", "s", server->tls);
    g_variant_dict_insert (&row, "base", "s", server->base);
    if (ca_file != NULL)
      g_variant_dict_insert (&row, "ca_file", "s", ca_file);
    g_variant_builder_add (rows, "@a{sv}", g_variant_dict_end (&row));
  }
}

void
directory_ldap_ask (struct core *core, GVariantDict *args)
{
  const char *why = NULL;
  GVariantBuilder rows;
  g_variant_builder_init (&rows, G_VARIANT_TYPE ("aa{sv}"));
  if (core->policy != NULL)
    add_servers (&rows, core->policy->ldap_servers, core->policy->ldap_ca);
  if (core->settings != NULL) {
    g_autoptr (GPtrArray) own
        = ldapserver_list (core->settings->ldap_servers, &why); /* it was checked when it was read */
    add_servers (&rows, own, core->settings->ldap_ca);
  }
  g_variant_dict_insert_value (args, "servers", g_variant_builder_end (&rows));
  g_variant_dict_insert (args, "by_domain", "b", core->policy != NULL && core->policy->allow_ldap_domains);
}

void
directory_ldap_files (struct core *core, GPtrArray *files)
{
  if (core->policy != NULL && core->policy->ldap_ca != NULL)
    g_ptr_array_add (files, core->policy->ldap_ca);
  if (core->settings != NULL && core->settings->ldap_ca != NULL)
    g_ptr_array_add (files, core->settings->ldap_ca);
}
