#!/bin/bash
# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# The engine leaves when nobody has used it for a while. Who comes at that very moment is served all the same.
set -euo pipefail
# shellcheck source=tests/live/live.sh
. "$(dirname "$0")/live.sh"
live_start
engine_pid () { pgrep -f -- "^wardmail --process engine $dir/p( |\$)" | head -n 1; }
for turn in 1 2 3 4 5; do
  ward sync >/dev/null || fail "the sync of turn $turn"
  ward explain bob@demo.test >/dev/null
  engine=$(engine_pid)
  workers=$(pgrep -c -P "$engine")
  [ "$workers" -gt 0 ] || fail 'the engine has no workers'
  # It begins to leave by stopping its workers, the keys worker not first; one that does not hear makes that take long.
  kill -STOP "$(pgrep -P "$engine" -f -- '^wardmail --process keys')"
  end=$((SECONDS + 20))
  while [ "$(pgrep -c -P "$engine" || true)" = "$workers" ]; do [ "$SECONDS" -lt "$end" ] || fail 'the engine does not leave'; done
  is "$ALICE_MAILS" "$(ward count '*')" "what is counted while the engine leaves, in turn $turn"
  [ "$(engine_pid)" != "$engine" ] || wait_until 5 test ! -e "/proc/$engine" || true
done
say 'five times somebody came while the engine was leaving, and was served'
