# The whole way out, at random and with failures at every step. make check has 2,000 runs of it, make check-long 20,000.
check_PROGRAMS += tests/property/test_property
TESTS += tests/property/test_property
tests_property_test_property_SOURCES = tests/property/test_property.c tests/property/property.h \
	tests/property/property_check.c tests/property/property_check.h tests/property/property_crypto.c \
	tests/property/property_disk.c tests/property/property_draft.c tests/property/property_engine.c \
	tests/property/property_fault.c tests/property/property_fault.h tests/property/property_files.c \
	tests/property/property_leak.c tests/property/property_leak.h tests/property/property_peer.c \
	tests/property/property_people.c tests/property/property_pgp.c tests/property/property_readers.c $(FIXTURE)
tests_property_test_property_CFLAGS = $(TEST_CFLAGS)
tests_property_test_property_LDADD = $(TEST_LIBS)
# Between the parts, where something can go wrong, calls go through functions of the test.
PROPERTY_WRAPS = supervised_call spawn_worker sandbox_enter secrets_load core_notice core_changed server_event change_mark \
	request_reply request_fail request_fail_text arrive_own directory_look keyring_open keyring_find keyring_remember smime_own pgp_own smime_encrypt_pieces \
	protect_copies pgp_sign_encrypt route_policy_for gpgme_op_encrypt_sign_ext gpgme_op_sign_result gpgme_ctx_set_engine_info CRYPTO_set_mem_functions
tests_property_test_property_LDFLAGS = $(AM_LDFLAGS) $(PROPERTY_WRAPS:%=-Wl,--wrap=%)
check-long: tests/property/test_property check-long-crash check-asan check-valgrind
	WARDMAIL_RUNS=$${WARDMAIL_RUNS:-20000} $(top_srcdir)/tests/watched tests/property/test_property
.PHONY: check-long
