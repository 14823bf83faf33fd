#!/bin/bash
# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Folders from the left side of the screen: made, renamed, removed, here and on the server.
set -euo pipefail
# shellcheck source=tests/ui/ui.sh
. "$(dirname "$0")/ui.sh"
live_start
ward sync >/dev/null
ui_open
there () { grep -q " \"\\?$1\"\\?\$" <<<"$(mailbox alice folders)"; }
not_there () { ! there "$1"; }

terminal_keys Tab
terminal_wait 'New folder'
terminal_type n
terminal_wait 'New folder in demo'
terminal_type 'Zebra'
terminal_keys Enter
terminal_wait 'The folder is made'
terminal_lacks 'as soon as there is a connection' || fail 'there is one'
wait_until 20 there Zebra || fail 'a folder that was made on the screen is not on the server'
mailbox alice append Zebra <<<$'From: bob@demo.test\nSubject: Stripes\nMessage-ID: <stripes@demo.test>\n\nText.'
ward sync >/dev/null
terminal_wait ' Zebra'
say 'a folder is made'

# The last of the folders, above the three searches that everybody has.
terminal_type Gkkkr
terminal_wait 'New name: Zebra'
terminal_type ' crossing'
terminal_keys Enter
wait_until 20 there 'Zebra crossing' || fail 'a folder that was renamed on the screen is not so on the server'
is 1 "$(mailbox alice count 'Zebra crossing')" 'mails in it'
say 'a folder is renamed'

terminal_wait 'Zebra crossi'
terminal_type d
terminal_wait 'with the 1 mail in it'
terminal_keys Escape
terminal_type d
terminal_wait 'with the 1 mail in it'
terminal_type r
wait_until 20 not_there 'Zebra crossing' || fail 'a folder that was removed on the screen is on the server'
say 'a folder is removed, with its mail, after a question'
terminal_end
