#!/bin/bash
# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Once through everything, quickly: the test for tools that make a program slow. Every kind of process works at least once.
set -euo pipefail
# shellcheck source=tests/live/live.sh
. "$(dirname "$0")/live.sh"
live_start
ward sync >/dev/null
is "$ALICE_MAILS" "$(ward count '*')" 'mails after the first sync'
ward show --json "$(mailbox alice fetch INBOX "$dir/p/fetched" SUBJECT '"Second opinion, case 904"')" >"$dir/p/smime.json"
is 'good true' "$(json 'd["signature"]["state"] + " " + str(d["encryption"]["decrypted"]).lower()' <"$dir/p/smime.json")" 'an S/MIME mail'
mailbox alice fetch INBOX "$dir/p/fetched" SUBJECT '"Transfer, bed"' >"$dir/p/names"
ward show --json "$(head -n 1 "$dir/p/names")" >"$dir/p/pgp.json"
is 'good true' "$(json 'd["signature"]["state"] + " " + str(d["encryption"]["decrypted"]).lower()' <"$dir/p/pgp.json")" 'an OpenPGP mail'
ward show --json "$(mailbox alice fetch INBOX "$dir/p/fetched" SUBJECT '"Your mailbox is almost full"')" >"$dir/p/html.json"
is true "$(json '"IT Service Desk" in d["text_body"]' <"$dir/p/html.json")" 'the text of an HTML mail'
printf 'In short.\n' | ward send --json --to bob@demo.test --cc carol@demo.test --subject 'Short' >"$dir/p/sent.json" || fail "send: exit $?"
is 2 "$(json 'len(d["copies"])' <"$dir/p/sent.json")" 'copies'
for who in bob carol; do mailbox "$who" wait INBOX 1 SUBJECT '"[...]"'; done
is 4 "$(ward search --json "$SMIME_KEYWORD" | json 'sum(t["matched"] for t in d)')" 'S/MIME mails found by their content'
ward tag +flagged -- "$SMIME_KEYWORD" >/dev/null
is 4 "$(ward count "tag:flagged and $SMIME_KEYWORD")" 'flagged mails'
say 'sync, show, send, search and tag'
