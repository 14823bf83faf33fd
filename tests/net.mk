# Tests of net.
PEER = tests/wire/peer.c tests/wire/peer.h tests/wire/peer_cert.c tests/wire/peer_cert.h tests/unit/openssl_tool.c tests/unit/openssl_tool.h
MEETING = tests/wire/meeting.c tests/wire/meeting.h $(PEER)

check_PROGRAMS += tests/unit/test_gate tests/unit/test_gate_note tests/unit/test_imap_filter tests/unit/test_imap_name tests/unit/test_outbox tests/unit/test_sync tests/wire/test_imap tests/wire/test_imap_fetch tests/wire/test_imap_folders tests/wire/test_replies tests/wire/test_smtp
TESTS += tests/unit/test_gate tests/unit/test_gate_note tests/unit/test_imap_filter tests/unit/test_imap_name tests/unit/test_outbox tests/unit/test_sync tests/wire/test_imap tests/wire/test_imap_fetch tests/wire/test_imap_folders tests/wire/test_replies tests/wire/test_smtp
tests_unit_test_gate_SOURCES = tests/unit/test_gate.c
tests_unit_test_gate_LDADD = $(TEST_LIBS)
tests_unit_test_gate_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_gate_note_SOURCES = tests/unit/test_gate_note.c
tests_unit_test_gate_note_LDADD = $(TEST_LIBS)
tests_unit_test_gate_note_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_imap_filter_SOURCES = tests/unit/test_imap_filter.c
tests_unit_test_imap_filter_LDADD = $(TEST_LIBS)
tests_unit_test_imap_filter_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_imap_name_SOURCES = tests/unit/test_imap_name.c
tests_unit_test_imap_name_LDADD = $(TEST_LIBS)
tests_unit_test_imap_name_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_outbox_SOURCES = tests/unit/test_outbox.c
tests_unit_test_outbox_LDADD = $(TEST_LIBS)
tests_unit_test_outbox_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_sync_SOURCES = tests/unit/test_sync.c
tests_unit_test_sync_LDADD = $(TEST_LIBS)
tests_unit_test_sync_CFLAGS = $(TEST_CFLAGS)
check_PROGRAMS += tests/unit/test_wkd
TESTS += tests/unit/test_wkd
tests_unit_test_wkd_SOURCES = tests/unit/test_wkd.c
tests_unit_test_wkd_LDADD = $(TEST_LIBS)
tests_unit_test_wkd_CFLAGS = $(TEST_CFLAGS)
tests_wire_test_imap_SOURCES = tests/wire/test_imap.c $(MEETING)
tests_wire_test_imap_LDADD = $(TEST_LIBS)
tests_wire_test_imap_CFLAGS = $(TEST_CFLAGS)
tests_wire_test_imap_fetch_SOURCES = tests/wire/test_imap_fetch.c $(MEETING)
tests_wire_test_imap_fetch_LDADD = $(TEST_LIBS)
tests_wire_test_imap_fetch_CFLAGS = $(TEST_CFLAGS)
tests_wire_test_imap_folders_SOURCES = tests/wire/test_imap_folders.c $(MEETING)
tests_wire_test_imap_folders_LDADD = $(TEST_LIBS)
tests_wire_test_imap_folders_CFLAGS = $(TEST_CFLAGS)
tests_wire_test_replies_SOURCES = tests/wire/test_replies.c $(PEER)
tests_wire_test_replies_LDADD = $(TEST_LIBS)
tests_wire_test_replies_CFLAGS = $(TEST_CFLAGS)
tests_wire_test_smtp_SOURCES = tests/wire/test_smtp.c $(PEER)
tests_wire_test_smtp_LDADD = $(TEST_LIBS)
tests_wire_test_smtp_CFLAGS = $(TEST_CFLAGS)
check_PROGRAMS += tests/wire/test_pull
TESTS += tests/wire/test_pull
tests_wire_test_pull_SOURCES = tests/wire/test_pull.c $(PEER)
tests_wire_test_pull_LDADD = $(TEST_LIBS)
tests_wire_test_pull_CFLAGS = $(TEST_CFLAGS)
check_PROGRAMS += tests/wire/test_certdir
TESTS += tests/wire/test_certdir
tests_wire_test_certdir_SOURCES = tests/wire/test_certdir.c tests/wire/certdir_peer.c tests/wire/certdir_peer.h tests/unit/openssl_tool.c tests/unit/openssl_tool.h
tests_wire_test_certdir_CPPFLAGS = $(AM_CPPFLAGS) -DTESTS_DIR=\"$(abs_top_srcdir)/tests\"
tests_wire_test_certdir_CFLAGS = $(TEST_CFLAGS)
tests_wire_test_certdir_LDADD = $(TEST_LIBS)
# How fast mail is pulled, beside mbsync and a raw client: make bench. A short one: make bench-pull PULL='mails=1000 memory=5000'.
BENCH_PULL = tests/bench/pull_raw tests/bench/pull_line tests/bench/pull_own
EXTRA_PROGRAMS += $(BENCH_PULL)
tests_bench_pull_raw_SOURCES = tests/bench/pull_raw.c
tests_bench_pull_raw_CFLAGS = $(AM_CFLAGS)
tests_bench_pull_raw_LDADD = $(OPENSSL_LIBS) $(GLIB_LIBS)
tests_bench_pull_line_SOURCES = tests/bench/pull_line.c
tests_bench_pull_line_CFLAGS = $(AM_CFLAGS)
tests_bench_pull_line_LDADD = $(GLIB_LIBS)
tests_bench_pull_own_SOURCES = tests/bench/pull_own.c
tests_bench_pull_own_CFLAGS = $(AM_CFLAGS)
tests_bench_pull_own_LDADD = $(TEST_LIBS)
# Put before the program by the loader, so it has to be a library.
tests/bench/pull_nosync.so: tests/bench/pull_nosync.c
	$(AM_V_CCLD)$(MKDIR_P) tests/bench && $(CC) -O2 -fPIC -shared -o $@ $(top_srcdir)/tests/bench/pull_nosync.c
bench: bench-pull
bench-pull: all $(BENCH_PULL) tests/bench/pull_nosync.so
	$(top_srcdir)/tests/bench/pull $(abs_top_builddir) $(PULL)
.PHONY: bench-pull
CLEANFILES += $(BENCH_PULL) tests/bench/pull_nosync.so
EXTRA_DIST += tests/bench/pull tests/bench/pull_nosync.c
check_PROGRAMS += tests/unit/test_sync_folder
TESTS += tests/unit/test_sync_folder
tests_unit_test_sync_folder_SOURCES = tests/unit/test_sync_folder.c
tests_unit_test_sync_folder_LDADD = $(TEST_LIBS)
tests_unit_test_sync_folder_CFLAGS = $(TEST_CFLAGS)
check_PROGRAMS += tests/unit/test_keywords
TESTS += tests/unit/test_keywords
tests_unit_test_keywords_SOURCES = tests/unit/test_keywords.c
tests_unit_test_keywords_LDADD = $(TEST_LIBS)
tests_unit_test_keywords_CFLAGS = $(TEST_CFLAGS)
check_PROGRAMS += tests/unit/test_sync_window
TESTS += tests/unit/test_sync_window
tests_unit_test_sync_window_SOURCES = tests/unit/test_sync_window.c
tests_unit_test_sync_window_LDADD = $(TEST_LIBS)
tests_unit_test_sync_window_CFLAGS = $(TEST_CFLAGS)
