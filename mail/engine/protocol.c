/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of all methods and events. See protocol.h for how it is used.
 *
 * Conventions: times are "x", seconds since the epoch UTC. Addresses are addr-specs. Paths are absolute. Text fields that came from mail have
 * passed the sanitiser. "h" fields index the message's file descriptors. Rows are "aa{sv}"; their fields are named in comments.
 * "data" fds are read-only memfds or files, positioned at 0. */
#include "mail/engine/protocol.h"
#include "mail/engine.h"

#include <string.h>

#define F(...) ((const struct protocol_field[]){ __VA_ARGS__, { NULL, NULL, FALSE } })
#define MUST(name, type)                                                                                               \
  {                                                                                                                    \
    name, type, TRUE                                                                                                   \
  }
#define MAY(name, type)                                                                                                \
  {                                                                                                                    \
    name, type, FALSE                                                                                                  \
  }
#define NOTHING ((const struct protocol_field[]){ { NULL, NULL, FALSE } })

/* A message named by its file (fd) or by its Message-ID in the index; one of the two. */
#define MESSAGE MAY ("file", "h"), MAY ("id", "s"), MAY ("at", "x")
/* draft: { from s, to as, cc as, bcc as (each "Name <a@b>" or "a@b"), subject s, body s,
 *          in_reply_to s, references as, parent_protected b, confidential as (addresses that are not to be named outside), attachments a(ssh) (filename, type or "", fd), date x, message_id s,
 *          ask_receipt b (its readers are asked to say that they opened it), receipt a{sv} (it is such an answer, by the engine: message_id s, recipient s, automatic b),
 *          legacy_display b (the keys worker's own: the text repeats what only it shows of the header) } */

/* The life of keys. kind: "pgp" or "smime". An OpenPGP key comes back in keys; a key of S/MIME waits for its certificate, and is one row of
 * requests: id s, address s, algorithm s, time x, data h (the request, PEM). passphrase: of the key's own, for OpenPGP. */
#define KEY_NEW                                                                                                        \
  F (MUST ("kind", "s"), MUST ("address", "s"), MAY ("name", "s"), MAY ("algorithm", "s"), MAY ("another", "b"),       \
     MAY ("passphrase", "ay")),                                                                                        \
      F (MUST ("keys", "aa{sv}"), MUST ("requests", "aa{sv}"))
/* Of the user's own, by fingerprint; the reply as of "key_new". */
#define KEY_RENEW F (MUST ("key", "s"), MAY ("same_key", "b")), F (MUST ("keys", "aa{sv}"), MUST ("requests", "aa{sv}"))
/* Any key, by fingerprint. reason: "none", "compromised", "superseded", "retired". for_good: an OpenPGP key of the user's own, revoked; data
 * is what others have to get. All other keys are no longer used here ("stopped" in key_list) until they are compared again (key_trust);
 * of the user's own certificates issuer and serial say who can revoke them. */
#define KEY_REVOKE                                                                                                     \
  F (MUST ("key", "s"), MAY ("reason", "s")),                                                                          \
      F (MUST ("protocol", "s"), MUST ("fingerprint", "s"), MUST ("address", "s"), MUST ("own", "b"),                  \
         MUST ("for_good", "b"), MAY ("data", "h"), MAY ("issuer", "s"), MAY ("serial", "s"))
/* data: sealed under the passphrase; pgp, smime: how many keys are in it; on_card: fingerprints of those that cannot be. */
#define KEY_BACKUP                                                                                                     \
  F (MUST ("passphrase", "ay")), F (MUST ("data", "h"), MUST ("pgp", "u"), MUST ("smime", "u"), MUST ("on_card", "as"))
/* key: a fingerprint or an address; own: of the user's own alone. The public half. */
#define KEY_EXPORT                                                                                                     \
  F (MUST ("key", "s"), MAY ("kind", "s"), MAY ("own", "b")),                                                          \
      F (MUST ("data", "h"), MUST ("filename", "s"), MUST ("type", "s"), MUST ("fingerprint", "s"),                    \
         MUST ("protocol", "s"))

/* A chain of certificates before the judge of servers. trust, crl: files in place of the system's authorities, and of revocation lists. result:
 * "SUCCESS", "FAILURE"; reason: a word for programs; pin, subject: of the first certificate, "" if there is none. */
#define CERT_CHECK                                                                                                     \
  F (MUST ("chain", "h"), MAY ("host", "s"), MAY ("at", "x"), MAY ("trust", "ah"), MAY ("crl", "ah"),                  \
     MAY ("pins", "as")),                                                                                              \
      F (MUST ("result", "s"), MUST ("reason", "s"), MUST ("sentence", "s"), MUST ("pin", "s"), MUST ("subject", "s"), \
         MUST ("from", "x"), MUST ("until", "x"))

/* clang-format off: tables, a row a line */
static const struct protocol_method methods[] = {
  /* ---- The door: clients to engine ---- */
  { PEER_ENGINE, "hello", F (MUST ("version", "s")), F (MUST ("version", "s"), MUST ("pid", "u")), 10, FALSE },
  /* accounts: name s, address s, state s ("offline","connecting","syncing","idle","failed"), text s (plain sentence)
   * workers: name s, pid u, restarts u; indexing: the index has not all mail (it is being made anew, or will be) */
  { PEER_ENGINE, "status", NOTHING,
    F (MUST ("accounts", "aa{sv}"), MUST ("workers", "aa{sv}"), MUST ("outbox", "u"), MAY ("indexing", "b")), 10,
    FALSE },
  /* Read accounts.conf and settings again, after setup or account add. */
  { PEER_ENGINE, "reload", NOTHING, NOTHING, 10, FALSE },
  { PEER_ENGINE, "account_secret", F (MUST ("account", "s"), MUST ("secret", "ay")), NOTHING, 10, FALSE },
  { PEER_ENGINE, "account_forget", F (MUST ("account", "s")), NOTHING, 10, FALSE },
  { PEER_ENGINE, "account_test", F (MUST ("account", "s")), F (MUST ("imap", "s"), MUST ("smtp", "s")), 90, FALSE },
  { PEER_ENGINE, "discover", F (MUST ("domain", "s")),
    F (MAY ("imap", "s"), MAY ("imap_security", "s"), MAY ("smtp", "s"), MAY ("smtp_security", "s")), 15, FALSE },
  /* folders: account s, path s (as on the server), name s (to show), role s ("inbox","drafts","sent","archive","trash","junk",""), query s, unread u, total u,
   * space s (whose: "" the person's own, "other", "shared"), subscribed b, kept b (its mail is kept here) */
  { PEER_ENGINE, "folders", NOTHING, F (MUST ("folders", "aa{sv}")), 20, FALSE },
  /* What a person does to a folder. action: "create", "rename" (to: the new name), "remove" (with its mail), "subscribe", "unsubscribe". folder:
   * "account/name", as listed or as people write it. mails: how many went with it. online: the server is told at once. */
  { PEER_ENGINE, "folder", F (MUST ("action", "s"), MUST ("folder", "s"), MAY ("to", "s")),
    F (MUST ("mails", "u"), MAY ("online", "b")), 60, TRUE },
  /* rows: thread s, subject s, authors s, date x, matched u, total u, tags as, newest s (id of the newest matching message), and where
   * recipients are asked for: recipients s (whom that message goes to) */
  { PEER_ENGINE, "threads", F (MUST ("query", "s"), MAY ("limit", "u"), MAY ("offset", "u"), MAY ("recipients", "b")),
    F (MUST ("rows", "aa{sv}"), MUST ("more", "b")), 60, FALSE },
  /* rows: id s, from s, to s, subject s, date x, tags as, depth u, matched b, path s */
  { PEER_ENGINE, "thread", F (MUST ("thread", "s"), MAY ("query", "s")), F (MUST ("rows", "aa{sv}")), 20, FALSE },
  { PEER_ENGINE, "count", F (MUST ("query", "s")), F (MUST ("count", "u")), 60, FALSE },
  { PEER_ENGINE, "tag", F (MUST ("query", "s"), MUST ("add", "as"), MUST ("remove", "as")), F (MUST ("changed", "u")),
    300, FALSE },
  /* action: "read","unread","flag","unflag","archive","delete","move" (then folder: "account/path"), "back" (then folder: a home).
   * homes: where what was archived or deleted lay before: message id, home. Opaque, for "back". */
  { PEER_ENGINE, "change", F (MUST ("ids", "as"), MUST ("action", "s"), MAY ("folder", "s")),
    F (MUST ("changed", "u"), MAY ("homes", "a(ss)")), 60, FALSE },
  /* view: exactly the object of `show --json`, plus "verdict" (line s, tone s: none|good|warn|bad),
   * "segments" (aa{sv}: part s, text s, signed b, encrypted b, unproven b, note s), "protected" b
   * Of a mail whose header alone is here the body is fetched; what has not come in 3 s (wait: 20 s) is shown without, with the warning
   * "header_only", goes on coming, and is announced by "changed". here: nothing is fetched. */
  { PEER_ENGINE, "show", F (MESSAGE, MAY ("wait", "b"), MAY ("here", "b")), F (MUST ("view", "a{sv}")), 30, FALSE },
  /* warning: a sentence where the file is dangerous, or not what it says */
  { PEER_ENGINE, "part", F (MESSAGE, MUST ("part", "s")),
    F (MUST ("data", "h"), MUST ("filename", "s"), MUST ("type", "s"), MAY ("charset", "s"), MAY ("warning", "s")), 30,
    FALSE },
  /* The same as text to read, where there is a safe way to make it. */
  { PEER_ENGINE, "part_text", F (MESSAGE, MUST ("part", "s")),
    F (MUST ("text", "s"), MUST ("filename", "s"), MUST ("type", "s"), MAY ("warning", "s")), 30, FALSE },
  /* Where it is forwarded, the draft carries its attachments along. */
  { PEER_ENGINE, "reply", F (MESSAGE, MAY ("all", "b"), MAY ("forward", "b")), F (MUST ("draft", "a{sv}")), 30, FALSE },
  /* routes: address s, kind s ("to","cc","bcc","from"), route s, reason s, sentence s, next s, tell b (a note may ask for a key), key a{sv} (fingerprint, source, trust s, expires x),
   * candidates aa{sv}: the keys that were considered, best first: the fields of key, and protocol s, owner s, own b, reason s, sentence s;
   * looking b: directories on the network are being asked for it, and an event "keys" will tell when they have answered
   * wait: answer when they have, or after 2 s; without it the answer comes at once. unfinished: still being typed, so not to be looked up. */
  { PEER_ENGINE, "routes",
    F (MAY ("from", "s"), MUST ("to", "as"), MAY ("cc", "as"), MAY ("bcc", "as"), MAY ("parent_protected", "b"),
       MAY ("wait", "b"), MAY ("unfinished", "as")),
    F (MUST ("routes", "aa{sv}"), MUST ("held", "u")), 20, FALSE },
  /* mode: "send" (default), "dry-run" (copies with data; nothing stored, nothing sent)
   * copies: method s, recipients as, cipher s (S/MIME), data h (dry-run only); held: address s, reason s, sentence s, next s
   * state: "sent" (the server took every copy), "queued" (kept in the outbox; text says why), "unknown" (kept there too: the server may have taken
   * it), "partly" (the server took it for some and refused it for others, who are kept there), "scheduled" (kept there until its time), "held"
   * (kept: in Drafts, else there was no account or no key of one's own to keep it by; what could not be written fails the call), "failed" (refused for everybody; kept in the outbox), "dry-run". again: a call with the same message_id in its draft was
   * lost with the engine; what that one has sent is not sent twice. delay_s: not before so many seconds are over; not_before: not before then.
   * outbox: its id there; people: as of outbox. */
  { PEER_ENGINE, "send",
    F (MUST ("draft", "a{sv}"), MAY ("mode", "s"), MAY ("draft_id", "s"), MAY ("wait", "b"), MAY ("again", "b"),
       MAY ("delay_s", "u"), MAY ("not_before", "x")),
    F (MUST ("state", "s"), MUST ("text", "s"), MUST ("message_id", "s"), MUST ("copies", "aa{sv}"),
       MUST ("held", "aa{sv}"), MAY ("outbox", "s"), MAY ("people", "aa{sv}"), MAY ("not_before", "x"),
       MAY ("kept", "b")),
    0, FALSE },
  /* The one plaintext message: a note that asks for a key. text: all of it, header and body; date: shown in it. Without date nothing is sent: it says what
   * would be. With the date that came back, within the hour, it is sent. again: although one was sent to the address within a day.
   * state: "shown", "told" (one was sent within a day, so none was now), or as of send. HELD: there is a key, or a note would not help, or policy forbids it. */
  { PEER_ENGINE, "tell", F (MUST ("address", "s"), MAY ("from", "s"), MAY ("date", "x"), MAY ("again", "b")),
    F (MUST ("state", "s"), MUST ("text", "s"), MUST ("message", "s"), MUST ("date", "x")), 0, FALSE },
  /* quiet: nobody is asked for a passphrase; where one is needed it fails. */
  { PEER_ENGINE, "draft_save", F (MUST ("draft", "a{sv}"), MAY ("replaces", "s"), MAY ("quiet", "b")),
    F (MUST ("id", "s")), 60, FALSE },
  { PEER_ENGINE, "draft_drop", F (MUST ("id", "s")), NOTHING, 60, FALSE }, /* for good */
  /* A finished plaintext message, as programs hand it to sendmail, as a draft; "date" is not taken over. */
  { PEER_ENGINE, "draft_parse", F (MUST ("message", "h")), F (MUST ("draft", "a{sv}")), 30, FALSE },
  { PEER_ENGINE, "draft_open", F (MUST ("id", "s")), F (MUST ("draft", "a{sv}")), 30, FALSE },
  /* rows: id s, message_id s, account s, subject s (where it is known), recipients as, state s ("ready","sending","accepted","failed","unknown": the one to know of first), text s,
   * date x (when it was encrypted), not_before x (the person's time; 0: none), next x (when it is tried; 0: not by itself), wait s (what for:
   * "","server","line","sign-in","person"), tries u, late b (it waits for long), note b (in clear: the note that asks for a key),
   * people aa{sv}: address s, state s (as above, or "dropped"), text s */
  { PEER_ENGINE, "outbox", NOTHING, F (MUST ("rows", "aa{sv}")), 150, FALSE },
  /* what: "retry" (send it now, also to those of whom it failed or is unknown), "arrived" (those of whom it is unknown have it), "remove" (who has
   * not got it will not), "stop" (it waits until somebody decides), "take-back" (its record becomes the draft draft_id, then it is removed; nobody is asked
   * for a passphrase). gone: it is no more in the outbox, and nobody got it. */
  { PEER_ENGINE, "outbox_decide", F (MUST ("id", "s"), MUST ("what", "s")),
    F (MUST ("text", "s"), MUST ("gone", "b"), MAY ("draft_id", "s")), 660, FALSE },
  /* Back into Drafts, for those who have not got it; they are in the outbox no more. draft_id: of the draft that was kept. */
  { PEER_ENGINE, "outbox_edit", F (MUST ("id", "s")),
    F (MUST ("draft", "a{sv}"), MUST ("draft_id", "s"), MUST ("text", "s")), 660, FALSE },
  /* What became of what was sent, in all accounts; rows as of smtp.delivery, and subject s where the index knows the message. One of ids and query, else the newest
   * messages: limit of them. */
  /* Answer a request for a receipt ("receipt" of the view: state s, to s, text s; see receipt_asked). answer: "send", "auto" (only where policy says so), "no". state: "sent",
   * "queued", "refused", "before" (it was answered before), "never" */
  { PEER_ENGINE, "receipt", F (MUST ("id", "s"), MUST ("answer", "s")), F (MUST ("state", "s"), MUST ("text", "s")), 0,
    FALSE },
  { PEER_ENGINE, "delivery", F (MAY ("ids", "as"), MAY ("query", "s"), MAY ("limit", "u")), F (MUST ("rows", "aa{sv}")),
    30, FALSE },
  { PEER_ENGINE, "sync", F (MAY ("account", "s")), F (MUST ("accounts", "aa{sv}"), MAY ("problem", "s")), 0,
    FALSE }, /* rows: account s, new u, changed u, removed u, bodies u, bytes t, error s; problem: settings were edited, and cannot be used */
  /* stream: a pipe of messages, each a big-endian u32 length, a byte of flags (1 seen, 2 flagged, 4 answered, 8 forwarded), and its bytes;
   * length 0 ends it. */
  { PEER_ENGINE, "import", F (MUST ("stream", "h"), MAY ("folder", "s")),
    F (MUST ("imported", "u"), MUST ("skipped", "u"), MUST ("text", "s")), 0, FALSE },
  /* Make the index anew from the mail, or wait until it is done. mails: that are in it; damaged: of these, listed by their header alone. */
  { PEER_ENGINE, "reindex", NOTHING, F (MUST ("mails", "u"), MUST ("damaged", "u"), MUST ("text", "s")), 0, FALSE },
  { PEER_ENGINE, "key_import", F (MUST ("files", "ah"), MAY ("passphrase", "ay")), F (MUST ("keys", "aa{sv}")), 60,
    FALSE },
  /* keys: protocol s, fingerprint s, address s, owner s, source s, trust s, fault s, expires x, own b, expiring b (within 30 days),
   * card s ("": the key of an own one is not on a card), changed b, pinned b, barred b (see struct key_candidate), capabilities as */
  { PEER_ENGINE, "key_list", F (MAY ("address", "s")), F (MUST ("keys", "aa{sv}")), 60, FALSE },
  { PEER_ENGINE, "key_trust", F (MUST ("fingerprint", "s")), NOTHING, 30, FALSE },
  /* Take in what is on the smart cards that are in. kind: "smime" (default), "pgp"; module, of "smime": a path, or the name of an
   * installed one */
  { PEER_ENGINE, "card_add", F (MAY ("kind", "s"), MAY ("module", "s")), F (MUST ("keys", "aa{sv}")), 60, FALSE },
  /* What a person should be told of the keys: sentences; none when they were told on the same day. */
  { PEER_ENGINE, "key_notices", NOTHING, F (MUST ("texts", "as")), 60, FALSE },
  { PEER_ENGINE, "key_new", KEY_NEW, 150, TRUE }, /* RSA takes its time */
  { PEER_ENGINE, "key_requests", NOTHING, F (MUST ("requests", "aa{sv}")), 30, FALSE },
  { PEER_ENGINE, "key_request_drop", F (MUST ("id", "s")), NOTHING, 30, TRUE },
  { PEER_ENGINE, "key_export", KEY_EXPORT, 30, FALSE },
  { PEER_ENGINE, "key_renew", KEY_RENEW, 90, TRUE },
  { PEER_ENGINE, "key_revoke", KEY_REVOKE, 60, FALSE },
  { PEER_ENGINE, "key_backup", KEY_BACKUP, 150, FALSE },
  { PEER_ENGINE, "key_backup_done", NOTHING, NOTHING, 30,
    FALSE }, /* it lies where it belongs: nobody need be reminded */
  { PEER_ENGINE, "key_restore", F (MUST ("file", "h"), MUST ("passphrase", "ay")), F (MUST ("keys", "aa{sv}")), 150,
    FALSE },
  /* added: trust anchors; lists: revocation lists */
  { PEER_ENGINE, "ca_import", F (MUST ("file", "h")), F (MUST ("added", "u"), MUST ("lists", "u")), 30, FALSE },
  { PEER_ENGINE, "cert_check", CERT_CHECK, 10, FALSE },

  /* ---- Every worker: its first message. config differs by role, see worker.h ---- */
  /* ---- keys ---- */
  { PEER_KEYS, "start", F (MUST ("keys_dir", "s"), MUST ("policy", "a{sv}")), NOTHING, 10, FALSE },
  /* segments: part s, kind s ("text"|"html"), text s | html ay, signed b, encrypted b, unproven b, note s (a heading such as "unsigned part"; may be "") */
  /* servers: ids as, hosts as (see auth_results.h); origin: see message_origin */
  /* missing: a sentence; the message is but a header, of which nothing is judged. */
  { PEER_KEYS, "inspect", F (MUST ("message", "h"), MAY ("at", "x"), MAY ("servers", "a{sv}"), MAY ("missing", "s")),
    F (MUST ("view", "a{sv}"), MUST ("segments", "aa{sv}"), MUST ("origin", "a{sv}"), MAY ("wants", "aa{sv}")), 4,
    FALSE }, /* "show" answers within 5 s, whatever hangs */
  /* wants: id s, url s, request ay (an OCSP request; without it a CRL is wanted). answers: id s, data h (absent: nothing came). Afterwards
   * inspecting again tells more, or wants something else. */
  { PEER_KEYS, "answers", F (MUST ("answers", "aa{sv}")), NOTHING, 20, FALSE },
  { PEER_KEYS, "part", F (MUST ("message", "h"), MUST ("part", "s"), MAY ("at", "x")),
    F (MUST ("data", "h"), MUST ("filename", "s"), MUST ("type", "s"), MAY ("charset", "s"), MAY ("warning", "s")), 4,
    FALSE },
  /* A plaintext RFC 5322 message of what could be decrypted, same Message-ID, protected Subject; absent if nothing was encrypted or it was withheld. */
  /* report: what a machine or a reader reports of a mail that was sent (message_report_fields): id s (its own), kind s ("delivery", "receipt"), envid s, message_id s, reporter s,
   * signer s (whose good signature is over all of it), lines aa{sv}: original s, final s (addr-specs), action s, words s. Nothing in it is proven but signer. */
  { PEER_KEYS, "shadow", F (MUST ("message", "h")),
    F (MAY ("shadow", "h"), MAY ("encrypted", "b"), MAY ("report", "a{sv}")), 10, FALSE },
  { PEER_KEYS, "routes",
    F (MAY ("from", "s"), MUST ("to", "as"), MAY ("cc", "as"), MAY ("bcc", "as"), MAY ("parent_protected", "b")),
    F (MUST ("routes", "aa{sv}"), MUST ("held", "u"), MUST ("looks", "aa{sv}")), 15, FALSE },
  /* looks: which directories should be asked for whom: source s, address s, wanted b (a key is missing; else the one in use is looked after).
   * What lookup.find_keys answered comes back here; afterwards routes are asked again. */
  { PEER_KEYS, "learn_keys", F (MUST ("source", "s"), MUST ("address", "s"), MUST ("said", "s"), MUST ("keys", "ah")),
    NOTHING, 20, FALSE },
  /* Copies: method s, recipients as, keys as (their fingerprints), ids as, cipher s (S/MIME), data h. Held: as at the door. sent: the Sent record; draft: where somebody is held. */
  /* dry: nothing is remembered of it. look: where keys should be looked up first, nothing is made, and looks (as above) says which */
  { PEER_KEYS, "protect", F (MUST ("draft", "a{sv}"), MAY ("dry", "b"), MAY ("look", "b")),
    F (MUST ("message_id", "s"), MUST ("copies", "aa{sv}"), MUST ("held", "aa{sv}"), MAY ("sent", "h"),
       MAY ("draft", "h"), MAY ("unsealed", "s"),
       MAY ("looks", "aa{sv}")), /* unsealed: what went wrong, though there is a key */
    120, FALSE },
  { PEER_KEYS, "seal", F (MUST ("draft", "a{sv}")), F (MUST ("message_id", "s"), MUST ("draft", "h")), 60, FALSE },
  /* No key is needed; it stands here because this worker is the one that reads hostile MIME. */
  { PEER_KEYS, "draft_parse", F (MUST ("message", "h")), F (MUST ("draft", "a{sv}")), 20, FALSE },
  { PEER_KEYS, "key_import", F (MUST ("files", "ah"), MAY ("passphrase", "ay")), F (MUST ("keys", "aa{sv}")), 60,
    FALSE },
  { PEER_KEYS, "key_list", F (MAY ("address", "s")), F (MUST ("keys", "aa{sv}")), 60, FALSE },
  { PEER_KEYS, "key_trust", F (MUST ("fingerprint", "s")), NOTHING, 30, FALSE },
  { PEER_KEYS, "card_add", F (MAY ("kind", "s"), MAY ("module", "s")), F (MUST ("keys", "aa{sv}")), 60,
    TRUE }, /* a wrong PIN is not tried twice */
  { PEER_KEYS, "key_notices", NOTHING, F (MUST ("texts", "as")), 60, FALSE },
  { PEER_KEYS, "key_new", KEY_NEW, 120, TRUE }, /* RSA takes its time */
  { PEER_KEYS, "key_requests", NOTHING, F (MUST ("requests", "aa{sv}")), 30, FALSE },
  { PEER_KEYS, "key_request_drop", F (MUST ("id", "s")), NOTHING, 30, TRUE },
  { PEER_KEYS, "key_export", KEY_EXPORT, 30, FALSE },
  { PEER_KEYS, "key_renew", KEY_RENEW, 60, TRUE },
  { PEER_KEYS, "key_revoke", KEY_REVOKE, 60, FALSE },
  { PEER_KEYS, "key_backup", KEY_BACKUP, 120, FALSE },
  { PEER_KEYS, "key_backup_done", NOTHING, NOTHING, 30, FALSE }, /* it lies where it belongs: nobody need be reminded */
  { PEER_KEYS, "key_restore", F (MUST ("file", "h"), MUST ("passphrase", "ay")), F (MUST ("keys", "aa{sv}")), 120,
    FALSE },
  { PEER_KEYS, "ca_import", F (MUST ("file", "h")), F (MUST ("added", "u"), MUST ("lists", "u")), 30, FALSE },

  /* ---- index: started twice, as the writer (it alone gets add, moved, removed, tag, import) and as the reader ---- */
  /* keep_dir: where the writer keeps what must outlast the index; else with it. go_on: what was begun by "anew" is still wanted. */
  { PEER_INDEX, "start",
    F (MUST ("index_dir", "s"), MUST ("mail_dir", "s"), MUST ("writer", "b"), MAY ("keep_dir", "s"),
       MAY ("go_on", "b")),
    NOTHING, 60, FALSE },
  { PEER_INDEX, "threads", F (MUST ("query", "s"), MAY ("limit", "u"), MAY ("offset", "u"), MAY ("recipients", "b")),
    F (MUST ("rows", "aa{sv}"), MUST ("more", "b")), 60, FALSE },
  { PEER_INDEX, "thread", F (MUST ("thread", "s"), MAY ("query", "s")), F (MUST ("rows", "aa{sv}")), 20, FALSE },
  { PEER_INDEX, "count", F (MUST ("query", "s")), F (MUST ("count", "u")), 60, FALSE },
  /* counts, in the order asked for: at most total queries 200 */
  { PEER_INDEX, "counts", F (MUST ("queries", "as")), F (MUST ("counts", "au")), 20, FALSE },
  /* rows: id s, paths as, tags as; with ids, subject s. Unknown ids are left out. Either ids or query (bounded: at most 100000 rows). */
  { PEER_INDEX, "find", F (MAY ("ids", "as"), MAY ("query", "s")), F (MUST ("rows", "aa{sv}")), 60, FALSE },
  /* from, name: of From; hosts: of From, Reply-To and links; own, domains: of the user's organisation, and known ones. likes: host, enum lookalike,
   * what it looks like. See index_known_facts. */
  { PEER_INDEX, "known",
    F (MUST ("from", "s"), MUST ("name", "s"), MUST ("id", "s"), MUST ("hosts", "as"), MUST ("own", "as"),
       MUST ("domains", "as")),
    F (MUST ("first", "b"), MUST ("contact", "b"), MUST ("name_of", "s"), MUST ("likes", "a(sus)")), 3,
    TRUE }, /* a message is shown without it, too */
  /* mails: path s, add as, remove as (tags), shadow h (optional), was s (optional: the file that this one takes the place of). One atomic section, closed (durable) before the reply.
   * skipped: paths that could not be indexed, with a sentence each: a(ss). A mail already known gets path and tags added. damaged: how many are
   * listed by their header alone. whole: add names all tags of the mail. beside: into the index that is being made by "anew". */
  { PEER_INDEX, "add", F (MUST ("mails", "aa{sv}"), MAY ("whole", "b"), MAY ("beside", "b")),
    F (MUST ("added", "u"), MUST ("skipped", "a(ss)"), MUST ("damaged", "u")), 300, FALSE },
  /* An empty index: in place of the one there is (unless keep: what is in it is good, but not all), or beside it until "anew_end" puts it into its place. Mail then comes by "add": that of accounts
   * from their workers ("mails"), all the rest of it from "rest". total: of that rest. */
  { PEER_INDEX, "anew", F (MUST ("beside", "b"), MUST ("keep", "b"), MUST ("accounts", "as")), F (MUST ("total", "u")),
    120, FALSE },
  /* rows as of the imap event "mails"; after: a path, "" at the beginning; next: "" at the end */
  { PEER_INDEX, "rest", F (MUST ("after", "s"), MUST ("limit", "u"), MUST ("accounts", "as")),
    F (MUST ("rows", "aa{sv}"), MUST ("next", "s")), 60, FALSE },
  { PEER_INDEX, "anew_end", NOTHING, NOTHING, 60, TRUE },
  { PEER_INDEX, "anew_drop", NOTHING, NOTHING, 60, FALSE },
  { PEER_INDEX, "verify", NOTHING, NOTHING, 300,
    TRUE }, /* reads every message once: fails, or dies, of a damaged index */
  { PEER_INDEX, "moved", F (MUST ("moves", "a(ss)")), NOTHING, 300,
    FALSE }, /* old path, new path; tags by folder and flags follow from tags below */
  { PEER_INDEX, "removed", F (MUST ("paths", "as"), MAY ("tags", "as")), NOTHING, 300,
    FALSE }, /* as the imap worker's event */
  /* Tag by ids or query; named: after the files were renamed for it. rows: what changed: id s, paths as, tags as (as they are now). */
  { PEER_INDEX, "tag",
    F (MAY ("ids", "as"), MAY ("query", "s"), MUST ("add", "as"), MUST ("remove", "as"), MAY ("named", "b")),
    F (MUST ("rows", "aa{sv}")), 300, FALSE },
  /* Writes each mail to mail_dir/local/<folder>/cur and indexes it; those that hold encrypted parts are written and reported in protected instead,
   * to be added with their shadow. Events "progress" (done u). */
  { PEER_INDEX, "import", F (MUST ("stream", "h"), MUST ("folder", "s")),
    F (MUST ("imported", "u"), MUST ("skipped", "u"), MUST ("protected", "as")), 0, TRUE },

  /* ---- imap: one an account ---- */
  /* secret: password. settings: poll_s u, only_subscribed b, keep_days u (0: all), fetch_limit_mb u, archive s, drafts s, sent s, trash s
   * (folder overrides, optional) */
  { PEER_IMAP, "start",
    F (MUST ("account", "a{sv}"), MUST ("mail_dir", "s"), MUST ("store_dir", "s"), MAY ("secret", "ay"),
       MUST ("settings", "a{sv}")),
    NOTHING, 30, FALSE },
  { PEER_IMAP, "test", NOTHING, F (MUST ("text", "s")), 75, FALSE },
  /* folders: path s, name s, role s, dir s (absolute folder on disk), space s, subscribed b, kept b */
  { PEER_IMAP, "folders", NOTHING, F (MUST ("folders", "aa{sv}")), 20, FALSE },
  /* Rows as of the event "mails" of all mail there is here, newest record first: those with a number below before (0: all). next: before of the
   * following ones, 0 at the end; left: how many there are from before on. limit 0: the number alone. newest: instead, those of the
   * inbox that came last. */
  { PEER_IMAP, "mails", F (MUST ("before", "x"), MUST ("limit", "u"), MAY ("newest", "b")),
    F (MUST ("rows", "aa{sv}"), MUST ("next", "x"), MUST ("left", "u")), 60, FALSE },
  /* bodies: that came for mails whose header was here before */
  { PEER_IMAP, "sync", NOTHING,
    F (MUST ("new", "u"), MUST ("changed", "u"), MUST ("removed", "u"), MUST ("bodies", "u"), MUST ("bytes", "t")), 0,
    FALSE },
  /* The whole of a mail of which only the header is here, ahead of everything else. state: "here" (then path), "large" (more than is ever
   * fetched), "gone" (from the server). size: bytes; 0: unknown. */
  { PEER_IMAP, "fetch", F (MUST ("path", "s")), F (MUST ("state", "s"), MUST ("size", "t"), MAY ("path", "s")), 0,
    FALSE },
  /* Local change first (Maildir flags, state), journalled for the server, then pushed as soon as there is a line.
   * flags: "seen","flagged","answered","draft","forwarded"; tags: any, those that are for the server become keywords. Replies when it is
   * journalled; moves: old and new path of each file. */
  { PEER_IMAP, "flags",
    F (MUST ("paths", "as"), MUST ("add", "as"), MUST ("remove", "as"), MAY ("tags_add", "as"),
       MAY ("tags_remove", "as")),
    F (MUST ("moves", "a(ss)")), 30, FALSE },
  /* to: a role or a folder path */
  { PEER_IMAP, "move", F (MUST ("paths", "as"), MUST ("to", "s")), F (MUST ("moves", "a(ss)")), 30, TRUE },
  /* dir: of a folder, relative to the account's folder on disk; role: of that folder, "": none */
  { PEER_IMAP, "move_back", F (MUST ("paths", "as"), MUST ("dir", "s")),
    F (MUST ("moves", "a(ss)"), MUST ("role", "s")), 30, TRUE },
  /* Into the local folder of that role at once, to the server by APPEND as soon as there is a line. replaces: path of an older draft to remove. */
  /* key: it is kept once under that, however often it is handed in; path "": it was, and is not here any more. */
  { PEER_IMAP, "append",
    F (MUST ("role", "s"), MUST ("data", "h"), MUST ("flags", "as"), MAY ("replaces", "s"), MAY ("key", "s")),
    F (MUST ("path", "s")), 30, TRUE },
  /* Where the drafts of that Message-ID lie in Drafts */
  { PEER_IMAP, "drafts", F (MUST ("id", "s")), F (MUST ("paths", "as")), 30, FALSE },
  { PEER_IMAP, "remove", F (MUST ("paths", "as")), NOTHING, 30, FALSE }, /* for good: a sent draft */
  /* As at the door, without the account: done here at once, then on the server. */
  { PEER_IMAP, "folder", F (MUST ("action", "s"), MUST ("folder", "s"), MAY ("to", "s")), F (MUST ("mails", "u")), 60,
    TRUE },
  { PEER_IMAP, "indexed", F (MUST ("paths", "as")), NOTHING, 30,
    FALSE }, /* the index has them durably: forget to report them again */

  { PEER_IMAP, "report", NOTHING, NOTHING, 60, FALSE }, /* whatever the index may not have: it failed meanwhile */
  { PEER_IMAP, "settle", NOTHING, NOTHING, 30, FALSE }, /* the index has all that was told: forget what is older */

  /* ---- smtp: one an account, owner of its outbox ---- */
  { PEER_SMTP, "start",
    F (MUST ("account", "a{sv}"), MUST ("store_dir", "s"), MAY ("secret", "ay"), MAY ("notes", "b"),
       MAY ("late_s", "x"), MAY ("reports", "b"),
       MAY ("overdue_s", "u")), /* late_s: after which what waits is told of */
    NOTHING, 30, FALSE },
  { PEER_SMTP, "test", NOTHING, F (MUST ("text", "s")), 75, FALSE },
  /* Durable before the reply. copies as of keys.protect; each is checked by the gate here too, before it is stored. */
  { PEER_SMTP, "submit",
    F (MUST ("message_id", "s"), MUST ("from", "s"), MUST ("copies", "aa{sv}"), MUST ("sent", "h"),
       MAY ("draft_path", "s"), MAY ("not_before", "x")),
    F (MUST ("id", "s")), 150, FALSE }, /* the same again is known by its message_id */
  /* Makes the note for this address, and takes it in like a copy. sent: its record. */
  { PEER_SMTP, "tell", F (MUST ("to", "s"), MUST ("date", "x"), MUST ("sent", "h"), MAY ("again", "b")),
    F (MAY ("id", "s"), MAY ("told", "x")), 150, FALSE }, /* told: when the last one was; none was made */
  /* Sends what is due. id: only that one, as it is asked for by name. haste: "" (what is due), "line" (also what waits for the line), "now" (also
   * what waits for its next try), "all" (also what waits for a new password). What was encrypted long ago is sent only if it is among
   * checked; else its row says unchecked. rows: as of the door's outbox; draft_path s, tried b (in this run), unchecked b, sent h (the Sent record, where
   * nothing is left to do but to file it); key s in people (fingerprint). late: ids of what waits for too long from now on. Between the steps of a run
   * the other methods are answered. */
  { PEER_SMTP, "run", F (MAY ("id", "s"), MAY ("haste", "s"), MAY ("checked", "as")),
    F (MUST ("rows", "aa{sv}"), MUST ("late", "as")), 0, FALSE },
  { PEER_SMTP, "list", NOTHING, F (MUST ("rows", "aa{sv}"), MUST ("late", "as")), 120, FALSE },
  { PEER_SMTP, "filed", F (MUST ("id", "s")), NOTHING, 120,
    FALSE }, /* the Sent record is in the Sent folder: the outbox may forget */
  /* under_way: a run is at it, and ends it before it goes on. Fails where it is too late. */
  { PEER_SMTP, "stop", F (MUST ("id", "s")), F (MUST ("under_way", "b")), 120, FALSE },
  /* what: as of the door's; "hold": held a(ss) (address, why) must not get it as it is; "record": nothing changes, sent is the record. */
  { PEER_SMTP, "decide", F (MUST ("id", "s"), MUST ("what", "s"), MAY ("held", "a(ss)")),
    F (MUST ("gone", "b"), MAY ("sent", "h")), 120, FALSE },
  /* The ledger: what became of what was sent. report as of keys.shadow. rows (of those who are known otherwise now, known, or overdue and not told yet):
   * message_id s, address s, copy u, method s ("smime", "pgp", "note"), state s ("queued","withdrawn","unknown","accepted","relayed","delivered",
   * "displayed","failed","overdue"), date x (of the message), time x (of the state), text s. settled: it is surely a server's, and no bad news, so that nobody need read it */
  { PEER_SMTP, "report", F (MUST ("report", "a{sv}")), F (MUST ("rows", "aa{sv}"), MUST ("settled", "b")), 120, FALSE },
  { PEER_SMTP, "delivery", F (MAY ("ids", "as"), MAY ("limit", "u")), F (MUST ("rows", "aa{sv}")), 120, FALSE },
  { PEER_SMTP, "overdue", NOTHING, F (MUST ("rows", "aa{sv}")), 120, FALSE },
  /* A receipt that was asked of us. before: what was answered to this message ("sent", "refused"; "": nothing). answer: is written down now, unless there was one */
  { PEER_SMTP, "receipt", F (MUST ("message_id", "s"), MAY ("answer", "s")), F (MUST ("before", "s")), 120, FALSE },

  /* ---- lookup ---- */
  { PEER_LOOKUP, "start", F (MAY ("ca_files", "as")), NOTHING, 20, FALSE },
  { PEER_LOOKUP, "discover", F (MUST ("domain", "s")),
    F (MAY ("imap", "s"), MAY ("imap_security", "s"), MAY ("smtp", "s"), MAY ("smtp_security", "s")), 12, FALSE },
  /* wants and answers as of the keys worker; all at once; a responder has limit_ms to answer, a list, which may be long, 6 s. */
  { PEER_LOOKUP, "fetch", F (MUST ("wants", "aa{sv}"), MUST ("limit_ms", "u")), F (MUST ("answers", "aa{sv}")), 12,
    TRUE },

  /* One directory, one address, in a process of its own. source: "wkd", "ldap". For the second: servers of the organisation and the user: host s,
   * port u, tls s ("tls", "starttls", "plain"), base s ("": what its root says), ca_file s; by_domain: the domain's own, too. said: "nothing" (it could not be asked), "none" (it has no key), "keys" */
  { PEER_LOOKUP, "find_keys",
    F (MUST ("source", "s"), MUST ("address", "s"), MUST ("limit_ms", "u"), MAY ("ca_file", "s"),
       MAY ("servers", "aa{sv}"), MAY ("by_domain", "b")),
    F (MUST ("said", "s"), MUST ("keys", "ah")), 10, TRUE },

  /* ---- filter: a process for each job ---- */
  /* job: what it will be asked for and its sandbox must allow, "html" (default), "text", "pdf" or "chain" */
  { PEER_FILTER, "start", F (MAY ("job", "s")), NOTHING, 5, FALSE },
  { PEER_FILTER, "html", F (MUST ("html", "ay")), F (MUST ("text", "s")), 5, TRUE },
  /* An attachment as text. kind: of attachment.h */
  { PEER_FILTER, "text", F (MUST ("data", "h"), MUST ("kind", "u"), MAY ("charset", "s")), F (MUST ("text", "s")), 5,
    TRUE },
  { PEER_FILTER, "chain", CERT_CHECK, 5, TRUE },
  /* An Outlook container. files: filename ms, type s, size x, md5 s, warning ms; whole: nothing of it was broken off or left out. which: from 1. */
  { PEER_FILTER, "tnef", F (MUST ("data", "h")), F (MUST ("files", "aa{sv}"), MUST ("whole", "b")), 2, TRUE },
  { PEER_FILTER, "tnef_file", F (MUST ("data", "h"), MUST ("which", "u")),
    F (MUST ("data", "h"), MUST ("filename", "s"), MUST ("type", "s"), MAY ("warning", "s")), 5, TRUE },
};

/* bytes: that came; rate: of them a second; left: seconds. Without the last two nobody knows yet. */
#define HOW_FAST MAY ("bytes", "t"), MAY ("rate", "t"), MAY ("left", "u")

/* Events. From the engine to its clients: */
static const struct protocol_field event_state[]
    = { MUST ("account", "s"), MUST ("state", "s"), MUST ("text", "s"), { NULL, NULL, FALSE } };
static const struct protocol_field event_progress[]
    = { MUST ("account", "s"), MUST ("done", "u"), MUST ("total", "u"), HOW_FAST, { NULL, NULL, FALSE } };
static const struct protocol_field event_notice[] = {
  MUST ("text", "s"), MAY ("good", "b"), { NULL, NULL, FALSE }
}; /* one sentence for the person; good: that need not be read */
static const struct protocol_field event_changed[]
    = { MUST ("new", "u"), { NULL, NULL, FALSE } }; /* the index changed; new: how many unread mails arrived */
static const struct protocol_field event_address[] = { MUST ("address", "s"), { NULL, NULL, FALSE } };
static const struct protocol_field event_none[] = { { NULL, NULL, FALSE } };
/* From imap to the engine. mails: path s, add as, remove as (tags), protected b (holds encrypted parts) */
/* was: as of index.add */
static const struct protocol_field event_mails[] = { MUST ("mails", "aa{sv}"), { NULL, NULL, FALSE } };
/* tags: what they had of their folders, "": nothing; as many as paths */
static const struct protocol_field event_removed[]
    = { MUST ("paths", "as"), MUST ("tags", "as"), { NULL, NULL, FALSE } };
/* moves: old path, new path; flags of the new name are repeated as tags: a(ssasas) old, new, add, remove */
static const struct protocol_field event_moves[] = { MUST ("moves", "a(ssasas)"), { NULL, NULL, FALSE } };
static const struct protocol_field event_text[] = { MUST ("state", "s"), MUST ("text", "s"), { NULL, NULL, FALSE } };
/* Of the call under way: bytes of it that are done. */
static const struct protocol_field event_working[] = { MUST ("done", "t"), MUST ("total", "t"), { NULL, NULL, FALSE } };
/* id: of the outbox's item; all its copies together */
static const struct protocol_field event_sending[]
    = { MUST ("id", "s"), MUST ("done", "t"), MUST ("total", "t"), { NULL, NULL, FALSE } };
/* message_id: as in the draft; stage: "encrypting", "sending"; or "indexing", which is for everybody: done and total are mails then, and left_s the
 * seconds that it will take */
static const struct protocol_field event_work[]
    = { MUST ("message_id", "s"), MUST ("stage", "s"), MUST ("done", "t"),
        MUST ("total", "t"),      MAY ("left_s", "u"), { NULL, NULL, FALSE } };
/* state: "made" (it holds no mail yet), "damaged", "gone", "unfinished" (another one was being made) */
static const struct protocol_field event_health[] = { MUST ("state", "s"), { NULL, NULL, FALSE } };
static const struct protocol_field event_count[]
    = { MUST ("done", "u"), MUST ("total", "u"), HOW_FAST, { NULL, NULL, FALSE } };

static const struct {
  enum protocol_peer from;
  const char *name;
  const struct protocol_field *fields;
} events[] = {
  { PEER_ENGINE, "state", event_state }, /* an account's connection */
  { PEER_ENGINE, "progress", event_progress }, { PEER_ENGINE, "notice", event_notice },
  { PEER_ENGINE, "changed", event_changed },   { PEER_ENGINE, "folders", event_none }, /* the list of folders changed */
  { PEER_ENGINE, "outbox", event_none },                                               /* a row of the outbox changed */
  { PEER_ENGINE, "delivery", event_none }, /* more is known of what was sent */
  { PEER_ENGINE, "keys", event_address },  /* directories were asked for the address: its route may be another one */
  { PEER_IMAP, "mails", event_mails },     /* new, or not yet confirmed by "indexed" */
  { PEER_IMAP, "removed", event_removed },     { PEER_IMAP, "moved", event_moves },
  { PEER_IMAP, "folders", event_none },        { PEER_IMAP, "state", event_text },
  { PEER_IMAP, "notice", event_notice },       { PEER_IMAP, "progress", event_count },
  { PEER_INDEX, "progress", event_count },     { PEER_INDEX, "health", event_health },
  { PEER_SMTP, "state", event_text },          { PEER_KEYS, "working", event_working },
  { PEER_SMTP, "working", event_sending },     { PEER_ENGINE, "working", event_work }, /* to the one who asked for it */
};

/* clang-format on */

const struct protocol_method *
protocol_method (enum protocol_peer peer, const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (methods); i++)
    if (methods[i].peer == peer && strcmp (methods[i].name, name) == 0)
      return &methods[i];
  return NULL;
}

const struct protocol_field *
protocol_event (enum protocol_peer from, const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (events); i++)
    if (events[i].from == from && strcmp (events[i].name, name) == 0)
      return events[i].fields;
  return NULL;
}

const char *
protocol_peer_name (enum protocol_peer peer)
{
  static const char *const names[PEER_COUNT] = { "engine", "keys", "index", "imap", "smtp", "lookup", "filter" };
  return names[peer];
}

gboolean
protocol_check (const struct protocol_field *fields, GVariant *dictionary, GError **error)
{
  if (!g_variant_is_of_type (dictionary, G_VARIANT_TYPE_VARDICT) || !g_variant_is_normal_form (dictionary)) {
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_USAGE, "A message between wardmail's processes is malformed.");
    return FALSE;
  }
  for (const struct protocol_field *field = fields; field->name != NULL; field++) {
    g_autoptr (GVariant) value = g_variant_lookup_value (dictionary, field->name, NULL);
    if (value == NULL && !field->required)
      continue;
    if (value == NULL || !g_variant_is_of_type (value, G_VARIANT_TYPE (field->type))) {
      g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_USAGE,
                   "A message between wardmail's processes has no right field “%s”.", field->name);
      return FALSE;
    }
  }
  GVariantIter iter;
  const char *name;
  GVariant *value;
  g_variant_iter_init (&iter, dictionary);
  while (g_variant_iter_loop (&iter, "{&sv}", &name, &value)) {
    const struct protocol_field *field = fields;
    while (field->name != NULL && strcmp (field->name, name) != 0)
      field++;
    if (field->name == NULL) {
      g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_USAGE,
                   "A message between wardmail's processes has a field “%s” that nobody knows.", name);
      g_variant_unref (value);
      return FALSE;
    }
  }
  return TRUE;
}

G_DEFINE_QUARK (wardmail - engine - error - quark, engine_error)
