# Tests of crypto.
FIXTURE = tests/unit/fixture.c tests/unit/fixture.h
CRYPTO_TESTS = tests/unit/test_route tests/unit/test_plan tests/unit/test_verdict tests/unit/test_keyring \
	tests/unit/test_pgp tests/unit/test_inspect tests/unit/test_protect_property
check_PROGRAMS += $(CRYPTO_TESTS)
TESTS += $(CRYPTO_TESTS)
tests_unit_test_route_SOURCES = tests/unit/test_route.c
tests_unit_test_route_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_route_LDADD = $(TEST_LIBS)
tests_unit_test_plan_SOURCES = tests/unit/test_plan.c
tests_unit_test_plan_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_plan_LDADD = $(TEST_LIBS)
tests_unit_test_verdict_SOURCES = tests/unit/test_verdict.c
tests_unit_test_verdict_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_verdict_LDADD = $(TEST_LIBS)
tests_unit_test_keyring_SOURCES = tests/unit/test_keyring.c $(FIXTURE)
tests_unit_test_keyring_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_keyring_LDADD = $(TEST_LIBS)
tests_unit_test_pgp_SOURCES = tests/unit/test_pgp.c $(FIXTURE)
tests_unit_test_pgp_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_pgp_LDADD = $(TEST_LIBS)
tests_unit_test_inspect_SOURCES = tests/unit/test_inspect.c $(FIXTURE)
tests_unit_test_inspect_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_inspect_LDADD = $(TEST_LIBS)
tests_unit_test_protect_property_SOURCES = tests/unit/test_protect_property.c $(FIXTURE)
tests_unit_test_protect_property_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_protect_property_LDADD = $(TEST_LIBS)
