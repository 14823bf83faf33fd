/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether the person is to be reminded of a back-up: only where a key was made here, which is nowhere else until then. */
#include "crypto/keys/keyring_life.h"
#include "crypto/keys/keyring_p.h"

#define BACKUP "backup"
#define WANTED "wanted"

gboolean
keyring_remind (struct keyring *keyring, gboolean wanted, GError **error)
{
  g_autoptr (GKeyFile) file = keyring_file_read (keyring, &keyring_told, error);
  if (file == NULL)
    return FALSE;
  if (g_key_file_get_boolean (file, BACKUP, WANTED, NULL) == wanted)
    return TRUE;
  g_key_file_set_boolean (file, BACKUP, WANTED, wanted);
  return keyring_file_write (keyring, &keyring_told, file, error);
}

char *
keyring_remind_text (GKeyFile *told)
{
  if (!g_key_file_get_boolean (told, BACKUP, WANTED, NULL))
    return NULL;
  return g_strdup (
      "Your own key is in no back-up yet: should this computer be lost, mail that was encrypted to you can "
      "never be read again. Make one: wardmail key backup --out FILE");
}
