# Of senders who pretend.
CAUTION_TESTS = tests/unit/test_auth_results tests/unit/test_caution
check_PROGRAMS += $(CAUTION_TESTS)
TESTS += $(CAUTION_TESTS)
tests_unit_test_auth_results_SOURCES = tests/unit/test_auth_results.c
tests_unit_test_auth_results_LDADD = $(TEST_LIBS)
tests_unit_test_auth_results_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_caution_SOURCES = tests/unit/test_caution.c
tests_unit_test_caution_LDADD = $(TEST_LIBS)
tests_unit_test_caution_CFLAGS = $(TEST_CFLAGS)
# Tests of messages: text made safe, addresses, reading, writing.
MESSAGE_TESTS = tests/unit/test_sanitise tests/unit/test_message_address tests/unit/test_message_compose tests/unit/test_html tests/unit/test_html_style \
	tests/unit/test_html_table tests/unit/test_html_link \
	tests/unit/test_message_view tests/unit/test_message_reply tests/unit/test_message_text tests/unit/test_filter \
	tests/unit/test_draft_parse tests/unit/test_lookalike
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
tests_unit_test_html_SOURCES = tests/unit/test_html.c
tests_unit_test_html_LDADD = $(TEST_LIBS)
tests_unit_test_html_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_html_style_SOURCES = tests/unit/test_html_style.c
tests_unit_test_html_style_LDADD = $(TEST_LIBS)
tests_unit_test_html_style_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_html_table_SOURCES = tests/unit/test_html_table.c
tests_unit_test_html_table_LDADD = $(TEST_LIBS)
tests_unit_test_html_table_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_html_link_SOURCES = tests/unit/test_html_link.c
tests_unit_test_html_link_LDADD = $(TEST_LIBS)
tests_unit_test_html_link_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_message_view_SOURCES = tests/unit/test_message_view.c tests/unit/shown.c tests/unit/shown.h
tests_unit_test_message_view_LDADD = $(TEST_LIBS)
tests_unit_test_message_view_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_message_reply_SOURCES = tests/unit/test_message_reply.c
tests_unit_test_message_reply_LDADD = $(TEST_LIBS)
tests_unit_test_message_reply_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_message_text_SOURCES = tests/unit/test_message_text.c
tests_unit_test_message_text_LDADD = $(TEST_LIBS)
tests_unit_test_message_text_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_filter_SOURCES = tests/unit/test_filter.c
tests_unit_test_filter_LDADD = $(TEST_LIBS)
tests_unit_test_filter_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_draft_parse_SOURCES = tests/unit/test_draft_parse.c
tests_unit_test_draft_parse_LDADD = $(TEST_LIBS)
tests_unit_test_draft_parse_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_lookalike_SOURCES = tests/unit/test_lookalike.c
tests_unit_test_lookalike_LDADD = $(TEST_LIBS)
tests_unit_test_lookalike_CFLAGS = $(TEST_CFLAGS)
# MIME as it is written.
MIME_TESTS = tests/unit/test_message_mime tests/unit/test_message_charset
check_PROGRAMS += $(MIME_TESTS)
TESTS += $(MIME_TESTS)
tests_unit_test_message_mime_SOURCES = tests/unit/test_message_mime.c tests/unit/shown.c tests/unit/shown.h
tests_unit_test_message_mime_LDADD = $(TEST_LIBS)
tests_unit_test_message_mime_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_message_charset_SOURCES = tests/unit/test_message_charset.c tests/unit/shown.c tests/unit/shown.h
tests_unit_test_message_charset_LDADD = $(TEST_LIBS)
tests_unit_test_message_charset_CFLAGS = $(TEST_CFLAGS)
