#!/bin/bash
# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# What Alice does with her mail reaches the server, and what happens there reaches her.
set -euo pipefail
# shellcheck source=tests/live/live.sh
. "$(dirname "$0")/live.sh"
live_start
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

gone_from () { [ "$(mailbox alice count "$1" SUBJECT "\"$subject\"")" = 0 ]; }
ward tag -inbox -- "$query" >/dev/null
wait_until 20 gone_from INBOX || fail 'archived, and still in the inbox on the server'
is 1 "$(mailbox alice count Archive SUBJECT "\"$subject\"")" 'archived on the server'
ward tag +deleted -- "$query" >/dev/null
wait_until 20 gone_from Archive || fail 'deleted, and still in Archive on the server'
is 1 "$(mailbox alice count Trash SUBJECT "\"$subject\"")" 'in Trash on the server'
ward sync >/dev/null
is 1 "$(ward count "$query")" 'copies of it that Alice has'
say 'archiving and deleting reach the server'

printf 'From: Bob Okafor <bob@demo.test>\r\nTo: alice@demo.test\r\nSubject: Fresh coffee\r\nMessage-ID: <fresh-1@demo.test>\r\n\r\nIn the kitchen.\r\n' |
  mailbox alice append INBOX
ward sync >/dev/null
is 1 "$(ward count 'subject:"Fresh coffee"')" 'new mails'
say 'new mail appears'

code=0
mv "$dir/dovecot/users" "$dir/dovecot/users.away"
ward account test demo >"$dir/test.out" 2>&1 || code=$?
mv "$dir/dovecot/users.away" "$dir/dovecot/users"
[ "$code" != 0 ] || fail 'an account whose password the server refuses passed its test'
ward account test demo >/dev/null || fail 'the account test fails where all is well'
say 'account test tells the truth'
