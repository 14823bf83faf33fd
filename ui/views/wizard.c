/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The first start: who you are, where your mail is, does it work. Writes the files that `setup` and `account add` write. */
#include "config/accounts.h"
#include "ui/save.h"
#include "ui/screen/key.h"
#include "ui/screen/prompt.h"
#include "ui/screen/text.h"
#include "ui/views/fields.h"
#include "ui/views/form.h"
#include "ui/views/views.h"

#include <string.h>

enum page { PAGE_PERSON = 0, PAGE_SERVERS };
enum {
  SERVER_IMAP = 0,
  SERVER_IMAP_SECURITY,
  SERVER_SMTP,
  SERVER_SMTP_SECURITY,
  SERVER_USER,
  SERVER_PASSWORD,
  SERVER_CA
};

struct wizard {
  struct view view;
  enum page page;
  gboolean asks_folder; /* started without --profile */
  char *folder;         /* the one that was made */
  struct form form;
  gboolean working;
  char *said; /* one sentence under the form */
  gboolean trouble;
};

static void
say (struct wizard *wizard, gboolean trouble, const char *text)
{
  g_free (wizard->said);
  wizard->said = g_strdup (text);
  wizard->trouble = trouble;
  app_dirty (wizard->view.app);
}

static void
begin_person (struct wizard *wizard)
{
  const struct settings *settings = app_settings (wizard->view.app);
  form_clear (&wizard->form);
  form_init (&wizard->form);
  wizard->page = PAGE_PERSON;
  if (wizard->asks_folder)
    form_add (&wizard->form, "Folder", "Where this test profile keeps everything.", "~/wardmail-test", FALSE);
  form_add (&wizard->form, "Your name", "As others shall see it, for example Dr. Alice Moreno.",
            settings != NULL ? settings->name : "", FALSE);
  form_add (&wizard->form, "Your mail address", "For example alice@hospital.example.",
            settings != NULL ? settings->address : "", FALSE);
}

static void
begin_servers (struct wizard *wizard)
{
  form_clear (&wizard->form);
  form_init (&wizard->form);
  wizard->page = PAGE_SERVERS;
  form_add (&wizard->form, "IMAP server", "Where mail is read: name:port, for example imap.hospital.example:993.", "",
            FALSE);
  form_add (&wizard->form, "  its encryption", "tls (usual for port 993) or starttls (usual for port 143).", "tls",
            FALSE);
  form_add (&wizard->form, "SMTP server", "Where mail is sent: name:port, for example smtp.hospital.example:465.", "",
            FALSE);
  form_add (&wizard->form, "  its encryption", "tls (usual for port 465) or starttls (usual for port 587).", "tls",
            FALSE);
  form_add (&wizard->form, "User name", "As the servers know you; often the mail address.",
            app_settings (wizard->view.app)->address, FALSE);
  form_add (&wizard->form, "Password", "It is not shown while you type.", "", TRUE);
  form_add (&wizard->form, "CA file", "Usually empty; a PEM file if your servers have an authority of their own.", "",
            FALSE);
}

/* ---- First page: the profile ---- */

static void
discovered (struct view *view, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  static const struct {
    guint field;
    const char *name;
  } proposals[] = {
    { SERVER_IMAP, "imap" },
    { SERVER_IMAP_SECURITY, "imap_security" },
    { SERVER_SMTP, "smtp" },
    { SERVER_SMTP_SECURITY, "smtp_security" },
  };
  struct wizard *wizard = (struct wizard *) view;
  if (reply == NULL || wizard->page != PAGE_SERVERS || wizard->form.focus > 0
      || *form_text (&wizard->form, SERVER_IMAP) != '\0')
    return;
  for (gsize i = 0; i < G_N_ELEMENTS (proposals); i++)
    if (*fields_text (reply, proposals[i].name) != '\0')
      form_set (&wizard->form, proposals[i].field, fields_text (reply, proposals[i].name));
  if (*fields_text (reply, "imap") != '\0')
    say (wizard, FALSE, "These servers were found for your address. Check them, then type the password.");
}

static gboolean
make_profile (struct wizard *wizard, GError **error)
{
  guint at = wizard->asks_folder ? 1 : 0;
  const char *name = form_text (&wizard->form, at), *address = form_text (&wizard->form, at + 1);
  g_autofree char *folder = wizard->asks_folder && *form_text (&wizard->form, 0) != '\0'
                                ? save_path (form_text (&wizard->form, 0), NULL)
                                : NULL;
  const char *host = strrchr (address, '@');
  if (*name == '\0' || host == NULL || host == address || host[1] == '\0' || (folder == NULL && wizard->asks_folder)) {
    g_set_error (error, CONFIG_ERROR, CONFIG_ERROR_FAILED,
                 *name == '\0' ? "Please type your name."
                               : "Please type your whole mail address, for example alice@hospital.example.");
    return FALSE;
  }
  /* config_dir is DIR/config where there is one folder. */
  g_autofree char *profile = g_path_get_dirname (app_paths (wizard->view.app)->config_dir);
  AUTOFREE (paths) paths = paths_new (wizard->asks_folder ? folder : profile);
  AUTOFREE (settings) settings = settings_new ();
  g_free (settings->name);
  g_free (settings->address);
  settings->name = g_strstrip (g_strdup (name));
  settings->address = g_strstrip (g_strdup (address));
  settings->at_rest = AT_REST_NONE;
  if (!paths_make (paths, error) || !settings_save (settings, paths, error))
    return FALSE;
  wizard->folder = g_steal_pointer (&folder);
  app_adopt (wizard->view.app, g_steal_pointer (&paths), g_steal_pointer (&settings));
  return TRUE;
}

static void
finish_person (struct wizard *wizard)
{
  g_autoptr (GError) error = NULL;
  if (!make_profile (wizard, &error)) {
    say (wizard, TRUE, error->message);
    return;
  }
  begin_servers (wizard);
  say (wizard, FALSE, "");
  const char *domain = strrchr (app_settings (wizard->view.app)->address, '@') + 1;
  GVariantBuilder args;
  g_variant_builder_init (&args, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&args, "{sv}", "domain", g_variant_new_string (domain));
  app_call (&wizard->view, "discover", g_variant_builder_end (&args), NULL, discovered, NULL);
}

/* ---- Second page: the account ---- */

static void
enter (struct wizard *wizard)
{
  struct app *app = wizard->view.app;
  if (wizard->folder != NULL)
    app_notice (app, NOTICE_INFO, "All is set up. Next time start: wardmail --profile %s", wizard->folder);
  else
    app_notice (app, NOTICE_INFO, "All is set up.");
  app_enter (app);
}

static void
after_trouble (struct app *app, char choice, gpointer data)
{
  if (choice == 'k')
    enter (data);
}

static void
tested (struct view *view, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  static const char *const choices[] = { "c", "Correct it", "k", "Keep it as it is and go on", NULL };
  struct wizard *wizard = (struct wizard *) view;
  wizard->working = FALSE;
  if (reply != NULL) {
    enter (wizard);
    return;
  }
  say (wizard, TRUE, error->message);
  prompt_choice (view->app, "The servers could not be used with this.", choices, after_trouble, wizard);
}

static void
failed (struct wizard *wizard, const GError *error)
{
  wizard->working = FALSE;
  say (wizard, TRUE, error->message);
}

static void
secret_kept (struct view *view, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct wizard *wizard = (struct wizard *) view;
  if (reply == NULL) {
    failed (wizard, error);
    return;
  }
  say (wizard, FALSE, "Trying to sign in at both servers…");
  GVariantBuilder args;
  g_variant_builder_init (&args, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&args, "{sv}", "account", g_variant_new_string (data));
  app_call (view, "account_test", g_variant_builder_end (&args), NULL, tested, NULL);
}

static const char account_name[] = "main";

static void
reloaded (struct view *view, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct wizard *wizard = (struct wizard *) view;
  if (reply == NULL) {
    failed (wizard, error);
    return;
  }
  const char *password = form_text (&wizard->form, SERVER_PASSWORD);
  GVariantBuilder args;
  g_variant_builder_init (&args, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&args, "{sv}", "account", g_variant_new_string (account_name));
  g_variant_builder_add (&args, "{sv}", "secret", fields_secret (password, strlen (password)));
  app_call (view, "account_secret", g_variant_builder_end (&args), NULL, secret_kept, (gpointer) account_name);
}

static gboolean
read_security (const char *text, enum account_security *security_out, GError **error)
{
  g_autofree char *word = g_strstrip (g_ascii_strdown (text, -1));
  *security_out = strcmp (word, "starttls") == 0 ? ACCOUNT_STARTTLS : ACCOUNT_TLS;
  if (strcmp (word, "tls") == 0 || strcmp (word, "starttls") == 0)
    return TRUE;
  g_set_error (error, CONFIG_ERROR, CONFIG_ERROR_FAILED,
               "The encryption of a server is “tls” or “starttls”; without it wardmail does not connect.");
  return FALSE;
}

static gboolean
read_server (const char *text, const char *what, char **host_out, guint16 *port_out, GError **error)
{
  g_autofree char *trimmed = g_strstrip (g_strdup (text));
  if (account_parse_host_port (trimmed, host_out, port_out))
    return TRUE;
  g_set_error (error, CONFIG_ERROR, CONFIG_ERROR_FAILED,
               "The %s server needs its name and port, for example mail.hospital.example:%s.", what,
               strcmp (what, "IMAP") == 0 ? "993" : "465");
  return FALSE;
}

static gboolean
save_account (struct wizard *wizard, GError **error)
{
  const struct form *form = &wizard->form;
  AUTOFREE (account) account = account_new ();
  g_free (account->name);
  g_free (account->address);
  g_free (account->user);
  account->name = g_strdup (account_name);
  account->address = g_strdup (app_settings (wizard->view.app)->address);
  account->user = g_strstrip (g_strdup (form_text (form, SERVER_USER)));
  account->auth = ACCOUNT_AUTH_PASSWORD;
  if (!read_server (form_text (form, SERVER_IMAP), "IMAP", &account->imap_host, &account->imap_port, error)
      || !read_security (form_text (form, SERVER_IMAP_SECURITY), &account->imap_security, error)
      || !read_server (form_text (form, SERVER_SMTP), "SMTP", &account->smtp_host, &account->smtp_port, error)
      || !read_security (form_text (form, SERVER_SMTP_SECURITY), &account->smtp_security, error))
    return FALSE;
  if (*form_text (form, SERVER_CA) != '\0')
    account->ca_file = save_path (form_text (form, SERVER_CA), NULL);
  if (*form_text (form, SERVER_PASSWORD) == '\0') {
    g_set_error (error, CONFIG_ERROR, CONFIG_ERROR_FAILED, "Please type the password.");
    return FALSE;
  }
  if (!account_check (account, error))
    return FALSE;
  g_autoptr (GPtrArray) accounts = g_ptr_array_new ();
  g_ptr_array_add (accounts, account);
  return accounts_save (accounts, app_paths (wizard->view.app), error);
}

static void
finish_servers (struct wizard *wizard)
{
  g_autoptr (GError) error = NULL;
  if (!save_account (wizard, &error)) {
    say (wizard, TRUE, error->message);
    return;
  }
  wizard->working = TRUE;
  say (wizard, FALSE, "Please wait…");
  app_call (&wizard->view, "reload", NULL, NULL, reloaded, NULL);
}

/* ---- As a view ---- */

static const char *
introduction (const struct wizard *wizard)
{
  if (wizard->page == PAGE_SERVERS)
    return "Where is your mail? Both servers must prove who they are; wardmail never connects without encryption.";
  if (wizard->asks_folder)
    return "Welcome to wardmail. This version cannot encrypt the mail it keeps on this disk yet, so it only makes test "
           "profiles: "
           "whoever can read this disk can read the mail in it. Do not use it for real patients' data. Everything will "
           "be in one "
           "folder, which you can delete later.";
  return "Welcome to wardmail. This is a test profile: this version keeps the mail in it unencrypted on this disk. Do "
         "not use it "
         "for real patients' data.";
}

static void
wizard_draw (struct view *view, const struct area *area, gboolean focused)
{
  struct wizard *wizard = (struct wizard *) view;
  struct area inner = { area->y, area->x + 1, area->height, MIN (area->width - 2, 90) };
  int y = area->height > 15 ? 1 : 0;
  draw_clear (area, STYLE_TEXT);
  g_autoptr (GPtrArray) rows = text_wrap (introduction (wizard), inner.width - 1, 8);
  for (guint i = 0; i < rows->len; i++)
    draw_text (&inner, y++, 1, inner.width - 1, STYLE_TEXT, g_ptr_array_index (rows, i));
  y++;
  y += form_draw (&wizard->form, &inner, y, focused && !wizard->working) + 1;
  if (wizard->said == NULL)
    return;
  g_autoptr (GPtrArray) said = text_wrap (wizard->said, inner.width - 1, 6);
  for (guint i = 0; i < said->len; i++)
    draw_text (&inner, y++, 1, inner.width - 1, wizard->trouble ? STYLE_STATUS_WARN : STYLE_STRONG,
               g_ptr_array_index (said, i));
}

static void
leave_answered (struct app *app, char choice, gpointer data)
{
  if (choice == 'l')
    app_quit (app, 0);
}

static gboolean
wizard_act (struct view *view, enum action action)
{
  static const char *const choices[] = { "l", "Leave", "s", "Stay", NULL };
  struct wizard *wizard = (struct wizard *) view;
  if (wizard->working && action != ACTION_CANCEL)
    return action != ACTION_REDRAW && action != ACTION_SUSPEND;
  switch ((int) action) {
  case ACTION_OPEN:
    if (form_step (&wizard->form, 1))
      return TRUE;
    if (wizard->page == PAGE_PERSON)
      finish_person (wizard);
    else
      finish_servers (wizard);
    return TRUE;
  case ACTION_NEXT_FIELD:
    form_step (&wizard->form, 1);
    return TRUE;
  case ACTION_PREVIOUS_FIELD:
    form_step (&wizard->form, -1);
    return TRUE;
  case ACTION_CANCEL:
    prompt_choice (view->app, "Leave wardmail? The set-up is not finished.", choices, leave_answered, wizard);
    return TRUE;
  default:
    return FALSE;
  }
}

static void
wizard_type (struct view *view, int key)
{
  struct wizard *wizard = (struct wizard *) view;
  if (!wizard->working)
    form_key (&wizard->form, key);
}

static void
wizard_paste (struct view *view, const char *text)
{
  struct wizard *wizard = (struct wizard *) view;
  if (!wizard->working)
    form_paste (&wizard->form, text);
}

static char *
wizard_title (struct view *view)
{
  return g_strdup (((struct wizard *) view)->page == PAGE_PERSON ? "Set-up, step 1 of 2" : "Set-up, step 2 of 2");
}

static void
wizard_free (struct view *view)
{
  struct wizard *wizard = (struct wizard *) view;
  form_clear (&wizard->form);
  g_free (wizard->folder);
  g_free (wizard->said);
  g_free (wizard);
}

static const struct view_class wizard_class = {
  .place = PLACE_WIZARD,
  .alone = TRUE,
  .draw = wizard_draw,
  .act = wizard_act,
  .type = wizard_type,
  .paste = wizard_paste,
  .title = wizard_title,
  .free = wizard_free,
};

struct view *
wizard_new (struct app *app)
{
  struct wizard *wizard = g_new0 (struct wizard, 1);
  wizard->view.class = &wizard_class;
  wizard->view.app = app;
  wizard->asks_folder = !app_paths (app)->single;
  if (app_settings (app) == NULL)
    begin_person (wizard);
  else
    begin_servers (wizard);
  return &wizard->view;
}
