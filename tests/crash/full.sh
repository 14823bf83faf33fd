#!/bin/bash
# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# The disk is full, see full.py. A small file system can be mounted by root alone.
set -euo pipefail
# shellcheck source=tests/crash/crash.sh
. "$(dirname "$0")/crash.sh"
as_root=()
if [ "$(id -u)" != 0 ]; then
  sudo -n true 2>/dev/null || { echo 'no root, so no small disk to fill'; exit 77; }
  as_root=(sudo -n)
fi
live_start
# Where there is no room while it commits Xapian may end its process with this line; that nothing is lost by it is what full.py judges.
forget_xapian () { [ ! -s "${WARDMAIL_KEEP_STDERR-}" ] || sed -i '/^terminate called without an active exception$/d' "$WARDMAIL_KEEP_STDERR"; }
small_disk_tidy () {
  local code=$?
  end_profile "$dir/p"
  "${as_root[@]}" umount -l "$dir/p" 2>/dev/null || true
  forget_xapian
  live_tidy "$code"
}
end_profile "$dir/p"
mv "$dir/p" "$dir/p.whole"
mkdir -m 700 "$dir/p"
"${as_root[@]}" mount -t tmpfs -o "size=24m,mode=700,uid=$(id -u),gid=$(id -g)" wardmail "$dir/p" || { echo 'nothing can be mounted here'; exit 77; }
trap small_disk_tidy EXIT
cp -a "$dir/p.whole/." "$dir/p"
/usr/bin/python3 -B "$TOP/tests/crash/full.py" "$dir"
