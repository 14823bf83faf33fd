# The index, import; the index and lookup workers.
libmail_a_SOURCES += mail/archive/index.h mail/archive/index_p.h mail/archive/index_db_p.h mail/archive/index_db.c mail/archive/index_make.c mail/archive/index_health.c mail/archive/index_verify.c \
	mail/archive/index_lock.h mail/archive/index_lock.c mail/archive/index_place.h mail/archive/index_place.c mail/archive/index_keep.h mail/archive/index_keep.c \
	mail/archive/index_walk.h mail/archive/index_walk.c mail/archive/index_query.c \
	mail/archive/index_thread.c mail/archive/index_find.c mail/archive/index_tag.h mail/archive/index_tag.c \
	mail/archive/index_add.h mail/archive/index_add.c mail/archive/index_flags.h mail/archive/index_flags.c mail/archive/index_write.c mail/archive/index_row.c mail/archive/index_shadow.h mail/archive/index_shadow.c mail/archive/index_standin.h mail/archive/index_standin.c \
	mail/archive/import.h mail/archive/import.c mail/workers/index.c mail/workers/index_p.h mail/workers/index_anew.c \
	mail/archive/index_guard.h mail/archive/index_guard.c mail/archive/index_known.c \
	mail/archive/contacts.h mail/archive/contacts.c mail/archive/contacts_fold.c \
	mail/net/https.h mail/net/https.c mail/net/discover.h mail/net/discover.c mail/net/srv.h mail/net/srv.c mail/workers/lookup_p.h mail/workers/lookup.c mail/workers/lookup_keys.c
# Making the index anew, and what outlasts it.
libmail_a_SOURCES += mail/engine/anew.h mail/engine/anew_p.h mail/engine/anew.c mail/engine/anew_when.c mail/store/sync_rows.c \
	mail/store/tagbook.h mail/store/tagbook.c
