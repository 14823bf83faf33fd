# Fuzz targets: only built in a build of their own, in the folder fuzz, by clang with its fuzzer, AddressSanitizer and UBSan.
FUZZ_NAMES = message header address sender html cms pgp gate channel stream draft name
FUZZ_COMMON = tests/fuzz/fuzz.c tests/fuzz/fuzz.h
FUZZ_TARGETS = $(FUZZ_NAMES:%=tests/fuzz/fuzz_%)
FUZZ_LINK = $(AM_LDFLAGS) -fsanitize=fuzzer
EXTRA_PROGRAMS += tests/fuzz/seed_channel tests/fuzz/fuzz_message tests/fuzz/fuzz_header tests/fuzz/fuzz_html tests/fuzz/fuzz_cms \
	tests/fuzz/fuzz_pgp tests/fuzz/fuzz_gate tests/fuzz/fuzz_channel tests/fuzz/fuzz_stream tests/fuzz/fuzz_draft tests/fuzz/fuzz_name \
	tests/fuzz/fuzz_address tests/fuzz/fuzz_sender
FUZZ_LIBS = libmail.a libcrypto-wm.a libconfig-wm.a $(SYSTEM_LIBS)
tests_fuzz_seed_channel_SOURCES = tests/fuzz/seed_channel.c
tests_fuzz_seed_channel_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_message_SOURCES = tests/fuzz/fuzz_message.c $(FUZZ_COMMON)
tests_fuzz_fuzz_message_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_message_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_header_SOURCES = tests/fuzz/fuzz_header.c $(FUZZ_COMMON)
tests_fuzz_fuzz_header_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_header_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_address_SOURCES = tests/fuzz/fuzz_address.c $(FUZZ_COMMON)
tests_fuzz_fuzz_address_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_address_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_sender_SOURCES = tests/fuzz/fuzz_sender.c $(FUZZ_COMMON)
tests_fuzz_fuzz_sender_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_sender_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_html_SOURCES = tests/fuzz/fuzz_html.c $(FUZZ_COMMON)
tests_fuzz_fuzz_html_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_html_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_cms_SOURCES = tests/fuzz/fuzz_cms.c $(FUZZ_COMMON)
tests_fuzz_fuzz_cms_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_cms_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_pgp_SOURCES = tests/fuzz/fuzz_pgp.c $(FUZZ_COMMON)
tests_fuzz_fuzz_pgp_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_pgp_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_gate_SOURCES = tests/fuzz/fuzz_gate.c $(FUZZ_COMMON)
tests_fuzz_fuzz_gate_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_gate_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_channel_SOURCES = tests/fuzz/fuzz_channel.c $(FUZZ_COMMON)
tests_fuzz_fuzz_channel_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_channel_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_stream_SOURCES = tests/fuzz/fuzz_stream.c ui/commands/command_stream.c ui/commands/command_stream.h $(FUZZ_COMMON)
tests_fuzz_fuzz_stream_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_stream_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_draft_SOURCES = tests/fuzz/fuzz_draft.c $(FUZZ_COMMON)
tests_fuzz_fuzz_draft_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_draft_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_name_SOURCES = tests/fuzz/fuzz_name.c $(FUZZ_COMMON)
tests_fuzz_fuzz_name_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_name_LDFLAGS = $(FUZZ_LINK)

FUZZ_CC = clang
fuzz-targets: tests/fuzz/seed_channel $(FUZZ_TARGETS)
fuzz/Makefile:
	$(MKDIR_P) fuzz && cd fuzz && '$(abs_top_srcdir)/configure' -q --enable-werror --enable-sanitizers CC=$(FUZZ_CC) CFLAGS='-g -O1 -fsanitize=fuzzer-no-link'
# FUZZ_SECONDS=30 a target, FUZZ_JOBS=2 at a time. Says so, and runs nothing, where clang or its fuzzer is missing.
fuzz-smoke:
	@if echo 'int LLVMFuzzerTestOneInput (const unsigned char *d, unsigned long n); int LLVMFuzzerTestOneInput (const unsigned char *d, unsigned long n) { return 0; }' | \
	  $(FUZZ_CC) -x c -fsanitize=fuzzer,address,undefined - -o conftest-fuzz 2>/dev/null; then \
	  rm -f conftest-fuzz && $(MAKE) fuzz-run; \
	else \
	  echo 'fuzz: skipped: clang with its fuzzer is not here (on Debian: apt install clang libclang-rt-14-dev)'; \
	fi
fuzz-run: fuzz/Makefile
	$(MAKE) -s -C fuzz fuzz-targets
	$(top_srcdir)/tests/fuzz/smoke fuzz $(FUZZ_NAMES)
.PHONY: fuzz-targets fuzz-smoke fuzz-run
EXTRA_DIST += tests/fuzz/seeds tests/fuzz/smoke tests/fuzz/message.dict tests/fuzz/header.dict tests/fuzz/html.dict tests/fuzz/cms.dict \
	tests/fuzz/pgp.dict tests/fuzz/gate.dict tests/fuzz/channel.dict tests/fuzz/stream.dict tests/fuzz/draft.dict tests/fuzz/name.dict \
	tests/fuzz/address.dict tests/fuzz/sender.dict
