#!/bin/bash
# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# The world's mail as the client sees it: all of it is there, each message has the right verdict, and encrypted mail is found
# by what stands in it.
set -euo pipefail
# shellcheck source=tests/live/live.sh
. "$(dirname "$0")/live.sh"
live_start
ward sync >/dev/null
is "$ALICE_MAILS" "$(ward count '*')" 'mails after the first sync'
ward sync >/dev/null
is "$ALICE_MAILS" "$(ward count '*')" 'mails after the second sync'
say 'every mail is there, once'

# verdict SUBJECT EXPECTED: of every mail with it, by its id in the profile and by its file.
verdict () {
  local file id got
  for file in $(mailbox alice fetch INBOX "$dir/p/fetched" SUBJECT "\"$1\""); do
    id=$(sed -n 's/^Message-ID: <\(.*\)>.*/\1/p' "$file" | head -n 1)
    for what in "$file" "id:$id"; do
      got=$(ward show --json "$what" | json '" ".join(str(v).lower() for v in (d["signature"]["state"], d["signature"]["protocol"],
        d["signature"]["signer"], d["signature"]["covers"], d["encryption"]["protocol"], d["encryption"]["decrypted"], d["encryption"]["integrity"]))')
      is "$2" "$got" "$1 ($what)"
    done
    is '[]' "$(ward show --json "$file" | json 'str(d["remote_loads"])')" "what '$1' loads"
  done
}
verdict 'Minutes of the quality circle' 'good smime carol@demo.test whole none false none'
verdict 'Telemetry parts have arrived' 'good pgp bob@demo.test whole none false none'
verdict 'Second opinion' 'good smime carol@demo.test whole smime true ok'
verdict 'Transfer, bed' 'good pgp bob@demo.test whole pgp true ok'
verdict 'Your mailbox is almost full' 'none none none nothing none false none'
state () { for file in $(mailbox alice fetch INBOX "$dir/p/fetched" SUBJECT "\"$1\""); do ward show --json "$file" | json 'd["signature"]["state"]'; done; }
is bad "$(state 'Dose for bed 17')" 'the broken signature'
is mismatch "$(state 'Please send me the ward list')" 'a signer who is not the sender'
say 'the verdicts are right'

# cautions SUBJECT: the codes of the warnings of the first mail with it, by its id in the profile.
cautions () {
  local file id
  file=$(mailbox alice fetch INBOX "$dir/p/fetched" SUBJECT "\"$1\"" | head -n 1)
  id=$(ward show --json "$file" | json 'd["message_id"]')
  ward show --json "id:$id" | json '" ".join(w["code"] for w in d["warnings"])'
}
is 'lookalike_domain name_of_other first_contact external_sender' "$(cautions 'Your mailbox is almost full')" 'the warnings of the phishing mail'
is '' "$(cautions 'Second opinion, case 904')" 'the warnings of a colleague'
file=$(mailbox alice fetch INBOX "$dir/p/fetched" SUBJECT '"Your mailbox is almost full"')
is 'dem0.test only looks like demo.test. Do not trust this mail.' "$(ward show --json "$file" | json 'd["warnings"][0]["text"]')" 'what a person reads of it'
# As from Carol, with results of a check in our server's name and in another one's.
checked () { printf 'Authentication-Results: %s;\n\tdmarc=fail (p=reject) header.from=demo.test\nReceived: from far by near; Mon, 3 Mar 2025 08:00:00 +0000\nFrom: Dr. Carol Lindqvist <carol@demo.test>\nTo: alice@demo.test\nSubject: %s\nMessage-ID: <%s@far.example>\n\nHello.\n' "$1" "$2" "$1" | mailbox alice append INBOX; }
checked mx.demo.test 'Checked by us'
checked mx.far.example 'Checked by others'
ward sync >/dev/null
is auth_failed "$(cautions 'Checked by us')" 'the warnings of what our server refused to believe'
is '' "$(cautions 'Checked by others')" 'the warnings of what others say'
say 'and a mail that pretends is told from those that do not'

file=$(mailbox alice fetch INBOX "$dir/p/fetched" SUBJECT '"Minutes of the quality circle"')
ward verify "$file" >/dev/null || fail 'verify refuses a good signature'
file=$(mailbox alice fetch INBOX "$dir/p/fetched" SUBJECT '"Dose for bed 17"') code=0
ward verify "$file" >/dev/null 2>&1 || code=$?
is 5 "$code" 'the exit code of verify for a broken signature'

is 4 "$(ward count "$SMIME_KEYWORD")" 'S/MIME mails found by their content'
is 4 "$(ward count "$PGP_KEYWORD")" 'OpenPGP mails found by their content'
is 'Second opinion, case 904' "$(ward search --json --limit 1 "$SMIME_KEYWORD" | json 'd[0]["subject"]')" 'the newest that the search finds'
is "$NEWEST_SUBJECT" "$(ward search --json --limit 1 folder:demo/INBOX | json 'd[0]["subject"]')" 'the newest in the inbox'
is 20 "$(ward search --json --limit 20 '*' | json 'len(d)')" 'threads with --limit 20'
[ "$(ward count 'subject:مختبر or subject:المختبر')" -gt 0 ] || fail 'an Arabic subject is not found'
[ "$(ward count 'from:田中 or from:tanaka')" -gt 0 ] || fail 'a Japanese writer is not found'
say 'searching finds what stands in encrypted mail'

while read -r name; do
  if grep -rqF "$name" "$dir/p/data/mail"; then fail "the store keeps '$name' in clear"; fi
done <<<"$SMIME_KEYWORD
$PGP_KEYWORD"
say 'and the mail on the disk stays encrypted'
