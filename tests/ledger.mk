# What became of what was sent.
LEDGER_TESTS = tests/unit/test_ledger tests/unit/test_report_fields tests/unit/test_receipt
check_PROGRAMS += $(LEDGER_TESTS)
TESTS += $(LEDGER_TESTS)
tests_unit_test_ledger_SOURCES = tests/unit/test_ledger.c
tests_unit_test_ledger_LDADD = $(TEST_LIBS)
tests_unit_test_ledger_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_report_fields_SOURCES = tests/unit/test_report_fields.c
tests_unit_test_report_fields_LDADD = $(TEST_LIBS)
tests_unit_test_report_fields_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_receipt_SOURCES = tests/unit/test_receipt.c
tests_unit_test_receipt_LDADD = $(TEST_LIBS)
tests_unit_test_receipt_CFLAGS = $(TEST_CFLAGS)
