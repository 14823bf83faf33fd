#!/bin/bash
# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Web Key Directory with real servers: nginx, whose files lie where gpg says that they belong, and one that misbehaves. It all happens in a
# network of its own, in which the names that count are ours and port 443 is free, so that the program is the one that people use.
set -euo pipefail
if [ "${1-}" != inside ]; then
  own=$(id -u)
  map=(); [ "$own" = 0 ] || map=(--map-root-user)
  unshare "${map[@]}" --net --mount true 2>/dev/null || { echo 'skipped: this machine gives us no network of our own'; exit 77; }
  exec unshare "${map[@]}" --net --mount "$0" inside
fi
# shellcheck source=tests/live/live.sh
. "$(dirname "$0")/live.sh"
# shellcheck source=tests/ui/terminal.sh
. "$(dirname "$0")/../ui/terminal.sh"
dir=$(private_dir)
servers=()
# shellcheck disable=SC2317  # called by the trap
tidy () {
  local code=$?
  terminal_end
  [ ${#servers[@]} = 0 ] || kill "${servers[@]}" 2>/dev/null || true
  profile_pids "$dir/p" | xargs -r kill 2>/dev/null || true
  end_profile "$dir/p"
  rm -rf "$dir"
  exit "$code"
}
trap tidy EXIT
mkdir -p "$dir/w/keys" "$dir/gpg"
chmod 700 "$dir/gpg"
cd "$dir/w"
export GNUPGHOME=$dir/gpg

# ---- the network: nginx at .2, the strange one at .3, one that never answers at .4, nobody at .9

ip link set lo up
cat >hosts <<'HOSTS'
127.0.0.2 openpgpkey.good.test direct.test openpgpkey.none.test none.test
127.0.0.3 openpgpkey.wrong.test openpgpkey.garbage.test openpgpkey.huge.test openpgpkey.secret.test openpgpkey.drip.test openpgpkey.broken.test
127.0.0.3 openpgpkey.elsewhere.test openpgpkey.plain.test openpgpkey.file.test openpgpkey.moved.test openpgpkey.two.test openpgpkey.retired.test
127.0.0.3 openpgpkey.many.test openpgpkey.later.test openpgpkey.late.test
127.0.0.4 openpgpkey.mute.test
127.0.0.5 openpgpkey.own.test openpgpkey.other.test
127.0.0.6 openpgpkey.named.test
127.0.0.9 openpgpkey.away.test
HOSTS
echo 'nameserver 127.0.0.9' >resolv.conf
# authority NAME
authority () {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$1.crt" -subj "/CN=$1" -days 30 \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign 2>/dev/null
}
# certificate NAME AUTHORITY HOST...: NAME.pem, with its key
certificate () {
  local name=$1 authority=$2 names; shift 2
  names=$(printf ',DNS:%s' "$@")
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$name.pem" -out "$name.csr" -subj "/CN=$name" 2>/dev/null
  printf 'subjectAltName=%s\n' "${names#,}" >"$name.ext"
  openssl x509 -req -in "$name.csr" -CA "$authority.crt" -CAkey "$authority.key" -set_serial 7 -days 20 -extfile "$name.ext" 2>/dev/null >>"$name.pem"
}
names_at () { sed -n "s/^127.0.0.$1 //p" hosts | tr ' ' '\n'; }
authority world; authority clinic
# shellcheck disable=SC2046
certificate nginx world $(names_at 2)
# shellcheck disable=SC2046
certificate strange world $(names_at 3)
# shellcheck disable=SC2046
certificate own clinic $(names_at 5)
certificate named world somebody.else.test
mount --bind hosts /etc/hosts
mount --bind resolv.conf /etc/resolv.conf
mount --bind world.crt /etc/ssl/certs/ca-certificates.crt

# ---- people: a key each

people=(alice@own.test dan@good.test bob@good.test bob@direct.test nan@none.test bob@huge.test bob@drip.test bob@broken.test bob@elsewhere.test bob@plain.test
  bob@file.test bob@moved.test bob@two.test bob@mute.test bob@own.test bob@other.test bob@named.test bob@retired.test bob@later.test bob@late.test
  old@retired.test new@later.test twin@two.test eve@wrong.test bob@secret.test bob@many.test)
{ printf '%%no-protection\n'
  for each in "${people[@]}"; do
    printf 'Key-Type: EDDSA\nKey-Curve: ed25519\nSubkey-Type: ECDH\nSubkey-Curve: cv25519\nName-Email: %s\nExpire-Date: 1y\n%%commit\n' "$each"
  done
} >people
gpg --batch --quiet --generate-key people 2>/dev/null
gpg --batch --check-trustdb 2>/dev/null
fpr () { gpg --batch --with-colons --list-keys "<$1>" | awk -F: '$1 == "fpr" { print $10; exit }'; }
fpr_in () { gpg --batch --with-colons --show-keys "$1" | awk -F: '$1 == "fpr" { print $10; exit }'; }
publish () { gpg --batch --export "<$1>" >"keys/$1"; }
for each in "${people[@]}"; do publish "$each"; done
# The other ones that a server may hand out.
gpg --batch --quiet --quick-add-uid "$(fpr bob@many.test)" bob@home.test
gpg --batch --quiet --quick-add-uid "$(fpr bob@many.test)" eve@many.test
publish bob@many.test
gpg --batch --quiet --quick-add-uid "$(fpr twin@two.test)" bob@two.test
gpg --batch --export '<twin@two.test>' >twin
cat twin >>keys/bob@two.test
gpg --batch --quiet --quick-add-uid "$(fpr old@retired.test)" bob@retired.test
printf 'y\n0\n\ny\n' | gpg --command-fd 0 --no-tty --quiet --gen-revoke '<old@retired.test>' 2>/dev/null | gpg --batch --quiet --import
cp keys/bob@retired.test new
gpg --batch --export "$(fpr old@retired.test)" | cat - new >keys/bob@retired.test
gpg --batch --quiet --quick-add-uid "$(fpr new@later.test)" bob@later.test
gpg --batch --export "$(fpr new@later.test)" >later.new
gpg --batch --export-secret-keys '<bob@secret.test>' >keys/bob@secret.test
cp keys/eve@wrong.test keys/bob@wrong.test
head -c 3000 /dev/urandom >keys/bob@garbage.test
: >keys/none

# ---- servers

# In nginx's folder the files have the names that gpg gives them.
name_of () { gpg --batch --with-wkd-hash --list-keys "<$1>" | sed -n "s/^ *\([a-z0-9]*\)@${1#*@}$/\1/p"; }
mkdir -p www/good.test/hu www/hu
cp keys/bob@good.test "www/good.test/hu/$(name_of bob@good.test)"
cp keys/dan@good.test "www/good.test/hu/$(name_of dan@good.test)"
cp keys/bob@direct.test "www/hu/$(name_of bob@direct.test)"
cp keys/nan@none.test "www/hu/$(name_of nan@none.test)" # at none.test, which is not to be asked
cat >nginx.conf <<NGINX
daemon off; master_process off; pid $PWD/nginx.pid; error_log $PWD/nginx.err;
events { }
http {
  access_log $PWD/nginx.log; client_body_temp_path $PWD/t1; proxy_temp_path $PWD/t2; fastcgi_temp_path $PWD/t3; uwsgi_temp_path $PWD/t4; scgi_temp_path $PWD/t5;
  server { listen 127.0.0.2:443 ssl; ssl_certificate $PWD/nginx.pem; ssl_certificate_key $PWD/nginx.pem; location /.well-known/openpgpkey/ { alias $PWD/www/; } }
  server { listen 127.0.0.5:443 ssl; ssl_certificate $PWD/own.pem; ssl_certificate_key $PWD/own.pem; location ~ ^/.well-known/openpgpkey/([a-z.]+)/ { alias $PWD/keys/bob@\$1; } }
  server { listen 127.0.0.6:443 ssl; ssl_certificate $PWD/named.pem; ssl_certificate_key $PWD/named.pem; location / { alias $PWD/keys/bob@named.test; } }
}
NGINX
nginx -p "$PWD" -c nginx.conf -e nginx.err & servers+=($!)
/usr/bin/python3 "$LIVE/wkd_web.py" "$PWD" 127.0.0.3 strange.pem bob@{wrong,garbage,huge,secret,drip,broken,elsewhere,plain,file,moved,two,retired,many,later,late}.test >web.log & servers+=($!)
/usr/bin/python3 -c 'import socket, time
s = socket.create_server (("127.0.0.4", 443)); print ("ready", flush=True); time.sleep (600)' >mute.log & servers+=($!)
wait_until 10 grep -q ready web.log || fail 'the strange server does not start'
wait_until 10 grep -q ready mute.log || fail 'the mute server does not start'
wait_until 10 test -s nginx.pid || fail "nginx does not start: $(cat nginx.err)"

ward setup --name 'Dr. Alice' --address alice@own.test --at-rest none --factor none >/dev/null
ward account add own --address alice@own.test --imap 127.0.0.9:993 --imap-security tls --smtp 127.0.0.9:465 --smtp-security tls --auth password \
  --user alice --ca "$PWD/clinic.crt" --secret-fd 3 3<<<"none" >/dev/null
gpg --batch --export-secret-keys '<alice@own.test>' >alice.sec
ward key import alice.sec >/dev/null

# ---- asking

looks_ms=1800 # as long may a look-up take that nothing slows down
requests () { touch requests; cat requests nginx.log | grep -c "$1" || true; }
looks bob@good.test 'pgp key_found wkd wkd'
is "$(fpr bob@good.test)" "$(ward explain --json bob@good.test | json 'd[0]["key"]["fingerprint"]')" 'the key of bob@good.test'
looks bob@direct.test 'pgp key_found wkd wkd'
grep -q 'GET /.well-known/openpgpkey/good.test/hu/[a-z0-9]*?l=bob ' nginx.log || fail "how good.test was asked: $(cat nginx.log)"
say "a key is found where gpg says that it belongs, by the advanced method and by the direct one"

looks nan@none.test 'hold no_key'
is '1 0' "$(requests 'none.test/hu/.*l=nan') $(requests 'openpgpkey/hu/.*l=nan')" 'questions to none.test, which has a host for such questions'
before=$(requests .)
looks nan@none.test 'hold no_key'
looks BOB@good.test 'pgp key_found wkd wkd'
is "$before" "$(requests .)" 'questions when all is known'
say 'what is known is not asked again'

for each in wrong garbage huge secret broken elsewhere plain file two away; do looks "bob@$each.test" 'hold no_key'; done
if grep -q 'in clear' requests; then fail 'something was asked in clear'; fi
if grep -q 'moved.test /elsewhere' requests; then fail 'a server sent us to another one'; fi
looks bob@moved.test 'pgp key_found wkd wkd'
looks bob@retired.test 'pgp key_found wkd wkd'
is "$(fpr_in new)" "$(ward explain --json bob@retired.test | json 'd[0]["key"]["fingerprint"]')" 'the key beside a revoked one'
say 'no wrong, several, secret, huge or foreign key is taken, and nobody is followed elsewhere'

looks bob@many.test 'pgp key_found wkd wkd'
looks dora@many.test 'hold no_key'
cat "$dir"/p/data/keys/found/*.key >taken
is "$(printf '%s\n' bob@{direct,good,many,moved,retired}.test)" "$(gpg --batch --with-colons --show-keys taken 2>/dev/null | awk -F: '$1 == "uid" { print $10 }' | sort)" 'what was kept'
is alice@own.test "$(gpg --homedir "$dir/p/data/keys/gnupg" --batch --with-colons --list-keys 2>/dev/null | awk -F: '$1 == "uid" { print $10 }')" 'the keyring'
say 'of a key with many names one is kept, and none of them in the keyring'

looks bob@own.test 'pgp key_found wkd wkd'
looks bob@other.test 'hold no_key'
looks bob@named.test 'hold no_key'
say "a server must prove who it is; the organisation's own authority does so for its own domain alone"

# within MS WHAT COMMAND...
within () {
  local limit=$(($1 * pace)) what=$2 begin; shift 2
  begin=$(date +%s%3N)
  "$@"
  [ $(($(date +%s%3N) - begin)) -lt "$limit" ] || fail "$what took $(($(date +%s%3N) - begin)) ms"
}
routes () { ward explain --json "$@" | json '" ".join(r["route"] for r in d)'; }
slow_are_held () { is 'hold hold pgp' "$(routes bob@drip.test bob@mute.test bob@good.test)" 'what is slow'; }
slow_are_not_sent () {
  local code=0
  ward send --json --dry-run --to amy@drip.test --bcc amy@mute.test --subject x <people >/dev/null 2>&1 || code=$?
  is 3 "$code" 'the exit code for who is held'
}
within 2200 'to look up who is slow' slow_are_held
within 2200 'to send to who is slow' slow_are_not_sent
say 'slow and silent ones hold nobody up'

code=0; ward tell dan@good.test >tell.out 2>&1 </dev/null || code=$?
is 3 "$code" 'the exit code where no note is needed'
grep -q 'There is a usable key for dan@good.test' tell.out || fail "what is said of dan@good.test: $(cat tell.out)"
say 'nobody is told in clear that a key is missing before it is looked up'

# ---- writing

mkdir out
printf 'The dose is 5 mg.\n' | ward send --json --out out --to Bob@good.test --to bob@direct.test --subject Dose >sent.json || fail "a dry run: exit $?"
is 1 "$(find out -type f | wc -l)" 'copies'
sed -n '/^-----BEGIN PGP MESSAGE/,/^-----END PGP/p' out/* >cipher
gpg --batch --decrypt cipher 2>/dev/null | grep -q '5 mg' || fail 'the people of these domains cannot read it'
is 3 "$(gpg --batch --list-only --list-packets cipher 2>/dev/null | grep -c '^:pubkey enc')" 'who can read it: two people and Alice'
say 'what is found is encrypted to, and gpg reads it'

looks bob@later.test 'pgp key_found wkd wkd'
printf 'Hello\n' | ward send --json --to bob@later.test --subject Hello >sent.json || true
is queued "$(json 'd["state"]' <sent.json)" 'the message to bob@later.test'
cp later.new keys/bob@later.test
looks bob@later.test 'pgp key_found wkd wkd'
grep -l '^address=bob@later.test' "$dir"/p/data/keys/found/*.conf | xargs sed -i 's/^asked=.*/asked=1/'
looks bob@later.test 'pgp key_found wkd wkd' # asked again a day later, beside the work
changed () { [ "$(ward explain --json bob@later.test | json 'd[0]["reason"]')" = key_changed ]; }
wait_until 5 changed || fail 'another key is not noticed'
is "$(fpr_in later.new)" "$(ward explain --json bob@later.test | json 'd[0]["key"]["fingerprint"]')" 'the key that changed'
ward key trust "$(fpr_in later.new)" >/dev/null
looks bob@later.test 'pgp key_found imported verified'
say 'another key is looked for, and held until somebody has compared it'

terminal_start "$dir/tmux" 80 24 "$WARDMAIL" --profile "$dir/p"
terminal_wait ' offline '
terminal_type m
terminal_wait 'To:'
terminal_type 'bob@late.test'
within 1500 'the answer while bob is typed' terminal_wait 'HELD: no key found'
is 0 "$(requests late.test)" 'questions before the address is finished'
terminal_keys Enter
within 1500 'the answer after bob was typed' terminal_wait 'Looking for a key'
terminal_type 'carol@good.test'
terminal_keys Enter
within 1500 'the answer after carol was typed' terminal_wait 'HELD: no key found'
terminal_wait 'OpenPGP'
terminal_wait_gone 'Looking for a key'
is 1 "$(requests late.test)" 'questions for an address'
terminal_keys C-c
terminal_wait 'Discard'
terminal_type d
terminal_wait_gone 'Discard'
terminal_wait_gone 'To:'
terminal_end
say 'on the screen nobody waits, and the key appears by itself'

printf '[lookup]\nwkd=false\n' >"$dir/p/config/policy.conf"
profile_pids "$dir/p" | xargs -r kill 2>/dev/null || true
wait_until 5 profile_idle "$dir/p" || fail 'the engine does not end'
before=$(requests .)
looks zoe@good.test 'hold no_key'
is "$before" "$(requests .)" 'questions where policy forbids them'
say 'policy can forbid it'
