# The screen: ui/screen/ (the only place with ncurses) and one file a view in ui/views/.
libui_a_SOURCES += \
	ui/screen/app.c ui/screen/app.h ui/screen/app_p.h ui/screen/app_call.c ui/screen/app_events.c ui/screen/app_key.c ui/screen/app_notice.c ui/screen/app_stack.c ui/screen/ask.c ui/screen/draw.c ui/screen/draw.h \
	ui/screen/editor.c ui/screen/editor.h ui/screen/frame.c ui/screen/here.c ui/screen/here.h ui/screen/input.c ui/screen/input.h ui/screen/key.h \
	ui/screen/keymap.c ui/screen/keymap.h ui/screen/line.c ui/screen/line.h ui/screen/prompt.c ui/screen/prompt.h \
	ui/screen/run.c ui/screen/screen.c ui/screen/screen.h ui/screen/text.c ui/screen/text.h ui/screen/theme.c \
	ui/screen/theme.h ui/screen/view.h ui/working.h ui/working.c \
	ui/views/changes.c ui/views/changes.h ui/views/compose.c ui/views/compose_draft.c ui/views/compose_p.h \
	ui/views/compose_keep.c ui/views/compose_own.c ui/views/compose_routes.c ui/views/compose_send.c ui/views/compose_undo.c ui/views/compose_tell.c ui/views/fields.c ui/views/fields.h ui/views/form.c ui/views/form.h \
	ui/views/keys.c ui/views/keys_p.h ui/views/keys_compare.c ui/views/keys_import.c ui/views/keys_life.c ui/views/keys_file.c ui/views/keys_backup.c ui/views/keys_stop.c ui/views/keys_words.c ui/views/keys_words.h \
	ui/views/list.c ui/views/list.h ui/views/list_p.h ui/views/list_load.c ui/views/list_row.c ui/views/outbox.c ui/views/parts.c ui/views/reader.c ui/views/reader_p.h ui/views/reader_draw.c ui/views/reader_load.c ui/views/reader_receipt.c \
	ui/views/reader_lines.c ui/views/reader_lines.h ui/views/recipients.c ui/views/recipients.h ui/views/rows.c \
	ui/views/rows.h ui/views/save_later.c ui/views/save_later.h ui/views/sidebar.c ui/views/sidebar_folder.c ui/views/sidebar_folder.h ui/views/text_view.c ui/views/views.h ui/views/wizard.c
libui_a_SOURCES += ui/views/outbox_lines.c ui/views/outbox_lines.h
libui_a_SOURCES += ui/views/delivery.c ui/views/delivery.h
