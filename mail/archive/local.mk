# The index, import; the index and lookup workers.
libmail_a_SOURCES += mail/archive/index.h mail/archive/index_p.h mail/archive/index_db.c mail/archive/index_query.c \
	mail/archive/index_thread.c mail/archive/index_find.c mail/archive/index_tag.h mail/archive/index_tag.c \
	mail/archive/index_write.c mail/archive/index_row.c mail/archive/index_shadow.h mail/archive/index_shadow.c mail/archive/index_standin.h mail/archive/index_standin.c \
	mail/archive/import.h mail/archive/import.c mail/workers/index.c \
	mail/archive/index_guard.h mail/archive/index_guard.c mail/archive/index_known.c \
	mail/archive/contacts.h mail/archive/contacts.c mail/archive/contacts_fold.c \
	mail/net/https.h mail/net/https.c mail/net/discover.h mail/net/discover.c mail/net/srv.h mail/net/srv.c mail/workers/lookup_p.h mail/workers/lookup.c mail/workers/lookup_keys.c
