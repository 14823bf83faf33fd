# shellcheck shell=bash
# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# A terminal of fixed size for a program under test: tmux, with a socket of its own and no configuration. To be sourced
# after tests/common.sh. Nothing sleeps: everything waits for what is on the screen.
TERMINAL=

# terminal_start SOCKET COLUMNS LINES COMMAND...
terminal_start () {
  TERMINAL=$1; local columns=$2 lines=$3 command; shift 3
  printf -v command '%q ' "$@"
  env -u TMUX tmux -S "$TERMINAL" -f /dev/null -u new-session -d -x "$columns" -y "$lines" "$command; echo ended with code \$?; exec cat"
  tmux -S "$TERMINAL" set-option -g status off
  tmux -S "$TERMINAL" resize-window -x "$columns" -y "$lines"
}
terminal_text () { tmux -S "$TERMINAL" capture-pane -p; }
terminal_show () { terminal_text | sed 's/^/  | /'; }
terminal_has () { terminal_text | grep -qF -- "$1"; }
terminal_lacks () { ! terminal_has "$1"; }

# terminal_wait TEXT [SECONDS]: until TEXT stands on the screen; shows the screen if it does not come.
terminal_wait () {
  wait_until "${2:-15}" terminal_has "$1" || { echo "'$1' did not come onto the screen:" >&2; terminal_show >&2; return 1; }
}
terminal_wait_gone () {
  wait_until "${2:-15}" terminal_lacks "$1" || { echo "'$1' did not leave the screen:" >&2; terminal_show >&2; return 1; }
}
# terminal_keys KEY...: tmux's names for keys (Enter, C-c, Down); terminal_type TEXT: as it is.
terminal_keys () { tmux -S "$TERMINAL" send-keys "$@"; }
terminal_type () { tmux -S "$TERMINAL" send-keys -l -- "$1"; }
terminal_end () { tmux -S "$TERMINAL" kill-server 2>/dev/null || true; }

# terminal_golden NAME: until the screen is that of tests/ui/golden/NAME, 15 seconds at most. Lines of what the clock decides
# are masked by $GOLDEN_MASK, a sed script. GENERATE=1 writes the file anew, once the screen has come to rest.
terminal_masked () { terminal_text | sed -E "${GOLDEN_MASK-}" | sed 's/[[:space:]]*$//'; }
terminal_is () { [ "$(terminal_masked)" = "$(cat "$1")" ]; }
terminal_golden () {
  local file=$TOP/tests/ui/golden/$1 before=
  if [ -n "${GENERATE-}" ]; then
    mkdir -p "$(dirname "$file")"
    until [ "$(terminal_masked)" = "$before" ]; do before=$(terminal_masked); read -rt 0.7 <> <(:) || true; done
    printf '%s\n' "$before" >"$file"
    return
  fi
  wait_until 15 terminal_is "$file" || { echo "the screen is not the golden one ($1; GENERATE=1 renews it):" >&2
    diff -u "$file" <(terminal_masked) >&2 || true; return 1; }
}
