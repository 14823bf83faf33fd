# IMAP, SMTP and the gate; the imap and smtp workers.
libmail_a_SOURCES += mail/net/gate.h mail/net/gate_p.h mail/net/gate.c mail/net/gate_mime.c mail/net/gate_cms.c mail/net/gate_pgp.c mail/net/gate_note.c mail/net/gate_autocrypt.c \
	mail/net/address.h mail/net/address.c mail/net/remote.h mail/net/remote.c mail/net/stream.h mail/net/stream_p.h mail/net/stream.c mail/net/stream_connect.c \
	mail/net/stream_etpan.c mail/net/imap_filter.h mail/net/imap_filter.c mail/net/imap_driver.c mail/net/sasl.h mail/net/sasl.c mail/net/imap.h mail/net/imap_p.h mail/net/imap_session.c \
	mail/net/imap_sign_in.c mail/net/imap_folders.c mail/net/imap_fetch.c mail/net/imap_pipe.c mail/net/imap_compress.c mail/net/deflate.h mail/net/deflate.c mail/net/imap_status.c mail/net/imap_change.c mail/net/imap_idle.c \
	mail/net/imap_name.h mail/net/imap_name.c
libmail_a_SOURCES += mail/net/imap_folder.c mail/net/imap_keywords.c
libmail_a_SOURCES += mail/net/wkd.h mail/net/wkd.c
libmail_a_SOURCES += mail/workers/imap.c mail/workers/imap_p.h mail/workers/imap_methods.c mail/workers/imap_body.h mail/workers/imap_body.c
libmail_a_SOURCES += mail/workers/imap_watch.h mail/workers/imap_watch.c
libmail_a_SOURCES += mail/net/smtp.h mail/net/smtp_p.h mail/net/smtp_driver.c mail/net/smtp_session.c mail/net/smtp_send.c mail/net/smtp_envelope.c \
	mail/workers/smtp_p.h mail/workers/smtp.c mail/workers/smtp_note.c mail/workers/smtp_ledger.c
libmail_a_SOURCES += mail/workers/smtp_run.c mail/workers/smtp_rows.c mail/workers/smtp_decide.c
libmail_a_SOURCES += mail/net/certdir.h mail/net/certdir_p.h mail/net/certdir.c mail/net/certdir_walk.c mail/net/certdir_server.c
