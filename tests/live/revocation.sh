#!/bin/bash
# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Revocation by real parts: a web server with lists, openssl's OCSP responder, and some that never answer. What is revoked is told, what
# is silent holds nobody up for long, and nobody is asked on behalf of a stranger.
set -euo pipefail
# shellcheck source=tests/live/live.sh
. "$(dirname "$0")/live.sh"
dir=$(private_dir)
servers=()
# shellcheck disable=SC2317  # called by the trap
tidy () {
  local code=$?
  [ ${#servers[@]} = 0 ] || kill "${servers[@]}" 2>/dev/null || true
  end_profile "$dir/p"
  rm -rf "$dir"
  exit "$code"
}
trap tidy EXIT
mkdir "$dir/w"
cd "$dir/w"

# ---- authorities, people, and one signed mail of each

# authority NAME [EXTENSION...]
authority () {
  local name=$1; shift
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$name.key" -out "$name.crt" -subj "/CN=$name" -days 30 \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
  mkdir -p "$name.d"
  : >"$name.d/index"
  printf '[ca]\ndefault_ca=d\n[d]\ndatabase=%s.d/index\ndefault_md=sha256\ndefault_crl_days=7\n' "$name" >"$name.cnf"
}
# known AUTHORITY SERIAL [WHEN,REASON]: what the authority's list and responder say of it.
known () {
  if [ -n "${3-}" ]; then printf 'R\t301231000000Z\t%s\t%s\tunknown\t/CN=%s\n' "$3" "$2" "$2"
  else printf 'V\t301231000000Z\t\t%s\tunknown\t/CN=%s\n' "$2" "$2"
  fi >>"$1.d/index"
}
# list AUTHORITY: AUTHORITY.crl
list () {
  openssl ca -config "$1.cnf" -gencrl -keyfile "$1.key" -cert "$1.crt" -out "$1.pem" 2>/dev/null
  openssl crl -in "$1.pem" -outform DER -out "$1.crl"
}
# person NAME AUTHORITY SERIAL EXTENSION...: NAME.eml
person () {
  local name=$1 authority=$2 serial=$3; shift 3
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$name.key" -out "$name.csr" -subj "/CN=$name" 2>/dev/null
  printf '%s\n' "subjectAltName=email:$name@clinic.test" extendedKeyUsage=emailProtection keyUsage=critical,digitalSignature "$@" >"$name.ext"
  openssl x509 -req -in "$name.csr" -CA "$authority.crt" -CAkey "$authority.key" -set_serial "0x$serial" -days 20 -extfile "$name.ext" -out "$name.crt" 2>/dev/null
  { printf 'From: %s@clinic.test\nTo: alice@demo.test\nSubject: From %s\nMessage-ID: <%s@clinic.test>\nDate: Sun, 22 Nov 2026 08:00:00 +0000\n' "$name" "$name" "$name"
    printf 'Content-Type: text/plain\r\n\r\nDose as discussed.\r\n' | openssl cms -sign -signer "$name.crt" -inkey "$name.key"
  } >"$name.eml"
}

authority clinic; authority prompt; authority mute; authority away; authority stranger
known clinic 11; known clinic 12; known clinic 13 260101000000Z,keyCompromise
known prompt 14; known prompt 15 260101000000Z,superseded
known mute 21; known away 31; known stranger 41
for each in clinic mute away stranger; do list "$each"; done
cp away.crl other.crl

/usr/bin/python3 "$LIVE/lists.py" "$dir/w" & servers+=($!)
openssl ocsp -port 0 -index prompt.d/index -CA prompt.crt -rsigner prompt.crt -rkey prompt.key -ndays 1 >responder.log 2>&1 & servers+=($!)
wait_until 10 test -s port || fail 'the web server does not start'
wait_until 10 grep -q ACCEPT responder.log || fail 'the responder does not start'
web=http://127.0.0.1:$(cat port) responder=http://127.0.0.1:$(sed -n 's/^ACCEPT .*:\([0-9]*\).*/\1/p' responder.log)
person ann clinic 11 "authorityInfoAccess=OCSP;URI:$web/hang" "crlDistributionPoints=URI:$web/clinic.crl"
person ben clinic 12 "crlDistributionPoints=URI:$web/clinic.crl"
person cat clinic 13 "crlDistributionPoints=URI:$web/clinic.crl"
person dan prompt 14 "authorityInfoAccess=OCSP;URI:$responder/"
person eve prompt 15 "authorityInfoAccess=OCSP;URI:$responder/"
person fay mute 21 "authorityInfoAccess=OCSP;URI:$web/hang" "crlDistributionPoints=URI:$web/hang.crl"
person gus mute 22 "authorityInfoAccess=OCSP;URI:$web/hang" "crlDistributionPoints=URI:$web/hang.crl"
person hal away 31 "crlDistributionPoints=URI:$web/away"
person ida stranger 41 "authorityInfoAccess=OCSP;URI:$web/beacon" "crlDistributionPoints=URI:$web/beacon"

ward setup --name Reader --address reader@demo.test --at-rest none --factor none >/dev/null
ward ca import clinic.crt prompt.crt mute.crt away.crt >/dev/null

# ---- reading

# reads NAME 'STATE [WARNING...]' [MS]: what is said of the mail, and within which time.
reads () {
  local begin end got
  begin=$(date +%s%3N)
  got=$(ward show --json "$1.eml" | json '" ".join([d["signature"]["state"]] + [w["code"] for w in d["warnings"] if w["code"].startswith("revo")])')
  end=$(date +%s%3N)
  is "$2" "$got" "the mail of $1"
  [ $((end - begin)) -lt $((${3:-4000} * pace)) ] || fail "the mail of $1 took $((end - begin)) ms"
}
requests () { if [ -e requests ]; then grep -c "$1" requests || true; else echo 0; fi; }
# demand [VALUE]: by the user's policy, which the next engine reads.
demand () {
  printf '%s\n' '[signatures]' "${1:+revocation=$1}" >"$dir/p/config/policy.conf"
  profile_pids "$dir/p" | xargs -r kill 2>/dev/null || true
  wait_until 5 profile_idle "$dir/p" || fail 'the engine does not end'
}
reads ida untrusted
is 0 "$(requests /)" 'requests for a stranger'
say 'nobody is asked about a certificate that leads to no authority of ours'

reads ann good
is '1 1' "$(requests 'POST /hang') $(requests 'GET /clinic.crl')" 'requests for ann'
reads ben good
reads cat revoked
is 1 "$(requests /clinic.crl)" 'requests for the list'
openssl verify -crl_check -CAfile clinic.crt -CRLfile clinic.pem -purpose smimesign ben.crt >/dev/null || fail 'openssl refuses ben'
if openssl verify -crl_check -CAfile clinic.crt -CRLfile clinic.pem -purpose smimesign cat.crt >/dev/null 2>&1; then fail 'openssl takes cat'; fi
say 'a silent responder is passed over for the list, which is got once for all, and openssl agrees on it'

code=0; ward verify cat.eml >/dev/null 2>&1 || code=$?
is 5 "$code" 'the exit code of verify for a revoked signer'

reads eve revoked
reads dan good
say "openssl's responder is asked and believed"

reads hal 'good revocation_unknown'
is 1 "$(requests /away)" 'requests for what leads elsewhere'
[ -z "$(find "$dir/p/data/keys/revocation" -name '*.crl' -exec cmp -s other.crl {} \; -print)" ] || fail 'a file of this machine was taken for a list'
say 'nothing leads from the web to a file of this machine'

reads fay 'good revocation_unknown' 3500
reads fay 'good revocation_unknown' 1500
reads gus 'good revocation_unknown' 1500
say 'who does not answer holds nobody up twice'

kill "${servers[@]}"; servers=()
reads cat revoked 1500
reads eve revoked 1500
reads ben good 1500
say 'what was learnt is kept'

ward ca import mute.pem >/dev/null
reads fay good 1500
demand hard
reads fay good
reads hal untrusted
demand off
if ward show ben.eml >/dev/null 2>off.err; then fail 'a user may switch it off'; fi
grep -q revocation off.err || fail "what is said of the policy: $(cat off.err)"
demand
say 'policy decides what silence means'

ward key import ben.crt cat.crt >/dev/null
ward key list --json >keys.json
is 'AES-256-CBC' "$(json '[k["capabilities"][0] for k in d if k["address"] == "ben@clinic.test"]' <keys.json)" "what ben's program can read"
is 'revoked' "$(json '[k["fault"] for k in d if k["address"] == "cat@clinic.test"]' <keys.json)" "cat's certificate"
is revoked "$(ward explain --json cat@clinic.test | json 'd[0]["reason"]')" 'why nothing is sent to cat'
say 'what signers can read is remembered, and nothing is encrypted to who was revoked'
