#!/bin/bash
# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Two accounts in one profile, and a third whose server says nothing: both sync and send at once, and nobody waits for the dead one.
set -euo pipefail
# shellcheck source=tests/live/live.sh
. "$(dirname "$0")/live.sh"
# shellcheck source=tests/live/background.sh
. "$LIVE/background.sh"
live_start
silent=
accounts_tidy () { local code=$?; [ -z "$silent" ] || end "$silent"; live_tidy "$code"; }
trap accounts_tidy EXIT
read -r dead <<<"$(free_ports 1)"
/usr/bin/python3 -c 'import socket, sys, time
lines = socket.create_server(("127.0.0.1", int(sys.argv[1])))
kept = []
while True:
    kept.append(lines.accept())' "$dead" </dev/null >/dev/null 2>&1 & silent=$!
wait_for_ports "$dead"
ward key import "$KEYS/bob.pgp.sec.asc" >/dev/null
password () { sed -n "s/^$1://p" "$PASSWORDS" | tr -d '\n'; }
ward account add second --address bob@demo.test --imap "$HOST:$IMAP_PORT" --smtp "$HOST:$SMTP_PORT" --user bob --ca "$CA" --secret-fd 3 3< <(password bob) >/dev/null
ward account add dead --address carol@demo.test --imap "localhost:$dead" --smtp "localhost:$dead" --user carol --ca "$CA" --secret-fd 3 3< <(password carol) >/dev/null

# Both come in while the third account's server has been asked and is silent.
mailbox alice append INBOX < <(printf 'From: x@demo.test\r\nTo: alice@demo.test\r\nSubject: For Alice\r\nMessage-ID: <for-alice@demo.test>\r\n\r\nOne.\r\n')
mailbox bob append INBOX < <(printf 'From: x@demo.test\r\nTo: bob@demo.test\r\nSubject: For Bob\r\nMessage-ID: <for-bob@demo.test>\r\n\r\nTwo.\r\n')
ward sync >/dev/null 2>"$dir/p/sync.err" & sync=$!
both_came () { [ "$(ward count 'id:for-alice@demo.test or id:for-bob@demo.test')" = 2 ]; }
wait_until 30 both_came || fail 'mail of the two accounts does not come'
kill -0 "$sync" 2>/dev/null || fail 'mail came only when the silent server had been given up'
say 'both accounts have their mail before a silent server beside them is given up'
is '1 1' "$(ward count 'folder:demo/INBOX and id:for-alice@demo.test') $(ward count 'folder:second/INBOX and id:for-bob@demo.test')" 'mail in its own account'

# Both send, at the same time.
begin=$SECONDS
printf 'Token from-alice.\n' | ward send --json --from alice@demo.test --to bob@demo.test --subject One >"$dir/p/one" & one=$!
printf 'Token from-bob.\n' | ward send --json --from bob@demo.test --to alice@demo.test --subject Two >"$dir/p/two" & two=$!
wait "$one" || fail "Alice cannot send: $(cat "$dir/p/one")"
wait "$two" || fail "Bob cannot send: $(cat "$dir/p/two")"
is 'sent sent' "$(json 'd["state"]' <"$dir/p/one") $(json 'd["state"]' <"$dir/p/two")" 'what became of the two letters'
[ $((SECONDS - begin)) -lt 20 ] || fail "two letters took $((SECONDS - begin)) s"
one=$(json 'd["message_id"]' <"$dir/p/one") two=$(json 'd["message_id"]' <"$dir/p/two")
in_sent () { [ "$(mailbox alice count Sent HEADER Message-ID "$one") $(mailbox bob count Sent HEADER Message-ID "$two")" = '1 1' ]; }
wait_until 20 in_sent || fail 'each letter should lie once in the Sent folder of its own account'
mailbox bob wait INBOX 1 HEADER Message-ID "$one"
mailbox alice wait INBOX 1 HEADER Message-ID "$two"
is '0 0' "$(mailbox alice count Sent HEADER Message-ID "$two") $(mailbox bob count Sent HEADER Message-ID "$one")" 'letters in the Sent folder of the other'
code=0
wait "$sync" || code=$?
is 1 "$code" 'sync with a silent server'
grep -q '^wardmail: dead: .*localhost.*\.$' "$dir/p/sync.err" || fail "it is not said which account did not answer: $(cat "$dir/p/sync.err")"
say 'both send at once, each by its own server, into its own Sent folder'
