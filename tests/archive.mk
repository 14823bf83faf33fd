# Tests of archive.
check_PROGRAMS += tests/unit/test_index
TESTS += tests/unit/test_index
tests_unit_test_index_SOURCES = tests/unit/test_index.c
tests_unit_test_index_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_index_LDADD = $(TEST_LIBS)
