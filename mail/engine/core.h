/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The engine's heart: one profile, its workers, its accounts, and the flows that lead a request through them.
 *
 * Everything here runs in the engine process, in one main loop, and blocks nowhere. The engine parses no mail and holds no
 * key: it passes descriptors and dictionaries from one worker to the next. */
#pragma once
#include "config/accounts.h"
#include "config/policy.h"
#include "mail/engine.h"
#include "mail/engine/server.h"
#include "mail/engine/supervise.h"

struct core;
struct anew;

typedef void (*core_done_fn) (gpointer data, const GError *error);
struct core_waiter {
  core_done_fn done;
  gpointer data;
};

struct core_account {
  struct core *core;
  struct account *account;
  struct supervised *imap, *smtp;
  char *state, *text;   /* of its connection, for people */
  GQueue arrivals;      /* GVariant *: events of the imap worker that the index has not seen yet, in order */
  gboolean arriving;    /* one of them is under way */
  GPtrArray *drained;   /* struct core_waiter *: to be told once arrivals is empty */
  GVariant *settled;    /* the state "idle", to be told then, too; NULL */
  GError *arrive_error; /* what the index refused since the last time that all had arrived; NULL */
  guint again_timer;    /* the index did not take something: the imap worker is to report it again; 0: it has all */
  gint64 settled_us;    /* monotonic: when it was last told to forget what the index has */
  guint arrived;        /* mails since the last "changed" event */
  gboolean filing;      /* a run of the outbox is under way */
  GQueue runs;          /* struct filing *: the runs that wait for it */
  gint64 looked_us;     /* monotonic: when it was last asked what is overdue; 0: never */
  char *unfiled;        /* why the last record could not be filed, as it was told; NULL */
  gboolean was_down;    /* there was no line to its imap server */
  guint due_timer;      /* the next run; 0: none */
  guint silence_timer;  /* of the run under way: nothing was heard of it so far; 0: that was said */
  gint64 due_soon;      /* real time: until then something is to go that a person may still take back; 0 */
  GQueue fetches; /* struct fetch *: bodies that somebody waits for; the first is under way where fetching says so */
  gboolean fetching;
  GHashTable *watchers;  /* id in the outbox -> struct request *: who hears how far it is */
  gboolean drafts_swept; /* outbox_draft_sweep was at it */
};

struct core {
  GMainLoop *loop;
  struct paths *paths;
  struct settings *settings; /* NULL: there is no profile yet */
  struct policy *policy;     /* NULL likewise */
  char *stamp;               /* of the files of settings when they were read last */
  GError *unread;            /* why they could not be used then; NULL */
  gboolean closed; /* so it was at the start, or on asking: only what needs none of them is answered until they can */
  struct server *server;
  struct supervised *keys, *reader, *writer, *lookup;
  struct supervised *lists; /* a second lookup, for what takes long: revocation lists */
  GHashTable *looks;        /* directory.c: what is being looked up in directories of keys */
  GQueue looks_waiting;     /* those of them that have not begun */
  guint looks_running;
  gint64 looks_not_before; /* monotonic: what is found cannot be kept, so that nothing is looked up for a while */
  int agent_fd;            /* the agent that is being asked whether it is there; -1: none */
  guint agent_source, agent_timer;
  char *keys_link;      /* where the keys folder's path is too long for sockets; else NULL */
  GPtrArray *accounts;  /* struct core_account * */
  GPtrArray *retired;   /* the same, of accounts that are no more */
  GHashTable *reports;  /* flow_ledger.c: path of a mail -> the report in it that is being taken in */
  GHashTable *subjects; /* outbox_subject.c: id in the outbox -> subject. In memory alone; NULL: none yet */
  gboolean subjects_reading;
  gint64 subjects_again_us; /* monotonic: not before that */
  GHashTable *asks;         /* ask id -> struct core_ask * */
  guint ask_ids;
  guint leave_timer, tick, tell_timer;
  guint busy;             /* requests that must be finished before leaving */
  struct anew *anew;      /* anew.c: the index is being made anew; NULL */
  gboolean anew_given_up; /* often enough for a day */
  gboolean anew_first;    /* there was neither mail nor index: the one that is made will not be because one was lost */
  gboolean verifying;     /* whether the index is what its readers die of */
  guint anew_source;
  gint64 told_changed; /* monotonic: when clients were told last that the index changed */
};

/* core.c */
struct core_account *core_account_find (struct core *core, const char *name);
struct core_account *core_account_for_address (struct core *core,
                                               const char *address_or_null);      /* else the first; NULL: none */
struct core_account *core_account_for_path (struct core *core, const char *path); /* by its folder; NULL: local mail */
/* Settings, policy, accounts: at start and on "reload". FALSE: those of before stay in use, and core->unread says why. */
gboolean core_load (struct core *core);
gboolean core_load_edited (struct core *core); /* the same if somebody edited them; else as it ended the last time */
void core_notice (struct core *core, const char *sentence); /* of what somebody should read */
void core_good_news (struct core *core, const char *sentence);
void core_changed (struct core *core); /* the index changed: clients are told, at most a few times a second */
void core_tell_changed (
    struct core *core); /* what they were not told yet, now: a client that comes later has nothing to hear of it */
void core_wake_accounts (struct core *core);              /* from now on mail comes in by itself */
GVariant *core_rows (GVariant *reply, const char *field); /* an "aa{sv}" of a reply; caller unrefs */
const char *core_own_address (struct core *core);         /* "" where there is no profile */

/* core_start.c: the start messages (supervised_start_fn; owner is the core, of imap and smtp the account) */
GVariant *core_start_keys (gpointer owner, GError **error);
GVariant *core_start_reader (gpointer owner, GError **error);
GVariant *core_start_writer (gpointer owner, GError **error);
GVariant *core_start_lookup (gpointer owner, GError **error);
GVariant *core_start_imap (gpointer owner, GError **error);
GVariant *core_start_smtp (gpointer owner, GError **error);
GVariant *core_account_fields (const struct account *account);
void core_remove_keys_link (struct core *core);

/* core_agent.c: the gpg-agent of this profile outlives the worker that it keeps waiting; this ends it. owner: the core. */
void core_end_agent (gpointer owner);
/* Does it still greet? If not, what the keys worker is doing is given up. */
void core_probe_agent (gpointer owner);
void core_probe_agent_stop (struct core *core);

/* door.c: the table of the engine's methods */
void door_request (gpointer core, struct request *request);

/* The flows, a file each. Handlers borrow the request. */
void flow_status (struct core *core, struct request *request);
void flow_reload (struct core *core, struct request *request);
void flow_account_secret (struct core *core, struct request *request);
void flow_account_forget (struct core *core, struct request *request);
void flow_account_test (struct core *core, struct request *request);
void flow_folders (struct core *core, struct request *request);
void flow_folder (struct core *core, struct request *request);
void flow_sync (struct core *core, struct request *request);
void flow_show (struct core *core, struct request *request);
/* flow_fetch.c: the body of a mail of which only the header (path) is here. done is called once, after wait_s at the latest: with the path of the
 * whole mail, or with NULL and a sentence what is missing and what to do. */
typedef void (*fetch_done_fn) (gpointer data, const char *path_or_null, const char *sentence);
void flow_fetch (struct core_account *account, struct request *request, const char *path, guint wait_s,
                 fetch_done_fn done, gpointer data);
/* flow_caution.c: the view with what a reader should know of its sender. done is called once, perhaps at once. servers: a{sv} for keys.inspect,
 * floating; account: whose mail it is, NULL: any. */
typedef void (*caution_done_fn) (gpointer data, GVariant *view);
void flow_caution_add (struct core *core, struct request *request, GVariant *view, GVariant *origin,
                       caution_done_fn done, gpointer data);
GVariant *flow_caution_servers (struct core *core, struct core_account *account_or_null);
void flow_part (struct core *core, struct request *request);
void flow_part_text (struct core *core, struct request *request);
void flow_part_show (struct request *request, GVariant *part,
                     GUnixFDList *fds); /* part: as of keys.part; its text is the reply */
void flow_reply (struct core *core, struct request *request);
void flow_draft_open (struct core *core, struct request *request);
void flow_change (struct core *core, struct request *request);
void flow_tag (struct core *core, struct request *request);
/* Put a tag on one message (and take another off; NULL: none), and on the server the flag that stands for it. Nobody waits for it; an unknown id is no
 * error. */
void change_mark (struct core *core, const char *id, const char *tag);
void change_marks (struct core *core, const char *id, const char *add, const char *remove_or_null);
void flow_routes (struct core *core, struct request *request);
void flow_send (struct core *core, struct request *request);
void flow_tell (struct core *core, struct request *request);
void flow_draft_save (struct core *core, struct request *request);
void flow_draft_drop (struct core *core, struct request *request);
void flow_outbox (struct core *core, struct request *request);
/* outbox_subject.c: what the messages in the outbox are about. */
void outbox_subject_note (struct core *core, const char *id, GVariant *draft); /* it is in the outbox now */
const char *outbox_subject_of (struct core *core, const char *id);             /* NULL: not known yet */
/* Reads those that are not known; rows: as of smtp.list, with "account". done is called once, unless FALSE: there is nothing to read, or it is being
 * done. */
gboolean outbox_subject_read (struct core *core, GVariant *rows, void (*done) (gpointer data), gpointer data);
void outbox_subject_clear (struct core *core);
void flow_outbox_decide (struct core *core, struct request *request);
void flow_outbox_edit (struct core *core, struct request *request);
void flow_import (struct core *core, struct request *request);
void flow_cert_check (struct core *core, struct request *request);

/* flow_arrive.c: from the imap workers' events into the index. */
void arrive_event (struct core_account *account, const char *event, GVariant *fields);
void arrive_when_done (struct core_account *account, core_done_fn done, gpointer data);
/* The index did not take what it was told: after a while the imap worker reports anew what it was not told to have arrived. */
void arrive_again (struct core_account *account);
void arrive_again_now (struct core_account *account); /* if that waits */
void arrive_settle (struct core_account *account);    /* now and then: what the index has need not be remembered */
void arrive_forget (struct core_account *account);    /* the account is no more: drop what waits, tell who waits */
/* arrive_rows.c: rows of mails into the index. */
/* Index one mail that we wrote ourselves: a Sent record, a draft. */
void arrive_own (struct core *core, const char *path, const char *const *add, core_done_fn done, gpointer data);
/* Get the shadows of protected mails (rows as of the imap event "mails") and index them all. */
void arrive_rows (struct core *core, GVariant *rows, core_done_fn done, gpointer data);
/* The same of rows that name all tags of their mails, into the index, or the one that is being made beside it. counts: added to. */
struct arrive_counts {
  guint skipped, damaged; /* not there any more; listed by their header alone */
};
void arrive_whole (struct core *core, GVariant *rows, gboolean beside, struct arrive_counts *counts, core_done_fn done,
                   gpointer data);

/* flow_ledger.c: what is reported of sent mail. report: of the mail at path, as of keys.shadow. */
#define LEDGER_SETTLED "settled" /* the tag of a report that nobody need read: the inbox is shown without it */
void ledger_init (struct core *core);
void ledger_take (struct core *core, const char *path, GVariant *report);
/* A report in this mail is still on its way into the ledger, or could not be taken in: nobody is to be told that the mail is done with. */
gboolean ledger_is_taking (struct core *core, const char *path);
gboolean ledger_has (struct core *core, const char *path); /* is it the mail of a report that came just now? */
void ledger_look (struct core_account *account);           /* for what is overdue, now and then */
void flow_receipt (struct core *core, struct request *request);
/* flow_receipt.c: answers what a message asks for. view: of it; asked: floating, as of receipt_asked. */
void receipt_answer (struct core *core, struct core_account *account_or_null, struct request *request, GVariant *view,
                     GVariant *asked);
void flow_delivery (struct core *core, struct request *request);

/* flow_outbox.c: run the outbox of an account, file what was accepted; one run at a time. id: of one that is asked for; NULL: all that is due.
 * haste: "", "line", "now" or "all"; see protocol.c. Where nobody waits (done NULL) people are told what became of it. */
typedef void (*outbox_done_fn) (gpointer data, GVariant *row_or_null, const GError *error);
void outbox_run (struct core_account *account, const char *id_or_null, const char *haste, outbox_done_fn done,
                 gpointer data);
/* outbox_draft.c: once in the engine's life. rows: of the account's outbox; the drafts that these messages were made from go. */
void outbox_draft_sweep (struct core_account *account, GVariant *rows);
/* flow_outbox_edit.c: "take-back" of the door's outbox_decide. */
void flow_outbox_take_back (struct core *core, struct request *request);
