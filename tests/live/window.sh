#!/bin/bash
# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# A window of ten days on a mailbox of two months: all mail is listed, what is outside it is fetched when it is opened, what is too large says so, and
# without a server a header says what is missing. Larger and smaller windows; at the end all is here, and nothing twice.
set -euo pipefail
# shellcheck source=tests/live/live.sh
. "$(dirname "$0")/live.sh"
live_start

# 60 mails, a day apart, the youngest of today; one of 160 MB (a file with a hole), one without a Message-ID, one from Bob that is encrypted and old.
/usr/bin/python3 - "$dir/dovecot/mail/alice/cur" <<'PYTHON'
import os, pathlib, sys, time
cur, now = pathlib.Path(sys.argv[1]), time.time()
def put(name, age, text, size=0):
    file, when = cur / name, now - age * 86400 - 3600
    file.write_text(text.replace("DATE", time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime(when))))
    if size:
        os.truncate(file, size)
    length = file.stat().st_size
    os.utime(file, (when, when))
    file.rename(cur / f"{int(when)}.{name},S={length},W={length}:2,")
for age in range(60):
    put(f"M{age}", age, f"Message-ID: <day{age}@window.test>\r\nDate: DATE\r\nFrom: Ward {age} <w{age}@window.test>\r\nTo: alice@demo.test\r\n"
        f"Subject: Day {age}\r\n\r\nquagga{age} was here\r\n")
put("Mlarge", 1, "Message-ID: <large@window.test>\r\nDate: DATE\r\nFrom: x@window.test\r\nSubject: Too large\r\n\r\n", 160000000)
put("Mnone", 90, "Date: DATE\r\nFrom: nobody@window.test\r\nSubject: No number\r\n\r\nokapi\r\n")
PYTHON
printf 'Message-ID: <secret@window.test>\r\nDate: %s\r\nFrom: bob@demo.test\r\nTo: alice@demo.test\r\nSubject: ...\r\nMIME-Version: 1.0\r\n%s\r\n\r\n--e\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n--e\r\nContent-Type: application/octet-stream\r\n\r\n%s\r\n--e--\r\n' \
  "$(LC_ALL=C date -Rd '40 days ago')" 'Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary=e' \
  "$(printf 'Content-Type: text/plain\r\n\r\nthe zebra is well\r\n' | gpg --homedir "$(person bob)" --batch --quiet --trust-model always --armor --encrypt -r alice@demo.test)" \
  >"$dir/secret"
touch -d '40 days ago' "$dir/secret"
mv "$dir/secret" "$dir/dovecot/mail/alice/cur/1.Msecret:2,"

inbox=$dir/p/data/mail/demo/INBOX/cur
headers () { find "$inbox" -name 'HU*' -exec grep -l 'window\.test' {} + | wc -l; }
whole () { find "$inbox" -name 'U*' -exec grep -l 'window\.test' {} + | wc -l; }
window () { sed -i '/^keep-days=/d' "$dir/p/config/wardmail.conf"; printf '[sync]\nkeep-days=%s\n' "$1" >>"$dir/p/config/wardmail.conf"; end_profile "$dir/p"; }
warning () { ward show --json "$1" | json '" ".join(w["code"] for w in d["warnings"])'; }

window 10
ward sync --json >"$dir/p/sync.json"
is null "$(json 'd[0]["error"]' <"$dir/p/sync.json")" 'the first sync'
all=$(ward count '*')
is 63 "$(ward count 'from:window.test or id:secret@window.test')" 'mails that are listed'
is 53 "$(headers)" 'headers alone'
is 0 "$(ward count quagga49)" 'words of what is not here'
say 'all mail is listed, ten days of it are here'

[[ $(warning id:day9@window.test) != *header_only* ]] || fail 'a mail that is here is not all here'
is quagga49 "$(ward show --json id:day49@window.test | json 'd["text_body"].split()[0]')" 'an old mail that was opened'
is 52 "$(headers)" 'headers alone, when one was opened'
is 1 "$(ward count quagga49)" 'its words'
ward show --part 1 --text id:day48@window.test | grep -q quagga48 || fail 'a part of an old mail'
ward reply --print id:day47@window.test | grep -q '> quagga47' || fail 'the answer to an old mail'
is 'zebra' "$(ward show --json id:secret@window.test | json 'd["text_body"].split()[1]')" 'an old encrypted mail'
is 1 "$(ward count zebra)" 'its words'
number=$(sha1sum <"$(grep -l '^Subject: No number' "$inbox"/HU*)" | cut -d' ' -f1)
is okapi "$(ward show --json "id:notmuch-sha1-$number" | json 'd["text_body"].strip()')" 'a mail without a Message-ID'
say 'what is opened is fetched'

ward tag +seen-by-me -- id:large@window.test >/dev/null
[[ $(warning id:large@window.test) == *header_only* ]] || fail 'a mail that is too large'
ward show id:large@window.test | grep -q '160 MB' || fail 'why it is not here'
ward verify id:large@window.test 2>/dev/null && fail 'a header was verified'
say 'what is too large says so'

window 0
ward sync >/dev/null
is 1 "$(headers)" 'headers alone where all is kept'
is "$all" "$(ward count '*')" 'mails in all'
window 5
ward sync >/dev/null
[ "$(whole)" -le 12 ] || fail 'bodies that should have gone'
is 1 "$(ward count quagga20)" 'words of a mail that was here'
is 1 "$(ward count 'tag:seen-by-me')" 'the tag'
is "$all" "$(ward count '*')" 'mails in the end'
say 'windows open and close'

end_profile "$dir/p" # with its line to the server
"$LIVE/servers" stop "$dir"
[[ $(warning id:day45@window.test) == *header_only* ]] || fail 'without a server'
ward show id:day45@window.test | grep -q 'Day 45' || fail 'its subject'
if ward reply --print id:day45@window.test >"$dir/p/reply" 2>"$dir/p/why"; then fail 'a header was answered'; fi
grep -q 'cannot be reached' "$dir/p/why" || fail 'why it cannot be answered'
say 'without a server a header says what is missing'
