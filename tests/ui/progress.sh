#!/bin/bash
# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# A long mail on its way: the bar in the status line while it is encrypted and sent, also when its sender does something else meanwhile, and gone with
# the word that it is out. The engine is one that waits to be told to go on.
set -euo pipefail
# shellcheck source=tests/common.sh
. "$(dirname "$0")/../common.sh"
# shellcheck source=tests/ui/terminal.sh
. "$(dirname "$0")/terminal.sh"
export TZ=UTC WARDMAIL_TEST_NOW=2026-11-21T10:00:00Z
say () { echo "- $*"; }

dir=$(private_dir)
tidy () {
  local code=$?
  terminal_end
  rm -rf "$dir"
  exit "$code"
}
trap tidy EXIT
terminal_start "$dir/tmux" 80 24 "$(dirname "$WARDMAIL")/tests/ui/screen_fake" --profile "$dir/p"
terminal_wait 'Discharge letter, room 12'
terminal_type m
terminal_wait 'To:'
terminal_type 'carol.big@hospital.example'
terminal_keys Enter Enter Enter
terminal_type 'Scans'
terminal_keys Enter
terminal_type 'Dear all, here they are.'
terminal_keys C-x
terminal_wait 'Encrypting [########------------]  40 %'
terminal_golden progress
say 'encrypting, to the one who wrote it'

terminal_keys Escape
terminal_wait 'Discharge letter, room 12'
terminal_wait 'Encrypting [########------------]  40 %'
terminal_type '$'
terminal_wait 'Sending [#######-------------] 12 of 34 MB'
terminal_type '$'
terminal_wait "Sending [####################] waiting for the server"
say 'sending, while something else is done'

terminal_type '$'
terminal_wait 'Sent: '
terminal_wait_gone 'Sending ['
say 'and it is out'
