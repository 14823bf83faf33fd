#!/bin/bash
# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Every cell of docs/INTEROP.md, live: wardmail with gpg, gpgsm and openssl, both ways.
set -euo pipefail
# shellcheck source=tests/live/live.sh
. "$(dirname "$0")/live.sh"
dir=$(private_dir)
# shellcheck disable=SC2317  # called by the trap
tidy () {
  local code=$? profile
  for profile in "$dir"/ward* "$dir/other"; do end_profile "$profile"; done
  find "$dir" -name 'S.gpg-agent' -printf '%h\n' | while read -r home; do gpgconf --homedir "$home" --kill all 2>/dev/null || true; done
  rm -rf "$dir"
  exit "$code"
}
trap tidy EXIT
/usr/bin/python3 "$LIVE/interop.py" "$WARDMAIL" "$dir" "$TOP/docs/INTEROP.md"
