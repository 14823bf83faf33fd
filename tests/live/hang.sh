#!/bin/bash
# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# What hangs costs a reader five seconds and one sentence, and the next attempt works: a gpg-agent that does not answer, and a
# pipe to which nobody writes. A search that hangs costs nobody else a mail. Needs no servers.
set -euo pipefail
# shellcheck source=tests/live/live.sh
. "$(dirname "$0")/live.sh"
dir=$(private_dir)
agent=
tidy () {
  local code=$?
  [ -z "$agent" ] || kill -CONT "$agent" 2>/dev/null || true
  end_profile "$dir/p"; gpgconf --homedir "$dir/gpg" --kill all 2>/dev/null || true; rm -rf "$dir"; exit "$code"
}
trap tidy EXIT
cd "$dir"
limit_ms=5500
if grep -q __asan_init "$WARDMAIL"; then limit_ms=25000; fi # with sanitizers everything has more time

mkdir -m 700 gpg
other () { gpg --homedir gpg --batch --quiet --no-tty --yes --trust-model always --pinentry-mode loopback --passphrase '' "$@"; }
other --quick-gen-key 'Alice <alice@x.test>' future-default default never 2>/dev/null
other --armor --export-secret-keys >alice.sec
printf 'Potassium 4.1\n' | other --armor -e -r alice@x.test >armor
{ printf 'From: bob@x.test\nSubject: Result\n\n'; cat armor; } >mail.eml
ward setup --name Alice --address alice@x.test --at-rest none --factor none --passphrase-fd 3 3<<<unused >/dev/null
ward key import alice.sec >/dev/null
ward show mail.eml | grep -q 'Potassium 4.1' || fail 'the mail cannot be read at all'

# slow COMMAND...: it ends with 1 and one sentence, in time.
slow () {
  local start code=0
  start=$(date +%s%3N)
  ward "$@" >out 2>err || code=$?
  [ $(($(date +%s%3N) - start)) -le "$limit_ms" ] || fail "$* took $(($(date +%s%3N) - start)) ms"
  is 1 "$code" "exit code of $* ($(cat err))"
  is 1 "$(grep -c '^wardmail: ' err)" "sentences of $*"
}

agent_pid () { pgrep -f -- "^gpg-agent --homedir $dir/p/data/keys/gnupg "; }
agent=$(agent_pid) || fail 'gpg has no agent'
kill -STOP "$agent"
slow show mail.eml
grep -q 'did not answer in time' err || fail "the reader hears: $(cat err)"
ward show mail.eml | grep -q 'Potassium 4.1' || fail 'after a hang the mail cannot be read'
[ "$(agent_pid)" != "$agent" ] || fail 'the agent that hung is still asked'
agent=$(agent_pid)
kill -STOP "$agent"
printf 'Hello.\n' >body; slow send --dry-run --to alice@x.test --subject x <body
ward send --dry-run --to alice@x.test --subject x <body >/dev/null || fail 'after a hang nothing can be sent'
say 'an agent that hangs'

# What is known of a sender is asked where searches run, and is not waited for.
ward account add clinic --address alice@x.test --imap localhost:1 --smtp localhost:2 --secret-fd 3 3<<<secret >/dev/null
ward show mail.eml >/dev/null
engine=$(pgrep -f -- "--process engine $dir/p\$")
mapfile -t readers < <(pgrep -P "$engine" -f -- '--process index')
[ "${#readers[@]}" -gt 0 ] || fail 'there is no index worker'
kill -STOP "${readers[@]}"
ward search x >/dev/null 2>&1 & searching=$!
start=$(date +%s%3N)
ward show mail.eml >out || fail 'a mail is not shown while a search hangs'
[ $(($(date +%s%3N) - start)) -le "$limit_ms" ] || fail "beside a search that hangs, showing took $(($(date +%s%3N) - start)) ms"
grep -q 'Potassium 4.1' out || fail 'beside a search that hangs, a mail is not read'
kill -CONT "${readers[@]}" 2>/dev/null || true
wait "$searching" || true
say 'a search that hangs'

mkfifo pipe
slow show pipe
grep -q 'nobody seems to write' err || fail "the reader hears: $(cat err)"
ward show <(cat mail.eml) | grep -q 'Potassium 4.1' || fail 'a pipe with a mail is not read'
say 'a pipe to which nobody writes'

truncate -s 70M big
slow show big
slow show /dev/zero
slow show .
say 'what is no mail, or too big'
