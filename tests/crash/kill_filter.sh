#!/bin/bash
# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# See tests/crash/kill.
exec "$(dirname "$0")/kill" filter
