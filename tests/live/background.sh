# shellcheck shell=bash
# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# What the scripts share that start servers of their own and end them. To be sourced.

# Ports that nobody listens on, below those that the kernel hands out for outgoing connections.
free_ports () {
  /usr/bin/python3 - "$1" <<'PYTHON'
import random, socket, sys
found = []
while len(found) < int(sys.argv[1]):
    port = random.randrange(20000, 30000)
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            continue
    if port not in found:
        found.append(port)
print(*found)
PYTHON
}

# Until a server greets us on each port, or ten seconds have gone.
wait_for_ports () {
  /usr/bin/python3 - "$@" <<'PYTHON'
import select, socket, sys, time
deadline = time.monotonic() + 10
for port in map(int, sys.argv[1:]):
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 2).close()
            break
        except OSError:
            if time.monotonic() > deadline:
                sys.exit(f"no server answers on port {port}")
            select.select([], [], [], 0.02)
PYTHON
}

# Whether a process has ended; one that only waits to be reaped has.
gone () { ! grep -qs '^State:[[:space:]][^ZX]' "/proc/$1/status"; }

# Ends a process of ours and waits for it, ten seconds at most.
end () {
  local pid=$1 as=${2-}
  [[ $pid =~ ^[0-9]+$ ]] || return 0
  # shellcheck disable=SC2086
  $as kill "$pid" 2>/dev/null || return 0
  for _ in {1..200}; do
    ! gone "$pid" || return 0
    read -rt 0.05 <> <(:) || true
  done
  # shellcheck disable=SC2086
  $as kill -9 "$pid" 2>/dev/null || true
}
