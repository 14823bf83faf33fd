# What kills and watches wardmail from outside; none of it is linked into the program.
check_PROGRAMS += tests/crash/stepkill tests/crash/door
tests_crash_stepkill_SOURCES = tests/crash/stepkill.c
tests_crash_stepkill_CFLAGS = $(TEST_CFLAGS)
tests_crash_door_SOURCES = tests/crash/door.c
tests_crash_door_CFLAGS = $(TEST_CFLAGS)
tests_crash_door_LDADD = $(TEST_LIBS)
EXTRA_DIST += tests/crash/crash.sh tests/crash/house.py tests/crash/steps.py tests/crash/storm.py tests/crash/cut.py tests/crash/proxy.py \
	tests/crash/full.py tests/crash/two.py
# Every step of every deed, for all processes at once and for each alone, and the long versions of the rest: some hours.
check-long-crash: all tests/crash/stepkill tests/crash/door
	for who in house imap smtp keys index engine; do \
	  WARDMAIL='$(abs_top_builddir)/wardmail' $(top_srcdir)/tests/crash/steps.sh $$who || exit 1; done
	WARDMAIL='$(abs_top_builddir)/wardmail' KILLS=500 $(top_srcdir)/tests/crash/storm.sh
	WARDMAIL='$(abs_top_builddir)/wardmail' STEP=61 SILENCE=1 $(top_srcdir)/tests/crash/cut.sh
	WARDMAIL='$(abs_top_builddir)/wardmail' ROUNDS=160 $(top_srcdir)/tests/crash/full.sh
	WARDMAIL='$(abs_top_builddir)/wardmail' SECONDS_AT_IT=300 $(top_srcdir)/tests/crash/two.sh
.PHONY: check-long-crash
