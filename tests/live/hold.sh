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
