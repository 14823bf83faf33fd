/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The engine's door with canned mail behind it: same functions as mail/engine.h, no processes, no servers, the same answers on
 * every run. Requests and replies pass the real table's check, so what the screen says here it may say to the real engine.
 *
 * Things to try: "$" brings a new mail and a notice; a search for "slow" answers after two seconds, one for "broken" fails;
 * dave has no key; mail to big@... takes until "$" was pressed three times; mail to lost@... finds the engine dead; "Locked report" asks for a passphrase. */
#include "mail/engine.h"
#include "mail/engine/protocol.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define NOW G_GINT64_CONSTANT (1795255200) /* 2026-11-21 10:00 UTC */
#define THREADS 230u

struct engine {
  engine_event_fn event;
  gpointer event_data;
  engine_ask_fn ask;
  gpointer ask_data;
  guint serial, arrived;
  GHashTable *calls; /* id -> struct call *, borrowed */
  GHashTable *gone;  /* thread numbers that were deleted or archived */
  GHashTable *read;
  struct call *waiting; /* for the passphrase */
  struct call *big;     /* a mail to big@..., on its way until "$" was pressed three times */
  guint big_step;
};

struct call {
  struct engine *engine;
  guint id, source;
  char *method;
  GVariant *args;
  GUnixFDList *fds;
  engine_done_fn done;
  gpointer data;
  gboolean cancelled;
};

#define D(...) dictionary (__VA_ARGS__, NULL)
static GVariant *
dictionary (const char *name, ...)
{
  GVariantBuilder builder;
  va_list values;
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  va_start (values, name);
  for (; name != NULL; name = va_arg (values, const char *))
    g_variant_builder_add (&builder, "{sv}", name, va_arg (values, GVariant *));
  va_end (values);
  return g_variant_builder_end (&builder);
}
#define S(text) g_variant_new_string (text)
#define U(number) g_variant_new_uint32 (number)
#define X(number) g_variant_new_int64 (number)
#define B(flag) g_variant_new_boolean (flag)
#define AS(...) g_variant_new_strv ((const char *const[]){ __VA_ARGS__, NULL }, -1)
#define EMPTY_AS g_variant_new_strv (NULL, 0)

static GVariant *
rows_of (GVariant **rows, gsize count)
{
  return g_variant_new_array (G_VARIANT_TYPE_VARDICT, rows, count);
}
#define ROWS(...) rows_of ((GVariant *[]){ __VA_ARGS__ }, sizeof ((GVariant *[]){ __VA_ARGS__ }) / sizeof (GVariant *))

static const char *
text_of (GVariant *fields, const char *name)
{
  const char *text = "";
  g_variant_lookup (fields, name, "&s", &text);
  return text;
}

static guint
number_of (GVariant *fields, const char *name, guint otherwise)
{
  guint32 number = otherwise;
  g_variant_lookup (fields, name, "u", &number);
  return number;
}

/* ---- The mail ---- */

static const struct {
  const char *authors, *subject;
  guint total;
  const char *tags[5];
} samples[] = {
  { "Carol Weiss", "Discharge letter, room 12", 1, { "unread", "encrypted", "attachment" } },
  { "Bob Baker| Alice Moreno", "Lab results for the morning round", 3, { "unread", "encrypted" } },
  { "Zoë Müller", "Überweisung: Kardiologie – Termin am Montag", 1, { "signed" } },
  { "山田太郎", "検査結果のお知らせ", 1, { "attachment" } },
  { "IT Service Desk", "Your password expires TODAY, click here", 1, { "flagged" } },
  { "Erin Kelly, Bob Baker", "Duty roster December", 6, { "replied", "signed" } },
  { "Erin Kelly", "Locked report", 1, { "encrypted" } },
  { "Pharmacy", "Order 4711 is ready to be picked up at the counter on the ground floor until 18:00", 1, { NULL } },
};

static GVariant *
thread_row (struct engine *engine, guint n)
{
  guint s = n < engine->arrived ? 1 : (n - engine->arrived) % G_N_ELEMENTS (samples);
  g_autofree char *thread
      = g_strdup_printf ("t%u", n < engine->arrived ? 90000 + engine->arrived - n : n - engine->arrived);
  g_autofree char *newest = g_strdup_printf ("%s.1@x", thread);
  g_autofree char *subject = n < engine->arrived ? g_strdup ("Just arrived")
                             : n - engine->arrived < 8
                                 ? g_strdup (samples[s].subject)
                                 : g_strdup_printf ("%s (%u)", samples[s].subject, n - engine->arrived);
  g_autoptr (GStrvBuilder) tags = g_strv_builder_new ();
  for (gsize i = 0; i < 5 && samples[s].tags[i] != NULL; i++)
    if (strcmp (samples[s].tags[i], "unread") != 0 || (n < 20 && !g_hash_table_contains (engine->read, newest)))
      g_strv_builder_add (tags, samples[s].tags[i]);
  g_auto (GStrv) tag_list = g_strv_builder_end (tags);
  gint64 age = n < 4 ? n * 3600 : n < 12 ? n * 11 * 3600 : (gint64) n * 3 * 86400;
  return D ("thread", S (thread), "subject", S (subject), "authors", S (samples[s].authors), "date",
            X (NOW - 1200 - age), "matched", U (1), "total", U (samples[s].total), "tags",
            g_variant_new_strv ((const char *const *) tag_list, -1), "newest", S (newest));
}

static GVariant *
threads (struct engine *engine, GVariant *args)
{
  guint offset = number_of (args, "offset", 0), limit = number_of (args, "limit", 50), end = THREADS + engine->arrived;
  const char *query = text_of (args, "query");
  if (strstr (query, "nothing") != NULL)
    end = 0;
  if (strstr (query, "drafts") != NULL)
    return D ("rows",
              ROWS (D ("thread", S ("draft"), "subject", S ("Half written"), "authors", S ("Alice Moreno"), "date",
                       X (NOW - 7200), "matched", U (1), "total", U (1), "tags", AS ("draft"), "newest",
                       S ("draft.1@x"), "recipients", S ("Bob Baker"))),
              "more", B (FALSE));
  GVariantBuilder rows;
  g_variant_builder_init (&rows, G_VARIANT_TYPE ("aa{sv}"));
  guint seen = 0, n = 0;
  for (; n < end && seen < offset + limit; n++) {
    g_autoptr (GVariant) row = g_variant_ref_sink (thread_row (engine, n));
    if (g_hash_table_contains (engine->gone, text_of (row, "thread")))
      continue;
    if (seen++ >= offset)
      g_variant_builder_add_value (&rows, row);
  }
  return D ("rows", g_variant_builder_end (&rows), "more", B (n < end));
}

static GVariant *
thread (struct engine *engine, GVariant *args)
{
  const char *id = text_of (args, "thread");
  guint n = (guint) g_ascii_strtoull (id + 1, NULL, 10), s = n >= 90000 ? 1 : n % G_N_ELEMENTS (samples);
  GVariantBuilder rows;
  g_variant_builder_init (&rows, G_VARIANT_TYPE ("aa{sv}"));
  for (guint m = samples[s].total; m >= 1; m--) {
    g_autofree char *message = g_strdup_printf ("%s.%u@x", id, m);
    gboolean unread = m == 1 && n < 20 && !g_hash_table_contains (engine->read, message) && s < 2;
    g_variant_builder_add_value (&rows,
                                 D ("id", S (message), "from", S (samples[s].authors), "to",
                                    S ("alice@hospital.example"), "subject", S (samples[s].subject), "date",
                                    X (NOW - 1200 - m * 600), "tags", unread ? AS ("unread", "inbox") : AS ("inbox"),
                                    "depth", U (m - 1), "matched", B (TRUE), "path", S ("/nowhere")));
  }
  return D ("rows", g_variant_builder_end (&rows));
}

static GVariant *
part (const char *id, const char *type, const char *filename, guint size, gboolean protected)
{
  return D ("id", S (id), "type", S (type), "size", U (size), "filename", S (filename), "disposition",
            S (*filename != '\0' ? "attachment" : "inline"), "encrypted", B (protected), "signed", B (protected));
}

static GVariant *
segment (const char *text, const char *note)
{
  return D ("part", S ("1"), "text", S (text), "signed", B (FALSE), "encrypted", B (TRUE), "note", S (note));
}

static const char long_text[]
    = "Good morning Alice,\n\nthe results for Mr. Example came in at six. Potassium is back in range, creatinine is "
      "slightly lower than "
      "yesterday, and the culture is still negative after 48 hours. I would stay with the plan that we made on "
      "Thursday.\n\n"
      "\tPotassium\t4.1\n\tCreatinine\t1.3\n\n"
      "> Could you look at the culture as well, please? I am on the ward from eight and will see him first, before the "
      "round "
      "begins and everybody wants something.\n>\n> > And who has the pager tonight?\n\n"
      "日本語のテキストも正しく折り返されます。とても長い行なので、画面の端で折り返す必要があります。これは全角文字のテ"
      "ストです。\n\n"
      "Raw control: \x1b[31mred\x1b[0m and \x07 bell, bidi \xe2\x80\xae reversed.\n\n"
      "Line A\nLine B\nLine C\nLine D\nLine E\nLine F\nLine G\nLine H\n\nBob\n-- \nBob Baker, Laboratory\n";

static GVariant *
view (const char *subject, const char *from, const char *line, const char *tone, GVariant *segments, GVariant *parts,
      GVariant *warnings, const char *protocol)
{
  return D ("subject", S (subject), "outer_subject", S ("[...]"), "from", AS (from), "to",
            AS ("alice@hospital.example"), "cc", AS ("erin@clinic.example", "ward7@hospital.example"), "date",
            S ("2026-11-21T09:40:00Z"), "message_id", S ("m@x"), "parts", parts, "verdict",
            D ("line", S (line), "tone", S (tone)), "segments", segments, "warnings", warnings, "protected", B (TRUE),
            "signature",
            D ("state", S (strcmp (tone, "good") == 0 ? "good" : "none"), "protocol", S (protocol), "signer", S (from),
               "fingerprint", S ("0123456789ABCDEF0123456789ABCDEF01234567"), "covers", S ("whole"), "time",
               S ("2026-11-21T09:40:00Z")),
            "encryption",
            D ("protocol", S (protocol), "decrypted", B (TRUE), "cipher", S ("AES-256-GCM"), "integrity", S ("ok"),
               "covers", S ("whole")));
}

static GVariant *
show (GVariant *args)
{
  const char *id = text_of (args, "id");
  guint n = (guint) g_ascii_strtoull (id + 1, NULL, 10) % G_N_ELEMENTS (samples);
  GVariant *none = rows_of (NULL, 0);
  if (n == 0)
    return D ("view",
              view (samples[0].subject, "carol@hospital.example",
                    "Signed by carol@hospital.example with a verified certificate, encrypted with S/MIME.", "good",
                    ROWS (segment ("Dear Alice,\n\nthe discharge letter is attached.\n\nKind regards\nCarol\n", "")),
                    ROWS (part ("1", "text/plain", "", 60, TRUE),
                          part ("2", "application/pdf", "discharge-letter.pdf", 124000, TRUE),
                          part ("3", "image/png", "../../etc/x-ray \xe2\x80\xae.png", 2400000, TRUE)),
                    none, "smime"));
  if (n == 4)
    return D ("view",
              view (samples[4].subject, "it-desk@h0spital.example",
                    "Not signed and not encrypted. Anybody could have written this.", "bad",
                    ROWS (segment ("Click http://h0spital.example/login NOW or lose your mail!\n", "")),
                    ROWS (part ("1", "text/html", "", 900, FALSE)),
                    ROWS (D ("code", S ("lookalike"), "text",
                             S ("The address h0spital.example looks like hospital.example but is another one.")),
                          D ("code", S ("reply_to"), "text", S ("Answers would go to another address."))),
                    ""));
  if (n == 5)
    return D (
        "view",
        view (samples[5].subject, "erin@clinic.example",
              "Only a part of this message is signed; the rest could come from anybody.", "warn",
              ROWS (segment ("The signed roster:\n\n24 Dec  Bob\n25 Dec  Erin\n", "signed by erin@clinic.example"),
                    segment ("This mailing list has a new home.\n", "unsigned part: could come from anybody")),
              ROWS (part ("1", "text/plain", "", 60, FALSE)), none, "pgp"));
  if (n == 1)
    return D ("view",
              view (samples[1].subject, "bob@lab.example",
                    "Signed by bob@lab.example with a key that you imported, encrypted with OpenPGP.", "good",
                    ROWS (segment (long_text, "")), ROWS (part ("1", "text/plain", "", 60, TRUE)), none, "pgp"));
  return D ("view", view (samples[n].subject, "somebody@else.example", "Not signed and not encrypted.", "none",
                          ROWS (segment (long_text, "")), ROWS (part ("1", "text/plain", "", 60, FALSE)), none, ""));
}

/* ---- Writing ---- */

static GVariant *
route (const char *address, const char *kind)
{
  gboolean pgp = g_str_has_prefix (address, "bob"),
           smime = g_str_has_prefix (address, "carol") || g_str_has_prefix (address, "erin");
  g_autofree char *no_key = g_strdup_printf ("No key for %s was found.", address);
  g_autofree char *found = g_strdup_printf ("A trusted key for %s was found.", address);
  return D (
      "address", S (address), "kind", S (kind), "route",
      S (pgp     ? "pgp"
         : smime ? "smime"
                 : "hold"),
      "reason", S (pgp || smime ? "key_found" : "no_key"), "sentence", S (pgp || smime ? found : no_key), "next",
      S (pgp || smime ? "" : "Ask them for a certificate or an OpenPGP key and import it: wardmail key import FILE"));
}

static GVariant *
routes (GVariant *args)
{
  static const char *const kinds[] = { "to", "cc", "bcc" };
  GVariantBuilder rows;
  guint held = 0;
  g_variant_builder_init (&rows, G_VARIANT_TYPE ("aa{sv}"));
  for (gsize k = 0; k < G_N_ELEMENTS (kinds); k++) {
    g_auto (GStrv) addresses = NULL;
    g_variant_lookup (args, kinds[k], "^as", &addresses);
    for (char **address = addresses; address != NULL && *address != NULL; address++) {
      g_autoptr (GVariant) row = g_variant_ref_sink (route (*address, kinds[k]));
      held += strcmp (text_of (row, "route"), "hold") == 0;
      g_variant_builder_add_value (&rows, row);
    }
  }
  return D ("routes", g_variant_builder_end (&rows), "held", U (held));
}

static GVariant *
reply (GVariant *args)
{
  gboolean forward = FALSE, all = FALSE;
  g_variant_lookup (args, "forward", "b", &forward);
  g_variant_lookup (args, "all", "b", &all);
  return D ("draft",
            D ("from", S ("Dr. Alice Moreno <alice@hospital.example>"), "to",
               forward ? EMPTY_AS : AS ("Bob Baker <bob@lab.example>"), "cc",
               all ? AS ("erin@clinic.example") : EMPTY_AS, "bcc", EMPTY_AS, "subject",
               S (forward ? "Fwd: Lab results for the morning round" : "Re: Lab results for the morning round"), "body",
               S ("\n\nOn 21 Nov 2026 Bob Baker wrote:\n> the results for Mr. Example came in at six.\n"),
               "in_reply_to", S ("m@x"), "references", AS ("m@x"), "parent_protected", B (TRUE)));
}

static GVariant *
send (struct engine *engine, GVariant *args)
{
  g_autoptr (GVariant) draft = g_variant_lookup_value (args, "draft", G_VARIANT_TYPE_VARDICT);
  g_autofree char *printed = g_variant_print (draft, FALSE);
  if (strstr (printed, "dave@") != NULL)
    return D ("state", S ("held"), "text", S ("Held."), "message_id", S ("held.1@x"), "copies", rows_of (NULL, 0),
              "held", ROWS (route ("dave@example.org", "to")), "kept", B (TRUE));
  if (strstr (printed, "queue@") != NULL)
    return D ("state", S ("queued"), "text", S ("The server cannot be reached; the message waits in the Outbox."),
              "message_id", S ("q.1@x"), "copies", rows_of (NULL, 0), "held", rows_of (NULL, 0));
  return D ("state", S ("sent"), "text", S ("Sent."), "message_id", S ("sent.1@x"), "copies",
            ROWS (D ("method", S ("smime"), "recipients", AS ("carol@hospital.example", "erin@clinic.example")),
                  D ("method", S ("pgp"), "recipients", AS ("bob@lab.example"))),
            "held", rows_of (NULL, 0));
}

/* ---- Answering ---- */

static void
say (struct engine *engine, const char *event, GVariant *fields)
{
  g_autoptr (GVariant) sunk = g_variant_ref_sink (fields);
  g_autoptr (GError) error = NULL;
  if (!protocol_check (protocol_event (PEER_ENGINE, event), sunk, &error))
    g_error ("event %s: %s", event, error->message);
  if (engine->event != NULL)
    engine->event (event, sunk, engine->event_data);
}

static GVariant *
change (struct engine *engine, GVariant *args)
{
  g_auto (GStrv) ids = NULL;
  const char *action = text_of (args, "action");
  g_variant_lookup (args, "ids", "^as", &ids);
  for (char **id = ids; id != NULL && *id != NULL; id++) {
    char *thread_id = g_strndup (*id, strcspn (*id, "."));
    if (strcmp (action, "read") == 0)
      g_hash_table_add (engine->read, g_strdup (*id));
    if (strcmp (action, "unread") == 0)
      g_hash_table_remove (engine->read, *id);
    if (strcmp (action, "back") == 0)
      g_hash_table_remove (engine->gone, thread_id);
    if (strcmp (action, "delete") == 0 || strcmp (action, "archive") == 0)
      g_hash_table_add (engine->gone, thread_id);
    else
      g_free (thread_id);
  }
  say (engine, "changed", D ("new", U (0)));
  GVariantBuilder homes;
  g_variant_builder_init (&homes, G_VARIANT_TYPE ("a(ss)"));
  for (char **id = ids; id != NULL && *id != NULL; id++)
    g_variant_builder_add (&homes, "(ss)", *id, "demo/INBOX");
  return D ("changed", U (ids != NULL ? g_strv_length (ids) : 0), "homes", g_variant_builder_end (&homes));
}

static void big_goes_on (struct engine *engine);

static GVariant *
sync_now (struct engine *engine)
{
  if (engine->big != NULL) {
    big_goes_on (engine);
    return D ("accounts", rows_of (NULL, 0));
  }
  engine->arrived++;
  say (engine, "state", D ("account", S ("demo"), "state", S ("syncing"), "text", S ("")));
  say (engine, "progress", D ("account", S ("demo"), "done", U (1), "total", U (1)));
  say (engine, "changed", D ("new", U (1)));
  say (engine, "state", D ("account", S ("demo"), "state", S ("idle"), "text", S ("")));
  say (engine, "notice",
       D ("text", S ("The part of wardmail that reads keys stopped and was started again; nothing was lost.")));
  return D ("accounts",
            ROWS (D ("account", S ("demo"), "new", U (1), "changed", U (0), "removed", U (0), "error", S (""))));
}

static GVariant *
folder (const char *path, const char *name, const char *role, const char *query, guint unread, guint total)
{
  return D ("account", S ("demo"), "path", S (path), "name", S (name), "role", S (role), "query", S (query), "unread",
            U (unread), "total", U (total));
}

static GVariant *
answer (struct engine *engine, const char *method, GVariant *args, GError **error)
{
  if (strcmp (method, "status") == 0)
    return D (
        "accounts",
        ROWS (D ("name", S ("demo"), "address", S ("alice@hospital.example"), "state", S ("idle"), "text", S (""))),
        "workers", rows_of (NULL, 0), "outbox", U (1));
  if (strcmp (method, "folders") == 0)
    return D ("folders", ROWS (folder ("INBOX", "Inbox", "inbox", "tag:inbox", 6, 230),
                               folder ("Sent", "Sent", "sent", "folder:sent", 0, 40),
                               folder ("Drafts", "Drafts", "drafts", "folder:drafts", 0, 1),
                               folder ("Trash", "Trash", "trash", "folder:trash", 0, 3),
                               folder ("Archive", "Archive", "archive", "folder:archive", 0, 900),
                               folder ("Lab", "Lab", "", "folder:lab", 2, 12)));
  if (strcmp (method, "threads") == 0 && strstr (text_of (args, "query"), "broken") != NULL) {
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_FAILED,
                 "This search cannot be understood: a bracket is not closed. Close it and try again.");
    return NULL;
  }
  if (strcmp (method, "threads") == 0)
    return threads (engine, args);
  if (strcmp (method, "thread") == 0)
    return thread (engine, args);
  if (strcmp (method, "show") == 0)
    return show (args);
  if (strcmp (method, "change") == 0)
    return change (engine, args);
  if (strcmp (method, "routes") == 0)
    return routes (args);
  if (strcmp (method, "reply") == 0 || strcmp (method, "draft_open") == 0)
    return reply (args);
  g_autofree char *printed = g_variant_print (args, FALSE);
  if (strcmp (method, "send") == 0 && strstr (printed, "lost@") != NULL) {
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_LOST,
                 "wardmail's engine stopped; it starts again by itself. Nothing was sent.");
    return NULL;
  }
  if (strcmp (method, "send") == 0)
    return send (engine, args);
  if (strcmp (method, "draft_save") == 0)
    return D ("id", S ("draft.2@x"));
  if (strcmp (method, "sync") == 0)
    return sync_now (engine);
  if (strcmp (method, "outbox") == 0)
    return D ("rows", ROWS (D ("id", S ("o1"), "message_id", S ("o1@x"), "subject", S ("Consult"), "recipients",
                               AS ("bob@lab.example"), "state", S ("failed"), "text",
                               S ("The server said: mailbox full. Try again later or ask Bob to make room."), "date",
                               X (NOW - 3600))));
  if (strcmp (method, "account_test") == 0)
    return D ("imap", S ("Signed in."), "smtp", S ("Signed in."));
  if (strcmp (method, "discover") == 0)
    return D ("imap", S ("imap.hospital.example:993"), "imap_security", S ("tls"), "smtp",
              S ("smtp.hospital.example:465"), "smtp_security", S ("tls"));
  if (strcmp (method, "reload") == 0 || strcmp (method, "account_secret") == 0)
    return g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0);
  g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_USAGE, "The fake engine does not know “%s”.", method);
  return NULL;
}

static void
end_call (struct call *call, GVariant *reply_or_null, GUnixFDList *fds, const GError *error)
{
  g_hash_table_remove (call->engine->calls, GUINT_TO_POINTER (call->id));
  if (reply_or_null != NULL) {
    g_autoptr (GError) wrong = NULL;
    if (!protocol_check (protocol_method (PEER_ENGINE, call->method)->reply, reply_or_null, &wrong))
      g_error ("reply of %s: %s", call->method, wrong->message);
  }
  call->done (reply_or_null, fds, error, call->data);
  g_variant_unref (call->args);
  g_clear_object (&call->fds);
  g_free (call->method);
  g_free (call);
}

static gboolean
run_call (gpointer data)
{
  struct call *call = data;
  struct engine *engine = call->engine;
  g_autoptr (GError) error = NULL;
  g_autoptr (GUnixFDList) fds = NULL;
  g_autoptr (GVariant) fields = NULL;
  call->source = 0;
  if (call->cancelled) {
    g_set_error (&error, ENGINE_ERROR, ENGINE_ERROR_CANCELLED, "Cancelled.");
  } else if (strcmp (call->method, "part") == 0) {
    int fd = memfd_create ("attachment", MFD_CLOEXEC);
    if (fd >= 0 && write (fd, "attachment\n", 11) == 11)
      fds = g_unix_fd_list_new_from_array (&fd, 1);
    fields = g_variant_ref_sink (D ("data", g_variant_new_handle (0), "filename", S ("x"), "type", S ("text/plain")));
  } else if (strcmp (call->method, "show") == 0 && g_str_has_prefix (text_of (call->args, "id"), "t6.")
             && engine->waiting == NULL) {
    engine->waiting = call;
    engine->ask (7, "passphrase", "Passphrase of your certificate (Alice Moreno):", engine->ask_data);
    return G_SOURCE_REMOVE;
  } else {
    fields = answer (engine, call->method, call->args, &error);
    if (fields != NULL)
      g_variant_ref_sink (fields);
  }
  end_call (call, fields, fds, error);
  return G_SOURCE_REMOVE;
}

/* Encrypting, on the line, with the server, and out. */
static void
big_goes_on (struct engine *engine)
{
  static const struct {
    const char *stage;
    guint64 done, total;
  } steps[] = { { "encrypting", 40, 100 }, { "sending", 12, 34 }, { "sending", 34, 34 } };
  if (engine->big_step == G_N_ELEMENTS (steps)) {
    engine->big->source = g_timeout_add (5, run_call, engine->big);
    engine->big = NULL;
    return;
  }
  const guint step = engine->big_step++;
  say (engine, "working",
       D ("message_id", S ("big@hospital.example"), "stage", S (steps[step].stage), "done",
          g_variant_new_uint64 (steps[step].done * 1000000), "total",
          g_variant_new_uint64 (steps[step].total * 1000000)));
}

/* ---- The door ---- */

struct engine *
engine_new (const struct paths *paths)
{
  struct engine *engine = g_new0 (struct engine, 1);
  engine->calls = g_hash_table_new (NULL, NULL);
  engine->gone = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  engine->read = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return engine;
}

void
engine_set_event (struct engine *engine, engine_event_fn event, gpointer data)
{
  engine->event = event;
  engine->event_data = data;
}

void
engine_set_ask (struct engine *engine, engine_ask_fn ask, gpointer data)
{
  engine->ask = ask;
  engine->ask_data = data;
}

void
engine_answer (struct engine *engine, guint ask, const char *secret_or_null)
{
  struct call *call = engine->waiting;
  if (call == NULL)
    return;
  if (secret_or_null != NULL && strcmp (secret_or_null, "sesame") == 0)
    call->source = g_timeout_add (5, run_call, call);
  else {
    g_autoptr (GError) error = g_error_new (
        ENGINE_ERROR, ENGINE_ERROR_PASSPHRASE,
        "This message stays closed, because the passphrase was missing or wrong. Open it again to type it anew.");
    engine->waiting = NULL;
    end_call (call, NULL, NULL, error);
  }
}

guint
engine_call (struct engine *engine, const char *method, GVariant *args, GUnixFDList *fds, engine_done_fn done,
             gpointer data)
{
  struct call *call = g_new0 (struct call, 1);
  g_autoptr (GError) error = NULL;
  call->engine = engine;
  call->id = ++engine->serial;
  call->method = g_strdup (method);
  call->args = g_variant_ref_sink (args != NULL ? args : g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0));
  call->fds = fds != NULL ? g_object_ref (fds) : NULL;
  call->done = done;
  call->data = data;
  if (protocol_method (PEER_ENGINE, method) == NULL
      || !protocol_check (protocol_method (PEER_ENGINE, method)->request, call->args, &error))
    g_error ("request %s: %s", method, error != NULL ? error->message : "unknown");
  g_hash_table_insert (engine->calls, GUINT_TO_POINTER (call->id), call);
  gboolean slow = strcmp (method, "threads") == 0 && strstr (text_of (call->args, "query"), "slow") != NULL;
  g_autofree char *printed = g_variant_print (call->args, FALSE);
  if (strcmp (method, "send") == 0 && strstr (printed, "big@") != NULL) {
    engine->big = call;
    engine->big_step = 0;
    big_goes_on (engine);
    return call->id;
  }
  call->source = g_timeout_add (slow ? 2000 : strcmp (method, "send") == 0 ? 800 : 5, run_call, call);
  return call->id;
}

void
engine_cancel (struct engine *engine, guint id)
{
  struct call *call = g_hash_table_lookup (engine->calls, GUINT_TO_POINTER (id));
  if (call == NULL)
    return;
  call->cancelled = TRUE;
  if (engine->waiting == call)
    engine->waiting = NULL;
  if (call->source != 0)
    g_source_remove (call->source);
  call->source = g_timeout_add (0, run_call, call);
}

GVariant *
engine_call_wait (struct engine *engine, const char *method, GVariant *args, GUnixFDList *fds, GUnixFDList **fds_out,
                  GError **error)
{
  g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_USAGE, "The fake engine is for the screen, which never waits.");
  return NULL;
}

void
engine_free (struct engine *engine)
{
  GHashTableIter iter;
  gpointer value;
  g_autoptr (GError) error = g_error_new (ENGINE_ERROR, ENGINE_ERROR_CANCELLED, "Cancelled.");
  g_autoptr (GPtrArray) left = g_ptr_array_new ();
  g_hash_table_iter_init (&iter, engine->calls);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    g_ptr_array_add (left, value);
  for (guint i = 0; i < left->len; i++) {
    struct call *call = g_ptr_array_index (left, i);
    if (call->source != 0)
      g_source_remove (call->source);
    end_call (call, NULL, NULL, error);
  }
  g_hash_table_unref (engine->calls);
  g_hash_table_unref (engine->gone);
  g_hash_table_unref (engine->read);
  g_free (engine);
}
