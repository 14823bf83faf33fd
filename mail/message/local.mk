# Messages: reading, writing, text, HTML; the filter worker.
libmail_a_SOURCES += mail/message/message.h mail/message/sanitise.h mail/message/html.h
