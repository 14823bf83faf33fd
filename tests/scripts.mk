# What a newcomer runs, and the tests that need servers or a terminal. `make check` stays quick; these have targets of
# their own, which tests/run calls after tests/deps has installed what they need.
EXTRA_DIST += tests/deps \
	tests/live/servers tests/live/mailbox tests/live/smtp_tap.py tests/live/smtp_standin.py
