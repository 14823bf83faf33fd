/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* One folder: made, renamed, deleted, subscribed, asked about; and who the server says it is (RFC 2971). */
#include "mail/net/imap_p.h"

#include "mail/message/sanitise.h"
#include "mail/net/imap_name.h"

#include <string.h>

/* A name goes out only where it can be nothing but a name. */
static gboolean
begin (struct imap *imap, const char *path, const char *what, GError **error)
{
  if (imap_name_is_safe (path))
    return imap_begin (imap, IMAP_SMALL, IMAP_COMMAND_S, error);
  return imap_failed (imap, MAILIMAP_ERROR_INVAL, what, error);
}

static const char *
use_of (const char *role)
{
  static const struct {
    const char *role, *use;
  } uses[] = {
    { "drafts", "Drafts" }, { "sent", "Sent" }, { "archive", "Archive" }, { "trash", "Trash" }, { "junk", "Junk" }
  };
  for (gsize i = 0; i < G_N_ELEMENTS (uses); i++)
    if (strcmp (uses[i].role, role) == 0)
      return uses[i].use;
  return NULL;
}

/* CREATE "Sent" (USE (\Sent)). FALSE: not this way. */
static gboolean
create_special (struct imap *imap, const char *path, const char *role, const char *what)
{
  if (use_of (role) == NULL || !imap_has (imap, "CREATE-SPECIAL-USE") || strpbrk (path, "\"\\") != NULL
      || !begin (imap, path, what, NULL))
    return FALSE;
  g_autofree char *command = g_strdup_printf ("CREATE \"%s\" (USE (\\%s))", path, use_of (role));
  return imap_command (imap, command, what, NULL);
}

gboolean
imap_create (struct imap *imap, const char *path, const char *role, GError **error)
{
  g_autofree char *what = g_strdup_printf ("make the folder “%s”", path);
  if (create_special (imap, path, role, what))
    return TRUE;
  if (!begin (imap, path, what, error))
    return FALSE;
  int code = mailimap_create (imap->session, path);
  return code == MAILIMAP_NO_ERROR || imap_failed (imap, code, what, error);
}

gboolean
imap_rename (struct imap *imap, const char *path, const char *to, GError **error)
{
  g_autofree char *what = g_strdup_printf ("rename the folder “%s” to “%s”", path, to);
  if (!begin (imap, path, what, error) || !begin (imap, to, what, error))
    return FALSE;
  g_clear_pointer (&imap->selected, g_free);
  int code = mailimap_rename (imap->session, path, to);
  if (code == MAILIMAP_NO_ERROR && g_strcmp0 (imap->open, path) == 0) {
    g_free (imap->open);
    imap->open = g_strdup (to);
  }
  return code == MAILIMAP_NO_ERROR || imap_failed (imap, code, what, error);
}

gboolean
imap_delete (struct imap *imap, const char *path, GError **error)
{
  g_autofree char *what = g_strdup_printf ("remove the folder “%s”", path);
  if (!begin (imap, path, what, error))
    return FALSE;
  g_clear_pointer (&imap->selected, g_free);
  int code = mailimap_delete (imap->session, path);
  return code == MAILIMAP_NO_ERROR || imap_failed (imap, code, what, error);
}

gboolean
imap_subscribe (struct imap *imap, const char *path, gboolean subscribe, GError **error)
{
  g_autofree char *what = g_strdup_printf ("%s the folder “%s”", subscribe ? "subscribe to" : "unsubscribe from", path);
  if (!begin (imap, path, what, error))
    return FALSE;
  int code = subscribe ? mailimap_subscribe (imap->session, path) : mailimap_unsubscribe (imap->session, path);
  return code == MAILIMAP_NO_ERROR || imap_failed (imap, code, what, error);
}

gboolean
imap_status (struct imap *imap, const char *path, struct imap_selected *out, GError **error)
{
  static const int atts[]
      = { MAILIMAP_STATUS_ATT_MESSAGES, MAILIMAP_STATUS_ATT_UIDNEXT, MAILIMAP_STATUS_ATT_UIDVALIDITY };
  g_autofree char *what = g_strdup_printf ("say what is in the folder “%s”", path);
  struct mailimap_mailbox_data_status *status = NULL;
  memset (out, 0, sizeof *out);
  if (!begin (imap, path, what, error))
    return FALSE;
  struct mailimap_status_att_list *list = mailimap_status_att_list_new_empty ();
  for (gsize i = 0; i < G_N_ELEMENTS (atts); i++)
    mailimap_status_att_list_add (list, atts[i]);
  int code = mailimap_status (imap->session, path, list, &status);
  mailimap_status_att_list_free (list);
  if (code != MAILIMAP_NO_ERROR)
    return imap_failed (imap, code, what, error);
  for (clistiter *at = status->st_info_list == NULL ? NULL : clist_begin (status->st_info_list); at != NULL;
       at = clist_next (at)) {
    const struct mailimap_status_info *info = clist_content (at);
    if (info->st_att == MAILIMAP_STATUS_ATT_MESSAGES)
      out->exists = info->st_value;
    else if (info->st_att == MAILIMAP_STATUS_ATT_UIDNEXT)
      out->uidnext = info->st_value;
    else if (info->st_att == MAILIMAP_STATUS_ATT_UIDVALIDITY)
      out->uidvalidity = info->st_value;
  }
  mailimap_mailbox_data_status_free (status);
  return TRUE;
}

/* What the server says of itself under this name; NULL: nothing. */
static const char *
id_value (const struct mailimap_id_params_list *said, const char *name)
{
  for (clistiter *at = said == NULL ? NULL : clist_begin (said->idpa_list); at != NULL; at = clist_next (at)) {
    const struct mailimap_id_param *one = clist_content (at);
    if (one->idpa_name != NULL && g_ascii_strcasecmp (one->idpa_name, name) == 0)
      return one->idpa_value;
  }
  return NULL;
}

/* The list takes copies of the words; mailimap_id_basic hands it copies of its own, and forgets them. */
static struct mailimap_id_params_list *
own_id (void)
{
  static char name[] = "name", wardmail[] = "wardmail", version[] = "version", number[] = PACKAGE_VERSION;
  struct mailimap_id_params_list *own = mailimap_id_params_list_new_empty ();
  if (own != NULL) {
    (void) mailimap_id_params_list_add_name_value (own, name, wardmail);
    (void) mailimap_id_params_list_add_name_value (own, version, number);
  }
  return own;
}

char *
imap_server_name (struct imap *imap)
{
  struct mailimap_id_params_list *said = NULL;
  if (!imap_has (imap, "ID") || imap->session->imap_state == MAILIMAP_STATE_NON_AUTHENTICATED
      || !imap_begin (imap, IMAP_SMALL, IMAP_COMMAND_S, NULL))
    return NULL;
  struct mailimap_id_params_list *own = own_id ();
  int code = own == NULL ? MAILIMAP_ERROR_MEMORY : mailimap_id (imap->session, own, &said);
  if (own != NULL)
    mailimap_id_params_list_free (own);
  if (code != MAILIMAP_NO_ERROR)
    (void) imap_failed (imap, code, "say who it is", NULL);
  const char *name = id_value (said, "name");
  g_autofree char *both = name == NULL ? NULL : g_strconcat (name, " ", id_value (said, "version"), NULL);
  if (said != NULL)
    mailimap_id_params_list_free (said);
  if (both == NULL)
    return NULL;
  g_strchomp (both);
  return sanitise (both, (gssize) MIN (strlen (both), 80), SANITISE_LINE);
}
