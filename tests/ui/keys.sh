#!/bin/bash
# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# The Keys screen: who is there, all about one key, comparing a fingerprint, taking in a file. The saved screens are in tests/ui/golden/.
set -euo pipefail
# shellcheck source=tests/ui/ui.sh
. "$(dirname "$0")/ui.sh"
# Fingerprints and days are others in every run.
export GOLDEN_MASK='s/[0-9A-F]{4}( [0-9A-F]{4})+/FINGERPRINT/; s/20[0-9]{2}-[0-9]{2}-[0-9]{2}/YYYY-MM-DD/'
ui_start
terminal_type K
terminal_wait 'Valid until'
terminal_wait 'carol@'
terminal_golden keys
terminal_keys Down Down Down Down Enter
terminal_wait 'Fingerprint'
terminal_golden key
terminal_keys q
terminal_wait_gone 'Fingerprint'
say 'the keys are listed, and each can be looked at'

# Somebody's fingerprint, as gpg tells it, stands on the page to compare.
shown () { terminal_text | grep -oE '[0-9A-F]{4}( [0-9A-F]{4})+' | tr -d ' \n'; }
terminal_type c
terminal_wait 'Is every group the same'
is "$(gpg --homedir "$KEYS/gnupg" --batch --with-colons --list-keys erin2@demo.test | awk -F: '$1 == "fpr" {print $10; exit}')" "$(shown)" "the fingerprint of Erin's key"
terminal_golden compare
terminal_type n
terminal_wait 'is no longer used'
terminal_wait 'not used'
is stopped "$(ward explain --json erin2@demo.test | json 'd[0]["reason"]')" 'why nothing is sent to a key that differs'
terminal_type c
terminal_wait 'Is every group the same'
terminal_type y
terminal_wait 'Marked as compared'
is verified "$(ward key list --json erin2@demo.test | json 'd[0]["trust"]')" 'the trust in the key that was compared'
say 'a key is compared'

mkdir -m 700 "$dir/new"
gpg --homedir "$dir/new" --batch --quiet --passphrase '' --quick-generate-key 'Fay Newcomer <fay@demo.test>' ed25519 default never 2>/dev/null
gpg --homedir "$dir/new" --batch --armor --export fay@demo.test >"$dir/new/fay.asc"
gpgconf --homedir "$dir/new" --kill all
terminal_type i
terminal_wait 'File with a key'
terminal_keys C-u
terminal_type "$dir/new/fay.asc"
terminal_keys Enter
terminal_wait 'Taken in: fay@demo.test'
terminal_wait 'fay@demo.test'
terminal_type /
terminal_wait 'Show keys with'
terminal_type FAY
terminal_keys Enter
terminal_wait_gone 'carol@'
terminal_wait 'fay@'
say 'a file is taken in, and a key is found'

# Alice has all she needs, so no second key is made by mistake. The public half of her OpenPGP key is given out.
terminal_type /
terminal_wait 'Show keys with'
terminal_keys C-u Enter
terminal_wait 'carol@'
terminal_type n
terminal_wait 'of which kind'
terminal_type s
terminal_wait 'already'
terminal_keys Home
terminal_type e
terminal_wait 'Save the public half as'
terminal_keys C-u
terminal_type "$dir/new/alice.asc"
terminal_keys Enter
terminal_wait 'Saved as'
gpg --homedir "$dir/new" --batch --show-keys "$dir/new/alice.asc" | grep -q alice@demo.test || fail 'gpg does not know the key that was saved'
say 'the public half is given out'

# What was asked for earlier is ready while a passphrase is typed: its question comes after it, and not under the fingers.
keys=$(pgrep -P "$(pgrep -f -- "^wardmail --process engine $dir/p( |\$)")" -f -- '^wardmail --process keys')
kill -STOP "$keys"
terminal_type e
terminal_type B
terminal_wait 'A passphrase that opens it'
kill -CONT "$keys"
ward key list >/dev/null # the answer before this one is on the screen
terminal_type 'half a passphrase'
terminal_wait 'A passphrase that opens it'
terminal_wait_gone 'half a passphrase'
terminal_keys Escape
terminal_wait 'Save the public half as'
terminal_keys Escape
terminal_wait_gone 'Save the public half as'
say 'a question waits for the one before it'

# A back-up, under a passphrase that is typed twice; gpg opens it.
terminal_type B
terminal_wait 'A passphrase that opens it'
terminal_type 'seven lonely quokkas'
terminal_keys Enter
terminal_wait 'The same again'
terminal_type 'seven lonely quokkas'
terminal_keys Enter
terminal_wait 'Save the sealed back-up as' 60
terminal_keys C-u
terminal_type "$dir/new/backup.gpg"
terminal_keys Enter
terminal_wait 'Keep it apart'
is 1 "$(gpg --homedir "$dir/new" --batch --quiet --pinentry-mode loopback --passphrase-fd 3 --decrypt "$dir/new/backup.gpg" 3<<<'seven lonely quokkas' 2>/dev/null |
  tar x --to-stdout openpgp/secret-keys.asc | grep -c 'BEGIN PGP PRIVATE KEY BLOCK')" 'secret keys that gpg finds in the back-up'
say 'and a back-up is made'

terminal_type i
terminal_wait 'File with a key'
terminal_keys C-u
terminal_type "$dir/new/backup.gpg"
terminal_keys Enter
terminal_wait 'This is a back-up'
terminal_type 'seven lonely koalas'
terminal_keys Enter
terminal_wait 'does not open this' 60
terminal_type i
terminal_wait 'File with a key'
terminal_keys C-u
terminal_type "$dir/new/backup.gpg"
terminal_keys Enter
terminal_wait 'This is a back-up'
terminal_type 'seven lonely quokkas'
terminal_keys Enter
terminal_wait 'The back-up is taken in' 60
say 'and taken in again'

# Somebody's key is given up, and the user's own is renewed and revoked: gpg agrees.
terminal_type /
terminal_wait 'Show keys with'
terminal_keys C-u
terminal_type fay
terminal_keys Enter
terminal_wait_gone 'carol@'
terminal_type d
terminal_wait 'do not use it any more'
terminal_type u
terminal_wait 'This key is no longer used'
terminal_type /
terminal_wait 'Show keys with'
terminal_keys C-u Enter
terminal_wait 'carol@'
terminal_keys Home
terminal_type r
terminal_wait 'This key has no end'
terminal_keys Down
terminal_type r
terminal_wait 'Ask for a new certificate'
terminal_type y
terminal_wait 'Save the request for its certificate as'
terminal_keys C-u
terminal_type "$dir/new/next.csr"
terminal_keys Enter
terminal_wait 'Saved as'
openssl req -in "$dir/new/next.csr" -noout -verify 2>/dev/null || fail 'openssl does not know the request'
terminal_keys Home
terminal_type d
terminal_wait 'Nobody can undo that'
terminal_type n
terminal_wait 'Save the public half that says so'
terminal_keys C-u
terminal_type "$dir/new/revoked.asc"
terminal_keys Enter
terminal_wait 'Send it to everybody'
terminal_wait 'revoked'
is r "$(gpg --homedir "$dir/new" --batch --with-colons --import-options show-only --import "$dir/new/revoked.asc" 2>/dev/null | awk -F: '$1 == "pub" {print $2}')" "what gpg says of Alice's revoked key"
say 'keys end'

# A container with a passphrase; a wrong one takes nothing in.
openssl pkcs12 -export -in "$KEYS/erin.smime.pem" -inkey "$KEYS/erin.smime.key" -passout pass:right -out "$dir/new/erin.p12"
terminal_type i
terminal_wait 'File with a key'
terminal_keys C-u
terminal_type "$dir/new/erin.p12"
terminal_keys Enter
terminal_wait 'Passphrase of this key file'
terminal_type wrong
terminal_keys Enter
terminal_wait 'passphrase'
terminal_lacks wrong || fail 'the passphrase stands on the screen'
say 'a wrong passphrase takes nothing in'
terminal_wait_gone 'Passphrase of this key file'

# One's own keys, attached to a message.
terminal_type m
terminal_wait 'Subject:'
terminal_keys C-v
terminal_wait 'Your own public key is attached'
terminal_wait 'alice@demo.test.asc'
terminal_wait 'alice@demo.test.pem'
say 'one'\''s own keys are attached'
