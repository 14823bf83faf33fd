#!/bin/bash
# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# What is done on the screen reaches the server; new mail comes onto the screen by itself; any size of terminal does.
set -euo pipefail
# shellcheck source=tests/ui/ui.sh
. "$(dirname "$0")/ui.sh"
ui_start_fresh
# The first mail may be faster than the first list.
grep -q 'Fetching mail' "$dir/p/drawn" || say 'no empty list was drawn'
! grep -qE 'Rebuilding|made anew' "$dir/p/drawn" || fail 'the first index passes for one that was lost'
! grep -q 'No messages here' "$dir/p/drawn" || fail 'the list says that there is no mail before it is known'
say 'the first mail is waited for'
# in FOLDER SUBJECT COUNT [FLAG]: the server has that many there, within 20 s.
on_server () { [ "$(mailbox alice count "$1" SUBJECT "\"$2\"" "${@:4}")" = "$3" ]; }
settled () { wait_until 20 on_server "$@" || fail "the server has not $3 of '$2' in $1 ${4-}"; }

terminal_keys Enter
terminal_wait 'Meet at bed 1'
settled INBOX "$NEWEST_SUBJECT" 1 SEEN
terminal_type F
settled INBOX "$NEWEST_SUBJECT" 1 FLAGGED
terminal_type a
settled INBOX "$NEWEST_SUBJECT" 0
settled Archive "$NEWEST_SUBJECT" 1
say 'reading, flagging and archiving reach the server'
terminal_wait 'Your mailbox is almost full'
terminal_wait_gone "$NEWEST_SUBJECT"
terminal_type /
terminal_type 'subject:"almost full"'
terminal_keys Enter
terminal_wait 'IT Service Desk'
terminal_wait_gone 'Second opinion'
terminal_keys Enter
terminal_wait 'mailbox-confirm.dem0.test'
terminal_golden phishing
terminal_type d
settled INBOX 'Your mailbox is almost full' 0
settled Trash 'Your mailbox is almost full' 1
say 'so does deleting, from a search'
terminal_wait 'u brings it back'
terminal_type u
terminal_wait 'Brought back: “Your mailbox is almost full”'
settled Trash 'Your mailbox is almost full' 0
settled INBOX 'Your mailbox is almost full' 1
is 1 "$(ward count 'tag:inbox and subject:"almost full"')" 'the message is in the inbox again'
say 'and what was deleted there can be brought back'

terminal_keys q
terminal_wait 'Second opinion'
terminal_type /
terminal_type 'subject:"Dose for bed 17"'
terminal_keys Enter
terminal_wait_gone 'Second opinion'
terminal_keys Enter
terminal_wait '[DANGER] The signature is BROKEN'
terminal_type x
terminal_wait 'What to do: Do not act on this mail.'
terminal_keys End
terminal_wait 'Addresses'
terminal_keys q q q
terminal_wait 'Second opinion'
say 'what to do about a broken signature stands on its page'
printf 'From: Bob Okafor <bob@demo.test>\r\nTo: alice@demo.test\r\nDate: Mon, 03 Mar 2025 08:59:00 +0000\r\nSubject: Fresh coffee\r\nMessage-ID: <fresh-1@demo.test>\r\n\r\nIn the kitchen.\r\n' |
  mailbox alice append INBOX
terminal_wait 'Fresh coffee' 20
say 'new mail appears by itself'

for size in 20x6 200x60 1x1 40x10 80x24; do
  tmux -S "$dir/tmux" resize-window -x "${size%x*}" -y "${size#*x}"
done
terminal_wait 'Fresh coffee'
terminal_lacks 'ended with code' || fail 'resizing ended the client'
say 'and every size of terminal does'
