/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of all subcommands, and how one of them is run. */
#include "ui/commands/command.h"
#include "ui/commands/command_out.h"

#include <string.h>

/* tests/lint/manual compares the names with wardmail(1). */
const struct command commands[] = {
  { "setup", "--name NAME --address ADDRESS [--at-rest none] [--factor none] [--passphrase-fd N]",
    "Make a profile without questions.", command_setup },
  { "account",
    "add NAME --address A --imap HOST:PORT --smtp HOST:PORT [--imap-security tls|starttls] [--smtp-security "
    "tls|starttls] "
    "[--auth password|external] [--user U] [--secret-fd N] [--ca PEM] [--client-cert PEM --client-key PEM] "
    "[--authserv-id ID] [--crl FILE] [--pin PIN]... [--imap-pin PIN]... [--smtp-pin PIN]...\n"
    "list [--json]\ntest NAME\nlogin NAME [--secret-fd N]\nremove NAME",
    "Add, list, test or remove a mail account.", command_account },
  { "sync", "[ACCOUNT] [--json]", "Fetch new mail now and carry changes to the server.", command_sync },
  { "folder",
    "list [--json]\ncreate ACCOUNT/FOLDER\nrename ACCOUNT/FOLDER NEW-NAME\nremove [--yes] ACCOUNT/FOLDER\nsubscribe "
    "ACCOUNT/FOLDER\nunsubscribe ACCOUNT/FOLDER",
    "List, make, rename, remove or subscribe folders, here and on the server.", command_folder },
  { "import", "[--folder FOLDER] PATH...", "Take Maildir folders, mbox files or message files into the local store.",
    command_import },
  { "search", "[--json] [--limit N] [--offset N] QUERY", "List the threads that a query finds, newest first.",
    command_search },
  { "count", "QUERY", "Count the messages that a query finds.", command_count },
  { "reindex", "", "Make the search index anew from the mail on the disk.", command_reindex },
  { "tag", "+TAG|-TAG... -- QUERY", "Add and remove tags of all messages that a query finds.", command_tag },
  { "show",
    "[--json] [--at TIME] [--passphrase-fd N] FILE|-|id:MESSAGE-ID\n--part ID --text [--at TIME] FILE|-|id:MESSAGE-ID\n"
    "--part ID --save FILE --outside [--at TIME] FILE|-|id:MESSAGE-ID",
    "Show a message and the verdict on it, or one of its parts.", command_show },
  { "verify", "[--json] [--at TIME] [--passphrase-fd N] FILE|-|id:MESSAGE-ID",
    "Judge the signature and the encryption of a message.", command_verify },
  { "reply", "--print [--all] [--passphrase-fd N] FILE|-|id:MESSAGE-ID", "Print the reply that would be composed.",
    command_reply },
  { "explain", "[--json] [--from ADDRESS] ADDRESS...", "Say how mail to each address would be protected, and why.",
    command_explain },
  { "send",
    "[--json] [--from A] [--to A]... [--cc A]... [--bcc A]... [--subject S] [--attach FILE]... [--attach-key] "
    "[--receipt] [--later TIME] [--dry-run] [--out DIR] [--passphrase-fd N] < BODY",
    "Send a message, every copy of it encrypted, or hold it and say why.", command_send },
  { "sendmail", "[-t] [-i] [-f ADDRESS] [ADDRESS...] < MESSAGE", "The same, for programs that expect sendmail.",
    command_sendmail },
  { "delivery", "[--json] [--limit N] [QUERY|id:MESSAGE-ID]",
    "Say what became of what was sent, as far as it is known, for each recipient.", command_delivery },
  { "outbox", "[list] [--json]\nretry|edit|stop|sent ID [--json] [--passphrase-fd N]\nremove ID [--yes] [--json]",
    "List what waits to be sent and what became of it, or decide about one message of it.", command_outbox },
  { "receipt", "[--json] [--no] id:MESSAGE-ID",
    "Tell the sender of a message, who asks for it, that you opened it; or that he is told nothing.", command_receipt },
  { "tell", "[--json] [--from ADDRESS] [--dry-run] [--yes] [--again] ADDRESS",
    "Ask somebody for a key, with a fixed note without protection that is shown first.", command_tell },
  { "key",
    "import [--passphrase-fd N] FILE...\nlist [--json] [ADDRESS]\ntrust FINGERPRINT\n"
    "new [--kind pgp|smime] [--address A] [--name NAME] [--algorithm NAME] [--another] [--protect [--passphrase-fd N]] "
    "[--out FILE] [--json]\n"
    "request [--json] [--out FILE [ADDRESS]] [--drop NUMBER]\n"
    "export [--kind pgp|smime] [--out FILE] FINGERPRINT|ADDRESS\n"
    "renew [--same-key] [--out FILE] [--json] FINGERPRINT\n"
    "revoke [--reason none|compromised|superseded|retired] [--yes] [--out FILE] [--json] FINGERPRINT\n"
    "backup [--json] [--passphrase-fd N] --out FILE\nrestore [--json] [--passphrase-fd N] FILE\n"
    "card add [--kind pgp|smime] [--passphrase-fd N] [--module MODULE]",
    "Make keys, renew them, revoke them, back them up, take them in, give them out, list them, or mark one as "
    "compared.",
    command_key },
  { "ca", "import FILE...", "Take in certificates of authorities to trust, and revocation lists.", command_ca },
  { "cert-check", "[--json] [--host NAME] [--at TIME] [--trust PEM]... [--crl FILE]... [--pin PIN]... CHAIN.pem",
    "Judge a file of certificates as if a server had shown it.", command_cert_check },
  { "help", "[SUBCOMMAND]", "Say what there is, or how one subcommand is used.", command_help },
  { "version", "[--json]", "Say which version this is.", command_version },
  { NULL, NULL, NULL, NULL },
};

const struct command *
commands_find (const char *name)
{
  for (const struct command *command = commands; command->name != NULL; command++)
    if (strcmp (command->name, name) == 0)
      return command;
  return NULL;
}

static gboolean
asks_for_help (int argc, char **argv)
{
  for (int i = 1; i < argc && strcmp (argv[i], "--") != 0; i++)
    if (strcmp (argv[i], "--help") == 0)
      return TRUE;
  return FALSE;
}

int
commands_run (const char *profile, int argc, char **argv)
{
  const struct command *command = commands_find (argv[0]);
  if (command == NULL)
    return (int) command_out_misuse (NULL, "wardmail has no subcommand “%s”.", argv[0]);
  struct command_context context = { .profile = profile, .paths = paths_new (profile) };
  enum command_exit code;
  if (asks_for_help (argc, argv)) {
    char *help[] = { (char *) "help", argv[0], NULL };
    code = command_help (&context, 2, help);
  } else {
    code = command->run (&context, argc, argv);
  }
  code = command_out_finish (code);
  command_context_clear (&context);
  return (int) code;
}
