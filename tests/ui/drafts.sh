#!/bin/bash
# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# What is being written is kept by itself: one draft on the server, which only Alice's key opens; a screen that is killed loses nothing of it.
set -euo pipefail
# shellcheck source=tests/ui/ui.sh
. "$(dirname "$0")/ui.sh"
autosave () { printf '[compose]\nautosave-seconds = %s\n' "$1" >"$dir/p/config/wardmail.conf.tail"; cat "$dir/p/config/wardmail.conf.first" "$dir/p/config/wardmail.conf.tail" >"$dir/p/config/wardmail.conf"; rm "$dir/p/config/wardmail.conf.tail"; }
live_start
ward sync >/dev/null
cp "$dir/p/config/wardmail.conf" "$dir/p/config/wardmail.conf.first"
autosave 1
ui_open
marker=marker$(openssl rand -hex 8)

# kept COUNT TEXT [NOT]: there are so many drafts on the server, and opened with Alice's key they hold TEXT and do not hold NOT.
kept () {
  [ "$(mailbox alice count Drafts)" = "$1" ] || return 1
  rm -rf "$dir/p/drafts" "$dir/p/drafts.txt"
  mailbox alice fetch Drafts "$dir/p/drafts" >/dev/null
  [ "$(find "$dir/p/drafts" -name '*.eml' | wc -l)" = "$1" ] || return 1 # one more may have come since it was counted
  for file in "$dir/p/drafts/"*.eml; do
    openssl cms -decrypt -in "$file" -recip "$KEYS/alice.smime.pem" -inkey "$KEYS/alice.smime.key" >>"$dir/p/drafts.txt" 2>/dev/null || return 1
  done
  grep -q "$2" "$dir/p/drafts.txt" && { [ $# = 2 ] || ! grep -q "$3" "$dir/p/drafts.txt"; }
}
is_kept () { wait_until 20 kept "$@" || fail "the server does not have $1 draft(s) with $2 ${3+and without $3}"; }
write () { terminal_type m; terminal_wait 'To:'; terminal_type "$1"; terminal_keys Enter Enter Enter; terminal_type "$2"; terminal_keys Enter; terminal_type "$3"; }
tmux_gone () { ! tmux -S "$TERMINAL" ls >/dev/null 2>&1; }
ui_end () { terminal_end; wait_until 10 tmux_gone || fail 'tmux does not end'; }
# The process of the screen itself.
screen () { ps -o pid= --ppid "$(tmux -S "$TERMINAL" list-panes -F '#{pane_pid}')" | head -n 1 | tr -d ' '; }

write 'bob@demo.test, carol@' "Kept $marker" "one-$marker"
is_kept 1 "one-$marker"
grep -q '^To: bob@demo.test' "$dir/p/drafts.txt" || fail 'the draft does not say whom it is for'
terminal_wait 'kept in Drafts'
terminal_type " two-$marker"
is_kept 1 "two-$marker"
is 1 "$(grep -c '^Subject: \[\.\.\.\]' "$dir/p/drafts/"*.eml)" 'outer subjects of the draft'
no_trace "$marker"
say 'what is being written is on the server after a moment, once, and only Alice can read it'

kill -9 "$(screen)"
terminal_wait 'Killed'
ui_end
ui_open
reopen () { terminal_type /; terminal_type 'tag:draft'; terminal_keys Enter; terminal_wait "Kept $marker"; terminal_wait_gone "$NEWEST_SUBJECT"; terminal_keys Enter; terminal_wait "two-$marker"; }
reopen
say 'a screen that was killed has lost nothing'

terminal_type "three-$marker "
is_kept 1 "three-$marker"
terminal_keys Escape
terminal_wait 'What shall happen to it?'
terminal_type d
terminal_wait 'the draft is as it was'
is_kept 1 "two-$marker" "three-$marker"
terminal_keys Escape
terminal_wait "$NEWEST_SUBJECT"
write bob@demo.test 'Second' "four-$marker"
is_kept 2 "four-$marker"
rm -rf "$dir/p/data/index/"* # what is discarded then must not come back with the next index
terminal_keys Escape
terminal_wait 'What shall happen to it?'
terminal_type d
terminal_wait 'The message is discarded.'
is_kept 1 "two-$marker" "four-$marker"
say 'what is discarded is as it was before, or gone, also where the index was just lost'

ui_end
end_profile "$dir/p"
autosave 3600
ui_open
write bob@demo.test 'Third' "five-$marker"
terminal_wait "five-$marker"
kill -HUP "$(screen)"
terminal_wait 'ended with code'
ui_end
ward sync >/dev/null
is_kept 2 "five-$marker"
say 'so is what was written when the terminal went away'

# It goes away while the part that encrypts is still at what was written before.
end_profile "$dir/p"
autosave 1
ui_open
write bob@demo.test 'Busy' "early-$marker"
is_kept 3 "early-$marker"
keys=$(pgrep -P "$(pgrep -f -- "^wardmail --process engine $dir/p( |\$)")" -f -- '^wardmail --process keys')
kill -STOP "$keys"
terminal_keys Enter
terminal_type "middle-$marker"
sleep 2 # autosave's second is over
terminal_keys Enter
terminal_type "late-$marker"
terminal_wait "late-$marker"
kill -HUP "$(screen)"
kill -CONT "$keys"
terminal_wait 'ended with code'
ui_end
ward sync >/dev/null
is_kept 3 "late-$marker"
say 'so is what was written while it was being kept'

end_profile "$dir/p"
mv "$dir/p/data/keys" "$dir/p/data/keys.away"
autosave 1
ui_open
write bob@demo.test 'Fourth' "six-$marker"
terminal_wait 'The message could not be kept as a draft: There is no usable'
is 3 "$(mailbox alice count Drafts)" 'drafts on the server'
no_trace "$marker"
say 'without a key of one'"'"'s own nothing is kept, in clear least of all, and that is said'
