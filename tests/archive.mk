# Tests of archive.
check_PROGRAMS += tests/unit/test_index
TESTS += tests/unit/test_index
tests_unit_test_index_SOURCES = tests/unit/test_index.c
tests_unit_test_index_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_index_LDADD = $(TEST_LIBS)
check_PROGRAMS += tests/unit/test_contacts
TESTS += tests/unit/test_contacts
tests_unit_test_contacts_SOURCES = tests/unit/test_contacts.c
tests_unit_test_contacts_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_contacts_LDADD = $(TEST_LIBS)
check_PROGRAMS += tests/unit/test_import tests/unit/test_discover
TESTS += tests/unit/test_import tests/unit/test_discover
tests_unit_test_import_SOURCES = tests/unit/test_import.c
tests_unit_test_import_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_import_LDADD = $(TEST_LIBS)
tests_unit_test_discover_SOURCES = tests/unit/test_discover.c
tests_unit_test_discover_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_discover_LDADD = $(TEST_LIBS)

# How lists grow with the archive: make bench.
EXTRA_PROGRAMS += tests/bench/bench_index
tests_bench_bench_index_SOURCES = tests/bench/bench_index.c
tests_bench_bench_index_CFLAGS = $(AM_CFLAGS)
tests_bench_bench_index_LDADD = $(TEST_LIBS)
CLEANFILES += tests/bench/bench_index
bench: tests/bench/bench_index
	tests/bench/bench_index
.PHONY: bench
