#!/bin/bash
# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Folders as people use them, from both sides, with a server that can everything and with one that can nothing but IMAP4rev1: the same changes,
# and both sides equal in the end.
# Keywords begin with a dollar sign.
# shellcheck disable=SC2016
set -euo pipefail
# shellcheck source=tests/live/live.sh
. "$(dirname "$0")/live.sh"
live_start
ward sync >/dev/null

# same WHAT: what lies here and what lies there are compared by a program that is not ours.
same () { "$LIVE/same" "$dir" alice demo || fail "$1: the two sides differ"; }
mail () { printf 'From: Bob Okafor <bob@demo.test>\r\nTo: alice@demo.test\r\nSubject: %s\r\nMessage-ID: <%s@demo.test>\r\n\r\nText.\r\n' "$2" "$1" | mailbox alice append "$3"; }
named () { ward folder list --json | json "[f['name'] for f in d if f['account'] == 'demo' and f['name'].startswith('$1')]"; }
files () { find "$dir/p/data/mail/demo" -path '*/cur/*' -printf '%i\n' | sort; }

changes () {
  say "with: $1"
  # There.
  mailbox alice create Ward/7; mailbox alice create 'Entwürfe & Co'; mailbox alice subscribe 'Entwürfe & Co'
  for i in 1 2 3; do mail "$1-$i" "Round $i" Ward/7; done
  ward sync >/dev/null
  is 'Ward/7' "$(named Ward)" 'a folder that was made there'
  is true "$(ward folder list --json | json '[f["subscribed"] for f in d if f["name"] == "Entwürfe & Co"][0]')" 'a folder that was subscribed there'
  same 'folders made there'
  before=$(files)
  mailbox alice rename Ward/7 Station
  ward sync >/dev/null
  is Station "$(named Station)" 'a folder that was renamed there'
  [ "$before" = "$(files)" ] || fail 'a folder that was renamed there was fetched anew'
  same 'a folder renamed there'
  mailbox alice delete 'Entwürfe & Co'
  ward sync >/dev/null
  is '' "$(named Ent)$(named Ward)" 'folders that were deleted there'

  # Here.
  ward folder create 'demo/Büro/Post' >/dev/null
  ward folder rename demo/Station 'Büro/Station' >/dev/null
  ward sync >/dev/null
  same 'folders made and renamed here'
  grep -q 'B&APw-ro/Post' <<<"$(mailbox alice subscribed)" || fail 'a folder that was made here is not subscribed there'
  is 3 "$(mailbox alice count Büro/Station)" 'mails in a folder that was renamed here'
  # Mails without Message-ID, two with the same one, and a folder that is another one all of a sudden, with tags that the server has not heard of.
  printf 'From: bob@demo.test\r\nSubject: No name\r\n\r\n%s.\r\n' "$1" | mailbox alice append Büro/Post
  printf 'From: bob@demo.test\r\nSubject: No name\r\n\r\n%s.\r\n' "$1" | mailbox alice append Büro/Post
  mail "$1-twice" 'Twice' Büro/Post; mail "$1-twice" 'Twice' Büro/Post; mail "$1-twice" 'Twice' INBOX
  ward sync >/dev/null
  same 'mails without a name, or with the same one'
  end_profile "$dir/p" # nobody has the folder open
  post=$dir/dovecot/mail/alice/.B\&APw-ro.Post
  sed -i '1s/ V[0-9]*/ V1234567/' "$post/dovecot-uidlist"; rm -f "$post"/dovecot.index*
  ward tag +moved-house -unread -- subject:Twice >/dev/null
  ward sync >/dev/null; ward sync >/dev/null
  same 'a folder with another UIDVALIDITY'
  is 'moved-house moved-house' "$(mailbox alice flags Büro/Post SUBJECT '"Twice"' | tr ' ' '\n' | grep moved | tr '\n' ' ' | sed 's/ $//')" 'keywords in it'
  mailbox alice expunge Büro/Post SUBJECT '"Twice"'; mailbox alice expunge INBOX SUBJECT '"Twice"'; mailbox alice expunge Büro/Post
  ward sync >/dev/null
  same 'all of them gone'

  # Tags and keywords, both ways, changed at once on different mails and on one.
  ward tag +todo +Chefsache +junk -- folder:demo/INBOX and subject:'"Duty phone numbers"' >/dev/null
  mailbox alice store INBOX '+$Important' SUBJECT '"Duty phone numbers"'
  mailbox alice store INBOX '+$Forwarded' SUBJECT '"Telemetry parts"'; mailbox alice store INBOX '+Round' SUBJECT '"Telemetry parts"'
  ward sync >/dev/null
  is '$Important $Junk =43hefsache todo' "$(mailbox alice flags INBOX SUBJECT '"Duty phone numbers"' | tr ' ' '\n' | grep -v '^.Seen' | sort | tr '\n' ' ' | sed 's/ $//')" 'keywords there'
  is '1 1' "$(ward count 'tag:important and tag:todo and tag:Chefsache') $(ward count 'tag:passed and tag:round and subject:"Telemetry parts"')" 'tags here'
  ward tag -todo -Chefsache -junk -- subject:'"Duty phone numbers"' >/dev/null
  mailbox alice store INBOX '-$Important' SUBJECT '"Duty phone numbers"'; mailbox alice store INBOX '-Round' SUBJECT '"Telemetry parts"'
  mailbox alice store INBOX '-$Forwarded' SUBJECT '"Telemetry parts"'
  ward sync >/dev/null
  is '' "$(mailbox alice flags INBOX SUBJECT '"Duty phone numbers"' | sed 's/.Seen//')" 'keywords there that were taken away'
  is '0 0' "$(ward count 'tag:important or tag:todo or tag:Chefsache or tag:junk') $(ward count 'tag:passed or tag:round')" 'tags here that were taken away'
  mail "$1-4" 'Later' Büro/Station
  ward folder remove --yes demo/Büro/Station >/dev/null
  ward sync >"$dir/out" 2>&1
  is Büro/Station "$(named Büro/Station)" 'a folder into which mail came that nobody had seen'
  ward sync >/dev/null
  same 'a folder that was not removed'
  ward folder unsubscribe demo/Büro/Post >/dev/null
  ward sync >/dev/null
  if grep -q B.APw-ro/Post <<<"$(mailbox alice subscribed)"; then fail 'a folder that was unsubscribed here is subscribed there'; fi
  same 'a folder unsubscribed here'
  ward folder remove --yes demo/Büro/Station >/dev/null
  ward folder remove demo/Büro/Post >/dev/null
  ward sync >/dev/null
  is '' "$(named Büro)$(mailbox alice folders | grep -v Noselect | grep 'B&APw' || true)" 'folders that were removed here'
  same 'folders removed here'
}

changes full
twice () { ward count '*' >/dev/null; [ "$(doveadm -c "$dir/dovecot/dovecot.conf" who -1 alice | grep -c imap)" -ge 2 ]; }
arrived () { [ "$(ward count 'subject:"Heard on the second line"')" = 1 ]; }
wait_until 20 twice || fail 'there is no second connection'
mail heard 'Heard on the second line' INBOX
wait_until 20 arrived || fail 'new mail is not noticed'
say 'new mail is noticed on a second connection'
end_profile "$dir/p"
printf 'protocol imap {\n  imap_capability = IMAP4rev1\n}\n' >>"$dir/dovecot/dovecot.conf"
doveadm -c "$dir/dovecot/dovecot.conf" reload
changes bare

for name in 'demo/a*' 'demo/../x' 'demo/INBOX' $'demo/a\r\nb' 'demo/Sent/'; do
  if ward folder create "$name" 2>"$dir/err"; then fail "a folder was made that is called '$name'"; fi
  is 1 "$(wc -l <"$dir/err")" "sentences about the folder '$name'"
done
if ward folder remove --yes demo/Sent 2>/dev/null; then fail 'the folder for sent mail was removed'; fi
say 'names that are none are refused'
