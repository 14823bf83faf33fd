#!/bin/bash
# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# The line is cut, see cut.py.
set -euo pipefail
# shellcheck source=tests/crash/crash.sh
. "$(dirname "$0")/crash.sh"
crash_python cut.py
