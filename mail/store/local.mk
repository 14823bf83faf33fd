# The Maildir, its state and its sync; the outbox.
libmail_a_SOURCES += mail/store/disk.h mail/store/disk.c mail/store/maildir.h mail/store/maildir.c mail/store/maildir_batch.c mail/store/maildir_flight.c \
	mail/store/tags.h mail/store/tags.c mail/store/outbox.h mail/store/outbox_owed.h mail/store/outbox_owed.c mail/store/outbox.c
libmail_a_SOURCES += mail/store/state.h mail/store/state_p.h mail/store/state.c mail/store/state_mail.c mail/store/state_journal.c \
	mail/store/state_news.c mail/store/state_outbox.c
libmail_a_SOURCES += mail/store/sync.h mail/store/sync_p.h mail/store/sync.c mail/store/sync_events.c mail/store/sync_gone.c mail/store/sync_rename.c mail/store/sync_local.c \
	mail/store/sync_push.c mail/store/sync_folders.c mail/store/sync_sweep.c mail/store/sync_heads.c mail/store/sync_intake.c mail/store/sync_pull.c
libmail_a_SOURCES += mail/store/sync_folder.c mail/store/sync_folder_push.c mail/store/sync_renamed.c
libmail_a_SOURCES += mail/store/ledger.h mail/store/ledger_p.h mail/store/ledger.c mail/store/ledger_rule.c mail/store/ledger_report.c
libmail_a_SOURCES += mail/store/outbox_item.c mail/store/outbox_decide.c
libmail_a_SOURCES += mail/store/keywords.h mail/store/keywords.c mail/store/sync_keywords.c
libmail_a_SOURCES += mail/store/sync_window.c mail/store/sync_body.c mail/store/sync_progress.h mail/store/sync_progress.c
