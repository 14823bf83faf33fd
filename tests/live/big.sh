#!/bin/bash
# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# 25 MB to Bob (OpenPGP), Carol (S/MIME) and, blindly, Erin's private address: it arrives whole, as gpg and openssl open it, and no process takes more
# memory than four times its size. What a server would not take is refused before anything of it is sent.
set -euo pipefail
# shellcheck source=tests/live/live.sh
. "$(dirname "$0")/live.sh"
if grep -qa __asan_init "$WARDMAIL"; then echo 'the sanitizers take memory of their own'; exit 77; fi
live_start
size=25000000
mkdir "$dir/in"
head -c "$size" /dev/urandom >"$dir/in/scan.bin"

# The highest that the memory of each process of the profile has ever been, and that of what it starts, once the file $dir/stop is there.
/usr/bin/python3 - "$dir/p" "$dir/stop" >"$dir/peaks" <<'PYTHON' &
import os, sys, time
profile, stop = sys.argv[1:]
peaks, others = {}, set()
def look(pid):
    with open(f"/proc/{pid}/status") as status, open(f"/proc/{pid}/cmdline") as command:
        fields = dict(line.rstrip().split(":", 1) for line in status if ":" in line)
        return int(fields["PPid"]), int(fields.get("VmHWM", "0").split()[0]) * 1024, command.read().split("\0")
engines = set()
while not os.path.exists(stop):
    for pid in filter(str.isdigit, os.listdir("/proc")):
        if pid in others:
            continue
        try:
            parent, peak, words = look(pid)
        except OSError:
            continue
        if words[:3] == ["wardmail", "--process", "engine"] and profile in words:
            engines.add(int(pid))
        worker = words[:2] == ["wardmail", "--process"]
        mine = int(pid) in engines or (worker and parent in engines)
        if mine or profile in words or any(profile in word for word in words):
            name = words[2] if worker else os.path.basename(words[0])
            peaks[name] = max(peaks.get(name, 0), peak)
        elif not worker:
            others.add(pid)
    time.sleep(0.02)
for name, peak in sorted(peaks.items()):
    print(name, peak)
PYTHON
sampler=$!

printf 'Here is the scan.\n' | ward send --json --to bob@demo.test --cc carol@demo.test --bcc erin2@demo.test --subject 'A scan' \
  --attach "$dir/in/scan.bin" >"$dir/p/sent.json" || fail "send: exit $?"
is sent "$(json 'd["state"]' <"$dir/p/sent.json")" 'what became of it'
is 3 "$(json 'len(d["copies"])' <"$dir/p/sent.json")" 'copies'
id=$(json 'd["message_id"].strip("<>")' <"$dir/p/sent.json")
mailbox alice wait Sent 1 HEADER Message-ID "$id"
touch "$dir/stop"
wait "$sampler"
for process in keys smtp imap engine index; do grep -q "^$process " "$dir/peaks" || fail "nobody saw the process $process"; done
while read -r name peak; do
  [ "$peak" -le $((4 * size)) ] || fail "$name took $((peak / 1000000)) MB of memory"
done <"$dir/peaks"
say "most memory: $(sort -k2nr "$dir/peaks" | head -n 3 | awk '{printf "%s%s %d MB", (NR > 1 ? ", " : ""), $1, $2 / 1000000}')"

# same FILE: the attachment of this entity is what was sent.
same () {
  /usr/bin/python3 - "$1" "$dir/in/scan.bin" <<'PYTHON'
import email, sys
with open(sys.argv[1], "rb") as entity, open(sys.argv[2], "rb") as want:
    parts = [part for part in email.message_from_binary_file(entity).walk() if part.get_filename() == "scan.bin"]
    sys.exit(0 if [part.get_payload(decode=True) for part in parts] == [want.read()] else "not what was sent")
PYTHON
}
for who in bob erin2 carol; do
  mailbox "$who" wait INBOX 1 HEADER Message-ID "$id"
  file=$(mailbox "$who" fetch INBOX "$dir/$who" HEADER Message-ID "$id")
  if [ "$who" = carol ]; then
    openssl cms -decrypt -in "$file" -recip "$KEYS/carol.smime.pem" -inkey "$KEYS/carol.smime.key" -out "$dir/p/signed" || fail 'openssl cannot decrypt it'
    openssl cms -verify -in "$dir/p/signed" -CAfile "$KEYS/ca.pem" -out "$dir/p/clear" 2>/dev/null || fail 'openssl does not accept the signature'
  else
    person_gpg "$who" --status-fd 3 --decrypt "$file" 3>"$dir/p/status" >"$dir/p/clear" 2>/dev/null || fail "gpg cannot decrypt $who's copy"
    grep -q '^\[GNUPG:\] GOODSIG' "$dir/p/status" || fail "gpg finds no good signature in $who's copy"
  fi
  same "$dir/p/clear" || fail "$who's attachment is not what was sent"
done
say 'gpg and openssl find the attachment as it was'

before=$(crossed)
head -c 33000000 /dev/zero >"$dir/in/large.bin"
code=0
echo 'Too much.' | ward send --to bob@demo.test --subject Large --attach "$dir/in/large.bin" >"$dir/p/out" 2>"$dir/p/errors" || code=$?
is 1 "$code" 'the exit code where the server takes no such mail'
grep -q 'takes mails of up to 60 MB, and this one has 6[0-9] MB' "$dir/p/errors" || { cat "$dir/p/errors" >&2; fail 'no sentence with the sizes'; }
[ $(($(crossed) - before)) -lt 10000 ] || fail 'some of it was sent'
head -c 50000000 /dev/zero >"$dir/in/larger.bin"
code=0
echo 'Far too much.' | ward send --to bob@demo.test --subject Larger --attach "$dir/in/larger.bin" >"$dir/p/out" 2>"$dir/p/errors" || code=$?
is 1 "$code" 'the exit code where no mail can be so large'
grep -q 'about 9[0-9] MB' "$dir/p/errors" || { cat "$dir/p/errors" >&2; fail 'no sentence with the sizes'; }
is '' "$(find "$dir/p" -name 'copy-*.eml')" 'what lies in the outbox'
say 'what is too large is refused before it is sent'
