# Tests of messages: text made safe, addresses, reading, writing.
MESSAGE_TESTS = tests/unit/test_sanitise tests/unit/test_message_address tests/unit/test_message_compose
check_PROGRAMS += $(MESSAGE_TESTS)
TESTS += $(MESSAGE_TESTS)
tests_unit_test_sanitise_SOURCES = tests/unit/test_sanitise.c
tests_unit_test_sanitise_LDADD = $(TEST_LIBS)
tests_unit_test_sanitise_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_message_address_SOURCES = tests/unit/test_message_address.c
tests_unit_test_message_address_LDADD = $(TEST_LIBS)
tests_unit_test_message_address_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_message_compose_SOURCES = tests/unit/test_message_compose.c
tests_unit_test_message_compose_LDADD = $(TEST_LIBS)
tests_unit_test_message_compose_CFLAGS = $(TEST_CFLAGS)
check_PROGRAMS += tests/unit/test_draft_parse
TESTS += tests/unit/test_draft_parse
tests_unit_test_draft_parse_SOURCES = tests/unit/test_draft_parse.c
tests_unit_test_draft_parse_LDADD = $(TEST_LIBS)
tests_unit_test_draft_parse_CFLAGS = $(TEST_CFLAGS)
