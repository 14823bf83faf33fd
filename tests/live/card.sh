#!/bin/bash
# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Private keys on a smart card, with the whole program and its sandbox: SoftHSM2 is the card, openssl reads what was made. Needs no servers.
set -euo pipefail
# shellcheck source=tests/live/live.sh
. "$(dirname "$0")/live.sh"
dir=$(private_dir)
tidy () { local code=$?; end_profile "$dir/p"; rm -rf "$dir"; exit "$code"; }
trap tidy EXIT
cd "$dir"
module=$(find /usr/lib /usr/lib64 -name libsofthsm2.so 2>/dev/null | head -n 1)
[ -n "$module" ] || fail 'SoftHSM2 is missing; tests/deps installs it'
pin=728193
export SOFTHSM2_CONF=$dir/p/data/keys/softhsm2.conf

ward setup --name Alice --address alice@x.test --at-rest none --factor none --passphrase-fd 3 3<<<unused >/dev/null
mkdir -p p/data/keys/tokens
printf 'directories.tokendir = %s\nlog.level = ERROR\n' "$dir/p/data/keys/tokens" >"$SOFTHSM2_CONF"
softhsm2-util --init-token --free --label 'Staff card' --pin $pin --so-pin 12345678 >/dev/null

# put NAME ID KEY...: a key and a certificate, both on the card; the key is kept nowhere else.
put () {
  local name=$1 id=$2; shift 2
  openssl req -x509 -nodes -days 20 -subj "/CN=$name" -addext "subjectAltName=email:$name@x.test" -newkey "$@" -keyout key -out "$name.crt" 2>/dev/null
  openssl pkey -in key -outform DER -out key.der
  openssl x509 -in "$name.crt" -outform DER -out crt.der
  pkcs11-tool --module "$module" --login --pin $pin --id "$id" --type privkey --write-object key.der --usage-sign --usage-decrypt --usage-derive >/dev/null 2>&1
  pkcs11-tool --module "$module" --login --pin $pin --id "$id" --type cert --write-object crt.der >/dev/null 2>&1
  rm key key.der
}
put alice 01 rsa:3072
put ada 02 ec -pkeyopt ec_paramgen_curve:P-256
openssl req -x509 -nodes -days 20 -subj /CN=bob -addext subjectAltName=email:bob@x.test -newkey ec -pkeyopt ec_paramgen_curve:P-256 -keyout bob.key -out bob.crt 2>/dev/null

# PIN COMMAND...: the command, given this PIN.
with_pin () { local given=$1; shift; ward "$@" --passphrase-fd 3 3<<<"$given"; }
# The PIN is forgotten with the process that knows it.
forget () {
  local engine; engine=$(pgrep -f -- "^wardmail --process engine $dir/p\$" || true)
  [ -z "$engine" ] || kill "$engine"
  end_profile "$dir/p"
}

if with_pin $pin key card add --module "$dir/evil.so" 2>err; then fail 'a module out of anywhere is loaded'; fi
grep -q 'is not loaded' err || fail "of a module out of anywhere it says: $(cat err)"
if with_pin 000000 key card add --module "$module" 2>err; then fail 'a wrong PIN opens the card'; fi
grep -q 'The PIN of the card “Staff card” was wrong. Few tries are left' err || fail "of a wrong PIN it says: $(cat err)"
with_pin $pin key card add --module "$module" >out
is 2 "$(grep -c 'yours, on the card “Staff card”' out)" 'certificates taken in'
ward ca import alice.crt ada.crt bob.crt >/dev/null
ward key import bob.crt >/dev/null
is 'Staff card Staff card' "$(ward key list --json | json '" ".join(k["card"] for k in d if k["own"])')" 'cards in the list'
if grep -rlF $pin p/data/keys/smime; then fail 'the PIN lies in the profile'; fi
say 'taking in a card'

forget
for who in alice ada; do
  rm -rf copies
  printf 'Sodium 139\n' | with_pin $pin send --from $who@x.test --to bob@x.test --subject x --out copies >/dev/null
  openssl cms -decrypt -in copies/copy-1.smime.eml -recip bob.crt -inkey bob.key -out signed
  openssl cms -verify -in signed -CAfile $who.crt -out content 2>/dev/null || fail "openssl does not verify what the card of $who signed"
  grep -q 'Sodium 139' content || fail 'the content is another one'
done
say 'signing with RSA and P-256'

forget
{ printf 'Content-Type: text/plain\r\n\r\nPotassium 4.1\r\n'; } >plain
seal () { openssl cms -encrypt -aes256 -in plain -from bob@x.test -subject x "$@" >mail.eml; }
for how in '-recip alice.crt' '-recip alice.crt -keyopt rsa_padding_mode:oaep' '-recip ada.crt'; do
  # shellcheck disable=SC2086
  seal $how
  with_pin $pin show mail.eml | grep -q 'Potassium 4.1' || fail "not opened: $how"
done
ward show mail.eml </dev/null | grep -q 'Potassium 4.1' || fail 'the PIN is asked for again while the card is open'
say 'decrypting PKCS#1, OAEP and ECDH'

forget
shown () { ward show --json mail.eml >out </dev/null; json 'd["encryption"]["reason"] + ": " + d["warnings"][0]["text"]' <out; }
is 'failed: The card “Staff card” needs its PIN, and none was given. Try again and give it.' "$(shown)" 'a mail without the PIN'
mv p/data/keys/tokens pulled-out; mkdir p/data/keys/tokens
forget
case "$(shown)" in 'failed: The card “Staff card” is not in the reader'*) ;; *) fail "of a card that is not in it says: $(shown)" ;; esac
if printf 'x\n' | with_pin $pin send --from alice@x.test --to bob@x.test --subject x --out none 2>err; then fail 'signed without the card'; fi
grep -q 'Put the card in' err || fail "sending without the card says: $(cat err)"
[ ! -e none/copy-1.smime.eml ] || fail 'a copy was made without the card'
rmdir p/data/keys/tokens; mv pulled-out p/data/keys/tokens
forget
with_pin $pin show mail.eml | grep -q 'Potassium 4.1' || fail 'the card is in again, and the mail is not opened'
say 'no PIN, no card'
