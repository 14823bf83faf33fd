#!/bin/bash
# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# The newcomer's way: the inbox, an encrypted mail, a letter to Bob whose route shows while it is typed, the record in Sent.
# The saved screens are in tests/ui/golden/.
set -euo pipefail
# shellcheck source=tests/ui/ui.sh
. "$(dirname "$0")/ui.sh"
# What was sent carries the real clock's date.
export GOLDEN_MASK='s/Date: [A-Z][a-z]{2}, .{26}/Date:                                /; s/<note[.][0-9a-f]{32}@/<note.                                @/; /Golden greeting/s/│(.....).{9}/│\1         /; s/^(Date: ).*20[0-9][0-9].*[0-9]:[0-9][0-9]$/\1/'
ui_start
terminal_golden inbox

terminal_keys Down Down
terminal_keys Enter
terminal_wait 'Keyword for the search: quokka-smime'
terminal_wait '[GOOD]'
terminal_golden encrypted
terminal_type '?'
terminal_wait 'Keyboard'
terminal_golden help
terminal_keys q
terminal_wait_gone 'Keyboard ─'
terminal_keys q
terminal_wait_gone 'quokka-smime'
say 'an encrypted mail is read'

terminal_type m
terminal_wait 'To:'
terminal_type 'bob@demo.test'
terminal_wait 'OpenPGP'
terminal_keys Enter
terminal_type 'dave@demo.test'
terminal_wait 'HELD'
terminal_golden route-held
terminal_keys C-n
terminal_wait 'A note that asks for a key'
terminal_golden note
terminal_keys q
terminal_wait_gone 'A note that asks'
for _ in {1..14}; do terminal_keys BSpace; done
terminal_wait_gone 'HELD'
terminal_keys Enter Enter
terminal_type 'Golden greeting'
terminal_keys Enter
terminal_type 'Dear Bob,'
terminal_keys Enter Enter
terminal_type 'the screens are golden today. Grüße, 田中'
terminal_golden compose
terminal_keys C-x
terminal_wait 'Press u to take it back.' 30
terminal_wait 'Sending in 7 s. Press u to take it back.'
terminal_type u
terminal_wait 'Taken back: nothing was sent to anybody.'
terminal_wait 'the screens are golden today. Grüße, 田中'
is 0 "$(mailbox bob count INBOX SUBJECT '"[...]"')" 'letters that Bob has before it is sent'
drafts () { ward search --json tag:draft | /usr/bin/python3 -c 'import json, sys; print(len(json.load(sys.stdin)))'; }
is 1 "$(drafts)" 'drafts, when it is taken back: a screen that dies now loses nothing'
say 'a letter to Bob is taken back, and is in the editor again'
terminal_keys C-x
terminal_wait 'Press u to take it back.' 30
no_drafts () { [ "$(drafts)" = 0 ]; }
wait_until 5 no_drafts || fail 'what waits in the Outbox is in Drafts, too'
terminal_has 'Press u to take it back.' || fail 'it was sent before anybody looked'
terminal_wait 'Sent to bob@demo.test.' 30
terminal_lacks 'Sending in' || fail 'it is sent, and the seconds are counted still'
say 'it is sent'

mailbox bob wait INBOX 4
terminal_keys Tab
terminal_wait 'To the list'
terminal_keys Down Down Enter
terminal_wait 'Golden greeting'
terminal_wait_gone 'To the list'
terminal_wait_gone 'Sent to bob'   # the sentence goes by itself
terminal_golden sent
terminal_keys Enter
terminal_wait 'the screens are golden today. Grüße, 田中'
terminal_wait '[GOOD]'
say 'and it is in Sent, and can be read there'
file=$(mailbox bob fetch INBOX "$dir/bob" SUBJECT '"[...]"')
person_gpg bob --decrypt "$file" 2>/dev/null | grep -q '^Subject: Golden greeting' || fail 'Bob does not read the subject'

terminal_keys q
terminal_wait_gone '[GOOD]'
terminal_type m
terminal_wait 'To:'
terminal_type 'dave@demo.test'
terminal_wait 'press ^N'
terminal_keys C-n
terminal_wait 'A note that asks for a key'
terminal_type s
terminal_wait 'Send this note to dave@demo.test, without protection?'
terminal_type y
terminal_wait 'The note was sent to dave@demo.test, without protection.' 30
mailbox dave wait INBOX 4
is 1 "$(mailbox dave count INBOX SUBJECT '"could not send you protected mail"')" 'notes to Dave'
say 'a note asks Dave for a key'
