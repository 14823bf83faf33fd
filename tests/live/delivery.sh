#!/bin/bash
# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# What became of what Alice sent: Postfix really delivers, or finds that it cannot, and its reports come back to her mailbox and into the ledger.
set -euo pipefail
# shellcheck source=tests/live/live.sh
. "$(dirname "$0")/live.sh"
live_start

# states ID: "address state" of each recipient, sorted.
states () { ward delivery --json "id:$1" | json 'sorted(r["address"] + " " + r["state"] for m in d for r in m["recipients"])'; }
# until_states ID WANTED: within ten seconds.
until_states () {
  local got='' _
  for _ in $(seq 100); do
    got=$(states "$1"); [ "$got" != "$2" ] || return 0
    ward sync >/dev/null
  done
  ward delivery "id:$1" >&2
  fail "states: expected '$2', got '$got'"
}

# Two who have keys: to "kept" Postfix delivers itself; for "gone" it takes mail, and finds only later that Dovecot knows nobody of that name.
mkdir -m 700 "$dir/p/made"
for who in kept gone; do
  gpg --homedir "$dir/p/made" --batch --quiet --passphrase '' --quick-generate-key "$who <$who@demo.test>" future-default default never 2>/dev/null
done
gpg --homedir "$dir/p/made" --batch --armor --export >"$dir/p/made.asc"
gpgconf --homedir "$dir/p/made" --kill all
ward key import "$dir/p/made.asc" >/dev/null

echo 'The referral is attached.' >"$dir/p/body"
ward send --json --to bob@demo.test --to kept@demo.test --to gone@demo.test --bcc erin2@demo.test --subject 'Referral 4711' \
  <"$dir/p/body" >"$dir/p/sent.json"
id=$(json 'd["message_id"].strip("<>")' <"$dir/p/sent.json")
if [ "$SMTP_KIND" != postfix ]; then
  until_states "$id" "bob@demo.test accepted
erin2@demo.test accepted
gone@demo.test accepted
kept@demo.test accepted"
  say 'without Postfix nobody reports, and nothing more than that is told'
  exit 0
fi
until_states "$id" "bob@demo.test relayed
erin2@demo.test relayed
gone@demo.test failed
kept@demo.test delivered"
find "$dir/dovecot/mail/kept/new" -type f | grep -q . || fail 'Postfix delivered nothing'
ward delivery "id:$id" >"$dir/p/text"
grep -q 'gone@demo.test: Not delivered. .*550 5.1.1' "$dir/p/text" || { cat "$dir/p/text" >&2; fail 'the reason is not told'; }
grep -q 'bob@demo.test: .* does not report, so that it is not known whether it arrived' "$dir/p/text" || fail 'more is told of Bob than is known'
say 'Postfix reports what it delivered, what it handed on, and what it could not deliver, with the reason'

# On the line: an id for each copy, which nobody but the servers sees.
cat "$TAP"/*.client | grep -a '^MAIL FROM:<alice@demo.test>' | grep -oE 'ENVID=[0-9a-f-]{36}' | sort -u >"$dir/p/envids"
is 2 "$(wc -l <"$dir/p/envids")" 'envelope ids of two copies'
cat "$TAP"/*.client | grep -aq '^RCPT TO:<bob@demo.test> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;bob@demo.test' || fail 'Postfix was not asked for reports'
mailbox bob wait INBOX 1 HEADER Message-ID "$id"
if grep -aiq 'envid\|4711' "$(mailbox bob fetch INBOX "$dir/bob" HEADER Message-ID "$id")"; then fail "Bob's copy tells the envelope's id"; fi
[ "$(ward count tag:report)" -ge 3 ] || fail 'the reports have no mark of their own'
wait_for () { for _ in $(seq 50); do [ "$(ward count "$1")" != "$2" ] || return 0; ward sync >/dev/null; done; fail "expected $2 of $1, got $(ward count "$1")"; }
wait_for 'tag:report and tag:unread' 1  # the failure alone
is "$(($(ward count tag:report) - 1))" "$(ward count tag:settled)" 'reports that nobody need read'
say 'each copy has an id of its own, which its readers do not get'

# Anybody can write a report: one about another message, or with a wrong id, changes nothing, and one that bears only the Message-ID says so.
report () {
  cat <<MAIL
From: MAILER-DAEMON@demo.test
To: alice@demo.test
Subject: Forgery
Message-ID: <$RANDOM$RANDOM@forged.test>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; forged.test
$3
Final-Recipient: rfc822; $2
Action: failed
Status: 5.1.1

--b
Content-Type: text/rfc822-headers

Message-ID: <$1>

--b--
MAIL
}
before=$(ward delivery "id:$id")
report "$id" mallory@demo.test '' | mailbox alice append INBOX
report nothing@demo.test bob@demo.test "Original-Envelope-Id: 00000000-0000-4000-8000-000000000000" | mailbox alice append INBOX
report "$id" bob@demo.test "Original-Envelope-Id: 00000000-0000-4000-8000-000000000000" | mailbox alice append INBOX
mailbox alice wait INBOX 3 HEADER Subject Forgery
ward sync >/dev/null
is 3 "$(ward count 'subject:Forgery and tag:report')" 'forged reports in the mailbox'
is "$before" "$(ward delivery "id:$id")" 'what is known after forged reports'
say 'and a report that is not about it changes nothing'
