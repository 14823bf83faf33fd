#!/bin/bash
# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# The contract of the command line: exit codes, one sentence for what goes wrong, JSON of the promised form, and what is written with
# --out opened by gpg and openssl. Needs no servers.
set -euo pipefail
# shellcheck source=tests/live/live.sh
. "$(dirname "$0")/live.sh"
dir=$(private_dir)
tidy () { local code=$?; end_profile "$dir/p"; end_profile "$dir/q"; gpgconf --homedir "$dir/gpg" --kill all 2>/dev/null || true; rm -rf "$dir"; exit "$code"; }
trap tidy EXIT
cd "$dir"

# fails CODE WORDS COMMAND...: it ends with that code and says one sentence with those words, for people.
fails () {
  local want=$1 words=$2 code=0; shift 2
  "$WARDMAIL" "$@" >out 2>err </dev/null || code=$?
  is "$want" "$code" "exit code of $* ($(cat err))"
  is 1 "$(wc -l <err)" "lines of complaint about $*"
  grep -q "^wardmail: .*$words" err || fail "$* complains without '$words': $(cat err)"
}
fails 2 'no subcommand' nonsense
fails 2 'not an option' --nonsense
fails 2 'needs a folder' --profile=
fails 2 'Unknown option' search --nonsense x
fails 2 'needs a query' --profile p count
fails 2 'needs --address' --profile p setup --name A
fails 1 'comes later' --profile p setup --name A --address a@b.test --at-rest vault
fails 1 'comes later' --profile p setup --name A --address a@b.test --at-rest none --factor totp
fails 3 'not protect' setup --name A --address a@b.test --at-rest none
fails 1 'no profile yet' --profile p search x
[ ! -e p ] || fail 'a refused setup left a folder behind'
ln -s "$WARDMAIL" sendmail
code=0; ./sendmail -bp </dev/null 2>err || code=$?
is 2 "$code" 'exit code when called as sendmail'
grep -q 'option of sendmail' err || fail "called as sendmail it is not sendmail: $(cat err)"
say 'wrong usage and refusals'

ward setup --name 'Moreno, Dr. Alice' --address alice@x.test --at-rest none --factor none --passphrase-fd 3 3<<<unused | grep -q 'unprotected test profile'
fails 1 'left as it is' --profile p setup --name B --address b@x.test --at-rest none
fails 1 'There is no account' --profile p account test nope
fails 1 'OAuth2' --profile p account add o --address a@b.test --imap h:1 --smtp h:2 --auth oauth2
fails 2 'tls or starttls' --profile p account add o --address a@b.test --imap h:1 --smtp h:2 --imap-security none
fails 2 'HOST:PORT' --profile p account add o --address a@b.test --imap h --smtp h:2
# Settings: broken, then strict.
cp p/config/wardmail.conf good.conf
echo 'nonsense' >>p/config/wardmail.conf
fails 1 'wardmail.conf, line' --profile p count x
{ cat good.conf; printf '[sync]\npoll-seconds=soon\n'; } >p/config/wardmail.conf
fails 1 'wardmail.conf, \[sync\] poll-seconds' --profile p count x
cp good.conf p/config/wardmail.conf
printf '[accounts]\nallow-password=false\n' >p/config/policy.conf
fails 3 'not allowed' --profile p account add o --address a@b.test --imap h:1 --smtp h:2 --secret-fd 0
printf '[routes]\nleast-smime-trust=none\n' >p/config/policy.conf
fails 3 'stricter' --profile p account add o --address a@b.test --imap h:1 --smtp h:2 --secret-fd 0
rm p/config/policy.conf
# The engine is told to read its settings again.
ward account add clinic --address alice@x.test --imap localhost:1 --smtp localhost:2 --secret-fd 3 3<<<"hunter2" >/dev/null
is 'clinic tls password null' "$(ward account list --json | json '" ".join(str(d[0][k]) for k in ("name", "imap_security", "auth")) + " " + ("null" if d[0]["ca"] is None else "?")')" 'the account'
! grep -rq hunter2 p/config || fail 'a password lies in the settings'
fails 1 'already' --profile p account add clinic --address alice@x.test --imap localhost:1 --smtp localhost:2
fails 1 'empty' --profile p account login clinic --secret-fd 0
fails 2 'name of one account' --profile p account login
# Edited by hand, it serves with the next sync of an engine that runs; broken, that is said and the one before stays.
fails 1 'port 1:' --profile p sync
sed -i 's/^imap=.*/imap=localhost:9/' p/config/accounts.conf
fails 1 'port 9:' --profile p sync
cp p/config/accounts.conf good.conf
sed -i 's/^imap=.*/imap=localhost/' p/config/accounts.conf
code=0; ward sync >out 2>err || code=$?
is '1 2' "$code $(wc -l <err)" 'a broken accounts.conf: exit code and sentences'
grep -q 'port 9:' err || fail 'the settings of before are out of use'
grep -q 'accounts.conf, \[clinic\] imap: .*settings of before' err || fail "nobody was told of a broken accounts.conf: $(cat err)"
cp good.conf p/config/accounts.conf
ward account remove clinic >/dev/null
is '[]' "$(ward account list --json)" 'accounts after remove'
say 'profile, accounts and policy'

mkdir -m 700 gpg; export GNUPGHOME=$dir/gpg
for name in alice bob; do gpg --batch --quiet --pinentry-mode loopback --passphrase '' --quick-gen-key "$name <$name@x.test>" default default never 2>/dev/null; done

gpg --batch --armor --export-secret-keys alice@x.test >alice.asc; gpg --batch --export bob@x.test >bob.gpg
gpg --batch --yes --quiet --delete-secret-and-public-key "$(gpg --batch --with-colons -k alice@x.test | sed -n 's/^fpr:*\([0-9A-F]*\):.*/\1/p' | head -1)" 2>/dev/null
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 9 -subj /CN=CA -addext basicConstraints=critical,CA:TRUE 2>/dev/null
for name in alice carol; do
  openssl req -newkey rsa:2048 -nodes -keyout $name.key -out $name.csr -subj /CN=$name 2>/dev/null
  printf 'subjectAltName=email:%s@x.test\nextendedKeyUsage=emailProtection\nkeyUsage=digitalSignature,keyEncipherment\n' $name >ext
  openssl x509 -req -in $name.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 9 -extfile ext -out $name.pem 2>/dev/null
done
openssl pkcs12 -export -inkey alice.key -in alice.pem -out alice.p12 -passout pass:secret
fails 1 'passphrase' --profile p key import --passphrase-fd 0 alice.p12
ward key import --passphrase-fd 3 alice.p12 3<<<secret | grep -q 'alice@x.test (yours)'
ward key import alice.asc bob.gpg carol.pem >/dev/null
ward ca import ca.pem >/dev/null
fails 1 'cannot be read' --profile p key import nothing.asc
fingerprint=$(ward key list --json bob@x.test | json 'd[0]["fingerprint"]')
ward key trust "${fingerprint:0:20} ${fingerprint:20}" >/dev/null
is verified "$(ward key list --json bob@x.test | json 'd[0]["trust"]')" 'trust of the compared key'
is 'pgp key_found smime key_found hold no_key hold bad_address' \
  "$(ward explain --json bob@x.test carol@x.test dave@x.test nonsense | json '" ".join(r["route"] + " " + r["reason"] for r in d)')" 'routes'
is 'null' "$(ward explain --json dave@x.test | json 'd[0]["key"]')" 'key of one who has none'
say 'keys and routes'

# Two copies: each opens with its recipient's key alone, and holds what was sent.
code=0; printf 'Grüße an alle\n' | LC_ALL=C ward send --json --to bob@x.test --cc 'Carol <carol@x.test>' --subject 'Ä subject' --attach ca.pem --out copies >sent.json || code=$?
is 0 "$code" 'send --out'
is 'bob@x.test carol@x.test 0' "$(json '" ".join(r for c in d["copies"] for r in c["recipients"]) + " " + str(len(d["held"]))' <sent.json)" 'audiences'
is 'copies/copy-1.pgp.eml copies/copy-2.smime.eml' "$(json '" ".join(c["file"] for c in d["copies"])' <sent.json)" 'files'
gpg --batch --quiet --decrypt copies/copy-1.pgp.eml >bob.txt 2>/dev/null || [ -s bob.txt ] || fail "gpg cannot open Bob's copy"
grep -q '^Subject: =?' bob.txt || fail "the real subject is not in Bob's copy"
openssl cms -decrypt -in copies/copy-2.smime.eml -recip carol.pem -inkey carol.key -out carol.cms 2>/dev/null || fail "openssl cannot open Carol's copy"
openssl cms -verify -in carol.cms -CAfile ca.pem -out carol.txt 2>/dev/null || fail "openssl does not accept the signature in Carol's copy"
grep -q 'ca.pem' carol.txt || fail "the attachment is not in Carol's copy"
for file in copies/*; do grep -q '^Subject: \[\.\.\.\]' "$file" || fail "the outer subject of $file"; ! grep -qa 'Grüße' "$file" || fail "clear text in $file"; done
id=$(json 'd["message_id"]' <sent.json)
grep -qx "Message-ID: <$id>"$'\r' copies/copy-1.pgp.eml || fail 'the copy has another Message-ID'
code=0; echo x | ward send --json --to bob@x.test --bcc dave@x.test --out none >held.json 2>err || code=$?
is 3 "$code" 'send to one without a key'
is 'no_key 0' "$(json 'd["held"][0]["reason"] + " " + str(len(d["copies"]))' <held.json)" 'held'
[ ! -e none ] || fail 'a held message left files'
grep -q dave@x.test err || fail 'the reason is not on standard error'
code=0; printf 'a\377b' | ward send --to bob@x.test --dry-run >out 2>err || code=$?
is 1 "$code" 'a body that is not UTF-8'
code=0; echo x | ward send --json --to bob@x.test --out copies >out 2>err || code=$?
is 1 "$code" 'files in the way'
printf 'To: bob@x.test\nContent-Type: multipart/encrypted; boundary=q\n\n--q--\n' >protected.eml
code=0; ward sendmail -t -i <protected.eml >out 2>err || code=$?
is 2 "$code" 'sendmail with what is encrypted already'
grep -q 'already' err || fail "sendmail does not say why: $(cat err)"
say 'copies that gpg and openssl open'

ward verify copies/copy-1.pgp.eml >/dev/null || fail 'our own copy is not good'
is 'Ä subject [...] good whole ok unprotected test profile' "$(ward show --json copies/copy-2.smime.eml |
  json '" ".join([d["subject"], d["outer_subject"], d["signature"]["state"], d["signature"]["covers"], d["encryption"]["integrity"] or "ok", d["profile"]])')" 'show'
printf 'From: eve@x.test\nTo: alice@x.test\nSubject: plain\nMessage-ID: <1@x.test>\n\nhello there\n' >plain.eml
code=0; ward verify plain.eml >out || code=$?
is 5 "$code" 'verify of what nobody signed'
is 'none false' "$(ward verify --json - <plain.eml | json 'd["signature"]["state"] + " " + str(d["encryption"]["decrypted"]).lower()' || true)" 'verify --json'
is 2019-01-01T00:00:00Z "$(ward show --json --at 2019-01-01T00:00:00Z plain.eml | json 'd["at"]')" 'the time that was judged by'
fails 2 'needs a time' --profile p show --at yesterday plain.eml
printf 'Garbage \001\377\000' | ward show --json - | json 'd["signature"]["state"]' >/dev/null || fail 'show does not answer for garbage'
ward reply --print plain.eml | grep -q '^> hello there' || fail 'the reply does not quote'
say 'show, verify, reply'

# No profile at all: judged all the same, and nothing is left behind.
before=$(find "${XDG_RUNTIME_DIR:-/tmp}" -maxdepth 1 -name 'wardmail-*' 2>/dev/null | sort)
mkdir -m 700 home
is plain "$(HOME=$dir/home XDG_CONFIG_HOME='' XDG_DATA_HOME='' XDG_STATE_HOME='' "$WARDMAIL" show --json plain.eml | json 'd["subject"]')" 'show without a profile'
is "$before" "$(find "${XDG_RUNTIME_DIR:-/tmp}" -maxdepth 1 -name 'wardmail-*' 2>/dev/null | sort)" 'what is left behind'
is '' "$(find home -type f)" 'what is left behind at home'

ward import --folder old plain.eml copies >/dev/null
is 2 "$(ward count '*')" 'messages after import'
is 1 "$(ward count Grüße)" 'encrypted mail found by its content'
is 'plain 1 1' "$(ward search --json subject:plain | json 'd[0]["subject"] + " " + str(d[0]["matched"]) + " " + str(d[0]["total"])')" 'search'
is 'Moreno, Dr. Alice' "$(ward search --json Grüße | json 'd[0]["authors"]')" 'authors of encrypted mail'
ward tag +seen-it -- subject:plain >/dev/null
is 1 "$(ward count tag:seen-it)" 'tagged'
fails 2 'no change of a tag' --profile p tag nonsense -- x
fails 1 'not here' --profile p show id:nowhere@x.test
is 'hello there' "$(ward show --json id:1@x.test | json 'd["text_body"].strip()')" 'show id:'
say 'import, search, tag'

printf '%s\n' 'From: a@x.test' 'Subject: parts' 'Content-Type: multipart/mixed; boundary=b' '' '--b' '' 'see there' '--b' \
  'Content-Type: text/csv; name=r.csv' 'Content-Disposition: attachment' '' 'Test,Value' 'Sodium,140' '--b' \
  'Content-Type: application/octet-stream; name=run.pdf.exe' 'Content-Disposition: attachment' '' 'x' '--b--' >parts.eml
is 'Test    Value Sodium  140' "$(ward show --part 1.2 --text parts.eml | tr '\n' ' ' | sed 's/ $//')" 'a part as text'
is true "$(ward show --json parts.eml | json '"pretends to be a document" in d["parts"][2]["warning"] and d["parts"][1]["warning"] is None')" 'a disguised program'
fails 2 'say --outside too' --profile p show --part 1.2 --save out.csv parts.eml
fails 1 'There is no safe way' --profile p show --part 1.3 --text parts.eml
[ ! -e out.csv ] || fail 'a part is saved without a word'
ward show --part 1.2 --save out.csv --outside parts.eml 2>err
grep -q 'not encrypted' err || fail 'nothing is said of what leaves'
is '600 Test,Value' "$(stat -c %a out.csv) $(head -1 out.csv)" 'the file that was saved'
fails 1 'is there already' --profile p show --part 1.2 --save out.csv --outside parts.eml
say 'parts'

! "$WARDMAIL" --profile p search '*' >/dev/full 2>err || fail 'a full disk is not noticed'
grep -q 'could not be written' err || fail 'a full disk is not said'
