# Tests of the engine: its channels, its supervision of workers, their sandbox.
check_PROGRAMS += tests/unit/test_channel tests/unit/test_supervise
TESTS += tests/unit/test_channel tests/unit/test_supervise
tests_unit_test_channel_SOURCES = tests/unit/test_channel.c
tests_unit_test_channel_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_channel_LDADD = $(TEST_LIBS)
tests_unit_test_supervise_SOURCES = tests/unit/test_supervise.c
tests_unit_test_supervise_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_supervise_LDADD = $(TEST_LIBS)
check_PROGRAMS += tests/unit/test_outbox_clock
TESTS += tests/unit/test_outbox_clock
tests_unit_test_outbox_clock_SOURCES = tests/unit/test_outbox_clock.c
tests_unit_test_outbox_clock_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_outbox_clock_LDADD = $(TEST_LIBS)
tests_unit_test_outbox_clock_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=supervised_call -Wl,--wrap=server_event -Wl,--wrap=core_notice -Wl,--wrap=core_changed
check_PROGRAMS += tests/unit/test_sending_known
TESTS += tests/unit/test_sending_known
tests_unit_test_sending_known_SOURCES = tests/unit/test_sending_known.c
tests_unit_test_sending_known_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_sending_known_LDADD = $(TEST_LIBS)
tests_unit_test_sending_known_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=supervised_call
check_PROGRAMS += tests/unit/test_outbox_draft
TESTS += tests/unit/test_outbox_draft
tests_unit_test_outbox_draft_SOURCES = tests/unit/test_outbox_draft.c
tests_unit_test_outbox_draft_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_outbox_draft_LDADD = $(TEST_LIBS)
tests_unit_test_outbox_draft_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=supervised_call -Wl,--wrap=arrive_own -Wl,--wrap=outbox_run \
	-Wl,--wrap=server_event -Wl,--wrap=core_changed -Wl,--wrap=request_reply -Wl,--wrap=request_fail
check_PROGRAMS += tests/unit/test_outbox_subject
TESTS += tests/unit/test_outbox_subject
tests_unit_test_outbox_subject_SOURCES = tests/unit/test_outbox_subject.c
tests_unit_test_outbox_subject_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_outbox_subject_LDADD = $(TEST_LIBS)
tests_unit_test_outbox_subject_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=supervised_call -Wl,--wrap=core_account_find
