# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Killed at every step of sync, flag, move, draft, send (with its append to Sent) and removal; see stepkill.c for what a step is, and house.py for the judge.

steps.py DIR WHO [DEED...]   WHO: "house" (all processes at once) or a role; without a deed: all.
AT: these steps alone. STRIDE: only every n-th step, from a random one on (1: all). LIMIT: at most so many deaths of a deed.
"""
import os
import random
import re
import sys
import time

sys.dont_write_bytecode = True
import house as h  # noqa: E402


class Deed:
    """Something a person does. prepare: what must be there; do: under the tracer; allow: what may follow, whatever was killed."""

    def __init__(self, house):
        self.house = house
        self.old = []

    def prepare(self):
        pass

    def allow(self):
        pass

    def give(self, folder="INBOX", **more):
        """Mail for one turn; that of the turn before goes, so that the mailbox stays small."""
        mid = self.house.give(folder, **more)
        self.old.append(mid)
        return mid

    def clear(self):
        house = self.house
        for mid in self.old:
            for folder in ("INBOX", "Archive", "Trash"):
                house.server.remove(folder, mid)
            house.placed[mid] = None
        self.old = []

    def done(self, answer, folder, *, before):
        """After an answer it has to be so; without one it may be as before, too."""
        return {folder} if answer[0] == 0 else {folder, before}


class Sync(Deed):
    """New mail, one of it encrypted; a flag, a move and a removal on the server."""

    def prepare(self):
        self.moved, self.flagged, self.removed = self.give(), self.give(), self.give()

    def do(self):
        server = self.house.server
        self.give()
        mid, data = self.house.mail(encrypted=True)
        server.append("INBOX", data)
        self.house.placed[mid] = {"INBOX"}
        self.old.append(mid)
        server.move("INBOX", "Archive", self.moved)
        server.store("INBOX", self.flagged, "+", "\\Flagged")
        server.remove("INBOX", self.removed)
        self.house.placed[self.moved] = {"Archive"}
        self.house.placed[self.removed] = None
        self.house.ward("sync")


class Flag(Deed):
    def prepare(self):
        self.mail, self.other = self.give(), self.give()

    def do(self):
        self.answers = [self.house.change(self.mail, "flag"), self.house.change(self.other, "read")]
        self.house.ward("sync")

    def allow(self):
        for mid, answer, flag in zip((self.mail, self.other), self.answers, "FS"):
            flags = next(entry[1] for entry in self.house.files.values() if entry[0] == mid)
            if answer[0] == 0 and flag not in flags:
                raise h.Wrong(f"{mid} was given the flag {flag}, and lost it")


class Move(Deed):
    def prepare(self):
        self.mail, self.other = self.give(), self.give()

    def do(self):
        house = self.house
        house.placed[self.mail] = self.done(house.change(self.mail, "archive"), "Archive", before="INBOX")
        house.placed[self.other] = self.done(house.change(self.other, "delete"), "Trash", before="INBOX")
        house.ward("sync")


class Draft(Deed):
    """Saved, and saved again in the place of the first."""
    FIELDS = "{'draft': <{'from': <'alice@demo.test'>, 'to': <['bob@demo.test']>, 'subject': <'x'>, 'body': <'%s'>}>%s}"

    def clear(self):
        self.drafts = []

    def save(self, replaces):
        more = f", 'replaces': <'{replaces}'>" if replaces else ""
        code, out, _ = self.house.door("draft_save", self.FIELDS % ("draft", more))
        return re.search("'id': <'([^']*)'>", out)[1] if code == 0 else None

    def do(self):
        first = self.save(None)
        second = self.save(first) if first else None
        self.drafts = [mid for mid in (first, second) if mid]
        self.house.ward("sync")

    def allow(self):
        """The draft that was kept last is there; the one before may be one too many where nobody heard that it was replaced."""
        there = [entry[0] for path, entry in self.house.files.items() if "/Drafts/" in path]
        if self.drafts and self.drafts[-1] not in there and len(there) <= len(self.drafts) - 1:
            raise h.Wrong(f"the drafts {self.drafts} were kept, and there are only {there}")
        if len(self.drafts) == 2 and there != self.drafts[1:]:
            raise h.Wrong(f"the draft {self.drafts[1]} took the place of {self.drafts[0]}, and there are {there}")
        if len(set(there)) != len(there):
            raise h.Wrong(f"a draft is there twice: {there}")


class Send(Deed):
    """To Bob, with a copy that nobody sees for Carol; then the record in Sent."""

    def do(self):
        self.house.send(("bob",), ("carol",))
        self.house.ward("sync")

    def clear(self):
        """Sent stays small."""
        if len(self.house.server.uids("Sent")) > 40:
            for _, _, data in list(self.house.server.mails("Sent")):
                mid = h.message_id(data)
                self.house.server.remove("Sent", mid)
                self.house.placed[mid] = None
                for token in [token for token, letter in self.house.letter_ids.items() if letter == mid]:
                    self.house.letters.pop(token, None)


DEEDS = {"sync": Sync, "flag": Flag, "move": Move, "draft": Draft, "send": Send}


def judge(house, deed):
    """The end of a turn: drafts are judged by their deed alone."""
    house.settle()
    house.judge_letters()
    if isinstance(deed, Draft):
        for mid in [entry[0] for folder, mails in house.server.view().items() if folder == "Drafts" for entry in mails]:
            house.placed[mid] = {"Drafts"}
    house.judge()
    deed.allow()


def turn(house, deed, who, step):
    """One death. Returns whether there was one, and how many steps there were."""
    died, point, begin = None, "before anything was killed", time.monotonic()
    try:
        deed.clear()
        house.server.keep_newest("Drafts", 0)
        for mid in [mid for mid, where in house.placed.items() if where == {"Drafts"}]:
            house.placed[mid] = None
        deed.prepare()
        house.settle()
        house.judge()
        finish = house.traced(who, step)
        try:
            point = f"while {who} was to die"
            deed.do()
        finally:
            took = time.monotonic() - begin
            died = finish()
            if os.environ.get("TIMES"):
                print(f"  {step}: {took:.1f} s, {house.last_step}", flush=True)
            point = f"after {house.last_step!r}"
        judge(house, deed)
    except h.Wrong as wrong:
        raise h.Wrong(f"{type(deed).__name__}, death of {who} at step {step}, {point}: {wrong}") from wrong
    return died


def sweep(house, name, who, stride, limit):
    begin, deed = time.monotonic(), DEEDS[name](house)
    _, steps = turn(house, deed, who, 0)
    at = list(range(random.randint(1, min(stride, max(steps, 1))), steps + 1, stride))
    if len(at) > limit:
        at = sorted(random.sample(at, limit))
    deaths = sum(turn(house, deed, who, step)[0] for step in at)
    print(f"- {name}: {steps} steps of {who}, dead at {deaths} of them, nothing lost or doubled ({time.monotonic() - begin:.0f} s)", flush=True)
    if at and not deaths:
        raise h.Wrong("nothing was killed, so nothing was tested")


def main():
    directory, who, *names = sys.argv[1:]
    seed = os.environ.get("SEED") or str(random.randrange(10**9))
    print("seed", seed)
    random.seed(seed)
    house = h.House(directory)
    house.settle()
    house.judge()
    if os.environ.get("AT"):  # some deaths of one deed, to look at
        for step in map(int, os.environ["AT"].split()):
            print(turn(house, DEEDS[names[0]](house), who, step), house.last_step, flush=True)
        return
    for name in names or DEEDS:
        sweep(house, name, who, int(os.environ.get("STRIDE", "1")), int(os.environ.get("LIMIT", "1000000")))


try:
    main()
except h.Wrong as wrong:
    sys.exit(f"FAILED: {wrong}")
