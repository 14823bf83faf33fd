# Every test runs under tests/watched. check-asan has a build of its own in the folder asan; check-valgrind takes this build.
LOG_COMPILER = $(top_srcdir)/tests/watched
SH_LOG_COMPILER = $(top_srcdir)/tests/watched
VALGRIND_TESTS = $(filter tests/unit/% tests/wire/%,$(TESTS)) tests/live/short.sh
# Under valgrind a test takes ten times as long: tests/run takes what reads hostile lines, the libraries that keep books of their own, and a short way
# through all processes; make check-valgrind takes all.
VALGRIND_QUICK = $(filter tests/wire/%,$(TESTS)) tests/unit/test_imap_filter tests/unit/test_pgp tests/unit/test_inspect_pgp tests/unit/test_smime_stream \
	tests/unit/test_tls_line tests/unit/test_index tests/unit/test_index_anew tests/unit/test_outbox tests/unit/test_channel tests/live/short.sh
# What is about other programs, or about memory as it really is, is not tried again here.
PEER_TESTS = tests/live/interop.sh tests/live/big.sh
ASAN_TESTS = $(filter tests/unit/% tests/wire/%,$(TESTS)) $(filter-out $(PEER_TESTS),$(LIVE_TESTS))

list-asan: ; @echo $(ASAN_TESTS)
list-valgrind: ; @echo $(VALGRIND_QUICK)
asan/Makefile:
	$(MKDIR_P) asan && cd asan && '$(abs_top_srcdir)/configure' -q --enable-werror --enable-sanitizers CFLAGS='-g -O1'
check-asan: asan/Makefile
	$(MAKE) -C asan all
	$(MAKE) -C asan check TESTS='$(ASAN_TESTS) tests/property/test_property'
check-valgrind: all
	$(MAKE) check TESTS='$(VALGRIND_TESTS)' WATCH=valgrind
clean-local: ; rm -rf asan bench-archive
.PHONY: list-asan list-valgrind check-asan check-valgrind

EXTRA_DIST += tests/watched tests/asan.supp tests/valgrind.supp
