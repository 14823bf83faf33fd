# shellcheck shell=bash
# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# The ground of every live test: servers, world and Alice's profile in a folder of its own, gone again at the end. To be sourced.
# shellcheck source=tests/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
LIVE=$TOP/tests/live
WARDMAIL=${WARDMAIL:-$(build_dir)/wardmail}; export WARDMAIL
dir=

fail () { echo "FAILED: $*" >&2; exit 1; }
say () { echo "- $*"; }

# live_tidy [CODE]: CODE where somebody tidied up before.
live_tidy () {
  local code=${1:-$?}
  trap '' INT TERM HUP
  if [ -n "$dir" ]; then
    [ "$code" = 0 ] || { echo "--- the last lines of the servers' logs"; tail -n 5 "$dir/dovecot/log" "$dir/postfix.log" 2>/dev/null || true; }
    if [ -S "$dir/tmux" ]; then tmux -S "$dir/tmux" kill-server 2>/dev/null || true; fi
    end_profile "$dir/p"
    "$LIVE/servers" stop "$dir" || true
    if [ -n "${KEEP-}" ]; then echo "kept: $dir"; else rm -rf "$dir"; fi
  fi
  exit "$code"
}

# live_start: servers, world, profile. Afterwards the names of servers.env and world.env are there.
live_start () {
  dir=$(private_dir)
  trap live_tidy EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  mkdir "$dir/tmp"
  export TMPDIR=$dir/tmp
  "$LIVE/servers" start "$dir"
  "$LIVE/world" "$dir" >"$dir/world.log"
  # shellcheck source=/dev/null
  . "$dir/servers.env"
  # shellcheck source=/dev/null
  . "$dir/world.env"
  "$LIVE/profile" "$dir" "$dir/p" >"$dir/profile.log" || { cat "$dir/profile.log" >&2; fail "Alice's profile could not be made"; }
}

ward () { "$WARDMAIL" --profile "$dir/p" "$@"; }
mailbox () { "$LIVE/mailbox" "$dir" "$@"; }

# json EXPRESSION < JSON: a value of it; d is the whole. Lists are printed a line each.
json () {
  /usr/bin/python3 -c 'import json, sys
d = json.load(sys.stdin)
v = eval(sys.argv[1])
print("\n".join(map(str, v)) if isinstance(v, list) else "null" if v is None else str(v).lower() if isinstance(v, bool) else v)' "$1"
}

# is WANTED GOT WHAT
is () { [ "$1" = "$2" ] || fail "$3: expected '$1', got '$2'"; }

# Watched by tools, everything has more time.
pace=1
if grep -q __asan_init "$WARDMAIL"; then pace=5; fi
[ "${WATCH-}" != valgrind ] || pace=25
looks_ms=2000
# looks ADDRESS 'ROUTE REASON SOURCE TRUST' [MS]: what explain says, and within which time.
looks () {
  local begin end got
  begin=$(date +%s%3N)
  got=$(ward explain --json "$1" | json 'd[0]["route"] + " " + d[0]["reason"] + (" " + d[0]["key"]["source"] + " " + d[0]["key"]["trust"] if d[0]["key"] else "")')
  end=$(date +%s%3N)
  is "$2" "$got" "what is known of $1"
  [ $((end - begin)) -lt $((${3:-$looks_ms} * pace)) ] || fail "what is known of $1 took $((end - begin)) ms"
}

# person NAME: a GNUPGHOME that has this person's secret key and Alice's public one, and no other.
person () {
  local home=$dir/people/$1
  if [ ! -d "$home" ]; then
    mkdir -p "$home"; chmod 700 "$dir/people" "$home"
    gpg --homedir "$home" --batch --quiet --import "$KEYS/$1.pgp.sec.asc" "$KEYS/alice.pgp.pub.asc" 2>/dev/null
  fi
  echo "$home"
}
person_gpg () { local home; home=$(person "$1"); shift; gpg --homedir "$home" --batch --quiet --trust-model always "$@"; }

# The size of all that clients have sent by SMTP, and how often they came.
crossed () { cat "$TAP"/*.client | wc -c; }
connections () { find "$TAP" -name '*.client' -size +0 | wc -l; }

# no_trace MARKER: it stands in no file that is newer than the start of this test, outside the profile, in no coding.
# What crossed the SMTP line and what lies on the server are among these files.
no_trace () {
  local patterns=$dir/p/patterns found
  /usr/bin/python3 - "$1" >"$patterns" <<'PYTHON'
import base64, sys
marker = sys.argv[1].encode()
print(marker.decode())
print(marker[:12].hex())
for shift in range(3):  # base64, wherever the marker begins
    coded = base64.b64encode(b"x" * shift + marker)[(shift * 4 + 2) // 3:]
    print(coded[:len(coded) // 4 * 4 - 4].decode())
PYTHON
  found=$(find "$dir" /tmp /var/tmp /dev/shm /run/user -xdev -type f -newer "$dir/world.env" -not -path "$dir/p/*" -print0 2>/dev/null |
    xargs -0r grep -lF -f "$patterns" 2>/dev/null || true)
  rm -f "$patterns"
  [ -z "$found" ] || fail "the marker lies in clear in: $found"
}
