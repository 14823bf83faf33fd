#!/bin/bash
# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# What Alice does with her mail reaches the server, and what happens there reaches her. (Archiving and deleting: tests/ui/changes.sh.)
set -euo pipefail
# shellcheck source=tests/live/live.sh
. "$(dirname "$0")/live.sh"
live_start
# Asked for again while the worker opens its second line, a sync is not left until that line has news.
pull=$(dirname "$WARDMAIL")/tests/bench/pull_own
[ -x "$pull" ] || make -s -C "$(dirname "$WARDMAIL")" tests/bench/pull_own
mkdir "$dir/again"
again () { timeout 30 "$pull" "$IMAP_PORT" alice "$PASSWORDS" "$CA" "$dir/again" again >/dev/null || fail 'a sync right after another one is not answered'; }
again; again; again
say 'nobody is left waiting'
ward sync >/dev/null
subject=$NEWEST_SUBJECT query="subject:\"$NEWEST_SUBJECT\""
is 1 "$(ward count "$query and tag:unread")" 'unread newest mail'
server_flags () { mailbox alice flags "$1" SUBJECT "\"$subject\""; }
has_flags () { [ "$(server_flags "$1")" = "$2" ]; }
settled () { wait_until 20 has_flags "$1" "$2" || fail "$3: the server has '$(server_flags "$1")' in $1, expected '$2'"; }

ward tag -unread -- "$query" >/dev/null
settled INBOX '\Seen' 'read'
ward tag +flagged -- "$query" >/dev/null
settled INBOX '\Flagged \Seen' 'flagged'
ward tag -flagged +unread -- "$query" >/dev/null
settled INBOX '' 'unread again'
say 'flags reach the server'

mailbox alice store INBOX '+\Flagged' SUBJECT '"Duty phone numbers"'
mailbox alice store INBOX '-\Seen' SUBJECT '"Telemetry parts"'
mailbox alice move INBOX Archive SUBJECT '"Minutes of the quality circle"'
mailbox alice expunge INBOX SUBJECT '"Your mailbox is almost full"'
ward sync >/dev/null
is 1 "$(ward count 'tag:flagged and subject:"Duty phone numbers"')" 'what was flagged elsewhere'
is 1 "$(ward count 'tag:unread and subject:"Telemetry parts"')" 'what was marked as unread elsewhere'
is '1 0' "$(ward count 'folder:demo/Archive and subject:"Minutes of the quality circle"') $(ward count 'folder:demo/INBOX and subject:"Minutes of the quality circle"')" \
  'what was moved elsewhere, in Archive and in the inbox'
is 0 "$(ward count 'subject:"Your mailbox is almost full"')" 'what was removed elsewhere'
is $((ALICE_MAILS - 1)) "$(ward count '*')" 'mails that are left'
say 'what happens on the server reaches Alice'

# The index is busy elsewhere while a mail is marked, which gives it another name, and then removed: it hears of both too late.
marked () { [ -n "$(find "$dir/p/data/mail/demo/INBOX/cur" -name '*:2,*T*')" ]; }
unmarked () { ! marked; }
ward search --json x >/dev/null
mapfile -t index < <(pgrep -P "$(pgrep -f -- "^wardmail --process engine $dir/p( |\$)")" -f -- '^wardmail --process index')
kill -STOP "${index[@]}"
mailbox alice store INBOX '+\Deleted' SUBJECT '"Telemetry parts"'
ward sync >/dev/null & syncing=$!
wait_until 20 marked || fail 'the mark of a mail does not come here'
mailbox alice expunge INBOX DELETED
wait_until 20 unmarked || fail 'a mail that was removed elsewhere is still here'
kill -CONT "${index[@]}"
wait "$syncing"
ward sync >/dev/null
is $((ALICE_MAILS - 2)) "$(ward count '*')" 'mails that are left after one was marked and removed'
say 'what happens while the index is busy reaches it'

printf 'From: Bob Okafor <bob@demo.test>\r\nTo: alice@demo.test\r\nSubject: Fresh coffee\r\nMessage-ID: <fresh-1@demo.test>\r\n\r\nIn the kitchen.\r\n' |
  mailbox alice append INBOX
ward sync >/dev/null
is 1 "$(ward count 'subject:"Fresh coffee"')" 'new mails'
say 'new mail appears'

code=0
ward account add wrong --address alice@demo.test --imap "$HOST:$IMAP_PORT" --smtp "$HOST:$SMTP_PORT" --user alice --ca "$CA" --secret-fd 3 \
  3< <(printf 'not-her-password') >/dev/null
ward account test wrong >"$dir/test.out" 2>&1 || code=$?
[ "$code" = 1 ] || fail "an account with a wrong password passed its test ($code)"
grep -q 'wardmail account login' "$dir/test.out" || fail 'it is not said how to type a new password'
ward account login wrong --secret-fd 3 3< <(sed -n 's/^alice://p' "$PASSWORDS" | tr -d '\n') >/dev/null
ward account test wrong >/dev/null || fail 'the password that was typed anew does not serve'
ward account remove wrong >/dev/null
code=0
ward account add other --address alice@demo.test --imap "$HOST:$IMAP_PORT" --smtp "$HOST:$SMTP_PORT" --user alice --secret-fd 3 \
  3< <(sed -n 's/^alice://p' "$PASSWORDS" | tr -d '\n') >/dev/null
ward account test other >"$dir/test.out" 2>&1 || code=$?
[ "$code" = 1 ] || fail "a server whose certificate nobody trusts passed the test ($code)"
ward account remove other >/dev/null
ward account test demo >/dev/null || fail 'the account test fails where all is well'
say 'account test tells the truth'
