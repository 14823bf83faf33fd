/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What goes wrong in a run: one place, the how-manieth time it is come by, and how. Lies in memory that all processes of the test share,
 * so that a worker, which is a fork of the test, fails where it was told to, and the test knows that it did. */
#pragma once
#include <glib.h>

enum fault_place {
  PLACE_NONE = 0,
  PLACE_FILES,    /* the keyring's own files, before anything begins or between route and protect */
  PLACE_FIND,     /* a source of keys */
  PLACE_OWN,      /* the sender's own key */
  PLACE_PROTECT,  /* what protect made, on its way to the gate */
  PLACE_GPG,      /* what OpenPGP makes */
  PLACE_PROGRAM,  /* gpg itself */
  PLACE_ENVELOPE, /* what CMS makes */
  PLACE_ALLOC,    /* OpenSSL's memory */
  PLACE_RANDOM,   /* OpenSSL's random numbers */
  PLACE_DISK,     /* writing; where: enum fault_role */
  PLACE_READ,     /* reading; likewise */
  PLACE_OUTBOX,   /* the files of the outbox, before they are sent */
  PLACE_CALL,     /* what the engine asks of its workers */
  PLACE_INDEX,    /* the index */
  PLACE_PEER,     /* the server; where: enum fault_step */
  PLACE_COUNT
};
enum fault_role { ROLE_KEYS = 0, ROLE_SMTP, ROLE_IMAP, ROLE_COUNT };
enum fault_step {
  STEP_ACCEPT = 0,
  STEP_GREETING,
  STEP_EHLO,
  STEP_STARTTLS,
  STEP_HANDSHAKE,
  STEP_AUTH,
  STEP_MAIL,
  STEP_RCPT,
  STEP_DATA,
  STEP_CONTENT, /* in the middle of it */
  STEP_DOT,
  STEP_COUNT
};

/* Kinds; 0 is none. */
enum fault_files { FILES_TRUST = 1, FILES_USED, FILES_AUTOCRYPT, FILES_PINS_GONE, FILES_GONE };
enum fault_output {
  OUTPUT_FAILS = 1,
  OUTPUT_PLAIN, /* the text itself */
  OUTPUT_NOISE, /* what means nothing */
  OUTPUT_EMPTY,
  OUTPUT_CUT,   /* its second half is missing */
  OUTPUT_OTHER, /* encrypted to somebody else */
  OUTPUT_FEWER, /* to all but one */
  OUTPUT_MORE,  /* to one more */
  OUTPUT_BARE,  /* encrypted without integrity, or with a readable part beside it */
  OUTPUT_UNSIGNED,
  OUTPUT_SUBJECT, /* with the real Subject outside */
  OUTPUT_TRAILER, /* with some text behind it */
};
enum fault_program { PROGRAM_HANGS = 1, PROGRAM_KILLED, PROGRAM_NOISE, PROGRAM_SILENT, PROGRAM_REFUSES };
enum fault_disk {
  DISK_EIO = 1,
  DISK_FULL /* and stays so */,
  DISK_SHORT,
  DISK_DIES /* the process, before */,
  DISK_DIES_AFTER
};
enum fault_call { CALL_FAILS = 1, CALL_WORKER_DIES, CALL_WORKER_DIES_SOON, CALL_ENGINE_DIES };
enum fault_peer {
  PEER_GOES_BEFORE = 1, /* hangs up before it hears the command */
  PEER_GOES,            /* hangs up instead of an answer */
  PEER_CUTS,            /* in the middle of the answer */
  PEER_LATER,           /* 4xx */
  PEER_NEVER,           /* 5xx */
  PEER_CLOSES,          /* 421 */
  PEER_NOISE,           /* no answer of SMTP */
  PEER_TWICE,           /* answers what was not asked */
  PEER_HANGS,
};

struct fault {
  enum fault_place place;
  guint where, kind, at; /* at: 1 is the first time */
  gboolean stays;        /* from then on it goes wrong each time */
};

#define FAULT_WHERE_MAX 16
#define DELIVERIES_MAX 512
#define HEARD_MAX (48u * 1024 * 1024)
struct delivery {
  gsize rcpt, rcpt_size; /* in heard: addresses, each with a LF */
  gsize data, data_size; /* in heard */
  gboolean accepted;     /* the server keeps it */
  gboolean whole;        /* its final dot came */
};
struct fault_shared {
  struct fault fault;
  gboolean armed;
  guint fired;
  guint counts[PLACE_COUNT][FAULT_WHERE_MAX]; /* how often each place was come by while armed */
  gboolean real_gpg;
  int crashed; /* the signal that a worker died of by itself; 0 */
  guint64 run;
  /* The peer's */
  gboolean starttls;
  gint open; /* connections that it is at */
  guint deliveries_count;
  struct delivery deliveries[DELIVERIES_MAX];
  gsize heard_size;
  guint8 heard[HEARD_MAX];
};
extern struct fault_shared *shared;
extern int fault_role; /* of this process; -1: the test itself */

void fault_init (void);
/* Come by: the kind of failure that is due now, or 0. */
guint fault_next (enum fault_place place, guint where);
/* The fault as one line, and back: "place:where:kind:at[+]". */
char *fault_to_text (const struct fault *fault);
gboolean fault_from_text (const char *text, struct fault *fault_out);
struct fault fault_random (GRand *random);
guint fault_kinds (enum fault_place place);  /* 1 .. that many */
guint fault_wheres (enum fault_place place); /* 0 .. one less */
const char *fault_place_name (enum fault_place place);
