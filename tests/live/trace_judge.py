#!/usr/bin/python3
# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What wardmail and all that came of it did, from the traces that tests/live/traced wrote.

       trace_judge.py TRACES ROOT...

ROOT: folders in which it may write. Only unix sockets may be made, and only the lookup worker has others. Sockets are bound and met, files
written and names changed below a ROOT, but for /dev/null and for the private folder in /tmp with the one link that stands in for keys whose
path is too long for a socket. Prints what is against that, a line each, and what was seen at all. Exit 1: something is, or nothing was seen.
"""
import collections
import os
import pathlib
import re
import sys

LINE = re.compile(r"(\d+) +(\w+)\((.*)\) += +(.*)$")
TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')
PLACE = re.compile(r"(?:AT_FDCWD|\d+)<([^>]*)>")
LINK_FOLDER = re.compile(r"(/tmp|/run/user/\d+)/wardmail-[A-Za-z0-9]{6}")
NETWORK = {"lookup"}
CHANGES = {"creat", "mkdir", "mkdirat", "rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat", "unlink", "unlinkat",
           "rmdir", "mknod", "mknodat", "truncate", "chmod", "fchmodat", "chown", "fchownat", "lchown"}
roots = [os.path.realpath(root) for root in sys.argv[2:]]


class Trace:
    """One file: who came of whom, and which part of wardmail each process is."""

    def __init__(self, path):
        self.lines = [match.groups() for match in map(LINE.match, path.read_text(errors="replace").splitlines()) if match]
        self.parents, self.roles, self.links = {}, {}, {}
        for pid, call, _, result in self.lines:
            if call in ("clone", "clone3", "fork", "vfork") and result.isdigit():
                self.parents[result] = pid

    def role(self, pid):
        while pid not in self.roles and pid in self.parents:
            pid = self.parents[pid]
        return self.roles.get(pid, "client")

    def real(self, path):
        """Without the links that were made on the way."""
        for link, target in self.links.items():
            if path == link or path.startswith(link + "/"):
                path = target + path[len(link):]
        return os.path.normpath(path)

    def allowed(self, path):
        path = self.real(path)
        return path == "/dev/null" or any(path == root or path.startswith(root + "/") for root in roots)


def paths_of(arguments):
    """The names in the arguments, absolute where a folder is known. -y says which folder a descriptor is."""
    names, folder = [], "/"
    for match in re.finditer(r'(?:AT_FDCWD|\b\d+)<[^>]*>|"(?:[^"\\]|\\.)*"', arguments):
        place = PLACE.fullmatch(match[0])
        if place:
            folder = place[1]
        else:
            names.append(os.path.join(folder, match[0][1:-1]))
    return names


def judge(trace, seen):
    for pid, call, arguments, result in trace.lines:
        seen[call] += 1
        who = trace.role(pid)
        wrong = None
        if call in ("execve", "execveat"):
            words = TEXT.findall(arguments)
            trace.roles[pid] = words[words.index("--process") + 1] if "--process" in words else who if who != "client" else "client"
            seen["role " + trace.roles[pid]] += 1
            if words and os.path.basename(words[0]).startswith("gpg"):
                seen["gpg"] += 1
        elif call == "socket":
            if not arguments.startswith("AF_UNIX") and who not in NETWORK:
                wrong = "a socket that is not a unix socket"
        elif call in ("connect", "bind"):
            path = TEXT.search(arguments[arguments.find("sun_path"):]) if "sun_path" in arguments else None
            # A descriptor of the folder stands in for a path that is too long.
            if path and not path[1].startswith("/proc/self/fd/") and not trace.allowed(path[1]):
                wrong = "another's socket"
            elif not path and who not in NETWORK:
                wrong = "something that is not a unix socket"
        elif call.startswith("open"):
            opened = PLACE.match(result)
            if re.search(r"O_(WRONLY|RDWR|CREAT|TRUNC|APPEND|TMPFILE)", arguments) and not (opened and trace.allowed(opened[1])):
                wrong = "a file opened for writing"
        elif call in CHANGES:
            names = paths_of(arguments)
            if call.startswith("symlink"):
                target, link = (TEXT.findall(arguments) or [""])[0], names[-1] if names else ""
                if LINK_FOLDER.fullmatch(os.path.dirname(link)) and trace.allowed(target):
                    trace.links[link] = target
                    continue
                names = names[-1:]
            if not names:
                wrong = "a change that could not be read"
            own = all(LINK_FOLDER.fullmatch(name) or name in trace.links for name in names)
            if not (own and call in ("mkdir", "rmdir", "unlink", "unlinkat", "chmod")) and not all(map(trace.allowed, names)):
                wrong = "a change"
        elif call == "mount":
            wrong = "a mount"
        if wrong:
            yield f"{who}: {wrong}: {call}({arguments[:300]}) = {result}"


seen, bad = collections.Counter(), []
for file in sorted(pathlib.Path(sys.argv[1]).glob("*.trace")):
    bad += judge(Trace(file), seen)
for line in bad[:40]:
    print(line)
print(f"{sum(seen[call] for call in seen if ' ' not in call and call != 'gpg')} calls of engine ({seen['role engine']}), keys ({seen['role keys']}), "
      f"filter ({seen['role filter']}), lookup ({seen['role lookup']}) and gpg ({seen['gpg']}): {len(bad)} wrong")
sys.exit(1 if bad or not seen["role engine"] or not seen["role keys"] else 0)
