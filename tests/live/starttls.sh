#!/bin/bash
# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Whoever stands between us and a server before TLS gets nothing: no password, no mail, nothing kept and nothing shown (starttls.py).
set -euo pipefail
# shellcheck source=tests/live/live.sh
. "$(dirname "$0")/live.sh"
/usr/bin/python3 "$LIVE/starttls.py" "$WARDMAIL"
