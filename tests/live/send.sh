#!/bin/bash
# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Alice writes to Bob (OpenPGP), Carol (S/MIME) and Erin (both), with a blind copy to Erin's private address. Each one's copy
# is fetched by IMAP as that person and opened by gpg or openssl, not by us.
set -euo pipefail
# shellcheck source=tests/live/live.sh
. "$(dirname "$0")/live.sh"
live_start
marker=marker$(openssl rand -hex 12)

mkdir "$dir/in"
printf 'Dear all,\n\nthe plan %s is attached. Grüße, 田中さん!\n\nAlice\n' "$marker" >"$dir/in/body"
printf 'step,dose\n1,%s\n' "$marker" >"$dir/in/plan-$marker.csv"
ward send --json --to bob@demo.test --cc carol@demo.test --cc erin@demo.test --bcc erin2@demo.test \
  --subject "Treatment plan $marker" --attach "$dir/in/plan-$marker.csv" <"$dir/in/body" >"$dir/p/sent.json" || fail "send: exit $?"
if (no_trace "$marker") 2>/dev/null; then fail 'the search for traces does not find the text where it is'; fi
rm -r "$dir/in"
id=$(json 'd["message_id"].strip("<>")' <"$dir/p/sent.json")
is 3 "$(json 'len(d["copies"])' <"$dir/p/sent.json")" 'copies'
is 0 "$(json 'len(d["held"])' <"$dir/p/sent.json")" 'held'
is "pgp bob@demo.test
pgp erin2@demo.test
smime carol@demo.test erin@demo.test" "$(json 'sorted(c["method"] + " " + " ".join(sorted(c["recipients"])) for c in d["copies"])' <"$dir/p/sent.json")" \
  'who gets which copy'
say "sent as $id"

# Fetches PERSON's copy as that person to DIR/PERSON.eml, and checks what every copy must have.
fetch () {
  mailbox "$1" wait INBOX 1 HEADER Message-ID "$id"
  is 1 "$(mailbox "$1" count INBOX HEADER Message-ID "$id")" "how many copies $1 has"
  mv "$(mailbox "$1" fetch INBOX "$dir/$1" HEADER Message-ID "$id")" "$dir/$1.eml"
  grep -q '^Subject: \[\.\.\.\]' "$dir/$1.eml" || fail "$1's copy shows a subject outside: $(grep '^Subject:' "$dir/$1.eml")"
  if grep -qi '^Bcc:' "$dir/$1.eml"; then fail "$1's copy has a Bcc field"; fi
  if [ "$1" != erin2 ] && sed '/^Received:/d' "$dir/$1.eml" | grep -qF 'erin2'; then fail "$1's copy names the blind recipient"; fi
}
for who in bob carol erin erin2; do fetch "$who"; done
say 'each has one copy'

# The ids of the keys that a PGP/MIME message is encrypted to, and those of a person's encryption subkeys.
pgp_recipients () { gpg --homedir "$(person bob)" --batch --list-packets --list-only "$1" 2>/dev/null | sed -n 's/^:pubkey enc packet:.*keyid \([0-9A-F]*\).*/\1/p' | sort; }
pgp_subkey () { gpg --homedir "$KEYS/gnupg" --batch --with-colons --list-keys "$1@demo.test" | awk -F: '$1 == "sub" {print $5}'; }
for who in bob erin2; do
  is "$( (pgp_subkey "$who"; pgp_subkey alice) | sort)" "$(pgp_recipients "$dir/$who.eml")" "the keys that $who's copy names"
  person_gpg "$who" --status-fd 3 --decrypt "$dir/$who.eml" 3>"$dir/p/status" >"$dir/p/clear" 2>/dev/null || fail "gpg cannot decrypt $who's copy"
  grep -q '^\[GNUPG:\] GOODSIG .*alice@demo.test' "$dir/p/status" || fail "gpg finds no good signature of Alice in $who's copy"
  grep -q "$marker" "$dir/p/clear" || fail "$who does not read what Alice wrote"
  grep -q "^Subject: Treatment plan $marker" "$dir/p/clear" || fail "$who does not read the subject"
done
say 'gpg opens the OpenPGP copies; they name no other keys'

# In order of their making, Alice's certificate has the serial number 4096, Carol's 4097, Erin's 4098 (0x1000 to 0x1002).
for who in carol erin; do
  is '4096 4097 4098 ' "$(openssl cms -cmsout -print -in "$dir/$who.eml" | sed -n 's/^ *serialNumber: *\([0-9]*\).*/\1/p' | sort -u | tr '\n' ' ')" \
    "the certificates that $who's copy names"
  openssl cms -decrypt -in "$dir/$who.eml" -recip "$KEYS/$who.smime.pem" -inkey "$KEYS/$who.smime.key" -out "$dir/p/signed" ||
    fail "openssl cannot decrypt $who's copy"
  openssl cms -verify -in "$dir/p/signed" -CAfile "$KEYS/ca.pem" -signer "$dir/p/signer" -out "$dir/p/clear" 2>"$dir/p/verify.log" ||
    { cat "$dir/p/verify.log" >&2; fail "openssl does not accept Alice's signature in $who's copy"; }
  openssl x509 -in "$dir/p/signer" -noout -email | grep -qx alice@demo.test || fail "$who's copy is signed by somebody else"
  grep -q "$marker" "$dir/p/clear" || fail "$who does not read what Alice wrote"
  grep -q "^Subject: Treatment plan $marker" "$dir/p/clear" || fail "$who does not read the subject"
done
cmp -s <(sed '1,/^$/d' "$dir/carol.eml") <(sed '1,/^$/d' "$dir/erin.eml") || fail 'Carol and Erin should have the same copy'
say 'openssl opens the S/MIME copy; it names no other certificates'

# Alice's key goes along outside of every copy, as short as it can be; of the others no key does.
for who in bob carol erin erin2; do
  /usr/bin/python3 - "$dir/$who.eml" "$dir/p/said" <<'PYTHON' || fail "$who's copy says the wrong thing of keys"
import base64, email, email.policy, pathlib, re, sys
mail = email.message_from_bytes(pathlib.Path(sys.argv[1]).read_bytes(), policy=email.policy.compat32)
fields = mail.get_all("Autocrypt")
assert len(fields) == 1 and mail.get("Autocrypt-Gossip") is None, fields
found = re.fullmatch(r"addr=alice@demo\.test; prefer-encrypt=mutual; keydata=([A-Za-z0-9+/=]+)", re.sub(r"\s+(?!prefer|keydata)", "", fields[0]))
pathlib.Path(sys.argv[2]).write_bytes(base64.b64decode(found[1], validate=True))
PYTHON
  is 'public key,user ID,signature,public sub key,signature,' "$(gpg --homedir "$(person bob)" --batch --list-packets "$dir/p/said" 2>/dev/null |
    sed -n 's/^:\([A-Za-z ]*\) packet:.*/\1/p' | tr '\n' ',')" "the packets of the key in $who's copy"
  gpg --homedir "$(person bob)" --batch --quiet --with-colons --show-keys "$dir/p/said" 2>/dev/null | grep -q '^uid:.*<alice@demo.test>' || fail 'it is not the key of Alice'
done
if grep -qi autocrypt "$dir/p/clear"; then fail 'an S/MIME copy tells of OpenPGP keys'; fi
is '[]' "$(ward show --json "$dir/bob.eml" | json 'str(d["warnings"])')" "what is to be warned of in Bob's copy"
say "Alice's key goes along, and nobody else's"

mailbox alice wait Sent 1 HEADER Message-ID "$id"
is 1 "$(mailbox alice count Sent HEADER Message-ID "$id")" "Alice's records in Sent"
mailbox alice fetch Sent "$dir/record" HEADER Message-ID "$id" >/dev/null
openssl cms -decrypt -in "$dir/record/"*.eml -recip "$KEYS/alice.smime.pem" -inkey "$KEYS/alice.smime.key" 2>/dev/null | grep -q "$marker" ||
  fail "Alice's own record cannot be opened with her key"
is '4096 ' "$(openssl cms -cmsout -print -in "$dir/record/"*.eml | sed -n 's/^ *serialNumber: *\([0-9]*\).*/\1/p' | sort -u | tr '\n' ' ')" \
  "the certificates that Alice's record names"
say 'the record in Sent is for Alice alone'

is 3 "$(cat "$TAP"/*.client | grep -aci '^MAIL FROM:<alice@demo.test>')" 'messages on the SMTP line'
no_trace "$marker"
say 'no trace of the text outside the profile: not on the line, not on the server, not on the disk'
is 1 "$(ward count "$marker")" 'mails that a search for the text finds'
say 'and a search in the profile finds it'
