# The command line.
libui_a_SOURCES += ui/commands/command_key.h ui/commands/command_key_new.c ui/commands/command_key_export.c ui/commands/command_draft_keys.c ui/commands/command_key_backup.c ui/commands/command_key_change.c ui/save_whole.c
libui_a_SOURCES += ui/commands/command.h ui/commands/command.c ui/commands/commands.c ui/commands/command_out.h \
	ui/commands/command_out.c ui/commands/command_json.h ui/commands/command_json.c ui/commands/command_input.h \
	ui/commands/command_input.c ui/commands/command_ask.h ui/commands/command_ask.c ui/commands/command_view.h \
	ui/commands/command_view.c ui/commands/command_draft.h ui/commands/command_draft.c ui/commands/command_stream.h \
	ui/commands/command_stream.c ui/commands/command_account.c ui/commands/command_ca.c ui/commands/command_count.c \
	ui/commands/command_explain.c ui/commands/command_folder.c ui/commands/command_help.c ui/commands/command_import.c ui/commands/command_key.c ui/commands/command_key.h ui/commands/command_key_card.c \
	ui/commands/command_reindex.c ui/commands/command_reply.c ui/commands/command_search.c ui/commands/command_send.c ui/commands/command_sendmail.c \
	ui/commands/command_sendmail.h ui/commands/command_cert_check.c ui/commands/command_setup.c ui/commands/command_show.c ui/commands/command_part.c ui/commands/command_part.h ui/save.c ui/save.h ui/commands/command_sync.c \
	ui/commands/command_tag.c ui/commands/command_tell.c ui/commands/command_verify.c ui/commands/command_version.c
libui_a_SOURCES += ui/commands/command_delivery.c
libui_a_SOURCES += ui/commands/command_outbox.c ui/commands/command_outbox.h ui/later.h ui/later.c
libui_a_SOURCES += ui/commands/command_receipt.c
