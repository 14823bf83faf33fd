#!/bin/bash
# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Certificates from LDAP directories: a real slapd, found by DNS or named in the settings, and directories that are slow, wrong, hostile or not
# there. It all happens in a network of its own, with a name server of ours.
set -euo pipefail
if [ "${1-}" != inside ]; then
  own=$(id -u)
  map=(); [ "$own" = 0 ] || map=(--map-root-user)
  unshare "${map[@]}" --net --mount true 2>/dev/null || { echo 'skipped: this machine gives us no network of our own'; exit 77; }
  exec unshare "${map[@]}" --net --mount "$0" inside
fi
# shellcheck source=tests/live/live.sh
. "$(dirname "$0")/live.sh"
dir=$(private_dir)
servers=()
# The engine leaves at once, not only when nobody has used it for a while.
stop_engine () {
  profile_pids "$dir/p" | xargs -r kill 2>/dev/null || true
  wait_until 5 profile_idle "$dir/p" || fail 'the engine does not end'
}
# shellcheck disable=SC2317  # called by the trap
tidy () {
  local code=$?
  [ ${#servers[@]} = 0 ] || kill "${servers[@]}" 2>/dev/null || true
  [ ! -d "$dir/slapd" ] || "$LIVE/directory" stop "$dir"
  stop_engine
  if [ -n "${KEEP-}" ]; then echo "kept: $dir"; else rm -rf "$dir"; fi
  exit "$code"
}
trap tidy EXIT
mkdir "$dir/w"
cd "$dir/w"

# ---- the network: this machine, and the moody ones at .3

ip link set lo up
ip address add 10.9.0.1/32 dev lo # where there is nothing but loopback, the system's resolver finds no host
cat >hosts <<'HOSTS'
127.0.0.1 ldap.clinic.test other.clinic.test
127.0.0.3 moody.clinic.test
HOSTS
echo 'nameserver 127.0.0.9' >resolv.conf
printf 'hosts: files dns\n' >nsswitch.conf
mount --bind hosts /etc/hosts
mount --bind resolv.conf /etc/resolv.conf
mount --bind nsswitch.conf /etc/nsswitch.conf

# ---- authorities and people

# authority NAME [ISSUER]
authority () {
  local sign=(-x509 -days 30)
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$1.csr" -subj "/CN=$1" 2>/dev/null
  printf '%s\n' basicConstraints=critical,CA:TRUE keyUsage=critical,keyCertSign,cRLSign subjectKeyIdentifier=hash >"$1.ext"
  if [ $# = 1 ]; then sign=(-signkey "$1.key"); else sign=(-CA "$2.crt" -CAkey "$2.key" -CAcreateserial); fi
  openssl x509 -req -in "$1.csr" "${sign[@]}" -days 30 -extfile "$1.ext" -out "$1.crt" 2>/dev/null
}
# person ADDRESS AUTHORITY [USAGE] [KEY] [DAYS]: ADDRESS.crt, .der and .key; - for itself as authority
person () {
  local usage=${3:-keyAgreement} key=${4:-ec} how=(-newkey ec -pkeyopt ec_paramgen_curve:P-256) when=(-days "${5:-20}") sign
  [ "$key" = ec ] || how=(-newkey "rsa:$key")
  [ "${5-}" != past ] || when=(-days 1)
  openssl req -new "${how[@]}" -nodes -keyout "$1.key" -out "$1.csr" -subj "/CN=${1%@*}" 2>/dev/null
  printf '%s\n' "subjectAltName=email:$1" extendedKeyUsage=emailProtection "keyUsage=critical,digitalSignature,$usage" >"$1.ext"
  if [ "$2" = - ]; then sign=(-signkey "$1.key"); else sign=(-CA "$2.crt" -CAkey "$2.key" -CAcreateserial); fi
  if [ "${5-}" = past ]; then
    faketime -f -90d openssl x509 -req -in "$1.csr" "${sign[@]}" "${when[@]}" -extfile "$1.ext" -out "$1.crt" 2>/dev/null
  else
    openssl x509 -req -in "$1.csr" "${sign[@]}" "${when[@]}" -extfile "$1.ext" -out "$1.crt" 2>/dev/null
  fi
  openssl x509 -in "$1.crt" -outform DER -out "$1.der"
}
authority clinic; authority ward clinic; authority stranger
person alice@home.test clinic
person ann@good.test clinic
person sam@good.test ward
person uma@good.test -
person ivo@good.test stranger
person exa@good.test clinic keyAgreement ec past
person sig@good.test clinic nonRepudiation
person rae@good.test clinic keyEncipherment 1024
person rev@good.test clinic
person ben@dead.test clinic
person cat@hole.test clinic
person dan@named.test clinic
person new@good.test clinic
openssl crl2pkcs7 -nocrl -certfile sam@good.test.crt -certfile ward.crt -outform DER -out sam.p7
mkdir clinic.d; : >clinic.d/index
printf '[ca]\ndefault_ca=d\n[d]\ndatabase=clinic.d/index\ndefault_md=sha256\ndefault_crl_days=7\n' >clinic.cnf
openssl ca -config clinic.cnf -keyfile clinic.key -cert clinic.crt -revoke rev@good.test.crt 2>/dev/null
openssl ca -config clinic.cnf -gencrl -keyfile clinic.key -cert clinic.crt -out clinic.crl 2>/dev/null

# ---- the directory, and who is said to have one

# in_directory ADDRESS [ATTRIBUTE FILE]...
in_directory () {
  printf 'dn: cn=%s,dc=clinic,dc=test\nobjectClass: inetOrgPerson\ncn: %s\nsn: x\nmail: %s\n' "$1" "$1" "$1"; shift
  while [ $# -gt 0 ]; do printf '%s:< file://%s\n' "$1" "$PWD/$2"; shift 2; done
  echo
}
{ printf 'dn: dc=clinic,dc=test\nobjectClass: dcObject\nobjectClass: organization\no: Clinic\ndc: clinic\n\n'
  for each in ann uma ivo exa sig rae rev new; do in_directory $each@good.test 'userCertificate;binary' $each@good.test.der; done
  for each in ben@dead.test cat@hole.test dan@named.test; do in_directory $each 'userCertificate;binary' $each.der; done
  in_directory sam@good.test userSMIMECertificate sam.p7
  in_directory oto@good.test 'userCertificate;binary' ann@good.test.der 'userCertificate;binary' uma@good.test.der
  in_directory nil@good.test
} | "$LIVE/directory" start "$dir" dc=clinic,dc=test
# shellcheck source=/dev/null
. "$dir/directory.env"
# srv DOMAIN PRIORITY PORT HOST
srv () { echo "$@" >>srv; }
srv good.test 10 "$LDAP_PORT" ldap.clinic.test
for place in 1 2 3 4 5 6 7 8 9 10; do
  srv dead.test $place 9 ldap.clinic.test
  srv hole.test $place 1009 moody.clinic.test
done
srv dead.test 20 "$LDAP_PORT" ldap.clinic.test
srv hole.test 20 "$LDAP_PORT" ldap.clinic.test
srv gone.test 1 9 ldap.clinic.test
port=1001
for mood in silent drip garbage endless huge referral flood big; do srv $mood.test 1 $port moody.clinic.test; port=$((port + 1)); done
/usr/bin/python3 "$LIVE/ldap_peers.py" "$PWD" >peers.log & servers+=($!)
wait_until 10 grep -qs ready peers.log || fail 'the strange servers do not start'
cmp -s ann@good.test.der <(ldapsearch -LLL -x -H "ldap://127.0.0.1:$LDAP_PORT" -b dc=clinic,dc=test -o ldif-wrap=no mail=ann@good.test userCertificate |
  sed -n 's/^userCertificate;binary:: //p' | base64 -d) || fail "OpenLDAP's own client does not find ann's certificate"

ward setup --name 'Dr. Alice' --address alice@home.test --at-rest none --factor none >/dev/null
ward key import alice@home.test.crt alice@home.test.key >/dev/null
ward ca import clinic.crt clinic.crl >/dev/null

looks_ms=2000 # as long may a look-up take that nothing slows down
fpr () { openssl x509 -in "$1.crt" -noout -fingerprint -sha256 | sed 's/.*=//; s/://g'; }
questions () { grep -c " _ldap._tcp.$1\$" questions || true; }

# ---- asking

looks ann@good.test 'smime key_found ldap chain'
is "$(fpr ann@good.test)" "$(ward explain --json ann@good.test | json 'd[0]["key"]["fingerprint"]')" "ann's certificate"
looks sam@good.test 'smime key_found ldap chain'
say 'a certificate is found by the domain that DNS names, also one that comes with its chain'

looks uma@good.test 'hold untrusted ldap none'
looks ivo@good.test 'hold untrusted ldap none'
looks exa@good.test 'hold expired ldap none'
looks sig@good.test 'hold wrong_usage ldap chain'
looks rae@good.test 'hold weak ldap none'
looks rev@good.test 'hold revoked ldap chain'
looks oto@good.test 'hold no_key'
looks nil@good.test 'hold no_key'
say 'no certificate is taken without a chain to an authority of ours, for another address, expired, weak, revoked or for signing alone'

mkdir out
printf 'Findings as discussed.\n' | ward send --json --out "$PWD/out" --to ann@good.test --cc sam@good.test --subject x >out.json
for each in ann sam; do
  openssl cms -decrypt -in out/*.eml -recip $each@good.test.crt -inkey $each@good.test.key 2>/dev/null | grep -qE 'signed-data|multipart/signed' ||
    fail "$each cannot open what is sent to her"
done
is 0 "$(find "$dir/p/data/keys/smime" -name "$(fpr ann@good.test).crt" | wc -l)" 'certificates in the keyring that nobody took in'
say 'openssl opens what is encrypted to them, and the keyring stays as it was'

before=$(questions good.test)
looks ann@good.test 'smime key_found ldap chain'
looks nil@good.test 'hold no_key'
is "$before" "$(questions good.test)" 'questions when all is known'
say 'what is known is not asked again'

ward key trust "$(fpr uma@good.test)" >/dev/null
looks uma@good.test 'smime key_found imported verified'
say 'one that was compared is taken into the keyring'

looks ben@dead.test 'smime key_found ldap chain'
looks cat@hole.test 'smime key_found ldap chain'
say 'ten dead servers come before the one that lives, whether they refuse or swallow'

# in_time 'ROUTE...' ADDRESS...
in_time () {
  local begin routes=$1; shift
  begin=$(date +%s%3N)
  is "$routes" "$(ward explain --json "$@" | json '" ".join(r["route"] for r in d)')" "what is known of $*"
  took=$(($(date +%s%3N) - begin))
  [ "$took" -lt $((2200 * pace)) ] || fail "$took ms went by for $*"
}
in_time 'hold hold hold hold hold hold hold hold' bob@{garbage,endless,huge,referral,flood,big,gone,none}.test
[ ! -e led ] || fail 'a referral was followed'
in_time 'hold hold hold smime' eve@{silent,drip,mute}.test new@good.test
say 'hostile, slow, silent and absent ones hold nobody up'

# ---- servers that are named

# demand FILE GROUP LINE...: as the next engine reads it
demand () {
  local file=$dir/p/config/$1 group=$2; shift 2
  printf '\n[%s]\n' "$group" >>"$file"; printf '%s\n' "$@" >>"$file"
  stop_engine
}
looks dan@named.test 'hold no_key'
cp "$dir/p/config/wardmail.conf" plain.conf
# named LINE...: the settings name these servers, and whatever was learnt is forgotten
named () {
  rm -r "$dir/p/data/keys/found"
  cp plain.conf "$dir/p/config/wardmail.conf"
  demand wardmail.conf lookup "$@"
}
named "ldap-servers=ldaps://other.clinic.test:$LDAPS_PORT/dc=clinic,dc=test" "ldap-ca=$LDAP_CA"
looks dan@named.test 'hold no_key'
named "ldap-servers=ldaps://ldap.clinic.test:$LDAPS_PORT/dc=clinic,dc=test"
looks dan@named.test 'hold no_key'
named "ldap-servers=ldap://ldap.clinic.test:$LDAP_PORT/dc=clinic,dc=test????!StartTLS" "ldap-ca=$LDAP_CA"
looks dan@named.test 'smime key_found ldap chain'
say 'a server that is named must prove who it is'

rm -r "$dir/p/data/keys/found"
before=$(wc -l <questions)
demand policy.conf lookup ldap-domains=false
looks dan@named.test 'smime key_found ldap chain'
looks ann@good.test 'smime key_found ldap chain'
rm -r "$dir/p/data/keys/found"
rm "$dir/p/config/policy.conf"
demand policy.conf lookup ldap=false
looks ann@good.test 'hold no_key'
if tail -n +$((before + 1)) questions | grep -q _ldap; then fail 'DNS was asked where policy forbids it'; fi
say 'policy forbids to ask domains, or anybody'
