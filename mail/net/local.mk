# IMAP, SMTP, the gate, the Maildir and its state; the imap and smtp workers.
libmail_a_SOURCES += mail/net/gate.h
