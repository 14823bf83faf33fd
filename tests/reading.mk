# Tests of reading protected mail: attacks on it, its forms, its header.
READ_MAIL = $(FIXTURE) tests/unit/read_mail.c tests/unit/read_mail.h tests/unit/shown.c tests/unit/shown.h
READING_TESTS = tests/unit/test_efail tests/unit/test_header_protection tests/unit/test_smime_read
check_PROGRAMS += $(READING_TESTS)
TESTS += $(READING_TESTS)
tests_unit_test_efail_SOURCES = tests/unit/test_efail.c $(READ_MAIL)
tests_unit_test_efail_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_efail_LDADD = $(TEST_LIBS)
tests_unit_test_header_protection_SOURCES = tests/unit/test_header_protection.c $(READ_MAIL)
tests_unit_test_header_protection_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_header_protection_LDADD = $(TEST_LIBS)
tests_unit_test_smime_read_SOURCES = tests/unit/test_smime_read.c $(READ_MAIL) $(CMS_COMPRESSED)
tests_unit_test_smime_read_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_smime_read_LDADD = $(TEST_LIBS)
