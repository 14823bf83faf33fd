#!/bin/bash
# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Reading mail does nothing else: with every process under strace, hostile mails are shown, verified and answered. No socket is made but those of
# wardmail and gpg, and nothing is written outside the profile. Needs no servers.
set -euo pipefail
# shellcheck source=tests/live/live.sh
. "$(dirname "$0")/live.sh"
command -v strace >/dev/null || { echo 'strace is not installed: tests/deps installs it'; exit 77; }
[ "$(id -u)" = 0 ] || { echo 'only root may trace wardmail: its processes keep out all others, of the same user too'; exit 77; }
strace -f -qq -o /dev/null true 2>/dev/null || { echo 'tracing other processes is not allowed here'; exit 77; }
dir=$(private_dir)
tidy () {
  local code=$?
  end_profile "$dir/p"; [ -z "${long-}" ] || end_profile "$long"
  for home in alice mallory; do gpgconf --homedir "$dir/$home" --kill all 2>/dev/null || true; done
  rm -rf "$dir"
  exit "$code"
}
trap tidy EXIT
export TRACED=$WARDMAIL TRACES=$dir/traces
unset WARDMAIL_KEEP_STDERR # where tests/watched has us write besides
mkdir -m 700 "$dir/alice" "$dir/mallory"; mkdir "$TRACES" "$dir/control"
judge () { /usr/bin/python3 "$LIVE/trace_judge.py" "$@"; }
traced () { "$LIVE/traced" --profile "$@"; }

gpg () { command gpg --batch --quiet --pinentry-mode loopback --passphrase '' "$@"; }
gpg --homedir "$dir/alice" --quick-gen-key 'Alice <alice@x.test>' future-default default never
gpg --homedir "$dir/mallory" --quick-gen-key 'Mallory <mallory@evil.test>' future-default default never
gpg --homedir "$dir/alice" --export alice@x.test | gpg --homedir "$dir/mallory" --import
gpg --homedir "$dir/alice" --armor --export-secret-keys alice@x.test >"$dir/alice.asc"
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$dir/alice.key" -out "$dir/alice.pem" -subj /CN=Alice -days 3650 -addext subjectAltName=email:alice@x.test 2>/dev/null
# A certificate that asks whoever meets it to look elsewhere whether it was revoked, and by whom it was issued.
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$dir/mallory.key" -out "$dir/mallory.pem" -subj /CN=Mallory -days 3650 \
  -addext subjectAltName=email:mallory@evil.test -addext crlDistributionPoints=URI:http://127.0.0.1:9/crl \
  -addext 'authorityInfoAccess=OCSP;URI:http://127.0.0.1:9/ocsp,caIssuers;URI:http://127.0.0.1:9/ca' 2>/dev/null
/usr/bin/python3 "$LIVE/hostile.py" "$dir"

# profile PLACE: with Alice's keys.
profile () {
  traced "$1" setup --name Alice --address alice@x.test --at-rest none --factor none --passphrase-fd 3 3<<<unused >/dev/null
  traced "$1" key import "$dir/alice.asc" "$dir/alice.pem" "$dir/alice.key" >/dev/null
}
cd "$dir"
profile "$dir/p"
shown=0
for mail in "$dir"/mails/*.eml; do
  traced "$dir/p" show --json "$mail" >"$dir/p/out.json" || fail "show: exit $? for $(basename "$mail")"
  is '[]' "$(json 'str(d["remote_loads"])' <"$dir/p/out.json")" 'what was loaded'
  case "$mail" in
    *encrypted.eml|*hidden.eml|*both.eml) is true "$(json 'd["encryption"]["decrypted"]' <"$dir/p/out.json")" "$(basename "$mail") decrypted" ;;
  esac
  shown=$((shown + 1))
done
for name in html names pgp-encrypted smime-both; do
  traced "$dir/p" reply --print "$dir/mails/$name.eml" >/dev/null || fail "reply: exit $?"
  traced "$dir/p" verify "$dir/mails/$name.eml" >/dev/null || [ $? = 5 ] || fail "verify: exit $?"
done
# A path too long for gpg's sockets: a link in a private folder stands in for the keys.
printf -v long '%s/%0120d/p' "$dir" 0
mkdir "$(dirname "$long")"
profile "$long"
traced "$long" show --json "$dir/mails/pgp-encrypted.eml" >"$dir/p/out.json"
is true "$(json 'd["encryption"]["decrypted"]' <"$dir/p/out.json")" 'a mail decrypted in a deep folder'

# The traces are whole when all processes have left. What would be wrong is seen when somebody else does it.
tracers_left () { ! pgrep -f -- "^strace .*-o $dir/" >/dev/null; }
end_profile "$dir/p"; end_profile "$long"
wait_until 10 tracers_left || fail 'some process does not end'
TRACED=/usr/bin/python3 TRACES=$dir/control "$LIVE/traced" -c "import socket; socket.socket(); open('$dir/outside', 'w'); socket.socket(socket.AF_UNIX).bind('$dir/s')"
wait_until 10 tracers_left
judge "$dir/control" "$dir/p" >"$dir/control.out" && fail 'the control is not seen'
for word in 'not a unix socket' 'opened for writing' "another's socket"; do grep -q "$word" "$dir/control.out" || fail "the control is not seen: $word"; done
judge "$TRACES" "$dir/p" "$long" || fail 'reading mail did more than that'
say "$shown hostile mails were read, and nothing else was done"
