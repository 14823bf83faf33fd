#!/bin/bash
# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Wide characters, emoji, accents and what joins them take the room on the screen that was reckoned: nothing beside or below is shifted. Saved screens
# of imported mail; no servers.
set -euo pipefail
# shellcheck source=tests/live/live.sh
. "$(dirname "$0")/../live/live.sh"
# shellcheck source=tests/ui/terminal.sh
. "$(dirname "$0")/terminal.sh"
export TZ=UTC WARDMAIL_TEST_NOW=2025-03-03T09:00:00Z

dir=$(private_dir)
tidy () {
  local code=$?
  terminal_end
  end_profile "$dir/p"
  rm -rf "$dir"
  exit "$code"
}
trap tidy EXIT
mkdir -p "$dir/mail/cur" "$dir/mail/new" "$dir/mail/tmp"
python3 - "$dir/mail/cur" <<'PYTHON'
import sys
subjects = ["plain text of one column each", "\u65e5\u672c\u8a9e\u306e\u4ef6\u540d",
            "\U0001f469\U0001f3fd\u200d\U0001f52c \u2764\ufe0f \U0001f1e9\U0001f1ea \U0001f44d\U0001f3ff",
            "\u1112\u1161\u11ab\u1100\u1173\u11af", "e\u0308 a\u0301 n\u0303", "\u0928\u092e\u0938\u094d\u0924\u0947",
            "z" + "\u0301\u0302\u0303\u0304\u0305" * 6, "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u202eback \u200bto front\u2069"]
text = "".join(f"{subject}|\n" for subject in subjects)
for number, subject in enumerate(subjects):
    with open(f"{sys.argv[1]}/{number}:2,S", "w", encoding="utf-8") as mail:
        mail.write(f"From: \u5c71\u7530 \U0001f44d\U0001f3ff {number} <y{number}@b.example>\nTo: a@b.example\nSubject: {subject}|\n"
                   f"Date: Sun, 02 Mar 2025 1{number}:00:00 +0000\nMessage-ID: <wide{number}@b.example>\nMIME-Version: 1.0\n"
                   f"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{text}")
PYTHON
ward setup --name Alice --address alice@demo.test --at-rest none --factor none >/dev/null
ward import "$dir/mail" >/dev/null
# An account is needed for the screen; nobody answers there.
ward account add demo --address alice@demo.test --imap localhost:1 --imap-security tls --smtp localhost:1 --smtp-security tls \
  --auth password --user alice --secret-fd 3 3< <(echo password) >/dev/null
terminal_start "$dir/tmux" 80 24 "$WARDMAIL" --profile "$dir/p"
terminal_wait ' offline '
terminal_type '/*'
terminal_keys Enter
terminal_wait 'plain text of one column'
terminal_golden wide-list
say 'a list of wide, joined and piled characters'
terminal_keys Enter
terminal_wait 'Subject:'
terminal_golden wide-text
say 'and their text'
