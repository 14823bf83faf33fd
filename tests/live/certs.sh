#!/bin/bash
# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# cert-check as people and scripts call it: exit codes, the promised JSON, no profile, nothing left behind. The chains are made by openssl, and
# openssl verify is asked as well. Needs no servers.
set -euo pipefail
# shellcheck source=tests/live/live.sh
. "$(dirname "$0")/live.sh"
dir=$(private_dir)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
mkdir home run
export HOME=$dir/home XDG_RUNTIME_DIR=$dir/run XDG_CONFIG_HOME=$dir/home/c XDG_DATA_HOME=$dir/home/d
root () { openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$1.pem" -days 30 -subj "/CN=$2" -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null; }
issue () { # NAME ISSUER EXTENSIONS
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -subj "/CN=$1" -out "$1.csr" 2>/dev/null
  openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -CAcreateserial -days 20 -extfile <(printf 'subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n%b' "$3") -out "$1.pem" 2>/dev/null
}
root ca 'Hospital CA'; root other 'Other CA'
issue middle ca 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n'
issue server middle 'extendedKeyUsage=serverAuth\nsubjectAltName=DNS:mail.ward.test,IP:192.0.2.1\n'
cat server.pem middle.pem >chain.pem

# judge CODE REASON ARGUMENT...: that exit code, and that word in the JSON.
judge () {
  local want=$1 reason=$2 code=0; shift 2
  "$WARDMAIL" cert-check --json "$@" >out 2>err </dev/null || code=$?
  is "$want" "$code" "exit code of cert-check $* ($(cat out err))"
  is "$reason" "$(json 'd["reason"]' <out)" "reason of cert-check $*"
  is "$([ "$want" = 0 ] && echo SUCCESS || echo FAILURE)" "$(json 'd["result"]' <out)" "result of cert-check $*"
}
openssl verify -x509_strict -CAfile ca.pem -untrusted middle.pem -verify_hostname mail.ward.test server.pem >/dev/null
judge 0 ok --host mail.ward.test --trust ca.pem chain.pem
judge 0 ok --host 192.0.2.1 --trust other.pem --trust ca.pem chain.pem
judge 0 ok --trust ca.pem chain.pem
judge 5 host --host mail.other.test --trust ca.pem chain.pem
judge 5 untrusted --host mail.ward.test --trust other.pem chain.pem
judge 5 untrusted --host mail.ward.test chain.pem
judge 5 untrusted --host mail.ward.test --trust ca.pem server.pem
judge 5 expired --host mail.ward.test --trust ca.pem --at "$(date -u -d '+25 days' +%Y-%m-%dT%H:%M:%SZ)" chain.pem
judge 5 not_yet_valid --host mail.ward.test --trust ca.pem --at 2020-02-02 chain.pem
judge 5 malformed --host mail.ward.test --trust ca.pem server.key
# In DER, too, and through a pipe.
openssl x509 -in ca.pem -outform DER -out ca.der
judge 0 ok --host mail.ward.test --trust ca.der <(cat chain.pem)
say 'a chain, its name and its time'

pin=$("$WARDMAIL" cert-check --json --trust ca.pem chain.pem | json 'd["pin"]')
is "$pin" "sha256/$(openssl x509 -in server.pem -pubkey -noout | openssl pkey -pubin -outform DER | openssl dgst -sha256 -binary | base64)" 'the pin, by openssl'
judge 0 ok --host mail.ward.test --trust ca.pem --pin "$pin" chain.pem
judge 5 pin --host mail.ward.test --trust ca.pem --pin sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= chain.pem

: >index; echo 1000 >crlnumber
printf '[ca]\ndefault_ca=d\n[d]\ndatabase=index\ncrlnumber=crlnumber\ndefault_md=sha256\ndefault_crl_days=5\n' >ca.cnf
list () { openssl ca -config ca.cnf -gencrl -cert "$1.pem" -keyfile "$1.key" -out "$1.crl" 2>/dev/null; }
list ca; list middle
judge 0 ok --host mail.ward.test --trust ca.pem --crl ca.crl --crl middle.crl chain.pem
judge 5 revocation_unknown --host mail.ward.test --trust ca.pem --crl ca.crl chain.pem
openssl ca -config ca.cnf -revoke server.pem -cert middle.pem -keyfile middle.key 2>/dev/null
list middle
cat ca.crl middle.crl >both.crl
judge 5 revoked --host mail.ward.test --trust ca.pem --crl both.crl chain.pem
say 'pins and revocation lists'

code=0; "$WARDMAIL" cert-check --host mail.other.test --trust ca.pem chain.pem >out || code=$?
is 5 "$code" 'exit code without --json'
grep -q 'as mail.other.test shows a certificate for mail.ward.test, 192.0.2.1' out || fail "no sentence: $(cat out)"
for wrong in '--at soon chain.pem' '' 'a b'; do
  code=0
  # shellcheck disable=SC2086
  "$WARDMAIL" cert-check --trust ca.pem $wrong >/dev/null 2>err || code=$?
  is 2 "$code" "exit code of wrong usage: $wrong"
done
code=0; "$WARDMAIL" cert-check --trust server.key chain.pem >out 2>err || code=$?
is 1 "$code" 'exit code with a file of authorities that is none'
code=0; "$WARDMAIL" cert-check missing.pem >out 2>err || code=$?
is 1 "$code" 'exit code without a file'
[ -z "$(find home -type f)" ] || fail "files were left behind: $(find home -type f)"
end=$((SECONDS + 10))
while [ -n "$(ls run)" ]; do [ "$SECONDS" -lt "$end" ] || fail "left behind: $(ls run)"; read -rt 0.2 <> <(:) || true; done
say 'sentences, and nothing left behind'
