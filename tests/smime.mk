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
CMS_COMPRESSED = tests/unit/cms_compressed.c tests/unit/cms_compressed.h
tests_unit_test_smime_SOURCES = tests/unit/test_smime.c $(SMIME_WORLD) $(CMS_COMPRESSED)
tests_unit_test_smime_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_smime_LDADD = $(TEST_LIBS)
check_PROGRAMS += tests/unit/test_smime_store
TESTS += tests/unit/test_smime_store
tests_unit_test_smime_store_SOURCES = tests/unit/test_smime_store.c $(SMIME_WORLD)
tests_unit_test_smime_store_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_smime_store_LDADD = $(TEST_LIBS)
check_PROGRAMS += tests/unit/test_smime_key
TESTS += tests/unit/test_smime_key
MEMORY_SEARCH = tests/unit/memory_search.c tests/unit/memory_search.h
tests_unit_test_smime_key_SOURCES = tests/unit/test_smime_key.c $(SMIME_WORLD) $(MEMORY_SEARCH)
tests_unit_test_smime_key_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_smime_key_LDADD = $(TEST_LIBS)
CERT_MAKER = tests/unit/cert_maker.c tests/unit/cert_maker.h $(OPENSSL_TOOL)
check_PROGRAMS += tests/unit/test_smime_out
TESTS += tests/unit/test_smime_out
tests_unit_test_smime_out_SOURCES = tests/unit/test_smime_out.c $(CERT_MAKER)
tests_unit_test_smime_out_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_smime_out_LDADD = $(TEST_LIBS)
check_PROGRAMS += tests/unit/test_smime_chain tests/unit/test_smime_revocation tests/unit/test_smime_capabilities
TESTS += tests/unit/test_smime_chain tests/unit/test_smime_revocation tests/unit/test_smime_capabilities
tests_unit_test_smime_chain_SOURCES = tests/unit/test_smime_chain.c $(CERT_MAKER)
tests_unit_test_smime_chain_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_smime_chain_LDADD = $(TEST_LIBS)
tests_unit_test_smime_revocation_SOURCES = tests/unit/test_smime_revocation.c $(CERT_MAKER)
tests_unit_test_smime_revocation_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_smime_revocation_LDADD = $(TEST_LIBS)
tests_unit_test_smime_capabilities_SOURCES = tests/unit/test_smime_capabilities.c $(CERT_MAKER)
tests_unit_test_smime_capabilities_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_smime_capabilities_LDADD = $(TEST_LIBS)
check_PROGRAMS += tests/unit/test_smime_stream
TESTS += tests/unit/test_smime_stream
tests_unit_test_smime_stream_SOURCES = tests/unit/test_smime_stream.c $(CERT_MAKER)
tests_unit_test_smime_stream_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_smime_stream_LDADD = $(TEST_LIBS)
check_PROGRAMS += tests/unit/test_smime_token
TESTS += tests/unit/test_smime_token
tests_unit_test_smime_token_SOURCES = tests/unit/test_smime_token.c $(OPENSSL_TOOL)
tests_unit_test_smime_token_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_smime_token_LDADD = $(TEST_LIBS)
# What S/MIME costs beside bare OpenSSL: make bench.
EXTRA_PROGRAMS += tests/bench/bench_smime
tests_bench_bench_smime_SOURCES = tests/bench/bench_smime.c $(CERT_MAKER)
tests_bench_bench_smime_CFLAGS = $(TEST_CFLAGS)
tests_bench_bench_smime_LDADD = $(TEST_LIBS)
CLEANFILES += tests/bench/bench_smime
bench: bench-smime
bench-smime: tests/bench/bench_smime
	tests/bench/bench_smime
.PHONY: bench-smime
