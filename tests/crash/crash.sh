# shellcheck shell=bash
# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# The ground of the crash tests that are written in Python. To be sourced.
# shellcheck source=tests/live/live.sh
. "$(dirname "${BASH_SOURCE[0]}")/../live/live.sh"
export CRASH_TOOLS=${CRASH_TOOLS:-$(dirname "$WARDMAIL")/tests/crash}
{ [ -x "$CRASH_TOOLS/stepkill" ] && [ -x "$CRASH_TOOLS/door" ]; } || make -s -C "$(dirname "$WARDMAIL")" tests/crash/stepkill tests/crash/door

# crash_python FILE [ARGUMENT...]: a world, and the test in it.
crash_python () {
  local file=$1; shift
  live_start
  /usr/bin/python3 -B "$TOP/tests/crash/$file" "$dir" "$@"
}
