# Messages: reading, writing, text, HTML; the filter worker.
libmail_a_SOURCES += mail/message/message.h mail/message/message_p.h mail/message/sanitise.h mail/message/html.h \
	mail/message/sanitise.c mail/message/message_init.c mail/message/message_address.c mail/message/record.c mail/message/message_encrypted.c \
	mail/message/message_header.c mail/message/message_names.c mail/message/message_compose.c \
	mail/message/draft_parse.c mail/message/draft_parse.h
