# The manual. tests/lint/manual compares it with the tables of the program.
dist_man_MANS += docs/wardmail.1 docs/wardmail.conf.5 docs/wardmail-policy.5 docs/wardmail-keys.7
EXTRA_DIST += docs/ARCHITECTURE.md docs/DEVIATIONS.md docs/INTEROP.md
