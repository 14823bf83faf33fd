#!/bin/bash
# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# While one recipient has no key nothing leaves, for nobody; the message waits in Drafts, encrypted to Alice.
set -euo pipefail
# shellcheck source=tests/live/live.sh
. "$(dirname "$0")/live.sh"
live_start
marker=marker$(openssl rand -hex 12)
ward sync >/dev/null
before=$(connections)

code=0
printf 'Dear Dave, dear Bob,\n\n%s\n' "$marker" |
  ward send --json --to bob@demo.test --to carol@demo.test --cc dave@demo.test --subject "Held $marker" >"$dir/p/held.json" || code=$?
is 3 "$code" 'the exit code of a held message'
is 'dave@demo.test no_key' "$(json '[h["address"] + " " + h["reason"] for h in d["held"]]' <"$dir/p/held.json")" 'who is held and why'
is 0 "$(json 'len(d["copies"])' <"$dir/p/held.json")" 'copies of a held message'
is "$before" "$(connections)" 'connections to the SMTP server'
for who in bob carol dave; do is 3 "$(mailbox "$who" count INBOX)" "mails in $who's inbox"; done
say 'exit 3, and nothing crossed the line'

mailbox alice wait Drafts 1
is 1 "$(mailbox alice count Drafts)" 'drafts on the server'
mailbox alice fetch Drafts "$dir/drafts" >/dev/null
openssl cms -decrypt -in "$dir/drafts/"*.eml -recip "$KEYS/alice.smime.pem" -inkey "$KEYS/alice.smime.key" 2>/dev/null | grep -q "$marker" ||
  fail "the draft cannot be opened with Alice's key"
say 'the draft is on the server, and only Alice can read it'

code=0
printf 'To: dave@demo.test\nSubject: Held %s\n\n%s\n' "$marker" "$marker" | ward sendmail -t -i 2>"$dir/p/sendmail.err" || code=$?
is 3 "$code" 'the exit code of sendmail for a held message'
code=0
printf '%s\n' "$marker" | ward send --json --dry-run --to dave@demo.test --subject x >"$dir/p/dry.json" || code=$?
is 3 "$code" 'the exit code of a dry run for a held message'
mkdir "$dir/p/out"
printf '%s\n' "$marker" | ward send --json --out "$dir/p/out" --to bob@demo.test --cc carol@demo.test --subject x >"$dir/p/out.json"
is 2 "$(find "$dir/p/out" -type f | wc -l)" 'files of --out'
if grep -rqF "$marker" "$dir/p/out"; then fail '--out wrote clear text'; fi
is "$before" "$(connections)" 'connections to the SMTP server'
no_trace "$marker"
say 'sendmail, --dry-run and --out hold too'

ward explain --json bob@demo.test carol@demo.test erin@demo.test dave@demo.test >"$dir/p/explain.json"
is 'pgp smime smime hold' "$(json '" ".join(r["route"] for r in d)' <"$dir/p/explain.json")" 'the routes that explain tells'

# The note: the one message in clear. It is shown, and goes only when somebody says so.
ward tell --dry-run dave@demo.test >"$dir/p/tell.txt"
grep -q '^Subject: I could not send you protected mail$' "$dir/p/tell.txt" || fail 'the note is not shown'
code=0; setsid -w "$WARDMAIL" --profile "$dir/p" tell dave@demo.test >"$dir/p/tell.txt" 2>&1 </dev/null || code=$?
is 1 "$code" 'the exit code of tell where nobody can be asked'
code=0; ward tell --json --yes bob@demo.test >/dev/null 2>&1 || code=$?
is 3 "$code" 'the exit code of tell where there is a usable key'
for address in 'Dave <dave@demo.test>' 'dave@demo.test, eve@demo.test' 'däve@demo.test' 'dave'; do
  if ward tell --json --yes "$address" >/dev/null 2>&1; then fail "a note was sent to $address"; fi
done
is "$before" "$(connections)" 'connections to the SMTP server'
ward tell --json --yes dave@demo.test >"$dir/p/told.json" || fail "tell: exit $?"
is sent "$(json 'd["state"]' <"$dir/p/told.json")" 'the state of the note'
mailbox dave wait INBOX 4
file=$(mailbox dave fetch INBOX "$dir/dave" SUBJECT '"could not send you"')
/usr/bin/python3 - "$dir/p/told.json" "$file" "$TAP"/*.client <<'PYTHON' || fail 'the note did not arrive as it was shown'
import json, pathlib, sys
note = json.loads(pathlib.Path(sys.argv[1]).read_text())["message"].encode()
mail = pathlib.Path(sys.argv[2]).read_bytes().replace(b"\r\n", b"\n")
assert note.startswith(b"Date: ") and mail.endswith(b"\n" + note.replace(b"\r\n", b"\n")), mail
crossed = b"".join(pathlib.Path(name).read_bytes() for name in sys.argv[3:])
assert crossed.count(note + b".\r\n") == 1 and b"\nHello," in crossed
PYTHON
say 'the note to Dave crossed the line and arrived byte for byte as it was shown'

mailbox alice wait Sent 1 SUBJECT '"[...]"'
mailbox alice fetch Sent "$dir/sent" >/dev/null
openssl cms -decrypt -in "$(grep -l '^Message-ID: <note\.' "$dir/sent/"*.eml)" -recip "$KEYS/alice.smime.pem" -inkey "$KEYS/alice.smime.key" 2>/dev/null |
  grep -q '^This note was sent without protection' || fail 'there is no record of the note in Sent'
code=0; ward tell --yes dave@demo.test >/dev/null 2>"$dir/p/told.err" || code=$?
is 3 "$code" 'the exit code of a second note on the same day'
grep -q -- --again "$dir/p/told.err" || fail 'it is not said how to send a second one'
ward tell --yes --again dave@demo.test >/dev/null || fail 'a second note, asked for, was not sent'
mailbox dave wait INBOX 5
end_profile "$dir/p"
printf '[routes]\nallow-note = false\n' >"$dir/p/config/policy.conf"
code=0; ward tell --yes --again dave@demo.test >/dev/null 2>&1 || code=$?
is 3 "$code" 'the exit code of a note that policy forbids'
is 5 "$(mailbox dave count INBOX)" "mails in Dave's inbox"
say 'it has a record in Sent; a second one on a day has to be asked for'
