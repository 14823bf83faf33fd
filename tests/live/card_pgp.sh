#!/bin/bash
# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# OpenPGP keys on a card: gpg-agent asks a card that is SoftHSM2, by gnupg-pkcs11-scd in the place of GnuPG's own scdaemon. The other side is
# a gpg of its own. Needs no servers.
set -euo pipefail
# shellcheck source=tests/live/live.sh
. "$(dirname "$0")/live.sh"
dir=$(private_dir)
tidy () {
  local code=$? home
  end_profile "$dir/p"
  for home in alice bob; do gpgconf --homedir "$dir/$home" --kill all 2>/dev/null || true; done
  rm -rf "$dir"; exit "$code"
}
trap tidy EXIT
cd "$dir"
module=$(find /usr/lib /usr/lib64 -name libsofthsm2.so 2>/dev/null | head -n 1)
scd=$(command -v gnupg-pkcs11-scd) || fail 'gnupg-pkcs11-scd is missing; tests/deps installs it'
[ -n "$module" ] || fail 'SoftHSM2 is missing; tests/deps installs it'
pin=551423
keys=$dir/p/data/keys
export SOFTHSM2_CONF=$keys/softhsm2.conf GNUPG_PKCS11_SOCKETDIR=$dir
unset TMPDIR

ward setup --name Alice --address alice@x.test --at-rest none --factor none --passphrase-fd 3 3<<<unused >/dev/null
mkdir -p "$keys/tokens"
printf 'directories.tokendir = %s\nlog.level = ERROR\n' "$keys/tokens" >"$SOFTHSM2_CONF"
softhsm2-util --init-token --free --label 'Key card' --pin $pin --so-pin 12345678 >/dev/null
for id in 01 02; do
  openssl req -x509 -nodes -days 20 -subj "/CN=$id" -newkey rsa:2048 -keyout key -out crt 2>/dev/null
  openssl pkey -in key -outform DER -out key.der; openssl x509 -in crt -outform DER -out crt.der
  pkcs11-tool --module "$module" --login --pin $pin --id $id --type privkey --write-object key.der --usage-sign --usage-decrypt >/dev/null 2>&1
  pkcs11-tool --module "$module" --login --pin $pin --id $id --type cert --write-object crt.der >/dev/null 2>&1
  rm key key.der
done

# settings FOLDER: a GNUPGHOME whose agent asks this card.
settings () {
  mkdir -p "$1"; chmod 700 "$1"
  printf 'allow-loopback-pinentry\nscdaemon-program %s\n' "$scd" >"$1/gpg-agent.conf"
  printf 'providers p1\nprovider-p1-library %s\n' "$module" >"$1/gnupg-pkcs11-scd.conf"
}
alice () { gpg --homedir alice --quiet --no-tty --yes --pinentry-mode loopback "$@" 2>/dev/null; }
settings alice
alice --batch --card-status >/dev/null
mapfile -t grips < <(gpg-connect-agent --homedir alice 'SCD LEARN --keypairinfo' /bye | sed -n 's/^S KEYPAIRINFO \([0-9A-F]*\) .*/\1/p')
is 2 "${#grips[@]}" 'keys on the card'
printf '%s\n' 'Key-Type: RSA' "Key-Grip: ${grips[0]}" 'Key-Usage: sign,cert' 'Name-Real: Alice' 'Name-Email: alice@x.test' 'Expire-Date: 0' '%no-protection' >parameters
alice --batch --passphrase-fd 3 --generate-key parameters 3<<<$pin
printf '%s\n' addkey 13 "${grips[1]}" S Q 0 save >commands
alice --expert --command-file commands --passphrase-fd 3 --edit-key alice@x.test 3<<<$pin >/dev/null
is 2 "$(alice --batch -K --with-colons | grep -cE '^(sec|ssb):.*:D276000124')" 'halves of the key on the card'
alice --batch --armor --export alice@x.test >alice.asc
gpgconf --homedir alice --kill all
mkdir -m 700 bob
bob () { gpg --homedir bob --batch --quiet --no-tty --yes --trust-model always --pinentry-mode loopback --passphrase '' "$@" 2>/dev/null; }
bob --quick-gen-key 'Bob <bob@x.test>' future-default default never
bob --import alice.asc
bob --armor --export bob@x.test >bob.asc
say 'a key whose secret half is on a card alone'

with_pin () { local given=$1; shift; ward "$@" --passphrase-fd 3 3<<<"$given"; }
forget () {
  local engine; engine=$(pgrep -f -- "^wardmail --process engine $dir/p\$" || true)
  [ -z "$engine" ] || kill "$engine"
  end_profile "$dir/p"
}

ward key import alice.asc bob.asc >/dev/null
grep -qx 'disable-scdaemon' "$keys/gnupg/gpg-agent.conf" || fail 'without a card the agent may start scdaemon'
is false "$(ward key list --json alice@x.test | json 'd[0]["own"]')" 'a key without its card is own'
if ward key card add --kind pgp 2>err; then fail 'a card is taken in without a program for cards'; fi
grep -q 'apt install scdaemon' err || fail "without a program for cards it says: $(cat err)"
grep -qx 'disable-scdaemon' "$keys/gnupg/gpg-agent.conf" || fail 'after that the agent may start scdaemon'
forget
printf '#!/bin/sh\n' >evil; chmod +x evil
printf 'scdaemon-program %s/evil\n' "$dir" >"$keys/gnupg/gpg-agent.conf"
ward key list >/dev/null
if grep -q evil "$keys/gnupg/gpg-agent.conf"; then fail 'a program out of anywhere may be started'; fi
forget
settings "$keys/gnupg"
ward key card add --kind pgp >out
grep -q 'yours, on the card “OpenPGP ' out || fail "the card is not taken in: $(cat out)"
is 2 "$(grep -l shadowed-private-key "$keys"/gnupg/private-keys-v1.d/*.key | wc -l)" 'stubs'
say 'taking in the card'

forget
printf 'Calcium 2.4\n' | with_pin $pin send --to bob@x.test --subject x --out copies >/dev/null
bob --status-fd 4 -d copies/copy-1.pgp.eml 4>status | grep -q 'Calcium 2.4' || fail 'Bob cannot read it'
grep -q '^\[GNUPG:\] GOODSIG .* Alice <alice@x.test>' status || fail 'the signature of the card is not good'
forget
{ printf 'From: bob@x.test\nTo: alice@x.test\nSubject: x\n\n'; printf 'Magnesium 0.8\n' | bob --armor -e -r alice@x.test; } >mail.eml
with_pin $pin show mail.eml | grep -q 'Magnesium 0.8' || fail 'not opened by the card'
ward show mail.eml </dev/null | grep -q 'Magnesium 0.8' || fail 'the PIN is asked for again while the card is open'
say 'signing and decrypting'

shown () { ward show --json mail.eml "$@" >out; json 'd["encryption"]["reason"] + ": " + d["warnings"][0]["text"]' <out; }
forget
case "$(shown </dev/null)" in *'needs its PIN, and none was given'*) ;; *) fail "without the PIN it says: $(cat out)" ;; esac
forget
case "$(shown --passphrase-fd 3 3<<<000000)" in *'The PIN of the card “OpenPGP '*'was wrong'*) ;; *) fail "of a wrong PIN it says: $(cat out)" ;; esac
forget
mv "$keys/tokens" pulled-out; mkdir "$keys/tokens"
case "$(shown --passphrase-fd 3 3<<<$pin)" in 'failed: The card “OpenPGP '*'is not in the reader'*) ;; *) fail "without the card it says: $(cat out)" ;; esac
if printf 'x\n' | with_pin $pin send --to bob@x.test --subject x --out none 2>err; then fail 'signed without the card'; fi
grep -q 'Put the card in' err || fail "sending without the card says: $(cat err)"
forget
rmdir "$keys/tokens"; mv pulled-out "$keys/tokens"
with_pin $pin show mail.eml | grep -q 'Magnesium 0.8' || fail 'the card is in again, and the mail is not opened'
say 'no PIN, a wrong one, no card'
