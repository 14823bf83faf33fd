# SPDX-FileCopyrightText: wardmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mail comes in, is moved and flagged on both sides, drafts are kept, letters go out; meanwhile processes of wardmail are killed at random instants.
Every few deaths all is left to settle, and judged (house.py).

storm.py DIR      KILLS: how many (500); SEED repeats the choices, though not the instants.
"""
import collections
import os
import random
import re
import smtplib
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
import house as h  # noqa: E402

JUDGE_EVERY = 12
DRAFT = "{'draft': <{'from': <'alice@demo.test'>, 'to': <['bob@demo.test']>, 'subject': <'x'>, 'body': <'a draft'>}>%s}"


class Killer(threading.Thread):
    """Kills whatever of the house runs, one process at a time, each kind equally often."""

    def __init__(self, house):
        super().__init__(daemon=True)
        self.house, self.on, self.ended = house, threading.Event(), False
        self.deaths = collections.Counter()

    def victims(self):
        """(kind, id) of the engine and its workers."""
        found = collections.defaultdict(list)
        for engine in self.house.engines():
            found["engine"].append(engine)
            children = subprocess.run(["pgrep", "-aP", engine], capture_output=True, text=True, check=False).stdout
            for pid, kind in re.findall(r"^(\d+) wardmail --process (\w+)", children, re.M):
                found[kind].append(pid)
        return found

    def run(self):
        while not self.ended:
            self.on.wait()
            time.sleep(random.random() * 0.4)
            found = self.victims()
            if not found or not self.on.is_set():
                continue
            kind = random.choice(sorted(found))
            try:
                os.kill(int(random.choice(found[kind])), 9)
                self.deaths[kind] += 1
            except ProcessLookupError:
                pass


class Storm:
    def __init__(self, house):
        self.house = house
        self.ours = []      # mails that both sides have, and nobody has touched since the last judgement
        self.flagged = {}   # Message-ID -> flags that an answer promised
        self.kept = None    # the draft that was kept last
        self.unsure_drafts = 0
        self.did = collections.Counter()

    def take(self):
        return self.ours.pop(random.randrange(len(self.ours))) if self.ours else self.house.give()

    # ---- on the server
    def comes(self):
        self.house.give()

    def comes_encrypted(self):
        mid, data = self.house.mail(encrypted=True)
        self.house.server.append("INBOX", data)
        self.house.placed[mid] = {"INBOX"}

    def is_delivered(self):
        mid, data = self.house.mail()
        with smtplib.LMTP(str(self.house.dir / "dovecot/lmtp")) as line:
            line.sendmail("bob@demo.test", ["alice@demo.test"], data)
        self.house.placed[mid] = {"INBOX"}

    def flagged_there(self):
        mid = self.take()
        self.house.server.store("INBOX", mid, "+", "\\Answered")
        self.flagged[mid] = "R"

    def moved_there(self):
        mid = self.take()
        self.house.server.move("INBOX", "Archive", mid)
        self.house.placed[mid] = {"Archive"}

    def removed_there(self):
        mid = self.take()
        self.house.server.remove("INBOX", mid)
        self.house.placed[mid] = None

    # ---- by Alice
    def flags(self):
        mid = self.take()
        if self.house.change(mid, "flag")[0] == 0:
            self.flagged[mid] = "F"

    def moves(self):
        mid = self.take()
        action, folder = random.choice((("archive", "Archive"), ("delete", "Trash")))
        self.house.placed[mid] = {folder} if self.house.change(mid, action)[0] == 0 else {"INBOX", folder}

    def writes(self):
        replaces = self.kept if random.random() < 0.5 else None
        more = f", 'replaces': <'{replaces}'>" if replaces else ""
        code, out, _ = self.house.door("draft_save", DRAFT % more)
        if code == 0:
            self.kept = re.search("'id': <'([^']*)'>", out)[1]
        else:
            self.unsure_drafts += 1

    def sends(self):
        self.house.send(("bob",), ("carol",) if random.random() < 0.4 else ())

    def syncs(self):
        self.house.ward("sync")

    def searches(self):
        self.house.ward("search", "--json", "mail")

    DEEDS = (comes, comes_encrypted, is_delivered, flagged_there, moved_there, removed_there, flags, flags, moves, moves, writes, sends, sends,
             syncs, syncs, searches)

    def act(self):
        deed = random.choice(self.DEEDS)
        self.did[deed.__name__] += 1
        deed(self)

    # ---- the judgement
    def judge(self):
        house = self.house
        house.settle()
        house.judge_letters()
        drafts = [mid for folder, mails in house.server.view().items() if folder == "Drafts" for mid, _, _ in mails.elements()]
        if len(set(drafts)) != len(drafts):
            raise h.Wrong(f"drafts are there twice: {drafts}")
        if self.kept and self.kept not in drafts and not self.unsure_drafts:
            raise h.Wrong(f"the draft {self.kept} was kept, and is not there: {drafts}")
        for mid in [mid for mid, where in house.placed.items() if where == {"Drafts"}]:
            house.placed[mid] = None
        for mid in drafts:
            house.placed[mid] = {"Drafts"}
        house.judge()
        here = {entry[0]: entry[1] for entry in house.files.values()}
        for mid, flag in self.flagged.items():
            if house.placed.get(mid) and flag not in here[mid]:
                raise h.Wrong(f"{mid} was given the flag {flag}, and lost it")
        self.start_anew()

    def start_anew(self):
        """What lies where is known again. The mailbox is kept small."""
        house = self.house
        for folder, keep in (("INBOX", 30), ("Archive", 10), ("Trash", 5), ("Drafts", 2), ("Sent", 30)):
            house.server.keep_newest(folder, keep)
        places = house.server.view()
        house.placed = {mid: {folder} for folder, mails in places.items() for mid, _, _ in mails}
        house.letters.clear()
        self.flagged, self.kept, self.unsure_drafts = {}, None, 0
        house.settle()
        house.judge()
        self.ours = [mid for mid, _, _ in places["INBOX"] if mid.startswith("made-")]


def main():
    seed = os.environ.get("SEED") or str(random.randrange(10**9))
    print("seed", seed)
    random.seed(seed)
    house = h.House(sys.argv[1], mails=10)
    house.settle()
    storm, killer = Storm(house), Killer(house)
    for _ in range(12):
        house.give()
    storm.start_anew()
    killer.start()
    kills, begin, judged = int(os.environ.get("KILLS", "500")), time.monotonic(), 0
    while sum(killer.deaths.values()) < kills:
        goal = min(kills, sum(killer.deaths.values()) + JUDGE_EVERY)
        killer.on.set()
        for _ in range(400):
            storm.act()
            if sum(killer.deaths.values()) >= goal:
                break
        killer.on.clear()
        storm.judge()
        judged += 1
    killer.ended = True
    print(f"- {sum(killer.deaths.values())} deaths {dict(killer.deaths)} during {dict(storm.did)}")
    print(f"- judged {judged} times: nothing lost, nothing doubled, both sides alike ({time.monotonic() - begin:.0f} s)")


try:
    main()
except h.Wrong as wrong:
    sys.exit(f"FAILED: {wrong}")
