# shellcheck shell=bash
# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# The ground of the terminal tests: the demo's world at a fixed time, and the client on it at 80x24. To be sourced.
# shellcheck source=tests/live/live.sh
. "$(dirname "${BASH_SOURCE[0]}")/../live/live.sh"
# shellcheck source=tests/ui/terminal.sh
. "$(dirname "${BASH_SOURCE[0]}")/terminal.sh"
export TZ=UTC WORLD_NOW=1740992400 WARDMAIL_TEST_NOW=2025-03-03T09:00:00Z

# A golden screen does not depend on when a draft was kept.
slow_autosave () { printf '[compose]\nautosave-seconds = 3600\n' >>"$dir/p/config/wardmail.conf"; }
# Both end with the inbox on the screen. ui_start_fresh: it is the screen that fetches the first mail; what it wrote until then is in
# $dir/p/drawn.
ui_start () {
  live_start
  slow_autosave
  ward sync >/dev/null
  ui_open
}
ui_start_fresh () {
  live_start
  slow_autosave
  ui_open "exec cat >$dir/p/drawn"
}
ui_open () {
  terminal_start "$dir/tmux" 80 24 "$WARDMAIL" --profile "$dir/p"
  tmux -S "$dir/tmux" pipe-pane "$@"
  terminal_wait ' Inbox · '
  terminal_wait "$NEWEST_SUBJECT" 60
  terminal_wait ' connected '
  tmux -S "$dir/tmux" pipe-pane
}
