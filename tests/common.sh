# shellcheck shell=bash
# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# What tests/demo, tests/run and the tests in shell share. To be sourced.
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export LC_ALL=C.UTF-8 PATH="$PATH:/usr/sbin:/sbin"

die () { echo "$*" >&2; exit 1; }

# The build folder: beside the sources where they can be written to, else in the user's cache.
build_dir () {
  if [ -n "${WARDMAIL_BUILD-}" ]; then echo "$WARDMAIL_BUILD"
  elif [ -w "$TOP" ]; then echo "$TOP/build"
  else echo "${XDG_CACHE_HOME:-$HOME/.cache}/wardmail/build"
  fi
}

# Reads what a long step prints, and shows that it goes on: on a terminal its last line, elsewhere a line now and then.
show_lines () {
  local line count=0
  while IFS= read -r line; do
    count=$((count + 1))
    if [ -t 1 ]; then printf '\r  %4d  %-66.66s' "$count" "${line#"${line%%[![:space:]]*}"}"
    elif [ $((count % 25)) = 0 ]; then echo "  $count  ${line#"${line%%[![:space:]]*}"}"
    fi
  done
  [ ! -t 1 ] || printf '\r%-74s\r' ''
}

# long LOG COMMAND...: a step that takes a while; if it fails, its last words are shown.
long () {
  local log=$1; shift
  mkdir -p "$(dirname "$log")"
  "$@" </dev/null 2>&1 | tee "$log" | show_lines || { tail -n 40 "$log" >&2; return 1; }
}

# build DIR [CONFIGURE-ARGUMENT...]: makes ./configure where needed, configures and builds.
build () {
  local dir=$1; shift
  mkdir -p "$dir"
  if [ ! -x "$TOP/configure" ] || [ "$TOP/configure.ac" -nt "$TOP/configure" ]; then
    long "$dir/autogen.log" "$TOP/autogen.sh"
  fi
  if [ ! -e "$dir/Makefile" ]; then
    (cd "$dir" && long "$dir/configure.log" "$TOP/configure" "$@")
  fi
  long "$dir/make.log" make -C "$dir" -j"$(nproc)"
}

# private_dir: a new folder of ours with a short name (sockets need that).
private_dir () { mktemp -d "${WARDMAIL_TMP:-/tmp}/wm.XXXXXX"; }

# wait_until SECONDS COMMAND...: until the command succeeds. No sleeping for luck: it looks every 50 ms.
wait_until () {
  local end=$((SECONDS + $1)); shift
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || return 1
    read -rt 0.05 <> <(:) || true
  done
}

# The ids of wardmail's processes for a profile: the engine names it, and the workers are its children.
profile_pids () {
  local engine
  for engine in $(pgrep -f -- "^wardmail --process engine $1( |\$)" || true); do
    echo "$engine"
    pgrep -P "$engine" || true
  done
}
profile_idle () { [ -z "$(profile_pids "$1")" ]; }

# The engine of a profile leaves by itself when nobody uses it; one that does not is told to.
end_profile () {
  wait_until 5 profile_idle "$1" || { local pids; pids=$(profile_pids "$1"); [ -z "$pids" ] || xargs kill <<<"$pids" 2>/dev/null || true; }
}
