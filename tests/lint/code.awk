# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# C without its comments, and with empty strings and characters, as "FILE:LINE:TEXT". What a lint reads instead of the source,
# so that no word in a comment or in a sentence is taken for code.
FNR == 1 { inside = 0 }
{
  out = ""
  n = length ($0)
  for (i = 1; i <= n; i++) {
    c = substr ($0, i, 1); two = substr ($0, i, 2)
    if (inside) { if (two == "*/") { inside = 0; i++; out = out " " } }
    else if (two == "/*") { inside = 1; i++ }
    else if (two == "//") break
    else if (c == "\"" || c == "'") {
      out = out c
      for (i++; i <= n && substr ($0, i, 1) != c; i++) if (substr ($0, i, 1) == "\\") i++
      out = out c
    } else out = out c
  }
  print FILENAME ":" FNR ":" out
}
