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
is 'Referral 4711' "$(ward delivery --json "id:$id" | json 'd[0]["subject"]')" 'what it is about'
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

# Receipts. Alice asks for one, inside of what is encrypted, and Bob's program answers as Thunderbird does, first without and then with his signature.
ward send --json --receipt --to bob@demo.test --subject 'Referral 4713' <"$dir/p/body" >"$dir/p/sent.json"
mine=$(json 'd["message_id"].strip("<>")' <"$dir/p/sent.json")
mailbox bob wait INBOX 1 HEADER Message-ID "$mine"
file=$(mailbox bob fetch INBOX "$dir/bob2" HEADER Message-ID "$mine")
if grep -qi '^Disposition-Notification-To:' "$file"; then fail 'it can be seen outside that a receipt is asked for'; fi
person_gpg bob --decrypt "$file" 2>/dev/null | grep -q '^Disposition-Notification-To: .*<alice@demo.test>' || fail 'no receipt is asked for'
until_states "$mine" 'bob@demo.test relayed'
cat >"$dir/p/receipt.py" <<'PYTHON'
import email.utils, subprocess, sys
original, home = sys.argv[1:3]
body = ("""Content-Type: multipart/report; report-type=disposition-notification; boundary="------------mdn"

--------------mdn
Content-Type: text/plain; charset=UTF-8

This is a Return Receipt for the mail that you sent to bob@demo.test.

--------------mdn
Content-Type: message/disposition-notification; name="MDNPart2.txt"
Content-Disposition: inline

Reporting-UA: demo.test; Mozilla Thunderbird
Final-Recipient: rfc822;bob@demo.test
Original-Message-ID: <%s>
Disposition: manual-action/MDN-sent-manually; displayed

--------------mdn--
""" % original).replace("\n", "\r\n")
head = "From: Bob <bob@demo.test>\r\nTo: alice@demo.test\r\nSubject: Return Receipt (displayed)\r\nMessage-ID: %s\r\nMIME-Version: 1.0\r\n" % email.utils.make_msgid(domain="demo.test")
if home:
    signature = subprocess.run(["gpg", "--homedir", home, "--batch", "--quiet", "--armor", "--digest-algo", "SHA256", "--detach-sign"],
                               input=body.encode(), stdout=subprocess.PIPE, check=True).stdout.decode().replace("\n", "\r\n")
    body = ("Content-Type: multipart/signed; micalg=pgp-sha256; protocol=\"application/pgp-signature\"; boundary=s\r\n\r\n--s\r\n" + body +
            "\r\n--s\r\nContent-Type: application/pgp-signature\r\n\r\n" + signature + "\r\n--s--\r\n")
sys.stdout.write(head + body)
PYTHON
/usr/bin/python3 "$dir/p/receipt.py" "$mine" '' | mailbox alice append INBOX
until_states "$mine" 'bob@demo.test displayed'
ward delivery "id:$mine" | grep -q 'others could have written it' || fail 'a receipt without a signature is told as proven'
/usr/bin/python3 "$dir/p/receipt.py" "$mine" "$(person bob)" | mailbox alice append INBOX
for _ in $(seq 50); do ward sync >/dev/null; ward delivery "id:$mine" >"$dir/p/text"; if grep -q 'Signed receipt: opened' "$dir/p/text"; then break; fi; done
grep -q 'Signed receipt: opened' "$dir/p/text" || { cat "$dir/p/text" >&2; fail 'a signed receipt is not told as such'; }
say 'a receipt counts, and one that is signed counts more'

# Others ask Alice. asks FROM ID [HEADER]
asks () { printf 'Return-Path: <%s>\nFrom: %s\nTo: alice@demo.test\nSubject: Lab\nMessage-ID: <%s>\nDisposition-Notification-To: %s\n%b\nPlease read.\n' "$1" "$1" "$2" "$1" "${3-}"; }
asks bob@demo.test ask1@demo.test | mailbox alice append INBOX
asks dave@demo.test ask2@demo.test | mailbox alice append INBOX
asks bob@demo.test ask3@demo.test 'Precedence: bulk\n' | mailbox alice append INBOX
wait_for 'id:ask1@demo.test or id:ask2@demo.test or id:ask3@demo.test' 3
ward show --json id:ask1@demo.test >/dev/null   # to look at it answers nothing
is sent "$(ward receipt --json id:ask1@demo.test | json 'd["state"]')" 'the first answer'
is before "$(ward receipt --json id:ask1@demo.test | json 'd["state"]')" 'the second answer'
code=0; ward receipt id:ask2@demo.test 2>"$dir/p/why" || code=$?
is 3 "$code" 'the exit code where the asker has no key'
grep -q 'no usable key for dave@demo.test' "$dir/p/why" || fail 'it is not said why'
code=0; ward receipt id:ask3@demo.test 2>/dev/null || code=$?
is 3 "$code" 'the exit code where a list asks'
mailbox bob wait INBOX 1 FROM alice HEADER References ask1@demo.test
is 1 "$(mailbox bob count INBOX HEADER References ask1@demo.test)" 'receipts that Bob got'
is 0 "$(mailbox dave count INBOX HEADER References ask2@demo.test)" 'receipts that Dave got'
cat "$TAP"/*.client | grep -aq '^MAIL FROM:<>' || fail 'the receipt did not come from nobody'
person_gpg bob --decrypt "$(mailbox bob fetch INBOX "$dir/bob3" HEADER References ask1@demo.test)" >"$dir/p/clear" 2>/dev/null || fail 'gpg cannot open the receipt'
/usr/bin/python3 - "$dir/p/clear" <<'PYTHON' || fail 'the receipt is none to another program'
import email, email.policy, sys
mail = email.message_from_binary_file(open(sys.argv[1], "rb"), policy=email.policy.default)
assert mail.get_content_type() == "multipart/report" and mail.get_param("report-type") == "disposition-notification", mail["Content-Type"]
text, notification = mail.iter_parts()
assert notification.get_content_type() == "message/disposition-notification"
fields = notification.get_payload()[0] if notification.is_multipart() else email.message_from_string(notification.get_content())
assert fields["Original-Message-ID"] == "<ask1@demo.test>" and fields["Final-Recipient"].endswith("alice@demo.test"), fields.as_string()
assert fields["Disposition"].endswith("displayed")
PYTHON
is 1 "$(ward delivery --json | json 'sum(m["message_id"] == "'"$mine"'" for m in d)')" 'the message in the ledger'
say 'a receipt goes once, encrypted, to whom it may, and to nobody else'

# On the screen: a word in Sent, a line for each recipient in the message, and a question where a receipt is asked for.
# shellcheck source=tests/ui/terminal.sh
. "$TOP/tests/ui/terminal.sh"
terminal_start "$dir/tmux" 110 40 "$WARDMAIL" --profile "$dir/p"
terminal_wait 'Lab'
terminal_type '/'
terminal_wait 'Search:'
terminal_type 'id:ask2@demo.test'
terminal_keys Enter
terminal_wait 'Search: id:ask2'
terminal_keys Enter
terminal_wait 'Receipt:  dave@demo.test asks to be told that you opened this message.'
terminal_type o
terminal_wait 'Tell dave@demo.test that you opened this message?'
terminal_type n
terminal_wait 'No receipt is sent.'
terminal_keys q
terminal_wait_gone 'Receipt:'
terminal_keys q
terminal_wait_gone 'Search: id:ask2'
terminal_keys Tab
terminal_wait 'To the list'
terminal_keys Down Down Enter
terminal_wait 'FAILED 1/4'
terminal_wait 'opened'
terminal_type '/'
terminal_wait 'Search:'
terminal_type "id:$id"
terminal_keys Enter
terminal_wait 'Search: id:'
terminal_keys Enter
terminal_wait 'gone@demo.test: FAILED'
terminal_wait 'kept@demo.test: delivered'
terminal_wait '550 5.1.1'
say 'the screen shows all of it'
