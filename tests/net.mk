# Tests of net.
PEER = tests/wire/peer.c tests/wire/peer.h tests/unit/openssl_tool.c tests/unit/openssl_tool.h

check_PROGRAMS += tests/unit/test_gate tests/unit/test_gate_note tests/unit/test_imap_name tests/unit/test_outbox tests/unit/test_sync tests/wire/test_imap tests/wire/test_smtp
TESTS += tests/unit/test_gate tests/unit/test_gate_note tests/unit/test_imap_name tests/unit/test_outbox tests/unit/test_sync tests/wire/test_imap tests/wire/test_smtp
tests_unit_test_gate_SOURCES = tests/unit/test_gate.c
tests_unit_test_gate_LDADD = $(TEST_LIBS)
tests_unit_test_gate_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_gate_note_SOURCES = tests/unit/test_gate_note.c
tests_unit_test_gate_note_LDADD = $(TEST_LIBS)
tests_unit_test_gate_note_CFLAGS = $(TEST_CFLAGS)
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
tests_wire_test_imap_SOURCES = tests/wire/test_imap.c $(PEER)
tests_wire_test_imap_LDADD = $(TEST_LIBS)
tests_wire_test_imap_CFLAGS = $(TEST_CFLAGS)
tests_wire_test_smtp_SOURCES = tests/wire/test_smtp.c $(PEER)
tests_wire_test_smtp_LDADD = $(TEST_LIBS)
tests_wire_test_smtp_CFLAGS = $(TEST_CFLAGS)
check_PROGRAMS += tests/wire/test_certdir
TESTS += tests/wire/test_certdir
tests_wire_test_certdir_SOURCES = tests/wire/test_certdir.c tests/wire/certdir_peer.c tests/wire/certdir_peer.h tests/unit/openssl_tool.c tests/unit/openssl_tool.h
tests_wire_test_certdir_CPPFLAGS = $(AM_CPPFLAGS) -DTESTS_DIR=\"$(abs_top_srcdir)/tests\"
tests_wire_test_certdir_CFLAGS = $(TEST_CFLAGS)
tests_wire_test_certdir_LDADD = $(TEST_LIBS)
