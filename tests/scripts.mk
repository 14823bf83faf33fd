# What a newcomer runs, and the tests that need servers or a terminal. `make check` stays quick; these have targets of
# their own, and tests/run calls them after tests/deps has installed what they need.
TEST_EXTENSIONS = .sh
AM_TESTS_ENVIRONMENT = WARDMAIL='$(abs_top_builddir)/wardmail'; export WARDMAIL;
LIVE_TESTS = tests/live/commands.sh tests/live/read.sh tests/live/send.sh tests/live/hold.sh tests/live/change.sh tests/live/short.sh tests/live/leave.sh tests/live/hang.sh tests/live/revocation.sh tests/live/interop.sh tests/live/keys.sh tests/live/wkd.sh tests/live/delivery.sh
TRACE_TESTS = tests/live/trace.sh
UI_TESTS = tests/ui/drafts.sh tests/ui/send.sh tests/ui/keys.sh tests/ui/changes.sh tests/ui/wide.sh tests/ui/progress.sh tests/ui/outbox.sh
GOLDEN_SCREENS = tests/ui/golden/progress tests/ui/golden/keys tests/ui/golden/key tests/ui/golden/compare tests/ui/golden/inbox tests/ui/golden/encrypted tests/ui/golden/help tests/ui/golden/route-held tests/ui/golden/note \
	tests/ui/golden/compose tests/ui/golden/sent tests/ui/golden/phishing tests/ui/golden/wide-list tests/ui/golden/wide-text tests/ui/golden/outbox tests/ui/golden/outbox-wide
LIVE_TESTS += tests/live/folders.sh
UI_TESTS += tests/ui/folders.sh
LIVE_TESTS += tests/live/outbox.sh
LIVE_TESTS += tests/live/reindex.sh
LIVE_TESTS += tests/live/card.sh tests/live/card_pgp.sh
CRASH_TESTS = tests/crash/kill_engine.sh tests/crash/kill_keys.sh tests/crash/kill_index.sh tests/crash/kill_imap.sh \
	tests/crash/kill_smtp.sh tests/crash/kill_filter.sh tests/crash/steps.sh tests/crash/storm.sh tests/crash/cut.sh tests/crash/full.sh tests/crash/two.sh
SLOW_TESTS = $(LIVE_TESTS) $(TRACE_TESTS) $(UI_TESTS) $(CRASH_TESTS)

list-tests:
	@echo $(TESTS) $(SLOW_TESTS)
check-live: all
	$(MAKE) check TESTS='$(LIVE_TESTS) $(TRACE_TESTS)'
check-ui: all
	$(MAKE) check TESTS='$(UI_TESTS)'
check-crash: all
	$(MAKE) check TESTS='$(CRASH_TESTS)'
# Mail from elsewhere with known verdicts, judged by the runner that comes with it; what all processes do meanwhile is judged, too.
CORPORA = $(top_srcdir)/../shared/corpora
check-corpora: all tests/wire/test_replies
	$(top_srcdir)/tests/corpora $(abs_top_builddir)/wardmail $(CORPORA)
	if [ -d '$(CORPORA)/imap' ]; then tests/wire/test_replies '$(CORPORA)/imap'; fi
.PHONY: list-tests check-live check-ui check-crash check-corpora

TESTS += tests/lint/shell tests/lint/symbols
EXTRA_DIST += $(SLOW_TESTS) $(GOLDEN_SCREENS) tests/crash/kill tests/lint/shell tests/lint/symbols .ci/run tests/common.sh tests/demo tests/debootstrap tests/deps tests/run tests/live/live.sh tests/live/hostile.py tests/live/traced tests/live/trace_judge.py tests/corpora tests/corpora_chains tests/live/starttls.py tests/live/external_smtp.py tests/live/mailbox tests/live/profile tests/live/servers \
	tests/live/interop.py tests/live/interop_parties.py tests/live/lists.py tests/live/wkd_web.py tests/live/smtp_standin.py tests/live/smtp_tap.py tests/live/world tests/live/world_keys.py tests/live/world_mail.py tests/ui/terminal.sh tests/ui/ui.sh
LIVE_TESTS += tests/live/certs.sh tests/live/starttls.sh tests/live/external.sh tests/live/ldap.sh tests/live/big.sh tests/live/window.sh
EXTRA_DIST += tests/live/ldap_peers.py tests/live/background.sh tests/live/directory
EXTRA_DIST += tests/live/same
