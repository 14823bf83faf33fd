#!/bin/sh
# Makes ./configure. Needed once after a clone; `tests/run` and `tests/demo` call it by themselves.
set -e
cd "$(dirname "$0")"
exec autoreconf --install --warnings=all
