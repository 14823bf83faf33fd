# Tests of archive.
INDEX_WORLD = tests/unit/index_world.h tests/unit/index_world.c
check_PROGRAMS += tests/unit/test_index
TESTS += tests/unit/test_index
tests_unit_test_index_SOURCES = tests/unit/test_index.c $(INDEX_WORLD)
tests_unit_test_index_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_index_LDADD = $(TEST_LIBS)
check_PROGRAMS += tests/unit/test_index_list
TESTS += tests/unit/test_index_list
tests_unit_test_index_list_SOURCES = tests/unit/test_index_list.c $(INDEX_WORLD)
tests_unit_test_index_list_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_index_list_LDADD = $(TEST_LIBS)
check_PROGRAMS += tests/unit/test_index_shadow
TESTS += tests/unit/test_index_shadow
tests_unit_test_index_shadow_SOURCES = tests/unit/test_index_shadow.c $(INDEX_WORLD)
tests_unit_test_index_shadow_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_index_shadow_LDADD = $(TEST_LIBS)
check_PROGRAMS += tests/unit/test_index_guard
TESTS += tests/unit/test_index_guard
tests_unit_test_index_guard_SOURCES = tests/unit/test_index_guard.c $(INDEX_WORLD)
tests_unit_test_index_guard_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_index_guard_LDADD = $(TEST_LIBS)
check_PROGRAMS += tests/unit/test_index_beside
TESTS += tests/unit/test_index_beside
tests_unit_test_index_beside_SOURCES = tests/unit/test_index_beside.c $(INDEX_WORLD)
tests_unit_test_index_beside_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_index_beside_LDADD = $(TEST_LIBS)
check_PROGRAMS += tests/unit/test_index_anew
TESTS += tests/unit/test_index_anew
tests_unit_test_index_anew_SOURCES = tests/unit/test_index_anew.c $(INDEX_WORLD)
tests_unit_test_index_anew_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_index_anew_LDADD = $(TEST_LIBS)
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

# How lists grow with the archive, and how soon a new mail is on one: make bench.
EXTRA_PROGRAMS += tests/bench/bench_index tests/bench/bench_arrival
BENCH_WORLD = tests/bench/bench_world.h tests/bench/bench_world.c
tests_bench_bench_index_SOURCES = tests/bench/bench_index.c $(BENCH_WORLD)
tests_bench_bench_index_CFLAGS = $(AM_CFLAGS)
tests_bench_bench_index_LDADD = $(TEST_LIBS)
tests_bench_bench_arrival_SOURCES = tests/bench/bench_arrival.c $(BENCH_WORLD)
tests_bench_bench_arrival_CFLAGS = $(AM_CFLAGS)
tests_bench_bench_arrival_LDADD = $(TEST_LIBS)
CLEANFILES += tests/bench/bench_index tests/bench/bench_arrival
bench: tests/bench/bench_index bench-arrival
	tests/bench/bench_index
# The archive is kept in the build folder's bench-archive: ARRIVAL_MAILS of it.
ARRIVAL_MAILS = 100000
bench-arrival: tests/bench/bench_arrival
	tests/bench/bench_arrival $(ARRIVAL_MAILS)
.PHONY: bench bench-arrival
