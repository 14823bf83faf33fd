#!/bin/bash
# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Killed at random instants, see storm.py. KILLS: how often; make check-long has 500.
set -euo pipefail
# shellcheck source=tests/crash/crash.sh
. "$(dirname "$0")/crash.sh"
export KILLS=${KILLS:-30}
crash_python storm.py
