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
small_disk_tidy () { local code=$?; end_profile "$dir/p"; "${as_root[@]}" umount -l "$dir/p" 2>/dev/null || true; live_tidy "$code"; }
end_profile "$dir/p"
mv "$dir/p" "$dir/p.whole"
mkdir -m 700 "$dir/p"
"${as_root[@]}" mount -t tmpfs -o "size=24m,mode=700,uid=$(id -u),gid=$(id -g)" wardmail "$dir/p" || { echo 'nothing can be mounted here'; exit 77; }
trap small_disk_tidy EXIT
cp -a "$dir/p.whole/." "$dir/p"
/usr/bin/python3 -B "$TOP/tests/crash/full.py" "$dir"
