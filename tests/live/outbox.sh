#!/bin/bash
# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# What waits to be sent, with a real server that takes some and refuses others: each recipient for himself, nobody twice, and a person decides.
set -euo pipefail
# shellcheck source=tests/live/live.sh
. "$(dirname "$0")/live.sh"
live_start
answers () { printf '%s\n' "$@" >"$dir/answers"; }
# of ADDRESS < JSON OF PEOPLE: state of that one.
people () { json '" ".join(sorted(p["address"].split("@")[0] + ":" + p["state"] for p in d))'; }
box () { ward outbox --json; }
box_people () { box | json 'json.dumps(d[0]["people"])' | people; }
box_id () { box | json 'd[0]["id"]'; }
box_size () { box | json 'len(d)'; }
# eventually WANTED COMMAND...: that is what it says, within 30 s.
eventually () {
  local wanted=$1 got='' end=$((SECONDS + 30 * pace)); shift
  while [ $SECONDS -lt $end ]; do
    got=$("$@" 2>/dev/null || true)
    [ "$got" != "$wanted" ] || return 0
  done
  fail "$*: expected '$wanted', got '$got'"
}
# mails PERSON ID
mails () { mailbox "$1" count INBOX HEADER Message-ID "$2"; }
id_of () { json 'd["message_id"].strip("<>")' <"$1"; }

# ---- one copy for two: the server takes it for one and says "later" for the other ----
answers 'carol@demo.test 450 4.7.1 Greylisted, come back'
ward send --json --to carol@demo.test --to erin@demo.test --to bob@demo.test --subject one <<<'one' >"$dir/p/one" || fail "send: exit $?"
one=$(id_of "$dir/p/one")
is 'queued' "$(json 'd["state"]' <"$dir/p/one")" 'state'
is 'bob:accepted carol:ready erin:accepted' "$(json 'json.dumps(d["recipients"])' <"$dir/p/one" | people)" 'what send says'
is 'bob:accepted carol:ready erin:accepted' "$(box_people)" 'what the outbox says'
is one "$(box | json 'd[0]["subject"]')" 'what it is about'
box | grep -q 'Greylisted, come back' || fail 'the words of the server are missing'
is 'server 1' "$(box | json 'd[0]["wait"] + " " + str(d[0]["tries"])')" 'why it waits'
[ "$(box | json 'd[0]["next"]')" != null ] || fail 'nobody knows when it is tried again'
mailbox erin wait INBOX 1 HEADER Message-ID "$one"
is 0 "$(mails carol "$one")" 'mails that Carol has'
say 'whom the server puts off does not keep it from the others'

answers ''
ward sync >/dev/null
eventually 0 box_size
mailbox carol wait INBOX 1 HEADER Message-ID "$one"
is '1 1 1' "$(mails bob "$one") $(mails carol "$one") $(mails erin "$one")" 'mails that they have'
mailbox alice wait Sent 1 HEADER Message-ID "$one"
is 1 "$(mailbox alice count Sent HEADER Message-ID "$one")" 'records in Sent'
say 'later he gets it alone, nobody gets it twice, and one record is in Sent'

# ---- refused for good ----
answers 'erin@demo.test 550 5.1.1 She works here no more'
code=0; ward send --json --to carol@demo.test --to erin@demo.test --subject two <<<'The plan for two.' >"$dir/p/two" 2>"$dir/p/error" || code=$?
is 1 $code 'exit code'
is partly "$(json 'd["state"]' <"$dir/p/two")" 'state'
grep -q 'She works here no more' "$dir/p/error" || fail 'the words of the server are missing'
two=$(id_of "$dir/p/two")
is 'carol:accepted erin:failed' "$(box_people)" 'what the outbox says'
mailbox carol wait INBOX 1 HEADER Message-ID "$two"
ward outbox edit "$(box_id)" >"$dir/p/said"
grep -q 'in Drafts again' "$dir/p/said" || fail "$(cat "$dir/p/said")"
eventually 0 box_size
mailbox alice wait Sent 1 HEADER Message-ID "$two"
draft=$(ward search --json tag:draft | json 'len(d)')
is 1 "$draft" 'drafts'
mailbox alice wait Drafts 1 ALL
mv "$(mailbox alice fetch Drafts "$dir/draft" ALL)" "$dir/p/draft.eml"
is 'two|erin@demo.test|The plan for two.' "$(ward show --json "$dir/p/draft.eml" | json 'd["subject"] + "|" + " ".join(d["to"]) + "|" + d["text_body"].strip()')" 'the draft'
is 1 "$(mails carol "$two")" 'mails that Carol has'
say 'who is refused goes back into the editor alone; the others have it, and Sent says so'

# ---- at a time to come ----
answers ''
ward send --json --to bob@demo.test --subject later --later "$(date -u -d '+4 seconds' +%FT%TZ)" <<<'later' >"$dir/p/later"
later=$(id_of "$dir/p/later")
is 'scheduled bob:ready' "$(json 'd["state"]' <"$dir/p/later") $(box_people)" 'what is told'
is 0 "$(mails bob "$later")" 'mails that Bob has'
mailbox bob wait INBOX 1 HEADER Message-ID "$later"
eventually 0 box_size
say 'what is given for later goes when its time has come, and nobody asks for it'

# ---- stopped on its way ----
head -c 5000000 /dev/urandom >"$dir/p/file"
touch "$TAP/stall"
ward send --json --to bob@demo.test --subject big --attach "$dir/p/file" <<<'big' >"$dir/p/big" &
sender=$!
box_state () { box | json 'd[0]["state"]'; }
eventually sending box_state
is_stuck () { [ "$(cat "$TAP"/*.client | wc -c)" -gt 100000 ] && echo yes; }
eventually yes is_stuck
begin=$(date +%s%3N)
ward outbox stop "$(box_id)" >/dev/null
took=$(($(date +%s%3N) - begin))
wait $sender || fail "send: exit $?"
[ $took -lt $((2000 * pace)) ] || fail "stopping took $took ms"
is 'queued' "$(json 'd["state"]' <"$dir/p/big")" 'state'
big=$(id_of "$dir/p/big")
is 'bob:ready person' "$(box_people) $(box | json 'd[0]["wait"]')" 'what the outbox says'
rm "$TAP/stall"
ward sync >/dev/null
is 0 "$(mails bob "$big")" 'mails that Bob has'
ward outbox retry "$(box_id)" >/dev/null
mailbox bob wait INBOX 1 HEADER Message-ID "$big"
eventually 0 box_size
is 1 "$(mails bob "$big")" 'mails that Bob has'
say 'a message is stopped on its way, waits for a person, and goes when told to'

# ---- a key that was good when it was encrypted ----
ward send --json --to bob@demo.test --to carol@demo.test --subject old --later "$(date -u -d '+2 days' +%FT%TZ)" <<<'old' >"$dir/p/old"
old=$(id_of "$dir/p/old")
end_profile "$dir/p"
# It lies there for some hours, and Bob's key is lost meanwhile.
/usr/bin/python3 - "$dir/p/data/store/outbox/"*/outbox.db <<'PYTHON'
import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as box:
    box.execute("UPDATE items SET date = date - 7200, not_before = 0")
PYTHON
ward key revoke --yes --reason compromised "$(ward key list --json bob@demo.test | json 'd[0]["fingerprint"]')" >/dev/null
ward sync >/dev/null
eventually 'bob:failed carol:accepted' box_people
box | grep -q 'was not sent' || fail 'nobody says why'
mailbox carol wait INBOX 1 HEADER Message-ID "$old"
is 0 "$(mails bob "$old")" 'mails that Bob has'
is old "$(box | json 'd[0]["subject"]')" 'what it is about, after the engine was started anew'
ward outbox remove --yes "$(box_id)" >/dev/null
eventually 0 box_size
mailbox alice wait Sent 1 HEADER Message-ID "$old"
say 'nothing goes to a key that was revoked since'

# ---- a password that is good no more ----
tries () { cat "$TAP"/*.client | grep -aci '^AUTH PLAIN' || true; }
printf 'not it' >"$dir/p/wrong"
ward account login "$(ward account list --json | json 'd[0]["name"]')" --secret-fd 3 3<"$dir/p/wrong" >/dev/null 2>&1 || true
before=$(tries)
ward send --json --to carol@demo.test --subject secret <<<'secret' >"$dir/p/secret" || fail "send: exit $?"
secret=$(id_of "$dir/p/secret")
is 'queued sign-in' "$(json 'd["state"]' <"$dir/p/secret") $(box | json 'd[0]["wait"]')" 'what is told'
ward sync >/dev/null 2>&1 || true
is $((before + 1)) "$(tries)" 'tries with a wrong password'
sed -n 's/^alice://p' "$dir/passwords" | tr -d '\n' >"$dir/p/right"
ward account login "$(ward account list --json | json 'd[0]["name"]')" --secret-fd 3 3<"$dir/p/right" >/dev/null
mailbox carol wait INBOX 1 HEADER Message-ID "$secret"
eventually 0 box_size
say 'a password that is refused is not tried again until there is another one; then it goes by itself'
