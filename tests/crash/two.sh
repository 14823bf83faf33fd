#!/bin/bash
# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Two profiles and mbsync on one account, see two.py.
set -euo pipefail
# shellcheck source=tests/crash/crash.sh
. "$(dirname "$0")/crash.sh"
live_start
two_tidy () { local code=$?; end_profile "$dir/q"; live_tidy "$code"; }
trap two_tidy EXIT
"$LIVE/profile" "$dir" "$dir/q" >"$dir/profile.log"
/usr/bin/python3 -B "$TOP/tests/crash/two.py" "$dir"
