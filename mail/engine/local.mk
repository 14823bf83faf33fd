# The door, the engine and what all workers share.
libmail_a_SOURCES += mail/workers/keys_life.c mail/workers/keys_change.c
libmail_a_SOURCES += mail/engine.h mail/engine/protocol.h mail/engine/protocol.c mail/engine/channel.h mail/engine/channel.c \
	mail/engine/client.c mail/engine/pace.h mail/engine/pace.c mail/engine/server.h mail/engine/server.c mail/engine/spawn.h mail/engine/spawn.c \
	mail/engine/supervise.h mail/engine/supervise_p.h mail/engine/supervise.c mail/engine/supervised_call.c mail/engine/supervised_hear.c mail/engine/core.h mail/engine/core.c mail/engine/core_agent.c mail/engine/core_start.c mail/engine/door.c mail/engine/drafts.c mail/engine/drafts.h \
	mail/engine/secrets.h mail/engine/secrets.c mail/engine/flow_accounts.c mail/engine/flow_arrive.c mail/engine/arrive_rows.c \
	mail/engine/flow_caution.c mail/engine/flow_cert.c mail/engine/flow_change.c mail/engine/flow_import.c mail/engine/flow_outbox.c mail/engine/flow_fetch.c mail/engine/flow_part.c mail/engine/flow_read.c mail/engine/reading.h mail/engine/reading.c mail/engine/reading_view.c \
	mail/engine/flow_draft.c mail/engine/flow_send.c mail/engine/flow_tell.c mail/engine/sending.h mail/engine/sending.c mail/engine/sending_known.c mail/workers/worker.h mail/workers/worker.c mail/workers/sandbox.h mail/workers/sandbox.c \
	mail/workers/keys.c mail/workers/keys_p.h mail/workers/keys_send.c mail/workers/keys_record.c mail/workers/keys_ring.c mail/workers/keys_learn.c
libmail_a_SOURCES += mail/engine/directory.h mail/engine/directory.c mail/engine/directory_ldap.c mail/engine/flow_routes.c mail/workers/keys_directory.c
libmail_a_SOURCES += mail/engine/working.h mail/engine/working.c
libmail_a_SOURCES += mail/engine/revocation.h mail/engine/revocation.c mail/workers/keys_revocation.c
libmail_a_SOURCES += mail/engine/flow_ledger.c
libmail_a_SOURCES += mail/engine/flow_outbox_decide.c mail/engine/flow_outbox_edit.c mail/engine/outbox_subject.c mail/engine/outbox_draft.c
libmail_a_SOURCES += mail/engine/flow_receipt.c
