/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A message being written; for the compose files. All of it lives here, in the screen's process: an engine that dies takes
 * nothing along. */
#pragma once
#include "ui/screen/editor.h"
#include "ui/screen/line.h"
#include "ui/views/views.h"

#define COMPOSE_LOST_TRIES 3

enum compose_field {
  FIELD_TO = 0,
  FIELD_CC,
  FIELD_BCC,
  FIELD_SUBJECT,
  FIELD_COUNT,
  FOCUS_ATTACHMENTS = FIELD_COUNT,
  FOCUS_BODY
};

struct attached {
  char *filename, *type;
  int fd;
  guint64 size;
};
struct compose {
  struct view view;
  struct line fields[FIELD_COUNT];
  struct editor *body;
  GPtrArray *attached; /* struct attached * */
  int focus;           /* enum compose_field */
  GVariant *origin;    /* the draft it began with, for what a person does not edit; NULL */
  char *draft_id;      /* the draft on disk that this replaces; NULL */
  char *message_id;    /* given when it is first sent; NULL */
  gboolean tried;      /* it was handed over as it stands now, and may have been taken */
  gboolean another;    /* it was changed since then: it is another message, with a Message-ID of its own */
  guint lost;          /* how often the engine died while it was being sent */
  gboolean changed;    /* since it was last saved */
  /* compose_keep.c */
  gboolean dirty;                  /* since it was last saved or kept */
  gboolean ticking;                /* it will be kept after a while */
  gboolean keeping;                /* that is under way: typing goes on */
  gboolean kept;                   /* draft_id is what was kept, and not what the person saved */
  void (*then) (struct compose *); /* to be done once it is kept; NULL */
  char *trouble;                   /* why it could not be kept, as it was told; NULL */
  GVariant *saved;                 /* the draft as the person saved or opened it; NULL: there is none */
  GUnixFDList *saved_fds;
  GVariant *routes; /* aa{sv}; NULL: nothing asked yet */
  struct app_call *route_call;
  guint held;
  GHashTable *told; /* addresses whose note was shown in this window; NULL: none */
  gboolean receipt; /* its readers are asked to say that they opened it */
  gboolean working; /* sending or saving: the text stands still */
  gint64 later;     /* when it is to go; 0: at once */
  char *outbox_id;  /* where it can still be taken back from; NULL */
  gboolean taking_back;
  char *edit_path; /* while another editor has the text */
  int body_width, body_height;
};

/* compose_draft.c: between the fields on the screen and the engine's draft. */
GVariant *compose_to_draft (struct compose *compose, GUnixFDList *fds, GError **error); /* floating a{sv} */
void compose_from_draft (struct compose *compose, GVariant *draft, GUnixFDList *fds);
gboolean compose_attach (struct compose *compose, const char *path, GError **error);
/* FALSE: there is no room for it. */
gboolean compose_attach_fd (struct compose *compose, const char *filename, const char *type, int fd_take);
void compose_own (struct compose *compose); /* compose_own.c: attach one's own public keys */
void compose_detach_last (struct compose *compose);
void compose_attached_free (gpointer attached);

/* compose_routes.c */
void compose_routes_ask (struct compose *compose); /* after a while without typing */
void compose_routes_event (struct compose *compose, const char *event, GVariant *fields);
int compose_routes_rows (const struct compose *compose, int width);
void compose_routes_draw (struct compose *compose, const struct area *area);
void compose_routes_page (struct compose *compose); /* all about each recipient */

/* compose_keep.c */
void compose_touched (struct compose *compose); /* something was changed */
void compose_touched_later (struct compose *compose);
gboolean compose_keep (struct compose *compose); /* now; TRUE: it is under way */
/* TRUE: then is called once that is over; FALSE: nothing is under way. */
gboolean compose_after_keeping (struct compose *compose, void (*then) (struct compose *compose));
/* It is in Drafts again. reply: of "take-back". */
void compose_kept_as (struct compose *compose, GVariant *reply);
void compose_saved_as (struct compose *compose, GVariant *draft, GUnixFDList *fds);
void compose_discard (struct compose *compose); /* what was changed since, and close */

/* compose_tell.c */
void compose_tell (
    struct compose *compose); /* show the note for the next recipient who has no key; sending it is asked for there */

/* compose_undo.c: it goes in some seconds. reply: of "send". */
void compose_undo_wait (struct compose *compose, GVariant *reply);

/* compose_send.c */
void compose_send (struct compose *compose);
void compose_send_later (struct compose *compose); /* asks when */
void compose_save (struct compose *compose);       /* as a draft, and close */
void compose_external (struct compose *compose);
