#!/bin/bash
# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# The life of keys by the command line, each step judged by gpg and openssl: made, certified by an authority, used for mail, backed up and
# restored, renewed, taken back. Needs no servers.
set -euo pipefail
# shellcheck source=tests/live/live.sh
. "$(dirname "$0")/live.sh"
dir=$(private_dir)
tidy () { local code=$?; for p in p q; do end_profile "$dir/$p"; done; gpgconf --homedir "$dir/g" --kill all 2>/dev/null || true; rm -rf "$dir"; exit "$code"; }
trap tidy EXIT
cd "$dir"
export GNUPGHOME=$dir/g; mkdir -m 700 g
other () { "$WARDMAIL" --profile "$dir/q" "$@"; }
# fails WORDS COMMAND...: it ends with 1 and says one sentence with those words.
fails () {
  local words=$1 code=0; shift
  "$@" >out 2>err </dev/null || code=$?
  is 1 "$code" "exit code of $* ($(cat err))"
  grep -q "^wardmail: .*$words" err || fail "$* complains without '$words': $(cat err)"
}
fpr () { ward key list --json "$1" | json "[k['fingerprint'] for k in d if k['protocol'] == '$2'][${3:-0}]"; }
certify () { openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days "${2:-90}" -copy_extensions copy -out "$1.pem" 2>/dev/null; }
printf 'four words of m\303\266nk' >words

for p in ward other; do $p setup --name 'Moreno, Dr. Alice' --address alice@x.test --at-rest none --factor none --passphrase-fd 3 3<<<unused >/dev/null; done
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 900 -subj /CN=CA -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
ward ca import ca.pem >/dev/null

# ---- new ----
ward key new >/dev/null
fails 'usable OpenPGP key' ward key new
alice=$(fpr alice@x.test pgp)
ward key export alice@x.test --out alice.asc >/dev/null
fails 'there already' ward key export alice@x.test --out alice.asc
gpg --batch --quiet --import alice.asc
is 'ed25519 cv25519' "$(gpg --with-colons -k "$alice" | awk -F: '/^(pub|sub):/ { printf "%s%s", s, $17; s = " " }')" 'what gpg says of the key'
ward key new --kind smime --out alice.csr 2>said; grep -q 'certification office' said || fail 'nothing is said of what to do with the request'
openssl req -verify -noout -in alice.csr 2>&1 | grep >/dev/null OK || fail 'openssl does not take the request'
fails 'waits for its certificate' ward key new --kind smime
is alice@x.test "$(ward key request --json | json 'd[0]["address"]')" 'the request that waits'
ward key request --out again.csr; cmp alice.csr again.csr
certify alice; ward key import alice.pem >/dev/null
is '[]' "$(ward key request --json | tr -d '\n ')" 'requests once the certificate is there'
own=$(fpr alice@x.test smime)
say 'made, certified, given out'

# ---- mail goes through, to other programs ----
openssl req -newkey rsa:2048 -nodes -keyout carol.key -out carol.csr -subj /CN=carol -addext subjectAltName=email:carol@x.test -addext extendedKeyUsage=emailProtection -addext keyUsage=digitalSignature,keyEncipherment 2>/dev/null
certify carol; ward key import carol.pem >/dev/null
gpg --batch --quiet --pinentry-mode loopback --passphrase '' --quick-gen-key 'bob <bob@x.test>' future-default default never 2>/dev/null
gpg --batch --export bob@x.test >bob.gpg; ward key import bob.gpg >/dev/null
echo 'It is benign.' | ward send --to bob@x.test --to carol@x.test --subject result --attach-key --dry-run --out one >/dev/null
openssl cms -decrypt -in one/copy-*.smime.eml -recip carol.pem -inkey carol.key -out inner 2>/dev/null || fail 'openssl does not decrypt'
openssl cms -verify -in inner -CAfile ca.pem -out plain 2>/dev/null || fail 'openssl does not take the signature'
grep -q 'It is benign' plain || fail 'the text is gone'
# attached TYPE: what is attached under this type.
attached () { /usr/bin/python3 -c 'import email, sys
sys.stdout.buffer.write(next(p.get_payload(decode=True) for p in email.message_from_binary_file(open("plain", "rb")).walk() if p.get_content_type() == sys.argv[1]))' "$1"; }
is "$alice" "$(attached application/pgp-keys | gpg --show-keys --with-colons | awk -F: '/^fpr:/ { print $10; exit }')" 'the key that is attached'
is "$(openssl x509 -in alice.pem -noout -fingerprint)" "$(attached application/pem-certificate-chain | openssl x509 -noout -fingerprint)" 'the certificate that is attached'
sed -n '/BEGIN PGP/,/END PGP/p' one/copy-*.pgp.eml | gpg --batch --quiet --status-fd 3 -d >plain2 2>/dev/null 3>status || fail 'gpg does not decrypt'
grep -q "GOODSIG .*alice" status || fail 'gpg does not take the signature'
say 'mail, with one'\''s own keys attached'

# ---- back-up ----
echo 'Old news.' | ward send --to alice@x.test --subject old --dry-run --out old >/dev/null
fails 'could be guessed' ward key backup --out b.gpg --passphrase-fd 3 3<<<short
fails 'no terminal\|No secret' setsid "$WARDMAIL" --profile "$dir/p" key backup --out b.gpg
[ ! -e b.gpg ] || fail 'a refused back-up left a file'
ward key backup --out b.gpg --passphrase-fd 3 3<words >/dev/null
is 600 "$(stat -c %a b.gpg)" 'mode of the back-up'
fails 'there already' ward key backup --out b.gpg --passphrase-fd 3 3<words
fails 'No such file' ward key backup --out nowhere/b.gpg --passphrase-fd 3 3<words
gpg --batch --quiet --pinentry-mode loopback --passphrase-file words -d b.gpg 2>/dev/null | tar t | grep >/dev/null "revocation/$alice.rev" || fail 'gpg and tar do not open it'
gpg --batch --pinentry-mode loopback --passphrase-file words --list-packets b.gpg 2>/dev/null | grep -A1 'cipher 9.*s2k 3, hash 10' | grep >/dev/null 'count 65011712' || fail 'not sealed as well as OpenPGP can'
! grep -rqs -e 'BEGIN PGP PRIVATE' -e 'BEGIN PRIVATE' "$dir"/p "$dir"/.w* || fail 'something lies unsealed'
fails 'key restore' other key import b.gpg
fails 'does not open' other key restore --passphrase-fd 3 b.gpg 3<<<'four other words'
other key restore --passphrase-fd 3 b.gpg 3<words | grep >/dev/null "$own" || fail 'the certificate is not restored'
other show --json old/copy-1.*.eml | json '"Old news." in d["text_body"]' | grep >/dev/null true || fail 'an old mail cannot be read any more'
is "$(ward key list --json | json 'sorted((k["fingerprint"], k["own"], k["trust"]) for k in d)')" "$(other key list --json | json 'sorted((k["fingerprint"], k["own"], k["trust"]) for k in d)')" 'the keys of both profiles'
say 'backed up, opened by gpg, restored'

# ---- renewed ----
gpg --homedir p/data/keys/gnupg --batch --quiet --quick-set-expire "$alice" 9d
gpg --homedir p/data/keys/gnupg --batch --quiet --quick-set-expire "$alice" 9d '*'
profile_pids "$dir/p" | xargs kill 2>/dev/null || true; wait_until 5 profile_idle "$dir/p"
is true "$(ward key list --json "alice@x.test" | json "[k['expiring'] for k in d if k['fingerprint'] == '$alice'][0]")" 'the key runs out soon'
ward key renew "$alice" >/dev/null
ward key export "$alice" --out renewed.asc >/dev/null; gpg --batch --quiet --import renewed.asc
year=$(date -u -d '+700 days' +%s)
gpg --with-colons -k "$alice" | awk -F: -v y="$year" '/^(pub|sub):/ && $7 < y { bad = 1 } END { exit bad }' || fail 'gpg sees no new end'
ward key renew --same-key --out same.csr "$own" 2>/dev/null
is "$(openssl req -in same.csr -noout -pubkey)" "$(openssl x509 -in alice.pem -noout -pubkey)" 'the key of the request with the same key'
certify same 200; ward key import same.pem >/dev/null
ward key renew --out next.csr "$own" 2>/dev/null
[ "$(openssl req -in next.csr -noout -pubkey)" != "$(openssl x509 -in alice.pem -noout -pubkey)" ] || fail 'the new key is the old one'
is "$(openssl x509 -in alice.pem -noout -subject -ext subjectAltName)" "$(openssl req -in next.csr -noout -subject; openssl req -in next.csr -noout -text | sed -n '/Subject Alternative/{N;p}' | sed 's/^ \{16\}//; s/ \{20\}/    /; s/: $/: /')" 'whom the request names'
certify next 400; ward key import next.pem >/dev/null
ward show --json old/copy-1.*.eml | json '"Old news." in d["text_body"]' | grep >/dev/null true || fail 'the old key does not open old mail'
echo new | ward send --to carol@x.test --subject new --dry-run --out two >/dev/null
openssl cms -decrypt -in two/copy-1.smime.eml -recip carol.pem -inkey carol.key 2>/dev/null | openssl cms -verify -CAfile ca.pem -signer by.pem -out /dev/null 2>/dev/null
cmp <(openssl x509 -in by.pem) <(openssl x509 -in next.pem) || fail 'it is not the newest certificate that signs'
say 'renewed'

# ---- taken back ----
carol=$(fpr carol@x.test smime)
ward key revoke --yes --reason retired "$carol" | grep >/dev/null 'not used any more' || fail 'nothing is said of the stopped key'
is 'hold stopped' "$(ward explain --json carol@x.test | json 'd[0]["route"] + " " + d[0]["reason"]')" 'the route to a stopped key'
ward key trust "$carol" >/dev/null
is smime "$(ward explain --json carol@x.test | json 'd[0]["route"]')" 'the route to a key that was compared again'
newest=$(openssl x509 -in next.pem -noout -fingerprint -sha256 | sed 's/.*=//')
ward key revoke --yes --json "$newest" | json 'd["issuer"] + " " + d["serial"]' | grep >/dev/null "^CA $(openssl x509 -in next.pem -noout -serial | cut -d= -f2)$" || fail 'whom to ask, and for which number, is not told'
echo new | ward send --to carol@x.test --subject new --dry-run --out three >/dev/null
openssl cms -decrypt -in three/copy-1.smime.eml -recip carol.pem -inkey carol.key 2>/dev/null | openssl cms -verify -CAfile ca.pem -signer by.pem -out /dev/null 2>/dev/null
! cmp -s <(openssl x509 -in by.pem) <(openssl x509 -in next.pem) || fail 'a stopped certificate signs'
fails 'Nothing was done\|no terminal' setsid "$WARDMAIL" --profile "$dir/p" key revoke "$alice"
ward key revoke --yes --reason compromised --out revoked.asc "$alice" >/dev/null
gpg --batch --quiet --import revoked.asc 2>/dev/null
is r "$(gpg --with-colons -k "$alice" | awk -F: '/^pub:/ { print $2 }')" 'what gpg says of the revoked key'
gpg --list-packets revoked.asc | grep >/dev/null 'sigclass 0x20' || fail 'there is no revocation in what is given out'
gpg --export "$alice" | gpg --list-packets | grep >/dev/null 'revocation reason 0x02' || fail 'the reason is not in it'
is hold "$(ward explain --json --from alice@x.test bob@x.test | json 'd[0]["route"]')" 'the route where one has no key of the kind any more'
ward key new >/dev/null
is pgp "$(ward explain --json --from alice@x.test bob@x.test | json 'd[0]["route"]')" 'the route with a new key of one'\''s own'
say 'taken back'
