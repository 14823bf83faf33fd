# IMAP, SMTP, the gate, the Maildir and its state; the imap and smtp workers.
libmail_a_SOURCES += mail/net/gate.h mail/net/gate_p.h mail/net/gate.c mail/net/gate_mime.c mail/net/gate_cms.c mail/net/gate_pgp.c \
	mail/net/address.h mail/net/address.c
