#!/bin/bash
# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Killed at every step, see steps.py: steps.sh [WHO [DEED...]]. Without WHO a sample: all processes at once, at two steps of each deed.
set -euo pipefail
# shellcheck source=tests/crash/crash.sh
. "$(dirname "$0")/crash.sh"
[ $# -gt 0 ] || { export LIMIT=${LIMIT:-2}; set -- house; }
crash_python steps.py "$@"
