#!/bin/bash
# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Signing in by certificate: a Dovecot that takes nothing else (SASL EXTERNAL), and a submission server of the same kind; what is said when the
# certificate, its key or the server's pin is wrong; and that a second connection takes the first one's session up again.
set -euo pipefail
# shellcheck source=tests/live/live.sh
. "$(dirname "$0")/live.sh"
# shellcheck source=tests/live/background.sh
. "$LIVE/background.sh"
dir=$(private_dir)
smtp=
tidy () {
  local code=$?
  end_profile "$dir/p"
  end "$smtp"
  end "$(cat "$dir/d/run/master.pid" 2>/dev/null || true)"
  [ "$code" = 0 ] || tail -n 5 "$dir/d/log" 2>/dev/null || true
  rm -rf "$dir"; exit "$code"
}
trap tidy EXIT
cd "$dir"
new=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
for ca in ca other; do
  openssl req -x509 "${new[@]}" -keyout $ca.key -out $ca.pem -days 30 -subj "/CN=$ca" -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
done
issue () { # NAME CA SUBJECT EXTENSIONS
  openssl req -new "${new[@]}" -keyout "$1.key" -subj "/CN=$3" -out "$1.csr" 2>/dev/null
  openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -CAcreateserial -days 20 -extfile <(printf 'subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n%b' "$4") -out "$1.pem" 2>/dev/null
}
issue server ca localhost 'extendedKeyUsage=serverAuth\nsubjectAltName=DNS:localhost\n'
issue alice ca alice 'extendedKeyUsage=clientAuth\n'
issue stranger other alice 'extendedKeyUsage=clientAuth\n'
openssl pkey -in alice.key -aes256 -passout pass:x -out locked.key
read -r imap_port smtp_port < <(free_ports 2)

user=$(id -un) group=$(id -gn) as=()
[ "$(id -u)" != 0 ] || { user=dovecot; group=$(id -gn dovecot); as=(setpriv --reuid dovecot --regid dovecot --clear-groups); }
mkdir -p d/run d/state d/mail
cp server.pem ca.pem server.key d/
printf 'alice:::::%s::nopassword=y\n' "$dir/d/mail/alice" >d/users
cat >d/dovecot.conf <<CONF
base_dir = $dir/d/run
state_dir = $dir/d/state
log_path = $dir/d/log
protocols = imap
listen = 127.0.0.1
default_internal_user = $user
default_internal_group = $group
default_login_user = $user
default_vsz_limit = 1024M
ssl = required
ssl_cert = <$dir/d/server.pem
ssl_key = <$dir/d/server.key
ssl_ca = <$dir/d/ca.pem
ssl_require_crl = no
ssl_verify_client_cert = yes
auth_ssl_require_client_cert = yes
auth_ssl_username_from_cert = yes
auth_mechanisms = external
auth_failure_delay = 0
auth_verbose = yes
mail_location = maildir:~
mail_uid = $user
mail_gid = $group
first_valid_uid = 1
passdb {
  driver = passwd-file
  args = $dir/d/users
  mechanisms = external
}
userdb {
  driver = passwd-file
  args = $dir/d/users
  default_fields = uid=$user gid=$group
}
namespace inbox {
  inbox = yes
}
service imap-login {
  chroot =
  inet_listener imap {
    port = 0
  }
  inet_listener imaps {
    port = $imap_port
    ssl = yes
  }
}
service anvil {
  chroot =
}
service stats {
  chroot =
}
CONF
chmod 600 d/server.key
[ "$(id -u)" != 0 ] || { chown -R "$user:$group" d; chmod 711 "$dir"; }
(cd / && "${as[@]}" dovecot -c "$dir/d/dovecot.conf") </dev/null >start.log 2>&1 || { cat start.log; fail 'Dovecot did not start'; }
/usr/bin/python3 "$LIVE/external_smtp.py" server.pem server.key ca.pem "$smtp_port" smtp.log & smtp=$!
wait_for_ports "$imap_port" "$smtp_port"

ward setup --name Alice --address alice@x.test --at-rest none --factor none >/dev/null
# account NAME CERT KEY [ARGUMENT...]
account () {
  local name=$1 cert=$2 key=$3; shift 3
  ward account add "$name" --address alice@x.test --user alice --auth external --imap "localhost:$imap_port" --smtp "localhost:$smtp_port" \
    --ca ca.pem --client-cert "$cert" --client-key "$key" "$@" >/dev/null
}
# refused NAME WORDS: its test fails with a sentence that has them.
refused () {
  local code=0
  ward account test "$1" >out 2>err || code=$?
  is 1 "$code" "exit code of account test $1 ($(cat out))"
  grep -q "^wardmail: .*$2" err || fail "no word of '$2': $(cat err)"
}
account good alice.pem alice.key
ward account test good >out || fail "signing in by certificate: $(cat out) $(tail -n 3 d/log)"
grep -q 'method=EXTERNAL' d/log || fail "Dovecot saw another way: $(cat d/log)"
grep -q '^in alice first' smtp.log || fail "the submission server saw: $(cat smtp.log)"
ward account test good >out
grep -q '^in alice again' smtp.log || fail "the second connection began anew: $(cat smtp.log)"
ward sync good >/dev/null || fail 'sync by certificate'
say 'signing in by certificate, to both servers, and again'

pin=sha256/$(openssl pkey -in server.key -pubout -outform DER | openssl dgst -sha256 -binary | base64)
grep -q "^IMAP: .*$pin" out || fail "the server's key is not told: $(cat out)"
grep -q "^SMTP: .*$pin" out || fail "the submission server's key is not told: $(cat out)"
account pinned alice.pem alice.key --pin "$pin"
ward account test pinned >/dev/null || fail 'with the right pin'
account wrong alice.pem alice.key --imap-pin sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= --smtp-pin "$pin"
refused wrong 'another key than the one that this account expects.*Nothing was sent'
account stranger stranger.pem stranger.key
refused stranger 'did not accept the client certificate'
account locked alice.pem locked.key
refused locked 'locked with a passphrase'
say 'pins, and certificates that will not do'

: >index; echo 1000 >crlnumber
printf '[ca]\ndefault_ca=d\n[d]\ndatabase=index\ncrlnumber=crlnumber\ndefault_md=sha256\ndefault_crl_days=5\n' >ca.cnf
mkdir lists
openssl ca -config ca.cnf -gencrl -cert ca.pem -keyfile ca.key -out lists/ca.crl 2>/dev/null
account listed alice.pem alice.key --crl lists/ca.crl
ward account test listed >/dev/null || fail 'with a revocation list that says nothing bad'
openssl ca -config ca.cnf -revoke server.pem -cert ca.pem -keyfile ca.key 2>/dev/null
openssl ca -config ca.cnf -gencrl -cert ca.pem -keyfile ca.key -out lists/new.crl 2>/dev/null
mv lists/new.crl lists/ca.crl # another file under the same name, while the workers run
refused listed 'was revoked by its authority. Nothing was sent'
say 'a server that was revoked'
