# Tests of smime.
OPENSSL_TOOL = tests/unit/openssl_tool.c tests/unit/openssl_tool.h
check_PROGRAMS += tests/unit/test_secret tests/unit/test_tls
TESTS += tests/unit/test_secret tests/unit/test_tls
tests_unit_test_secret_SOURCES = tests/unit/test_secret.c
tests_unit_test_secret_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_secret_LDADD = $(TEST_LIBS)
tests_unit_test_tls_SOURCES = tests/unit/test_tls.c $(OPENSSL_TOOL)
tests_unit_test_tls_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_tls_LDADD = $(TEST_LIBS)
SMIME_WORLD = tests/unit/smime_world.c tests/unit/smime_world.h $(OPENSSL_TOOL)
check_PROGRAMS += tests/unit/test_smime
TESTS += tests/unit/test_smime
tests_unit_test_smime_SOURCES = tests/unit/test_smime.c $(SMIME_WORLD)
tests_unit_test_smime_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_smime_LDADD = $(TEST_LIBS)
