# What reviewers forget, checked by small scripts; selftest shows that each of them can fail.
LINT_TESTS = tests/lint/layers tests/lint/headers tests/lint/banned tests/lint/prefix tests/lint/spdx tests/lint/leftovers \
	tests/lint/manual tests/lint/selftest
TESTS += $(LINT_TESTS)
dist_check_SCRIPTS += $(LINT_TESTS)
EXTRA_DIST += tests/lint/code.awk tests/lint/prefix.allow

lint: ; +$(MAKE) check TESTS="$(LINT_TESTS)" check_PROGRAMS=
.PHONY: lint
