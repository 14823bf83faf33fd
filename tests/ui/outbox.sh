#!/bin/bash
# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# The Outbox on the screen: what became of each message, what to press, and that each key does what it says; at 80x24 and at 200x60.
set -euo pipefail
# shellcheck source=tests/ui/ui.sh
. "$(dirname "$0")/ui.sh"
# Times are those of the real clock.
CLOCK='[A-Z][a-z]{2} [ 0-9]?[0-9] [A-Z][a-z]{2} [0-9]{4}, [0-9:]{5}'
export GOLDEN_MASK="s/$CLOCK/(a time)/; s/(next try is at ).*/\\1(a time)/; s/((waiting|later|FAILED|stopped) +)[^ ].{8} /\\1          /"
send_to () { local to=() one; for one in $1; do to+=(--to "$one@demo.test"); done; shift; ward send --json "${to[@]}" "$@" <<<'text' >/dev/null 2>&1 || true; }
ui_start

printf '%s\n' 'erin@demo.test 550 5.1.1 She works here no more' 'carol@demo.test 450 4.7.1 Come back later' >"$dir/answers"
send_to 'bob erin' --subject 'one'
send_to 'carol' --subject 'two'
send_to 'bob' --subject 'three' --later "$(date -u -d '+40 days' +%FT%TZ)"
terminal_wait '! 3'
say 'the folders tell that something in the Outbox needs somebody'
terminal_keys Tab
terminal_wait 'To the list'
terminal_keys Down Down Down Enter
terminal_wait 'FAILED'
terminal_wait_gone 'To the list'
terminal_wait '550 5.1.1'
terminal_golden outbox
tmux -S "$dir/tmux" resize-window -x 200 -y 60
terminal_wait 'What to do: e opens it again for those who have not got it'
terminal_golden outbox-wide
tmux -S "$dir/tmux" resize-window -x 80 -y 24
terminal_wait_gone 'those who have not got it: correct the address, or leave it out, and send. t sends'
say 'each message says what became of it and what to do'

terminal_type j
terminal_wait 'The next try is at'
terminal_type s
terminal_wait 'It was stopped, and waits until you decide.'
: >"$dir/answers"
terminal_type t
mailbox carol wait INBOX 4
terminal_wait_gone 'It was stopped'
say 'stopped, and sent when told to'

terminal_wait 'It goes on'
terminal_type d
terminal_wait 'Remove this message?'
terminal_type k
terminal_wait_gone 'Remove this message?'
terminal_wait 'It goes on'
terminal_type d
terminal_wait 'Remove this message?'
terminal_type r
terminal_wait_gone 'It goes on'
say 'removed, after a question'

terminal_wait '550 5.1.1'
terminal_type e
terminal_wait 'It is out of the Outbox, and in Drafts as long as you write.' 30
terminal_wait 'erin@demo.test'
terminal_lacks 'bob@demo.test' || fail 'Bob has it already'
terminal_has 'one' || fail 'the subject is not there'
terminal_keys C-x
terminal_wait 'Choose it and press u to take it back.' 30
terminal_wait 'Nothing is waiting to be sent.' 40
mailbox erin wait INBOX 4
say 'edited, for the one who had not got it, and sent'

# Leaving in the seconds of grace changes nothing.
terminal_type m
terminal_wait 'To:'
terminal_type 'bob@demo.test'
terminal_wait 'OpenPGP'
terminal_keys Enter Enter Enter
terminal_type 'Left behind'
terminal_keys Enter
terminal_type 'text'
terminal_keys C-x
terminal_wait 'Choose it and press u to take it back.' 30
tmux -S "$dir/tmux" kill-server
mailbox bob wait INBOX 5
say 'a message goes although the screen was closed'
