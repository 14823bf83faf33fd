# Tests of net.
check_PROGRAMS += tests/unit/test_gate
TESTS += tests/unit/test_gate
tests_unit_test_gate_SOURCES = tests/unit/test_gate.c
tests_unit_test_gate_LDADD = $(TEST_LIBS)
tests_unit_test_gate_CFLAGS = $(TEST_CFLAGS)
